#pragma once

namespace devinit::cli {

/// The program `devinit …`: reads the command line, runs one command, prints what went wrong. Returns the documented exit code:
/// 0 done, 1 operation failed, 2 usage or configuration, 3 not everything wanted is up (`status`), 130 interrupted.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace devinit::cli
