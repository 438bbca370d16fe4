#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devinit::scaffold {

/// The compose project name that an owner should get: lower case, every run of characters other than a-z and 0-9 is one `-`, none at
/// the ends, at most 63 bytes with "-appN": `anthropic_claude-4.5-haiku`, 1 → "anthropic-claude-4-5-haiku-app1". A model without a
/// usable character is "model-<hash>". Two owners may get the same: the registry keeps them apart.
[[nodiscard]] std::string preferred_project_name(std::string_view model, std::int64_t app);

}  // namespace devinit::scaffold
