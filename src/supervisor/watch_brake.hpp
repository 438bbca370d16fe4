#pragma once

#include <map>
#include <string>

#include "base/duration.hpp"

namespace devinit::supervisor {

/// Slows down a watch that triggers itself: a service that writes into what it watches when it starts would be restarted for ever. The first
/// kFree changes of one file that each come shortly after the watch has acted are believed; each further one waits twice as long as the one before.
/// Another file, or the same after a while, is a person's doing and waits for nothing. Pure: the caller has the clock and the timer.
class WatchBrake {
 public:
  static constexpr int kFree = 5;
  static constexpr Millis kSoon{2'000};  ///< after it acted, plus the debounce
  static constexpr Millis kFirstPause{1'000};
  static constexpr Millis kLongestPause{30'000};

  enum class Verdict {
    act,      ///< at once; what waits is out of date
    wait,     ///< for `pause`, then act
    waiting,  ///< one that waits already covers it
  };
  struct Decision {
    Verdict verdict = Verdict::act;
    Millis pause{0};
    bool first = false;  ///< people should be told
  };
  /// `file`, or whatever else names what has changed.
  [[nodiscard]] Decision changed(const std::string& service, const std::string& file, Millis debounce, TimePoint now);
  /// What a change of files leads to has begun: the service was spawned, a signal was sent …
  void acted(const std::string& service, TimePoint now);
  void forget(const std::string& service) { entries_.erase(service); }

 private:
  struct Entry {
    std::string file;
    TimePoint acted{};
    int count = 0;  ///< in a row
    bool waiting = false;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace devinit::supervisor
