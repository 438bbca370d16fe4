#include "ports/never_list.hpp"

#include <algorithm>
#include <array>

#include "base/base_name.hpp"

namespace devinit::ports {
namespace {

enum class Match { exact, prefix, path };

struct Rule {
  std::string_view pattern;
  Match match;
  std::string_view what;
};

constexpr std::string_view kLogin = "which keeps logins alive";
constexpr std::string_view kSystem = "a service of the system";
constexpr std::string_view kContainers = "which runs containers: stop the container instead";
constexpr std::string_view kDesktop = "a part of the desktop session";
constexpr std::string_view kTerminal = "a terminal";
constexpr std::string_view kMultiplexer = "a terminal multiplexer with sessions in it";
constexpr std::string_view kEditor = "an editor";
constexpr std::string_view kShell = "an interactive shell";

/// Programs whose end takes more with it than a port. Names as in /proc/PID/comm (15 bytes) or of the executable.
constexpr std::array kRules{
    Rule{"sshd", Match::prefix, kLogin},
    Rule{"dropbear", Match::exact, kLogin},
    Rule{"mosh-server", Match::exact, kLogin},
    Rule{"login", Match::exact, kLogin},
    Rule{"sudo", Match::exact, kLogin},
    Rule{"su", Match::exact, kLogin},
    Rule{"tailscaled", Match::exact, kLogin},
    Rule{"systemd", Match::prefix, kSystem},
    Rule{"(sd-pam)", Match::exact, kSystem},
    Rule{"init", Match::exact, kSystem},
    Rule{"dbus-", Match::prefix, kSystem},
    Rule{"NetworkManager", Match::exact, kSystem},
    Rule{"cron", Match::exact, kSystem},
    Rule{"docker", Match::prefix, kContainers},
    Rule{"containerd", Match::prefix, kContainers},
    Rule{"rootlesskit", Match::prefix, kContainers},
    Rule{"rootlessport", Match::prefix, kContainers},
    Rule{"slirp4netns", Match::exact, kContainers},
    Rule{"pasta", Match::prefix, kContainers},
    Rule{"passt", Match::prefix, kContainers},
    Rule{"podman", Match::exact, kContainers},
    Rule{"conmon", Match::exact, kContainers},
    Rule{"buildkitd", Match::exact, kContainers},
    Rule{"kubelet", Match::exact, kContainers},
    Rule{"k3s", Match::prefix, kContainers},
    Rule{"Xorg", Match::exact, kDesktop},
    Rule{"Xwayland", Match::exact, kDesktop},
    Rule{"gnome-shell", Match::exact, kDesktop},
    Rule{"gnome-session", Match::prefix, kDesktop},
    Rule{"kwin_", Match::prefix, kDesktop},
    Rule{"plasmashell", Match::exact, kDesktop},
    Rule{"sway", Match::exact, kDesktop},
    Rule{"pipewire", Match::prefix, kDesktop},
    Rule{"pulseaudio", Match::exact, kDesktop},
    Rule{"gnome-terminal", Match::prefix, kTerminal},
    Rule{"konsole", Match::exact, kTerminal},
    Rule{"xterm", Match::exact, kTerminal},
    Rule{"alacritty", Match::exact, kTerminal},
    Rule{"kitty", Match::exact, kTerminal},
    Rule{"wezterm", Match::prefix, kTerminal},
    Rule{"foot", Match::exact, kTerminal},
    Rule{"ghostty", Match::exact, kTerminal},
    Rule{"ptyxis", Match::prefix, kTerminal},
    Rule{"terminator", Match::exact, kTerminal},
    Rule{"tilix", Match::exact, kTerminal},
    Rule{"xfce4-terminal", Match::prefix, kTerminal},
    Rule{"urxvt", Match::prefix, kTerminal},
    Rule{"ttyd", Match::exact, kTerminal},
    Rule{"tmux", Match::prefix, kMultiplexer},
    Rule{"screen", Match::exact, kMultiplexer},
    Rule{"SCREEN", Match::exact, kMultiplexer},
    Rule{"zellij", Match::exact, kMultiplexer},
    Rule{"dtach", Match::exact, kMultiplexer},
    Rule{"abduco", Match::exact, kMultiplexer},
    Rule{"code", Match::exact, kEditor},
    Rule{"code-", Match::prefix, kEditor},
    Rule{"codium", Match::exact, kEditor},
    Rule{"cursor", Match::exact, kEditor},
    Rule{"windsurf", Match::exact, kEditor},
    Rule{"zed", Match::exact, kEditor},
    Rule{"zed-", Match::prefix, kEditor},
    Rule{"emacs", Match::prefix, kEditor},
    Rule{"vim", Match::exact, kEditor},
    Rule{"nvim", Match::exact, kEditor},
    Rule{"sublime_text", Match::exact, kEditor},
    Rule{"idea", Match::exact, kEditor},
    Rule{"idea64", Match::exact, kEditor},
    Rule{"pycharm", Match::prefix, kEditor},
    Rule{"webstorm", Match::prefix, kEditor},
    Rule{"phpstorm", Match::prefix, kEditor},
    Rule{"goland", Match::prefix, kEditor},
    Rule{"clion", Match::prefix, kEditor},
    Rule{"rubymine", Match::prefix, kEditor},
    Rule{"jetbrains", Match::prefix, kEditor},
    Rule{"remote-dev-serv", Match::prefix, kEditor},
    // Editor servers run as "node": only their place tells.
    Rule{"/.vscode-server", Match::path, kEditor},
    Rule{"/.vscodium-server/", Match::path, kEditor},
    Rule{"/.cursor-server/", Match::path, kEditor},
    Rule{"/.windsurf-server/", Match::path, kEditor},
    Rule{"/.zed_server/", Match::path, kEditor},
    Rule{"/code-server/", Match::path, kEditor},
    Rule{"/JetBrains/", Match::path, kEditor},
};

constexpr std::array<std::string_view, 12> kShells{"bash", "zsh",  "fish", "sh",  "dash",   "ash",
                                                   "ksh",  "mksh", "tcsh", "csh", "elvish", "nu"};

struct Names {
  std::string_view kernel_name;
  std::string_view executable;  ///< path, may be empty
  std::string_view first_argument;
};

bool applies(const Rule& rule, const Names& names) {
  switch (rule.match) {
    case Match::exact:
      return names.kernel_name == rule.pattern || base_name(names.executable) == rule.pattern ||
             base_name(names.first_argument) == rule.pattern;
    case Match::prefix:
      return names.kernel_name.starts_with(rule.pattern) || base_name(names.executable).starts_with(rule.pattern) ||
             base_name(names.first_argument).starts_with(rule.pattern);
    case Match::path:
      return names.executable.find(rule.pattern) != std::string_view::npos ||
             names.first_argument.find(rule.pattern) != std::string_view::npos;
  }
  return false;
}

/// "-c", "-lc": the shell runs the command that follows.
bool asks_for_command(std::string_view option) {
  return option.starts_with('-') && !option.starts_with("--") && option.find('c') != std::string_view::npos;
}

/// A shell somebody sits at, as opposed to one that runs a script or a command: it has options at most.
bool is_interactive_shell(const os::ProcessInfo& process) {
  if (std::find(kShells.begin(), kShells.end(), process.stat.name) == kShells.end()) return false;
  const auto& command = process.command;
  if (command.empty() || command.front().starts_with('-')) return true;
  return std::all_of(command.begin() + 1, command.end(),
                     [](const std::string& argument) { return argument.starts_with('-') && !asks_for_command(argument); });
}

std::string clause(const std::string& name, std::string_view what) { return "it is " + name + ", " + std::string(what); }

}  // namespace

std::optional<std::string> never_list_reason(const os::ProcessInfo& process) {
  const std::string& name = process.stat.name;
  const Names names{name, process.exe, process.command.empty() ? std::string_view() : process.command.front()};
  for (const Rule& rule : kRules) {
    if (applies(rule, names)) return clause(name, rule.what);
  }
  if (is_interactive_shell(process)) return clause(name, kShell);
  return std::nullopt;
}

}  // namespace devinit::ports
