#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config_file.hpp"

namespace devinit::config {

/// What happens to template-shaped text in the value of a variable: where templates are filled later, it is doubled, so that it
/// stays what the variable says.
enum class Templates { keep, defuse };

/// Replaces `${X}` (empty when unset), `${X:-default}` (when unset or empty) and `${X:?message}` (an error when unset or
/// empty). A default may hold further `${…}` and balanced braces. `$${` stands for `${`; every other `$` is kept. Errc::config,
/// in one line and with a hint, for a message of `:?`, an unclosed `${`, or a form that does not exist.
[[nodiscard]] Result<std::string> substitute(std::string_view text, const Variables& variables, Templates templates);

}  // namespace devinit::config
