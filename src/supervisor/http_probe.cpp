#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cctype>
#include <string_view>

#include "supervisor/probe.hpp"
#include "supervisor/probe_address.hpp"

namespace devinit::supervisor {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A longer answer than this is cut off: nobody's health page, perhaps a stream without end.
constexpr std::size_t kLongestAnswer = 256 << 10;

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

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto equal = [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

/// A header of the configuration stands instead of ours of the same name.
std::string request_text(const ProbeTarget& target) {
  std::string text = "GET " + target.spec.http_path + " HTTP/1.1\r\n";
  const std::array<std::pair<std::string, std::string>, 4> defaults{{{"Host", "localhost:" + std::to_string(target.port)},
                                                                     {"User-Agent", "devinit"},
                                                                     {"Accept", "*/*"},
                                                                     {"Connection", "close"}}};
  const auto& given = target.spec.http_headers;
  for (const auto& [name, value] : defaults) {
    const auto same = [&name = name](const auto& header) { return equal_ignoring_case(header.first, name); };
    if (std::none_of(given.begin(), given.end(), same)) text += name + ": " + value + "\r\n";
  }
  for (const auto& [name, value] : given) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

class HttpProbe final : public Probe {
 public:
  HttpProbe(asio::io_context& loop, const ProbeTarget& target, Listener listener)
      : loop_(loop),
        addresses_(probe_addresses(target)),
        request_(request_text(target)),
        path_(target.spec.http_path),
        wanted_(target.spec.http_status),
        limit_(target.spec.timeout),
        port_(target.port),
        listener_(std::move(listener)) {}
  ~HttpProbe() override;

  std::optional<Answer> ask() override;

 private:
  struct Attempt;
  enum class Failure { none, refused, self_connected, timeout, not_http };
  void finished(Failure failure, int status);
  [[nodiscard]] std::string reason(Failure failure, int status) const;

  asio::io_context& loop_;
  std::vector<tcp::endpoint> addresses_;
  std::size_t preferred_ = 0;      ///< the address that answered last
  std::string request_;
  std::string path_;
  int wanted_;
  Millis limit_;
  Port port_;
  Listener listener_;
  std::shared_ptr<Attempt> attempt_;
};

/// One request. Its own handlers keep it alive; `probe` is cleared when nobody waits for the answer any more.
struct HttpProbe::Attempt : std::enable_shared_from_this<HttpProbe::Attempt> {
  Attempt(HttpProbe* owner, asio::io_context& loop) : probe(owner), socket(loop), timer(loop) {}

  void run() {
    timer.expires_after(probe->limit_);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->end(Failure::timeout);
    });
    connect();
  }

  [[nodiscard]] const tcp::endpoint& address() const { return probe->addresses_[(probe->preferred_ + tried) % probe->addresses_.size()]; }

  void connect() {
    boost::system::error_code failed;
    socket.open(address().protocol(), failed);
    if (!failed) socket.non_blocking(true, failed);
    if (failed) return end(Failure::refused);
    socket.async_connect(address(), [self = shared_from_this()](const boost::system::error_code& error) {
      if (self->probe == nullptr) return;
      error ? self->try_next() : self->write();
    });
  }

  void try_next() {
    boost::system::error_code ignored;
    socket.close(ignored);
    if (++tried == probe->addresses_.size()) return end(Failure::refused);
    connect();
  }

  /// At once: the buffer of a new connection has room for the request.
  void write() {
    boost::system::error_code failed;
    const auto local = socket.local_endpoint(failed);
    if (local == address()) return end(Failure::self_connected);  // in the ephemeral range a socket can connect to itself
    probe->preferred_ = (probe->preferred_ + tried) % probe->addresses_.size();
    const auto sent = socket.write_some(asio::buffer(probe->request_), failed);
    failed || sent < probe->request_.size() ? end(Failure::not_http) : read();
  }

  void read() {
    socket.async_read_some(asio::buffer(answer.data() + filled, answer.size() - filled),
                           [self = shared_from_this()](const boost::system::error_code& failed, std::size_t size) {
                             if (failed) return self->end(Failure::not_http);
                             self->filled += size;
                             self->filled < kStatusLine ? self->read() : self->understand();
                           });
  }

  void understand() {
    const int status = status_of({answer.data(), kStatusLine});
    tell(status == 0 ? Failure::not_http : Failure::none, status);
    if (socket.is_open()) drain();
  }

  /// A server that is cut off in the middle of its answer would complain in its log, each time.
  void drain() {
    boost::system::error_code ended;
    while (!ended && drained <= kLongestAnswer) drained += socket.read_some(asio::buffer(answer), ended);
    if (ended != asio::error::would_block) return close();
    socket.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
      failed ? self->close() : self->drain();
    });
  }

  void close() {
    boost::system::error_code ignored;
    timer.cancel();
    socket.close(ignored);
  }

  void end(Failure failure) {
    close();
    tell(failure, 0);
  }

  void tell(Failure failure, int status) {
    if (auto* waiting = std::exchange(probe, nullptr)) waiting->finished(failure, status);
  }

  static constexpr std::size_t kStatusLine = 12;
  HttpProbe* probe;
  tcp::socket socket;
  asio::steady_timer timer;
  std::size_t tried = 0;
  std::size_t filled = 0;
  std::size_t drained = 0;
  std::array<char, 2048> answer;
};

HttpProbe::~HttpProbe() {
  if (!attempt_) return;
  attempt_->probe = nullptr;
  attempt_->close();
}

std::optional<Answer> HttpProbe::ask() {
  attempt_ = std::make_shared<Attempt>(this, loop_);
  attempt_->run();
  return std::nullopt;
}

void HttpProbe::finished(Failure failure, int status) {
  attempt_.reset();  // it may go on reading
  const bool good = failure == Failure::none && (wanted_ == 0 ? status >= 200 && status < 400 : status == wanted_);
  const Answer answer{good, good ? std::string() : reason(failure, status)};
  listener_(answer);
}

std::string HttpProbe::reason(Failure failure, int status) const {
  switch (failure) {
    case Failure::none: return "GET " + path_ + " answered " + std::to_string(status);
    case Failure::refused:
    case Failure::self_connected: return "nobody listens on port " + std::to_string(port_);
    case Failure::timeout: return "GET " + path_ + " was not answered within " + format_duration(limit_);
    case Failure::not_http: return "GET " + path_ + " got no HTTP answer on port " + std::to_string(port_);
  }
  return {};
}

}  // namespace

std::unique_ptr<Probe> make_http_probe(asio::io_context& loop, const ProbeTarget& target, Probe::Listener listener) {
  return std::make_unique<HttpProbe>(loop, target, std::move(listener));
}

}  // namespace devinit::supervisor
