#include "supervisor/http_probe.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cctype>

namespace devinit::supervisor {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// "HTTP/1.1 200 OK" → 200; 0 for anything else.
int status_of(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || head[8] != ' ') return 0;
  int status = 0;
  for (std::size_t i = 9; i < 12; ++i) {
    if (std::isdigit(static_cast<unsigned char>(head[i])) == 0) return 0;
    status = status * 10 + (head[i] - '0');
  }
  return status;
}

}  // namespace

/// One request. Kept alive by its own handlers; `probe` is cleared when nobody waits for the answer any more.
struct HttpProbe::Attempt : std::enable_shared_from_this<HttpProbe::Attempt> {
  Attempt(HttpProbe* owner, asio::io_context& loop) : probe(owner), socket(loop), timeout(loop) {}

  void run(const tcp::endpoint& endpoint, const std::string& path, Millis limit) {
    request = "GET " + path + " HTTP/1.0\r\nHost: localhost:" + std::to_string(endpoint.port()) +
              "\r\nUser-Agent: devinit\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    timeout.expires_after(limit);
    timeout.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->end(0);
    });
    socket.async_connect(endpoint, [self = shared_from_this()](const boost::system::error_code& error) {
      error ? self->end(0) : self->write();
    });
  }

  void write() {
    boost::system::error_code error;
    const auto local = socket.local_endpoint(error);
    const auto remote = socket.remote_endpoint(error);
    if (local == remote) return end(0);  // in the ephemeral range a socket can connect to itself
    asio::async_write(socket, asio::buffer(request), [self = shared_from_this()](const boost::system::error_code& failed, std::size_t) {
      failed ? self->end(0) : self->read();
    });
  }

  void read() {
    asio::async_read(socket, asio::buffer(answer), asio::transfer_exactly(answer.size()),
                     [self = shared_from_this()](const boost::system::error_code&, std::size_t size) {
                       self->end(status_of({self->answer.data(), size}));
                     });
  }

  void end(int status) {
    boost::system::error_code ignored;
    timeout.cancel();
    socket.close(ignored);
    if (auto* waiting = std::exchange(probe, nullptr)) waiting->finished(status);
  }

  HttpProbe* probe;
  tcp::socket socket;
  asio::steady_timer timeout;
  std::string request;
  std::array<char, 12> answer{};
};

HttpProbe::HttpProbe(asio::io_context& loop, Port port, const std::string& host, config::ProbeSpec spec, std::function<void()> on_success)
    : loop_(loop), port_(port), spec_(std::move(spec)), on_success_(std::move(on_success)), pause_(loop) {
  boost::system::error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  if (!no_address && !address.is_loopback() && !address.is_unspecified()) only_ = address;
  start();
}

HttpProbe::~HttpProbe() {
  if (!attempt_) return;
  attempt_->probe = nullptr;
  attempt_->end(0);
}

void HttpProbe::start() {
  attempt_ = std::make_shared<Attempt>(this, loop_);
  const auto loopback = use_ipv6_ ? asio::ip::address(asio::ip::address_v6::loopback()) : asio::ip::address(asio::ip::address_v4::loopback());
  attempt_->run(tcp::endpoint(only_.value_or(loopback), port_), spec_.http_path, spec_.timeout);
}

void HttpProbe::finished(int status) {
  const bool wanted = spec_.http_status == 0 ? status >= 200 && status < 400 : status == spec_.http_status;
  if (wanted) {
    const auto done = std::move(on_success_);
    return done();
  }
  if (status == 0) use_ipv6_ = !use_ipv6_;
  pause_.expires_after(spec_.period);
  pause_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) start();
  });
}

}  // namespace devinit::supervisor
