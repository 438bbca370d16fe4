#pragma once

namespace devinit::os {

/// Opens /dev/null in place of standard streams that the caller closed (`devinit start >&-`): else the next file or socket would become
/// descriptor 0, 1 or 2, and what is printed would end up in it. First thing in `main`.
void fill_standard_streams() noexcept;

}  // namespace devinit::os
