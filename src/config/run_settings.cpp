#include "config/run_settings.hpp"

#include <algorithm>
#include <array>

#include "base/suggest.hpp"
#include "config/ip_address.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

/// A value, and where it was found.
struct Found {
  std::string name;
  std::string text;
  std::string place;  ///< "the environment", ".env:3", "the command line"
  bool in_file = false;

  [[nodiscard]] std::string origin() const { return name + " from " + place; }
};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// Reads the variables one by one and collects what is wrong with them.
class SettingsReader {
 public:
  SettingsReader(const RunOptions& options, const Variables& environment, const std::vector<EnvEntry>& env_file)
      : options_(options), environment_(environment), env_file_(env_file) {}

  Result<RunSettings> read() {
    read_port();
    read_range();
    read_search();
    read_host();
    settings_.log_level = read_log_level();
    settings_.debug = read_truth("DEBUG");
    settings_.reload = read_truth("RELOAD");
    if (mistakes_.empty()) return std::move(settings_);
    return Error(Errc::config, mistakes_, "the shell's variables come before those of .env; an empty one is as good as none");
  }

 private:
  void mistake(const std::string& text) { mistakes_ += (mistakes_.empty() ? "" : "\n") + text; }

  [[nodiscard]] std::optional<Found> find(const std::string& name) const {
    if (const auto at = environment_.find(name); at != environment_.end()) {
      if (at->second.empty()) return std::nullopt;
      return Found{name, at->second, "the environment"};
    }
    const auto entry = std::find_if(env_file_.rbegin(), env_file_.rend(), [&](const auto& one) { return one.name == name; });
    if (entry == env_file_.rend() || entry->value.empty()) return std::nullopt;
    return Found{name, entry->value, ".env:" + std::to_string(entry->line), true};
  }

  /// The port in a variable; a mistake is noted, and counts as not set.
  std::optional<Port> read_port_variable(const std::optional<Found>& found) {
    if (!found) return std::nullopt;
    const auto port = parse_port(found->text);
    if (!port) mistake(found->origin() + " must be a plain number from 1 to 65535, not " + quoted(found->text));
    return port;
  }

  /// One place after the other: two numbers contradict each other only where they stand together.
  void read_port() {
    settings_.port_origin = "default";
    const auto api_port = find("API_PORT");
    const auto port = find("PORT");
    const auto api_number = read_port_variable(api_port);
    const auto number = read_port_variable(port);
    if (options_.port) return take_port(*options_.port, "--port");
    const bool hidden = api_port && api_port->in_file && port && !port->in_file;
    const bool together = api_port && port && api_port->in_file == port->in_file;
    if (together && api_number && number && *api_number != *number) {
      return mistake(api_port->origin() + " is " + api_port->text + ", but " + port->origin() + " is " + port->text +
                     ": set one of them, or say --port");
    }
    if (api_number && !hidden) return take_port(*api_number, api_port->origin());
    if (number) take_port(*number, port->origin());
  }

  void take_port(Port port, std::string origin) {
    settings_.port = port;
    settings_.port_origin = std::move(origin);
    settings_.port_named = true;
  }

  void read_range() {
    const auto start = find("PORT_RANGE_START");
    const auto end = find("PORT_RANGE_END");
    const auto first = read_port_variable(start);
    const auto last = read_port_variable(end);
    if (options_.range) {
      settings_.range = *options_.range;
      return;
    }
    if ((start && !first) || (end && !last)) return;  // told already
    settings_.range = {first.value_or(RunSettings::kDefaultRange.first), last.value_or(RunSettings::kDefaultRange.last)};
    if (settings_.range.first <= settings_.range.last) return;
    mistake((start ? start->origin() : std::string("PORT_RANGE_START, by default,")) + " is " +
            std::to_string(settings_.range.first) + ", above " +
            (end ? end->origin() : std::string("PORT_RANGE_END, by default")) + ", " + std::to_string(settings_.range.last));
  }

  void read_search() {
    const auto found = find("AUTO_FIND_PORT");
    const auto wanted = read_truth("AUTO_FIND_PORT");
    settings_.auto_find = options_.range.has_value() || wanted == true;
    if (options_.strict && options_.range)
      mistake("--strict allows no other port, but --range asks for one: leave one of them out");
    if (options_.strict && wanted == true)
      mistake("--strict allows no other port, but " + found->origin() + " is " + quoted(found->text));
    if (options_.range && wanted == false)
      mistake("--range allows another port, but " + found->origin() + " is " + quoted(found->text));
    if (options_.strict) settings_.auto_find = false;
    if (options_.on_conflict == ConflictRule::next && !settings_.auto_find) {
      const std::string why = options_.strict   ? "--strict"
                              : wanted == false ? found->origin()
                                                : "AUTO_FIND_PORT, false by default,";
      mistake("--on-conflict next takes another port, but " + why + " forbids that: set AUTO_FIND_PORT=true or say --range");
    }
  }

  void read_host() {
    const auto found = options_.host.empty() ? find("HOST") : Found{"--host", options_.host, "the command line"};
    if (!found) return;
    if (is_bind_address(found->text)) {
      settings_.host = found->text;
    } else {
      mistake(found->origin() + " must be an IPv4 or IPv6 address or localhost, not " + quoted(found->text) +
              " (0.0.0.0 is every interface)");
    }
  }

  std::optional<std::string> read_log_level() {
    static const std::vector<std::string> kLevels{"trace", "debug", "info", "warning", "error", "critical"};
    const auto found = find("LOG_LEVEL");
    if (!found) return std::nullopt;
    auto level = lower_case(found->text);
    if (std::ranges::find(kLevels, level) != kLevels.end()) return level;
    const auto close = level == "warn" ? std::optional<std::string>("warning") : nearest(level, kLevels);
    mistake(found->origin() + " must be trace, debug, info, warning, error or critical, not " + quoted(found->text) +
            (close ? " (did you mean " + *close + "?)" : ""));
    return std::nullopt;
  }

  std::optional<bool> read_truth(const std::string& name) {
    const auto found = find(name);
    if (!found) return std::nullopt;
    const auto text = lower_case(found->text);
    if (text == "1" || text == "true" || text == "yes") return true;
    if (text == "0" || text == "false" || text == "no") return false;
    mistake(found->origin() + " must be true, false, 1, 0, yes or no, not " + quoted(found->text));
    return std::nullopt;
  }

  const RunOptions& options_;
  const Variables& environment_;
  const std::vector<EnvEntry>& env_file_;
  RunSettings settings_;
  std::string mistakes_;
};

}  // namespace

Result<RunSettings> read_run_settings(const RunOptions& options, const Variables& environment,
                                      const std::vector<EnvEntry>& env_file) {
  return SettingsReader(options, environment, env_file).read();
}

}  // namespace devinit::config
