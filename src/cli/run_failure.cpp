#include "cli/run_failure.hpp"

#include "cli/never_chosen.hpp"
#include "cli/registry_access.hpp"
#include "ports/holder.hpp"
#include "ports/reserved_ports.hpp"

namespace devinit::cli {
namespace {

/// How the wanted port is freed. What another devinit runs is ended where it was started: `devinit kill` refuses it.
std::string way_to_free(const config::RunSettings& settings, const RunObserver& observer) {
  if (!observer.met_devinit()) return "free it (`devinit kill " + std::to_string(settings.port) + "`)";
  std::string folder;
  for (const auto& holder : ports::holders_of(settings.port)) {
    if (holder.ours) folder = holder.ours->root;
  }
  return "stop it there (`devinit stop" + (folder.empty() ? "` in its folder" : " -C " + folder + "`") +
         "; a `devinit run` ends with Ctrl-C)";
}

std::string passed_over(const Context& context, const RunWish& wish) {
  const auto user = load_user_config(context.environment);
  auto ports = never_chosen(wish.avoid, user ? user->ports : config::PortRules(), ports::ReservedPorts::current().ranges());
  return ports.empty() ? ports : "; never chosen: " + ports;
}

}  // namespace

Error run_failure(const Context& context, const api::Done& done, const config::RunSettings& settings, const RunWish& wish,
                  const RunObserver& observer) {
  Error error(done.config_error ? Errc::config : done.code, done.error, done.hint);
  if (error.code != Errc::busy) return error;
  if (settings.auto_find) {
    error.message += passed_over(context, wish);
    error.hint = "end some of them, or widen the range: --range A-B, or PORT_RANGE_START and PORT_RANGE_END";
  } else {
    error.hint = way_to_free(settings, observer) +
                 ", say another --port, or let devinit look for one: AUTO_FIND_PORT=true, or --range A-B";
  }
  return error;
}

}  // namespace devinit::cli
