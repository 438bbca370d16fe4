#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/registry_view.hpp"
#include "base/duration.hpp"
#include "base/port.hpp"
#include "base/result.hpp"
#include "engine/snapshot.hpp"

namespace devinit::api {

/// Grows when a message changes its meaning. `status` and `stop` work across versions; the rest answers a mismatch with a hint.
inline constexpr int kProtocolVersion = 2;

/// What a client asks. On the wire: `POST /v1/<op>` with a JSON body over the unix socket (`GET /v1/status` for status).
struct Request {
  enum class Op {
    start,    ///< bring targets up; answers with a stream of events
    restart,  ///< `restart` of targets; all targets: configuration is read anew and ports are planned anew
    up,       ///< as start, but the connection is the hold: what it started stops when the connection ends
    stop,     ///< bring targets down
    answer,   ///< reply to a `Busy` event, on a connection of its own
    cancel,   ///< Ctrl-C in start/restart: stop what operation `operation` has started; answered when that is down
    status,   ///< one snapshot
    reload,   ///< apply the edited configuration: what it changes is restarted, what it lost stops, what is new starts if all others run
    watch,    ///< no operation: a `ServiceChanged` for every service as it is, then `Done`, then one for every change, until either side closes
  };
  Op op = Op::status;
  int version = kProtocolVersion;
  std::vector<std::string> targets;                 ///< service names; empty = all
  std::map<std::string, std::string> environment;   ///< the caller's, for start/restart/up; stays in memory
  std::map<std::string, std::string> fingerprints;  ///< for start/restart/up/reload: what each task of `run: once` would do now, by service
  std::optional<Millis> timeout;                    ///< stop: what is left then is killed without grace
  std::optional<RegistryView> registry;             ///< for start/restart/up; nothing: no leases are known or written
  std::string operation;                            ///< answer, cancel: id from `Accepted`
  std::uint64_t question = 0;                       ///< answer
  enum class Choice { retry, next, fail };          ///< retry: "I freed it", next: take another port, fail: give up
  Choice choice = Choice::next;                     ///< answer
  std::string reason;                               ///< answer: why (for notices), may be empty
};

/// First event of each operation.
struct Accepted { std::string operation; };
/// A service changed; drives progress display.
struct ServiceChanged { engine::ServiceSnapshot service; };
/// Something the user should read. `level`: "info", "warning", or "progress": of interest while it is waited for.
struct Notice { std::string level; std::string service; std::string text; };
/// A port is taken by somebody: the client decides (conflict rule) and sends `answer`. Asked one at a time, before anything is written or started.
struct Busy {
  std::uint64_t question = 0;
  std::string service;
  std::string port_name;   ///< empty for the service's main port
  Port port = 0;
  bool strict = false;     ///< the configuration forbids another port: `next` will be treated as `fail`
  bool by_devinit = false; ///< a live devinit's claim: killing is refused, `next` or `fail` only
};
/// A service got another port than it wanted.
struct PortMoved { std::string service; std::string port_name; Port wanted = 0; Port port = 0; std::string reason; };
/// A service that did not come up, with the tail of its log.
struct Failure {
  std::string service;
  std::string reason;
  std::vector<std::string> log_tail;
  engine::FailureCode code = engine::FailureCode::other;
};
/// Last event of each operation; the connection ends after it, except for `up`, where `Done` with ok means "all ready" and the
/// connection stays open as the hold (events go on); a second `Done` ends it.
struct Done {
  bool ok = false;
  bool interrupted = false;
  std::string error;        ///< one clear sentence, may be empty with failures
  std::string hint;
  bool config_error = false;  ///< exit code 2
  Errc code = Errc::failed;   ///< of `error`
  std::vector<Failure> failures;
  engine::ProjectSnapshot project;
};

using Event = std::variant<Accepted, ServiceChanged, Notice, Busy, PortMoved, Done>;

/// The name of an operation in the path of its request.
[[nodiscard]] const char* to_string(Request::Op op) noexcept;
[[nodiscard]] std::optional<Request::Op> op_from_string(std::string_view name) noexcept;

/// JSON of the wire. Decoding is strict about types, lenient about unknown members (a newer peer), bounded in depth (64) and
/// size (8 MiB: an environment may be large); Errc::protocol on anything else. Invalid UTF-8 in values survives encoding as U+FFFD.
/// Named ports come back in the order of their names.
[[nodiscard]] std::string encode(const Request& request);
/// Of a request of another version only `version` and `targets` are read: the caller checks `version` and decides. An empty body is
/// a `status` request of our version.
[[nodiscard]] Result<Request> decode_request(std::string_view op, std::string_view body);
[[nodiscard]] std::string encode(const Event& event);
/// One line of a stream. Errc::not_found for a kind of event that only a newer peer knows: readers skip it.
[[nodiscard]] Result<Event> decode_event(std::string_view line);
/// The documented `status --json` document (docs/configuration.md), one line without newline:
/// {"project","root","supervisor":{"running","pid"},"services":[{"name","state","ready","wanted","external","pid","port","ports":{},"port_source",
/// "url","restarts","uptime_s","since","detail","stale","kind","healthy","flaps","changed",…}]}. `now`: wall clock seconds, for uptime_s (seconds in state ready, else 0).
[[nodiscard]] std::string encode_status(const engine::ProjectSnapshot& project, std::int64_t now);
[[nodiscard]] Result<engine::ProjectSnapshot> decode_status(std::string_view text);

}  // namespace devinit::api
