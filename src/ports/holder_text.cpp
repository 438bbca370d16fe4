#include <algorithm>
#include <string_view>

#include "base/duration.hpp"
#include "os/self.hpp"
#include "ports/holder.hpp"

namespace devinit::ports {
namespace {

/// Length of the UTF-8 sequence that starts with `lead`; 0 for a byte that starts none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// The character at the front of `text`, which is not empty; U+FFFD with length 1 when the bytes are no UTF-8.
struct Character {
  char32_t code;
  std::size_t length;
};
Character front_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = sequence_length(byte(0));
  if (length == 1) return {byte(0), 1};
  if (length == 0 || length > text.size()) return {0xFFFD, 1};
  char32_t code = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0xFFFD, 1};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10FFFF));
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate ? Character{0xFFFD, 1} : Character{code, length};
}

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
  while (!text.empty()) {
    const auto [code, length] = front_character(text);
    if (code == '\n' || code == '\t' || code == '\r') {
      clean += ' ';
    } else if (steers_terminal(code) || code == 0xFFFD) {
      clean += '?';
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(length);
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
