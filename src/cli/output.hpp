#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "cli/arguments.hpp"

namespace devinit::cli {

/// What the user's surroundings allow.
struct OutputStyle {
  bool json = false;
  bool quiet = false;
  bool data_color = false;  ///< stdout takes colours
  bool talk_color = false;  ///< stderr takes colours
  bool live = false;        ///< stderr is a terminal whose lines can be rewritten
  bool unicode = false;     ///< ✓ and friends can be shown
  int width = 80;           ///< columns of stderr
};
/// Asks the terminals and NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG.
[[nodiscard]] OutputStyle detect_style(const Arguments& arguments, const os::Environment& environment);

enum class Color { none, bold, dim, red, green, yellow, blue, magenta, cyan };

/// Data goes to stdout, talk to stderr. Texts passed to the talking functions are sanitised (they may quote foreign text) and
/// need no newline.
class Output {
 public:
  explicit Output(OutputStyle style) : style_(style) {}
  [[nodiscard]] const OutputStyle& style() const noexcept { return style_; }

  /// One line on stdout, as it is. Flushed: a reader of a pipe sees it now.
  void data(std::string_view line);
  /// Bytes on stdout, as they are: what a command prints that devinit only passes on. Flushed.
  void pass(std::string_view bytes);
  /// As it is on stdout, without a newline: what steers the terminal there.
  void data_raw(std::string_view text);
  /// A line on stderr; nothing when quiet or JSON was asked for.
  void say(std::string_view line);
  /// A line on stderr that quiet does not silence.
  void insist(std::string_view line);
  /// "devinit: warning: …"; nothing when quiet.
  void warn(std::string_view text);
  /// "devinit: error: …", then "hint: …"; with --json also {"error","hint","code"} on stdout.
  void error(const Error& error);

  /// Raw control of the terminal, for the progress display only.
  void raw(std::string_view text);

  [[nodiscard]] std::string talk_colored(Color color, std::string_view text) const {
    return paint(style_.talk_color, color, text);
  }
  [[nodiscard]] std::string data_colored(Color color, std::string_view text) const {
    return paint(style_.data_color, color, text);
  }

 private:
  [[nodiscard]] static std::string paint(bool allowed, Color color, std::string_view text);
  OutputStyle style_;
};

/// The text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace devinit::cli
