#include "supervisor/watch_brake.hpp"

#include <catch2/catch.hpp>

namespace devinit::supervisor {
namespace {

using Verdict = WatchBrake::Verdict;

struct Fixture {
  WatchBrake brake;
  TimePoint now{std::chrono::hours(1)};

  void pass(Millis time) { now += time; }
  WatchBrake::Decision change(const std::string& file = "out.txt") { return brake.changed("web", file, Millis(100), now); }
  /// As a service does that writes the file when it starts.
  WatchBrake::Decision start_and_write(const std::string& file = "out.txt") {
    brake.acted("web", now);
    pass(Millis(300));
    return change(file);
  }
  void trigger_itself(int times) {
    for (int i = 0; i < times; ++i) CHECK(start_and_write().verdict == Verdict::act);
  }
};

}  // namespace

TEST_CASE("a watch that triggers itself is slowed down ever more, and told once") {
  Fixture watch;
  watch.trigger_itself(WatchBrake::kFree);
  const auto first = watch.start_and_write();
  CHECK(first.verdict == Verdict::wait);
  CHECK(first.first);
  CHECK(first.pause == WatchBrake::kFirstPause);
  auto pause = first.pause;
  for (int i = 0; i < 20; ++i) {
    watch.pass(pause);
    const auto next = watch.start_and_write();
    CHECK(next.verdict == Verdict::wait);
    CHECK_FALSE(next.first);
    CHECK(next.pause == std::min(pause * 2, WatchBrake::kLongestPause));
    pause = next.pause;
  }
}

TEST_CASE("what changes again while a change waits is covered by that") {
  Fixture watch;
  watch.trigger_itself(WatchBrake::kFree);
  CHECK(watch.start_and_write().verdict == Verdict::wait);
  watch.pass(Millis(5'000));
  CHECK(watch.change().verdict == Verdict::waiting);
}

TEST_CASE("another file is a person's doing and waits for nothing") {
  Fixture watch;
  watch.trigger_itself(WatchBrake::kFree);
  CHECK(watch.start_and_write().verdict == Verdict::wait);
  CHECK(watch.change("app.py").verdict == Verdict::act);
  CHECK(watch.start_and_write().verdict == Verdict::act);
}

TEST_CASE("the same file after a while is a person's doing, too") {
  Fixture watch;
  for (int i = 0; i < 100; ++i) {
    watch.brake.acted("web", watch.now);
    watch.pass(WatchBrake::kSoon + Millis(101));
    CHECK(watch.change().verdict == Verdict::act);
  }
}

TEST_CASE("a watch that nobody has acted on is believed") {
  Fixture watch;
  for (int i = 0; i < 100; ++i) CHECK(watch.change().verdict == Verdict::act);
}

}  // namespace devinit::supervisor
