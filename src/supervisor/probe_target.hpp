#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "config/probe_spec.hpp"
#include "os/spawn.hpp"

namespace devinit::supervisor {

/// A service as a probe sees it: what to ask, with every template filled, and where.
struct ProbeTarget {
  std::string service;
  Port port = 0;                    ///< 0: none
  std::vector<Port> named_ports;
  std::string host;                 ///< the address that it binds, as far as it is known
  pid_t guardian = 0;               ///< 0: run by others; then any listener on `port` counts
  bool socket_is_ours = false;      ///< it inherited its listening socket: that there is one proves nothing, that it accepts does
  config::ProbeSpec spec;           ///< `file` is absolute
  std::function<Result<os::SpawnRequest>()> exec;  ///< ProbeKind::exec: makes one attempt's request
  std::string exec_output;          ///< file with the end of what that writes, for the probe to read and remove; empty: none
  std::function<void()> left_behind;  ///< called when something of such a command may be left although the command is gone; may be nothing
  std::string log_file;
  std::uint64_t log_start = 0;      ///< where this run began in it
};

}  // namespace devinit::supervisor
