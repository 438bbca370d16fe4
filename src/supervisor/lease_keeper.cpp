#include "supervisor/lease_keeper.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "os/own_executable.hpp"
#include "os/readable.hpp"
#include "os/spawn.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
namespace asio = boost::asio;

/// A registry that hangs must not keep a command from ending.
constexpr std::chrono::seconds kPatience{3};
/// The same leases are worth another write when this much time has gone by: it is what `last used` is true to.
constexpr std::chrono::hours kFresh{1};
/// So that a project that runs for weeks does not look unused when its host loses power.
constexpr std::chrono::hours kRefresh{12};

constexpr std::string_view kWarning = "devinit: warning: ";
/// "refused 8000 project shop (/home/ann/shop), backend"
constexpr std::string_view kRefused = "refused ";
/// The child's last word when everything is written.
constexpr std::string_view kDone = "done";

}  // namespace

LeaseKeeper::LeaseKeeper(asio::io_context& loop, Observer observer)
    : loop_(loop), observer_(std::move(observer)), pipe_(loop), patience_(loop), refresh_(loop) {}

std::optional<os::ProcessIdentity> LeaseKeeper::child() const { return child_; }

bool LeaseKeeper::outdated() const { return written_ && Clock::now() - *written_ > kFresh; }

void LeaseKeeper::write(LeaseOrder order, engine::OperationId operation) {
  const bool known = !child_ && !next_ && written_ && !outdated() && order == latest_;
  if (operation != 0) end_deadline_.reset();
  if (!known) {
    next_ = std::move(order);
    ++last_order_;
    asio::post(loop_, [this] { start_next(); });
  }
  if (operation != 0) orders_[operation] = last_order_;
}

void LeaseKeeper::start_next() {
  if (child_ || !next_) return;
  latest_ = std::move(*next_);
  next_.reset();
  written_.reset();
  started_order_ = last_order_;
  if (!spawn(latest_)) on_end();
}

bool LeaseKeeper::spawn(const LeaseOrder& order) {
  const auto lost = [this](const Error& error) {
    observer_.on_notice("warning", "no lease was written: " + error.message);
    return false;
  };
  auto ends = os::make_pipe();
  if (!ends) return lost(ends.error());
  os::SpawnRequest request{.argv = {os::own_executable(), "lease"}, .environment = order.environment, .cwd = "/",
                           .fds = {{ends->write_end.get(), 1}, {ends->write_end.get(), 2}}};
  request.argv.insert(request.argv.end(), order.words.begin(), order.words.end());
  request.new_session = true;  // Ctrl-C at the terminal is none of its business
  const auto spawned = os::spawn(request);
  if (!spawned) return lost(spawned.error());
  child_ = spawned->identity;
  boost::system::error_code failed;
  pipe_.assign(ends->read_end.get(), failed);
  if (failed) return false;  // it does its work unheard
  (void)ends->read_end.release();
  read_more();
  return true;
}

void LeaseKeeper::read_more() {
  pipe_.async_read_some(asio::buffer(buffer_), [this](const boost::system::error_code& error, std::size_t count) {
    if (error == asio::error::operation_aborted) return;
    text_.append(buffer_.data(), count);
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      on_line(std::string_view(text_).substr(0, end));
      text_.erase(0, end + 1);
    }
    if (!error) return read_more();
    boost::system::error_code ignored;
    pipe_.close(ignored);
    on_end();
  });
}

void LeaseKeeper::on_line(std::string_view line) {
  heard_ = true;
  if (line == kDone) {
    written_ = Clock::now();
    done_order_ = started_order_;
    refresh_later();
    deliver_due();
  } else if (line.starts_with(kRefused)) {
    on_refused(line.substr(kRefused.size()));
  } else if (line.starts_with(kWarning)) {
    observer_.on_notice("warning", std::string(line.substr(kWarning.size())));
  } else if (!line.empty()) {
    observer_.on_notice("info", std::string(line));
  }
}

/// Who waits for this order waits for what comes of the refusal, too.
void LeaseKeeper::on_refused(std::string_view words) {
  const auto blank = std::min(words.find(' '), words.size());
  const auto port = parse_port(words.substr(0, blank));
  if (!port) return;
  const auto before = last_order_;
  observer_.on_refused(*port, std::string(words.substr(std::min(blank + 1, words.size()))));
  if (last_order_ == before) return;
  for (auto& [operation, order] : orders_) {
    if (order == started_order_) order = last_order_;
  }
  for (auto& waiting : waiting_) {
    if (waiting.order == started_order_) waiting.order = last_order_;
  }
}

/// The end of its pipe is the end of the child, which the loop's SIGCHLD reaps.
void LeaseKeeper::on_end() {
  if (child_ && !heard_) observer_.on_notice("warning", "no lease was written: the process that should do it was killed");
  child_.reset();
  text_.clear();
  heard_ = false;
  done_order_ = started_order_;
  start_next();
  deliver_due();
  if (!child_) observer_.on_idle();
}

void LeaseKeeper::finish(const engine::Finished& finished) {
  const auto at = orders_.find(finished.operation);
  const std::uint64_t order = at == orders_.end() ? 0 : at->second;
  if (at != orders_.end() && !finished.keep_open) orders_.erase(at);
  // In their order: an `up` may end while its first end is being held back.
  const bool earlier = std::any_of(waiting_.begin(), waiting_.end(),
                                   [&](const auto& other) { return other.finished.operation == finished.operation; });
  if (!earlier && (order <= done_order_ || finished.outcome.interrupted)) return observer_.deliver(finished);
  waiting_.push_back({finished, order, Clock::now() + kPatience});
  arm();
}

void LeaseKeeper::deliver_due() {
  const auto now = Clock::now();
  auto waiting = std::exchange(waiting_, {});
  for (auto& entry : waiting) {
    if (entry.order > done_order_ && entry.deadline > now) {
      waiting_.push_back(std::move(entry));
      continue;
    }
    if (entry.order > done_order_) {
      observer_.on_notice("warning", "the registry does not answer; the leases of this run are written as soon as it does");
    }
    observer_.deliver(entry.finished);
  }
  arm();
}

void LeaseKeeper::arm() {
  std::optional<TimePoint> deadline = end_deadline_;
  for (const auto& entry : waiting_) deadline = deadline ? std::min(*deadline, entry.deadline) : entry.deadline;
  if (!deadline) {
    patience_.cancel();
    return;
  }
  patience_.expires_at(*deadline);
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (end_deadline_ && *end_deadline_ <= Clock::now()) return observer_.on_idle();
    deliver_due();
  });
}

bool LeaseKeeper::end(const LeaseOrder& order) {
  if (!end_deadline_) {
    if (!order.words.empty()) write(order, 0);
    if (!child_ && !next_) return true;
    end_deadline_ = Clock::now() + kPatience;
    arm();
    return false;
  }
  return (!child_ && !next_) || *end_deadline_ <= Clock::now();
}

void LeaseKeeper::refresh_later() {
  refresh_.expires_after(kRefresh);
  refresh_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !end_deadline_) write(LeaseOrder(latest_), 0);
  });
}

}  // namespace devinit::supervisor
