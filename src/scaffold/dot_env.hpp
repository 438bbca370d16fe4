#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devinit::scaffold {

/// NAME=value lines of a `.env` that devinit keeps right among those of the user.
using Variables = std::vector<std::pair<std::string, std::string>>;

/// A variable's value as dotenv readers see it (the last line of its name counts; quotes and a trailing comment are not part of
/// it), and the line that says so, from 1.
struct EnvEntry {
  std::string value;
  int line = 0;
};
[[nodiscard]] std::optional<EnvEntry> find_variable(std::string_view text, std::string_view name);

/// Every name that the text sets, in order, each once.
[[nodiscard]] std::vector<std::string> variable_names(std::string_view text);

/// What happens to variables that the text does not set yet.
enum class Missing { append, leave };
/// The text with these values in every line of these names. All other bytes stay: comments, order, blank lines, `export`, CRLF,
/// what follows a value on its line. A line that says it already is not touched.
[[nodiscard]] std::string with_variables(std::string_view text, const Variables& variables, Missing missing);

/// `kept`, a user's `.env`, brought up to `fresh`: lines of names that it does not have yet are appended as they are there, and
/// `variables` get their values.
[[nodiscard]] std::string merged(std::string_view kept, std::string_view fresh, const Variables& variables);

}  // namespace devinit::scaffold
