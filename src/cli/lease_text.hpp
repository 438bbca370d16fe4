#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/json_writer.hpp"
#include "ports/holder.hpp"
#include "registry/lease.hpp"

namespace devinit::cli {

using Holders = std::map<Port, std::vector<ports::Holder>>;

/// One object of `--json` (docs/registry.md): port, host, kind, the owner by its kind (model and app; project and root; name), role, checkout,
/// pool, created, last_used, pid (null unless `is_live`), pending. Left open for further members; the caller ends it.
void begin_lease(api::JsonWriter& writer, const registry::Lease& lease, bool is_live);
/// {"pid":1,"command":"…","user":"ann","uid":1000,"cwd":"…","project":null,"service":null,"kind":"listener"}
void write_holder(api::JsonWriter& writer, const ports::Holder& holder);
void write_holders(api::JsonWriter& writer, const std::vector<ports::Holder>& holders);

/// "project shop", "model gpt-5 app 12", "reserved for legacy": the owner without its role, for a column.
[[nodiscard]] std::string owner_text(const registry::Lease& lease);
/// Where its files are: the root of a project, the checkout of an app; empty when not known.
[[nodiscard]] const std::string& folder_of(const registry::Lease& lease);
/// "1234 (python3 app.py)", "uid 33": holders for a column.
[[nodiscard]] std::string short_text(const std::vector<ports::Holder>& holders);
/// "just now", "5m 3s ago", "12d 4h ago".
[[nodiscard]] std::string ago(registry::Seconds then, registry::Seconds now);

}  // namespace devinit::cli
