#include "cli/log_printer.hpp"

#include <algorithm>
#include <array>

#include "cli/sanitize.hpp"

namespace devinit::cli {

LogPrinter::LogPrinter(Output& output, const std::vector<std::string>& services, Prefix prefix)
    : output_(output), services_(services) {
  constexpr std::array kPalette{Color::cyan, Color::magenta, Color::green, Color::yellow, Color::blue};
  std::size_t width = 0;
  for (const auto& service : services) width = std::max(width, service.size());
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (services.size() == 1 && prefix == Prefix::when_several) {
      prefixes_.emplace_back();
      continue;
    }
    const auto label = services[i] + std::string(width - services[i].size(), ' ') + " |";
    prefixes_.push_back(output.data_colored(kPalette[i % kPalette.size()], label) + " ");
  }
}

void LogPrinter::print(const std::string& service, std::string_view line) {
  const auto found = std::ranges::find(services_, service);
  if (found == services_.end()) return;
  const auto colors = output_.style().data_color ? LogColors::keep : LogColors::drop;
  output_.data(prefixes_[static_cast<std::size_t>(found - services_.begin())] + sanitized_log_line(line, colors));
}

}  // namespace devinit::cli
