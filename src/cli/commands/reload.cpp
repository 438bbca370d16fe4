#include "cli/bring_up.hpp"

namespace devinit::cli {

Result<int> run_reload(const Context& context) { return reload_and_wait(context); }

}  // namespace devinit::cli
