#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "os/socket_table.hpp"

namespace devinit::os {
namespace {

/// Takes the next blank-separated word off `line`; empty at its end.
std::string_view next_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <class Number>
std::optional<Number> read_number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "0100007F:1F90": every 32-bit word of the address as the machine would print that number, then the port.
bool read_local(std::string_view word, SocketRow& row) {
  const std::size_t words = row.v6 ? 4 : 1;
  if (word.size() != words * 8 + 5 || word[words * 8] != ':') return false;
  for (std::size_t i = 0; i < words; ++i) {
    const auto part = read_number<std::uint32_t>(word.substr(i * 8, 8), 16);
    if (!part) return false;
    row.address[i] = *part;
  }
  const auto port = read_number<Port>(word.substr(words * 8 + 1), 16);
  if (port) row.port = *port;
  return port.has_value();
}

/// What follows the colon of "ADDRESS:PORT" and "SENT:RECEIVED"; empty without one.
std::string_view after_colon(std::string_view word) {
  const auto colon = word.find(':');
  return colon == std::string_view::npos ? std::string_view() : word.substr(colon + 1);
}

/// `sl local remote state queues timer retransmits uid timeout inode …`
std::optional<SocketRow> read_line(std::string_view line, bool v6) {
  SocketRow row;
  row.v6 = v6;
  next_word(line);
  if (!read_local(next_word(line), row)) return std::nullopt;
  const auto peer_port = read_number<Port>(after_colon(next_word(line)), 16);
  const auto state = read_number<int>(next_word(line), 16);
  const auto receive_queue = read_number<std::uint32_t>(after_colon(next_word(line)), 16);
  for (int skipped = 0; skipped < 2; ++skipped) next_word(line);
  const auto uid = read_number<uid_t>(next_word(line), 10);
  next_word(line);
  const auto inode = read_number<std::uint64_t>(next_word(line), 10);
  if (!peer_port || !state || !receive_queue || !uid || !inode) return std::nullopt;
  row.peer_port = *peer_port;
  row.receive_queue = *receive_queue;
  row.state = *state;
  row.uid = *uid;
  row.inode = *inode;
  return row;
}

}  // namespace

void visit_proc_net_tcp(std::string_view text, bool v6, std::uint32_t states, Port port, const SocketVisitor& visit) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto row = read_line(line, v6);
    if (!row || row->state < 0 || row->state > 31 || ((states >> row->state) & 1U) == 0) continue;
    if (port == 0 || row->port == port) visit(*row);
  }
}

std::string address_text(const SocketRow& row) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(row.v6 ? AF_INET6 : AF_INET, row.address.data(), text.data(), text.size());
  return text.data();
}

}  // namespace devinit::os
