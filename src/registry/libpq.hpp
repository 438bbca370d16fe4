#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/deadline.hpp"
#include "registry/location.hpp"

// Types of libpq, whose header stays in libpq.cpp.
struct pg_conn;
struct pg_result;

namespace devinit::registry {

struct LibpqFunctions;

/// What the server answered to one statement.
class PgAnswer {
 public:
  PgAnswer(const LibpqFunctions& functions, pg_result* handle) : functions_(&functions), handle_(handle) {}
  PgAnswer(PgAnswer&& other) noexcept;
  PgAnswer& operator=(PgAnswer&& other) noexcept;
  ~PgAnswer();

  [[nodiscard]] int rows() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  /// Valid as long as the object.
  [[nodiscard]] std::string_view text(int row, int column) const;
  /// What was done, as the server calls it: "COMMIT", "INSERT 0 1" …
  [[nodiscard]] std::string_view command() const;
  /// Rows that an INSERT, UPDATE or DELETE changed; of a SELECT those it returned.
  [[nodiscard]] std::int64_t affected() const;

 private:
  const LibpqFunctions* functions_;
  pg_result* handle_;
};

/// Why a statement has no answer.
struct PgFailure {
  std::string sqlstate;      ///< five characters; empty when the connection was lost
  std::string message;       ///< one line, without passwords
  bool lost = false;         ///< the connection cannot be used any more
  bool late = false;         ///< … because the server did not answer in time
};
using PgResult = boost::system::result<PgAnswer, PgFailure>;

/// One connection by libpq, which is loaded (dlopen) when the first is made. Every wait has a deadline of ours: a server may hang in any
/// state.
class PgConnection {
 public:
  /// Until `deadline`, including name resolution, TLS and authentication. Errc::not_found without libpq, Errc::timeout, Errc::io; messages
  /// say what libpq said, without passwords.
  [[nodiscard]] static Result<PgConnection> connect(const Location& location, const os::Deadline& deadline);
  PgConnection(PgConnection&& other) noexcept;
  PgConnection& operator=(PgConnection&& other) noexcept;
  ~PgConnection();

  /// Several statements without parameters; the last one's answer.
  [[nodiscard]] PgResult run_script(const std::string& script, const os::Deadline& deadline);
  [[nodiscard]] PgResult prepare(const std::string& name, const std::string& text, const os::Deadline& deadline);
  /// A prepared statement; a null pointer is NULL.
  [[nodiscard]] PgResult run(const std::string& name, std::span<const char* const> parameters, const os::Deadline& deadline);

 private:
  PgConnection(std::unique_ptr<LibpqFunctions> functions, pg_conn* handle, std::string url);
  [[nodiscard]] std::optional<PgFailure> finish_connecting(const os::Deadline& deadline);
  [[nodiscard]] PgResult answer(bool sent, const os::Deadline& deadline);
  [[nodiscard]] PgFailure failure(std::string_view words, const char* sqlstate) const;
  [[nodiscard]] PgFailure late() const;

  std::unique_ptr<LibpqFunctions> functions_;
  pg_conn* handle_ = nullptr;
  std::string url_;
};

}  // namespace devinit::registry
