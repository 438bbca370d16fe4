#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace devinit::test {

/// A folder of its own for one test case, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/contract-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + '/' + name; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path(name); }

  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(path(name), std::ios::binary) << text;
    REQUIRE(::chmod(path(name).c_str(), mode) == 0);
    return path(name);
  }

 private:
  std::string path_;
};

inline void write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

inline std::string content_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace devinit::test
