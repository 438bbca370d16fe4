#include "supervisor/watcher.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "os/files.hpp"
#include "supervisor/watch_scope.hpp"
#include "supervisor/watched_tree.hpp"

namespace devinit::supervisor {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

/// How long the loop may be kept from other work.
constexpr Millis kPiece{4};
/// A restart forgets a service and watches it again: until then its folders stay watched.
constexpr std::chrono::seconds kLinger{5};
/// Nobody reads a larger number than this.
constexpr std::size_t kMostCounted = 1000;

std::string sentence(const Error& error) { return error.hint.empty() ? error.message : error.message + "; " + error.hint; }

/// What has changed for one service since it was told.
class Changes {
 public:
  void add(const std::string& file) {
    if (many_ || !files_.insert(file).second) return;
    if (files_.size() == 1) first_ = file;
    if (files_.size() > kMostCounted) add_many();
  }
  void add_many() {
    many_ = true;
    files_.clear();
  }
  [[nodiscard]] bool contains(const std::string& file) const { return many_ || files_.contains(file); }
  [[nodiscard]] std::string summary() const {
    if (many_) return "many files";
    return files_.size() == 1 ? first_ : first_ + " and " + std::to_string(files_.size() - 1) + " more";
  }

 private:
  std::string first_;
  std::set<std::string> files_;
  bool many_ = false;
};

struct Watching {
  Watching(asio::io_context& loop, const config::WatchSpec& spec) : scope(spec), debounce(spec.debounce), quiet(loop) {}

  WatchScope scope;
  Millis debounce;
  bool active = true;    ///< else forgotten, but its folders are watched a little longer
  bool complete = true;  ///< all its folders could be watched
  Changes changes;
  TimePoint last_change{};
  bool armed = false;
  asio::steady_timer quiet;
};

}  // namespace

struct Watcher::Impl : WatchedTree::Client {
  Impl(asio::io_context& loop_in, std::string root_in, Observer& observer_in)
      : loop(loop_in), root(std::move(root_in)), observer(observer_in), tree(root, *this), events(loop_in), linger(loop_in) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() override {
    if (events.is_open()) (void)events.release();  // the tree closes it
  }

  // WatchedTree::Client
  [[nodiscard]] bool needs_folder(const std::string& folder) const override;
  [[nodiscard]] bool leads_through(const std::string& path) const override;
  void on_file(const std::string& path) override;
  void on_folder_left(const std::string& folder) override;
  void on_anything() override;
  void on_unwatched(const std::string& folder, const Error& error) override;

  void watch(const std::string& service, const config::WatchSpec& spec);
  void forget(const std::string& service);
  [[nodiscard]] bool is_covered(const WatchScope& scope) const;
  void find_missing(const std::string& service, const config::WatchSpec& spec);
  bool go_on();
  void wait_for_events();
  void note(const std::string& service, Watching& watching);
  void arm(const std::string& service, const std::shared_ptr<Watching>& watching);
  void tell_if_quiet(const std::string& service, const std::shared_ptr<Watching>& watching);
  void tell_problem(const std::string& service, std::string text);
  void drop_forgotten();

  asio::io_context& loop;
  std::string root;
  Observer& observer;
  WatchedTree tree;
  asio::posix::stream_descriptor events;
  asio::steady_timer linger;
  std::map<std::string, std::shared_ptr<Watching>> watchings;
  bool waiting = false;                                        ///< for the kernel
  bool going_on = false;                                       ///< a turn of the loop is asked for
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  ///< outlived by handlers that are queued already
};

// ---- who watches ----

void Watcher::Impl::watch(const std::string& service, const config::WatchSpec& spec) {
  if (const auto opened = tree.open(); !opened) {
    forget(service);
    return tell_problem(service, "its files are not watched: " + sentence(opened.error()));
  }
  go_on();  // what has happened so far is not for the new one
  auto watching = std::make_shared<Watching>(loop, spec);
  const bool covered = is_covered(watching->scope);
  const auto before = std::exchange(watchings[service], watching);
  find_missing(service, spec);
  if (before && !before->scope.covers(watching->scope)) {
    tree.look_again();
  } else if (!covered) {
    for (const auto& path : watching->scope.paths()) tree.look_at(path);
  }
  go_on();
}

bool Watcher::Impl::is_covered(const WatchScope& scope) const {
  for (const auto& [service, watching] : watchings) {
    if (watching->complete && watching->scope.covers(scope)) return true;
  }
  return false;
}

void Watcher::Impl::find_missing(const std::string& service, const config::WatchSpec& spec) {
  for (const auto& path : spec.paths) {
    if (!os::path_exists(root + "/" + path)) tell_problem(service, "it watches " + path + ", which does not exist (yet)");
  }
}

