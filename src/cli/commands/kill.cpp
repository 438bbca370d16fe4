#include "cli/commands/commands.hpp"
#include "cli/conflict.hpp"
#include "os/interrupts.hpp"
#include "os/terminal.hpp"
#include "ports/probe.hpp"

namespace devinit::cli {
namespace {

/// {"port":8000,"free":true,"killed":[12345]}
void print_result(Output& output, Port port, const std::vector<ports::Holder>& killed) {
  if (!output.style().json) return;
  std::string pids;
  for (const auto& holder : killed) {
    if (!holder.process) continue;
    pids += (pids.empty() ? "" : ",") + std::to_string(holder.process->stat.identity.pid);
  }
  output.data("{\"port\":" + std::to_string(port) + ",\"free\":true,\"killed\":[" + pids + "]}");
}

Result<> ask(const Context& context, const std::string& question) {
  const auto& arguments = context.arguments;
  if (arguments.yes || arguments.force || arguments.force_mode) return {};
  const auto again = "devinit kill " + std::to_string(arguments.port) + " --yes";
  if (!can_ask(context.environment))
    return Error(Errc::refused, "not killed: there is no terminal to ask at", again + " does it unasked");
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  switch (os::ask_yes_no(question, os::Answer::no, kQuestionLimit, interrupts.fd())) {
    case os::Answer::yes:
      return {};
    case os::Answer::interrupted:
      return Error(Errc::interrupted, "interrupted");
    case os::Answer::timed_out:
      return Error(Errc::refused, "not killed: no answer for 60 s", again + " does it unasked");
    case os::Answer::end_of_input:
    case os::Answer::no:
      break;
  }
  return Error(Errc::refused, "not killed");
}

}  // namespace

Result<int> run_kill(const Context& context) {
  const Port port = context.arguments.port;
  const auto port_text = "port " + std::to_string(port);
  const auto holders = ports::holders_of(port);
  if (holders.empty() && ports::probe(port) == ports::Verdict::busy) {
    return Error(Errc::busy, port_text + " is bound by a process that does not listen: the kernel does not tell which, so nothing was killed",
                 "it may be about to start or to end; try again");
  }
  if (holders.empty()) {
    context.output.say(port_text + " is free");
    print_result(context.output, port, {});
    return 0;
  }
  for (const auto& holder : holders) context.output.say(port_text + " is held by " + ports::describe(holder));
  if (const auto reason = refusal(holders)) return Error(Errc::refused, "devinit does not kill " + *reason);
  TRY(ask(context, "Kill " + name_holders(holders) + " to free " + port_text + "? [y/N]"));
  TRY(evict_all(holders, port));
  context.output.say(port_text + " is free");
  print_result(context.output, port, holders);
  return 0;
}

}  // namespace devinit::cli
