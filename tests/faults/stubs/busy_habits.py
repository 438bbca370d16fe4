"""What servers do that find their port busy: busy_habits.py move | exit-zero | retry | stay. Vite takes the next port, Next.js ends with
exit code 0, gunicorn tries again for some seconds, and a watching node says so and waits for a changed file."""

import errno
import os
import pathlib
import select
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration" / "stubs"))

from reporting import report


def listen(port):
    """The listener, or None when the port is busy."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", port))
        server.listen()
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        print(f"Error: listen EADDRINUSE: address already in use 127.0.0.1:{port}", flush=True)
        return None
    return server


def main():
    habit, port = sys.argv[1], int(os.environ["PORT"])
    server = listen(port)
    for attempt in range(5):
        if server:
            break
        report("refused", name="habits", port=port, habit=habit)
        if habit == "move":
            port += 1
        elif habit == "exit-zero":
            sys.exit(0)
        elif habit == "stay":
            print("Failed running. Waiting for file changes before restarting...", flush=True)
            select.select([], [], [])
        else:
            print("Retrying in 1 second.", flush=True)
            select.select([], [], [], 1)
        server = listen(port)
    if not server:
        sys.exit(1)
    report("listening", name="habits", port=port)
    select.select([], [], [])


if __name__ == "__main__":
    main()
