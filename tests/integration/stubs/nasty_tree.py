"""A service that does everything that leaves orphans behind. It listens on PORT, and it has these descendants, each of which waits for ever:

same-group     a plain child
session        a child in a session of its own
daemon         a double-forked grandchild, adopted by whoever is the reaper
stubborn       a daemon that ignores TERM, HUP and INT
titled         a child in the service's group whose environment cannot be read any more
titled-daemon  the same in a session of its own, adopted (with --titled-daemon)
"""

import argparse
import os
import select
import signal
import socket

from reporting import report
from title import overwrite_title_area


def wait_for_ever():
    while True:
        select.select([], [], [], None)


def descendant(kind, *, session=False, twice=False, deaf=False, titled=False):
    ready_reader, ready_writer = os.pipe()
    child = os.fork()
    if child == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN if deaf else signal.SIG_DFL)
        if session or twice:
            os.setsid()
        if twice and os.fork():
            os._exit(0)
        if titled:
            overwrite_title_area(f"stub: {kind}")
        report("child", kind=kind)
        os.close(ready_reader)
        os.close(ready_writer)
        wait_for_ever()
    os.close(ready_writer)
    os.read(ready_reader, 1)  # end of file: the descendant has reported
    os.close(ready_reader)
    if twice:
        os.waitpid(child, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "0")))
    parser.add_argument("--titled-daemon", action="store_true")
    options = parser.parse_args()
    descendant("same-group")
    descendant("session", session=True)
    descendant("daemon", twice=True)
    descendant("stubborn", twice=True, deaf=True)
    descendant("titled", titled=True)
    if options.titled_daemon:
        descendant("titled-daemon", twice=True, titled=True)
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", options.port))
    server.listen()
    report("listening", name="nasty", port=options.port)
    wait_for_ever()


if __name__ == "__main__":
    main()
