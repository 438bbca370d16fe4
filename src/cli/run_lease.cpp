#include "cli/run_lease.hpp"

#include "cli/nearest_registry.hpp"
#include "cli/registry_access.hpp"
#include "project/git_folder.hpp"

namespace devinit::cli {
namespace {

Error owned_by_another(Port port, const std::string& owner) {
  return Error(Errc::busy, "port " + std::to_string(port) + " belongs to " + owner,
               "say another --port, let devinit look for one (AUTO_FIND_PORT=true or --range A-B), or end that lease (`devinit "
               "ports release`)");
}

}  // namespace

RunLease::RunLease(const Context& context, const Project& project, std::string name, RunTalk& talk)
    : context_(context),
      checkout_{project.root(), project.folder_name(), project::shared_git_folder(project.root())},
      role_("run:" + std::move(name)),
      talk_(talk) {}

void RunLease::give_up(const Error& error) {
  talk_.warn("the port is not leased: " + error.message + (error.hint.empty() ? "" : " (" + error.hint + ")"));
  registry_.reset();
}

std::string RunLease::shown() const { return registry_ ? registry_->location().shown : std::string(); }

Result<RunWish> RunLease::choose(const config::RunSettings& settings) {
  TRY_ASSIGN(const auto user, load_user_config(context_.environment));  // a mistake in a file of the user's is worth an error
  PortSet avoid = port_policy(user.ports, nullptr, false).never;
  RunWish wish{settings.port, {}, {}};
  const auto add_avoided = [&] {
    for (unsigned port = settings.range.first; port <= settings.range.last; ++port) {
      if (avoid.contains(static_cast<Port>(port))) wish.avoid.push_back(static_cast<Port>(port));
    }
  };
  const auto warn = [this](const std::string& text) { talk_.warn(text); };
  TRY_ASSIGN(auto nearest, nearest_registry(context_, user, checkout_, {&settings.port, 1}, warn));
  if (!nearest) {
    add_avoided();
    return wish;
  }
  const auto& neighbours = nearest->neighbours;
  avoid.insert(neighbours.taken);
  for (const auto& [role, port] : neighbours.own) {
    if (role == role_) continue;
    avoid.insert(port);
    siblings_[port] = role;
  }
  add_avoided();
  const auto lease = neighbours.others.find(settings.port);
  const bool may_have_it = lease == neighbours.others.end() || may_take_over(*nearest->registry, lease->second, settings);
  if (!may_have_it) {
    const auto owner = registry::describe(lease->second);
    if (!settings.auto_find) return owned_by_another(settings.port, owner);
    const auto own = neighbours.own.find(role_);
    const bool usable = own != neighbours.own.end() && settings.range.contains(own->second) && !avoid.contains(own->second);
    wish.prefer = usable ? std::optional(own->second) : std::nullopt;
    wish.reason = std::to_string(settings.port) + " belongs to " + owner;
  }
  if (nearest->writable) registry_ = std::move(nearest->registry);
  return wish;
}

/// Who insists on a number may have that of an idle lease.
bool RunLease::may_take_over(const registry::Registry& registry, const registry::Lease& lease, const config::RunSettings& settings) const {
  const bool insists = settings.port_named || !settings.auto_find;
  return insists && may_change_hands(lease, checkout_.repository) && !registry.is_live(lease);
}

void RunLease::take(Port port, bool named, const os::ProcessIdentity& supervisor) {
  if (!registry_) return;
  live_ = registry::LiveProcess{supervisor.pid, static_cast<std::int64_t>(supervisor.start_ticks), os::boot_id()};
  const auto report = registry_->lease_run(checkout_, {role_, port, named}, live_);
  if (!report) return give_up(report.error());
  if (const auto sibling = siblings_.find(port); sibling != siblings_.end() && report->refused.empty()) {
    talk_.warn("port " + std::to_string(port) + " is that of `" + sibling->second + "` in this folder, which is not running: " +
               "this run uses it in its place");
  }
  for (const auto& lease : report->taken_over) {
    talk_.warn("took port " + std::to_string(lease.port) + " over from " + registry::describe(lease) +
               ", which is not running");
  }
  for (const auto& lease : report->refused) {
    talk_.warn("port " + std::to_string(lease.port) + " belongs to " + registry::describe(lease) +
               ", which keeps it: it has two users now");
  }
}

void RunLease::end() {
  if (registry_ && live_) static_cast<void>(registry_->end_run(checkout_.root, *live_));
}

}  // namespace devinit::cli
