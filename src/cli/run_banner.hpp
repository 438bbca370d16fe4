#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "config/run_settings.hpp"

namespace devinit::cli {

/// What a person should know about a run that begins.
struct RunBanner {
  std::string name;
  Port port = 0;
  std::string history;  ///< why it is that port: "5050 was busy: held by …; using 5051"; empty: it is the one that was wanted
  const config::RunSettings& settings;
  std::vector<std::string> network_addresses;  ///< of this machine
  std::string registry;                        ///< where the lease is, for people; empty: there is none
};

/// The talk of `devinit run`, on stderr, because stdout is the command's: a banner, "ready", and how it ended. With --json one
/// JSON object a line instead, with `event` "started", "moved", "ready", "warning", "error" or "exited"; with --quiet only what
/// moved.
class RunTalk {
 public:
  RunTalk(Output& output, bool json) : output_(output), json_(json) {}

  void started(const RunBanner& banner);
  /// After the banner: the port has changed.
  void moved(const RunBanner& banner);
  /// `detail`: a remark of the proof, may be empty.
  void ready(const RunBanner& banner, const std::string& detail);
  void exited(const std::string& name, int code);
  void error(const Error& error);
  void warn(const std::string& text);
  /// A warning that --quiet does not silence.
  void alarm(const std::string& text);
  /// What the supervisor wants to be read: `level` is "info" or "warning".
  void notice(const std::string& level, const std::string& text);

 private:
  void line(const std::string& label, const std::string& text);

  Output& output_;
  bool json_;
};

/// The URLs of a server for this machine (first) and, when it binds every interface, for the others of the network. With a
/// slash at the end: as they stand in a browser.
[[nodiscard]] std::vector<std::string> run_urls(const std::string& host, Port port,
                                                const std::vector<std::string>& network_addresses);

}  // namespace devinit::cli
