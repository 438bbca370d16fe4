#include "supervisor/limit_watch.hpp"

#include <array>
#include <utility>
#include <vector>

#include "os/process.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::chrono::seconds kPeriod{1};

/// "512 MB", "1.2 GB": one digit behind the point, unless it is 0.
std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"bytes", "KB", "MB", "GB", "TB"};
  constexpr std::uint64_t kStep = 1024;
  std::size_t unit = 0;
  std::uint64_t scale = 1;
  while (bytes / scale >= kStep && unit + 1 < kUnits.size()) {
    scale *= kStep;
    ++unit;
  }
  const std::uint64_t whole = bytes / scale;
  const std::uint64_t tenth = (bytes % scale) * 10 / scale;
  return std::to_string(whole) + (tenth > 0 ? "." + std::to_string(tenth) : "") + " " + kUnits[unit];
}

}  // namespace

struct LimitWatch::Entry {
  std::optional<os::Cgroup> group;
  std::optional<std::uint64_t> memory;  ///< its limit
  bool enforced = false;                ///< by the group
  pid_t guardian = 0;                   ///< whose tree we look at; 0: not, or not any more
  std::optional<std::uint64_t> machine_oom_kills;
};

LimitWatch::LimitWatch(boost::asio::io_context& loop, Observer& observer) : observer_(observer), timer_(loop) {}

LimitWatch::~LimitWatch() = default;

/// What others have left is removed once, before the first one of ours.
Result<os::Cgroup> LimitWatch::make_group(const std::string& service) {
  if (refusal_) return Error(*refusal_);
  if (groups_++ == 0) os::remove_left_cgroups();
  auto group = os::Cgroup::make(std::to_string(groups_) + "-" + service);
  if (!group) refusal_ = group.error();
  return group;
}

bool LimitWatch::enforce_memory(const std::string& service, Result<os::Cgroup>& group, std::uint64_t limit) {
  const Result<> limited = group ? group->limit_memory(limit) : Result<>(group.error());
  if (!limited && !std::exchange(memory_warned_, true)) {
    observer_.on_limit_warning(service, "its memory is only looked at once a second: " + limited.error().message);
  }
  return limited.has_value();
}

void LimitWatch::enforce_cpu(const std::string& service, Result<os::Cgroup>& group, double limit) {
  const Result<> limited = group ? group->limit_cpu(limit) : Result<>(group.error());
  if (!limited && !std::exchange(cpu_warned_, true)) {
    observer_.on_limit_warning(service, "its processor time cannot be limited: " + limited.error().message);
  }
}

int LimitWatch::prepare(const std::string& service, const config::LimitsSpec& limits) {
  auto entry = std::make_unique<Entry>();
  auto group = make_group(service);
  entry->memory = limits.memory;
  if (limits.memory) entry->enforced = enforce_memory(service, group, *limits.memory);
  if (limits.cpu) enforce_cpu(service, group, *limits.cpu);
  entry->machine_oom_kills = os::machine_oom_kills();
  if (group) entry->group = std::move(*group);
  const int folder = entry->group ? entry->group->folder() : -1;
  entries_.insert_or_assign(service, std::move(entry));
  return folder;
}

void LimitWatch::watch(const std::string& service, pid_t guardian) {
  const auto at = entries_.find(service);
  if (at == entries_.end() || !at->second->memory || at->second->enforced) return;
  at->second->guardian = guardian;
  schedule();
}

std::string LimitWatch::forget(const std::string& service) {
  const auto at = entries_.find(service);
  if (at == entries_.end()) return {};
  const auto entry = std::move(at->second);
  entries_.erase(at);
  if (entry->enforced && entry->group->oom_kills() > 0) return "out of memory: its limit is " + size_text(*entry->memory);
  const auto kills = entry->machine_oom_kills ? os::machine_oom_kills() : std::nullopt;
  return kills && *kills > *entry->machine_oom_kills ? "out of memory: the machine has none left" : "";
}

bool LimitWatch::kill(const std::string& service) {
  const auto at = entries_.find(service);
  return at != entries_.end() && at->second->group && at->second->group->kill();
}

void LimitWatch::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  timer_.expires_after(kPeriod);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    scheduled_ = false;
    look();
  });
}

/// The quick sum counts what processes share once for each, so it acquits for certain; only the exact one condemns.
std::optional<std::string> LimitWatch::excess_of(const Entry& entry) {
  auto tree = os::process_tree(entry.guardian);
  if (!tree.empty()) tree.erase(tree.begin());
  if (os::resident_memory(tree) <= *entry.memory) return std::nullopt;
  const auto taken = os::shared_out_memory(tree);
  if (taken <= *entry.memory) return std::nullopt;
  return "takes " + size_text(taken) + " of memory, more than its limit of " + size_text(*entry.memory);
}

void LimitWatch::look() {
  std::vector<std::pair<std::string, std::string>> exceeded;
  bool more = false;
  for (const auto& [service, entry] : entries_) {
    if (entry->guardian == 0) continue;
    auto text = excess_of(*entry);
    more = more || !text;
    if (!text) continue;
    entry->guardian = 0;
    exceeded.emplace_back(service, std::move(*text));
  }
  if (more) schedule();
  for (const auto& [service, text] : exceeded) observer_.on_exceeded(service, text);  // last: it may change the entries
}

}  // namespace devinit::supervisor
