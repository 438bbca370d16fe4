#include <catch2/catch.hpp>
#include <csignal>

#include "os/signals.hpp"

using devinit::os::signal_name;
using devinit::os::signal_number;

TEST_CASE("a signal is found by its name in any case, with or without SIG") {
  for (const char* name : {"SIGTERM", "TERM", "term", "sigterm", "SigTerm"}) CHECK(signal_number(name) == SIGTERM);
  CHECK(signal_number("INT") == SIGINT);
  CHECK(signal_number("usr2") == SIGUSR2);
}

TEST_CASE("signals with two names are found by both") {
  CHECK(signal_number("IOT") == SIGABRT);
  CHECK(signal_number("ABRT") == SIGABRT);
  CHECK(signal_number("SIGCLD") == SIGCHLD);
  CHECK(signal_number("IO") == SIGIO);
  CHECK(signal_number("POLL") == SIGIO);
}

TEST_CASE("numbers and nonsense are no signal names") {
  for (const char* name : {"", "SIG", "15", "SIG15", "TERMINATE", "TER", "SIGSIGTERM", " TERM", "TERM "}) {
    CAPTURE(name);
    CHECK_FALSE(signal_number(name).has_value());
  }
}

TEST_CASE("every named signal leads back to its number") {
  for (int number = 1; number < 32; ++number) {
    const std::string name = signal_name(number);
    CAPTURE(name);
    CHECK(name.starts_with("SIG"));
    CHECK(signal_number(name) == number);
  }
}

TEST_CASE("an unknown number is shown as a number") {
  CHECK(signal_name(99) == "signal 99");
  CHECK(signal_name(0) == "signal 0");
  CHECK(signal_name(-1) == "signal -1");
}
