#pragma once

#include <string>

namespace devinit::os {

/// The path of this program, for starting it once more. Also when its file has been replaced or deleted by an upgrade.
[[nodiscard]] std::string own_executable();

}  // namespace devinit::os
