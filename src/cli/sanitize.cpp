#include "cli/sanitize.hpp"

namespace devinit::cli {
namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\a';

bool is_c0(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

/// C1 controls in UTF-8 are C2 80 … C2 9F; some terminals obey them like escape sequences.
bool is_c1(std::string_view rest) {
  return rest.size() >= 2 && rest[0] == '\xc2' && static_cast<unsigned char>(rest[1]) >= 0x80 &&
         static_cast<unsigned char>(rest[1]) < 0xa0;
}

/// Length of a character that turns the direction of what follows (U+200E/F, U+202A-E, U+2066-9, U+061C), else 0: with them a
/// line can show something else than it says.
std::size_t bidi_length(std::string_view rest) {
  if (rest.starts_with("\xd8\x9c")) return 2;
  if (rest.size() < 3 || rest[0] != '\xe2') return 0;
  const auto second = static_cast<unsigned char>(rest[1]);
  const auto third = static_cast<unsigned char>(rest[2]);
  const bool marks = second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae));
  const bool isolates = second == 0x81 && third >= 0xa6 && third <= 0xa9;
  return marks || isolates ? 3 : 0;
}

/// Length of "ESC [ parameters final".
std::size_t csi_length(std::string_view rest) {
  std::size_t at = 2;
  while (at < rest.size() && rest[at] >= 0x20 && rest[at] < 0x40) ++at;
  return at < rest.size() && rest[at] >= 0x40 ? at + 1 : at;
}

/// Length of a string sequence (OSC, DCS, PM, APC, SOS): up to BEL or ESC \, or the whole rest.
std::size_t string_sequence_length(std::string_view rest) {
  for (std::size_t at = 2; at < rest.size(); ++at) {
    if (rest[at] == kBell) return at + 1;
    if (rest[at] == kEscape) return at + 1 < rest.size() && rest[at + 1] == '\\' ? at + 2 : at;
  }
  return rest.size();
}

/// Length of the escape sequence that `rest` begins with.
std::size_t escape_length(std::string_view rest) {
  if (rest.size() < 2) return rest.size();
  switch (rest[1]) {
    case '[':
      return csi_length(rest);
    case ']':
    case 'P':
    case '^':
    case '_':
    case 'X':
      return string_sequence_length(rest);
    default:
      break;
  }
  std::size_t at = 1;  // ESC intermediates final, as in ESC ( B
  while (at < rest.size() && rest[at] >= 0x20 && rest[at] < 0x30) ++at;
  return at < rest.size() && !is_c0(rest[at]) ? at + 1 : at;
}

bool is_color(std::string_view sequence) {
  if (sequence.size() < 3 || sequence[1] != '[' || sequence.back() != 'm') return false;
  return sequence.substr(2, sequence.size() - 3).find_first_not_of("0123456789;:") == std::string_view::npos;
}

}  // namespace

std::string sanitized(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    if (rest[0] == kEscape) {
      at += escape_length(rest);
    } else if (const auto bidi = bidi_length(rest); bidi > 0) {
      at += bidi;
    } else if (is_c1(rest)) {
      safe += '?';
      at += 2;
    } else {
      safe += is_c0(rest[0]) && rest[0] != '\n' && rest[0] != '\t' ? '?' : rest[0];
      ++at;
    }
  }
  return safe;
}

std::string sanitized_log_line(std::string_view line, LogColors colors) {
  std::string safe;
  safe.reserve(line.size());
  bool colored = false;
  for (std::size_t at = 0; at < line.size();) {
    const auto rest = line.substr(at);
    if (rest[0] == kEscape) {
      const auto sequence = rest.substr(0, escape_length(rest));
      if (colors == LogColors::keep && is_color(sequence)) {
        safe += sequence;
        colored = true;
      }
      at += sequence.size();
    } else if (const auto bidi = bidi_length(rest); bidi > 0) {
      at += bidi;
    } else if (is_c1(rest)) {
      at += 2;
    } else {
      if (!is_c0(rest[0]) || rest[0] == '\t') safe += rest[0];
      ++at;
    }
  }
  if (colored) safe += "\x1b[0m";
  return safe;
}

}  // namespace devinit::cli
