#pragma once

#include <string_view>

#include "config/json_reader.hpp"

namespace devinit::config {

/// Lays the members of the object `overlay` over those of the object `base`: objects are merged deeply, everything else is
/// replaced, and a null takes away what `base` has, if it has it; none stays but those in arrays. New members follow in the order of `overlay`. What is replaced or merged has the position of `overlay` from then on;
/// `base` itself keeps its own.
void merge_members(JsonValue& base, JsonValue overlay);

/// Takes a member away, if there is one.
void remove_member(JsonValue& object, std::string_view key);

/// Marks a value, and all that is in it, as read from the file of this number.
void set_file(JsonValue& value, int file);

}  // namespace devinit::config