void Watcher::Impl::forget(const std::string& service) {
  const auto found = watchings.find(service);
  if (found == watchings.end() || !found->second->active) return;
  auto& watching = *found->second;
  watching.active = false;
  watching.changes = {};
  watching.quiet.cancel();
  linger.expires_after(kLinger);
  linger.async_wait([this, still = std::weak_ptr<bool>(alive)](const boost::system::error_code& error) {
    if (!error && !still.expired()) drop_forgotten();
  });
}

void Watcher::Impl::drop_forgotten() {
  if (std::erase_if(watchings, [](const auto& entry) { return !entry.second->active; }) == 0) return;
  tree.look_again();
  go_on();
}

// ---- the kernel ----

/// Takes what the kernel has to say and follows it. False: there is more of that than one turn of the loop may take; it goes on
/// by itself.
bool Watcher::Impl::go_on() {
  if (!events.is_open() && tree.fd() >= 0) {
    boost::system::error_code failed;
    events.assign(tree.fd(), failed);
  }
  if (tree.advance(kPiece)) {
    wait_for_events();
    return true;
  }
  if (std::exchange(going_on, true)) return false;
  asio::post(loop, [this, still = std::weak_ptr<bool>(alive)] {
    if (still.expired()) return;
    going_on = false;
    go_on();
  });
  return false;
}

void Watcher::Impl::wait_for_events() {
  if (!events.is_open() || std::exchange(waiting, true)) return;
  events.async_wait(asio::posix::stream_descriptor::wait_read, [this, still = std::weak_ptr<bool>(alive)](const auto& error) {
    if (error || still.expired()) return;
    waiting = false;
    go_on();
  });
}

bool Watcher::Impl::needs_folder(const std::string& folder) const {
  for (const auto& [service, watching] : watchings) {
    if (watching->scope.needs_folder(folder, tree.git())) return true;
  }
  return false;
}

bool Watcher::Impl::leads_through(const std::string& path) const {
  for (const auto& [service, watching] : watchings) {
    if (watching->scope.leads_through(path)) return true;
  }
  return false;
}

// ---- changes ----

void Watcher::Impl::on_file(const std::string& path) {
  for (auto& [service, watching] : watchings) {
    if (!watching->active) continue;
    if (!watching->changes.contains(path)) {
      if (!watching->scope.has_file(path, tree.git())) continue;
      watching->changes.add(path);
    }
    note(service, *watching);
  }
}

void Watcher::Impl::on_folder_left(const std::string& folder) {
  for (auto& [service, watching] : watchings) {
    if (!watching->active || !watching->scope.needs_folder(folder, tree.git())) continue;
    watching->changes.add(folder);
    note(service, *watching);
  }
}

void Watcher::Impl::on_anything() {
  for (auto& [service, watching] : watchings) {
    if (!watching->active) continue;
    watching->changes.add_many();
    note(service, *watching);
  }
}

void Watcher::Impl::on_unwatched(const std::string& folder, const Error& error) {
  for (auto& [service, watching] : watchings) {
    if (!watching->active || !watching->complete || !watching->scope.needs_folder(folder, tree.git())) continue;
    watching->complete = false;
    tell_problem(service, "not all of its files are watched: " + sentence(error));
  }
}

void Watcher::Impl::note(const std::string& service, Watching& watching) {
  watching.last_change = Clock::now();
  if (!std::exchange(watching.armed, true)) arm(service, watchings[service]);
}

void Watcher::Impl::arm(const std::string& service, const std::shared_ptr<Watching>& watching) {
  watching->quiet.expires_at(watching->last_change + watching->debounce);
  watching->quiet.async_wait(
      [this, service, entry = std::weak_ptr<Watching>(watching)](const boost::system::error_code& error) {
        const auto same = entry.lock();
        if (!error && same) tell_if_quiet(service, same);
      });
}

/// One timer for any number of changes: it looks when the last one was, with those that the kernel still keeps. While folders
/// are being looked at nothing is told: a change in one that is not watched again yet would come between, and be lost.
void Watcher::Impl::tell_if_quiet(const std::string& service, const std::shared_ptr<Watching>& watching) {
  if (!watching->active) return;
  if (!go_on()) watching->last_change = Clock::now();
  if (Clock::now() < watching->last_change + watching->debounce) return arm(service, watching);
  watching->armed = false;
  const auto changes = std::exchange(watching->changes, {});
  observer.on_files_changed(service, changes.summary());
}

void Watcher::Impl::tell_problem(const std::string& service, std::string text) {
  asio::post(loop, [this, service, text = std::move(text), still = std::weak_ptr<bool>(alive)] {
    if (!still.expired()) observer.on_watch_problem(service, text);
  });
}

Watcher::Watcher(asio::io_context& loop, std::string root, Observer& observer)
    : impl_(std::make_unique<Impl>(loop, std::move(root), observer)) {}

Watcher::~Watcher() = default;

void Watcher::watch(const std::string& service, const config::WatchSpec& spec) { impl_->watch(service, spec); }

void Watcher::forget(const std::string& service) { impl_->forget(service); }

}  // namespace devinit::supervisor
