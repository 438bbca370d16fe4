#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/process.hpp"
#include "registry/registry.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::test {

using registry::Location;

/// SQLite, and the server that DEVINIT_TEST_POSTGRES names.
inline std::vector<Location::Backend> registry_backends() {
  std::vector<Location::Backend> backends{Location::Backend::sqlite};
  if (::getenv("DEVINIT_TEST_POSTGRES") != nullptr) {
    backends.push_back(Location::Backend::postgresql);
  } else if (static bool said = false; !std::exchange(said, true)) {
    WARN("DEVINIT_TEST_POSTGRES names no server: the registry is tested on SQLite only");
  }
  return backends;
}

/// A registry of the test's own: a file in its folder, or on the server a host that nobody else has.
class RegistryFixture {
 public:
  explicit RegistryFixture(Location::Backend backend = Location::Backend::sqlite) {
    static int count = 0;
    options.host.id = "test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
    options.now = [this] { return clock; };
    options.on_notice = [this](const std::string& text) { notices.push_back(text); };
    location.backend = backend;
    const char* url = ::getenv("DEVINIT_TEST_POSTGRES");
    location.target = backend == Location::Backend::sqlite ? folder.path("registry.db") : std::string(url);
    location.shown = backend == Location::Backend::sqlite ? location.target : "the test server";
  }
  RegistryFixture(const RegistryFixture&) = delete;
  RegistryFixture& operator=(const RegistryFixture&) = delete;

  [[nodiscard]] std::unique_ptr<registry::Registry> open(registry::Access access = registry::Access::read_write) const {
    auto opened = registry::Registry::open(location, access, options);
    if (!opened) FAIL(opened.error().message);
    return std::move(*opened);
  }
  /// The real path of a folder that exists while the fixture does.
  [[nodiscard]] std::string make_root(const std::string& name) const {
    std::filesystem::create_directory(folder.path(name));
    return folder.path(name);
  }

  TemporaryFolder folder;
  Location location;
  registry::Registry::Options options;
  registry::Seconds clock = 1'800'000'000;
  std::vector<std::string> notices;
};

/// The value, or a failed test with its message.
template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
inline void must(const Result<>& result) {
  if (!result) FAIL(result.error().message);
}

inline registry::AppRequest app_request(const std::string& model, std::int64_t app) {
  registry::AppRequest request;
  request.model = model;
  request.app = app;
  request.grids = registry::default_grids();
  return request;
}

inline std::vector<Port> ports_of(const std::vector<registry::Lease>& leases) {
  std::vector<Port> ports;
  for (const auto& lease : leases) ports.push_back(lease.port);
  return ports;
}

inline registry::WantedLease wanted(const std::string& role, Port port) { return {.role = role, .port = port, .named = false}; }
inline registry::WantedLease named(const std::string& role, Port port) { return {.role = role, .port = port, .named = true}; }

/// The answer to one request.
inline Result<registry::AppPorts> allocate(registry::Registry& registry, const registry::AppRequest& request,
                                           const registry::PortPolicy& policy = {}) {
  auto answers = must(registry.allocate(std::span(&request, 1), policy));
  REQUIRE(answers.size() == 1);
  return std::move(answers.front());
}
inline std::vector<Port> get(registry::Registry& registry, const std::string& model, std::int64_t app,
                             const registry::PortPolicy& policy = {}) {
  return ports_of(must(allocate(registry, app_request(model, app), policy)).leases);
}

/// A supervisor that lives as long as the test.
inline registry::LiveProcess this_process() {
  const auto identity = os::identify(::getpid()).value();
  return {identity.pid, static_cast<std::int64_t>(identity.start_ticks), os::boot_id()};
}

inline std::vector<registry::Lease> all_leases(registry::Registry& registry, const registry::Filter& filter = {}) {
  std::vector<registry::Lease> leases;
  must(registry.each_lease(filter, [&](const registry::Lease& lease) { leases.push_back(lease); }));
  return leases;
}

}  // namespace devinit::test
