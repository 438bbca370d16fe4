#include "cli/output.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/sanitize.hpp"
#include "os/terminal.hpp"

namespace devinit::cli {
namespace {

constexpr int kStdout = 1;
constexpr int kStderr = 2;

/// The first of LC_ALL, LC_CTYPE, LANG that is set decides, as in setlocale(3).
bool utf8_locale(const os::Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = os::variable(environment, name);
    if (value.empty()) continue;
    std::ranges::transform(value, value.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

void write_line(std::FILE* stream, std::string_view text) {
  std::string line(text);
  line += '\n';
  // One call per line: lines of two programs that share a terminal do not mix.
  std::fwrite(line.data(), 1, line.size(), stream);
  std::fflush(stream);
}

}  // namespace

OutputStyle detect_style(const Arguments& arguments, const os::Environment& environment) {
  const bool dumb = os::variable(environment, "TERM") == "dumb";
  const bool colors = !arguments.no_color && !dumb && os::variable(environment, "NO_COLOR").empty();
  const bool talk_terminal = os::is_terminal(kStderr);
  OutputStyle style;
  style.json = arguments.json;
  style.quiet = arguments.quiet;
  style.data_color = colors && os::is_terminal(kStdout);
  style.talk_color = colors && talk_terminal;
  style.live = talk_terminal && !dumb;
  style.unicode = utf8_locale(environment) && !dumb;
  style.width = talk_terminal ? os::terminal_width(kStderr) : 80;
  return style;
}

void Output::data(std::string_view line) { write_line(stdout, line); }

void Output::pass(std::string_view bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  std::fflush(stdout);
}

void Output::data_raw(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Output::say(std::string_view line) {
  if (!style_.quiet && !style_.json) insist(line);
}

void Output::insist(std::string_view line) { write_line(stderr, line); }

void Output::warn(std::string_view text) {
  if (!style_.quiet) insist(talk_colored(Color::yellow, "devinit: warning:") + " " + sanitized(text));
}

void Output::error(const Error& error) {
  insist(talk_colored(Color::red, "devinit: error:") + " " + sanitized(error.message));
  if (!error.hint.empty()) insist(talk_colored(Color::cyan, "hint:") + " " + sanitized(error.hint));
  if (!style_.json) return;
  data("{\"error\":" + json_string(error.message) + ",\"hint\":" + json_string(error.hint) + ",\"code\":\"" +
       code_name(error.code) + "\"}");
}

void Output::raw(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string Output::paint(bool allowed, Color color, std::string_view text) {
  constexpr std::array kCodes{"0", "1", "2", "31", "32", "33", "34", "35", "36"};
  if (!allowed || color == Color::none) return std::string(text);
  return std::string("\x1b[") + kCodes[static_cast<std::size_t>(color)] + "m" + std::string(text) + "\x1b[0m";
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace devinit::cli
