#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/messages.hpp"
#include "base/result.hpp"

namespace devinit::api {

/// One request over a connected unix socket and the stream of events that answers it. Blocking; one thread.
class Client {
 public:
  /// Takes ownership of the connected, blocking socket `fd`.
  explicit Client(int fd);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Sends the request. Errc::protocol when the server refuses it (the message is the server's), Errc::io when the server is gone.
  [[nodiscard]] Result<> send(const Request& request);
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
