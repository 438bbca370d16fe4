#include "supervisor/task_record.hpp"

#include <nlohmann/json.hpp>

#include "api/json_reader.hpp"
#include "os/files.hpp"

namespace devinit::supervisor {
namespace {

using nlohmann::json;

constexpr std::uint64_t kVersion = 1;

struct Done {
  std::string fingerprint;
  std::int64_t when = 0;  ///< wall clock seconds
};
using Tasks = std::map<std::string, Done>;

std::optional<Done> read_done(const json& value) {
  Done done;
  api::MemberReader members(value, "task");
  members.require("fingerprint", done.fingerprint);
  members.require("when", done.when);
  return members.result() ? std::optional(done) : std::nullopt;
}

/// What cannot be understood was not done.
Tasks read_tasks(const std::string& path) {
  Tasks tasks;
  const auto text = os::read_text_file(path);
  if (!text) return tasks;
  const auto document = api::parse_json_object(*text, "task record");
  if (!document) return tasks;
  api::MemberReader members(*document, "task record");
  std::uint64_t version = 0;
  members.require("version", version);
  const json* list = members.object("tasks");
  if (!members.result() || version != kVersion || list == nullptr) return tasks;
  for (const auto& [service, value] : list->items()) {
    if (auto done = value.is_object() ? read_done(value) : std::nullopt) tasks.emplace(service, std::move(*done));
  }
  return tasks;
}

Result<> write_tasks(const std::string& path, const Tasks& tasks) {
  json list = json::object();
  for (const auto& [service, done] : tasks) list[service] = {{"fingerprint", done.fingerprint}, {"when", done.when}};
  const json document{{"version", kVersion}, {"tasks", std::move(list)}};
  constexpr int kIndent = 2;
  // Names and fingerprints come from text that was UTF-8; should one not be, the record is as good with a replacement.
  const auto text = document.dump(kIndent, ' ', false, json::error_handler_t::replace) + "\n";
  return os::replace_file(path, text, 0600, os::Durable::no, os::Links::replace);
}

}  // namespace

std::optional<std::int64_t> TaskRecord::done(const std::string& service, const std::string& fingerprint) const {
  const auto tasks = read_tasks(path_);
  const auto at = tasks.find(service);
  if (at == tasks.end() || at->second.fingerprint != fingerprint) return std::nullopt;
  return at->second.when;
}

Result<> TaskRecord::mark_done(const std::string& service, const std::string& fingerprint, std::int64_t when) {
  auto tasks = read_tasks(path_);
  tasks[service] = {fingerprint, when};
  return write_tasks(path_, tasks);
}

Result<> TaskRecord::forget(const std::string& service) {
  auto tasks = read_tasks(path_);
  return tasks.erase(service) > 0 ? write_tasks(path_, tasks) : Result<>();
}

}  // namespace devinit::supervisor
