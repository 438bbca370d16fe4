#include "supervisor/project_writer.hpp"

#include <algorithm>

#include "config/embedded.hpp"
#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "os/own_file.hpp"
#include "supervisor/child_launch.hpp"
#include "supervisor/git_files.hpp"

namespace devinit::supervisor {
namespace {

/// Nobody but a single supervisor writes the file; the loop does not wait longer for a stranger.
constexpr std::chrono::seconds kLockPatience{1};

bool is_configured(const StartContext& context, const std::string& key) {
  return context.choices.contains(key) || context.config.find(key) != nullptr;
}

/// Replaces a file that only devinit writes, unless it says the same already: an unchanged file costs a read. What is made
/// anew at every start need not survive a power cut.
Result<> replace_if_changed(const std::string& path, const std::string& text, mode_t mode, os::Links links,
                            os::Durable durable = os::Durable::no) {
  if (os::is_own_file(path, text, mode)) return {};
  return os::replace_file(path, text, mode, durable, links);
}

/// Not what runs on although its service was taken out of the configuration.
void drop_left_over(const StartContext& context, const std::vector<engine::KnownPort>& ports, config::PortsFile& file,
                    config::PortsRecord& record) {
  const auto in_use = [&](const std::string& key) {
    return std::any_of(ports.begin(), ports.end(), [&](const auto& port) { return config::ports_key(port.service, port.port_name) == key; });
  };
  std::erase_if(file.entries, [&](const auto& entry) { return is_left_over(context, entry.first, entry.second) && !in_use(entry.first); });
  std::erase_if(record.entries, [&](const auto& entry) { return !file.find(entry.first) && !is_configured(context, entry.first) && !in_use(entry.first); });
}

}  // namespace

bool is_left_over(const StartContext& context, const std::string& key, Port port) {
  const auto written = context.record.entries.find(key);
  if (is_configured(context, key) || written == context.record.entries.end()) return false;
  return written->second.written == port && !written->second.hand_set;
}

bool ProjectWriter::no_fence(const StartContext& context, const std::string& key) const {
  const auto remembered = context.record.entries.find(key);
  return std::count(no_fence_.begin(), no_fence_.end(), key) > 0 ||
         (remembered != context.record.entries.end() && remembered->second.no_fence);
}

Result<> ProjectWriter::write_ports(const StartContext& context, const std::vector<engine::KnownPort>& ports) {
  TRY_ASSIGN(const auto lock, os::FileLock::acquire(context.project.paths.data + "/ports.lock", kLockPatience));
  TRY_ASSIGN(auto file, project::load_ports_file(context.project));
  config::PortsFile updated = file.value_or(config::PortsFile{});
  if (!file) {  // deleted while we run: what devinit does not manage comes back, too
    for (const auto& [key, port] : context.passive) {
      if (context.config.find(key) == nullptr && !is_left_over(context, key, port)) updated.set(key, port);
    }
  }
  config::PortsRecord record;
  if (const auto current = project::load_ports_record(context.project)) record = *current;
  drop_left_over(context, ports, updated, record);
  for (const auto& port : ports) {
    const auto key = config::ports_key(port.service, port.port_name);
    // A number that neither we wrote nor now hold was set by hand while we run: it counts from the next start on.
    const auto in_file = updated.find(key);
    const bool edited = in_file && record.entries.contains(key) && *in_file != record.entries[key].written && *in_file != port.port;
    const bool unchanged = in_file == port.port && record.entries.contains(key) && record.entries[key].written == port.port;
    updated.set(key, port.port);
    auto& entry = record.entries[key];
    entry.written = port.port;
    entry.no_fence = no_fence(context, key);
    const auto choice = context.choices.find(key);
    const bool by_hand = choice != context.choices.end() && choice->second.source == config::PortSource::hand_set;
    if (edited) {
      entry.hand_set = in_file;
    } else if (!unchanged) {  // else it stays what it is, an edit since this context was read included
      entry.hand_set = by_hand ? choice->second.port : std::nullopt;
    }
  }
  // The record first, and as durable as the file: neither a crash between the two nor a power cut may turn our own number into one set
  // by hand.
  const bool same = file && file->entries == updated.entries;
  TRY(replace_if_changed(context.project.paths.ports_record, record.to_text(), 0600, os::Links::replace,
                         same ? os::Durable::no : os::Durable::yes));
  if (same) return {};
  return os::replace_file(context.project.paths.ports_file, updated.to_text(), 0644, os::Durable::yes);
}

Result<> ProjectWriter::check(const StartContext& context) {
  if (context.project.paths.read_only) return {};
  TRY(os::refuse_link(context.project.paths.runtime_env_file));
  if (!git_tracks(context.project.root(), ".env.runtime")) return {};
  return Error(Errc::refused, ".env.runtime is tracked by git: devinit rewrites it at every start",
               "`git rm --cached .env.runtime` and add it to .gitignore");
}

Result<> ProjectWriter::write_runtime_env(const StartContext& context, const config::PortLookup& lookup) {
  TRY_ASSIGN(const auto variables, runtime_variables(context, lookup));
  return replace_if_changed(context.project.paths.runtime_env_file, config::runtime_env_text(variables), 0600,
                            os::Links::refuse);
}

Result<ProjectWriter::Written> ProjectWriter::write(const StartContext& context, const std::vector<engine::KnownPort>& ports,
                                                    const config::PortLookup& lookup) {
  Written written;
  if (context.project.paths.read_only) {
    if (!context.project.run.empty()) return written;  // a run has nothing to write down
    written.warnings.push_back("the project folder cannot be written: .ports.json and .env.runtime stay as they are; services get their ports "
                               "by their environment");
    return written;
  }
  TRY(write_ports(context, ports));
  TRY(write_runtime_env(context, lookup));
  if (!context.config.file.empty()) {  // what "$schema" in devinit.json points to, so that editors complete offline
    TRY(replace_if_changed(context.project.paths.data + "/schema.json", std::string(config::schema_json()), 0644,
                           os::Links::replace));
  }
  if (const auto excluded = exclude_from_git(context.project.root()); !excluded) {
    written.warnings.push_back(excluded.error().message);
  }
  return written;
}

}  // namespace devinit::supervisor
