#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/templates.hpp"

namespace devinit::scaffold {

/// A `.env` is read by config's one reader (`config::read_env`) and edited in the places that it names, so that what devinit
/// writes is what devinit, and whoever else reads the file, will see. A text with mistakes is never edited.

/// NAME=value lines of a `.env` that devinit keeps right among those of the user.
using Variables = std::vector<std::pair<std::string, std::string>>;

/// The entry that counts: the last of its name. Null when the text does not set it.
[[nodiscard]] const config::EnvEntry* find_variable(const std::vector<config::EnvEntry>& entries,
                                                    std::string_view name) noexcept;

/// The value as it is written goes over several lines. No value of devinit's does, and who wrote this one meant something else.
[[nodiscard]] bool spans_lines(std::string_view text, const config::EnvEntry& entry) noexcept;

/// What happens to variables that the text does not set yet.
enum class Missing { append, leave };
/// The text with these values in every line of these names. All other bytes stay: comments, order, blank lines, `export`, CRLF,
/// what follows a value on its line. A line that says it already is not touched. Errc::config, with `file` and the lines, for a
/// text with mistakes and for a value to be replaced that spans lines. Values need no quotes.
[[nodiscard]] Result<std::string> with_variables(std::string_view text, const std::string& file, const Variables& variables,
                                                 Missing missing);

/// `kept`, a user's `.env`, brought up to `fresh`: lines of names that it does not have yet are appended as they are there, and
/// `variables` get their values. Errors as above; `file` names both texts.
[[nodiscard]] Result<std::string> merged(std::string_view kept, std::string_view fresh, const std::string& file,
                                         const Variables& variables);

}  // namespace devinit::scaffold
