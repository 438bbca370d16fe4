#include "scaffold/dot_env.hpp"

#include <algorithm>

#include "scaffold/placeholder.hpp"

namespace devinit::scaffold {
namespace {

constexpr std::string_view kBlanks = " \t";

/// One line of the text: offsets into it, without the line break.
struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;   ///< of the text of the line
  std::size_t next = 0;  ///< where the next line begins
};

/// `NAME=value # remark`: where name and value (as written, quotes included) are.
struct Assignment {
  std::string_view name;
  std::size_t value = 0;
  std::size_t value_end = 0;
};

Line line_at(std::string_view text, std::size_t begin) {
  const std::size_t newline = text.find('\n', begin);
  if (newline == std::string_view::npos) return {begin, text.size(), text.size()};
  const bool carriage = newline > begin && text[newline - 1] == '\r';
  return {begin, carriage ? newline - 1 : newline, newline + 1};
}

/// Up to the closing quote, which may be lines further down; of a quote that is never closed, up to the end of its line.
std::size_t end_of_quoted(std::string_view text, std::size_t begin, const Line& line) {
  const char quote = text[begin];
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (text[at] == quote) {
      return at + 1;
    }
  }
  return line.end;
}

std::size_t end_of_plain(std::string_view text, std::size_t begin, const Line& line) {
  const std::string_view rest = text.substr(begin, line.end - begin);
  std::size_t end = rest.find(" #");
  end = std::min({end, rest.find("\t#"), rest.size()});
  while (end > 0 && kBlanks.find(rest[end - 1]) != std::string_view::npos) --end;
  return begin + end;
}

std::size_t after_blanks(std::string_view text, std::size_t at, std::size_t end) {
  while (at < end && kBlanks.find(text[at]) != std::string_view::npos) ++at;
  return at;
}

std::optional<Assignment> read_assignment(std::string_view text, const Line& line) {
  std::size_t begin = after_blanks(text, line.begin, line.end);
  constexpr std::string_view kExport = "export";
  if (text.substr(begin, line.end - begin).starts_with(kExport)) {
    const std::size_t next = after_blanks(text, begin + kExport.size(), line.end);
    if (next > begin + kExport.size()) begin = next;
  }
  const std::size_t equals = text.substr(0, line.end).find('=', begin);
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view name = text.substr(begin, equals - begin);
  while (!name.empty() && kBlanks.find(name.back()) != std::string_view::npos) name.remove_suffix(1);
  if (!is_name(name)) return std::nullopt;
  const std::size_t value = after_blanks(text, equals + 1, line.end);
  const bool quoted = value < line.end && (text[value] == '"' || text[value] == '\'');
  return Assignment{name, value, quoted ? end_of_quoted(text, value, line) : end_of_plain(text, value, line)};
}

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

/// Calls `visit(assignment, line number)` for each one; lines inside a quoted value are no lines of their own.
template <class Visit>
void each_assignment(std::string_view text, Visit visit) {
  int number = 1;
  for (std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text.size();) {
    const Line line = line_at(text, at);
    const auto assignment = read_assignment(text, line);
    if (assignment) visit(*assignment, number);
    const std::size_t next =
        assignment && assignment->value_end > line.end ? line_at(text, assignment->value_end).next : line.next;
    number += static_cast<int>(
        std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(next), '\n'));
    at = next;
  }
}

/// Whole lines are appended, in the text's own way to end a line.
void append_line(std::string& text, std::string_view line) {
  const std::string_view ending = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  if (!text.empty() && text.back() != '\n') text += ending;
  text += line;
  text += ending;
}

}  // namespace

std::optional<EnvEntry> find_variable(std::string_view text, std::string_view name) {
  std::optional<EnvEntry> found;
  each_assignment(text, [&](const Assignment& assignment, int line) {
    if (assignment.name != name) return;
    found = EnvEntry{std::string(unquoted(text.substr(assignment.value, assignment.value_end - assignment.value))), line};
  });
  return found;
}

std::vector<std::string> variable_names(std::string_view text) {
  std::vector<std::string> names;
  each_assignment(text, [&](const Assignment& assignment, int) {
    if (std::ranges::find(names, assignment.name) == names.end()) names.emplace_back(assignment.name);
  });
  return names;
}

std::string with_variables(std::string_view text, const Variables& variables, Missing missing) {
  std::string result;
  std::size_t done = 0;
  each_assignment(text, [&](const Assignment& assignment, int) {
    const auto wanted = std::ranges::find(variables, assignment.name, &Variables::value_type::first);
    const std::string_view written = text.substr(assignment.value, assignment.value_end - assignment.value);
    if (wanted == variables.end() || unquoted(written) == wanted->second) return;
    result += text.substr(done, assignment.value - done);
    result += wanted->second;
    done = assignment.value_end;
  });
  result += text.substr(done);
  if (missing == Missing::leave) return result;
  const auto names = variable_names(text);
  for (const auto& [name, value] : variables) {
    if (std::ranges::find(names, name) == names.end()) append_line(result, name + "=" + value);
  }
  return result;
}

std::string merged(std::string_view kept, std::string_view fresh, const Variables& variables) {
  std::string result(kept);
  const auto names = variable_names(kept);
  each_assignment(fresh, [&](const Assignment& assignment, int) {
    if (std::ranges::find(names, assignment.name) != names.end()) return;
    const auto value = fresh.substr(assignment.value, assignment.value_end - assignment.value);
    append_line(result, std::string(assignment.name) + "=" + std::string(value));
  });
  return with_variables(result, variables, Missing::append);
}

}  // namespace devinit::scaffold
