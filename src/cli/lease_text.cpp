#include "cli/lease_text.hpp"

#include "base/base_name.hpp"
#include "base/duration.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;
using registry::OwnerKind;

void write_owner(api::JsonWriter& writer, const Lease& lease) {
  switch (lease.owner.kind) {
    case OwnerKind::app:
      writer.member("model", lease.owner.name);
      writer.member("app", lease.owner.instance);
      return;
    case OwnerKind::project:
      writer.member("project", lease.label);
      writer.member("root", lease.owner.name);
      return;
    case OwnerKind::reserved:
      writer.member("name", lease.owner.name);
      return;
  }
}

const char* kind_name(ports::Holder::Kind kind) {
  switch (kind) {
    case ports::Holder::Kind::listener:
      return "listener";
    case ports::Holder::Kind::fence:
      return "fence";
    case ports::Holder::Kind::leftovers:
      return "leftovers";
    case ports::Holder::Kind::hidden:
      return "hidden";
  }
  return "";
}

}  // namespace

void begin_lease(api::JsonWriter& writer, const Lease& lease, bool is_live) {
  writer.begin_object();
  writer.member("port", lease.port);
  writer.member("host", lease.host);
  writer.member("kind", registry::to_string(lease.owner.kind));
  write_owner(writer, lease);
  writer.member("role", lease.owner.role);
  writer.member("checkout", lease.checkout);
  writer.member("pool", lease.pool);
  writer.member("created", lease.created);
  writer.member("last_used", lease.last_used);
  writer.member("pid", is_live && lease.live ? std::optional(lease.live->pid) : std::nullopt);
  writer.member("pending", lease.pending);
}

void write_holder(api::JsonWriter& writer, const ports::Holder& holder) {
  const auto& process = holder.process;
  writer.begin_object();
  writer.member("kind", kind_name(holder.kind));
  writer.member("pid", process ? std::optional(process->stat.identity.pid) : std::nullopt);
  writer.member("command", process ? std::optional(ports::command_line(*process)) : std::nullopt);
  writer.member("user", process ? std::optional(process->user) : std::nullopt);
  writer.member("uid", holder.kind == ports::Holder::Kind::leftovers ? std::nullopt : std::optional(holder.uid));
  writer.member("cwd", process ? std::optional(process->cwd) : std::nullopt);
  writer.member("project", holder.ours ? std::optional(holder.ours->project) : std::nullopt);
  writer.member("root", holder.ours ? std::optional(holder.ours->root) : std::nullopt);
  writer.member("service", holder.ours ? std::optional(holder.ours->service) : std::nullopt);
  writer.end_object();
}

void write_holders(api::JsonWriter& writer, const std::vector<ports::Holder>& holders) {
  writer.begin_array();
  for (const auto& holder : holders) write_holder(writer, holder);
  writer.end_array();
}

std::string owner_text(const Lease& lease) {
  switch (lease.owner.kind) {
    case OwnerKind::app:
      return lease.owner.name + " app " + std::to_string(lease.owner.instance);
    case OwnerKind::project:
      return "project " + (lease.label.empty() ? std::string(base_name(lease.owner.name)) : lease.label);
    case OwnerKind::reserved:
      break;
  }
  return "reserved for " + lease.owner.name;
}

const std::string& folder_of(const Lease& lease) {
  return lease.owner.kind == OwnerKind::project ? lease.owner.name : lease.checkout;
}

std::string short_text(const std::vector<ports::Holder>& holders) {
  constexpr std::size_t kColumn = 40;
  std::string text;
  for (const auto& holder : holders) {
    if (!text.empty()) text += ", ";
    text += holder.process
                ? std::to_string(holder.process->stat.identity.pid) + " (" + ports::command_line(*holder.process, kColumn) + ")"
                : "uid " + std::to_string(holder.uid);
  }
  return text;
}

std::string ago(registry::Seconds then, registry::Seconds now) {
  if (now - then < 2) return "just now";
  return format_duration(std::chrono::seconds(now - then)) + " ago";
}

}  // namespace devinit::cli
