#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace devinit::config {

/// One mistake in a file: where (1-based line and column, in bytes), what, and what to do.
struct Diagnostic {
  std::string file;  ///< as shown to the user
  int line = 0;      ///< 0: the file as a whole
  int column = 0;
  std::string message;
  std::string hint;  ///< may be empty
  int rank = 0;      ///< of its file among several: those of one file are told together
};

using Diagnostics = std::vector<Diagnostic>;

/// More mistakes than this are counted, not listed: a wrong kind of file must not flood the terminal.
inline constexpr std::size_t kMostShown = 200;

/// "devinit.json:4:13: `port` must be 1 to 65535, not 70000" per mistake (hint appended in parentheses), joined by newlines
/// into one Errc::config error, sorted by the rank of the file and the position.
[[nodiscard]] Error to_error(const Diagnostics& diagnostics);

}  // namespace devinit::config
