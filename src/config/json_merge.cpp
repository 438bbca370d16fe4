#include "config/json_merge.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

void remove_at(JsonValue& object, std::size_t index) {
  object.members.erase(object.members.begin() + static_cast<std::ptrdiff_t>(index));
  object.member_positions.erase(object.member_positions.begin() + static_cast<std::ptrdiff_t>(index));
}

/// Nulls that have nothing to take away.
void drop_nulls(JsonValue& object) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    if (object.members[i].second.kind == Kind::null) continue;
    drop_nulls(object.members[i].second);
    if (kept != i) {
      object.members[kept] = std::move(object.members[i]);
      object.member_positions[kept] = object.member_positions[i];
    }
    ++kept;
  }
  object.members.resize(kept);
  object.member_positions.resize(kept);
}

void merge_value(JsonValue& base, JsonValue overlay) {
  if (base.kind != Kind::object || overlay.kind != Kind::object) {
    drop_nulls(overlay);
    base = std::move(overlay);
    return;
  }
  base.line = overlay.line;
  base.column = overlay.column;
  base.file = overlay.file;
  merge_members(base, std::move(overlay));
}

}  // namespace

void merge_members(JsonValue& base, JsonValue overlay) {
  std::map<std::string, std::size_t> places;  // a hostile file may have a hundred thousand keys
  for (std::size_t i = 0; i < base.members.size(); ++i) places.emplace(base.members[i].first, i);
  std::vector<std::size_t> removed;
  for (std::size_t i = 0; i < overlay.members.size(); ++i) {
    auto& [key, value] = overlay.members[i];
    const auto place = places.find(key);
    if (place == places.end()) {
      if (value.kind == Kind::null) continue;
      drop_nulls(value);
      base.members.emplace_back(key, std::move(value));
      base.member_positions.push_back(overlay.member_positions[i]);
    } else if (value.kind == Kind::null) {
      removed.push_back(place->second);
    } else {
      merge_value(base.members[place->second].second, std::move(value));
      base.member_positions[place->second] = overlay.member_positions[i];
    }
  }
  std::sort(removed.rbegin(), removed.rend());
  for (const std::size_t index : removed) remove_at(base, index);
}

void remove_member(JsonValue& object, std::string_view key) {
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    if (object.members[i].first != key) continue;
    remove_at(object, i);
    return;
  }
}

void set_file(JsonValue& value, int file) {
  value.file = file;
  for (auto& item : value.items) set_file(item, file);
  for (auto& member : value.members) set_file(member.second, file);
}

}  // namespace devinit::config
