#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "api/messages.hpp"

namespace devinit::api {

/// One client's operation, as the server's owner sees it. Owned by the server; valid until `on_closed` was called for it.
class Stream {
 public:
  virtual ~Stream() = default;
  [[nodiscard]] virtual std::uint64_t id() const noexcept = 0;
  /// Queues one event (never blocks; a client that does not read is dropped once 1 MiB is queued).
  virtual void send(const Event& event) = 0;
  /// Ends the stream after what is queued.
  virtual void finish() = 0;
};

/// Who answers requests. Called on the event loop's thread.
class Handler {
 public:
  virtual ~Handler() = default;
  /// A well-formed request arrived. The handler answers by `stream.send(...)` and `stream.finish()`, now or later.
  virtual void on_request(Stream& stream, const Request& request) = 0;
  /// The connection of `stream_id` ended: by `finish`, by the client or by an error. Called exactly once per `on_request`.
  virtual void on_closed(std::uint64_t stream_id) = 0;
};

/// HTTP/1.1 on a listening unix socket: `POST /v1/<op>` → 200, `application/x-ndjson`, chunked, one event per line; `GET /v1/status` → one
/// JSON document. 400 bad request, 404 unknown path, 413 too large, 505/426 protocol version (JSON body {"error","hint"}).
/// Limits: header 8 KiB, body 8 MiB, 64 connections, 10 s to send a request. Only peers with our own uid are served.
class Server {
 public:
  Server(boost::asio::io_context& loop, Handler& handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Starts to accept on `listening_fd` (takes ownership). A second call replaces the first socket: connections stay.
  void listen(int listening_fd);
  /// Stops accepting; open streams go on until they finish.
  void stop_listening();
  /// Connections that are open, requests in flight included.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace devinit::api
