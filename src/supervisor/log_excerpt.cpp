#include "supervisor/log_excerpt.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/error.hpp"
#include "os/files.hpp"

namespace devinit::supervisor {

std::vector<std::string> tail_of_run(const std::string& log_file, std::uint64_t start, std::size_t lines) {
  constexpr std::size_t kLimit = 1 << 16;
  const auto size = os::file_size(log_file);
  // A rotation meanwhile makes the file shorter than its start.
  const auto limit = size && *size >= start ? static_cast<std::size_t>(std::min<std::uint64_t>(*size - start, kLimit)) : kLimit;
  return os::tail_lines(log_file, lines, limit);
}

bool says_port_in_use(const std::string& log_file, std::uint64_t start) {
  constexpr std::array<std::string_view, 6> kPhrases{"eaddrinuse",         "address already in use", "address in use",
                                                     "port already in use", "is already in use",      "errno 98"};
  constexpr std::size_t kLines = 200;
  for (auto line : tail_of_run(log_file, start, kLines)) {
    std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::any_of(kPhrases.begin(), kPhrases.end(), [&](auto phrase) { return line.find(phrase) != std::string::npos; })) return true;
  }
  return false;
}

std::string describe_end(const os::ExitStatus& status) {
  auto text = status.describe();
  if (status.code() == 127) text += " (the shell did not find the command)";
  if (status.code() == 126) text += " (the command is not executable)";
  if (status.code() == 0) text += ", but a service is meant to run on";
  if (status.signal() == SIGKILL) text += " (somebody killed it, or memory ran out)";
  return text;
}

std::string exec_failure(const config::Command& command, int error_number) {
  std::string name;
  if (const auto* argv = std::get_if<std::vector<std::string>>(&command); argv != nullptr && !argv->empty()) name = argv->front();
  if (name.empty()) name = "/bin/sh";
  if (error_number == ENOENT) return "cannot run `" + name + "`: there is no such command, or its interpreter is missing";
  if (error_number == EACCES) return "cannot run `" + name + "`: it is not executable";
  return errno_error("cannot run `" + name + "`", error_number).message;
}

}  // namespace devinit::supervisor
