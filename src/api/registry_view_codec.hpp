#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/json_writer.hpp"
#include "api/registry_view.hpp"
#include "base/result.hpp"

namespace devinit::api {

/// One JSON object: {"location","pending","ephemeral","repository","avoid":"1-1023,8000","ephemeral_first","neighbours":[{"port","owner",
/// "yields"}],"own":[{"role","port"}],"pools":[{"role","start","step","end"}]}. Ports are ranges in one text: a machine may have twenty
/// thousand leases.
void write_registry_view(JsonWriter& out, const RegistryView& view);
/// Errc::protocol.
[[nodiscard]] Result<RegistryView> read_registry_view(const nlohmann::json& object);

}  // namespace devinit::api
