#pragma once

#include <utility>
#include <vector>

#include "base/result.hpp"

namespace devinit::cli {

/// Mistakes of one command line that do not depend on each other: told together.
class UsageMistakes {
 public:
  void note(const Error& error);
  void note(const Result<>& result) {
    if (!result) note(result.error());
  }
  /// The value into `target`, or the mistake is noted and `target` stays.
  template <class Target, class Value>
  void read(Target& target, Result<Value> result) {
    if (result) {
      target = std::move(*result);
    } else {
      note(result.error());
    }
  }
  /// One error of all mistakes, a line each. A single one keeps its hint; with several each hint stands behind its mistake.
  [[nodiscard]] Result<> result() const;

 private:
  std::vector<Error> errors_;
};

}  // namespace devinit::cli
