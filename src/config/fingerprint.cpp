#include "config/fingerprint.hpp"

#include <cstring>

namespace devinit::config {
namespace {

/// FNV-1a over a text in which every value is preceded by its length or its presence, so that no two configurations are the
/// same text.
class Fingerprint {
 public:
  void add(std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) add_byte(static_cast<unsigned char>(number >> (8 * byte)));
  }
  void add(int number) { add(static_cast<std::uint64_t>(number)); }
  void add(bool value) { add(value ? 1 : 0); }
  void add(Port port) { add(static_cast<std::uint64_t>(port)); }
  void add(Millis duration) { add(static_cast<std::uint64_t>(duration.count())); }
  void add(double number) {
    std::uint64_t bits = 0;
    static_assert(sizeof bits == sizeof number);
    std::memcpy(&bits, &number, sizeof bits);
    add(bits);
  }
  void add(const std::string& text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
  }
  template <class Value>
  requires std::is_enum_v<Value>
  void add(Value value) { add(static_cast<int>(value)); }
  template <class Value>
  void add(const std::optional<Value>& value) {
    add(value.has_value());
    if (value) add(*value);
  }
  template <class First, class Second>
  void add(const std::pair<First, Second>& pair) {
    add(pair.first);
    add(pair.second);
  }
  template <class Value>
  void add(const std::vector<Value>& values) {
    add(static_cast<std::uint64_t>(values.size()));
    for (const auto& value : values) add(value);
  }
  void add(const Command& command) {
    add(static_cast<std::uint64_t>(command.index()));
    std::visit([this](const auto& content) { add(content); }, command);
  }
  template <class... Values>
  void add_all(const Values&... values) {
    (add(values), ...);
  }

  void add(const PortRange& range) { add_all(range.first, range.last); }
  void add(const PortSpec& port) { add_all(port.prefer, port.range, port.whole_range, port.strict, port.host, port.source); }
  void add(const ProbeSpec& probe) {
    add_all(probe.kind, probe.http_path, probe.http_status, probe.http_headers, probe.exec, probe.log, probe.file, probe.delay);
    add_all(probe.initial_delay, probe.timeout, probe.period, probe.success_threshold, probe.failure_threshold, probe.deadline);
  }
  void add(const LiveSpec& live) { add_all(live.probe, live.action); }
  void add(const StopSpec& stop) { add_all(stop.signal, stop.grace, stop.to, stop.command); }
  void add(const RestartSpec& restart) { add_all(restart.policy, restart.max, restart.never_on); }
  void add(const LogSpec& log) { add_all(log.max_size, log.keep); }
  void add(const Dependency& dependency) { add_all(dependency.service, dependency.condition); }
  void add(const ScheduleSpec& schedule) { add_all(schedule.every, schedule.cron); }
  void add(const WatchSpec& watch) {
    add_all(watch.paths, watch.ignore, watch.debounce, watch.action, watch.signal, watch.task, watch.cascade);
  }
  void add(const HooksSpec& hooks) { add_all(hooks.before_start, hooks.after_ready, hooks.before_stop, hooks.after_exit); }
  void add(const LimitsSpec& limits) {
    add_all(limits.memory, limits.cpu, limits.nofile, limits.nproc, limits.core, limits.fsize, limits.stack, limits.as,
            limits.nice, limits.umask);
  }

  [[nodiscard]] std::string text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string digits(16, '0');
    for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = kDigits[(hash_ >> (60 - 4 * i)) & 0xF];
    return digits;
  }

 private:
  void add_byte(unsigned char byte) {
    constexpr std::uint64_t kPrime = 0x100000001b3;
    hash_ = (hash_ ^ byte) * kPrime;
  }

  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace

std::string fingerprint(const ServiceConfig& service) {
  Fingerprint print;
  print.add_all(service.name, service.kind, service.command, service.cwd, service.port, service.ports, service.env,
                service.env_files, service.ready, service.live, service.stop, service.restart, service.log, service.depends_on);
  print.add_all(service.on_dependency_loss, service.run, service.inputs, service.schedule, service.watch, service.hooks,
                service.limits, service.socket, service.replica_of, service.index, service.preset, service.disabled);
  return print.text();
}

}  // namespace devinit::config
