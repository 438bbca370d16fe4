"""A service that has many descendants, all deaf to SIGTERM, before it listens: fork_bomb.py COUNT. With `--chain PROGRAM ARGUMENTS…` it starts
that program in the background instead, and is the listener itself."""

import os
import pathlib
import select
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration" / "stubs"))

from reporting import report


def wait_for_ever():
    while True:
        select.select([], [], [])


def become_many(count):
    """Every process has two children, until there are `count` in all."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    left = count - 1
    while left > 0:
        half = (left + 1) // 2
        if os.fork() == 0:
            left = half - 1
            continue
        left -= half
    return


def main():
    server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    if sys.argv[1] == "--chain":
        subprocess.Popen(sys.argv[2:], start_new_session=True)
        report("listening", name="bomb")
        wait_for_ever()
    leader = os.getpid()
    reader, writer = os.pipe()
    become_many(int(sys.argv[1]))
    os.write(writer, b"x")
    if os.getpid() == leader:
        for _ in range(int(sys.argv[1])):
            os.read(reader, 1)
        report("listening", name="bomb")
    wait_for_ever()


if __name__ == "__main__":
    main()
