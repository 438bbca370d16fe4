#include "supervisor/watched_tree.hpp"

#include <algorithm>
#include <utility>

#include "os/files.hpp"
#include "os/folder_entries.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
using Event = os::Inotify::Event;

/// The end of every watch is an event; so many fit well into the kernel's queue (16,384).
constexpr std::size_t kEndsAtOnce = 4096;

std::string joined(const std::string& folder, const std::string& name) { return folder.empty() ? name : folder + "/" + name; }

}  // namespace

WatchedTree::WatchedTree(std::string root, Client& client) : root_(std::move(root)), client_(client), git_(root_) {}

Result<> WatchedTree::open() {
  if (inotify_) return {};
  TRY_ASSIGN(inotify_, os::Inotify::open());
  return {};
}

std::string WatchedTree::absolute(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }

// ---- what is there ----

void WatchedTree::look_at(const std::string& path) {
  if (!path.empty()) looks_.push_back({"", false, false});
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    looks_.push_back({path.substr(0, slash), false, false});
  }
  looks_.push_back({path});
}

bool WatchedTree::advance(Millis budget) {
  if (!inotify_) return true;
  const auto enough = Clock::now() + budget;
  for (;;) {
    while (!looks_.empty()) {
      const auto order = std::move(looks_.front());
      looks_.pop_front();
      look(order);
      if (Clock::now() >= enough) return false;
    }
    // Events are taken only when all folders and rules are known, so that they are judged by all of them.
    new_folders_.clear();
    let_go();
    const auto events = inotify_->read();
    for (const auto& event : events) take(event);
    if (outdated_) begin_anew();
    if (events.empty() && looks_.empty() && unneeded_.empty()) return true;
    if (Clock::now() >= enough) return false;
  }
}

void WatchedTree::look(const Look& order) {
  if (!client_.needs_folder(order.folder)) return;
  const auto links = client_.leads_through(order.folder) ? os::Inotify::Links::follow : os::Inotify::Links::refuse;
  const auto watch = inotify_->add(absolute(order.folder), links);
  if (watch) {
    remember(order.folder, *watch);
    look_inside(order);
  } else if (watch.error().code != Errc::not_found) {
    client_.on_unwatched(order.folder, watch.error());
  }
}

void WatchedTree::remember(const std::string& folder, int watch) {
  const auto known = folders_.find(folder);
  if (known != folders_.end() && known->second != watch) forget_folder(folder, known->second);
  folders_[folder] = watch;
  watches_[watch].insert(folder);
}

void WatchedTree::look_inside(const Look& order) {
  using Kind = os::FolderEntry::Kind;
  const auto entries = os::entries_of(absolute(order.folder));
  if (std::any_of(entries.begin(), entries.end(), [](const auto& entry) { return entry.name == GitIgnores::kFileName; })) {
    git_.add(order.folder);
  }
  if (!order.inwards) return;
  for (const auto& entry : entries) {
    const auto path = joined(order.folder, entry.name);
    const bool named_link = entry.kind == Kind::link && client_.leads_through(path) && os::is_directory(absolute(path));
    if (entry.kind == Kind::folder || named_link) {
      looks_.push_back({path, order.is_new || new_folders_.contains(path)});
    } else if (order.is_new) {
      client_.on_file(path);
    }
  }
}

/// Rules are only ever added to, and the watches of folders that were moved while events were lost have other paths now:
/// everything is looked at.
void WatchedTree::begin_anew() {
  outdated_ = false;
  for (const auto& order : looks_) {
    if (order.is_new) new_folders_.insert(order.folder);
  }
  for (const auto& [watch, paths] : watches_) unneeded_.push_back(watch);
  folders_.clear();
  watches_.clear();
  git_.reset();
  looks_.clear();
  looks_.push_back({""});
}

void WatchedTree::let_go() {
  for (std::size_t i = 0; i < kEndsAtOnce && !unneeded_.empty(); ++i) {
    if (!watches_.contains(unneeded_.back())) inotify_->remove(unneeded_.back());
    unneeded_.pop_back();
  }
}

void WatchedTree::forget_tree(const std::string& folder) {
  if (const auto known = folders_.find(folder); known != folders_.end()) forget_folder(folder, known->second);
  // "/" is followed by "0": all that begins with "FOLDER/".
  auto inner = folders_.lower_bound(folder + "/");
  while (inner != folders_.end() && inner->first < folder + "0") {
    const auto [path, watch] = *inner++;
    forget_folder(path, watch);
  }
}

void WatchedTree::forget_folder(const std::string& folder, int watch) {
  if (git_.has(folder)) outdated_ = true;
  folders_.erase(folder);
  const auto known = watches_.find(watch);
  if (known == watches_.end()) return;
  known->second.erase(folder);
  if (!known->second.empty()) return;
  watches_.erase(known);
  inotify_->remove(watch);
}

// ---- what happens ----

void WatchedTree::take(const Event& event) {
  if (event.kind == Event::Kind::overflow) {
    outdated_ = true;
    return client_.on_anything();
  }
  if (event.kind == Event::Kind::ended) return end_watch(event.watch);
  const auto known = watches_.find(event.watch);
  if (known == watches_.end()) return;  // of a folder that we have let go
  if (event.name == GitIgnores::kFileName) outdated_ = true;
  const auto folders = known->second;
  for (const auto& folder : folders) {
    const auto path = joined(folder, event.name);
    event.folder ? take_folder(path, event.kind) : take_file(path, event.kind);
  }
}

void WatchedTree::take_folder(const std::string& path, Event::Kind kind) {
  forget_tree(path);
  if (kind == Event::Kind::appeared) looks_.push_back({path, true});
  if (kind == Event::Kind::left) client_.on_folder_left(path);
}

void WatchedTree::take_file(const std::string& path, Event::Kind kind) {
  if (kind == Event::Kind::made && !os::is_complete(absolute(path))) return;
  client_.on_file(path);
  if (!client_.leads_through(path)) return;
  forget_tree(path);  // it may be a link that leads elsewhere now
  if (os::is_directory(absolute(path))) looks_.push_back({path});
}

void WatchedTree::end_watch(int watch) {
  const auto known = watches_.find(watch);
  if (known == watches_.end()) return;
  const auto folders = known->second;
  for (const auto& folder : folders) forget_folder(folder, watch);
}

}  // namespace devinit::supervisor
