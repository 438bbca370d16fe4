#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/messages.hpp"
#include "base/result.hpp"

namespace devinit::api {

/// How long a `Client` waits for a server that says nothing (it may be stopped), and what ends its waiting early.
struct Patience {
  std::optional<std::chrono::milliseconds> limit = {};  ///< between two signs of life; nothing: for ever
  int cancel_fd = -1;                                   ///< ends a wait as soon as it can be read; -1: nothing does
  /// What `cancel_fd` means: an error ends the call with it; without one the wait goes on, and `cancel_fd` must have been read.
  /// Empty: Errc::interrupted, nothing is read.
  std::function<Result<>()> on_cancel = {};
};

/// One request over a connected unix socket and the stream of events that answers it. Blocking; one thread.
class Client {
 public:
  /// Takes ownership of the connected socket `fd` and makes it non-blocking.
  explicit Client(int fd);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Sends the request. Errc::protocol when the server refuses it (the message is the server's), Errc::io when the server is gone,
  /// Errc::timeout and what `on_cancel` says as `patience` has it: it holds for this call and for every later one of `next`.
  [[nodiscard]] Result<> send(const Request& request, Patience patience = {});
  /// Waits for the next event; nothing at the orderly end of the stream. Errc::io when the connection breaks. For `status` requests
  /// the one event is a `Done` whose `project` is the snapshot.
  [[nodiscard]] Result<std::optional<Event>> next();
  /// For poll(2): readable when `next` may not block. `buffered` says that `next` will not block at all.
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] bool buffered() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devinit::api
