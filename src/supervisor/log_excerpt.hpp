#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/project_config.hpp"
#include "os/exit_status.hpp"

namespace devinit::supervisor {

/// The last lines that a run wrote: what stands before `start` in the file is of an earlier one.
[[nodiscard]] std::vector<std::string> tail_of_run(const std::string& log_file, std::uint64_t start, std::size_t lines);

/// What the log of a run says after `start` bytes: a server that met a busy port (Node, Python, Go, Java, Ruby, PHP, nginx … word it differently).
[[nodiscard]] bool says_port_in_use(const std::string& log_file, std::uint64_t start);

/// "exited with code 127 (the shell did not find the command)", "killed by SIGKILL (perhaps out of memory)", …
[[nodiscard]] std::string describe_end(const os::ExitStatus& status);

/// Why a command could not be executed: "cannot run `uvicorn`: …" by the errno of exec.
[[nodiscard]] std::string exec_failure(const config::Command& command, int error_number);

}  // namespace devinit::supervisor
