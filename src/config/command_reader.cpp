#include "config/command_reader.hpp"

#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

Command read_arguments(const JsonValue& value, std::string_view what, ServiceDraft& target, Mistakes& mistakes) {
  std::vector<std::string> arguments;
  for (const auto& item : value.items) {
    // Only the program must not be empty: an empty argument means something to some programs.
    if (item.kind == Kind::string && (!item.text.empty() || !arguments.empty())) {
      target.note(item.text, position_of(item));
      arguments.push_back(item.text);
    } else {
      static_cast<void>(read_string(item, what, mistakes));
    }
  }
  if (value.items.empty()) mistakes.add(value, quoted(what) + " must not be an empty array", "the program and its arguments");
  return arguments;
}

void read_hook(const JsonValue& value, const char* what, std::string HooksSpec::*hook, ServiceDraft& target,
               Mistakes& mistakes) {
  if (value.kind == Kind::array) {
    mistakes.add(value, quoted(what) + " must be a string, not an array", "a command line for `sh -c`");
  } else if (auto text = read_string(value, what, mistakes)) {
    target.note(*text, position_of(value));
    target.service.hooks.*hook = std::move(*text);
  }
}

constexpr std::array<Field<ServiceDraft>, 4> kHookFields{{
    {"before_start", [](const JsonValue& value, ServiceDraft& target,
                        Mistakes& m) { read_hook(value, "hooks.before_start", &HooksSpec::before_start, target, m); }},
    {"after_ready", [](const JsonValue& value, ServiceDraft& target,
                       Mistakes& m) { read_hook(value, "hooks.after_ready", &HooksSpec::after_ready, target, m); }},
    {"before_stop", [](const JsonValue& value, ServiceDraft& target,
                       Mistakes& m) { read_hook(value, "hooks.before_stop", &HooksSpec::before_stop, target, m); }},
    {"after_exit", [](const JsonValue& value, ServiceDraft& target,
                      Mistakes& m) { read_hook(value, "hooks.after_exit", &HooksSpec::after_exit, target, m); }},
}};

}  // namespace

std::optional<Command> read_command_value(const JsonValue& value, std::string_view what, ServiceDraft& target,
                                          Mistakes& mistakes) {
  if (value.kind == Kind::array) return read_arguments(value, what, target, mistakes);
  if (value.kind == Kind::object) {
    mistakes.add(value, quoted(what) + " must be a string or an array, not an object");
    return std::nullopt;
  }
  if (value.kind == Kind::string && value.text.empty()) {
    mistakes.add(value, quoted(what) + " names no program", "a command line for `sh -c`, or an array: the program and its arguments");
    return std::nullopt;
  }
  auto text = read_string(value, what, mistakes);
  if (!text) return std::nullopt;
  target.note(*text, position_of(value));
  return Command(std::move(*text));
}

void read_hooks(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  if (expect_object(value, "hooks", mistakes)) read_fields(value, kHookFields, target, mistakes);
}

}  // namespace devinit::config
