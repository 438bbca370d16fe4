#include "config/environment_reader.hpp"

#include <algorithm>
#include <map>

#include "config/project_path.hpp"
#include "config/substitution.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

/// What execve(2) can carry and a person can read.
bool is_env_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '\x7F' && c != '='; });
}

/// What every reader of `.env.runtime` accepts.
bool is_shell_name(std::string_view name) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Sets variables, each in the place where its name stands already. Indexed, because an object may have ten thousand names.
class EnvironmentWriter {
 public:
  explicit EnvironmentWriter(Environment& environment) : environment_(environment) {
    for (std::size_t i = 0; i < environment.size(); ++i) places_.emplace(environment[i].first, i);
  }

  void set(const std::string& name, std::string value) {
    const auto [place, added] = places_.emplace(name, environment_.size());
    if (added) {
      environment_.emplace_back(name, std::move(value));
    } else {
      environment_[place->second].second = std::move(value);
    }
  }

 private:
  Environment& environment_;
  std::map<std::string, std::size_t> places_;
};

/// Values may be empty: `NAME=` is how a variable is emptied.
std::optional<std::string> read_value(const JsonValue& value, const std::string& what, Mistakes& mistakes) {
  if (value.kind == JsonValue::Kind::string) return value.text;
  return read_string(value, what, mistakes);
}

}  // namespace

void read_env(const JsonValue& value, const Draft& draft, Environment& environment, Mistakes& mistakes) {
  if (!expect_object(value, "env", mistakes)) return;
  EnvironmentWriter writer(environment);
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, item] = value.members[i];
    if (!is_env_name(name)) {
      mistakes.add(position_of_key(value, i), quoted(name) + " cannot name a variable", "no blanks, no `=`");
    }
    const auto text = read_value(item, "env." + name, mistakes);
    if (!text) continue;
    auto filled = substitute(*text, draft.variables, Templates::defuse);
    if (filled) {
      writer.set(name, std::move(*filled));
    } else {
      mistakes.add(item, quoted("env." + name) + ": " + filled.error().message, filled.error().hint);
    }
  }
}

void note_templates(const JsonValue& value, const std::string& service, Draft& draft) {
  for (const auto& [name, item] : value.members) {
    if (item.kind != JsonValue::Kind::string) continue;
    // Judged as it will be filled, so that a `${X:-{a.port}}` counts only when its default does.
    const auto filled =
        service.empty() ? Result<std::string>(item.text) : substitute(item.text, draft.variables, Templates::defuse);
    if (filled) draft.templates.push_back({position_of(item), service, *filled});
  }
}

void read_runtime_env(const JsonValue& value, Draft& draft, Mistakes& mistakes) {
  if (!expect_object(value, "runtime_env", mistakes)) return;
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, item] = value.members[i];
    if (!is_shell_name(name)) {
      mistakes.add(position_of_key(value, i), quoted(name) + " cannot name a variable", "letters, digits and `_`, no digit first");
    }
    const auto text = read_value(item, "runtime_env." + name, mistakes);
    if (!text) continue;
    if (text->find_first_of("\r\n") != std::string::npos) {
      mistakes.add(item, quoted("runtime_env." + name) + " must be one line", "`.env.runtime` is read line by line");
    }
    draft.config.runtime_env.emplace_back(name, *text);
  }
  note_templates(value, "", draft);
}

void read_env_files(const JsonValue& value, const Draft& draft, std::vector<std::string>& env_files, Mistakes& mistakes) {
  for (const auto& [text, at] : read_strings(value, "env_files", mistakes)) {
    const auto filled = substitute(text, draft.variables, Templates::keep);
    if (!filled) {
      mistakes.add(at, "`env_files`: " + filled.error().message, filled.error().hint);
      continue;
    }
    const auto path = inside_project(*filled);
    if (path && !path->empty()) {
      env_files.push_back(*path);
    } else {
      mistakes.add(at, "`env_files` " + quoted(*filled) + " is no file inside the project", "relative to the project's root");
    }
  }
}

}  // namespace devinit::config
