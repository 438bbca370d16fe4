#include "config/python_app.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

namespace devinit::config {
namespace {

constexpr std::string_view kFactories[] = {"create_app", "make_app", "build_app", "get_app", "app_factory"};

bool is_identifier_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view leading_identifier(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_identifier_char);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::string_view skip_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// "app = X", "app: FastAPI = X" → the variable and X. Indented lines belong to functions, "==" compares.
struct Assignment {
  std::string_view variable;
  std::string_view value;
};
std::optional<Assignment> top_level_assignment(std::string_view line) {
  const std::string_view variable = leading_identifier(line);
  if (variable.empty()) return std::nullopt;
  std::string_view rest = skip_blanks(line.substr(variable.size()));
  if (rest.empty() || (rest.front() != '=' && rest.front() != ':')) return std::nullopt;
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos || rest.substr(equals).starts_with("==")) return std::nullopt;
  return Assignment{variable, skip_blanks(rest.substr(equals + 1))};
}

/// "FastAPI(…)" and "fastapi.FastAPI(…)" call FastAPI; "MyFastAPI(…)" does not.
bool calls(std::string_view value, std::string_view function) {
  const std::size_t parenthesis = value.find('(');
  if (parenthesis == std::string_view::npos) return false;
  const std::string_view callee = value.substr(0, parenthesis);
  return callee.substr(callee.rfind('.') + 1) == function;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::optional<std::string_view> defined_factory(const std::vector<std::string_view>& lines) {
  for (std::string_view line : lines) {
    if (!line.starts_with("def ")) continue;
    const std::string_view name = leading_identifier(skip_blanks(line.substr(4)));
    if (std::find(std::begin(kFactories), std::end(kFactories), name) != std::end(kFactories)) return name;
  }
  return std::nullopt;
}

bool makes_app(std::string_view value, std::string_view class_name) {
  return calls(value, class_name) || std::any_of(std::begin(kFactories), std::end(kFactories),
                                                 [&](std::string_view factory) { return calls(value, factory); });
}

}  // namespace

std::string python_module(std::string_view file) {
  std::string module(file.ends_with(".py") ? file.substr(0, file.size() - 3) : file);
  std::replace(module.begin(), module.end(), '/', '.');
  if (module.ends_with(".__init__")) module.resize(module.size() - std::string_view(".__init__").size());
  return module;
}

std::string python_app_object(std::string_view source, std::string_view class_name) {
  const std::vector<std::string_view> lines = lines_of(source);
  for (std::string_view line : lines) {
    const std::optional<Assignment> assignment = top_level_assignment(line);
    if (assignment && makes_app(assignment->value, class_name)) return std::string(assignment->variable);
  }
  if (const auto factory = defined_factory(lines)) return std::string(*factory) + " --factory";
  return "app";
}

}  // namespace devinit::config
