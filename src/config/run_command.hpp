#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/run_settings.hpp"

namespace devinit::config {

/// The words of `command` with its settings in them. `{host}` and `{log_level}` ("info" unless set) are replaced; a word that
/// is `{reload}` becomes `--reload`, or is left out without RELOAD (inside a word it becomes `--reload` or nothing); `{port}`
/// stays, because only the supervisor knows the number. A doubled one, `{{port}}`, stands for the text `{port}`; whatever else
/// has braces is kept as it is.
///
/// A server that config/run_flags.json knows (uvicorn, flask; by its name, its path, or after `python -m`) gets the flags that
/// it does not name itself.
[[nodiscard]] std::vector<std::string> run_words(const std::vector<std::string>& command, const RunSettings& settings);

/// Variables that every run gets unless the user sets them: without PYTHONUNBUFFERED the output of a Python server would come
/// late.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& run_environment();

/// The name of a run that nobody named: of the program without its folder, as far as it can name a service.
[[nodiscard]] std::string run_name(const std::string& program);

/// Why `name` cannot name a run, as a clause ("holds a blank"); nothing when it can: letters, digits, `-`, `_` and `.`, a letter first, at
/// most 64 bytes; not `all`, not `ports`.
[[nodiscard]] std::optional<std::string> run_name_mistake(std::string_view name);

}  // namespace devinit::config
