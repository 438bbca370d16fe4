#include <catch2/catch.hpp>

#include "ports/holder.hpp"

using namespace devinit::ports;
using devinit::os::ProcessInfo;

namespace {

ProcessInfo process(std::vector<std::string> command) {
  ProcessInfo info;
  info.stat.identity.pid = 12345;
  info.stat.name = "python3";
  info.user = "ann";
  info.command = std::move(command);
  info.cwd = "/home/ann/site";
  info.age = std::chrono::seconds(184);
  return info;
}

Holder listener(ProcessInfo info) {
  Holder holder;
  holder.kind = Holder::Kind::listener;
  holder.process = std::move(info);
  return holder;
}

}  // namespace

TEST_CASE("a listener is described with what a person needs to decide") {
  auto holder = listener(process({"python3", "-m", "http.server", "8000"}));
  CHECK(describe(holder) == "12345 (python3 -m http.server 8000), user ann, since 3m 4s, in /home/ann/site");
  holder.process->container = "0123456789ab";
  CHECK(describe(holder).ends_with(", container 0123456789ab"));
  holder.ours = Ours{"/srv/shop", "shop", "backend"};
  CHECK(describe(holder).ends_with(", ours: project shop, service backend"));
  holder.ours->service.clear();
  CHECK(describe(holder).ends_with(", ours: project shop"));
}

TEST_CASE("holders without a process are described by what is known") {
  Holder holder;
  CHECK(describe(holder) == "closing connections (free within 60 s)");
  holder.kind = Holder::Kind::hidden;
  holder.uid = 33;
  CHECK(describe(holder).starts_with("a process of uid 33 (name unknown: "));
  holder.kind = Holder::Kind::fence;
  CHECK(describe(holder).starts_with("a devinit of another user"));
}

TEST_CASE("a command line cannot steer the terminal that shows it") {
  CHECK(command_line(process({"a\x1b[31m", "b\nc", "d\x7f"})) == "a?[31m b c d?");
  CHECK(command_line(process({"\xC2\x9B"
                              "31m",
                              "\xE2\x80\xAE"
                              "evil"})) == "?31m ?evil");
  CHECK(command_line(process({"gr\xC3\xBC\xC3\x9F", "\xF0\x9F\x9A\x80"})) == "gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\x80");
}

TEST_CASE("bytes that are no UTF-8 are replaced") {
  CHECK(command_line(process({"\xff", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82"})) == "? ? ?? ??? ??");
}

TEST_CASE("a long command line is shortened to whole characters") {
  CHECK(command_line(process({"0123456789"}), 10) == "0123456789");
  CHECK(command_line(process({"0123456789A"}), 10) == "0123456…");
  CHECK(command_line(process({"012345\xC3\xBC\xC3\xBC\xC3\xBC"}), 10) == "012345…");
}

TEST_CASE("a process without arguments is shown by its name") { CHECK(command_line(process({})) == "[python3]"); }
