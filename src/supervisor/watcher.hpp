#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "config/service_specs.hpp"

namespace devinit::supervisor {

/// Watches the files of services for changes (`watch` of the configuration), by inotify: no polling, nothing wakes up while nothing changes.
/// What .gitignore files of the project ignore does not count, nor `.git`, `.devinit`, `node_modules`, `__pycache__`, nor the `ignore` globs, nor
/// what editors put beside a file; a path that the configuration names counts in any case, also when git ignores it.
/// Editors that replace a file, folders that appear, are moved or deleted are followed. Two services that watch the same folder share its watch.
///
/// A file counts when its writer closes it, when it is deleted or moved. What is held open and written for ever does not, nor do attributes.
class Watcher {
 public:
  /// Called from the loop, never from within a call of ours; it may call us.
  struct Observer {
    virtual ~Observer() = default;
    /// Quiet for `debounce` after the last change. `summary`: "app.py", "app.py and 3 more", relative to the root; or "many files".
    virtual void on_files_changed(const std::string& service, const std::string& summary) = 0;
    /// It cannot watch (all of) its paths: the inotify limit with its number and the sysctl that raises it, a path that does not exist (it counts
    /// as soon as it does).
    virtual void on_watch_problem(const std::string& service, const std::string& text) = 0;
  };
  /// `root`: of the project, absolute.
  Watcher(boost::asio::io_context& loop, std::string root, Observer& observer);
  /// Once something was watched, this waits for the kernel (closing an inotify instance takes 5 to 20 ms): not before others may go on.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// From now on; replaces an earlier watch of the service, and what has changed before does not count any more. Large trees are gone through in
  /// pieces of a few milliseconds (20 µs of CPU for a folder), and a folder counts once it has been reached; a service that is watched again within
  /// five seconds after a `forget` finds all in place.
  void watch(const std::string& service, const config::WatchSpec& spec);
  void forget(const std::string& service);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devinit::supervisor
