#include "api/registry_view.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "api/messages.hpp"

namespace devinit::api {
namespace {

RegistryView full_view() {
  RegistryView view;
  view.location = "postgresql://ann:s3cret@db/ports";
  view.pending = true;
  view.ephemeral = true;
  view.repository = "/home/ann/shop/.git";
  view.avoid.insert(PortRange{1, 1023});
  view.avoid.insert(Port{8000});
  view.avoid.insert(Port{65535});
  view.ephemeral_first = 32768;
  view.neighbours = {{8000, "project \"shop\" (/home/ann/shöp), backend", true}, {8001, "reserved for legacy", false}};
  view.own = {{"backend", 8004}, {"backend.metrics", 9000}};
  view.pools = {{"backend", {20000, 2, 20998}}};
  return view;
}

Result<Request> decode_start(const std::string& registry) {
  return decode_request("start", R"({"version":2,"registry":)" + registry + "}");
}

TEST_CASE("a start request carries what the registry says, and loses nothing of it") {
  Request request;
  request.op = Request::Op::start;
  request.registry = full_view();
  const auto text = encode(request);
  const auto decoded = decode_request("start", text);
  REQUIRE(decoded.has_value());
  REQUIRE(decoded->registry.has_value());
  CHECK(encode(*decoded) == text);
  CHECK(decoded->registry->avoid == request.registry->avoid);
  CHECK(decoded->registry->own == request.registry->own);
  CHECK(decoded->registry->neighbour_on(8000)->yields);
  CHECK(decoded->registry->neighbour_on(8002) == nullptr);
}

TEST_CASE("ports to avoid are ranges in one text") {
  Request request;
  request.op = Request::Op::start;
  request.registry = full_view();
  CHECK(encode(request).find(R"("avoid":"1-1023,8000,65535")") != std::string::npos);
}

TEST_CASE("a request without a registry knows and writes no leases") {
  const auto decoded = decode_request("start", R"({"version":2})");
  REQUIRE(decoded.has_value());
  CHECK_FALSE(decoded->registry.has_value());
}

TEST_CASE("an empty view is one that knows nothing, and members of a newer client are ignored") {
  for (const char* text : {"{}", R"({"colour":"blue","avoid":""})"}) {
    const auto decoded = decode_start(text);
    REQUIRE(decoded.has_value());
    REQUIRE(decoded->registry.has_value());
    CHECK(decoded->registry->avoid.empty());
    CHECK(decoded->registry->location.empty());
  }
}

TEST_CASE("what is no view of the registry is refused") {
  for (const char* text : {"3", "[]", R"({"avoid":"0"})", R"({"avoid":"8000,"})", R"({"avoid":"9-8"})", R"({"avoid":" 8000"})", R"({"avoid":8000})",
                           R"({"own":[{"role":"backend"}]})", R"({"own":[{"role":"backend","port":70000}]})", R"({"neighbours":[{"port":1}]})",
                           R"({"pools":[{"role":"backend","start":9,"step":1,"end":8}]})", R"({"pools":[{"role":"b","start":1,"step":0,"end":8}]})"}) {
    INFO(text);
    const auto decoded = decode_start(text);
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().code == Errc::protocol);
  }
}

}  // namespace
}  // namespace devinit::api
