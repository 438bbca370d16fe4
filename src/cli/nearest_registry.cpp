#include "cli/nearest_registry.hpp"

#include <utility>

#include "cli/pending_leases.hpp"
#include "cli/registry_access.hpp"

namespace devinit::cli {
namespace {

using registry::Access;
using registry::Location;

/// What is asked, whoever answers.
struct Question {
  const Context& context;
  const config::UserConfig& user;
  const registry::Checkout& checkout;
  std::span<const Port> ports;
};

Result<NearestRegistry> ask(const Question& question, const Location& location, Access access, bool pending = false) {
  TRY_ASSIGN(auto options, registry_options(question.context, question.user));
  options.pending = pending;
  NearestRegistry answer{nullptr, {}, access == Access::read_write, pending};
  TRY_ASSIGN(answer.registry, registry::Registry::open(location, access, std::move(options)));
  if (access == Access::read_write && !pending) hear_of_pending(question.context, question.user, *answer.registry);
  TRY_ASSIGN(answer.neighbours, answer.registry->neighbours_of(question.checkout, question.ports));
  return answer;
}

}  // namespace

Result<std::optional<NearestRegistry>> nearest_registry(const Context& context, const config::UserConfig& user,
                                                        const registry::Checkout& checkout, std::span<const Port> asked,
                                                        const std::function<void(const std::string&)>& warn) {
  const Question question{context, user, checkout, asked};
  const auto wanted = registry_location(context, user);
  auto answer = wanted ? ask(question, *wanted, Access::read_write) : Result<NearestRegistry>(wanted.error());
  if (answer) return std::optional(std::move(*answer));
  const auto error = answer.error();
  if (error.code == Errc::usage) return error;
  const auto problem = error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
  const auto local = registry::local_location(context.environment);
  if (wanted && local && local->target != wanted->target) answer = ask(question, *local, Access::read_write, true);
  if (answer) {
    warn(problem + "; going on with the registry of this machine: the other one hears of it when it is back");
    return std::optional(std::move(*answer));
  }
  warn(problem + "; going on without writing leases");
  // One that cannot be written can perhaps be read; one that did not answer is not asked again.
  const bool readable = wanted && wanted->backend == Location::Backend::sqlite;
  if (readable) answer = ask(question, *wanted, Access::read_only);
  return answer ? std::optional(std::move(*answer)) : std::optional<NearestRegistry>();
}

bool may_change_hands(const registry::Lease& lease, const std::string& repository) {
  const bool same_repository = !repository.empty() && lease.repository == repository;
  return lease.owner.kind == registry::OwnerKind::project && !same_repository;
}

}  // namespace devinit::cli
