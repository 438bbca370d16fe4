#pragma once

#include <string>
#include <string_view>

namespace devinit::cli {

/// Foreign text (command lines, error texts, names) made safe for a terminal: escape sequences go, other control characters
/// (C0, C1, DEL) become '?'; newline and tab stay.
[[nodiscard]] std::string sanitized(std::string_view text);

/// Colours in the logs of services: kept on a terminal, dropped elsewhere.
enum class LogColors { drop, keep };
/// One line of a log without its newline. A child's log must not move the cursor, set the title, answer a query or clear the
/// screen: every escape sequence but SGR (colour) goes, and so do control characters but tab. A line that keeps colours ends
/// with a reset.
[[nodiscard]] std::string sanitized_log_line(std::string_view line, LogColors colors);

}  // namespace devinit::cli
