#include "config/run_file.hpp"

#include <algorithm>
#include <climits>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace devinit::config {
namespace {

using nlohmann::json;

/// Nobody is stopped for being slow when a person watches.
constexpr Millis kNoDeadline = std::chrono::hours(24 * 365);

/// Words of a command are bytes, JSON is text: each byte is written as the code point of its number.
std::vector<std::string> bytes_to_text(const std::vector<std::string>& words) {
  std::vector<std::string> texts;
  for (const auto& word : words) {
    auto& text = texts.emplace_back();
    for (const char byte : word) append_utf8(text, static_cast<unsigned char>(byte));
  }
  return texts;
}

std::vector<std::string> text_to_bytes(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const auto& text : texts) {
    auto& word = words.emplace_back();
    for (std::size_t at = 0; at < text.size();) {
      const auto point = decode_utf8(text, at);
      if (!point) break;  // the parser has seen to it
      word += static_cast<char>(point->value);
      at += point->length;
    }
  }
  return words;
}

bool is_text_array(const json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_string(); });
}

bool is_port(const json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 && value.get<std::uint64_t>() <= 65535;
}

bool is_port_array(const json& value) { return value.is_array() && std::all_of(value.begin(), value.end(), is_port); }

bool is_pair_array(const json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const json& item) { return is_text_array(item) && item.size() == 2; });
}

bool has(const json& object, const char* key, bool (*fits)(const json&)) {
  const auto at = object.find(key);
  return at != object.end() && fits(*at);
}

bool is_text(const json& value) { return value.is_string(); }
bool is_truth(const json& value) { return value.is_boolean(); }
bool is_pid(const json& value) { return value.is_number_unsigned() && value.get<std::uint64_t>() <= INT_MAX; }
bool is_port_or_null(const json& value) { return value.is_null() || is_port(value); }

bool is_complete(const json& run) {
  return run.is_object() && has(run, "name", is_text) && has(run, "project", is_text) && has(run, "command", is_text_array) &&
         has(run, "prefer", is_port_or_null) && has(run, "first", is_port) && has(run, "last", is_port) &&
         has(run, "strict", is_truth) && has(run, "host", is_text) && has(run, "env", is_pair_array) &&
         has(run, "env_files", is_text_array) && has(run, "avoid", is_port_array) && has(run, "folder", is_text) &&
         has(run, "input_of", is_pid) &&
         !run["name"].get_ref<const std::string&>().empty() && !run["command"].empty();
}

}  // namespace

std::string encode_run_file(const RunFile& run) {
  json out{{"name", run.name},           {"project", run.project},   {"command", bytes_to_text(run.command)},
           {"prefer", nullptr},          {"first", run.range.first}, {"last", run.range.last},
           {"strict", run.strict},       {"host", run.host},         {"env", run.env},
           {"env_files", run.env_files}, {"avoid", run.avoid},       {"folder", bytes_to_text({run.folder}).front()},
           {"input_of", static_cast<unsigned>(run.input_of)}};
  if (run.prefer) out["prefer"] = *run.prefer;
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<RunFile> decode_run_file(std::string_view text) {
  const auto in = json::parse(text, nullptr, false);
  if (!is_complete(in)) return Error(Errc::config, "run.json is not what `devinit run` writes", "start the run again");
  RunFile run;
  run.name = in["name"];
  run.project = in["project"];
  run.command = text_to_bytes(in["command"].get<std::vector<std::string>>());
  if (!in["prefer"].is_null()) run.prefer = in["prefer"].get<Port>();
  run.range = {in["first"].get<Port>(), in["last"].get<Port>()};
  run.strict = in["strict"];
  run.host = in["host"];
  run.env = in["env"].get<std::vector<std::pair<std::string, std::string>>>();
  run.env_files = in["env_files"].get<std::vector<std::string>>();
  run.avoid = in["avoid"].get<std::vector<Port>>();
  run.folder = text_to_bytes({in["folder"].get<std::string>()}).front();
  run.input_of = in["input_of"].get<int>();
  return run;
}

ProjectConfig run_project_config(const RunFile& run) {
  ServiceConfig service;
  service.name = run.name;
  service.command = run.command;
  service.port =
      PortSpec{.prefer = run.prefer, .range = run.range, .whole_range = true, .strict = run.strict, .host = run.host};
  service.env = run.env;
  service.env_files = run.env_files;
  service.ready.deadline = kNoDeadline;
  service.restart.policy = RestartPolicy::never;
  service.log.keep = kRunLogFiles;
  service.input_of = run.input_of;
  ProjectConfig config;
  config.name = run.project;
  config.denied_ports = run.avoid;
  config.services.push_back(std::move(service));
  return config;
}

}  // namespace devinit::config
