#include "registry/path_text.hpp"

#include <catch2/catch.hpp>

using namespace devinit::registry;

namespace {

std::string text_of(const std::string& path) { return std::string(PathText(path).view()); }

}  // namespace

TEST_CASE("a path that is a text stays as it is") {
  for (const std::string path : {"", "/", "/home/ann/shop", "/home/ann/Büro 50%", "/a%:b", "/%41"}) CHECK(text_of(path) == path);
}

TEST_CASE("bytes that are no text are written as their digits") {
  CHECK(text_of("/srv/latin\xe9") == "%:/srv/latin%E9");
  CHECK(text_of("/a\nb%") == "%:/a%0Ab%25");
  CHECK(text_of("%:x") == "%:%25:x");
}

TEST_CASE("every path comes back as it was") {
  std::string all = "/";
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& path : {all, std::string("/home/ann"), std::string("/srv/latin\xe9"), std::string("%:"), std::string("%:%41"),
                                  std::string("\xff%41")}) {
    std::string back = "something else";
    read_path_text(PathText(path).view(), back);
    CHECK(back == path);
  }
}
