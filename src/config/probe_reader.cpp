#include "config/probe_reader.hpp"

#include "config/command_reader.hpp"
#include "config/log_pattern.hpp"
#include "config/substitution.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

/// A probe as it is read, with the name that its messages use.
struct ProbeDraft {
  std::string what;  ///< "ready" or "live"
  ProbeSpec& probe;
  ServiceDraft& target;
  std::vector<std::pair<std::string, Position>> kinds =
      {};  ///< keys that each say of which kind it is, also those with a mistake

  [[nodiscard]] std::string name(std::string_view key) const { return what + "." + std::string(key); }
};

constexpr std::array kShorthands{Word<ProbeKind>{"port", ProbeKind::port}, Word<ProbeKind>{"notify", ProbeKind::notify}};

template <class Value>
void assign(Value& target, const std::optional<Value>& value) {
  if (value) target = *value;
}

bool is_one_word(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '\x7F'; });
}
bool is_one_line(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '\x7F'; });
}
/// What RFC 9110 lets a header be called.
bool is_header_name(std::string_view text) noexcept {
  return !text.empty() && is_one_word(text) && text.find_first_of("()<>@,;:\\\"/[]?={}") == std::string_view::npos;
}

void choose(ProbeDraft& draft, ProbeKind kind, std::string_view key, const JsonValue& value) {
  if (draft.kinds.empty()) draft.probe.kind = kind;
  draft.kinds.emplace_back(key, position_of(value));
}

void read_http(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  choose(draft, ProbeKind::http, "http", value);
  const auto path = read_string(value, draft.name("http"), mistakes);
  if (!path) return;
  if (path->front() != '/' || !is_one_word(*path)) {
    mistakes.add(value, quoted(draft.name("http")) + " must be a path, not " + quoted(*path),
                 "it begins with `/` and has no blanks: \"/health\"");
    return;
  }
  draft.target.note(*path, position_of(value));
  draft.probe.http_path = *path;
}

void read_header(const std::string& name, Position at, const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  if (!is_header_name(name)) mistakes.add(at, quoted(name) + " cannot name a header", "for example \"Authorization\"");
  const std::string what = draft.name("headers." + name);
  const auto text = read_string(value, what, mistakes);
  if (!text) return;
  auto filled = substitute(*text, draft.target.draft.variables, Templates::defuse);
  if (!filled) {
    mistakes.add(value, quoted(what) + ": " + filled.error().message, filled.error().hint);
  } else if (!is_one_line(*filled)) {
    mistakes.add(value, quoted(what) + " must be one line");
  } else {
    draft.target.note(*filled, position_of(value));
    draft.probe.http_headers.emplace_back(name, std::move(*filled));
  }
}

void read_headers(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  if (!expect_object(value, draft.name("headers"), mistakes)) return;
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    read_header(value.members[i].first, position_of_key(value, i), value.members[i].second, draft, mistakes);
  }
}

void read_exec(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  choose(draft, ProbeKind::exec, "exec", value);
  assign(draft.probe.exec, read_command_value(value, draft.name("exec"), draft.target, mistakes));
}

void read_log_pattern(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  choose(draft, ProbeKind::log, "log", value);
  const auto pattern = read_string(value, draft.name("log"), mistakes);
  if (!pattern) return;
  if (const auto mistake = find_pattern_mistake(*pattern)) {
    mistakes.add(value, quoted(draft.name("log")) + " is no regular expression: " + mistake->what, mistake->hint);
  }
  draft.probe.log = *pattern;
}

void read_notify(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  choose(draft, ProbeKind::notify, "notify", value);
  if (read_boolean(value, draft.name("notify"), mistakes) != false) return;
  mistakes.add(value, quoted(draft.name("notify")) + " can only be true", "leave it out");
}

void read_file(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  choose(draft, ProbeKind::file, "file", value);
  const auto path = read_string(value, draft.name("file"), mistakes);
  if (!path) return;
  draft.target.note(*path, position_of(value));
  draft.probe.file = *path;
}

void read_delay(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  choose(draft, ProbeKind::delay, "delay", value);
  assign(draft.probe.delay, read_duration(value, draft.name("delay"), Millis(0), mistakes));
}

template <Millis ProbeSpec::*kMember>
void read_time(const JsonValue& value, std::string_view key, Millis least, ProbeDraft& draft, Mistakes& mistakes) {
  assign(draft.probe.*kMember, read_duration(value, draft.name(key), least, mistakes));
}

