#pragma once

#include <optional>
#include <string>

#include "base/port.hpp"

namespace devinit::config {

/// Where a preferred port comes from: the order of the choice (docs/configuration.md) and what `status` tells.
enum class PortSource { hand_set, config, remembered, preset, automatic };
/// "hand-set in .ports.json", "devinit.json", "remembered", "default", "automatic".
[[nodiscard]] const char* describe(PortSource source) noexcept;

/// One port of a service as the configuration asks for it.
struct PortSpec {
  std::optional<Port> prefer;      ///< nothing: "auto"
  std::optional<PortRange> range;  ///< fallbacks stay inside it
  bool whole_range = false;        ///< fallbacks are searched from the start of `range`, wherever `prefer` lies
  bool strict = false;             ///< busy is an error, never the next port
  std::string host;                ///< address the service binds; empty: not said
  PortSource source = PortSource::config;  ///< `config` or `preset`
  bool operator==(const PortSpec&) const = default;
};

}  // namespace devinit::config
