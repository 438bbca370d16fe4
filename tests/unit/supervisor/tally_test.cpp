#include "supervisor/tally.hpp"

#include <catch2/catch.hpp>

namespace devinit::supervisor {

using Verdict = Tally::Verdict;

TEST_CASE("a tally decides after so many equal answers in a row") {
  Tally tally(2, 3);
  CHECK(tally.note(true) == Verdict::undecided);
  CHECK(tally.note(false) == Verdict::undecided);
  CHECK(tally.note(true) == Verdict::undecided);
  CHECK(tally.note(true) == Verdict::good);
  CHECK(tally.note(false) == Verdict::undecided);
  CHECK(tally.note(false) == Verdict::undecided);
  CHECK(tally.note(false) == Verdict::bad);
}

TEST_CASE("a tally begins anew after a verdict") {
  Tally tally(1, 2);
  CHECK(tally.note(false) == Verdict::undecided);
  CHECK(tally.note(false) == Verdict::bad);
  CHECK(tally.note(false) == Verdict::undecided);
  CHECK(tally.note(false) == Verdict::bad);
  CHECK(tally.note(true) == Verdict::good);
  CHECK(tally.note(true) == Verdict::good);
}

TEST_CASE("a tally without a number of bad answers has patience for ever") {
  Tally tally(1, 0);
  for (int i = 0; i < 1000; ++i) CHECK(tally.note(false) == Verdict::undecided);
}

}  // namespace devinit::supervisor
