#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/service_specs.hpp"

namespace devinit::supervisor {

/// Watches the files of services for changes (`watch` of the configuration), by inotify: no polling, nothing wakes up while nothing changes.
/// What .gitignore files of the project ignore does not count, nor `.git`, `.devinit`, `node_modules`, `__pycache__`, nor the `ignore` globs.
/// Editors that replace a file, folders that appear, are moved or deleted are followed. Two services that watch the same folder share its watch.
class Watcher {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// Quiet for `debounce` after the last change. `summary`: "app.py", "app.py and 3 more", relative to the root.
    virtual void on_files_changed(const std::string& service, const std::string& summary) = 0;
    /// It cannot watch (all of) its paths: the inotify limit with its number and the sysctl that raises it, a path that does not exist.
    virtual void on_watch_problem(const std::string& service, const std::string& text) = 0;
  };
  /// `root`: of the project, absolute.
  Watcher(boost::asio::io_context& loop, std::string root, Observer& observer);
  ~Watcher();

  /// From now on; replaces an earlier watch of the service.
  void watch(const std::string& service, const config::WatchSpec& spec);
  void forget(const std::string& service);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devinit::supervisor
