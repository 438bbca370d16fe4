#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output.hpp"

namespace devinit::cli {

/// Writes log lines on stdout: "backend  | text", each service in its own colour; no prefix when there is only one.
class LogPrinter {
 public:
  enum class Prefix { when_several, always };
  LogPrinter(Output& output, const std::vector<std::string>& services, Prefix prefix);
  void print(const std::string& service, std::string_view line);

 private:
  Output& output_;
  std::vector<std::string> services_;
  std::vector<std::string> prefixes_;  ///< one per service
};

}  // namespace devinit::cli
