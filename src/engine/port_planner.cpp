#include "engine/port_planner.hpp"

#include <algorithm>

namespace devinit::engine {
namespace {

/// The busy preferred port is the first of the hundred tries.
constexpr int kTries = 100;

std::string label(const PortWish& wish) {
  return wish.port_name.empty() ? wish.service : wish.service + " (" + wish.port_name + ")";
}

Error privileged_error(const PortWish& wish, Port port) {
  return Error(Errc::privileged, "port " + std::to_string(port) + " for " + label(wish) + " needs more privileges than you have",
               "choose a port from 1024 up, or lower net.ipv4.ip_unprivileged_port_start");
}

/// What another devinit runs is ended where it was started: `devinit kill` refuses it.
Error busy_error(const PortWish& wish, Port port, const std::string& reason, bool by_devinit) {
  std::string text = "port " + std::to_string(port) + " for " + label(wish) + " is busy";
  if (!reason.empty()) text += ": " + reason;
  const std::string free_it = by_devinit ? "stop it there (`devinit stop` in its folder; a `devinit run` ends with Ctrl-C)"
                                         : "free it (`devinit kill " + std::to_string(port) + "`)";
  return Error(Errc::busy, std::move(text), free_it + ", or allow another port with `--on-conflict next` and without \"strict\"");
}

Error leased_error(const PortWish& wish) {
  return Error(Errc::busy, "port " + std::to_string(*wish.prefer) + " for " + label(wish) + " belongs to " + wish.leased_to,
               "set another \"port\", allow another one (without \"strict\"), or end that lease (`devinit ports release`)");
}

Error exhausted_error(const PortWish& wish, const std::string& holders) {
  std::string text = "no free port for " + label(wish);
  if (wish.whole_range || wish.search.last < 65535) {
    text += " in the range " + std::to_string(wish.search.first) + "-" + std::to_string(wish.search.last);
  } else {
    text += " in " + std::to_string(kTries) + " tries";
    if (wish.prefer) text += " from " + std::to_string(*wish.prefer);
  }
  if (!holders.empty()) text += "; met: " + holders;
  return Error(Errc::busy, std::move(text), "stop some of them, or set another \"port\" for " + wish.service + " in devinit.json");
}

}  // namespace

PortPlanner::PortPlanner(std::vector<PortWish> wishes, PortSet avoid) : avoid_(avoid) {
  for (auto& wish : wishes) {
    Item item;
    item.status = wish.prefer ? Status::untried : Status::fallback;
    item.wish = std::move(wish);
    if (item.wish.prefer) avoid_.insert(*item.wish.prefer);
    if (item.wish.prefer && !item.wish.leased_to.empty()) refuse_preferred(item);
    items_.push_back(std::move(item));
  }
}

/// The preferred port has another owner. What does not start keeps it in the files all the same, when it may have no other.
void PortPlanner::refuse_preferred(Item& item) {
  item.reason = "it belongs to " + item.wish.leased_to;
  item.status = Status::fallback;
  if (!item.wish.strict) return;
  item.status = item.wish.foreseen ? Status::claimed : Status::given_up;
  if (!item.wish.foreseen) item.error = leased_error(item.wish);
}

/// The next fallback is the usual port: nobody else may have it.
bool PortPlanner::tries_usual(const Item& item) const {
  const auto& usual = item.wish.usual;
  return item.status == Status::fallback && !item.usual_tried && usual && item.wish.search.contains(*usual) && !avoid_.contains(*usual);
}

PortPlanner::ClaimNext PortPlanner::fallback_of(std::size_t index) const {
  const auto& wish = items_[index].wish;
  ClaimNext claim{index, wish.search.first, wish.search.last, kTries, nullptr};
  if (wish.whole_range) {
    claim.tries = wish.search.last - wish.search.first + 2;  // one try would mean one port
  } else if (wish.prefer) {
    claim.tries = kTries - 1;
    // A preferred port that was set by hand may lie outside the range: then the range is searched from its start.
    if (wish.search.contains(*wish.prefer)) claim.first = static_cast<Port>(std::min<int>(*wish.prefer + 1, 65535));
    if (*wish.prefer == wish.search.last) claim.tries = 0;
  }
  auto avoid = std::make_shared<PortSet>(avoid_);
  for (unsigned port = claim.first; wish.step > 1 && port <= claim.last; ++port) {
    if ((port - wish.search.first) % wish.step != 0) avoid->insert(static_cast<Port>(port));
  }
  claim.avoid = std::move(avoid);
  return claim;
}

PortPlanner::Step PortPlanner::next() const {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].status == Status::given_up) return GaveUp{*items_[i].error};
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].status == Status::untried) return ClaimOne{i, *items_[i].wish.prefer};
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto& item = items_[i];
    if (item.status == Status::busy) return Ask{i, *item.wish.prefer, item.wish.strict, item.by_devinit};
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (tries_usual(items_[i])) return ClaimOne{i, *items_[i].wish.usual};
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].status == Status::fallback) return fallback_of(i);
  }
  return Planned{};
}

void PortPlanner::on_claim(std::size_t index, const ClaimOutcome& outcome) {
  auto& item = items_[index];
  if (tries_usual(item) && outcome.verdict != ClaimOutcome::Verdict::claimed) {
    item.usual_tried = true;
    return;
  }
  if (item.wish.foreseen && outcome.verdict != ClaimOutcome::Verdict::claimed) {
    const bool may_move = outcome.verdict == ClaimOutcome::Verdict::busy && !item.wish.strict;
    item.status = may_move ? Status::fallback : Status::claimed;
    if (!may_move) item.port = item.wish.prefer.value_or(item.wish.search.first);
    return;
  }
  switch (outcome.verdict) {
    case ClaimOutcome::Verdict::claimed:
      item.status = Status::claimed;
      item.port = outcome.port;
      return;
    case ClaimOutcome::Verdict::busy:
      // Freed and taken again: one answer is enough, do not ask for ever.
      if (item.retried) return on_answer(index, Choice::next, "it was taken again at once");
      item.status = Status::busy;
      item.by_devinit = outcome.by_devinit;
      return;
    case ClaimOutcome::Verdict::privileged:
      item.status = Status::given_up;
      item.error = privileged_error(item.wish, item.wish.prefer.value_or(item.wish.search.first));
      return;
    case ClaimOutcome::Verdict::exhausted:
      item.status = Status::given_up;
      item.error = exhausted_error(item.wish, outcome.holders);
      return;
  }
}

void PortPlanner::on_answer(std::size_t index, Choice choice, const std::string& reason) {
  auto& item = items_[index];
  item.reason = reason;
  switch (choice) {
    case Choice::retry:
      item.retried = true;
      item.status = Status::untried;
      return;
    case Choice::next:
      if (!item.wish.strict) {
        item.status = Status::fallback;
        return;
      }
      [[fallthrough]];
    case Choice::fail:
      item.status = Status::given_up;
      item.error = busy_error(item.wish, *item.wish.prefer, reason, item.by_devinit);
      return;
  }
}

}  // namespace devinit::engine
