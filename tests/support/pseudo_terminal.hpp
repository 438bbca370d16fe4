#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "os/fd.hpp"
#include "support/child_process.hpp"

namespace devinit::test {

/// A terminal without a person: what is typed goes into `keyboard`, what a program prints comes out of it.
struct PseudoTerminal {
  os::UniqueFd keyboard;
  os::UniqueFd terminal;

  PseudoTerminal() {
    keyboard.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(keyboard.valid());
    REQUIRE(::grantpt(keyboard.get()) == 0);
    REQUIRE(::unlockpt(keyboard.get()) == 0);
    char name[64];
    REQUIRE(::ptsname_r(keyboard.get(), name, sizeof name) == 0);
    terminal.reset(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(terminal.valid());
  }

  void type(std::string_view text) const {
    REQUIRE(::write(keyboard.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  /// Returns once a program could read what was typed.
  void wait_until_readable() const {
    pollfd entry{terminal.get(), POLLIN, 0};
    REQUIRE(::poll(&entry, 1, kPatienceMs) == 1);
  }

  std::string read_until(std::string_view ending) const { return test::read_until(keyboard.get(), ending); }
};

}  // namespace devinit::test
