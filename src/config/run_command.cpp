#include "config/run_command.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "base/base_name.hpp"
#include "config/built_in_table.hpp"
#include "config/embedded.hpp"

namespace devinit::config {
namespace {

using Words = std::vector<std::string>;

/// One setting that a server can be given: what shows that the command gives it already, and how it is given.
struct Flag {
  Words known_as;
  Words add;
};
struct Server {
  std::string program;
  std::string module;
  std::string subcommand;  ///< without this word the flags mean nothing
  Flag port;
  Flag host;
  Flag log_level;
  Flag reload;
};
struct Table {
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<Words> launchers;
  std::vector<Server> servers;
};

Flag flag_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  if (value == nullptr) return {};
  return {texts_of(member(*value, "known_as")), texts_of(member(*value, "add"))};
}

Table read_table() {
  const JsonValue root = read_built_in(run_flags_json(), "run_flags.json");
  Table table;
  for (const auto& [name, value] : member(root, "env").members) table.environment.emplace_back(name, text_of(value));
  for (const auto& launcher : member(root, "launchers").items) table.launchers.push_back(texts_of(launcher));
  for (const auto& server : member(root, "servers").items) {
    table.servers.push_back({text_at(server, "program"), text_at(server, "module"), text_at(server, "subcommand"),
                             flag_at(server, "port"), flag_at(server, "host"), flag_at(server, "log_level"),
                             flag_at(server, "reload")});
  }
  return table;
}

const Table& table() {
  static const Table kTable = read_table();
  return kTable;
}

/// "python", "python3", "python3.11".
bool is_python(std::string_view program) {
  constexpr std::string_view kPython = "python";
  return program.starts_with(kPython) &&
         program.substr(kPython.size()).find_first_not_of("0123456789.") == std::string_view::npos;
}

/// MODULE of `python -u -m MODULE …`, given the words behind `python`; empty when a script is run.
std::string_view module_of(const Words& words, std::size_t at) {
  for (; at < words.size(); ++at) {
    const std::string_view word = words[at];
    if (word == "-m") return at + 1 < words.size() ? std::string_view(words[at + 1]) : std::string_view();
    if (word.starts_with("-m")) return word.substr(2);
    if (!word.starts_with("-")) return {};
    if (word == "-X" || word == "-W") ++at;  // their value is a word of its own
  }
  return {};
}

/// Behind `uv run` and its like, and behind the assignments of `env`.
std::size_t program_position(const Words& words) {
  for (const auto& launcher : table().launchers) {
    if (words.size() <= launcher.size() || base_name(words.front()) != launcher.front()) continue;
    if (!std::equal(launcher.begin() + 1, launcher.end(), words.begin() + 1)) continue;
    std::size_t at = launcher.size();
    while (at + 1 < words.size() && words[at].find('=') != std::string::npos) ++at;
    return at;
  }
  return 0;
}

const Server* known_server(const Words& words) {
  const auto at = program_position(words);
  const auto program = base_name(words[at]);
  const auto module = is_python(program) ? module_of(words, at + 1) : std::string_view();
  for (const auto& server : table().servers) {
    if (program != server.program && (module.empty() || module != server.module)) continue;
    if (!server.subcommand.empty() && std::find(words.begin(), words.end(), server.subcommand) == words.end()) return nullptr;
    return &server;
  }
  return nullptr;
}

/// `--port 1`, `--port=1`, or `-p1` for a flag of one letter.
bool names_flag(const Words& words, const Words& names) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      const bool letter = name.size() == 2;
      return word == name || word.starts_with(name + "=") || (letter && word.starts_with(name));
    });
  });
}

bool mentions(const Words& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return word.find(text) != std::string::npos; });
}

void add_flag(Words& words, const Words& given, const Flag& flag, std::string_view placeholder) {
  if (!names_flag(given, flag.known_as) && !mentions(given, placeholder))
    words.insert(words.end(), flag.add.begin(), flag.add.end());
}

Words with_flags(const Words& given, const RunSettings& settings) {
  Words words = given;
  const auto* server = known_server(given);
  if (server == nullptr) return words;
  add_flag(words, given, server->host, "{host}");
  add_flag(words, given, server->port, "{port}");
  if (settings.log_level) add_flag(words, given, server->log_level, "{log_level}");
  if (settings.reload == true) add_flag(words, given, server->reload, "{reload}");
  return words;
}

/// Fills everything but `{port}`, and doubles what the supervisor would take for a template of its own.
std::string filled(std::string_view word, const RunSettings& settings) {
  const std::array<std::pair<std::string_view, std::string>, 4> values{{{"{host}", settings.host},
                                                                        {"{log_level}", settings.log_level.value_or("info")},
                                                                        {"{reload}", settings.reload == true ? "--reload" : ""},
                                                                        {"{port}", "{port}"}}};
  std::string text;
  std::string plain;
  const auto flush = [&] { text += without_templates(std::exchange(plain, {})); };
  while (!word.empty()) {
    bool replaced = false;
    for (const auto& [name, value] : values) {
      const std::string doubled = "{" + std::string(name) + "}";
      if (word.starts_with(doubled)) {
        plain += name;
        word.remove_prefix(doubled.size());
      } else if (word.starts_with(name) && !plain.ends_with('$')) {
        flush();
        text += value;
        word.remove_prefix(name.size());
      } else {
        continue;
      }
      replaced = true;
      break;
    }
    if (replaced) continue;
    plain += word.front();
    word.remove_prefix(1);
  }
  flush();
  return text;
}

}  // namespace

std::vector<std::string> run_words(const std::vector<std::string>& command, const RunSettings& settings) {
  ASSERT(!command.empty());
  Words words;
  for (const auto& word : with_flags(command, settings)) {
    if (word != "{reload}" || settings.reload == true) words.push_back(filled(word, settings));
  }
  return words;
}

const std::vector<std::pair<std::string, std::string>>& run_environment() { return table().environment; }

std::optional<std::string> run_name_mistake(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; };
  if (name.empty()) return "is empty";
  if (name.size() > kLongest)
    return "is " + std::to_string(name.size()) + " bytes long, and " + std::to_string(kLongest) + " are the most";
  if (name == "all") return "is reserved: it stands for all services";
  if (name == "ports") return "is reserved: in .ports.json it is no service";
  if (const auto odd = std::ranges::find_if_not(name, fits); odd != name.end()) {
    if (*odd == ' ') return "holds a blank";
    const bool printable = *odd > ' ' && *odd <= '~';
    return printable ? "holds `" + std::string(1, *odd) + "`" : "holds a character that is no letter from a to z, digit, -, _ or .";
  }
  if (!letter(name.front())) return "does not begin with a letter";
  return std::nullopt;
}

std::string run_name(const std::string& program) {
  constexpr std::size_t kLongest = 56;  // leaves room for a number behind it
  std::string name(base_name(program).substr(0, kLongest));
  for (char& c : name) {
    if (run_name_mistake(std::string("x") + c)) c = '-';
  }
  return run_name_mistake(name) ? "run-" + name : name;
}

}  // namespace devinit::config
