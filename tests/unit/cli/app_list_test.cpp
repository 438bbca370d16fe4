#include "cli/app_list.hpp"

#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::cli;
using registry::Lease;
using registry::OwnerKind;

namespace {

Lease app_lease(Port port, const std::string& model, std::int64_t app, const std::string& role) {
  Lease lease;
  lease.port = port;
  lease.owner = {OwnerKind::app, model, app, role};
  lease.host = "here";
  return lease;
}

Lease reserved_lease(Port port, const std::string& name) {
  Lease lease;
  lease.port = port;
  lease.owner = {OwnerKind::reserved, name, port, ""};
  return lease;
}

std::string rows_of(const AppList& list) {
  std::string text;
  for (const auto& row : list.rows) {
    text += std::to_string(row.row) + ":" + row.model + "/" + std::to_string(row.app) + "/" + row.role + "=" + std::to_string(row.port) + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("the old list of apps is read row by row, and other keys are passed over") {
  const auto list = parse_app_list(R"([{"model": "A", "app_number": 1, "backend_port": 5001, "frontend_port": 8001, "made": "2024"},
    {"model": "B", "app_number": 2, "backend_port": 5003, "frontend_port": 8003}])", "old.json");
  REQUIRE(list.has_value());
  CHECK(rows_of(*list) == "1:A/1/backend=5001 1:A/1/frontend=8001 2:B/2/backend=5003 2:B/2/frontend=8003 ");
}

TEST_CASE("all mistakes of a list are reported with their places") {
  const auto list = parse_app_list("[{\"model\": \"\", \"app_number\": 0, \"backend_port\": 70000},\n 5,\n {\"model\": \"A\", \"app_number\": 1.5, "
                                   "\"backend_port\": \"5001\", \"frontend_port\": true}]", "old.json");
  REQUIRE_FALSE(list.has_value());
  CHECK(list.error().code == Errc::config);
  const auto& text = list.error().message;
  for (const char* place : {"old.json:1:12", "old.json:1:30", "old.json:1:49", "frontend_port", "old.json:2:2", "old.json:3:31", "old.json:3:52",
                            "old.json:3:77"}) {
    CAPTURE(place, text);
    CHECK(text.find(place) != std::string::npos);
  }
}

TEST_CASE("what is no list of apps says so") {
  for (const char* text : {"", "5", "{}", "[", "{\"apps\": 1}", "{\"reservations\": [{\"name\": \"x\", \"first\": 9, \"last\": 3}]}"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_app_list(text, "list.json").has_value());
  }
}

TEST_CASE("what was exported is read as it was") {
  const std::vector<Lease> leases{app_lease(5001, "A \"quoted\"; ../x", 1, "backend"), app_lease(8001, "A \"quoted\"; ../x", 1, "frontend"),
                                  app_lease(9500, "\xF0\x9F\x9A\x80", 2, "worker"), reserved_lease(9600, "legacy"), reserved_lease(9601, "legacy"),
                                  reserved_lease(9700, "legacy")};
  const auto elsewhere = parse_app_list(full_form(leases), "full", "another host");
  REQUIRE(elsewhere.has_value());
  CHECK(elsewhere->rows.empty());
  CHECK(elsewhere->of_other_hosts > 0);
  const auto full = parse_app_list(full_form(leases), "full");
  REQUIRE(full.has_value());
  CHECK(rows_of(*full) == "1:A \"quoted\"; ../x/1/backend=5001 1:A \"quoted\"; ../x/1/frontend=8001 2:\xF0\x9F\x9A\x80/2/worker=9500 ");
  REQUIRE(full->reservations.size() == 2);
  CHECK(full->reservations[0].range == PortRange{9600, 9601});
  CHECK(full->reservations[1].range == PortRange{9700, 9700});

  std::size_t left_out = 0;
  const auto old = parse_app_list(old_form(leases, &left_out), "old");
  REQUIRE(old.has_value());
  CHECK(rows_of(*old) == "1:A \"quoted\"; ../x/1/backend=5001 1:A \"quoted\"; ../x/1/frontend=8001 ");
  CHECK(left_out == 4);
  CHECK(old_form({}, nullptr) == "[]");
}
