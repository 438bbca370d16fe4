#pragma once

#include <vector>

#include "os/folder_tree.hpp"

namespace devinit::os {

/// Empties the folder `old`, whose place `fresh` has taken in one step, without losing what programs put into it meanwhile.
/// `known` is what was listed in `old` before: an entry that is still the same (inode, size, time of change), or that `fresh`
/// has, too (the same inode), goes. Anything else moves to its path in `fresh`; there it takes the place of nothing but the
/// unchanged entry that was known under that path. True when `old` is empty in the end; what can neither go nor move stays.
/// Links are not followed, other file systems not entered.
[[nodiscard]] bool retire_tree(int old, int fresh, const std::vector<TreeEntry>& known) noexcept;

}  // namespace devinit::os
