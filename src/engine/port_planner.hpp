#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"
#include "base/result.hpp"

namespace devinit::engine {

/// What a search leaves out; null: nothing. Shared, because a set is larger than all else in an event or effect.
using PortsToAvoid = std::shared_ptr<const PortSet>;

/// One port that a service wants.
struct PortWish {
  std::string service;
  std::string port_name;        ///< empty for the main port
  std::optional<Port> prefer;   ///< nothing: any port of `search`
  PortRange search{1024, 65535};///< where fallbacks may come from; upward from `prefer`, or from its start
  bool whole_range = false;     ///< `search` from its start to its end, wherever `prefer` lies in it
  bool strict = false;          ///< busy is an error
  bool foreseen = false;        ///< of a service that is not started: chosen without questions, so that files and templates are
                                ///< complete, and not held. What cannot be had now stays as preferred
  std::string source;           ///< for people: "devinit.json", "default", …
  std::string leased_to;        ///< who owns `prefer` and keeps it, though perhaps nobody listens on it; empty: it may be claimed
  std::optional<Port> usual;    ///< what the service had before: the first fallback, so that it keeps a port of its own
  Port step = 1;                ///< fallbacks are `search.first` + n × `step`
  Port ephemeral_first = 0;     ///< from here up a fallback is worth a warning; 0: never
};

/// What became of the attempt to claim one port.
struct ClaimOutcome {
  enum class Verdict { claimed, busy, privileged, exhausted };
  Verdict verdict = Verdict::busy;
  Port port = 0;            ///< claimed: which
  bool by_devinit = false;  ///< busy: another devinit's claim
  std::string holders;      ///< exhausted: who was met on the way, for people
};

/// Plans all ports of one start, one step at a time: every preferred port first (so that no fallback ever takes a sibling's preferred port),
/// then the questions about busy ones, then the fallbacks: usual ports, then searches, each beginning above its preferred port. A preferred
/// port that is leased to another owner is not tried and not asked about. Pure: it says what to do next
/// and is told what came of it.
class PortPlanner {
 public:
  struct ClaimOne { std::size_t wish; Port port; };
  struct ClaimNext { std::size_t wish; Port first; Port last; int tries; PortsToAvoid avoid; };
  struct Ask { std::size_t wish; Port port; bool strict; bool by_devinit; };
  struct Planned {};
  struct GaveUp { Error error; };
  using Step = std::variant<ClaimOne, ClaimNext, Ask, Planned, GaveUp>;
  enum class Choice { retry, next, fail };

  PortPlanner(std::vector<PortWish> wishes, PortSet avoid);

  /// What to do now. Call it again after each `on_…`.
  [[nodiscard]] Step next() const;
  void on_claim(std::size_t wish, const ClaimOutcome& outcome);
  /// `reason` explains a fallback or a failure for people; may be empty.
  void on_answer(std::size_t wish, Choice choice, const std::string& reason);

  [[nodiscard]] const PortWish& wish(std::size_t index) const { return items_[index].wish; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  /// The claimed port of a wish; nothing before it is claimed.
  [[nodiscard]] std::optional<Port> port(std::size_t index) const { return items_[index].port; }
  [[nodiscard]] const std::string& reason(std::size_t index) const { return items_[index].reason; }

 private:
  enum class Status { untried, busy, fallback, claimed, given_up };
  struct Item {
    PortWish wish;
    Status status = Status::untried;
    std::optional<Port> port;
    bool by_devinit = false;
    bool retried = false;
    bool usual_tried = false;
    std::string reason;
    std::optional<Error> error;
  };
  static void refuse_preferred(Item& item);
  [[nodiscard]] bool tries_usual(const Item& item) const;
  [[nodiscard]] ClaimNext fallback_of(std::size_t index) const;

  std::vector<Item> items_;
  PortSet avoid_;
};

}  // namespace devinit::engine
