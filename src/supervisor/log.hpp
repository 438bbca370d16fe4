#pragma once

#include <memory>
#include <string>

namespace devinit::supervisor {

/// The supervisor's own diary, `.devinit/supervisor.log` (1 MB × 2, mode 0600; a symbolic link of that name is replaced). Passed by reference; never fails towards its user.
class Log {
 public:
  explicit Log(const std::string& path);
  ~Log();
  void info(const std::string& text);
  void warning(const std::string& text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devinit::supervisor
