#include "cli/clock_time.hpp"

#include <array>
#include <chrono>
#include <ctime>

namespace devinit::cli {

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string clock_time(std::int64_t moment, std::int64_t now) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kDay = 24 * 60 * kMinute;
  const auto seconds = static_cast<std::time_t>(moment);
  std::tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return std::to_string(moment);
  const bool far = moment - now >= kDay || moment < now;
  const char* format = far ? "%Y-%m-%d %H:%M" : moment - now < kMinute ? "%H:%M:%S" : "%H:%M";
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &local);
  return text.data();
}

}  // namespace devinit::cli
