#include "config/diagnostic.hpp"

#include <algorithm>
#include <tuple>

namespace devinit::config {
namespace {

std::string to_line(const Diagnostic& diagnostic) {
  std::string text = diagnostic.file;
  if (diagnostic.line > 0) text += ":" + std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column);
  if (!text.empty()) text += ": ";
  text += diagnostic.message;
  if (!diagnostic.hint.empty()) text += " (" + diagnostic.hint + ")";
  return text;
}

}  // namespace

Error to_error(const Diagnostics& diagnostics) {
  Diagnostics sorted = diagnostics;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.rank, a.line, a.column) < std::tie(b.rank, b.line, b.column);
  });
  std::string message;
  const std::size_t shown = std::min(sorted.size(), kMostShown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) message += '\n';
    message += to_line(sorted[i]);
  }
  if (shown < sorted.size()) message += "\n… and " + std::to_string(sorted.size() - shown) + " more mistakes";
  return Error(Errc::config, std::move(message));
}

}  // namespace devinit::config
