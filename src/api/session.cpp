#include "api/session.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <variant>

#include "api/json_writer.hpp"

namespace devinit::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeader = 8 << 10;
constexpr std::uint64_t kMaxBody = 8 << 20;
constexpr std::size_t kFirstRead = 16 << 10;  ///< a whole request with a usual environment arrives in one read
/// A client that reads slowly is let go then. The start of 1,000 services is some 3 MB of events, and comes faster than it is read.
constexpr std::size_t kMaxQueued = 8 << 20;
/// To send a request; also to take what is left of an answer after its end.
constexpr std::chrono::seconds kPatience{10};
constexpr std::string_view kRoot = "/v1/";

struct Refusal {
  unsigned status;
  Error error;
};

Refusal version_refusal(int version) {
  return {426, Error(Errc::protocol,
                     "the running supervisor speaks protocol version " + std::to_string(kProtocolVersion) +
                         ", this command version " + std::to_string(version),
                     "run \"devinit stop\", then start again: the new supervisor will be of this command's version")};
}

// `status` and `stop` mean the same in every version.
bool is_served(const Request& request) noexcept {
  return request.version == kProtocolVersion || request.op == Request::Op::status || request.op == Request::Op::stop;
}

std::variant<Request, Refusal> route(const http::request<http::string_body>& message) {
  if (message.version() != 11) return Refusal{505, Error(Errc::protocol, "only HTTP/1.1 is served here")};
  const std::string_view target(message.target().data(), message.target().size());
  const auto op = target.starts_with(kRoot) ? op_from_string(target.substr(kRoot.size())) : std::nullopt;
  if (!op) return Refusal{404, Error(Errc::protocol, "there is nothing at this path")};
  const bool reads = *op == Request::Op::status;
  if (message.method() != (reads ? http::verb::get : http::verb::post)) {
    return Refusal{405, Error(Errc::protocol, reads ? "this path answers GET" : "this path answers POST")};
  }
  auto request = decode_request(to_string(*op), message.body());
  if (!request) return Refusal{400, request.error()};
  if (!is_served(*request)) return version_refusal(request->version);
  return std::move(*request);
}

// What a failed read deserves; nothing when there is nobody left to tell.
std::optional<Refusal> refusal_of(const error_code& failure) {
  if (failure == http::error::header_limit || failure == http::error::body_limit) {
    return Refusal{413, Error(Errc::protocol, "the request is too large")};
  }
  const bool gone = failure == http::error::end_of_stream || failure == http::error::partial_message;
  if (gone || failure.category() != make_error_code(http::error::bad_method).category()) return std::nullopt;
  return Refusal{400, Error(Errc::protocol, "the request is not HTTP: " + failure.message())};
}

void append_chunk(std::string& out, std::string_view content) {
  if (content.empty()) return;  // an empty chunk would end the body
  char digits[16];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, content.size(), 16).ptr);
  out += "\r\n";
  out += content;
  out += "\r\n";
}

