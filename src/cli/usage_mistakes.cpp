#include "cli/usage_mistakes.hpp"

namespace devinit::cli {

void UsageMistakes::note(const Error& error) { errors_.push_back(error); }

Result<> UsageMistakes::result() const {
  if (errors_.empty()) return {};
  if (errors_.size() == 1) return errors_.front();
  Error all(errors_.front().code, {});
  for (const Error& error : errors_) {
    all.message += (all.message.empty() ? "" : "\n") + error.message;
    if (!error.hint.empty()) all.message += " (" + error.hint + ")";
  }
  return all;
}

}  // namespace devinit::cli
