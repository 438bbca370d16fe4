#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/duration.hpp"

namespace devinit::config {

/// A string goes to `sh -c`, an array is exec'd.
using Command = std::variant<std::string, std::vector<std::string>>;

/// How a service is asked how it is.
enum class ProbeKind {
  none,    ///< not at all: ready once it has lived for a moment
  port,    ///< its port is listened on, by its own tree
  http,    ///< GET `http_path` of its port answers with the wanted status; for `ready` after `port` has been proven
  exec,    ///< a command ends with 0
  log,     ///< a line of its output matches
  notify,  ///< it says so itself: READY=1 on $NOTIFY_SOCKET (sd_notify(3)); as liveness WATCHDOG=1
  file,    ///< a file exists
  delay,   ///< time has passed
};
struct ProbeSpec {
  ProbeKind kind = ProbeKind::port;
  std::string http_path;
  int http_status = 0;               ///< 0: any 2xx or 3xx
  std::vector<std::pair<std::string, std::string>> http_headers;  ///< values are templates
  Command exec;                      ///< templates not yet filled
  std::string log;                   ///< a regular expression (ECMAScript), searched in each line
  std::string file;                  ///< relative to the service's cwd, or absolute; a template
  Millis delay{0};
  Millis initial_delay{0};           ///< before the first attempt
  Millis timeout{1000};              ///< of one attempt
  Millis period{100};                ///< between attempts; notify as liveness: the longest silence
  int success_threshold = 1;         ///< so many good answers in a row
  int failure_threshold = 0;         ///< so many bad ones in a row; 0: for `ready` only the deadline ends the patience; for `live` 3
  Millis deadline{60'000};           ///< `ready`: of the whole start; of no meaning for `live`
  bool operator==(const ProbeSpec&) const = default;
};

/// What happens to a service that was ready and does not answer any more.
enum class LiveAction { restart, mark };
struct LiveSpec {
  ProbeSpec probe;
  LiveAction action = LiveAction::restart;
  bool operator==(const LiveSpec&) const = default;
};

}  // namespace devinit::config
