#include "registry/host.hpp"

#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::registry;

namespace {

const std::string kMachine = "0123456789abcdef0123456789abcdef";
const HostFacts kLaptop{.machine_id = kMachine, .host_name = "laptop", .boot_id = "boot", .container = false};

}  // namespace

TEST_CASE("DEVINIT_HOST names the host, and makes it a lasting one") {
  HostFacts container{.machine_id = {}, .host_name = "c0ffee", .boot_id = "boot", .container = true};
  const auto host = host_from({{"DEVINIT_HOST", "runner-7"}, {"CI", "true"}}, container);
  REQUIRE(host.has_value());
  CHECK(host->id == "runner-7");
  CHECK_FALSE(host->ephemeral);
}

TEST_CASE("a host name with blanks, control characters or more than 200 bytes is a mistake of usage") {
  for (const std::string& name : {std::string("a b"), std::string("a\n"), std::string(201, 'x'), std::string("\x7f"), std::string("h\xff")}) {
    CHECK(host_from({{"DEVINIT_HOST", name}}, kLaptop).error().code == Errc::usage);
  }
  CHECK(host_from({{"DEVINIT_HOST", std::string(200, 'x')}}, kLaptop).has_value());
}

TEST_CASE("without a name the machine id is the host, in a container as well") {
  HostFacts facts = kLaptop;
  CHECK(host_from({}, facts)->id == kMachine);
  CHECK_FALSE(host_from({{"CI", "1"}}, facts)->ephemeral);
  facts.container = true;
  CHECK(host_from({{"CI", "false"}}, facts)->id == kMachine);
  CHECK(host_from({{"DEVINIT_HOST", ""}}, facts)->id == kMachine);
}

TEST_CASE("a container of a CI run, and a machine without an id, last as long as this boot") {
  HostFacts facts = kLaptop;
  facts.container = true;
  const auto runner = host_from({{"CI", "true"}}, facts);
  CHECK(runner->ephemeral);
  CHECK(runner->id == "laptop-boot");
  for (const std::string& id : {std::string(), std::string("uninitialized"), std::string(32, '0')}) {
    facts = kLaptop;
    facts.machine_id = id;
    CHECK(host_from({}, facts)->ephemeral);
  }
}
