#pragma once

#include <optional>
#include <string_view>

#include "config/draft.hpp"

namespace devinit::config {

/// A string or an array of strings of which the first is not empty; its templates are noted.
[[nodiscard]] std::optional<Command> read_command_value(const JsonValue& value, std::string_view what, ServiceDraft& target,
                                                        Mistakes& mistakes);

/// `hooks`: {before_start, after_ready, before_stop, after_exit}, each a command line.
void read_hooks(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);

}  // namespace devinit::config
