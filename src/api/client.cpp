#include "api/client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/json_reader.hpp"
#include "os/readable.hpp"

namespace devinit::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kReadSize = 16 << 10;

std::string http_request(const Request& request) {
  const bool reads = request.op == Request::Op::status;
  std::string text = reads ? "GET /v1/" : "POST /v1/";
  text += to_string(request.op);
  text += " HTTP/1.1\r\nHost: devinit\r\n";
  if (reads) return text + "\r\n";
  const std::string body = encode(request);
  text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text + body;
}

Error gone() { return Error(Errc::io, "the supervisor ended the connection", "\"devinit status\" shows what is running"); }

Error refused(std::string_view body, unsigned status) {
  Error error(Errc::protocol, "the supervisor refused the request (HTTP " + std::to_string(status) + ")");
  const auto object = parse_json_object(body, "refusal");
  if (!object) return error;
  MemberReader members(*object, "refusal");
  members.read("error", error.message);
  members.read("hint", error.hint);
  return error;
}

}  // namespace

struct Client::Impl {
  explicit Impl(int fd) : socket(loop) {
    error_code failure;
    socket.assign(asio::local::stream_protocol(), fd, failure);
    ASSERT(!failure);
    socket.non_blocking(true, failure);
    ASSERT(!failure);
    parser.eager(true);              // take everything that has arrived in one call
    parser.body_limit(boost::none);  // a stream has no length; single lines are bounded in `next`
  }

  /// Waits as long as `patience` allows; the caller tries again afterwards.
  Result<> wait(os::Readiness what) {
    const auto waited = os::wait_ready(socket.native_handle(), what, patience.cancel_fd, patience.limit);
    if (waited.cancelled && patience.on_cancel) return patience.on_cancel();
    if (waited.cancelled) return Error(Errc::interrupted, "interrupted");
    if (!waited.ready) return Error(Errc::timeout, "the supervisor does not answer");
    return {};
  }

  /// Writes until all is written or the server takes no more.
  Result<> write(std::string_view text) {
    error_code failure;
    while (!text.empty()) {
      text.remove_prefix(socket.write_some(asio::buffer(text), failure));
      if (failure == asio::error::would_block) {
        TRY(wait(os::Readiness::writable));
      } else if (failure && failure != asio::error::interrupted) {
        break;
      }
    }
    return {};
  }

  /// Waits for more of the response and parses all of it.
  Result<> read_more() {
    error_code failure;
    std::size_t size = socket.read_some(buffer.prepare(kReadSize), failure);
    while (failure == asio::error::interrupted || failure == asio::error::would_block) {
      if (failure == asio::error::would_block) TRY(wait(os::Readiness::readable));
      size = socket.read_some(buffer.prepare(kReadSize), failure);
    }
    if (failure) return end_of_connection(failure);
    buffer.commit(size);
    return parse();
  }

  Result<> end_of_connection(const error_code& failure) {
    if (failure == asio::error::eof || failure == asio::error::connection_reset) return gone();
    return Error(Errc::io, "cannot read from the supervisor: " + failure.message());
  }

  Result<> parse() {
    error_code failure;
    while (buffer.size() > 0 && !parser.is_done()) {
      buffer.consume(parser.put(buffer.data(), failure));
      if (failure == http::error::need_more) return {};
      if (failure) return Error(Errc::protocol, "the supervisor's answer is not HTTP: " + failure.message());
    }
    return {};
  }

  /// The next whole line of the body, without its end.
  std::optional<std::string> take_line() {
    std::string& body = parser.get().body();
    const std::size_t end = body.find('\n', searched);
    if (end == std::string::npos) {
      searched = body.size();
      return std::nullopt;
    }
    std::string line = body.substr(0, end);
    body.erase(0, end + 1);
    searched = 0;
    return line;
  }

  Result<std::string> next_line(bool& ended) {
    for (;;) {
      if (auto line = take_line()) return std::move(*line);
      if ((ended = parser.is_done())) return std::string();
      if (parser.get().body().size() > kMaxJsonText) return Error(Errc::protocol, "the supervisor sent an endless line");
      TRY(read_more());
    }
  }

  Result<Event> decode(std::string_view line) const {
    if (!is_status) return decode_event(line);
    Done done;
    done.ok = true;
    TRY_ASSIGN(done.project, decode_status(line));
    return Event(std::move(done));
  }

  asio::io_context loop{1};
  asio::local::stream_protocol::socket socket;
  Patience patience;
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  std::size_t searched = 0;  ///< no line ends before this offset of the body
  bool is_status = false;
};

Client::Client(int fd) : impl_(std::make_unique<Impl>(fd)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<> Client::send(const Request& request, Patience patience) {
  impl_->patience = std::move(patience);
  impl_->is_status = request.op == Request::Op::status;
  // A server that refuses a request before it has read all of it answers, then closes: when writing fails the answer is there
  // to read.
  TRY(impl_->write(http_request(request)));
  while (!impl_->parser.is_header_done()) TRY(impl_->read_more());
  const unsigned status = impl_->parser.get().result_int();
  if (status == 200) return {};
  while (!impl_->parser.is_done() && impl_->parser.get().body().size() < kReadSize) TRY(impl_->read_more());
  return refused(impl_->parser.get().body(), status);
}

Result<std::optional<Event>> Client::next() {
  for (;;) {
    bool ended = false;
    TRY_ASSIGN(const std::string line, impl_->next_line(ended));
    if (ended) return std::optional<Event>();
    auto event = impl_->decode(line);
    if (event) return std::optional<Event>(std::move(*event));
    if (event.error().code != Errc::not_found) return event.error();
  }
}

int Client::fd() const noexcept { return impl_->socket.native_handle(); }

bool Client::buffered() const noexcept {
  return impl_->parser.is_done() || impl_->parser.get().body().find('\n', impl_->searched) != std::string::npos;
}

}  // namespace devinit::api
