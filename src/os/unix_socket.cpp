#include "os/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace devinit::os {
namespace {

constexpr std::size_t kLongestName = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kBacklog = 128;

struct UnixAddress {
  sockaddr_un value{};
  socklen_t size = 0;
  UniqueFd folder;  ///< keeps /proc/self/fd/N alive while the address is in use

  [[nodiscard]] const sockaddr* get() const noexcept { return static_cast<const sockaddr*>(static_cast<const void*>(&value)); }
};

/// `name` as it stands in sun_path; a leading NUL makes it abstract.
UnixAddress address_of(std::string_view name) {
  ASSERT(name.size() <= kLongestName);
  UnixAddress address;
  address.value.sun_family = AF_UNIX;
  std::memcpy(address.value.sun_path, name.data(), name.size());
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (name.empty() || name.front() != '\0') ++address.size;  // a path ends with its NUL
  return address;
}

/// An address for any path: one that does not fit goes through its folder's descriptor.
Result<UnixAddress> address_of_path(const std::string& path) {
  if (path.size() <= kLongestName) return address_of(path);
  const auto slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return Error(Errc::not_found, "the folder " + folder + " does not exist");
    return errno_error("cannot open the folder " + folder, errno);
  }
  const std::string name =
      "/proc/self/fd/" + std::to_string(fd.get()) + "/" + path.substr(slash == std::string::npos ? 0 : slash + 1);
  if (name.size() > kLongestName) return Error(Errc::io, "the name of the socket is too long: " + path);
  UnixAddress address = address_of(name);
  address.folder = std::move(fd);
  return address;
}

Result<UniqueFd> open_stream(int flags) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd.valid()) return errno_error("cannot open a unix socket", errno);
  return fd;
}

bool bind_to(int fd, const UnixAddress& address) { return ::bind(fd, address.get(), address.size) == 0; }

/// Removes a socket file that nobody listens on; everything else stays and is an error.
Result<> remove_stale(const std::string& path, const UnixAddress& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return errno_error("cannot look at " + path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) return Error(Errc::io, path + " exists and is not a socket");
  TRY_ASSIGN(const UniqueFd probe, open_stream(SOCK_NONBLOCK));
  if (::connect(probe.get(), address.get(), address.size) == 0 || errno == EAGAIN) {
    return Error(Errc::busy, "another process listens on " + path);
  }
  if (errno == ENOENT) return {};
  if (errno != ECONNREFUSED) return errno_error("cannot use the socket " + path, errno);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("cannot remove the old socket " + path, errno);
  return {};
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path) {
  TRY_ASSIGN(const UnixAddress address, address_of_path(path));
  TRY_ASSIGN(UniqueFd fd, open_stream(SOCK_NONBLOCK));
  // The mode of the unbound socket becomes that of its file: there is no moment at which others could connect.
  if (::fchmod(fd.get(), 0600) != 0) return errno_error("cannot restrict the socket " + path, errno);
  if (!bind_to(fd.get(), address)) {
    if (errno != EADDRINUSE) return errno_error("cannot create the socket " + path, errno);
    TRY(remove_stale(path, address));
    if (!bind_to(fd.get(), address)) return errno_error("cannot create the socket " + path, errno);
  }
  if (::listen(fd.get(), kBacklog) != 0) return errno_error("cannot listen on " + path, errno);
  return fd;
}

Result<UniqueFd> connect_unix(const std::string& path) {
  TRY_ASSIGN(const UnixAddress address, address_of_path(path));
  TRY_ASSIGN(UniqueFd fd, open_stream(0));
  int outcome = 0;
  do {
    outcome = ::connect(fd.get(), address.get(), address.size);
  } while (outcome != 0 && errno == EINTR);
  if (outcome == 0) return fd;
  if (errno == ENOENT || errno == ENOTDIR || errno == ECONNREFUSED) return Error(Errc::not_found, "nobody listens on " + path);
  return errno_error("cannot connect to " + path, errno);
}

uid_t peer_uid(int fd) noexcept {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return static_cast<uid_t>(-1);
  return credentials.uid;
}

Result<UniqueFd> bind_abstract(const std::string& name) {
  if (name.empty() || name.size() >= kLongestName)
    return Error(Errc::io, "the name of an abstract socket has 1 to 106 bytes: " + name);
  TRY_ASSIGN(UniqueFd fd, open_stream(0));
  if (bind_to(fd.get(), address_of(std::string(1, '\0') + name))) return fd;
  if (errno == EADDRINUSE) return Error(Errc::busy, "the name " + name + " is taken");
  return errno_error("cannot bind the name " + name, errno);
}

}  // namespace devinit::os
