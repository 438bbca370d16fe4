#include "registry/libpq.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

#include "os/readable.hpp"
#include "os/resolve_host.hpp"
#include "os/shared_library.hpp"

namespace devinit::registry {

/// The functions that are used, with the types of the header.
struct LibpqFunctions {
#define DEVINIT_LIBPQ(name) decltype(&::PQ##name) name = nullptr;
#define DEVINIT_LIBPQ_FUNCTIONS                                                                                                       \
  DEVINIT_LIBPQ(conninfoParse)                                                                                                        \
  DEVINIT_LIBPQ(conninfoFree)                                                                                                         \
  DEVINIT_LIBPQ(connectStartParams)                                                                                                   \
  DEVINIT_LIBPQ(connectPoll)                                                                                                          \
  DEVINIT_LIBPQ(status)                                                                                                               \
  DEVINIT_LIBPQ(socket)                                                                                                               \
  DEVINIT_LIBPQ(errorMessage)                                                                                                         \
  DEVINIT_LIBPQ(finish)                                                                                                               \
  DEVINIT_LIBPQ(freemem)                                                                                                              \
  DEVINIT_LIBPQ(setnonblocking)                                                                                                       \
  DEVINIT_LIBPQ(setNoticeProcessor)                                                                                                   \
  DEVINIT_LIBPQ(sendQuery)                                                                                                            \
  DEVINIT_LIBPQ(sendPrepare)                                                                                                          \
  DEVINIT_LIBPQ(sendQueryPrepared)                                                                                                    \
  DEVINIT_LIBPQ(flush)                                                                                                                \
  DEVINIT_LIBPQ(consumeInput)                                                                                                         \
  DEVINIT_LIBPQ(isBusy)                                                                                                               \
  DEVINIT_LIBPQ(getResult)                                                                                                            \
  DEVINIT_LIBPQ(resultStatus)                                                                                                         \
  DEVINIT_LIBPQ(resultErrorField)                                                                                                     \
  DEVINIT_LIBPQ(clear)                                                                                                                \
  DEVINIT_LIBPQ(ntuples)                                                                                                              \
  DEVINIT_LIBPQ(getvalue)                                                                                                             \
  DEVINIT_LIBPQ(getlength)                                                                                                            \
  DEVINIT_LIBPQ(getisnull)                                                                                                            \
  DEVINIT_LIBPQ(cmdStatus)                                                                                                            \
  DEVINIT_LIBPQ(cmdTuples)
  DEVINIT_LIBPQ_FUNCTIONS
#undef DEVINIT_LIBPQ
};

namespace {

Result<std::unique_ptr<LibpqFunctions>> load_libpq() {
  const auto library = os::SharedLibrary::load("libpq.so.5");
  if (!library) {
    return Error(Errc::not_found, "PostgreSQL's client library is missing: " + library.error().message,
                 "install libpq (Debian and Ubuntu: apt install libpq5; Fedora: dnf install libpq), or use a local registry");
  }
  auto functions = std::make_unique<LibpqFunctions>();
  const char* missing = nullptr;
  const auto find = [&library, &missing](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(library->symbol(name));
    if (function == nullptr) missing = name;
  };
#define DEVINIT_LIBPQ(name) find(functions->name, "PQ" #name);
  DEVINIT_LIBPQ_FUNCTIONS
#undef DEVINIT_LIBPQ
  if (missing != nullptr) return Error(Errc::not_found, std::string("PostgreSQL's client library lacks ") + missing,
                                     "install a newer libpq");
  return functions;
}

/// libpq's text as one line: its own are several, each with a line end and sometimes indented.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == ' ' || c == '\t';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const auto comma = list.find(',', begin);
    parts.push_back(list.substr(begin, comma - begin));
    if (comma == std::string::npos) return parts;
    begin = comma + 1;
  }
}

/// The part of a connection's description that names servers. libpq asks the resolver itself, and waits for it as long as it takes; with a
/// `hostaddr` for every host it does not, and still checks certificates against the name.
struct Servers {
  std::string host;
  std::string hostaddr;
  std::string port;

