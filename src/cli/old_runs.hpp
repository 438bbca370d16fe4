#pragma once

#include "cli/project.hpp"

namespace devinit::cli {

/// Removes the data of other runs that nobody comes back to: their folder is gone, or they were last started 30 days ago or earlier. What
/// a live supervisor or command line has locked stays. `run`: one of those that stay.
void remove_old_runs(const Project& run);

}  // namespace devinit::cli
