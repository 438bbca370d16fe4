#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/draft.hpp"

namespace devinit::config {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// `env`: names to strings, with `${X}` filled in. A name that `environment` has already is replaced in place. Templates are
/// left as they are.
void read_env(const JsonValue& value, const Draft& draft, Environment& environment, Mistakes& mistakes);

/// Notes every value of an `env` or `runtime_env` object as a template of `service` (empty: `runtime_env`), to be judged later.
void note_templates(const JsonValue& value, const std::string& service, Draft& draft);

/// `runtime_env`: names that every shell accepts to one-line strings; `${X}` is kept for those who read the file.
void read_runtime_env(const JsonValue& value, Draft& draft, Mistakes& mistakes);

/// `env_files`: paths inside the project, with `${X}` filled in; appended.
void read_env_files(const JsonValue& value, const Draft& draft, std::vector<std::string>& env_files, Mistakes& mistakes);

}  // namespace devinit::config