void refuse_action(const JsonValue& value, ProbeDraft&, Mistakes& mistakes) {
  mistakes.add(value, "`ready` has no `action`", "`live` has: what happens when it does not answer any more");
}

constexpr std::array<Field<ProbeDraft>, 15> kProbeFields{{
    {"http", read_http},
    {"status", [](const JsonValue& value, ProbeDraft& draft,
                  Mistakes& m) { assign(draft.probe.http_status, read_integer(value, draft.name("status"), 100, 599, m)); }},
    {"headers", read_headers},
    {"exec", read_exec},
    {"log", read_log_pattern},
    {"notify", read_notify},
    {"file", read_file},
    {"delay", read_delay},
    {"initial_delay", [](const JsonValue& value, ProbeDraft& draft,
                         Mistakes& m) { read_time<&ProbeSpec::initial_delay>(value, "initial_delay", Millis(0), draft, m); }},
    {"timeout", [](const JsonValue& value, ProbeDraft& draft,
                   Mistakes& m) { read_time<&ProbeSpec::timeout>(value, "timeout", Millis(1), draft, m); }},
    {"period", [](const JsonValue& value, ProbeDraft& draft,
                  Mistakes& m) { read_time<&ProbeSpec::period>(value, "period", Millis(1), draft, m); }},
    {"success_threshold",
     [](const JsonValue& value, ProbeDraft& draft, Mistakes& m) {
       assign(draft.probe.success_threshold, read_integer(value, draft.name("success_threshold"), 1, 1000, m));
     }},
    {"failure_threshold",
     [](const JsonValue& value, ProbeDraft& draft, Mistakes& m) {
       assign(draft.probe.failure_threshold, read_integer(value, draft.name("failure_threshold"), 1, 100'000, m));
     }},
    // The last two, because `live` reads them in another way.
    {"deadline", [](const JsonValue& value, ProbeDraft& draft,
                    Mistakes& m) { read_time<&ProbeSpec::deadline>(value, "deadline", Millis(1), draft, m); }},
    {"action", refuse_action},
}};

void read_action(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  constexpr std::array kActions{Word<LiveAction>{"restart", LiveAction::restart}, Word<LiveAction>{"mark", LiveAction::mark}};
  assign(draft.target.service.live->action, read_word(value, "live.action", kActions, mistakes));
}

void refuse_deadline(const JsonValue& value, ProbeDraft&, Mistakes& mistakes) {
  mistakes.add(value, "`live` has no `deadline`", "its patience is `failure_threshold` times `period`");
}

constexpr auto live_fields() {
  auto fields = kProbeFields;
  fields[fields.size() - 2].read = refuse_deadline;
  fields[fields.size() - 1].read = read_action;
  return fields;
}
constexpr auto kLiveFields = live_fields();

/// A probe that waits for one event is not asked again and again.
void check_rhythm(const JsonValue& value, const ProbeDraft& draft, Mistakes& mistakes) {
  if (draft.kinds.size() != 1) return;
  const std::string& kind = draft.kinds.front().first;
  std::vector<std::string_view> senseless;
  if (kind == "log" || kind == "notify" || kind == "delay") senseless = {"timeout", "success_threshold", "failure_threshold"};
  if (kind == "log" || kind == "delay" || (kind == "notify" && draft.what == "ready")) {
    senseless.insert(senseless.end(), {"period", "initial_delay"});
  }
  if (kind == "file") senseless = {"timeout"};
  for (const auto key : senseless) {
    const JsonValue* member = value.find(key);
    if (member == nullptr) continue;
    mistakes.add(*member, quoted(draft.name(key)) + " has no meaning with " + quoted(kind),
                 kind == "file" ? "a look at a file takes no time" : "it is no attempt that could be repeated");
  }
}

void check_http_members(const JsonValue& value, const ProbeDraft& draft, Mistakes& mistakes) {
  if (value.find("http") != nullptr) return;
  for (const char* key : {"status", "headers"}) {
    const JsonValue* member = value.find(key);
    if (member == nullptr) continue;
    mistakes.add(*member, quoted(draft.name(key)) + " needs " + quoted(draft.name("http")), R"({"http": "/", "status": 200})");
  }
}

void check_kinds(const JsonValue& value, const ProbeDraft& draft, Mistakes& mistakes) {
  for (std::size_t i = 1; i < draft.kinds.size(); ++i) {
    mistakes.add(draft.kinds[i].second,
                 quoted(draft.what) + " names two kinds of probe: " + quoted(draft.kinds.front().first) + " and " +
                     quoted(draft.kinds[i].first),
                 "one of them; in an overlay null takes the other away");
  }
  check_rhythm(value, draft, mistakes);
  check_http_members(value, draft, mistakes);
}

/// The time of a part is not longer than that of the whole start.
void check_deadline(const JsonValue& value, std::string_view key, Millis time, const ProbeDraft& draft, const char* hint,
                    Mistakes& mistakes) {
  if (time <= draft.probe.deadline) return;
  const JsonValue* member = value.find(key);
  const JsonValue* deadline = value.find("deadline");
  const bool deadline_unclear = deadline != nullptr && !parse_duration(deadline->text);
  if (member == nullptr || !parse_duration(member->text) || deadline_unclear) return;
  mistakes.add(*member,
               quoted(draft.name(key)) + " " + format_duration(time) + " is longer than `ready.deadline` " +
                   format_duration(draft.probe.deadline),
               hint);
}

void read_shorthand(const JsonValue& value, ProbeDraft& draft, Mistakes& mistakes) {
  const auto word =
      std::find_if(kShorthands.begin(), kShorthands.end(), [&](const auto& each) { return each.text == value.text; });
  if (word != kShorthands.end()) {
    choose(draft, word->value, word->text, value);
    return;
  }
  const bool path = value.text.rfind('/', 0) == 0;
  mistakes.add(value, quoted(draft.what) + " must be \"port\", \"notify\" or an object, not " + describe_value(value),
               path ? "{\"http\": " + json_string(value.text) + "}" : "");
}

/// Once the port is known.
void check_port(const JsonValue* value, std::string_view what, const ProbeSpec& probe, const ServiceConfig& service,
                Mistakes& mistakes) {
  if (value == nullptr || service.port || (probe.kind != ProbeKind::port && probe.kind != ProbeKind::http)) return;
  mistakes.add(*value, quoted(what) + " of " + quoted(service.name) + " needs a `port`");
}

}  // namespace

void read_ready(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  ProbeDraft draft{"ready", target.service.ready, target};
  if (value.kind == Kind::string) {
    read_shorthand(value, draft, mistakes);
  } else if (expect_object(value, "ready", mistakes)) {
    read_fields(value, kProbeFields, draft, mistakes);
    check_kinds(value, draft, mistakes);
    check_deadline(value, "timeout", draft.probe.timeout, draft, "`timeout` is of one attempt, `deadline` of the whole start",
                   mistakes);
    check_deadline(value, "initial_delay", draft.probe.initial_delay, draft, "`deadline` is of the whole start", mistakes);
    check_deadline(value, "delay", draft.probe.delay, draft, "`deadline` is of the whole start", mistakes);
    draft.probe.timeout = std::min(draft.probe.timeout, draft.probe.deadline);
  }
  target.ready_is_named = !draft.kinds.empty();
}

void read_live(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  constexpr Millis kPeriod{10'000};
  constexpr int kFailures = 3;
  ProbeSpec& probe = target.service.live.emplace().probe;
  probe.period = kPeriod;
  probe.failure_threshold = kFailures;
  ProbeDraft draft{"live", probe, target};
  if (value.kind == Kind::string) {
    read_shorthand(value, draft, mistakes);
  } else if (expect_object(value, "live", mistakes)) {
    read_fields(value, kLiveFields, draft, mistakes);
    check_kinds(value, draft, mistakes);
    for (const auto& [kind, at] : draft.kinds) {
      if (kind != "log" && kind != "delay") continue;
      mistakes.add(at, "`live` cannot ask by " + quoted(kind), "http, exec, notify, file or \"port\"");
    }
  }
}

void settle_probes(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  ServiceConfig& service = target.service;
  if (target.ready_is_named) check_port(value.find("ready"), "ready", service.ready, service, mistakes);
  if (service.live) check_port(value.find("live"), "live", service.live->probe, service, mistakes);
  if (!service.port && service.ready.kind == ProbeKind::port) service.ready.kind = ProbeKind::none;
}

}  // namespace devinit::config
