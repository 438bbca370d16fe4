#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/field_reader.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// What a checkout has for itself, beside the main file; not committed.
inline constexpr const char* kLocalOverlay = "devinit.local.json";

/// Files include each other so deep and no deeper; all in all there are so many.
inline constexpr std::size_t kDeepestInclude = 16;
inline constexpr std::size_t kMostFiles = 64;

/// A configuration as one value: what `text` includes (in order, a later file wins), `text` itself, which wins over that, and
/// kLocalOverlay beside it, which wins over all. A null takes away what is below it; only where nothing is included can
/// one stay. `include` itself is taken out. Every value knows its file (an index into
/// `mistakes.files()`, of which `file` is the first). Nothing when a file is missing, includes itself, or is so broken that
/// reading on would only find more of the same mistake; `mistakes` says it. What else is wrong with a file is in `mistakes` as
/// well.
[[nodiscard]] std::optional<JsonValue> read_config_sources(std::string_view text, const std::string& file,
                                                           const ProjectFiles& files, Mistakes& mistakes);

}  // namespace devinit::config
