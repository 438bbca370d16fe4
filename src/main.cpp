#include <cstring>

#include "cli/cli.hpp"
#include "os/standard_streams.hpp"
#include "supervisor/supervise_main.hpp"

/// Two programs in one binary: a copied file is a whole installation.
int main(int argc, char** argv) {
  devinit::os::fill_standard_streams();
  if (argc > 1 && std::strcmp(argv[1], "supervise") == 0) return devinit::supervisor::supervise_main(argc, argv);
  return devinit::cli::run(argc, argv);
}
