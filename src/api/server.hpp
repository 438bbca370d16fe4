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
  /// Queues one event (never blocks; a client that leaves 1 MiB unread is dropped at the next one). What is sent in one turn of the loop
  /// leaves in one write. A `status` request is answered by one `Done`, whose `project` becomes the status document. Ignored after
  /// the connection ended.
  virtual void send(const Event& event) = 0;
  /// Ends the stream after what is queued; a client that does not take it within 10 s is dropped. Later `send`s are ignored.
  virtual void finish() = 0;
};

/// Who answers requests. Called on the event loop's thread, never from inside `Stream::send` or `finish`, and not after the server's end.
class Handler {
 public:
  virtual ~Handler() = default;
  /// A well-formed request arrived. The handler answers by `stream.send(...)` and `stream.finish()`, now or later.
  virtual void on_request(Stream& stream, const Request& request) = 0;
  /// The connection of `stream_id` ended: by `finish`, by the client or by an error. Called exactly once per `on_request`.
  virtual void on_closed(std::uint64_t stream_id) = 0;
  /// The last open connection ended, one that never sent a request included. Comes after its `on_closed`.
  virtual void on_idle() {}
};

/// HTTP/1.1 on a listening unix socket: `POST /v1/<op>` → 200, `application/x-ndjson`, chunked, one event per line; `GET /v1/status` → one
/// JSON document. 400 bad request, 404 unknown path, 405 wrong method, 413 too large, 426 protocol version, 503 too many
/// connections, 505 not HTTP/1.1 (JSON body {"error","hint"}). One request per connection. Limits: header 8 KiB, body 8 MiB,
/// 64 connections, 10 s to send a request. Only peers with our own uid are served. No timer runs but while a request or the rest
/// of an answer is awaited.
class Server {
 public:
  /// `loop` and `handler` outlive the server.
  Server(boost::asio::io_context& loop, Handler& handler);
  /// Closes everything at once, without `on_closed`.
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
