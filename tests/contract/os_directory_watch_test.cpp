#include <catch2/catch.hpp>
#include <filesystem>

#include "os/directory_watch.hpp"
#include "os/readable.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::os {
namespace {

bool reported(DirectoryWatch& watch) {
  const bool something = wait_readable({watch.fd()}, std::chrono::milliseconds(0))[0];
  watch.drain();
  return something;
}

TEST_CASE("a directory watch tells about writing, renaming and deleting") {
  const test::TemporaryFolder folder;
  auto watch = DirectoryWatch::on(folder.path());
  REQUIRE(watch.has_value());
  CHECK_FALSE(reported(*watch));
  const auto file = folder.write("a.log", "one\n");
  CHECK(reported(*watch));
  CHECK_FALSE(reported(*watch));
  std::filesystem::rename(file, folder.path("a.log.1"));
  CHECK(reported(*watch));
  std::filesystem::remove(folder.path("a.log.1"));
  CHECK(reported(*watch));
}

TEST_CASE("a folder that is missing, or no folder, cannot be watched") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(DirectoryWatch::on(folder.path("missing")).has_value());
  CHECK_FALSE(DirectoryWatch::on(folder.write("file", "")).has_value());
}

}  // namespace
}  // namespace devinit::os
