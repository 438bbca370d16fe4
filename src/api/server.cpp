#include "api/server.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "os/local_peer.hpp"
#include "api/session.hpp"

namespace devinit::api {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t kMaxConnections = 64;
/// A system without free descriptors is asked again after this time: the waiting clients keep the socket readable.
constexpr std::chrono::milliseconds kAcceptRetry{200};

// Told without being read: a short answer always fits into a fresh socket's buffer.
void turn_away(asio::io_context& loop, int fd) {
  error_code ignored;
  stream_protocol::socket socket(loop);
  socket.assign(stream_protocol(), fd, ignored);
  socket.non_blocking(true, ignored);
  const std::string answer =
      refusal(503, Error(Errc::protocol, "the supervisor already serves " + std::to_string(kMaxConnections) + " connections",
                         "end an attached \"devinit up\" and try again"));
  socket.write_some(asio::buffer(answer), ignored);
}

}  // namespace

/// Lives as long as the server or one of its pending callbacks; `handler_` is null once the server is gone.
class Server::Impl final : public SessionOwner, public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& loop, Handler& handler) : loop_(loop), handler_(&handler), accept_retry_(loop) {}

  void listen(int fd) {
    stop_listening();
    acceptor_ = std::make_shared<stream_protocol::acceptor>(loop_);
    error_code failure;
    acceptor_->assign(stream_protocol(), fd, failure);
    ASSERT(!failure);
    acceptor_->native_non_blocking(true, failure);
    ASSERT(!failure);
    await_clients();
  }

  void stop_listening() {
    accept_retry_.cancel();
    if (!acceptor_) return;
    error_code ignored;
    acceptor_->close(ignored);
    acceptor_.reset();
  }

  void shut_down() {
    handler_ = nullptr;
    stop_listening();
    for (const auto& [id, connection] : connections_) connection.session->drop();
    connections_.clear();
  }

  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

  void on_session_request(Session& session, const Request& request) override {
    connections_.at(session.id()).served = true;
    handler_->on_request(session, request);
  }

  // Posted, because it may come from inside the handler's own `send`. The lambda keeps the stream valid until then.
  void on_session_closed(Session& session) override {
    auto node = connections_.extract(session.id());
    ++farewells_;
    asio::post(loop_, [self = shared_from_this(), connection = std::move(node.mapped())] { self->say_farewell(connection); });
  }

 private:
  struct Connection {
    std::shared_ptr<Session> session;
    bool served = false;
  };

  // The handler may destroy the server in any of its calls.
  void say_farewell(const Connection& connection) {
    --farewells_;
    if (handler_ != nullptr && connection.served) handler_->on_closed(connection.session->id());
    if (handler_ != nullptr && connections_.empty() && farewells_ == 0) handler_->on_idle();
  }

  // The acceptor is captured to tell a wait of the current one from a late answer of a socket that was replaced.
  void await_clients() {
    acceptor_->async_wait(stream_protocol::acceptor::wait_read,
                          [self = shared_from_this(), mine = acceptor_](const error_code& failure) {
                            if (mine != self->acceptor_) return;
                            if (failure || !self->admit_waiting()) return self->await_clients_later();
                            self->await_clients();
                          });
  }

  void await_clients_later() {
    accept_retry_.expires_after(kAcceptRetry);
    accept_retry_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled && self->acceptor_) self->await_clients();
    });
  }

  // False when the system has no descriptor left for the next one.
  bool admit_waiting() {
    for (;;) {
      const auto fd = os::accept_own_user(acceptor_->native_handle());
      if (!fd) return false;
      if (*fd < 0) return true;
      admit(*fd);
    }
  }

  void admit(int fd) {
    if (connections_.size() >= kMaxConnections) return turn_away(loop_, fd);
    const std::uint64_t id = ++last_id_;
    auto session = make_session(loop_, *this, id, fd);
    connections_.emplace(id, Connection{session, false});
    session->start();
  }

  asio::io_context& loop_;
  Handler* handler_;
  asio::steady_timer accept_retry_;
  std::shared_ptr<stream_protocol::acceptor> acceptor_;
  std::map<std::uint64_t, Connection> connections_;
  std::size_t farewells_ = 0;  ///< connections that are closed, but the handler does not know yet
  std::uint64_t last_id_ = 0;
};

Server::Server(asio::io_context& loop, Handler& handler) : impl_(std::make_shared<Impl>(loop, handler)) {}
Server::~Server() { impl_->shut_down(); }
void Server::listen(int listening_fd) { impl_->listen(listening_fd); }
void Server::stop_listening() { impl_->stop_listening(); }
std::size_t Server::connections() const noexcept { return impl_->connections(); }

}  // namespace devinit::api
