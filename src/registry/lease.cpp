#include "registry/lease.hpp"

#include <array>
#include <utility>

namespace devinit::registry {
namespace {

constexpr std::array<std::pair<OwnerKind, const char*>, 3> kKinds{
    {{OwnerKind::project, "project"}, {OwnerKind::app, "app"}, {OwnerKind::reserved, "reserved"}}};

}  // namespace

const char* to_string(OwnerKind kind) noexcept {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

std::optional<OwnerKind> owner_kind_from(std::string_view name) noexcept {
  for (const auto& [kind, known] : kKinds) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::string describe(const Lease& lease) {
  switch (lease.owner.kind) {
    case OwnerKind::project:
      return "project " + (lease.label.empty() ? lease.owner.name : lease.label + " (" + lease.owner.name + ")") + ", " + lease.owner.role;
    case OwnerKind::app:
      return "model " + lease.owner.name + " app " + std::to_string(lease.owner.instance) + ", " + lease.owner.role;
    case OwnerKind::reserved:
      break;
  }
  return "reserved for " + lease.owner.name;
}

}  // namespace devinit::registry
