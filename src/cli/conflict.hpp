#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/messages.hpp"
#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "config/project_config.hpp"
#include "ports/holder.hpp"

namespace devinit::cli {

/// A question that nobody answers for so long is answered with no.
inline constexpr std::chrono::seconds kQuestionLimit{60};

/// What the conflict rule depends on.
struct ConflictInputs {
  std::optional<config::ConflictRule> command_line;   ///< --on-conflict
  bool force = false;                                 ///< --force or -y
  bool force_mode = false;                            ///< FORCE_MODE
  std::optional<config::ConflictRule> configuration;  ///< on_conflict of devinit.json
  bool can_ask = false;                               ///< stdin and stderr are terminals and CI is unset
};
/// --on-conflict > --force/-y > FORCE_MODE > configuration > ask where that is possible, else next.
[[nodiscard]] config::ConflictRule conflict_rule(const ConflictInputs& inputs) noexcept;

/// stdin and stderr are terminals and CI is unset (or empty).
[[nodiscard]] bool can_ask(const os::Environment& environment);

/// "process 12345 (python3 -m http.server 8000)", or for several "processes 1 (a), 2 (b)": whom a question or a message names.
[[nodiscard]] std::string name_holders(const std::vector<ports::Holder>& holders);

/// Why these holders must not be killed, or nothing when an explicit yes may.
[[nodiscard]] std::optional<std::string> refusal(const std::vector<ports::Holder>& holders);

/// Ends all holders of `port` within the eviction rules. Success means that the port is free now.
[[nodiscard]] Result<> evict_all(const std::vector<ports::Holder>& holders, Port port);

/// Answers the supervisor's `Busy` events by the conflict rule; talks with the user.
class ConflictResolver {
 public:
  struct Answer {
    api::Request::Choice choice = api::Request::Choice::next;
    std::string reason;
    bool interrupted = false;  ///< Ctrl-C at the question
  };
  /// `cancel_fd`: readable when the user presses Ctrl-C.
  ConflictResolver(Output& output, config::ConflictRule rule, bool can_ask, int cancel_fd)
      : output_(output), rule_(rule), can_ask_(can_ask), cancel_fd_(cancel_fd) {}

  [[nodiscard]] Answer resolve(const api::Busy& busy);

 private:
  [[nodiscard]] Answer by_rule(const api::Busy& busy, const std::vector<ports::Holder>& holders);
  [[nodiscard]] Answer ask(const api::Busy& busy, const std::vector<ports::Holder>& holders);
  [[nodiscard]] Answer kill(const api::Busy& busy, const std::vector<ports::Holder>& holders);
  [[nodiscard]] Answer give_way(const api::Busy& busy, std::string reason) const;

  Output& output_;
  config::ConflictRule rule_;
  bool can_ask_;
  int cancel_fd_;
  std::map<Port, int> freed_;  ///< how often a port was found or made free: someone who takes it again wins
};

}  // namespace devinit::cli
