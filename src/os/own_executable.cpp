#include "os/own_executable.hpp"

#include <utility>

#include "os/files.hpp"

namespace devinit::os {

std::string own_executable() {
  constexpr const char* kLink = "/proc/self/exe";
  auto path = real_path(kLink);
  return path ? std::move(*path) : kLink;  // of a file that is gone the link still works, the path does not
}

}  // namespace devinit::os
