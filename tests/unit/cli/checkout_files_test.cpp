#include "cli/checkout_files.hpp"

#include <catch2/catch.hpp>

using namespace devinit::cli;

namespace {

std::string ports_of(const CheckoutFiles& files) {
  std::string text;
  for (const auto& named : files.ports) {
    text += (named.role.empty() ? "any" : named.role) + "=" + std::to_string(named.port) + "@" + std::to_string(named.line) + " ";
  }
  return text;
}

std::string mistakes_of(const CheckoutFiles& files) {
  std::string text;
  for (const auto& mistake : files.mistakes) text += std::to_string(mistake.line) + ": " + mistake.what + "\n";
  return text;
}

}  // namespace

TEST_CASE("every port of a ports file is known with its line") {
  CheckoutFiles files;
  read_ports_text("{\n  \"backend\": 5001,\n  \"backend.metrics\": 9100\n}\n", "p", files);
  CHECK(ports_of(files) == "backend=5001@2 backend.metrics=9100@3 ");
  CHECK(files.mistakes.empty());
}

TEST_CASE("what is no port in a ports file is a mistake beside the ports that are") {
  CheckoutFiles files;
  read_ports_text("{\"backend\": 5001,\n \"frontend\": \"8001\"}", "p", files);
  CHECK(ports_of(files) == "backend=5001@1 ");
  CHECK(mistakes_of(files) == "2: `frontend` is no port\n");
}

TEST_CASE("an env file names the ports of its roles, and PORT that of its side") {
  CheckoutFiles files;
  read_env_text("# made\nexport BACKEND_PORT=5001\nFRONTEND_PORT = \"8001\"\nOTHER_PORT=1\nPORT=5001\n", "e", "", files);
  CHECK(files.ports.size() == 3);
  CheckoutFiles side;
  read_env_text("PORT=5001\n", "e", "backend", side);
  CHECK(ports_of(side) == "backend=5001@1 ");
}

TEST_CASE("of a name that is set twice the last line counts") {
  CheckoutFiles files;
  read_env_text("BACKEND_PORT=1\nBACKEND_PORT=5003\n", "e", "", files);
  CHECK(ports_of(files) == "backend=5003@2 ");
}

TEST_CASE("a port variable that holds no port is a mistake with its line, an empty one is not") {
  CheckoutFiles files;
  read_env_text("BACKEND_PORT=\n\nFRONTEND_PORT=80x\n", "e", "", files);
  CHECK(files.ports.empty());
  CHECK(mistakes_of(files) == "3: FRONTEND_PORT=`80x` is no port\n");
}
