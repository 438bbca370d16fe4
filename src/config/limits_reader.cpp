#include "config/limits_reader.hpp"

#include <charconv>

#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;
using Resource = std::optional<std::uint64_t> LimitsSpec::*;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;
constexpr std::uint64_t kMostThings = std::uint64_t{1} << 30;

bool is_unlimited(const JsonValue& value) { return value.kind == Kind::string && value.text == "unlimited"; }

void read_number_limit(const JsonValue& value, std::string_view what, Resource resource, LimitsSpec& limits,
                       Mistakes& mistakes) {
  if (is_unlimited(value)) {
    limits.*resource = kUnlimited;
  } else {
    limits.*resource = read_count(value, what, kMostThings, mistakes);
  }
}

void read_byte_limit(const JsonValue& value, std::string_view what, Resource resource, LimitsSpec& limits, Mistakes& mistakes) {
  if (is_unlimited(value)) {
    limits.*resource = kUnlimited;
  } else if (value.kind == Kind::number) {
    limits.*resource = read_count(value, what, kMostBytes, mistakes);
  } else {
    limits.*resource = read_size(value, what, mistakes);
  }
}

/// Less than this and nothing starts: such a number is a slip of the unit.
void read_memory(const JsonValue& value, LimitsSpec& limits, Mistakes& mistakes) {
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 20;
  const auto size = read_size(value, "limits.memory", mistakes);
  if (size && *size < kLeast) {
    mistakes.add(value, "`limits.memory` must be at least 1MB, not " + quoted(value.text));
  } else {
    limits.memory = size;
  }
}

void read_cpu(const JsonValue& value, LimitsSpec& limits, Mistakes& mistakes) {
  constexpr double kLeast = 0.01;
  constexpr double kMost = 1024;
  const std::string& text = value.text;
  const bool plain = value.kind == Kind::number && text.find_first_of("eE") == std::string::npos;
  double cores = 0;
  const bool read = plain && std::from_chars(text.data(), text.data() + text.size(), cores).ec == std::errc();
  if (read && cores >= kLeast && cores <= kMost) {
    limits.cpu = cores;
  } else if (!already_reported(value)) {
    mistakes.add(value, "`limits.cpu` must be a number of cores from 0.01 to 1024, not " + describe_value(value),
                 value.kind == Kind::string ? "without quotes: 0.5" : "for example 0.5");
  }
}

/// Octal digits as a string: a number in JSON is decimal, and 022 is none.
void read_umask(const JsonValue& value, LimitsSpec& limits, Mistakes& mistakes) {
  constexpr int kMost = 0777;
  int mask = -1;
  const std::string& text = value.text;
  const bool octal = value.kind == Kind::string && !text.empty() && text.size() <= 4 &&
                     text.find_first_not_of("01234567") == std::string::npos;
  if (octal) std::from_chars(text.data(), text.data() + text.size(), mask, 8);
  if (mask >= 0 && mask <= kMost) {
    limits.umask = mask;
  } else if (!already_reported(value)) {
    mistakes.add(value, "`limits.umask` must be octal digits in quotes, not " + describe_value(value), "\"022\"");
  }
}

constexpr std::array<Field<LimitsSpec>, 10> kLimitFields{{
    {"memory", read_memory},
    {"cpu", read_cpu},
    {"nofile", [](const JsonValue& value, LimitsSpec& limits,
                  Mistakes& m) { read_number_limit(value, "limits.nofile", &LimitsSpec::nofile, limits, m); }},
    {"nproc", [](const JsonValue& value, LimitsSpec& limits,
                 Mistakes& m) { read_number_limit(value, "limits.nproc", &LimitsSpec::nproc, limits, m); }},
    {"core", [](const JsonValue& value, LimitsSpec& limits,
                Mistakes& m) { read_byte_limit(value, "limits.core", &LimitsSpec::core, limits, m); }},
    {"fsize", [](const JsonValue& value, LimitsSpec& limits,
                 Mistakes& m) { read_byte_limit(value, "limits.fsize", &LimitsSpec::fsize, limits, m); }},
    {"stack", [](const JsonValue& value, LimitsSpec& limits,
                 Mistakes& m) { read_byte_limit(value, "limits.stack", &LimitsSpec::stack, limits, m); }},
    {"as", [](const JsonValue& value, LimitsSpec& limits,
              Mistakes& m) { read_byte_limit(value, "limits.as", &LimitsSpec::as, limits, m); }},
    {"nice", [](const JsonValue& value, LimitsSpec& limits,
                Mistakes& m) { limits.nice = read_integer(value, "limits.nice", -20, 19, m); }},
    {"umask", read_umask},
}};

}  // namespace

void read_limits(const JsonValue& value, LimitsSpec& limits, Mistakes& mistakes) {
  if (expect_object(value, "limits", mistakes)) read_fields(value, kLimitFields, limits, mistakes);
}

}  // namespace devinit::config
