// A service that listens, tells when, and answers every request with the same few bytes.
//
// usage: bench_http_service PORT [STATUS]

#include <string>

#include "trivial_service.hpp"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int port = std::atoi(argv[1]);
  const std::string status = argc > 2 ? argv[2] : "200";
  const std::string answer = "HTTP/1.1 " + status + " Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  const int listening = bench::listen_on(port);
  if (listening < 0) {
    std::perror("bench_http_service");
    return 1;
  }
  bench::report(port);
  while (true) {
    const int fd = ::accept(listening, nullptr, nullptr);
    if (fd < 0) continue;
    char request[4096];
    if (::recv(fd, request, sizeof request, 0) > 0) ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::close(fd);
  }
}
