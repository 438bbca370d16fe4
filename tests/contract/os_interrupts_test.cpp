#include <signal.h>

#include <catch2/catch.hpp>

#include "os/interrupts.hpp"
#include "os/readable.hpp"

namespace devinit::os {
namespace {

/// The signals are blocked for good by design; the other cases of this program want them as they were.
class SavedSignalMask {
 public:
  SavedSignalMask() { ::sigprocmask(SIG_SETMASK, nullptr, &mask_); }
  SavedSignalMask(const SavedSignalMask&) = delete;
  SavedSignalMask& operator=(const SavedSignalMask&) = delete;
  ~SavedSignalMask() { ::sigprocmask(SIG_SETMASK, &mask_, nullptr); }

 private:
  sigset_t mask_;
};

TEST_CASE("Ctrl-C and SIGTERM become something to read") {
  const SavedSignalMask saved;
  auto interrupts = Interrupts::block();
  REQUIRE(interrupts.has_value());
  CHECK_FALSE(interrupts->take());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    REQUIRE(::raise(signal) == 0);
    CHECK(wait_readable({interrupts->fd()})[0]);
    CHECK(interrupts->take());
    CHECK_FALSE(interrupts->take());
    CHECK(Interrupts::exit_code() == 128 + signal);
  }
}

TEST_CASE("a hang-up that is ignored stays so") {
  const SavedSignalMask saved;
  const auto before = ::signal(SIGHUP, SIG_IGN);
  sigset_t hang_up;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  ::sigprocmask(SIG_UNBLOCK, &hang_up, nullptr);
  {
    auto interrupts = Interrupts::block();
    REQUIRE(interrupts.has_value());
    REQUIRE(::raise(SIGHUP) == 0);
    CHECK_FALSE(interrupts->take());
  }
  ::signal(SIGHUP, before);
}

TEST_CASE("who sent a signal can be told from a terminal") {
  const SavedSignalMask saved;
  auto interrupts = Interrupts::block();
  REQUIRE(interrupts.has_value());
  CHECK_FALSE(interrupts->take_one());
  REQUIRE(::raise(SIGTERM) == 0);
  const auto arrived = interrupts->take_one();
  REQUIRE(arrived);
  CHECK(arrived->signal == SIGTERM);
  CHECK_FALSE(arrived->from_terminal);
}

}  // namespace
}  // namespace devinit::os