  Result<> resolve(const os::Deadline& deadline) {
    if (!hostaddr.empty() || host.empty()) return {};
    const std::vector<std::string> hosts = split(host);
    const std::vector<std::string> ports = split(port);
    Servers resolved;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const std::string& own_port = ports[ports.size() == hosts.size() ? i : 0];
      if (hosts[i].empty() || hosts[i].starts_with('/') || hosts[i].starts_with('@')) {  // a unix socket
        resolved.append(hosts[i], "", own_port);
        continue;
      }
      TRY_ASSIGN(const auto addresses, os::resolve_host(hosts[i], std::chrono::milliseconds(deadline.remaining_ms())));
      for (const std::string& address : addresses) resolved.append(hosts[i], address, own_port);
    }
    *this = std::move(resolved);
    return {};
  }

 private:
  void append(const std::string& one_host, const std::string& address, const std::string& one_port) {
    const char* const comma = count_++ == 0 ? "" : ",";
    host += comma + one_host;
    hostaddr += comma + address;
    port += comma + one_port;
  }
  int count_ = 0;
};

/// Errc::usage for a URL that libpq does not understand.
Result<Servers> servers_of(const LibpqFunctions& functions, const Location& location) {
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(functions.conninfoFree)> options(
      functions.conninfoParse(location.target.c_str(), &words), functions.conninfoFree);
  if (!options) {
    const std::string reason = words == nullptr ? "out of memory" : one_line(words);
    functions.freemem(words);
    return Error(Errc::usage, "the registry " + location.shown + " is no PostgreSQL URL: " + without_password(reason, location.target));
  }
  Servers servers;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "host") servers.host = option->val;
    if (keyword == "hostaddr") servers.hostaddr = option->val;
    if (keyword == "port") servers.port = option->val;
  }
  return servers;
}

bool wait_for(int socket, bool reading, const os::Deadline& deadline) {
  const auto what = reading ? os::Readiness::readable : os::Readiness::writable;
  return os::wait_ready(socket, what, -1, std::chrono::milliseconds(deadline.remaining_ms())).ready;
}

void ignore_notice(void*, const char*) {}

}  // namespace

PgAnswer::PgAnswer(PgAnswer&& other) noexcept : functions_(other.functions_), handle_(std::exchange(other.handle_, nullptr)) {}
PgAnswer& PgAnswer::operator=(PgAnswer&& other) noexcept {
  std::swap(functions_, other.functions_);
  std::swap(handle_, other.handle_);
  return *this;
}
PgAnswer::~PgAnswer() {
  if (handle_ != nullptr) functions_->clear(handle_);
}

