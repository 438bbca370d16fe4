#include "cli/commands/commands.hpp"

namespace devinit::cli {

const char* version_text() noexcept { return "devinit " DEVINIT_VERSION; }

Result<int> run_version(const Context& context) {
  context.output.data(context.arguments.json ? "{\"name\":\"devinit\",\"version\":\"" DEVINIT_VERSION "\"}" : version_text());
  return 0;
}

}  // namespace devinit::cli
