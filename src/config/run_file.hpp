#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/project_config.hpp"

namespace devinit::config {

/// What a `devinit run` wants from its supervisor: written by the one, read by the other (`run.json` in the run's data folder).
/// Not devinit.json: nobody edits it, its words are meant literally, and its range need not hold the preferred port.
struct RunFile {
  std::string name;                  ///< of the one service
  std::string project;               ///< what DEVINIT_PROJECT says
  std::vector<std::string> command;  ///< executed, with `{port}` in it
  std::optional<Port> prefer;        ///< nothing: the first free one of `range`
  PortRange range{1024, 65535};      ///< searched from its start
  bool strict = false;
  std::string host;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> env_files;  ///< relative to the folder of the run
  std::vector<Port> avoid;             ///< never found by the search
  std::string folder;                  ///< where it is run: tells whose data folder this is
  int input_of = 0;                    ///< a process whose stdin the command reads; 0: none
};

/// The output of a run goes to its reader through log files of 10 MB each. As many as this, so that a reader may be 2 GB behind; when the run
/// has ended only a few are kept.
inline constexpr int kRunLogFiles = 200;
inline constexpr int kKeptRunLogFiles = 5;

[[nodiscard]] std::string encode_run_file(const RunFile& run);
/// Errc::config for anything that `encode_run_file` does not write.
[[nodiscard]] Result<RunFile> decode_run_file(std::string_view text);

/// The project of one service that is never restarted and may take as long as it likes to listen.
[[nodiscard]] ProjectConfig run_project_config(const RunFile& run);

}  // namespace devinit::config
