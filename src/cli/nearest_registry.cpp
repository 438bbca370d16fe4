#include "cli/nearest_registry.hpp"

#include <utility>

#include "cli/pending_leases.hpp"
#include "cli/registry_access.hpp"

namespace devinit::cli {
namespace {

using registry::Access;
using registry::Location;

class Asking {
 public:
  Asking(const Context& context, const config::UserConfig& user, const registry::Checkout& checkout, std::span<const Port> asked)
      : context_(context), user_(user), checkout_(checkout), asked_(asked) {}

  [[nodiscard]] Result<NearestRegistry> ask(const Location& location, Access access, bool pending = false) const {
    TRY_ASSIGN(auto options, registry_options(context_, user_));
    options.pending = pending;
    NearestRegistry answer{nullptr, {}, access == Access::read_write, pending};
    TRY_ASSIGN(answer.registry, registry::Registry::open(location, access, std::move(options)));
    if (access == Access::read_write && !pending) hear_of_pending(context_, user_, *answer.registry);
    TRY_ASSIGN(answer.neighbours, answer.registry->neighbours_of(checkout_, asked_));
    return answer;
  }

 private:
  const Context& context_;
  const config::UserConfig& user_;
  const registry::Checkout& checkout_;
  std::span<const Port> asked_;
};

}  // namespace

Result<std::optional<NearestRegistry>> nearest_registry(const Context& context, const config::UserConfig& user,
                                                        const registry::Checkout& checkout, std::span<const Port> asked,
                                                        const std::function<void(const std::string&)>& warn) {
  const Asking asking(context, user, checkout, asked);
  const auto wanted = registry_location(context, user);
  auto answer = wanted ? asking.ask(*wanted, Access::read_write) : Result<NearestRegistry>(wanted.error());
  if (answer) return std::optional(std::move(*answer));
  const auto error = answer.error();
  if (error.code == Errc::usage) return error;
  const auto problem = error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
  const auto local = registry::local_location(context.environment);
  if (wanted && local && local->target != wanted->target) answer = asking.ask(*local, Access::read_write, true);
  if (answer) {
    warn(problem + "; going on with the registry of this machine: the other one hears of it when it is back");
    return std::optional(std::move(*answer));
  }
  warn(problem + "; going on without writing leases");
  // One that cannot be written can perhaps be read; one that did not answer is not asked again.
  const bool readable = wanted && wanted->backend == Location::Backend::sqlite;
  if (readable) answer = asking.ask(*wanted, Access::read_only);
  return answer ? std::optional(std::move(*answer)) : std::optional<NearestRegistry>();
}

}  // namespace devinit::cli
