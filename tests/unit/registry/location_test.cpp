#include "registry/location.hpp"

#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::registry;

namespace {

const os::Environment kNobody{{"HOME", "/home/ann"}};

Location located(const std::string& name, const os::Environment& environment = kNobody) {
  const auto location = find_location(name, environment, {});
  INFO(name);
  if (!location) FAIL(location.error().message);
  return *location;
}

}  // namespace

TEST_CASE("the option names the registry before the variable, and that before the user's configuration") {
  os::Environment environment = kNobody;
  CHECK(find_location({}, environment, "/configured.db")->target == "/configured.db");
  environment["DEVINIT_REGISTRY"] = "/variable.db";
  CHECK(find_location({}, environment, "/configured.db")->target == "/variable.db");
  CHECK(find_location("/option.db", environment, "/configured.db")->target == "/option.db");
  environment["DEVINIT_REGISTRY"] = "";
  CHECK(find_location({}, environment, "/configured.db")->target == "/configured.db");
}

TEST_CASE("a path is made absolute, with the home folder and without dots") {
  CHECK(located("~/ports.db").target == "/home/ann/ports.db");
  CHECK(located("sqlite:/srv/./team/../ports.db").target == "/srv/ports.db");
  CHECK(located("sqlite:///srv/ports.db").target == "/srv/ports.db");
  CHECK(located("ports.db").target.ends_with("/ports.db"));
  CHECK(located("ports.db").target.starts_with("/"));
  CHECK(located("/srv/ports.db").shown == "/srv/ports.db");
  CHECK_FALSE(located("/srv/ports.db").is_default);
}

TEST_CASE("a PostgreSQL URL stays as it is and is shown without its passwords") {
  const auto location = located("postgresql://ann:s3cret@db:5433/ports?sslpassword=key&application_name=x");
  CHECK(location.backend == Location::Backend::postgresql);
  CHECK(location.target == "postgresql://ann:s3cret@db:5433/ports?sslpassword=key&application_name=x");
  CHECK(location.shown == "postgresql://ann:***@db:5433/ports?sslpassword=***&application_name=x");
  CHECK(located("postgres://postgres:postgres@postgres/postgres").shown == "postgres://postgres:***@postgres/postgres");
  CHECK(located("postgresql:///ports?host=/run/pg&pass%77ord=x").shown == "postgresql:///ports?host=/run/pg&pass%77ord=***");
  CHECK(located("postgresql://ann@db/ports").shown == "postgresql://ann@db/ports");
  CHECK(located("postgresql://db/ports?passwd=x1&passwordx=x2&sslmode=require").shown ==
        "postgresql://db/ports?passwd=***&passwordx=***&sslmode=require");
  CHECK(located("./host=x.db").backend == Location::Backend::sqlite);
}

TEST_CASE("other schemes, empty names, folders and badly written URLs are mistakes of usage that repeat no password") {
  for (const std::string name : {"mysql://ann:s3cret@db/ports", "sqlite:", "/", "/tmp", "/tmp/", "postgresql://ann:s3cret@x@db/ports",
                                 "postgresql://ann:s3/cret@db/ports", "postgresql://ann:s3/c?ret@db", "postgresql:/ann:s3cret@db",
                                 "postgres:ann:s3cret", "postgresql://ann:s3 cret@db", "a\nb",
                                 "host=127.0.0.1 password=s3cret", "password=s3cret", "dbname = ports passwd=s3cret"}) {
    const auto location = find_location(name, kNobody, {});
    INFO(name);
    REQUIRE(location.has_error());
    CHECK(location.error().code == Errc::usage);
    CHECK(location.error().message.find("s3") == std::string::npos);
    CHECK(location.error().hint.find("s3") == std::string::npos);
  }
  CHECK(find_location("~/x.db", {}, {}).error().code == Errc::usage);
}

TEST_CASE("a password disappears wherever it stands, encoded or not") {
  const std::string url = "postgresql://ann:p%40ss%2Fword@db/ports?password=other";
  CHECK(without_password("bad: " + url + "!", url) == "bad: postgresql://ann:***@db/ports?password=***!");
  CHECK(without_password("user ann, password p@ss/word, p%40ss%2Fword and other", url) == "user ann, password ***, *** and ***");
  CHECK(without_password("nothing to hide", url) == "nothing to hide");
  CHECK(without_password("nothing to hide", "postgresql://ann@db/ports") == "nothing to hide");
  CHECK(without_password("nothing to hide", "/srv/ports.db") == "nothing to hide");
  CHECK(without_password("", url).empty());
}

TEST_CASE("a longer secret is hidden before a shorter one in it") {
  CHECK(without_password("secret secretsecret", "postgresql://ann:secret@db/x?password=secretsecret") == "*** ***");
}
