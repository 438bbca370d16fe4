// devinit lease write|end …: the words are written by supervisor/lease_order.cpp. What it says on stderr becomes a notice for
// the clients of the supervisor, line by line; the last line of success is "done".
#include <algorithm>
#include <charconv>

#include "cli/registry_access.hpp"
#include "cli/supervisor_link.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

struct Order {
  bool end = false;
  bool pending = false;
  registry::Checkout checkout;
  registry::LiveProcess supervisor;
  std::vector<registry::WantedLease> wanted;
};

/// "1234:5678901": pid and start time.
bool read_process(const std::string& text, registry::LiveProcess& process) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return false;
  const auto number = [&](std::size_t first, std::size_t last, std::int64_t& target) {
    const auto [end, error] = std::from_chars(text.data() + first, text.data() + last, target);
    return error == std::errc() && end == text.data() + last;
  };
  process.boot_id = os::boot_id();
  return number(0, colon, process.pid) && number(colon + 1, text.size(), process.start_ticks);
}

/// "backend=8000".
bool read_lease(const std::string& text, bool named, std::vector<registry::WantedLease>& leases) {
  const auto equals = text.rfind('=');
  if (equals == std::string::npos) return false;
  const auto port = parse_port(std::string_view(text).substr(equals + 1));
  if (port) leases.push_back({text.substr(0, equals), *port, named});
  return port.has_value();
}

bool read_option(const std::string& name, const std::string& value, Order& order) {
  if (name == "--root") order.checkout.root = value;
  if (name == "--name") order.checkout.name = value;
  if (name == "--repository") order.checkout.repository = value;
  if (name == "--supervisor") return read_process(value, order.supervisor);
  if (name == "--named" || name == "--chosen") return read_lease(value, name == "--named", order.wanted);
  return true;
}

Result<Order> read_order(const std::vector<std::string>& words) {
  const Error nonsense(Errc::usage, "`devinit lease` is what supervisors call", "see `devinit ports --help`");
  Order order;
  if (words.empty() || (words[0] != "write" && words[0] != "end")) return nonsense;
  order.end = words[0] == "end";
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--pending") {
      order.pending = true;
      continue;
    }
    if (i + 1 == words.size() || !read_option(words[i], words[i + 1], order)) return nonsense;
    ++i;
  }
  if (order.checkout.root.empty() || order.supervisor.pid == 0) return nonsense;
  return order;
}

/// Another supervisor has taken the project over: what this order says is out of date.
bool is_superseded(const Context& context, const Order& order) {
  auto paths = os::project_paths(order.checkout.root, context.environment);
  if (!paths) return false;
  const auto live = find_supervisor({std::move(*paths), context.environment});
  return live && live->process.pid != order.supervisor.pid;
}

void report(const registry::LeaseReport& report, Output& output) {
  for (const auto& lease : report.taken_over) {
    output.say("took port " + std::to_string(lease.port) + " over from " + registry::describe(lease) + ", which is not running");
  }
  for (const auto& lease : report.refused) {
    output.warn("port " + std::to_string(lease.port) + " belongs to " + registry::describe(lease) + ": it keeps the lease");
  }
}

/// Leases that were taken while the team's registry was away, by project.
Result<std::map<std::string, std::vector<registry::Lease>>> pending_leases(registry::Registry& local) {
  std::map<std::string, std::vector<registry::Lease>> pending;
  registry::Filter filter;
  filter.kind = registry::OwnerKind::project;
  TRY(local.each_lease(filter, [&](const registry::Lease& lease) {
    if (lease.pending) pending[lease.owner.name].push_back(lease);
  }));
  return pending;
}

Result<> carry_over(const Context& context, registry::Registry& team, const std::vector<registry::Lease>& leases) {
  const auto& first = leases.front();
  const registry::Checkout checkout{first.owner.name, first.label, first.repository};
  std::vector<registry::WantedLease> wanted;
  for (const auto& lease : leases) {
    const registry::WantedLease want{lease.owner.role, lease.port, false};
    if (!lease.owner.role.starts_with("run:")) {
      wanted.push_back(want);
      continue;
    }
    TRY_ASSIGN(const auto result, team.lease_run(checkout, want, lease.live));
    report(result, context.output);
  }
  if (wanted.empty()) return {};
  TRY_ASSIGN(const auto result, team.lease_project(checkout, wanted, first.live));
  report(result, context.output);
  return {};
}

/// The team's registry is back: it hears of what was leased on this machine meanwhile. `done` is the project that it knows already.
Result<> reconcile(const Context& context, const config::UserConfig& user, registry::Registry& team, const std::string& done) {
  const auto location = registry::local_location(context.environment);
  if (!location || location->target == team.location().target || !os::path_exists(location->target)) return {};
  TRY_ASSIGN(auto options, registry_options(context, user));
  TRY_ASSIGN(const auto local, registry::Registry::open(*location, registry::Access::read_write, std::move(options)));
  TRY_ASSIGN(const auto pending, pending_leases(*local));
  for (const auto& [root, leases] : pending) {
    if (root != done) TRY(carry_over(context, team, leases));
    TRY(local->settle_project(root));
    context.output.say("the registry knows now what was leased for " + root + " while it was away");
  }
  return {};
}

Result<> carry_out(const Context& context, const Order& order) {
  // Its mistakes have been told to whoever started the project.
  const auto read = load_user_config(context.environment);
  const auto user = read ? *read : config::UserConfig();
  TRY_ASSIGN(const auto location, registry_location(context, user));
  TRY_ASSIGN(auto options, registry_options(context, user));
  options.pending = order.pending;
  TRY_ASSIGN(const auto registry, registry::Registry::open(location, registry::Access::read_write, std::move(options)));
  if (order.end) {
    TRY(registry->end_run(order.checkout.root, order.supervisor));
  } else if (!is_superseded(context, order)) {
    TRY_ASSIGN(const auto result, registry->lease_project(order.checkout, order.wanted, order.supervisor));
    report(result, context.output);
    if (!order.pending) TRY(reconcile(context, user, *registry, order.checkout.root));
  }
  context.output.data("done");  // what closing the database takes is nobody's wait
  return {};
}

}  // namespace

Result<int> run_lease(const Context& context) {
  TRY_ASSIGN(const auto order, read_order(context.arguments.words));
  if (const auto done = carry_out(context, order); !done) {
    const auto& error = done.error();
    context.output.warn("no lease was written: " + error.message + (error.hint.empty() ? "" : " (" + error.hint + ")"));
    return exit_code_of(error.code);
  }
  return 0;
}

}  // namespace devinit::cli
