#include "registry/lock_holder.hpp"

#include <vector>

#include "os/process.hpp"

namespace devinit::registry {
namespace {

std::string joined(const std::vector<std::string>& words) {
  constexpr std::size_t kLongest = 120;
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  if (text.size() > kLongest) text.replace(kLongest, text.size(), "…");
  return text;
}

}  // namespace

Error locked_by(const std::string& what, std::optional<pid_t> holder, const std::string& file) {
  const auto info = holder ? os::process_info(*holder) : std::nullopt;
  if (!info) return Error(Errc::timeout, what + " by another process", "find it with: fuser -v '" + file + "'");
  const bool stopped = info->stat.state == 'T' || info->stat.state == 't';
  const std::string number = std::to_string(*holder);
  const std::string name = info->command.empty() ? info->stat.name : joined(info->command);
  return Error(Errc::timeout, what + " by process " + number + " (" + name + ")" + (stopped ? ", which is stopped" : ""),
               stopped ? "let it go on with: kill -CONT " + number : "if it hangs, end it with: kill " + number);
}

}  // namespace devinit::registry
