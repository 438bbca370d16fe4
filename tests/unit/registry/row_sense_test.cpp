#include "registry/row_sense.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace devinit::registry;

namespace {

constexpr std::size_t kPort = 1, kKind = 2, kOwner = 3, kInstance = 4, kCheckout = 7, kPid = 9, kCreated = 12, kPending = 15;

std::array<Value, 16> app_row() {
  return {"host", "5001", "app", "gpt-5", "1", "backend", "", "/srv/app", "", {}, {}, {}, "1767225600", "1767225600", "default", "0"};
}

bool sense_with(std::size_t column, Value value) {
  auto row = app_row();
  row[column] = value;
  return makes_sense(KeptTable::leases, row);
}

}  // namespace

TEST_CASE("a lease as it is written makes sense") {
  CHECK(makes_sense(KeptTable::leases, app_row()));
  auto project = app_row();
  project[kKind] = "project";
  project[kInstance] = "0";
  for (const char* owner : {"/home/ann/shop", "%:/srv/latin%E9"}) {
    project[kOwner] = owner;
    CHECK(makes_sense(KeptTable::leases, project));
  }
  CHECK(makes_sense(KeptTable::project_names, std::array<Value, 4>{"host", "gpt-5-app1", "gpt-5", "1"}));
  CHECK(makes_sense(KeptTable::hosts, std::array<Value, 3>{"host", "1", "1767225600"}));
}

TEST_CASE("a lease that nobody can have written makes none") {
  for (const char* port : {"-1", "0", "65536", "5001x", ""}) CHECK_FALSE(sense_with(kPort, port));
  CHECK_FALSE(sense_with(kKind, "dragon"));
  CHECK_FALSE(sense_with(kKind, Value()));
  CHECK_FALSE(sense_with(kOwner, "\xff\xfe"));
  CHECK_FALSE(sense_with(kOwner, "a\nb"));
  CHECK_FALSE(sense_with(kOwner, Value()));
  CHECK_FALSE(sense_with(kInstance, "0"));
  CHECK_FALSE(sense_with(kCheckout, "srv"));
  CHECK_FALSE(sense_with(kPid, "12"));
  CHECK_FALSE(sense_with(kCreated, "-5"));
  CHECK_FALSE(sense_with(kCreated, "99999999999999"));
  CHECK_FALSE(sense_with(kPending, "7"));
}
