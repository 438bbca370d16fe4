#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "engine/snapshot.hpp"

namespace devinit::api {

/// pid + start time on one boot.
struct RecordedProcess {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
};

/// One service as `.devinit/state.json` records it: the snapshot, and what a later sweep needs to find survivors.
struct RecordedService {
  engine::ServiceSnapshot snapshot;
  std::optional<RecordedProcess> guardian;
  std::optional<RecordedProcess> leader;
  std::string log_file;
};

/// `.devinit/state.json`: written by the supervisor alone, replaced atomically; readers need neither daemon nor protocol.
/// It is believed only when version, boot id and root identity match and the supervisor's lock is held; or `clean` is set
/// (the supervisor ended in order: only stopped and failed services remain).
struct StateFile {
  static constexpr int kVersion = 1;
  int version = kVersion;
  std::string boot_id;
  std::uint64_t root_device = 0;
  std::uint64_t root_inode = 0;
  RecordedProcess supervisor;  ///< pid 0: none
  std::string socket;
  std::string cookie;       ///< value of DEVINIT_COOKIE in every process of this run
  bool clean = false;
  engine::ProjectSnapshot project;  ///< `services` empty: they are in `services` below
  std::vector<RecordedService> services;
};

[[nodiscard]] std::string encode(const StateFile& state);
/// Errc::protocol when it is not a state file of this version.
[[nodiscard]] Result<StateFile> decode_state_file(std::string_view text);

/// The text of `.devinit/supervisor.lock`: "PID SOCKET\n", SOCKET an absolute path. Nothing when it is something else (or torn).
struct LockText { pid_t pid; std::string socket; };
[[nodiscard]] std::string encode(const LockText& text);
[[nodiscard]] std::optional<LockText> decode_lock_text(std::string_view text);

}  // namespace devinit::api
