#include "cli/bring_up.hpp"

namespace devinit::cli {

Result<int> run_restart(const Context& context) { return start_and_wait(context, api::Request::Op::restart); }

}  // namespace devinit::cli
