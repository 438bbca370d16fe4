#pragma once

namespace devinit::cli {

/// Who started the program: with `container` all ends when it ends, so that `start` has to stay as `up` does.
enum class Place { shell, container };

/// The program `devinit …`: reads the command line, runs one command, prints what went wrong. Returns the documented exit code:
/// 0 done, 1 operation failed, 2 usage or configuration, 3 not everything wanted is up (`status`), 128 + N ended by signal N (130: Ctrl-C).
[[nodiscard]] int run(int argc, char** argv, Place place);

}  // namespace devinit::cli
