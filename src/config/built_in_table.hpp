#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/json_reader.hpp"

namespace devinit::config {

/// Readers of the tables that are compiled in (config/embedded.hpp). Whatever is wrong with one of those is a bug of ours: all
/// of them assert.

/// The table in `text`; `name` is that of its file.
[[nodiscard]] JsonValue read_built_in(std::string_view text, const std::string& name);

/// A member that has to be there.
[[nodiscard]] const JsonValue& member(const JsonValue& object, std::string_view key);

[[nodiscard]] std::string text_of(const JsonValue& value);
[[nodiscard]] std::vector<std::string> texts_of(const JsonValue& array);

/// The same of a member; empty when it is not there.
[[nodiscard]] std::string text_at(const JsonValue& object, std::string_view key);
[[nodiscard]] std::vector<std::string> texts_at(const JsonValue& object, std::string_view key);

}  // namespace devinit::config
