#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "os/fd.hpp"
#include "os/socket_table.hpp"

namespace devinit::os {
namespace {

/// A dump request; the attribute and the program are sent only when a port is asked for. It is the older of the two kinds that
/// the kernel knows: that one walks the tables once for IPv4 and IPv6 together, in half the time (23 µs instead of 42).
struct DumpRequest {
  nlmsghdr header{};
  inet_diag_req body{};
  rtattr attribute{};
  std::array<inet_diag_bc_op, 4> program{};
};
static_assert(offsetof(DumpRequest, program) == offsetof(DumpRequest, attribute) + sizeof(rtattr));

/// The filter language has no "equal" on older kernels: port >= P, then port <= P. Each test takes two slots, the second one
/// holding its operand; `yes` and `no` are byte offsets, a `no` beyond the end rejects the row.
std::array<inet_diag_bc_op, 4> port_program(Port port) {
  constexpr unsigned char kTestSize = 2 * sizeof(inet_diag_bc_op);
  constexpr unsigned short kRejectFromFirst = 2 * kTestSize + sizeof(inet_diag_bc_op);
  constexpr unsigned short kRejectFromSecond = kTestSize + sizeof(inet_diag_bc_op);
  return {{{INET_DIAG_BC_S_GE, kTestSize, kRejectFromFirst},
           {0, 0, port},
           {INET_DIAG_BC_S_LE, kTestSize, kRejectFromSecond},
           {0, 0, port}}};
}

DumpRequest make_request(std::uint32_t states, Port port, bool with_traffic) {
  DumpRequest request;
  request.header.nlmsg_type = TCPDIAG_GETSOCK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_len = offsetof(DumpRequest, attribute);
  request.body.idiag_states = states;
  if (with_traffic) request.body.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  if (port != 0) {
    request.attribute.rta_type = INET_DIAG_REQ_BYTECODE;
    request.attribute.rta_len = sizeof request.attribute + sizeof request.program;
    request.program = port_program(port);
    request.header.nlmsg_len = sizeof request;
  }
  return request;
}

/// The traffic of a connection; nothing before Linux 4.1.
std::optional<SocketTraffic> read_traffic(const unsigned char* data, std::size_t size) {
  tcp_info info{};
  if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return std::nullopt;
  std::memcpy(&info, data, std::min(size, sizeof info));
  return SocketTraffic{info.tcpi_bytes_received, info.tcpi_last_data_recv};
}

/// What travels as attributes behind a row: IPV6_V6ONLY, and the traffic if it was asked for.
void read_attributes(const unsigned char* attributes, std::size_t size, SocketRow& row) {
  rtattr head{};
  while (size >= sizeof head) {
    std::memcpy(&head, attributes, sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > size) return;
    const unsigned char* data = attributes + sizeof head;
    const std::size_t length = head.rta_len - sizeof head;
    if (head.rta_type == INET_DIAG_SKV6ONLY && length > 0) row.v6_only = row.v6 && data[0] != 0;
    if (head.rta_type == INET_DIAG_INFO) row.traffic = read_traffic(data, length);
    const std::size_t step = RTA_ALIGN(head.rta_len);
    if (step >= size) return;
    attributes += step;
    size -= step;
  }
}

SocketRow read_row(const unsigned char* payload, std::size_t size) {
  inet_diag_msg message{};
  std::memcpy(&message, payload, sizeof message);
  SocketRow row;
  row.v6 = message.idiag_family == AF_INET6;
  row.state = message.idiag_state;
  row.port = ntohs(message.id.idiag_sport);
  row.peer_port = ntohs(message.id.idiag_dport);
  std::memcpy(row.address.data(), message.id.idiag_src, sizeof row.address);
  row.inode = message.idiag_inode;
  row.uid = message.idiag_uid;
  row.receive_queue = message.idiag_rqueue;
  read_attributes(payload + NLMSG_ALIGN(sizeof message), size - NLMSG_ALIGN(sizeof message), row);
  return row;
}

int send_request(int netlink, const DumpRequest& request) {
  ssize_t sent = 0;
  do {
    sent = ::send(netlink, &request, request.header.nlmsg_len, 0);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

enum class Progress { more, done };
struct Step {
  Progress progress = Progress::more;
  int error = 0;
};

/// Reads the messages of one datagram.
Step read_datagram(const unsigned char* data, std::size_t size, const SocketVisitor& visit) {
  nlmsghdr header{};
  while (size >= sizeof header) {
    std::memcpy(&header, data, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) return {Progress::done, EPROTO};
    const unsigned char* payload = data + NLMSG_HDRLEN;
    const std::size_t payload_size = header.nlmsg_len - NLMSG_HDRLEN;
    if (header.nlmsg_type == NLMSG_DONE) return {Progress::done, 0};
    if (header.nlmsg_type == NLMSG_ERROR) {
      nlmsgerr failure{};
      if (payload_size < sizeof failure.error) return {Progress::done, EPROTO};
      std::memcpy(&failure.error, payload, sizeof failure.error);
      return {Progress::done, failure.error == 0 ? EPROTO : -failure.error};
    }
    if (header.nlmsg_type == TCPDIAG_GETSOCK && payload_size >= NLMSG_ALIGN(sizeof(inet_diag_msg))) {
      visit(read_row(payload, payload_size));
    }
    const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (step >= size) break;
    data += step;
    size -= step;
  }
  return {};
}

int dump(int netlink, const DumpRequest& request, const SocketVisitor& visit) {
  if (const int error = send_request(netlink, request); error != 0) return error;
  // The kernel fills datagrams of at most 32 KiB when the reader offers that much.
  alignas(nlmsghdr) std::array<unsigned char, 32768> buffer;
  while (true) {
    const ssize_t size = ::recv(netlink, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size < 0 ? errno : EPROTO;
    const Step step = read_datagram(buffer.data(), static_cast<std::size_t>(size), visit);
    if (step.progress == Progress::done) return step.error;
  }
}

}  // namespace

// The socket is opened anew for every query: it costs a fifth of it, can never answer for a network namespace that the caller
// has left, and is never shared with a forked child.
int visit_by_sock_diag(std::uint32_t states, Port port, const SocketVisitor& visit, bool with_traffic) {
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  return netlink.valid() ? dump(netlink.get(), make_request(states, port, with_traffic), visit) : errno;
}

}  // namespace devinit::os
