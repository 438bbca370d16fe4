#include "registry/location.hpp"

#include <filesystem>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "registry/connection_url.hpp"

namespace devinit::registry {
namespace {

constexpr const char kForms[] = "a registry is a path, or postgresql://USER@HOST/DATABASE";

std::string variable(const os::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

/// The path without "~/", dots and symbolic links, whether the file exists or not: everybody has to find the same lock beside it.
Result<std::string> absolute_path(std::string path, const os::Environment& environment) {
  if (path == "~" || path.starts_with("~/")) {
    const std::string home = variable(environment, "HOME");
    if (!home.starts_with('/')) return Error(Errc::usage, "the registry “" + path + "” is in the home folder, and HOME is not set");
    path = home + path.substr(1);
  }
  std::error_code error;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  if (error) return Error(Errc::usage, "the registry “" + path + "” cannot be resolved: " + error.message(), kForms);
  return resolved.string();
}

Result<Location> sqlite_location(const std::string& path, const os::Environment& environment) {
  if (path.empty()) return Error(Errc::usage, "the registry has an empty name", kForms);
  if (path.find('\0') != std::string::npos || path.find('\n') != std::string::npos) {
    return Error(Errc::usage, "the name of the registry holds control characters", kForms);
  }
  TRY_ASSIGN(std::string target, absolute_path(path, environment));
  if (path.ends_with('/') || os::is_directory(target)) {
    return Error(Errc::usage, "the registry " + target + " is a folder",
                 "name a file in it: " + (target.ends_with('/') ? target : target + "/") + "registry.db");
  }
  return Location{.backend = Location::Backend::sqlite, .target = target, .shown = target, .is_default = false};
}

Result<Location> postgres_location(const std::string& url) {
  TRY(check_connection_url(url));
  return Location{.backend = Location::Backend::postgresql, .target = url, .shown = shown_url(url), .is_default = false};
}

Result<Location> location_from(const std::string& name, const os::Environment& environment) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (is_connection_url(name)) return postgres_location(name);
  if (name.starts_with("postgres:") || name.starts_with("postgresql:")) {  // not a path, and better not repeated
    return Error(Errc::usage, "the URL of the registry has no “//” after its scheme", kForms);
  }
  if (name.starts_with(kSqlite)) return sqlite_location(name.substr(kSqlite.size()), environment);
  if (const auto scheme = name.find("://"); scheme != std::string::npos) {
    return Error(Errc::usage, "the registry cannot be a “" + name.substr(0, scheme) + "://” address", kForms);
  }
  if (is_keyword_form(name)) {  // better not repeated, either
    return Error(Errc::usage, "the registry is given as KEY=VALUE pairs, which devinit does not read",
                 "write it as a URL: postgresql://USER@HOST/DATABASE; a file of that name as ./NAME");
  }
  return sqlite_location(name, environment);
}

}  // namespace

Result<Location> find_location(const std::string& option, const os::Environment& environment, const std::string& configured) {
  for (const std::string& name : {option, variable(environment, "DEVINIT_REGISTRY"), configured}) {
    if (!name.empty()) return location_from(name, environment);
  }
  return local_location(environment);
}

Result<Location> local_location(const os::Environment& environment) {
  TRY_ASSIGN(const std::string state, os::state_directory(environment));
  const std::string path = state + "/registry.db";
  return Location{.backend = Location::Backend::sqlite, .target = path, .shown = path, .is_default = true};
}

std::string without_password(const std::string& text, const std::string& url) { return hide_secrets(text, url); }

}  // namespace devinit::registry
