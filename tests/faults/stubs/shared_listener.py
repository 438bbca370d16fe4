"""A stranger whose listener belongs to three processes: a parent and two children that inherited it. `--respawn`: only one child at a time
has it, and whenever that ends the parent starts the next one. SHARED_PORT is the port."""

import os
import pathlib
import select
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration" / "stubs"))

from reporting import report


def listen():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(os.environ["SHARED_PORT"])))
    server.listen()
    return server


def accept(server):
    """For ever: clients are kept, silently."""
    clients = []
    while True:
        clients.append(server.accept())


def respawn():
    while True:
        if os.fork() == 0:
            server = listen()
            report("listening", name="respawned")
            accept(server)
        os.wait()


def main():
    if "--respawn" in sys.argv:
        respawn()
    server = listen()
    for _ in range(2):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            accept(server)
    report("listening", name="shared")
    select.select([], [], [])


if __name__ == "__main__":
    main()
