#include "cli/registry_access.hpp"
#include "contract/network.hpp"
#include "os/unix_socket.hpp"
#include "ports/claim.hpp"
#include "ports/claimed_ports.hpp"
#include "ports/probe.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::cli {
namespace {

config::PortRules rules_of(const std::string& text) {
  const auto user = config::parse_user_config(text, "config.json");
  REQUIRE(user.has_value());
  return user->ports;
}

/// A folder with a user's configuration, and the environment that leads there.
struct Home {
  explicit Home(const std::string& text) {
    std::filesystem::create_directory(folder / "devinit");
    if (!text.empty()) folder.write("devinit/config.json", text);
    environment = {{"XDG_CONFIG_HOME", folder.path()},
                   {"XDG_STATE_HOME", folder / "state"},
                   {"HOME", folder.path()},
                   {"DEVINIT_HOST", "here"}};
  }
  test::TemporaryFolder folder;
  os::Environment environment;
};

constexpr const char* kPools = R"({"ports": {
  "deny": [4000, "4100-4102"],
  "pools": {"a": {"models": ["a*"], "roles": {"backend": {"start": 20000, "end": 20010}}},
            "b": {"roles": {"backend": {"start": 21000, "end": 21010}, "frontend": {"start": 21001, "step": 2, "end": 21011}}}},
  "apps": [{"model": "m", "app": 1, "ports": {"backend": 5100}}]
}})";

}  // namespace

TEST_CASE("the user's configuration is read where the environment says") {
  const Home home(R"({"lease_days": 7})");
  const auto user = load_user_config(home.environment);
  REQUIRE(user.has_value());
  CHECK(user->lease_days == 7);
  const auto by_home = load_user_config({{"HOME", home.folder.path()}});
  REQUIRE(by_home.has_value());
  CHECK_FALSE(by_home->lease_days);
}

TEST_CASE("no configuration of a user sets nothing, a wrong one is named") {
  CHECK(load_user_config(Home("").environment).has_value());
  const Home wrong(R"({"lease_days": 0})");
  const auto mistaken = load_user_config(wrong.environment);
  REQUIRE_FALSE(mistaken.has_value());
  CHECK(mistaken.error().code == Errc::config);
  CHECK(mistaken.error().message.find("devinit/config.json:1:16") != std::string::npos);
  const Home folder("");
  std::filesystem::create_directory(folder.folder / "devinit/config.json");
  const auto unreadable = load_user_config(folder.environment);
  REQUIRE_FALSE(unreadable.has_value());
  CHECK(unreadable.error().code == Errc::config);
}

TEST_CASE("what is set aside is never given") {
  const auto rules = rules_of(kPools);
  const PortSet aside = ports_set_aside(rules, nullptr);
  for (const int port : {1, 1023, 6000, 6666, 10080, 4000, 4100, 4102, 20000, 20010, 21000, 21011, 5100})
    CHECK(aside.contains(static_cast<Port>(port)));
  for (const int port : {1024, 4001, 4103, 5001, 8001, 19999, 20011, 21012, 65535})
    CHECK_FALSE(aside.contains(static_cast<Port>(port)));
}

TEST_CASE("who belongs to a pool gets its ports and nobody else's") {
  const auto rules = rules_of(kPools);
  const PortSet aside = ports_set_aside(rules, rules.pool_for_model("alpha"));
  CHECK_FALSE(aside.contains(20005));
  CHECK(aside.contains(21005));
}

TEST_CASE("the probe refuses what is bound and what a devinit claims") {
  const test::Network network;
  const Port bound = test::scratch_port();
  const auto server = test::serve("127.0.0.1", bound);
  const Port claimed = test::scratch_port();
  auto claim = ports::Claim::take(claimed);
  REQUIRE(claim.has_value());
  claim->drop_fence();
  const auto policy = port_policy({}, nullptr, true);
  CHECK(policy.ephemeral_first >= 32768);
  REQUIRE(policy.is_free);
  CHECK_FALSE(policy.is_free(bound));
  CHECK_FALSE(policy.is_free(claimed));
  CHECK(ports::probe_bind(claimed) == ports::Verdict::free);
  CHECK_FALSE(port_policy({}, nullptr, false).is_free);
}

TEST_CASE("claims are read off the kernel's table, and only well-formed ones") {
  const test::Network network;
  const Port port = test::scratch_port();
  const auto token = ports::Claim::take_token(port);
  REQUIRE(token.has_value());
  const auto odd = os::bind_abstract(ports::claim_token_name(port) + "x");
  CHECK(odd.has_value());
  CHECK(ports::claimed_ports().contains(port));
  if (network.isolated()) CHECK(ports::claimed_ports().size() == 1);
}

TEST_CASE("a registry is opened where it is asked for") {
  const Home home(R"({"lease_days": 7, "registry": "/elsewhere/registry.db"})");
  Arguments arguments;
  arguments.registry = home.folder / "own/registry.db";
  std::filesystem::create_directory(home.folder / "own");  // only the default place is made where it is missing
  Output output{OutputStyle{}};
  const Context context{arguments, output, home.environment};
  const auto user = load_user_config(home.environment);
  REQUIRE(user.has_value());
  const auto options = registry_options(context, *user);
  REQUIRE(options.has_value());
  CHECK(options->host.id == "here");
  CHECK(options->idle_limit == 7 * 24 * 3600);
  const auto registry = open_registry(context, *user);
  INFO((registry ? std::string() : registry.error().message));
  REQUIRE(registry.has_value());
  CHECK((*registry)->location().target == home.folder / "own/registry.db");
  CHECK(std::filesystem::exists(home.folder / "own/registry.db"));
}

TEST_CASE("for a rebuild the ports of a project are those that devinit wrote") {
  const Home home("");
  const test::TemporaryFolder root;
  root.write(".ports.json", R"({"backend": 8001, "postgres": 5432})");
  Arguments arguments;
  Output output{OutputStyle{}};
  const Context context{arguments, output, home.environment};
  const auto options = registry_options(context, {});
  REQUIRE(options.has_value());
  CHECK(options->ports_of(root.path()).size() == 2);
  std::filesystem::create_directory(root / ".devinit");
  root.write(".devinit/ports.last.json", R"({"backend": {"written": 8001}})");
  const auto ports = options->ports_of(root.path());
  REQUIRE(ports.size() == 1);
  CHECK(ports[0].role == "backend");
  CHECK(ports[0].port == 8001);
  CHECK(options->ports_of(root / "missing").empty());
}

}  // namespace devinit::cli
