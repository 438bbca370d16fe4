#include "scaffold/rendering.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/suggest.hpp"
#include "config/diagnostic.hpp"
#include "config/text_encoding.hpp"
#include "scaffold/dot_env.hpp"
#include "scaffold/placeholder.hpp"
#include "scaffold/relative_path.hpp"

namespace devinit::scaffold {
namespace {

using Kind = os::TreeEntry::Kind;

constexpr std::string_view kExample = ".env.example";
constexpr std::string_view kEnv = ".env";
constexpr std::size_t kLongestName = 255;

bool is_text_file(const TemplateEntry& entry) { return entry.kind == Kind::file && entry.how == TemplateEntry::Content::text; }

/// Calls `visit(text, is_content)` for each text of an entry in which placeholders count.
template <class Visit>
void each_text(const TemplateEntry& entry, Visit visit) {
  visit(std::string_view(entry.path), false);
  if (entry.kind == Kind::link) visit(std::string_view(entry.target), false);
  if (is_text_file(entry)) visit(std::string_view(entry.content), true);
}

template <class Visit>
void each_placeholder(std::string_view text, Visit visit) {
  for (auto found = next_placeholder(text, 0); found; found = next_placeholder(text, found->offset + found->length)) {
    if (!found->escaped) visit(*found);
  }
}

/// Counts on from the last place asked for, so that a file with many mistakes is read once.
class Position {
 public:
  explicit Position(std::string_view text) : text_(text) {}
  void move_to(std::size_t offset) {
    for (; at_ < offset; ++at_) {
      if (text_[at_] != '\n') continue;
      ++line;
      line_begin_ = at_ + 1;
    }
    column = static_cast<int>(offset - line_begin_) + 1;
  }
  int line = 1;
  int column = 1;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
};

std::string suggestion_for(std::string_view name, const AppValues& values) {
  std::vector<std::string> known = own_names();
  for (const auto& [set_name, value] : values.set) known.push_back(set_name);
  const auto close = nearest(name, known);
  return close ? "did you mean {{" + *close + "}}?" : std::string();
}

config::Diagnostic unknown(const std::string& file, const Placeholder& found, const AppValues& values) {
  const std::string written = "{{" + std::string(found.name) + "}}";
  if (found.name == "port") {
    return {file, 0, 0, written + " has no meaning here: the path does not say which side the file is on",
            "{{backend_port}} or {{frontend_port}}"};
  }
  return {file, 0, 0, "unknown placeholder " + written, suggestion_for(found.name, values)};
}

void check_entry(const Template& source, const TemplateEntry& entry, const AppValues& values, config::Diagnostics& mistakes) {
  each_text(entry, [&](std::string_view text, bool is_content) {
    Position position(text);
    each_placeholder(text, [&](const Placeholder& found) {
      if (values.find(found.name, entry.path)) return;
      auto mistake = unknown(source.shown + "/" + entry.path, found, values);
      if (is_content) {
        position.move_to(found.offset);
        mistake.line = position.line;
        mistake.column = position.column;
      } else {
        mistake.message += " in its name or target";
      }
      mistakes.push_back(std::move(mistake));
    });
  });
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_possible_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= kLongestName &&
         name.find('/') == std::string_view::npos && !has_control_character(name);
}

/// Fills one path part by part; a part that a value makes impossible is a mistake.
class PathFiller {
 public:
  PathFiller(const Template& source, const AppValues& values) : source_(source), values_(values) {}

  std::string fill_path(std::string_view text, const std::string& path) {
    std::string filled;
    while (true) {
      const std::size_t end = std::min(text.find('/'), text.size());
      filled += fill_part(text.substr(0, end), path);
      if (end == text.size()) return filled;
      filled += '/';
      text.remove_prefix(end + 1);
    }
  }

  void clash(const std::string& path, const std::string& name) {
    mistakes.push_back({source_.shown + "/" + path, 0, 0, "gets the same name as another file: " + config::quoted(name), {}});
  }

  config::Diagnostics mistakes;

 private:
  std::string fill_part(std::string_view part, const std::string& path) {
    if (!next_placeholder(part, 0)) return std::string(part);
    std::string name = fill(part, [&](std::string_view asked) { return values_.find(asked, path); });
    if (!is_possible_name(name)) {
      mistakes.push_back({source_.shown + "/" + path, 0, 0, "cannot be called " + config::quoted(name),
                          "values in file names must not hold `/`, `..` or control characters"});
    }
    return name;
  }

  const Template& source_;
  const AppValues& values_;
};

/// The `.env` that belongs to an entry, if it is a `.env.example`.
Result<AppEntry> env_beside(const AppEntry& example, const std::string& shown, const AppValues& values) {
  const std::string folder = folder_of(example.path);
  AppEntry env{in_folder(folder, kEnv), example.from, {}, {}, true};
  const auto variables = values.env_variables(folder);
  // PORT and the rest belong into the app's own .env; those of its parts have what their authors gave them.
  const auto missing = folder.empty() ? Missing::append : Missing::leave;
  TRY_ASSIGN(env.content, with_variables(example.content, shown, variables, missing));
  return env;
}

Error unreadable_example(const Error& mistakes) {
  return Error(Errc::usage, mistakes.message, "no .env can be made from it: mend it, or put a .env of its own into the template");
}

Error usage_error(const config::Diagnostics& mistakes) {
  auto error = to_error(mistakes);
  error.code = Errc::usage;
  return error;
}

}  // namespace

Result<> check_placeholders(const Template& source, const AppValues& values) {
  config::Diagnostics mistakes;
  for (const auto& entry : source.entries) check_entry(source, entry, values, mistakes);
  if (mistakes.empty()) return {};
  auto error = to_error(mistakes);
  error.hint = "give it with --set NAME=VALUE; {{{{name}}}} stands for the text {{name}}; files listed in " +
               std::string(kVerbatimList) + " are copied as they are";
  return error;
}

Result<std::vector<AppEntry>> render(const Template& source, const AppValues& values) {
  PathFiller filler(source, values);
  std::vector<AppEntry> entries;
  std::set<std::string> paths;
  for (const auto& from : source.entries) {
    AppEntry entry{filler.fill_path(from.path, from.path), &from, {}, {}, false};
    if (from.kind == Kind::link) entry.target = filler.fill_path(from.target, from.path);
    if (is_text_file(from))
      entry.content = fill(from.content, [&](std::string_view name) { return values.find(name, from.path); });
    if (!paths.insert(entry.path).second) filler.clash(from.path, entry.path);
    entries.push_back(std::move(entry));
  }
  if (!filler.mistakes.empty()) return usage_error(filler.mistakes);
  for (std::size_t i = 0, count = entries.size(); i < count; ++i) {
    const bool is_example = is_text_file(*entries[i].from) && last_part(entries[i].path) == kExample;
    if (!is_example || paths.contains(in_folder(folder_of(entries[i].path), kEnv))) continue;
    auto env = env_beside(entries[i], source.shown + "/" + entries[i].path, values);
    if (!env) return unreadable_example(env.error());
    entries.push_back(std::move(*env));
  }
  return entries;
}

std::vector<std::string> unused_names(const Template& source, const AppValues& values) {
  std::set<std::string_view> asked;
  for (const auto& entry : source.entries) {
    each_text(entry, [&](std::string_view text, bool) {
      each_placeholder(text, [&](const Placeholder& found) { asked.insert(found.name); });
    });
  }
  std::vector<std::string> unused;
  for (const auto& [name, value] : values.set) {
    if (!asked.contains(name)) unused.push_back(name);
  }
  return unused;
}

}  // namespace devinit::scaffold
