#include "engine/port_planner.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace devinit::engine {
namespace {

using Verdict = ClaimOutcome::Verdict;
using Choice = PortPlanner::Choice;

PortWish wish(std::string service, std::optional<Port> prefer) {
  PortWish result;
  result.service = std::move(service);
  result.prefer = prefer;
  return result;
}

ClaimOutcome claimed(Port port) { return {Verdict::claimed, port, false, {}}; }
ClaimOutcome busy(bool by_devinit = false) { return {Verdict::busy, 0, by_devinit, {}}; }

/// "prefer 0 8000", "search 0 8001-65535 99", "ask 0 8000", "planned", "gave up: …".
std::string text_of(const PortPlanner::Step& step) {
  if (const auto* preferred = std::get_if<PortPlanner::ClaimOne>(&step)) {
    return "prefer " + std::to_string(preferred->wish) + " " + std::to_string(preferred->port);
  }
  if (const auto* next = std::get_if<PortPlanner::ClaimNext>(&step)) {
    return "search " + std::to_string(next->wish) + " " + std::to_string(next->first) + "-" + std::to_string(next->last) + " " +
           std::to_string(next->tries);
  }
  if (const auto* ask = std::get_if<PortPlanner::Ask>(&step)) {
    return "ask " + std::to_string(ask->wish) + " " + std::to_string(ask->port) + (ask->strict ? " strict" : "") +
           (ask->by_devinit ? " by devinit" : "");
  }
  if (const auto* failed = std::get_if<PortPlanner::GaveUp>(&step)) return "gave up: " + failed->error.message;
  return "planned";
}

std::string next(const PortPlanner& planner) { return text_of(planner.next()); }

const Error& error_of(const PortPlanner::Step& step) { return std::get<PortPlanner::GaveUp>(step).error; }

TEST_CASE("a range that is meant as a whole is searched from its start to its end, wherever the preferred port lies") {
  for (const Port prefer : {Port{6000}, Port{6007}, Port{6200}, Port{3000}}) {
    auto whole = wish("web", prefer);
    whole.search = {6000, 6200};
    whole.whole_range = true;
    PortPlanner planner({whole}, {});
    planner.on_claim(0, busy());
    planner.on_answer(0, Choice::next, "");
    CHECK(next(planner) == "search 0 6000-6200 202");
  }
}

TEST_CASE("a plan without wishes is complete") { CHECK(next(PortPlanner({}, {})) == "planned"); }

TEST_CASE("all preferred ports come first, then all questions, then all fallbacks") {
  PortPlanner planner({wish("backend", 8000), wish("worker", 9000), wish("frontend", 3000)}, {});
  CHECK(next(planner) == "prefer 0 8000");
  planner.on_claim(0, busy());
  CHECK(next(planner) == "prefer 1 9000");
  planner.on_claim(1, claimed(9000));
  CHECK(next(planner) == "prefer 2 3000");
  planner.on_claim(2, busy(true));
  CHECK(next(planner) == "ask 0 8000");
  planner.on_answer(0, Choice::next, "held by python3");
  CHECK(next(planner) == "ask 2 3000 by devinit");
  planner.on_answer(2, Choice::next, "");
  CHECK(next(planner) == "search 0 8001-65535 99");
  planner.on_claim(0, claimed(8002));
  CHECK(next(planner) == "search 2 3001-65535 99");
  planner.on_claim(2, claimed(3001));
  CHECK(next(planner) == "planned");
  CHECK(planner.port(0) == Port{8002});
  CHECK(planner.reason(0) == "held by python3");
  CHECK(planner.port(1) == Port{9000});
  CHECK(planner.port(2) == Port{3001});
}

TEST_CASE("a fallback takes neither a sibling's preferred port nor one to be avoided") {
  PortSet denied;
  denied.insert(Port{5432});
  PortPlanner planner({wish("a", 8000), wish("b", 8001), wish("c", std::nullopt)}, denied);
  planner.on_claim(0, busy());
  planner.on_claim(1, busy());
  planner.on_answer(0, Choice::next, "");
  planner.on_answer(1, Choice::next, "");
  const auto step = planner.next();
  const auto avoid = std::get<PortPlanner::ClaimNext>(step).avoid;
  for (const int port : {5432, 8000, 8001}) {
    CHECK(avoid->contains(static_cast<Port>(port)));
  }
}

TEST_CASE("a question that was answered by a kill is one retry") {
  PortPlanner planner({wish("backend", 8000)}, {});
  planner.on_claim(0, busy());
  planner.on_answer(0, Choice::retry, "killed 12345");
  CHECK(next(planner) == "prefer 0 8000");
  SECTION("it was freed") {
    planner.on_claim(0, claimed(8000));
    CHECK(next(planner) == "planned");
    CHECK(planner.port(0) == Port{8000});
  }
  SECTION("it was taken again: nobody is asked twice") {
    planner.on_claim(0, busy());
    CHECK(next(planner) == "search 0 8001-65535 99");
    CHECK(planner.reason(0) == "it was taken again at once");
  }
}

TEST_CASE("a strict port is asked about and never replaced") {
  auto strict = wish("backend", 8000);
  strict.strict = true;
  PortPlanner planner({strict}, {});
  planner.on_claim(0, busy());
  CHECK(next(planner) == "ask 0 8000 strict");
  SECTION("next port is no answer") {
    planner.on_answer(0, Choice::next, "held by python3");
    CHECK(next(planner) == "gave up: port 8000 for backend is busy: held by python3");
    CHECK(error_of(planner.next()).code == Errc::busy);
    CHECK(error_of(planner.next()).hint.find("devinit kill 8000") != std::string::npos);
  }
  SECTION("taken again after a kill") {
    planner.on_answer(0, Choice::retry, "killed 12345");
    planner.on_claim(0, busy());
    CHECK(next(planner) == "gave up: port 8000 for backend is busy: it was taken again at once");
  }
}

TEST_CASE("what another devinit runs is not freed by a kill") {
  PortPlanner planner({wish("backend", 8000)}, {});
  planner.on_claim(0, busy(true));
  planner.on_answer(0, Choice::fail, "held by another devinit");
  const auto hint = error_of(planner.next()).hint;
  CHECK(hint.find("devinit stop") != std::string::npos);
  CHECK(hint.find("devinit kill") == std::string::npos);
}

TEST_CASE("the answer fail ends the whole plan at once") {
  PortPlanner planner({wish("backend", 8000), wish("frontend", 3000)}, {});
  planner.on_claim(0, busy());
  planner.on_claim(1, busy());
  planner.on_answer(0, Choice::fail, "");
  CHECK(next(planner) == "gave up: port 8000 for backend is busy");
}

TEST_CASE("a privileged port is no busy port: no question, no fallback") {
  PortPlanner planner({wish("web", 80), wish("backend", 8000)}, {});
  planner.on_claim(0, {Verdict::privileged, 0, false, {}});
  CHECK(next(planner).find("gave up: port 80 for web needs more privileges") == 0);
  CHECK(error_of(planner.next()).code == Errc::privileged);
}

TEST_CASE("an exhausted search names the holders that it met") {
  auto named = wish("backend", 8000);
  named.port_name = "metrics";
  PortPlanner planner({named}, {});
  planner.on_claim(0, busy());
  planner.on_answer(0, Choice::next, "");
  planner.on_claim(0, {Verdict::exhausted, 0, false, "8001: 77 (nc)"});
  CHECK(next(planner) == "gave up: no free port for backend (metrics) in 100 tries from 8000; met: 8001: 77 (nc)");
  CHECK(error_of(planner.next()).code == Errc::busy);
}

TEST_CASE("a range that was searched as a whole is named, wherever it ends") {
  auto last = wish("web", 65535);
  last.search = {65535, 65535};
  last.whole_range = true;
  PortPlanner planner({last}, {});
  planner.on_claim(0, busy());
  planner.on_answer(0, Choice::next, "");
  planner.on_claim(0, {Verdict::exhausted, 0, false, ""});
  CHECK(next(planner) == "gave up: no free port for web in the range 65535-65535");
}

TEST_CASE("the busy preferred port is the first of a hundred tries, an automatic one has all of them") {
  auto automatic = wish("worker", std::nullopt);
  automatic.search = {20000, 29999};
  PortPlanner planner({automatic, wish("backend", 8000)}, {});
  CHECK(next(planner) == "prefer 1 8000");
  planner.on_claim(1, claimed(8000));
  CHECK(next(planner) == "search 0 20000-29999 100");
  planner.on_claim(0, claimed(20000));
  CHECK(planner.port(0) == Port{20000});
}

TEST_CASE("a search goes upward from the preferred port and stays inside its range") {
  auto narrow = wish("backend", 8000);
  const auto search_of = [](const PortWish& what) {
    PortPlanner planner({what}, {});
    planner.on_claim(0, busy());
    planner.on_answer(0, Choice::next, "");
    return next(planner);
  };
  SECTION("inside") {
    narrow.search = {7990, 8010};
    CHECK(search_of(narrow) == "search 0 8001-8010 99");
  }
  SECTION("at its end nothing is left to try") {
    narrow.search = {7990, 8000};
    CHECK(search_of(narrow).find(" 0", 8) != std::string::npos);
  }
  SECTION("a port set by hand below the range falls into it") {
    narrow.search = {9000, 9010};
    CHECK(search_of(narrow) == "search 0 9000-9010 99");
  }
  SECTION("and so does one above it") {
    narrow.search = {7000, 7010};
    CHECK(search_of(narrow) == "search 0 7000-7010 99");
  }
  SECTION("nothing comes after 65535") {
    narrow.prefer = Port{65535};
    CHECK(search_of(narrow) == "search 0 65535-65535 0");
  }
}

PortWish leased(PortWish wish, std::string owner) {
  wish.leased_to = std::move(owner);
  return wish;
}

TEST_CASE("a preferred port that is leased to somebody else is neither tried nor asked about") {
  PortPlanner planner({leased(wish("backend", 8000), "project shop (/shop), backend"), wish("frontend", 3000)}, {});
  CHECK(next(planner) == "prefer 1 3000");
  planner.on_claim(1, claimed(3000));
  CHECK(next(planner) == "search 0 8001-65535 99");
  CHECK(planner.reason(0) == "it belongs to project shop (/shop), backend");
}

TEST_CASE("a strict port that is leased to somebody else ends the plan and names the owner") {
  auto strict = leased(wish("backend", 8000), "model gpt-5 app 3, backend");
  strict.strict = true;
  const PortPlanner planner({strict}, {});
  CHECK(next(planner) == "gave up: port 8000 for backend belongs to model gpt-5 app 3, backend");
  CHECK(error_of(planner.next()).code == Errc::busy);
}

TEST_CASE("a strict port of a service that does not start stays what it is, whoever leases it") {
  auto strict = leased(wish("backend", 8000), "reserved for legacy");
  strict.strict = true;
  strict.foreseen = true;
  CHECK(next(PortPlanner({strict}, {})) == "planned");
}

TEST_CASE("the usual port is the first fallback") {
  auto used = leased(wish("backend", 8000), "project shop (/shop), backend");
  used.usual = Port{8004};
  PortSet avoid;
  SECTION("and is kept when it is free") {
    PortPlanner planner({used}, avoid);
    CHECK(next(planner) == "prefer 0 8004");
    planner.on_claim(0, claimed(8004));
    CHECK(next(planner) == "planned");
    CHECK(planner.port(0) == Port{8004});
  }
  SECTION("and no more than that") {
    PortPlanner planner({used}, avoid);
    planner.on_claim(0, busy());
    CHECK(next(planner) == "search 0 8001-65535 99");
  }
  SECTION("unless somebody else has it by now") {
    avoid.insert(Port{8004});
    CHECK(next(PortPlanner({used}, avoid)) == "search 0 8001-65535 99");
  }
  SECTION("unless it is what another service wants") {
    PortPlanner planner({used, wish("frontend", 8004)}, avoid);
    planner.on_claim(1, claimed(8004));
    CHECK(next(planner) == "search 0 8001-65535 99");
  }
  SECTION("unless it lies outside of the range") {
    used.search = {9000, 9010};
    CHECK(next(PortPlanner({used}, avoid)) == "search 0 9000-9010 99");
  }
  SECTION("after a question about a busy port as well") {
    used.leased_to.clear();
    PortPlanner planner({used}, avoid);
    planner.on_claim(0, busy());
    planner.on_answer(0, Choice::next, "held by python3");
    CHECK(next(planner) == "prefer 0 8004");
  }
}

TEST_CASE("usual ports are claimed before any search may take them") {
  auto second = leased(wish("b", 8001), "reserved for legacy");
  second.usual = Port{8002};
  PortPlanner planner({leased(wish("a", 8000), "reserved for legacy"), second}, {});
  CHECK(next(planner) == "prefer 1 8002");
}

TEST_CASE("a pool with a step leaves out the numbers between") {
  auto pooled = wish("backend", std::nullopt);
  pooled.search = {5001, 5005};
  pooled.step = 2;
  const PortPlanner planner({pooled}, {});
  const auto step = planner.next();
  const auto avoid = std::get<PortPlanner::ClaimNext>(step).avoid;
  CHECK_FALSE(avoid->contains(5001));
  CHECK(avoid->contains(5002));
  CHECK_FALSE(avoid->contains(5005));
}

}  // namespace
}  // namespace devinit::engine
