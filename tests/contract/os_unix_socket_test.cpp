#include <sys/stat.h>

#include "contract/network.hpp"
#include "support/temporary_folder.hpp"
#include "os/unix_socket.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

TEST_CASE("a connection reaches the listener, which learns who is there") {
  const TemporaryFolder folder;
  const std::string long_folder = folder / std::string(120, 'd');
  std::filesystem::create_directory(long_folder);
  const std::string kind = GENERATE("short", "long", "unusual");
  const std::string path = kind == "short"  ? folder / "socket"
                           : kind == "long" ? long_folder + "/socket"
                                            : folder / "a space and ünicode";
  const auto listener = listen_unix(path);
  REQUIRE(listener.has_value());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
  const auto client = connect_unix(path);
  REQUIRE(client.has_value());
  CHECK((::fcntl(client->get(), F_GETFL) & O_NONBLOCK) == 0);
  const UniqueFd accepted(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(accepted.valid());
  CHECK(peer_uid(accepted.get()) == ::geteuid());
}

TEST_CASE("nobody at the path is not_found, a listener there is not replaced, a stale socket is") {
  const TemporaryFolder folder;
  const std::string path = folder / "socket";
  CHECK(connect_unix(path).error().code == Errc::not_found);
  {
    const auto listener = listen_unix(path);
    REQUIRE(listener.has_value());
    CHECK(listen_unix(path).error().code == Errc::busy);
    CHECK(connect_unix(path).has_value());
  }
  CHECK(connect_unix(path).error().code == Errc::not_found);
  REQUIRE(listen_unix(path).has_value());
}

TEST_CASE("anything else at the path stays and is an error") {
  const TemporaryFolder folder;
  write(folder / "file", "precious");
  std::filesystem::create_directory(folder / "folder");
  CHECK(listen_unix(folder / "file").error().code == Errc::io);
  CHECK(content_of(folder / "file") == "precious");
  CHECK(listen_unix(folder / "folder").has_error());
  CHECK(listen_unix(folder / "none/socket").has_error());
  CHECK(listen_unix(folder / std::string(120, 'n')).has_error());
}

TEST_CASE("an abstract name has one owner and is gone with it") {
  const std::string name = "contract-test/" + std::to_string(::getpid());
  {
    const auto owner = bind_abstract(name);
    REQUIRE(owner.has_value());
    CHECK(bind_abstract(name).error().code == Errc::busy);
    CHECK(bind_abstract(name + "0").has_value());
  }
  CHECK(bind_abstract(name).has_value());
  CHECK(bind_abstract("").error().code == Errc::io);
  CHECK(bind_abstract(std::string(200, 'n')).error().code == Errc::io);
}

TEST_CASE("who is no socket has no peer") {
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(peer_uid(file.get()) == static_cast<uid_t>(-1));
}
