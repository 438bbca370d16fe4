#include "cli/text_table.hpp"

#include <catch2/catch.hpp>

using namespace devinit::cli;
using Align = TextTable::Align;

TEST_CASE("columns are aligned and a column without content is left out") {
  TextTable table({Align::right, Align::left, Align::left, Align::left});
  table.set_heading({"PORT", "OWNER", "POOL", "WHERE"});
  table.add_row({"80", "b\xC3\xA4r", "", "/x"});
  table.add_row({"5001", "a", "", ""});
  CHECK(table.text() == "PORT  OWNER  WHERE\n  80  b\xC3\xA4r    /x\n5001  a");
  CHECK(table.text(1) == "PORT  OWNER  WHERE\n  80  b\xC3\xA4r    /x");
}

TEST_CASE("foreign text stays one line and steers no terminal") {
  CHECK(one_line("a\nb\tc\x1b[2Jd") == "a?b?cd");
  CHECK(one_line("plain; 'text'") == "plain; 'text'");
}
