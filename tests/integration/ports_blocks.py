"""Port blocks that no other running test uses.

A block is reserved by binding an abstract unix socket named after it: exclusive in the network namespace, across users, and gone with
its owner however that ends. The blocks lie below the kernel's ephemeral range, so that no outgoing connection lands in one.
"""

import os
import socket

FIRST_PORT = 20000
LAST_PORT = 29999
BLOCK_SIZE = 20


class PortBlock:
    """`size` consecutive ports of our own, `first` to `last`; nothing listens on them when the block is handed out, and if possible no
    connection of an earlier test is still closing there (a server without SO_REUSEADDR could not bind then)."""

    def __init__(self, size=BLOCK_SIZE):
        count = -(-size // BLOCK_SIZE)
        blocks = (LAST_PORT + 1 - FIRST_PORT) // BLOCK_SIZE
        start = os.getpid() * 7  # runs side by side look in different places first
        candidates = [block for block in ((start + offset) % blocks for offset in range(blocks)) if block + count <= blocks]
        busy, closing = listening_ports(), used_ports()
        if not any(self._take(block, count, closing) for block in candidates) and not any(
            self._take(block, count, busy) for block in candidates
        ):
            raise RuntimeError(f"no {size} free ports between {FIRST_PORT} and {LAST_PORT}")

    def _take(self, block, count, taken):
        """Reserves `count` blocks from `block` on; False when somebody has one of them or a port of them is in `taken`."""
        self.first = FIRST_PORT + block * BLOCK_SIZE
        self.last = self.first + count * BLOCK_SIZE - 1
        if any(port in self for port in taken):
            return False
        self._tokens = reserve(range(block, block + count))
        return self._tokens is not None

    def __contains__(self, port):
        return self.first <= port <= self.last

    def __getitem__(self, index):
        port = self.first + index
        if port > self.last:
            raise IndexError(f"the block ends at {self.last}")
        return port

    def release(self):
        for token in self._tokens:
            token.close()
        self._tokens = []


def reserve(blocks):
    """The tokens of all `blocks`, or None when somebody has one of them."""
    tokens = []
    for block in blocks:
        token = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            token.bind(f"\0test-port-block-{block}")
        except OSError:
            for taken in [token, *tokens]:
                taken.close()
            return None
        tokens.append(token)
    return tokens


def socket_rows():
    """(port, state, inode) of every TCP socket of this network namespace; the state as the kernel prints it, 0A is LISTEN."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                rows = lines.readlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            yield int(fields[1].rpartition(":")[2], 16), fields[3], int(fields[9])


def listening_rows():
    """(port, inode) of every listening TCP socket."""
    return ((port, inode) for port, state, inode in socket_rows() if state == "0A")


def listening_ports():
    return {port for port, _ in listening_rows()}


def used_ports():
    """Local ports of sockets in any state, TIME_WAIT included."""
    return {port for port, _, _ in socket_rows()}
