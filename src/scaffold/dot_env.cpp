#include "scaffold/dot_env.hpp"

#include <algorithm>

namespace devinit::scaffold {
namespace {

using config::EnvEntry;

std::string_view written(std::string_view text, const EnvEntry& entry) noexcept {
  return text.substr(entry.value_begin, entry.value_end - entry.value_begin);
}

/// Whole lines are appended, in the text's own way to end a line.
void append_line(std::string& text, std::string_view line) {
  const std::string_view ending = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  if (!text.empty() && text.back() != '\n') text += ending;
  text += line;
  text += ending;
}

const std::string* wanted_value(const Variables& variables, std::string_view name) {
  const auto found = std::ranges::find(variables, name, &Variables::value_type::first);
  return found == variables.end() ? nullptr : &found->second;
}

}  // namespace

const EnvEntry* find_variable(const std::vector<EnvEntry>& entries, std::string_view name) noexcept {
  const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const EnvEntry& entry) { return entry.name == name; });
  return found == entries.rend() ? nullptr : &*found;
}

bool spans_lines(std::string_view text, const EnvEntry& entry) noexcept {
  return written(text, entry).find('\n') != std::string_view::npos;
}

Result<std::string> with_variables(std::string_view text, const std::string& file, const Variables& variables,
                                   Missing missing) {
  TRY_ASSIGN(const auto entries, config::parse_env_entries(text, file));
  std::string result;
  std::size_t done = 0;
  for (const auto& entry : entries) {
    const std::string* value = wanted_value(variables, entry.name);
    if (value == nullptr || entry.value == *value) continue;
    if (spans_lines(text, entry)) {
      return Error(Errc::config, file + ":" + std::to_string(entry.line) + ": the value of " + entry.name +
                                     " goes over several lines, and devinit has another one for it");
    }
    result += text.substr(done, entry.value_begin - done);
    result += *value;
    // A comment right behind an empty or quoted value would become part of a plain one.
    if (text.substr(entry.value_end).starts_with('#')) result += ' ';
    done = entry.value_end;
  }
  result += text.substr(done);
  if (missing == Missing::leave) return result;
  for (const auto& [name, value] : variables) {
    if (find_variable(entries, name) == nullptr) append_line(result, name + "=" + value);
  }
  return result;
}

Result<std::string> merged(std::string_view kept, std::string_view fresh, const std::string& file, const Variables& variables) {
  TRY_ASSIGN(const auto kept_entries, config::parse_env_entries(kept, file));
  TRY_ASSIGN(const auto fresh_entries, config::parse_env_entries(fresh, file));
  std::string result(kept);
  for (const auto& entry : fresh_entries) {
    if (find_variable(kept_entries, entry.name) != nullptr) continue;
    append_line(result, entry.name + "=" + std::string(written(fresh, entry)));
  }
  return with_variables(result, file, variables, Missing::append);
}

}  // namespace devinit::scaffold
