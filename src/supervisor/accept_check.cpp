#include "supervisor/accept_check.hpp"

#include <array>

#include "supervisor/probe_address.hpp"

namespace devinit::supervisor {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

/// Others connect as well: then the queue is perhaps never seen empty, and the costlier question is asked now and then all the same.
constexpr Millis kBusyPause{50};

}  // namespace

/// Its own handlers keep it alive.
struct AcceptCheck::Connection : std::enable_shared_from_this<AcceptCheck::Connection> {
  enum class State { connecting, connected, answered, failed };
  explicit Connection(asio::io_context& loop) : socket(loop) {}

  void run(const asio::ip::tcp::endpoint& address) {
    socket.async_connect(address, [self = shared_from_this()](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      const bool to_itself = self->socket.local_endpoint(ignored) == self->socket.remote_endpoint(ignored);
      if (error || to_itself) {
        self->state = State::failed;
        self->socket.close(ignored);
        return;
      }
      self->state = State::connected;
      self->read();
    });
  }

  /// A server that speaks first, or hangs up, has accepted; one that resets the connection has not.
  void read() {
    socket.async_read_some(asio::buffer(byte), [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
      self->state = !error || error == asio::error::eof ? State::answered : State::failed;
    });
  }

  asio::ip::tcp::socket socket;
  State state = State::connecting;
  std::array<char, 1> byte{};
};

AcceptCheck::AcceptCheck(asio::io_context& loop, const ProbeTarget& target)
    : loop_(loop), addresses_(probe_addresses(target)), port_(target.port) {
  connect();
}

AcceptCheck::~AcceptCheck() {
  boost::system::error_code ignored;
  connection_->socket.close(ignored);
}

void AcceptCheck::connect() {
  connection_ = std::make_shared<Connection>(loop_);
  connection_->run(addresses_[next_++ % addresses_.size()]);
}

bool AcceptCheck::accepted(const ListenerTable& listeners) {
  using State = Connection::State;
  const auto now = Clock::now();
  if (connection_->state == State::failed && now - last_question_ >= kBusyPause) {
    last_question_ = now;
    connect();
  }
  if (connection_->state != State::connected) return connection_->state == State::answered;
  if (listeners.backlog_of(port_) > 0 && now - last_question_ < kBusyPause) return false;
  last_question_ = now;
  boost::system::error_code gone;
  const auto own = connection_->socket.local_endpoint(gone);
  // An empty queue alone could be one that our connection has not reached yet.
  return !gone && os::is_accepted(port_, own.port());
}

}  // namespace devinit::supervisor
