#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "engine/machine_event.hpp"
#include "engine/operation.hpp"
#include "engine/port_planner.hpp"

namespace devinit::engine {

/// # Events: what the outside tells the engine
struct Answered { OperationId operation; std::uint64_t question; PortPlanner::Choice choice; std::string reason; };
struct Claimed { OperationId operation; std::size_t wish; ClaimOutcome outcome; };
struct FilesWritten { OperationId operation; std::optional<Error> error; };
struct ServiceEvent { std::string service; MachineEvent event; std::optional<int> pid = {}; };
/// A port had to be given up for another one: stolen, the service listens elsewhere (the new one is `held` already), or foreseen and leased
/// to another owner meanwhile (then it is not `held`).
struct PortChanged {
  std::string service;
  std::string port_name;
  Port port;
  std::string reason;
  std::string source;
  bool held = true;
};
/// Files that a service watches have changed and been quiet for its debounce; `summary` for people: "app.py", "app.py and 3 more".
struct FilesChanged { std::string service; std::string summary; };
struct Cancelled { OperationId operation; };
struct ClientGone { OperationId operation; };
struct Tick {};
using Event = std::variant<StartRequest, StopRequest, Answered, Claimed, FilesWritten, ServiceEvent, PortChanged, FilesChanged, Cancelled,
                           ClientGone, Tick>;

/// # Effects: what the outside must do
struct ClaimPort {
  OperationId operation;
  std::size_t wish;
  std::string service;
  std::string port_name;
  Port first;
  Port last;
  int tries;
  PortsToAvoid avoid;
};
struct WriteFiles { OperationId operation; };  ///< 0: because a port changed; no answer is needed then
struct ServiceEffect { std::string service; MachineEffect effect; };
struct SignalService { std::string service; int signal; };  ///< to its first process; nothing else changes
struct AskClient {
  OperationId operation;
  std::uint64_t question;
  std::string service;
  std::string port_name;
  Port port;
  bool strict;
  bool by_devinit;
};
/// `level`: "info", "warning", or "progress" (it blocks the operation: who knows more about it adds that). Operation 0: every client.
struct Tell { OperationId operation; std::string level; std::string service; std::string text; };
struct TellMoved { OperationId operation; std::string service; std::string port_name; Port wanted; Port port; std::string reason; };
struct Changed { std::string service; };  ///< its snapshot differs
struct Finished { OperationId operation; Outcome outcome; bool keep_open = false; };
using Effect = std::variant<ClaimPort, WriteFiles, ServiceEffect, SignalService, AskClient, Tell, TellMoved, Changed, Finished>;

}  // namespace devinit::engine
