#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "config/config_file.hpp"
#include "unit/config/memory_files.hpp"

namespace devinit::config {

/// A devinit.json in a project with these files.
inline Result<ProjectConfig> parse(std::string_view text, const MemoryFiles& files = MemoryFiles{},
                                   const Variables& variables = {}) {
  return parse_config(text, "devinit.json", "folder", variables, files);
}

/// The same, which has to be without a mistake.
inline ProjectConfig parsed(std::string_view text, const MemoryFiles& files = MemoryFiles{}, const Variables& variables = {}) {
  auto config = parse(text, files, variables);
  REQUIRE((config ? "" : config.error().message) == "");
  return std::move(*config);
}

/// All mistakes of the text; "" when there is none.
inline std::string mistakes_in(std::string_view text, const MemoryFiles& files = MemoryFiles{},
                               const Variables& variables = {}) {
  const auto config = parse(text, files, variables);
  if (config) return "";
  CHECK(config.error().code == Errc::config);
  return config.error().message;
}

/// A project with one service that has a command, a port and `members`.
inline std::string with_service(const std::string& members) {
  return R"({"services": {"api": {"command": "run", "port": 8000, )" + members + "}}}";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace devinit::config
