#include "cli/lease_filter.hpp"

#include <filesystem>

#include "os/files.hpp"

namespace devinit::cli {
namespace {

using registry::OwnerKind;

Result<> narrow(registry::Filter& filter, OwnerKind kind) {
  if (filter.kind && *filter.kind != kind) {
    return Error(Errc::usage, std::string("only leases of the kind ") + registry::to_string(*filter.kind) + " were asked for, and of one " +
                                  registry::to_string(kind), "leave one of the two out");
  }
  filter.kind = kind;
  return {};
}

}  // namespace

Result<registry::Filter> lease_filter(const PortsArguments& arguments) {
  registry::Filter filter;
  if (!arguments.kind.empty()) {
    filter.kind = registry::owner_kind_from(arguments.kind);
    if (!filter.kind) return Error(Errc::usage, "\"" + arguments.kind + "\" is no kind of lease", "there are project, app and reserved");
  }
  if (!arguments.model.empty() || arguments.app) TRY(narrow(filter, OwnerKind::app));
  if (!arguments.project.empty()) TRY(narrow(filter, OwnerKind::project));
  if (!arguments.name.empty()) TRY(narrow(filter, OwnerKind::reserved));
  filter.name = !arguments.model.empty() ? arguments.model : arguments.name;
  if (!arguments.project.empty()) filter.name = folder_path(arguments.project);
  filter.app = arguments.app;
  filter.role = arguments.role;
  filter.pool = arguments.pool;
  filter.ports = arguments.range;
  filter.all_hosts = arguments.all_hosts;
  return filter;
}

bool lease_filter_is_empty(const PortsArguments& arguments) noexcept {
  return arguments.kind.empty() && arguments.model.empty() && !arguments.app && arguments.project.empty() && arguments.name.empty() &&
         arguments.role.empty() && arguments.pool.empty() && !arguments.range;
}

std::string folder_path(const std::string& text) {
  if (auto real = os::real_path(text)) return std::move(*real);
  std::error_code failure;
  auto path = std::filesystem::weakly_canonical(text, failure).string();
  if (failure || path.empty()) return text;
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace devinit::cli
