#include "config/watch_reader.hpp"

#include "config/glob.hpp"
#include "config/project_path.hpp"
#include "config/spec_reader.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;
using Action = WatchSpec::Action;

WatchSpec& watch_of(ServiceDraft& target) { return *target.service.watch; }

void read_paths(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  watch_of(target).paths = read_project_paths(value, "watch.paths", mistakes);
  if (value.kind == Kind::array && value.items.empty())
    mistakes.add(value, "`watch.paths` is empty", "[\".\"] is the whole project");
}

void read_action(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  WatchSpec& watch = watch_of(target);
  const auto text = read_string(value, "watch.action", mistakes);
  if (!text || *text == "restart") return;
  if (text->starts_with("SIG")) {
    watch.action = Action::signal;
    watch.signal = read_signal(value, "watch.action", mistakes).value_or(0);
    return;
  }
  watch.action = Action::task;
  watch.task = *text;
  target.draft.watch_tasks.push_back({position_of(value), target.service.name, *text});
}

constexpr std::array<Field<ServiceDraft>, 5> kWatchFields{{
    {"paths", read_paths},
    {"ignore", [](const JsonValue& value, ServiceDraft& target,
                  Mistakes& m) { watch_of(target).ignore = read_project_globs(value, "watch.ignore", m); }},
    {"debounce",
     [](const JsonValue& value, ServiceDraft& target, Mistakes& m) {
       if (const auto debounce = read_duration(value, "watch.debounce", Millis(0), m)) watch_of(target).debounce = *debounce;
     }},
    {"action", read_action},
    {"cascade", [](const JsonValue& value, ServiceDraft& target,
                   Mistakes& m) { watch_of(target).cascade = read_boolean(value, "watch.cascade", m).value_or(false); }},
}};

void check_cascade(const JsonValue& value, const WatchSpec& watch, Mistakes& mistakes) {
  if (!watch.cascade || watch.action == Action::restart) return;
  mistakes.add(*value.find("cascade"), "`watch.cascade` has a meaning only when the action is \"restart\"",
               "dependents are restarted with the service");
}

}  // namespace

std::vector<std::string> read_project_globs(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  for (const auto& item : value.items) {
    const auto unclosed = find_unclosed(item.text);
    if (!unclosed) continue;
    mistakes.add(item, quoted(what) + " " + quoted(item.text) + " has a " + quoted(std::string(1, *unclosed)) + " that is never closed",
                 "a name with this character in it: " + quoted(std::string("\\") + *unclosed));
  }
  return read_project_paths(value, what, mistakes);
}

std::vector<std::string> read_project_paths(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  std::vector<std::string> paths;
  for (const auto& [text, at] : read_strings(value, what, mistakes)) {
    if (auto path = inside_project(text)) {
      paths.push_back(std::move(*path));
    } else {
      mistakes.add(at, quoted(what) + " " + quoted(text) + " is not inside the project", "relative to the project's root");
    }
  }
  return paths;
}

void read_watch(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  target.service.watch.emplace();
  if (value.kind == Kind::array) {
    read_paths(value, target, mistakes);
  } else if (expect_object(value, "watch", mistakes)) {
    read_fields(value, kWatchFields, target, mistakes);
    if (value.find("paths") == nullptr) mistakes.add(value, "`watch.paths` is missing", R"({"paths": ["src"]})");
    check_cascade(value, watch_of(target), mistakes);
  }
}

}  // namespace devinit::config
