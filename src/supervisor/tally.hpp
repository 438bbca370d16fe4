#pragma once

namespace devinit::supervisor {

/// Counts good and bad answers until so many of them in a row decide.
class Tally {
 public:
  enum class Verdict { undecided, good, bad };

  /// `failures` 0: bad answers never decide.
  Tally(int successes, int failures) noexcept : successes_(successes), failures_(failures) {}

  /// After a verdict the count of its side begins anew.
  [[nodiscard]] Verdict note(bool good) noexcept {
    int& count = good ? good_ : bad_;
    (good ? bad_ : good_) = 0;
    ++count;
    if (good ? count < successes_ : failures_ == 0 || count < failures_) return Verdict::undecided;
    count = 0;
    return good ? Verdict::good : Verdict::bad;
  }

 private:
  int successes_;
  int failures_;
  int good_ = 0;
  int bad_ = 0;
};

}  // namespace devinit::supervisor
