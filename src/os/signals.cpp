#include "os/signals.hpp"

#include <strings.h>

#include <array>
#include <csignal>
#include <cstring>
#include <utility>

namespace devinit::os {

namespace {

// Second names of signals; sigabbrev_np(3) knows one per number.
constexpr std::array<std::pair<std::string_view, int>, 5> kAliases{
    {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"IO", SIGIO}, {"POLL", SIGPOLL}, {"UNUSED", SIGSYS}}};

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::optional<int> signal_number(std::string_view name) noexcept {
  if (equal_ignoring_case(name.substr(0, 3), "SIG")) name.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && equal_ignoring_case(name, known)) return number;
  }
  for (const auto& [alias, number] : kAliases) {
    if (equal_ignoring_case(name, alias)) return number;
  }
  return std::nullopt;
}

std::string signal_name(int number) {
  const char* known = ::sigabbrev_np(number);
  return known != nullptr ? std::string("SIG") + known : "signal " + std::to_string(number);
}

}  // namespace devinit::os
