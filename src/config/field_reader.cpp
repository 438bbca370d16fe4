#include "config/field_reader.hpp"

#include <charconv>

#include "base/suggest.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

const char* with_article(Kind kind) noexcept {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "true or false";
    case Kind::number:
      return "a number";
    case Kind::string:
      return "a string";
    case Kind::array:
      return "an array";
    case Kind::object:
      return "an object";
  }
  return "a value";
}

/// "`ready.timeout` must be a duration, not 5" at the value.
void report_mismatch(const JsonValue& value, std::string_view what, std::string_view wanted, Mistakes& mistakes,
                     std::string hint = {}) {
  if (already_reported(value)) return;  // by the parser
  mistakes.add(value, quoted(what) + " must be " + std::string(wanted) + ", not " + describe_value(value), std::move(hint));
}

std::string join(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

/// At most six digits, no sign but a minus, no leading zero: everything that a number of the language may be.
std::optional<int> plain_integer(std::string_view text) noexcept {
  const bool negative = text.substr(0, 1) == "-";
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 6 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

bool is_fractional(std::string_view number) noexcept { return number.find_first_of(".eE") != std::string_view::npos; }

/// For a number that stands in quotes.
std::string number_hint(const JsonValue& value) {
  return value.kind == Kind::string && plain_integer(value.text) ? "write it without quotes: " + value.text : "";
}

std::string port_hint(const JsonValue& value) {
  if (value.kind == Kind::string && parse_port(value.text)) return "write it without quotes: " + value.text;
  if (value.kind == Kind::number && is_fractional(value.text)) return "a plain decimal number, without fraction or exponent";
  return {};
}

}  // namespace

int Mistakes::add_file(std::string file) {
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

void Mistakes::add(Position at, std::string message, std::string hint) {
  const auto& file = files_[static_cast<std::size_t>(at.file)];
  list_.push_back({file, at.line, at.column, std::move(message), std::move(hint), at.file});
}

void Mistakes::add(const JsonValue& at, std::string message, std::string hint) {
  add(position_of(at), std::move(message), std::move(hint));
}

void Mistakes::add(const Diagnostics& found, int file) {
  for (Diagnostic diagnostic : found) {
    diagnostic.rank = file;
    list_.push_back(std::move(diagnostic));
  }
}

std::string Mistakes::line_of(Position at, Position from) const {
  std::string place = "line " + std::to_string(at.line);
  if (at.file != from.file) place += " of " + files_[static_cast<std::size_t>(at.file)];
  return place;
}

bool already_reported(const JsonValue& value) noexcept { return value.kind == Kind::number && value.text.empty(); }

std::string describe_value(const JsonValue& value) {
  switch (value.kind) {
    case Kind::boolean:
      return value.boolean ? "true" : "false";
    case Kind::number: {
      constexpr std::size_t kShown = 24;
      return value.text.size() <= kShown ? value.text : value.text.substr(0, kShown) + "…";
    }
    case Kind::string:
      return value.text.empty() ? "an empty string" : "the string " + quoted(value.text);
    case Kind::null:
    case Kind::array:
    case Kind::object:
      return with_article(value.kind);
  }
  return with_article(value.kind);
}

bool expect_object(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  if (value.kind == Kind::object) return true;
  report_mismatch(value, what, "an object", mistakes);
  return false;
}

std::optional<bool> read_boolean(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  if (value.kind == Kind::boolean) return value.boolean;
  report_mismatch(value, what, "true or false", mistakes, value.kind == Kind::string ? "without quotes" : "");
  return std::nullopt;
}

std::optional<int> read_integer(const JsonValue& value, std::string_view what, int least, int most, Mistakes& mistakes) {
  if (value.kind == Kind::number) {
    const auto number = plain_integer(value.text);
    if (number && *number >= least && *number <= most) return number;
  }
  report_mismatch(value, what, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), mistakes,
                  number_hint(value));
  return std::nullopt;
}

std::optional<std::uint64_t> read_count(const JsonValue& value, std::string_view what, std::uint64_t most, Mistakes& mistakes) {
  const std::string& text = value.text;
  const bool plain = value.kind == Kind::number && !text.empty() && (text.size() == 1 || text.front() != '0') &&
                     std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  std::uint64_t number = 0;
  if (plain && std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc() && number <= most) return number;
  report_mismatch(value, what, "a whole number from 0 to " + std::to_string(most), mistakes, number_hint(value));
  return std::nullopt;
}

std::optional<std::string> read_string(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  if (value.kind == Kind::string && !value.text.empty()) return value.text;
  const bool plain = value.kind == Kind::number || value.kind == Kind::boolean;
  report_mismatch(value, what, value.kind == Kind::string ? "a text" : "a string", mistakes,
                  plain ? "write it in quotes: \"" + describe_value(value) + "\"" : "");
  return std::nullopt;
}

std::vector<std::pair<std::string, Position>> read_strings(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  std::vector<std::pair<std::string, Position>> strings;
  if (value.kind != Kind::array) {
    report_mismatch(value, what, "an array of strings", mistakes, value.kind == Kind::string ? "put it into [ ]" : "");
    return strings;
  }
  for (const auto& item : value.items) {
    if (auto text = read_string(item, what, mistakes)) strings.emplace_back(std::move(*text), position_of(item));
  }
  return strings;
}

std::optional<Port> read_port(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  if (value.kind == Kind::number) {
    if (const auto port = parse_port(value.text)) return port;
  }
  const bool whole_number = value.kind == Kind::number && !is_fractional(value.text);
  report_mismatch(value, what, whole_number ? "1 to 65535" : "a number from 1 to 65535", mistakes, port_hint(value));
  return std::nullopt;
}

std::optional<PortRange> read_port_range(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  if (value.kind == Kind::string) {
    if (const auto range = parse_port_range(value.text)) return range;
  }
  report_mismatch(value, what, "a range of ports", mistakes, "for example \"3000-9999\", the smaller one first");
  return std::nullopt;
}

std::optional<Millis> read_duration(const JsonValue& value, std::string_view what, Millis least, Mistakes& mistakes) {
  if (value.kind == Kind::string) {
    const auto duration = parse_duration(value.text);
    if (duration && *duration >= least) return duration;
    if (duration) {
      mistakes.add(value, quoted(what) + " must be at least " + format_duration(least) + ", not " + quoted(value.text));
      return std::nullopt;
    }
  }
  report_mismatch(value, what, "a duration", mistakes, "a string with a unit, at most 24h: \"250ms\", \"5s\", \"2m\"");
  return std::nullopt;
}

std::optional<std::uint64_t> read_size(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  constexpr std::uint64_t kSmallest = 1024;
  if (value.kind == Kind::string) {
    const auto size = parse_size(value.text);
    if (size && *size >= kSmallest) return size;
  }
  report_mismatch(value, what, "a size of at least 1KB", mistakes, "a string with a unit: \"512KB\", \"10MB\", \"1GB\"");
  return std::nullopt;
}

void report_unknown_word(const JsonValue& value, std::string_view what, const std::vector<std::string>& known,
                         Mistakes& mistakes) {
  std::vector<std::string> in_quotes;
  for (const auto& word : known) in_quotes.push_back("\"" + word + "\"");
  const auto near = value.kind == Kind::string ? nearest(value.text, known) : std::nullopt;
  report_mismatch(value, what, "one of " + join(in_quotes, ", "), mistakes, near ? "did you mean \"" + *near + "\"?" : "");
}

void report_unknown_key(Position at, const std::string& key, const std::vector<std::string>& known, Mistakes& mistakes) {
  constexpr std::size_t kMostListed = 12;
  std::string hint;
  if (mistakes.many()) {
    // Only counted.
  } else if (const auto near = nearest(key, known)) {
    hint = "did you mean " + quoted(*near) + "?";
  } else if (known.size() <= kMostListed) {
    hint = "known here: " + join(known, ", ");
  }
  mistakes.add(at, "unknown key " + quoted(key), std::move(hint));
}

void report_pending(Position at, std::string_view what, Mistakes& mistakes) {
  mistakes.add(at, quoted(what) + " is part of the language, but this version does not act on it yet", "leave it out for now");
}

void report_pending_key(Position at, std::string_view key, const JsonValue& value, Kind shape, Mistakes& mistakes) {
  if (value.kind == shape) {
    report_pending(at, key, mistakes);
  } else {
    report_mismatch(value, key, with_article(shape), mistakes);
  }
}

}  // namespace devinit::config
