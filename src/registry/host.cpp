#include "registry/host.hpp"

#include <algorithm>
#include <cctype>

#include "os/files.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr std::size_t kLongestName = 200;

std::string variable(const os::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

bool is_name(const std::string& text) {
  return text.size() <= kLongestName && is_plain_text(text) && text.find(' ') == std::string::npos;
}

/// What `CI` says: anything but an empty text and the words for no.
bool says_yes(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return !text.empty() && text != "0" && text != "false" && text != "no";
}

/// machine-id(5): 32 hexadecimal digits; "uninitialized" during the first boot.
bool is_machine_id(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos &&
         text.find_first_not_of('0') != std::string::npos;
}

std::string first_line(const std::string& path) {
  const auto text = os::read_text_file(path, {}, 4096);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

/// What container engines leave behind: Docker, Podman, and everything that follows systemd's container interface or runs on Kubernetes.
bool in_container(const os::Environment& environment) {
  return os::path_exists("/.dockerenv") || os::path_exists("/run/.containerenv") || !variable(environment, "container").empty() ||
         !variable(environment, "KUBERNETES_SERVICE_HOST").empty();
}

}  // namespace

HostFacts host_facts(const os::Environment& environment) {
  HostFacts facts;
  facts.machine_id = first_line("/etc/machine-id");
  if (!is_machine_id(facts.machine_id)) facts.machine_id = first_line("/var/lib/dbus/machine-id");
  facts.host_name = first_line("/proc/sys/kernel/hostname");
  facts.boot_id = os::boot_id();
  facts.container = in_container(environment);
  return facts;
}

Result<Host> host_from(const os::Environment& environment, const HostFacts& facts) {
  if (std::string name = variable(environment, "DEVINIT_HOST"); !name.empty()) {
    if (is_name(name)) return Host{.id = std::move(name), .ephemeral = false};
    return Error(Errc::usage, "DEVINIT_HOST is no host name: at most " + std::to_string(kLongestName) + " bytes, "
                                "of UTF-8 without blanks and control characters");
  }
  const bool ephemeral = !is_machine_id(facts.machine_id) || (facts.container && says_yes(variable(environment, "CI")));
  if (!ephemeral) return Host{.id = facts.machine_id, .ephemeral = false};
  // Containers of one image share its machine id, those of one machine its boot: their host names tell them apart.
  return Host{.id = facts.host_name + "-" + facts.boot_id, .ephemeral = true};
}

Result<Host> this_host(const os::Environment& environment) { return host_from(environment, host_facts(environment)); }

}  // namespace devinit::registry
