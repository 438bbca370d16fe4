#pragma once

namespace devinit::supervisor {

/// The hidden program `devinit supervise --root ROOT --ready-fd N`: one per project, started by the first command that needs it. Returns the exit code.
[[nodiscard]] int supervise_main(int argc, char** argv);

}  // namespace devinit::supervisor
