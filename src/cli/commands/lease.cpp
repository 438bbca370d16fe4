// devinit lease write|end …: the words are written by supervisor/lease_order.cpp. What it says on stderr becomes a notice for
// the clients of the supervisor, line by line; "refused PORT OWNER" is for the supervisor itself, and the last line of success is "done".
#include <algorithm>
#include <charconv>

#include "cli/pending_leases.hpp"
#include "cli/registry_access.hpp"
#include "cli/supervisor_link.hpp"
#include "cli/text_table.hpp"
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
    say_taken_over(result, context.output);
    for (const auto& lease : result.refused) {
      context.output.data(one_line("refused " + std::to_string(lease.port) + " " + registry::describe(lease)));
    }
    if (!order.pending) TRY(carry_over_pending(context, user, *registry, order.checkout.root));
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
