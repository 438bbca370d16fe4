#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scaffold/side.hpp"

namespace devinit::scaffold {

/// Something in a compose file that keeps two copies of an app from running side by side.
struct FixedValue {
  enum class Kind { container_name, host_port };
  Kind kind = Kind::container_name;
  std::string service;
  std::string value;  ///< "my-api", "5001"
  int line = 0;
  std::size_t begin = 0;  ///< of the value in the text, without quotes
  std::size_t end = 0;
};

/// The fixed `container_name` values and the fixed host ports of the services' `ports:` (short and long syntax, block style; a
/// port that only names the container's side is given by Docker and not fixed). Values with `$` in them are not fixed. Reads
/// lines, not all of YAML: what is written in flow style over several lines, or by anchors, is not seen.
[[nodiscard]] std::vector<FixedValue> fixed_values(std::string_view text);

/// What to put in place of a fixed value so that it differs from app to app; empty when nobody but its author can say: a port
/// of a service that is neither backend nor frontend, and the second of two in one service.
[[nodiscard]] std::string replacement_for(const FixedValue& fixed, const std::vector<FixedValue>& all);

/// The text has a top-level `name:` of its own.
[[nodiscard]] bool names_project(std::string_view text);

}  // namespace devinit::scaffold
