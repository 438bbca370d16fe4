#pragma once

#include <span>

#include "registry/database.hpp"
#include "registry/row_rescue.hpp"

namespace devinit::registry {

/// Whether a row that was read around damage can be what was written. Pages that are overwritten in part give rows of random bytes: port -1, a
/// name that is no text, a time in the year 40000. `values` are the columns of the table in the order of `RowWriter`, texts or NULL. Pure.
[[nodiscard]] bool makes_sense(KeptTable table, std::span<const Value> values);

}  // namespace devinit::registry
