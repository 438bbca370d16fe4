"""What the tests know about processes: read from /proc, signalled and awaited through pidfds, so that a reused pid is never hit."""

import os
import select
import signal
import time


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name, counted from field 3 (state); None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    return text.rpartition(b")")[2].decode().split()


def is_alive(pid):
    fields = stat_fields(pid)
    return fields is not None and fields[0] not in ("Z", "X")


def parent_of(pid):
    fields = stat_fields(pid)
    return int(fields[1]) if fields else None


def start_time(pid):
    fields = stat_fields(pid)
    return int(fields[19]) if fields else None


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children_of(pid):
    return [child for child in all_pids() if parent_of(child) == pid]


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def working_folder(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def command_of(pid):
    return read_bytes(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def describe(pid):
    fields = stat_fields(pid) or ["?"] * 4
    name = read_bytes(f"/proc/{pid}/comm").decode(errors="replace").strip()
    return f"pid {pid} ({name}, state {fields[0]}, parent {fields[1]}): {command_of(pid)!r} in {working_folder(pid)}"


def socket_inodes(pid):
    inodes = set()
    try:
        entries = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return inodes
    for entry in entries:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{entry}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(int(target[8:-1]))
    return inodes


def wait_gone(pid, timeout):
    """Waits until the process has ended; False when it is still there after `timeout` seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout)[0])
    finally:
        os.close(descriptor)


def wait_all_gone(pids, timeout):
    """The pids that are still alive after `timeout` seconds in all."""
    deadline = time.monotonic() + timeout
    return [pid for pid in pids if not wait_gone(pid, max(deadline - time.monotonic(), 0)) and is_alive(pid)]


def send(pid, number):
    """Signals a process that the caller knows to be alive; one that ended meanwhile is fine."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)
