#include "supervisor/watch_brake.hpp"

#include <algorithm>

namespace devinit::supervisor {

WatchBrake::Decision WatchBrake::changed(const std::string& service, const std::string& file, Millis debounce, TimePoint now) {
  auto& entry = entries_[service];
  const bool same = entry.file == file;
  if (same && entry.waiting) return {Verdict::waiting};
  const bool soon = entry.acted != TimePoint{} && now - entry.acted <= kSoon + debounce;
  entry.waiting = false;
  entry.file = file;
  entry.count = !soon ? 0 : same ? entry.count + 1 : 1;
  if (entry.count <= kFree) return {};
  constexpr int kMostDoublings = 8;
  const int doublings = std::min(entry.count - kFree - 1, kMostDoublings);
  entry.waiting = true;
  return {Verdict::wait, std::min(kFirstPause * (1 << doublings), kLongestPause), doublings == 0};
}

void WatchBrake::acted(const std::string& service, TimePoint now) {
  auto& entry = entries_[service];
  entry.acted = now;
  entry.waiting = false;
}

}  // namespace devinit::supervisor
