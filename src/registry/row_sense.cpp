#include "registry/row_sense.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "registry/lease.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

/// The year 2200: no clock goes so wrong.
constexpr std::int64_t kLastTime = 7'258'118'400;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kLongestPath = 3 * 4096;  // PATH_MAX, with every byte written as three (path_text.hpp)

/// The columns of one row by their numbers. NULL is only good where a column may be NULL.
class Columns {
 public:
  explicit Columns(std::span<const Value> values) : values_(values) {}

  [[nodiscard]] std::optional<std::string_view> text(std::size_t column) const {
    const auto* const text = std::get_if<std::string_view>(&values_[column]);
    return text == nullptr ? std::nullopt : std::optional(*text);
  }
  [[nodiscard]] bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>(values_[column]); }
  [[nodiscard]] bool is_name(std::size_t column) const { return text(column) && check_name("", *text(column)).has_value(); }
  [[nodiscard]] bool is_name_or_empty(std::size_t column) const { return text(column) && (text(column)->empty() || is_name(column)); }
  [[nodiscard]] bool is_path_or_empty(std::size_t column) const {
    return text(column) && (text(column)->empty() || is_path(*text(column)));
  }
  [[nodiscard]] static bool is_path(std::string_view path) {
    return (path.starts_with('/') || path.starts_with("%:/")) && path.size() <= kLongestPath && is_plain_text(path);
  }
  [[nodiscard]] bool is_number(std::size_t column, std::int64_t lowest, std::int64_t highest) const {
    const auto digits = text(column);
    if (!digits) return false;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), number);
    return error == std::errc() && end == digits->data() + digits->size() && number >= lowest && number <= highest;
  }

 private:
  std::span<const Value> values_;
};

/// host, port, kind, owner, instance, role, label, checkout, repository, pid, pid_start, boot, created, last_used, pool, pending
bool is_lease(const Columns& row) {
  const auto kind = owner_kind_from(row.text(2).value_or(std::string_view()));
  if (!kind || !row.is_name(0) || !row.is_number(1, 1, 65535)) return false;
  const bool project = *kind == OwnerKind::project;
  const bool owned = project ? row.text(3) && Columns::is_path(*row.text(3)) : row.is_name(3);
  const bool no_process = row.is_null(9) && row.is_null(10) && row.is_null(11);
  const bool process = no_process || (row.is_number(9, 1, kMost) && row.is_number(10, 0, kMost) && row.is_name(11));
  return owned && row.is_number(4, *kind == OwnerKind::app ? 1 : 0, kMost) && row.is_name_or_empty(5) && row.text(6) &&
         is_plain_text(*row.text(6)) && row.is_path_or_empty(7) && row.is_path_or_empty(8) && process && row.is_number(12, 0, kLastTime) &&
         row.is_number(13, 0, kLastTime) && row.is_name_or_empty(14) && row.is_number(15, 0, 1);
}

}  // namespace

bool makes_sense(KeptTable table, std::span<const Value> values) {
  const Columns row(values);
  switch (table) {
    case KeptTable::leases:
      return is_lease(row);
    case KeptTable::project_names:  // host, name, model, app
      return row.is_name(0) && row.is_name(1) && row.is_name(2) && row.is_number(3, 1, kMost);
    case KeptTable::hosts:  // host, ephemeral, last_seen
      return row.is_name(0) && row.is_number(1, 0, 1) && row.is_number(2, 0, kLastTime);
  }
  return false;
}

}  // namespace devinit::registry
