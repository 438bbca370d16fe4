#include "cli/live_environment.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

TEST_CASE("the lines of .env.runtime are taken as they are") {
  using Entries = std::vector<std::pair<std::string, std::string>>;
  const auto entries = runtime_entries("# made by devinit\nBACKEND_PORT=8000\nURL=http://x/?a=b # c\nQUOTED=\"yes\"\nEMPTY=\n\n=nothing\nnone");
  CHECK(entries == Entries{{"BACKEND_PORT", "8000"}, {"URL", "http://x/?a=b # c"}, {"QUOTED", "\"yes\""}, {"EMPTY", ""}});
  CHECK(runtime_entries("").empty());
}

}  // namespace
}  // namespace devinit::cli
