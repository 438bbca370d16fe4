#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Two connected SOCK_SEQPACKET sockets: records keep their boundaries and the end of one side, however it ends, is an end of file at the
/// other. Both are close-on-exec and non-blocking.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> make_record_channel();
/// False when the other side is gone (or, never seen with small records, its buffer is full).
bool send_record(int fd, const void* record, std::size_t size) noexcept;
enum class Received { record, nothing, closed };
/// Reads one record of exactly `size` bytes if there is one. A record of another size counts as closed: the peer is not ours.
[[nodiscard]] Received receive_record(int fd, void* record, std::size_t size) noexcept;

}  // namespace devinit::os
