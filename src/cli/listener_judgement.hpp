#pragma once

#include "ports/holder.hpp"
#include "registry/lease.hpp"

namespace devinit::cli {

/// Whether a listener on a leased port is not the owner's: neither a service of the owner's supervisor, nor below the live process of the
/// lease, nor working in the owner's folder. Who cannot be judged is no stranger: another user's process, a container (and the proxy of one),
/// and anybody on a reserved port, whose owner is only a name.
[[nodiscard]] bool is_stranger(const ports::Holder& holder, const registry::Lease& lease);

}  // namespace devinit::cli
