#pragma once

#include <string>

#include "base/result.hpp"

namespace devinit::os {

/// A library that is loaded only when it is needed. It stays loaded until the program ends: what it started (threads, handlers of other
/// libraries) may outlive the object.
class SharedLibrary {
 public:
  /// By its file name, such as "libpq.so.5", where the loader looks for libraries. Errc::not_found with the loader's words.
  [[nodiscard]] static Result<SharedLibrary> load(const std::string& name);

  /// The address of a function or variable; nullptr when the library has none of that name.
  [[nodiscard]] void* symbol(const char* name) const noexcept;

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace devinit::os
