#include "cli/bring_up.hpp"

namespace devinit::cli {

Result<int> run_start(const Context& context) { return start_and_wait(context, api::Request::Op::start); }

}  // namespace devinit::cli
