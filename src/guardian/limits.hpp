#pragma once

#include <stdint.h>

#include "guardian/protocol.hpp"

/// What each process of the service may take.
namespace devinit::guardian {

/// Why a child could not be made ready for its program.
struct SetupFailure {
  int error = 0;  ///< an errno; 0: nothing has failed
  SetupStep step = SetupStep::exec;
  int64_t asked = 0;  ///< the limit that could not be set
};

/// Applies `limits` to the calling process, for it and all that it starts: "nofile=4096,nice=-5,umask=18", in decimal numbers; the names are those of
/// SetupStep and "umask". A resource limit is soft and hard at once. The first one that the kernel refuses ends it.
[[nodiscard]] SetupFailure apply_limits(const char* limits);

}  // namespace devinit::guardian
