// The floor of "who listens on this port?": one sock_diag question, then /proc/PID/fd of every process until the socket is found. Prints the
// microseconds of each run's median and whether the holder was found.
//
// usage: holder_floor PORT [RUNS]

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

unsigned listener_inode(int family, unsigned port) {
  const int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<unsigned char>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = 1U << 10;  // TCP_LISTEN
  unsigned inode = 0;
  ::send(fd, &request, sizeof request, 0);
  alignas(nlmsghdr) char buffer[65536];
  for (bool done = false; !done;) {
    auto size = static_cast<unsigned>(::recv(fd, buffer, sizeof buffer, 0));
    const char* at = buffer;
    for (const auto* row = reinterpret_cast<const nlmsghdr*>(at); size >= sizeof *row && row->nlmsg_len >= sizeof *row && row->nlmsg_len <= size;
         row = reinterpret_cast<const nlmsghdr*>(at)) {
      if (row->nlmsg_type == NLMSG_DONE || row->nlmsg_type == NLMSG_ERROR) {
        done = true;
        break;
      }
      const auto* socket = reinterpret_cast<const inet_diag_msg*>(at + NLMSG_HDRLEN);
      if (ntohs(socket->id.idiag_sport) == port) inode = socket->idiag_inode;
      const unsigned length = NLMSG_ALIGN(row->nlmsg_len);
      at += length;
      size = length > size ? 0 : size - length;
    }
  }
  ::close(fd);
  return inode;
}

/// The pid that has the socket open, or 0.
long owner_of(unsigned inode) {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  DIR* proc = ::opendir("/proc");
  long found = 0;
  while (const dirent* process = ::readdir(proc)) {
    if (process->d_name[0] < '1' || process->d_name[0] > '9') continue;
    const std::string folder = std::string("/proc/") + process->d_name + "/fd";
    DIR* fds = ::opendir(folder.c_str());
    if (fds == nullptr) continue;
    while (const dirent* fd = ::readdir(fds)) {
      char link[64];
      const auto size = ::readlinkat(::dirfd(fds), fd->d_name, link, sizeof link);
      if (size == static_cast<ssize_t>(wanted.size()) && std::memcmp(link, wanted.data(), wanted.size()) == 0) {
        found = std::atol(process->d_name);
      }
    }
    ::closedir(fds);
  }
  ::closedir(proc);
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto port = static_cast<unsigned>(std::atoi(argv[1]));
  const int runs = argc > 2 ? std::atoi(argv[2]) : 1;
  std::vector<double> took;
  long pid = 0;
  for (int run = 0; run < runs; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    unsigned inode = listener_inode(AF_INET, port);
    if (inode == 0) inode = listener_inode(AF_INET6, port);
    pid = inode == 0 ? 0 : owner_of(inode);
    took.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2), took.end());
  std::printf("%ld %.0f\n", pid, took[took.size() / 2]);
  return pid == 0 ? 1 : 0;
}
