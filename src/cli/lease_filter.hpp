#pragma once

#include <string>

#include "cli/registry_arguments.hpp"
#include "registry/requests.hpp"

namespace devinit::cli {

/// The filter that the options of `list` and `watch` make. Errc::usage for an unknown kind, and for options that contradict each other.
[[nodiscard]] Result<registry::Filter> lease_filter(const PortsArguments& arguments);
/// No option narrows the list.
[[nodiscard]] bool lease_filter_is_empty(const PortsArguments& arguments) noexcept;

/// The real path of a folder that a user named; of one that is gone its absolute path, as it was leased under.
[[nodiscard]] std::string folder_path(const std::string& text);

}  // namespace devinit::cli
