"""Waiting for events: what the stubs report, and changes of a folder. Never for time to pass."""

import ctypes
import json
import os
import select
import socket
import threading
import time

# How long to wait for something that should happen at once: only ever used up by a failing test.
PATIENCE = 60.0


MARK = b"mark"


class Events:
    """What the stubs of one test report, in order of arrival."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)  # a stub may run as another user
        self._news = threading.Condition()
        self._all = []
        self._marks_sent = 0
        self._marks_seen = 0
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self):
        # A thread, because the kernel queues few datagrams: a stub must not block while the test waits for something else.
        while message := self._socket.recv(1 << 20):
            with self._news:
                if message == MARK:
                    self._marks_seen += 1
                else:
                    self._all.append(json.loads(message))
                self._news.notify_all()

    def _send_to_self(self, message):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(message, self._socket.getsockname())

    def close(self):
        self._send_to_self(b"")
        self._thread.join()
        self._socket.close()

    def all(self, event=None, **where):
        """All that has been sent by now, also what the thread has not come to yet: it arrives before our mark."""
        with self._news:
            self._marks_sent += 1
            mark = self._marks_sent
        self._send_to_self(MARK)
        with self._news:
            self._news.wait_for(lambda: self._marks_seen >= mark, PATIENCE)
            return [entry for entry in self._all if matches(entry, event, where)]

    def wait(self, event, count=1, timeout=PATIENCE, **where):
        """The first `count` events that match (one event instead of a list when `count` is 1)."""
        with self._news:
            if not self._news.wait_for(lambda: self._count(event, where) >= count, timeout):
                raise AssertionError(f"no {count} {event!r} events with {where}; there were: {self._all}")
            found = [entry for entry in self._all if matches(entry, event, where)][:count]
        return found[0] if count == 1 else found

    def wait_any(self, event, names, timeout=PATIENCE):
        """Returns as soon as a stub of one of these names has reported the event."""
        with self._news:
            if not self._news.wait_for(lambda: any(entry["event"] == event and entry.get("name") in names for entry in self._all), timeout):
                raise AssertionError(f"no {event!r} of {sorted(names)}; there were: {self._all}")

    def _count(self, event, where):
        return sum(matches(entry, event, where) for entry in self._all)


def matches(entry, event, where):
    return (event is None or entry["event"] == event) and all(entry.get(key) == value for key, value in where.items())


class Watch:
    """Changes in one folder, by inotify."""

    IN_CHANGES = 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200  # modify, close_write, moved_from, moved_to, create, delete

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if libc.inotify_add_watch(self.descriptor, os.fsencode(folder), self.IN_CHANGES) < 0:
            os.close(self.descriptor)
            raise OSError(ctypes.get_errno(), f"cannot watch {folder}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def wait(self, timeout):
        """Returns after the next change, or after `timeout` seconds."""
        if select.select([self.descriptor], [], [], max(timeout, 0))[0]:
            os.read(self.descriptor, 65536)


def wait_until(folder, condition, timeout=PATIENCE):
    """Waits until `condition()` returns something true, asking again whenever `folder` changes (and once a second, should the change be
    elsewhere); returns that. A folder that is not there yet is waited for."""
    deadline = time.monotonic() + timeout
    if not os.path.isdir(folder):
        wait_until(os.path.dirname(folder), lambda: os.path.isdir(folder), timeout)
    with Watch(folder) as watch:
        while True:
            value = condition()
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"did not become true within {timeout} s; last value: {value!r}")
            watch.wait(min(left, 1.0))
