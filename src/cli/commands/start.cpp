#include "cli/bring_up.hpp"

namespace devinit::cli {

Result<int> run_start(const Context& context) {
  if (context.place == Place::shell) return start_and_wait(context, api::Request::Op::start);
  context.output.say("this is the first process of a container, which ends with it: start stays here, as up does");
  return run_up(context);
}

}  // namespace devinit::cli
