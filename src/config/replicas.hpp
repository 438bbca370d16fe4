#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/draft.hpp"

namespace devinit::config {

/// The names under which a service of the file runs: its own, or NAME-0 … NAME-(N-1) when it has several replicas.
[[nodiscard]] std::vector<std::string> running_names(const Draft& draft, const std::string& name);

/// Makes several services of those that have replicas, in a draft without mistakes: their ports follow each other, whoever
/// names them (in `depends_on` and profiles) means all of them, and templates mean the first. Fills `{index}` in every service.
void expand_replicas(Draft& draft);

/// `{index}` → the number; only a doubled one, `{{index}}`, stands for the text `{index}`, and `${index}` is the shell's.
[[nodiscard]] std::string fill_index(std::string_view text, int index);
/// The text that `fill_index` makes `text` of again.
[[nodiscard]] std::string without_index(std::string_view text);

}  // namespace devinit::config
