#pragma once

#include <string>

#include "base/result.hpp"
#include "os/process.hpp"

namespace devinit::registry {

/// Whose ports a lease is about: a port is unique per host.
struct Host {
  std::string id;          ///< DEVINIT_HOST, else the machine id; else a name made of the host name and the boot
  bool ephemeral = false;  ///< nothing names it for longer than this boot (no DEVINIT_HOST, and no machine id or CI in a container): its
                           ///< leases end with their run
};

/// What this machine says about itself; texts are empty when it says nothing.
struct HostFacts {
  std::string machine_id;  ///< the first line of /etc/machine-id
  std::string host_name;
  std::string boot_id;
  bool container = false;
};
[[nodiscard]] HostFacts host_facts(const os::Environment& environment);

/// `this_host` of a machine with these facts. Pure.
[[nodiscard]] Result<Host> host_from(const os::Environment& environment, const HostFacts& facts);

/// Errc::usage for a DEVINIT_HOST that is longer than 200 bytes, or holds control characters or blanks.
[[nodiscard]] Result<Host> this_host(const os::Environment& environment);

}  // namespace devinit::registry
