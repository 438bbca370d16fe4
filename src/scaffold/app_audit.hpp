#pragma once

#include <optional>

#include "scaffold/allocation.hpp"
#include "scaffold/app_folder.hpp"
#include "scaffold/app_values.hpp"
#include "scaffold/audit.hpp"

namespace devinit::scaffold {

/// What a known app's files should say. `app` has an owner.
[[nodiscard]] AppValues values_of(const AppFolder& app, const Allocation& allocation);

/// One app, compared with what the registry says of it (nothing: only what is wrong in itself). Pure.
[[nodiscard]] AuditedApp audit_app(const AppFolder& app, const std::optional<Allocation>& allocation);

}  // namespace devinit::scaffold
