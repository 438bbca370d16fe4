// tiny_listener PORT [ADDRESS]: the smallest service that is one: it binds, listens, and lives until a signal ends it. As a copy under
// another name it plays the programs that must never be killed.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

int main(int count, char** words) {
  if (count < 2) return 2;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(words[1])));
  address.sin_addr.s_addr = inet_addr(count > 2 ? words[2] : "127.0.0.1");
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 1;
  if (listen(server, 64) != 0) return 1;
  for (;;) pause();
}
