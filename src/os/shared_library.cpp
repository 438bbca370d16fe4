#include "os/shared_library.hpp"

#include <dlfcn.h>

namespace devinit::os {

Result<SharedLibrary> SharedLibrary::load(const std::string& name) {
  void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char* const reason = ::dlerror();
    return Error(Errc::not_found, "cannot load " + (reason != nullptr ? std::string(reason) : name));
  }
  return SharedLibrary(handle);
}

void* SharedLibrary::symbol(const char* name) const noexcept { return ::dlsym(handle_, name); }

}  // namespace devinit::os
