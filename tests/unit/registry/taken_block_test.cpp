#include "registry/taken_block.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace devinit;
using namespace devinit::registry;

TEST_CASE("the lowest port of a block is bit 1 of the first digit") {
  PortSet ports;
  ports.insert(Port{1024});
  ports.insert(Port{1027});
  ports.insert(Port{2047});
  const std::string digits = encode_block(ports, 1);
  CHECK(digits.size() == 256);
  CHECK(digits.substr(0, 2) == "90");
  CHECK(digits.back() == '8');
  CHECK(encode_block(ports, 0) == std::string(256, '0'));
}

TEST_CASE("what is encoded is decoded, block by block") {
  std::mt19937 random(7);
  PortSet ports;
  for (int i = 0; i < 20000; ++i) ports.insert(static_cast<Port>(1 + random() % 65535));
  PortSet decoded;
  for (unsigned block = 0; block < kBlocks; ++block) REQUIRE(decode_block(encode_block(ports, block), block, decoded));
  CHECK(decoded == ports);
}

TEST_CASE("a text that is no block adds nothing") {
  PortSet ports;
  const std::string full(256, 'f');
  CHECK_FALSE(decode_block(full.substr(1), 1, ports));
  CHECK_FALSE(decode_block(full + "f", 1, ports));
  CHECK_FALSE(decode_block(full.substr(1) + "F", 1, ports));
  CHECK_FALSE(decode_block(full.substr(1) + " ", 1, ports));
  CHECK_FALSE(decode_block(full, kBlocks, ports));
  CHECK(ports.empty());
}
