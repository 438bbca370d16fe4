#pragma once

#include "config/field_reader.hpp"
#include "config/service_specs.hpp"

namespace devinit::config {

/// What `limits` says when a resource is to have no limit: RLIM_INFINITY of setrlimit(2) on every Linux of 64 bits.
inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

/// {memory, cpu, nofile, nproc, core, fsize, stack, as, nice, umask}. Sizes are "512MB" or a number of bytes.
void read_limits(const JsonValue& value, LimitsSpec& limits, Mistakes& mistakes);

}  // namespace devinit::config
