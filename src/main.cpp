#include <cstring>

#include "cli/cli.hpp"
#include "os/init_process.hpp"
#include "os/self.hpp"
#include "os/standard_streams.hpp"
#include "supervisor/supervise_main.hpp"

/// Two programs in one binary: a copied file is a whole installation. As the first process of a container it is init as well.
int main(int argc, char** argv) {
  devinit::os::fill_standard_streams();
  if (argc > 1 && std::strcmp(argv[1], "supervise") == 0) return devinit::supervisor::supervise_main(argc, argv);
  const bool first_process = devinit::os::own_pid() == 1;
  if (first_process) {
    if (const auto code = devinit::os::fork_under_init()) return *code;
  }
  return devinit::cli::run(argc, argv, first_process ? devinit::cli::Place::container : devinit::cli::Place::shell);
}
