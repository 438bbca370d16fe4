#include "cli/run_banner.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

using Urls = std::vector<std::string>;

TEST_CASE("a server on one address has one URL") {
  CHECK(run_urls("127.0.0.1", 5050, {"10.0.0.7"}) == Urls{"http://127.0.0.1:5050/"});
  CHECK(run_urls("localhost", 5050, {"10.0.0.7"}) == Urls{"http://localhost:5050/"});
  CHECK(run_urls("::1", 5050, {}) == Urls{"http://[::1]:5050/"});
}

TEST_CASE("a server on every interface is shown with the addresses that reach it") {
  CHECK(run_urls("0.0.0.0", 5050, {"10.0.0.7", "2001:db8::7"}) == Urls{"http://localhost:5050/", "http://10.0.0.7:5050/"});
  CHECK(run_urls("::", 5050, {"10.0.0.7", "2001:db8::7"}) ==
        Urls{"http://localhost:5050/", "http://10.0.0.7:5050/", "http://[2001:db8::7]:5050/"});
}

}  // namespace
}  // namespace devinit::cli
