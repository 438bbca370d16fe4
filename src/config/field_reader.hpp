#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "base/port.hpp"
#include "config/diagnostic.hpp"
#include "config/json_reader.hpp"

namespace devinit::config {

/// Where something stands in a file (1-based, in bytes).
struct Position {
  int line = 0;
  int column = 0;
  int file = 0;  ///< index into Mistakes::files
};
[[nodiscard]] inline Position position_of(const JsonValue& value) noexcept { return {value.line, value.column, value.file}; }
/// Of the key of a member.
[[nodiscard]] inline Position position_of_key(const JsonValue& object, std::size_t member) noexcept {
  const auto& [line, column] = object.member_positions[member];
  return {line, column, object.members[member].second.file};
}

/// Collects what is wrong with a file (or with several that are read as one), so that a reader can go on to the next mistake.
class Mistakes {
 public:
  explicit Mistakes(std::string file, Diagnostics found = {}) : files_{std::move(file)}, list_(std::move(found)) {}

  /// One more file; the index of its positions.
  int add_file(std::string file);
  [[nodiscard]] const std::vector<std::string>& files() const noexcept { return files_; }

  void add(Position at, std::string message, std::string hint = {});
  void add(const JsonValue& at, std::string message, std::string hint = {});
  /// What the parser has found in a file.
  void add(const Diagnostics& found, int file);
  /// "line 5", or "line 5 of infra/devinit.json" when `from` is in another file.
  [[nodiscard]] std::string line_of(Position at, Position from) const;
  [[nodiscard]] const Diagnostics& list() const noexcept { return list_; }
  /// More than anybody is shown: no reason to search for suggestions any longer.
  [[nodiscard]] bool many() const noexcept { return list_.size() > kMostShown; }

 private:
  std::vector<std::string> files_;
  Diagnostics list_;
};

// Readers of one value. `what` names it in messages ("ready.timeout"). Each reports a mistake and returns nothing when the
// value is not exactly what was asked for: no type is converted into another, and no number is rounded or cut.

[[nodiscard]] bool expect_object(const JsonValue& value, std::string_view what, Mistakes& mistakes);
[[nodiscard]] std::optional<bool> read_boolean(const JsonValue& value, std::string_view what, Mistakes& mistakes);
/// A plain decimal number from `least` to `most`.
[[nodiscard]] std::optional<int> read_integer(const JsonValue& value, std::string_view what, int least, int most,
                                              Mistakes& mistakes);
/// A string that is not empty.
[[nodiscard]] std::optional<std::string> read_string(const JsonValue& value, std::string_view what, Mistakes& mistakes);
/// An array of strings that are not empty; the good ones are returned with their positions.
[[nodiscard]] std::vector<std::pair<std::string, Position>> read_strings(const JsonValue& value, std::string_view what,
                                                                         Mistakes& mistakes);
[[nodiscard]] std::optional<Port> read_port(const JsonValue& value, std::string_view what, Mistakes& mistakes);
/// "3000-9999".
[[nodiscard]] std::optional<PortRange> read_port_range(const JsonValue& value, std::string_view what, Mistakes& mistakes);
/// "250ms", "5s", "2m"; at least `least`.
[[nodiscard]] std::optional<Millis> read_duration(const JsonValue& value, std::string_view what, Millis least,
                                                  Mistakes& mistakes);
/// A plain decimal number, for what may be larger than `read_integer` takes.
[[nodiscard]] std::optional<std::uint64_t> read_count(const JsonValue& value, std::string_view what, std::uint64_t most,
                                                      Mistakes& mistakes);
/// "512KB", "10MB"; at least 1 KB.
[[nodiscard]] std::optional<std::uint64_t> read_size(const JsonValue& value, std::string_view what, Mistakes& mistakes);

/// The value in the words of a message: `70000`, `true`, `the string "3000"`, `an array`.
[[nodiscard]] std::string describe_value(const JsonValue& value);
/// A malformed number or word: the parser has reported it, so that nothing remains to be said.
[[nodiscard]] bool already_reported(const JsonValue& value) noexcept;

void report_unknown_word(const JsonValue& value, std::string_view what, const std::vector<std::string>& known,
                         Mistakes& mistakes);
void report_unknown_key(Position at, const std::string& key, const std::vector<std::string>& known, Mistakes& mistakes);
/// A key or a value that belongs to the language and that this version does not act on.
void report_pending(Position at, std::string_view what, Mistakes& mistakes);
/// The same for a key whose value should be of kind `shape`: a wrong kind is what is said then.
void report_pending_key(Position at, std::string_view key, const JsonValue& value, JsonValue::Kind shape, Mistakes& mistakes);

/// One of a fixed set of words.
template <class Value>
struct Word {
  std::string_view text;
  Value value;
};
template <class Value, std::size_t N>
[[nodiscard]] std::optional<Value> read_word(const JsonValue& value, std::string_view what,
                                             const std::array<Word<Value>, N>& words, Mistakes& mistakes) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const auto& word) { return word.text == value.text; });
  if (value.kind == JsonValue::Kind::string && found != words.end()) return found->value;
  std::vector<std::string> known;
  for (const auto& word : words) known.emplace_back(word.text);
  report_unknown_word(value, what, known, mistakes);
  return std::nullopt;
}

/// One key of an object of the language and what reads it into `Target`. Without a reader: pending, of kind `shape`.
template <class Target>
struct Field {
  std::string_view key;
  void (*read)(const JsonValue& value, Target& target, Mistakes& mistakes);
  JsonValue::Kind shape = JsonValue::Kind::null;
};

/// Reads every member of `object` by the table; a key that is not in it is reported with the nearest one that is.
template <class Target, std::size_t N>
void read_fields(const JsonValue& object, const std::array<Field<Target>, N>& fields, Target& target, Mistakes& mistakes) {
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    const auto& [key, value] = object.members[i];
    const Position at = position_of_key(object, i);
    const auto field = std::find_if(fields.begin(), fields.end(), [&name = key](const auto& each) { return each.key == name; });
    if (field == fields.end()) {
      std::vector<std::string> known;
      for (const auto& each : fields) known.emplace_back(each.key);
      report_unknown_key(at, key, known, mistakes);
    } else if (field->read == nullptr) {
      report_pending_key(at, key, value, field->shape, mistakes);
    } else {
      field->read(value, target, mistakes);
    }
  }
}

}  // namespace devinit::config
