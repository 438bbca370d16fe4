#pragma once

#include "config/draft.hpp"

namespace devinit::config {

/// An array of paths, or {paths, ignore, debounce, action, cascade}. `action` is "restart", a signal, or a name that has to be
/// a task's: that is judged later.
void read_watch(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);

/// Paths relative to the root, in their one spelling; what leaves the project is a mistake.
[[nodiscard]] std::vector<std::string> read_project_paths(const JsonValue& value, std::string_view what, Mistakes& mistakes);
/// The same for patterns (config/glob.hpp); one that is not closed is a mistake, too.
[[nodiscard]] std::vector<std::string> read_project_globs(const JsonValue& value, std::string_view what, Mistakes& mistakes);

}  // namespace devinit::config
