#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "base/result.hpp"
#include "engine/snapshot.hpp"

namespace devinit::api {

class JsonWriter;
class MemberReader;

/// The members of one service, as the status document names them. `uptime_s` is among them when the reader's moment is known
/// (`now`, wall clock seconds). The caller opens and closes the object, so that it can add its own.
void write_service_members(JsonWriter& out, const engine::ServiceSnapshot& service, std::optional<std::int64_t> now = {});
/// Errc::protocol for a wrong type or a missing name or state. `ports` come back in the order of their names.
[[nodiscard]] Result<engine::ServiceSnapshot> read_service(const nlohmann::json& value);

/// The members `project`, `root` and `supervisor` of a project: all but its services.
void write_project_members(JsonWriter& out, const engine::ProjectSnapshot& project);
void read_project_members(MemberReader& members, engine::ProjectSnapshot& project);

/// A whole project as one object, services included.
void write_project(JsonWriter& out, const engine::ProjectSnapshot& project, std::optional<std::int64_t> now = {});
[[nodiscard]] Result<engine::ProjectSnapshot> read_project(const nlohmann::json& value);

}  // namespace devinit::api
