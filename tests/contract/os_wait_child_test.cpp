#include <catch2/catch.hpp>

#include "os/wait_child.hpp"

namespace devinit::os {
namespace {

TEST_CASE("wait_for_child reports how a child ended, once") {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "exit 7"};
  const auto child = spawn(request);
  REQUIRE(child.has_value());
  const auto status = wait_for_child(*child);
  REQUIRE(status.has_value());
  CHECK(status->code() == 7);
  CHECK_FALSE(wait_for_child(*child).has_value());
}

}  // namespace
}  // namespace devinit::os