std::int64_t wall_clock_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Reading → streaming → ending → closed. Answers are buffered in `queued_` and leave in one write per turn of the loop.
class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(asio::io_context& loop, SessionOwner& owner, std::uint64_t id, int fd)
      : owner_(owner), id_(id), socket_(loop), deadline_(loop) {
    error_code failure;  // out of memory in epoll: the first read will report it
    socket_.assign(asio::local::stream_protocol(), fd, failure);
    buffer_.reserve(kFirstRead);
    parser_->header_limit(kMaxHeader);
    parser_->body_limit(kMaxBody);
  }

  [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }

  void start() override {
    arm_deadline();
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& failure, std::size_t) { self->on_read(failure); });
  }

  void send(const Event& event) override {
    if (closed_ || ending_) return;
    if (queued_.size() + writing_.size() > kMaxQueued) return close();
    queued_ += is_status_ ? encode_answer(event) : encode(event);
    queued_ += '\n';
    schedule_flush();
  }

  void finish() override {
    if (closed_ || ending_) return;
    ending_ = true;
    arm_deadline();
    schedule_flush();
  }

  void drop() override {
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
  }

 private:
  void close() {
    if (closed_) return;
    drop();
    owner_.on_session_closed(*this);
  }

  void arm_deadline() {
    deadline_.expires_after(kPatience);
    deadline_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->close();
    });
  }

  void on_read(const error_code& failure) {
    if (closed_) return;
    deadline_.cancel();
    if (failure) {
      const auto answer = refusal_of(failure);
      return answer ? refuse(*answer) : close();
    }
    if (buffer_.size() > 0) return refuse({400, Error(Errc::protocol, "one request per connection")});
    const auto routed = route(parser_->get());
    parser_.reset();  // the environment in it is large, and the stream may live for hours
    buffer_ = {};
    if (const auto* refused = std::get_if<Refusal>(&routed)) return refuse(*refused);
    serve(std::get<Request>(routed));
  }

  void refuse(const Refusal& answer) {
    queued_ = refusal(answer.status, answer.error);
    chunked_ = false;
    ending_ = true;
    arm_deadline();
    flush();
  }

  void serve(const Request& request) {
    is_status_ = request.op == Request::Op::status;
    writing_ = "HTTP/1.1 200 OK\r\nContent-Type: ";
    writing_ += is_status_ ? "application/json" : "application/x-ndjson";
    writing_ += "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    schedule_flush();
    watch_for_disconnect();
    owner_.on_session_request(*this, request);
  }

  // Nothing more is due from the client: whatever comes, its end or a byte too many, ends the stream.
  void watch_for_disconnect() {
    socket_.async_read_some(asio::buffer(&unexpected_, 1),
                            [self = shared_from_this()](const error_code&, std::size_t) { self->close(); });
  }

  [[nodiscard]] static std::string encode_answer(const Event& event) {
    const Done* done = std::get_if<Done>(&event);
    ASSERT(done != nullptr);
    return encode_status(done->project, wall_clock_seconds());
  }

  // Posted, so that everything sent in one turn of the loop leaves in one write, and `send` never calls back.
  void schedule_flush() {
    if (flush_due_ || write_pending_) return;
    flush_due_ = true;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->flush_due_ = false;
      if (!self->closed_) self->flush();
    });
  }

  void flush() {
    if (chunked_) {
      append_chunk(writing_, queued_);
      if (ending_) writing_ += "0\r\n\r\n";
    } else {
      writing_ = queued_;
    }
    queued_.clear();
    last_write_ = ending_;
    write_pending_ = true;
    asio::async_write(socket_, asio::buffer(writing_),
                      [self = shared_from_this()](const error_code& failure, std::size_t) { self->on_written(failure); });
  }

  void on_written(const error_code& failure) {
    write_pending_ = false;
    writing_.clear();
    if (closed_) return;
    if (failure || last_write_) return close();
    if (ending_ || !queued_.empty()) flush();
  }

  SessionOwner& owner_;
  const std::uint64_t id_;
  asio::local::stream_protocol::socket socket_;
  asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_{std::in_place};
  std::string queued_;
  std::string writing_;
  char unexpected_ = 0;
  bool is_status_ = false;
  bool chunked_ = true;
  bool ending_ = false;
  bool flush_due_ = false;
  bool write_pending_ = false;
  bool last_write_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Session> make_session(asio::io_context& loop, SessionOwner& owner, std::uint64_t id, int fd) {
  return std::make_shared<HttpSession>(loop, owner, id, fd);
}

std::string refusal(unsigned status, const Error& error) {
  JsonWriter out;
  out.begin_object();
  out.member("error", error.message);
  out.member("hint", error.hint);
  out.end_object();
  const std::string body = out.take() + '\n';
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  std::string response = "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason.data(), reason.size());
  response += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
  response += "\r\nConnection: close\r\n\r\n" + body;
  return response;
}

}  // namespace devinit::api
