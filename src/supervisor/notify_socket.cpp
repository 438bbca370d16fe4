#include "supervisor/notify_socket.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "os/datagram_socket.hpp"
#include "os/process.hpp"
#include "os/random.hpp"
#include "os/self.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::size_t kLongestMessage = 4096;
constexpr int kMessagesPerTurn = 100;

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = decode_utf8(text, at);
    if (!point) return false;
    at += point->length;
  }
  return true;
}

}  // namespace

Notification parse_notification(std::string_view datagram) {
  Notification notification;
  while (!datagram.empty()) {
    const auto line = datagram.substr(0, datagram.find('\n'));
    datagram.remove_prefix(std::min(datagram.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos || !is_utf8(line)) continue;
    notification.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return notification;
}

Result<std::unique_ptr<NotifySocket>> NotifySocket::open(boost::asio::io_context& loop, std::function<bool(pid_t)> is_ours,
                                                         std::function<void(const Notification&)> on_message) {
  constexpr std::size_t kNameBytes = 16;
  const std::string name = "devinit-notify-" + os::random_hex(kNameBytes);
  TRY_ASSIGN(auto fd, os::bind_abstract_datagrams(name));
  boost::asio::posix::stream_descriptor socket(loop);
  boost::system::error_code failed;
  socket.assign(fd.get(), failed);
  if (failed) return Error(Errc::io, "cannot listen to a service: " + failed.message());
  (void)fd.release();
  return std::unique_ptr<NotifySocket>(new NotifySocket(std::move(socket), "@" + name, std::move(is_ours), std::move(on_message)));
}

NotifySocket::NotifySocket(boost::asio::posix::stream_descriptor socket, std::string address, std::function<bool(pid_t)> is_ours,
                           std::function<void(const Notification&)> on_message)
    : socket_(std::move(socket)), address_(std::move(address)), is_ours_(std::move(is_ours)), on_message_(std::move(on_message)) {
  listen();
}

void NotifySocket::listen() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
                       if (!error && !alive.expired()) on_readable();
                     });
}

void NotifySocket::on_readable() {
  const std::weak_ptr<bool> alive = alive_;
  std::array<char, kLongestMessage> buffer;
  for (int taken = 0; taken < kMessagesPerTurn; ++taken) {
    const auto datagram = os::receive_datagram(socket_.native_handle(), buffer.data(), buffer.size());
    if (!datagram) break;
    if (datagram->cut || !may_speak(*datagram)) continue;
    const auto message = parse_notification({buffer.data(), datagram->size});
    if (message.empty()) continue;
    const auto on_message = on_message_;  // the owner may destroy us while it runs
    on_message(message);
    if (alive.expired()) return;
  }
  listen();
}

/// A sender that has ended already cannot be looked up any more: `python -c` or `socat` in a start script. It was of our user and knew the name
/// of this socket, which only the service was told.
bool NotifySocket::may_speak(const os::Datagram& datagram) const {
  if (datagram.sender <= 0 || datagram.user != os::own_uid()) return false;
  return is_ours_(datagram.sender) || !os::identify(datagram.sender);
}

}  // namespace devinit::supervisor
