#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "os/inotify.hpp"
#include "supervisor/git_ignores.hpp"

namespace devinit::supervisor {

/// The folders of a project that somebody needs, each with one inotify watch, kept in step with the disk: folders that appear are watched
/// and what is in them by then is told, folders that go or move are followed, .gitignore files are read anew when they change. Links to
/// folders are followed where they were named, nowhere else. All paths are relative to the project's root; "" is the root.
class WatchedTree {
 public:
  /// Whom it serves. Nothing here may call the tree.
  struct Client {
    virtual ~Client() = default;
    [[nodiscard]] virtual bool needs_folder(const std::string& folder) const = 0;
    /// Somebody named it, or something in it.
    [[nodiscard]] virtual bool leads_through(const std::string& path) const = 0;
    virtual void on_file(const std::string& path) = 0;
    /// A folder was moved away, with all that was in it.
    virtual void on_folder_left(const std::string& folder) = 0;
    /// The kernel has lost track: anything may have changed.
    virtual void on_anything() = 0;
    virtual void on_unwatched(const std::string& folder, const Error& error) = 0;
  };
  WatchedTree(std::string root, Client& client);

  /// Errc::refused, Errc::io: there is no inotify instance to be had. Does nothing when there is one already.
  [[nodiscard]] Result<> open();
  /// Of the inotify instance; -1 before `open`.
  [[nodiscard]] int fd() const noexcept { return inotify_ ? inotify_->fd() : -1; }
  [[nodiscard]] const GitIgnores& git() const noexcept { return git_; }

  /// Somebody needs this path now: `advance` will watch it. What is there already is not told.
  void look_at(const std::string& path);
  /// Somebody needs less than before: `advance` looks at everything and lets go of the rest.
  void look_again() { outdated_ = true; }
  /// Looks at folders and takes events for about as long as `budget`. False: there is more to be done at once; true: wait until `fd` is readable.
  [[nodiscard]] bool advance(Millis budget);

 private:
  struct Look {
    std::string folder;
    bool is_new = false;   ///< what is in it is told
    bool inwards = true;   ///< and what is in it is looked at; else only this folder
  };
  void look(const Look& order);
  void remember(const std::string& folder, int watch);
  void look_inside(const Look& order);
  void forget_tree(const std::string& folder);
  void forget_folder(const std::string& folder, int watch);
  void take(const os::Inotify::Event& event);
  void take_folder(const std::string& path, os::Inotify::Event::Kind kind);
  void take_file(const std::string& path, os::Inotify::Event::Kind kind);
  void end_watch(int watch);
  void begin_anew();
  void let_go();
  [[nodiscard]] std::string absolute(const std::string& path) const;

  std::string root_;
  Client& client_;
  GitIgnores git_;
  std::optional<os::Inotify> inotify_;
  std::map<std::string, int> folders_;            ///< → watch
  std::map<int, std::set<std::string>> watches_;  ///< → its folder, by every path that leads there
  std::deque<Look> looks_;                        ///< folders before those in them
  std::set<std::string> new_folders_;             ///< that appeared before everything is looked at anew
  std::vector<int> unneeded_;                     ///< watches of before, by number
  bool outdated_ = false;                         ///< everything has to be looked at anew
};

}  // namespace devinit::supervisor
