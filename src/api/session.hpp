#pragma once

#include <cstdint>
#include <memory>

#include "api/server.hpp"

namespace devinit::api {

class Session;

/// Who owns sessions. Called on the event loop's thread.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  /// A well-formed request of a version that we serve. The session is its stream.
  virtual void on_session_request(Session& session, const Request& request) = 0;
  /// The connection is closed; called once, last, and never after `Session::drop` by the owner. May come from inside `send`.
  virtual void on_session_closed(Session& session) = 0;
};

/// One connection: reads one request within the limits, refuses what is wrong with it, streams the answer, notices when the
/// client leaves. Kept alive by its owner and by its own pending operations.
class Session : public Stream {
 public:
  /// Begins to read. The owner outlives the session's connection.
  virtual void start() = 0;
  /// Closes the connection at once without telling the owner. Idempotent.
  virtual void drop() = 0;
};

/// Takes ownership of the connected socket `fd`.
[[nodiscard]] std::shared_ptr<Session> make_session(boost::asio::io_context& loop, SessionOwner& owner, std::uint64_t id,
                                                    int fd);

/// A whole HTTP response that refuses a request: JSON body {"error","hint"}. `status`: 400, 404, 413, 426, 503 …
[[nodiscard]] std::string refusal(unsigned status, const Error& error);

}  // namespace devinit::api