int PgAnswer::rows() const { return functions_->ntuples(handle_); }
bool PgAnswer::is_null(int row, int column) const { return functions_->getisnull(handle_, row, column) != 0; }
std::string_view PgAnswer::text(int row, int column) const {
  return {functions_->getvalue(handle_, row, column), static_cast<std::size_t>(functions_->getlength(handle_, row, column))};
}
std::string_view PgAnswer::command() const { return functions_->cmdStatus(handle_); }
std::int64_t PgAnswer::affected() const {
  const std::string_view digits = functions_->cmdTuples(handle_);
  std::int64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

PgConnection::PgConnection(std::unique_ptr<LibpqFunctions> functions, pg_conn* handle, std::string url)
    : functions_(std::move(functions)), handle_(handle), url_(std::move(url)) {}
PgConnection::PgConnection(PgConnection&& other) noexcept
    : functions_(std::move(other.functions_)), handle_(std::exchange(other.handle_, nullptr)), url_(std::move(other.url_)) {}
PgConnection& PgConnection::operator=(PgConnection&& other) noexcept {
  std::swap(functions_, other.functions_);
  std::swap(handle_, other.handle_);
  std::swap(url_, other.url_);
  return *this;
}
PgConnection::~PgConnection() {
  if (handle_ != nullptr) functions_->finish(handle_);
}

Result<PgConnection> PgConnection::connect(const Location& location, const os::Deadline& deadline) {
  TRY_ASSIGN(auto functions, load_libpq());
  TRY_ASSIGN(Servers servers, servers_of(*functions, location));
  TRY(servers.resolve(deadline));
  // Later entries win over what the URL says; an empty one changes nothing.
  const char* const keywords[] = {"dbname", "host", "hostaddr", "port", "application_name", "client_encoding", nullptr};
  const char* const values[] = {location.target.c_str(), servers.host.c_str(), servers.hostaddr.c_str(), servers.port.c_str(),
                                "devinit", "UTF8", nullptr};
  pg_conn* const handle = functions->connectStartParams(keywords, values, 1);
  PgConnection connection(std::move(functions), handle, location.target);
  if (handle == nullptr) return Error(Errc::io, "out of memory");
  connection.functions_->setNoticeProcessor(handle, ignore_notice, nullptr);
  if (const auto failed = connection.finish_connecting(deadline)) return Error(failed->late ? Errc::timeout : Errc::io, failed->message);
  connection.functions_->setnonblocking(handle, 1);
  return connection;
}

std::optional<PgFailure> PgConnection::finish_connecting(const os::Deadline& deadline) {
  if (functions_->status(handle_) == CONNECTION_BAD) return failure(functions_->errorMessage(handle_), nullptr);
  // Before the first poll the socket waits to be writable (documentation of PQconnectPoll).
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state == PGRES_POLLING_WRITING || state == PGRES_POLLING_READING) {
    if (!wait_for(functions_->socket(handle_), state == PGRES_POLLING_READING, deadline)) return late();
    state = functions_->connectPoll(handle_);
  }
  if (state == PGRES_POLLING_OK) return std::nullopt;
  return failure(functions_->errorMessage(handle_), nullptr);
}

PgResult PgConnection::run_script(const std::string& script, const os::Deadline& deadline) {
  return answer(functions_->sendQuery(handle_, script.c_str()) == 1, deadline);
}

PgResult PgConnection::prepare(const std::string& name, const std::string& text, const os::Deadline& deadline) {
  return answer(functions_->sendPrepare(handle_, name.c_str(), text.c_str(), 0, nullptr) == 1, deadline);
}

PgResult PgConnection::run(const std::string& name, std::span<const char* const> parameters, const os::Deadline& deadline) {
  const int count = static_cast<int>(parameters.size());
  return answer(functions_->sendQueryPrepared(handle_, name.c_str(), count, parameters.data(), nullptr, nullptr, 0) == 1, deadline);
}

PgResult PgConnection::answer(bool sent, const os::Deadline& deadline) {
  if (!sent) return failure(functions_->errorMessage(handle_), nullptr);
  int left_to_send = functions_->flush(handle_);
  std::optional<PgAnswer> last;
  std::optional<PgFailure> failed;
  while (true) {
    while (left_to_send == 1 || functions_->isBusy(handle_) == 1) {
      if (!wait_for(functions_->socket(handle_), left_to_send != 1, deadline)) return late();
      if (functions_->consumeInput(handle_) == 0) return failure(functions_->errorMessage(handle_), nullptr);
      if (left_to_send == 1) left_to_send = functions_->flush(handle_);
    }
    pg_result* const result = functions_->getResult(handle_);
    if (result == nullptr) break;
    last.emplace(*functions_, result);
    const ExecStatusType status = functions_->resultStatus(result);
    const bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
    if (!good && !failed) {
      const char* const words = functions_->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
      failed = failure(words != nullptr ? words : functions_->errorMessage(handle_),
                       functions_->resultErrorField(result, PG_DIAG_SQLSTATE));
    }
  }
  if (failed) return std::move(*failed);
  if (!last) return failure(functions_->errorMessage(handle_), nullptr);
  return std::move(*last);
}

PgFailure PgConnection::failure(std::string_view words, const char* sqlstate) const {
  return {.sqlstate = sqlstate == nullptr ? "" : sqlstate,
          .message = without_password(one_line(words), url_),
          .lost = functions_->status(handle_) == CONNECTION_BAD,
          .late = false};
}

PgFailure PgConnection::late() const { return {.sqlstate = {}, .message = "it did not answer in time", .lost = true, .late = true}; }

}  // namespace devinit::registry
