#include <algorithm>
#include <string_view>

#include "base/duration.hpp"
#include "base/utf8.hpp"
#include "os/self.hpp"
#include "ports/holder.hpp"

namespace devinit::ports {
namespace {

constexpr char32_t kReplacement = 0xFFFD;  // for bytes that are no UTF-8

/// Characters that steer a terminal or turn the direction of text: a command line is the stranger's to choose.
bool steers_terminal(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
  const bool direction =
      code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return control || direction || code == 0x2028 || code == 0x2029;
}

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = decode_utf8(text, at).value_or(CodePoint{kReplacement, 1});
    if (code == '\n' || code == '\t' || code == '\r') {
      clean += ' ';
    } else if (steers_terminal(code) || code == kReplacement) {
      clean += '?';
    } else {
      clean += text.substr(at, length);
    }
    at += length;
  }
  return clean;
}

/// At most `limit` bytes, whole characters, with an ellipsis where something is missing.
std::string shortened(std::string text, std::size_t limit) {
  constexpr std::string_view kEllipsis = "…";
  if (text.size() <= limit) return text;
  std::size_t end = limit < kEllipsis.size() ? 0 : limit - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text.append(kEllipsis);
}

std::string describe_ours(const Ours& ours) {
  std::string text = "project " + printable(ours.project);
  if (!ours.service.empty()) text += ", service " + printable(ours.service);
  return text;
}

std::string describe_process(const os::ProcessInfo& process) {
  std::string text = std::to_string(process.stat.identity.pid) + " (" + command_line(process) + "), user " +
                     printable(process.user) + ", since " +
                     (process.age.count() < 1 ? "<1s" : format_duration(std::chrono::duration_cast<Millis>(process.age)));
  if (!process.cwd.empty()) text += ", in " + printable(process.cwd);
  if (!process.container.empty()) text += ", container " + printable(process.container);
  return text;
}

/// A listener whose process the kernel does not show.
std::string describe_hidden(const Holder& holder) {
  const char* why = "needs root";
  if (holder.uid == os::own_uid() || os::own_uid() == 0) why = "hidden, or in another namespace";
  return "a process of uid " + std::to_string(holder.uid) + " (name unknown: " + why + ")";
}

std::string describe_fence(const Holder& holder) {
  if (!holder.process) return "a devinit of another user, for a service that is not listening now";
  return describe_process(*holder.process) + ", for a service that is not listening now";
}

std::string describe_kind(const Holder& holder) {
  switch (holder.kind) {
    case Holder::Kind::listener:
      ASSERT(holder.process);
      return describe_process(*holder.process);
    case Holder::Kind::fence:
      return describe_fence(holder);
    case Holder::Kind::leftovers:
      return "closing connections (free within 60 s)";
    case Holder::Kind::hidden:
      return describe_hidden(holder);
  }
  return {};
}

}  // namespace

std::string describe(const Holder& holder) {
  std::string text = describe_kind(holder);
  if (holder.ours) text += ", ours: " + describe_ours(*holder.ours);
  return text;
}

std::string command_line(const os::ProcessInfo& process, std::size_t limit) {
  std::string line;
  for (const auto& argument : process.command) {
    if (!line.empty()) line += ' ';
    line += argument;
  }
  // Kernel threads, zombies and other users' processes show a name at most.
  if (line.empty()) line = "[" + process.stat.name + "]";
  return shortened(printable(line), limit);
}

}  // namespace devinit::ports
