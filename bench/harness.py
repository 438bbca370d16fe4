"""What every benchmark needs: processes that can be found again, reports of services, statistics, tables."""

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

TAG = "BENCH_TAG"


def now():
    return time.monotonic_ns()


def ms(nanoseconds):
    return nanoseconds / 1e6


def cell(values, digits=1):
    """median (min-max) of a list; a dash without values."""
    if not values:
        return "–"
    shown = [f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}-{shown[2]})"


class Table:
    """Collected row by row, printed as Markdown at the end: half a table is of no use."""

    def __init__(self, title, columns):
        self.title, self.columns, self.rows = title, columns, []

    def row(self, *cells):
        self.rows.append([str(one) for one in cells])

    def show(self, calm):
        print(f"\n### {self.title}\n")
        print("| " + " | ".join(self.columns) + " |")
        print("|" + "---|" * len(self.columns))
        for row in self.rows:
            print("| " + " | ".join(row) + " |")
        print(f"\n{calm.summary()}", flush=True)


class Calm:
    """Waits, within a budget, for a moment in which nobody else uses the processors, and says how often there was none."""

    def __init__(self, budget_seconds):
        self.budget, self.runs, self.noisy = budget_seconds, 0, 0

    @staticmethod
    def _busy_share():
        def read():
            fields = [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
            return sum(fields), fields[3] + fields[4]
        total, idle = read()
        time.sleep(0.1)
        total_after, idle_after = read()
        return 1 - (idle_after - idle) / max(1, total_after - total)

    def wait(self):
        self.runs += 1
        while self._busy_share() > 0.15:
            if self.budget <= 0:
                self.noisy += 1
                return
            self.budget -= 0.1

    def summary(self):
        text = f"load average {os.getloadavg()[0]:.1f}; {self.noisy} of {self.runs} runs began on a busy machine"
        self.runs = self.noisy = 0
        return text


class Reports:
    """The datagram socket on which services tell that they listen."""

    def __init__(self, folder):
        self.path = str(folder / "report.sock")
        Path(self.path).unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(self.path)

    def take(self, count, timeout=20.0):
        """The next `count` reports as {port: (pid, clock)}; fewer when the time is up."""
        got = {}
        deadline = time.monotonic() + timeout
        while len(got) < count:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                port, pid, clock = self.socket.recv(96).split()
            except TimeoutError:
                break
            got[int(port)] = (int(pid), int(clock))
        return got

    def drop_all(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(96)
        except BlockingIOError:
            pass

    def close(self):
        self.socket.close()


class Playground:
    """One folder, one tag, one block of ports for one run of one launcher; leaves nothing behind."""

    def __init__(self, programs, services, first_port=None):
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="devinit-bench-"))
        self.project = self.folder / "project"
        self.project.mkdir()
        self.reports = Reports(self.folder)
        self.first_port = first_port or free_block(services)
        self.ports = [self.first_port + i for i in range(services)]
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment |= {"BENCH_REPORT": self.reports.path, TAG: self.folder.name, "XDG_STATE_HOME": str(self.folder / "state"),
                             "PM2_HOME": str(self.folder / "pm2"), "TERM": "dumb"}

    def spawn(self, argv, output=os.devnull):
        """posix_spawn: no copy of this interpreter's memory stands between the clock and the program."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600),
                   (os.POSIX_SPAWN_DUP2, 1, 2)]
        here = os.getcwd()
        os.chdir(self.project)
        try:
            return os.posix_spawn(argv[0], argv, self.environment, file_actions=actions, setsid=True)
        finally:
            os.chdir(here)

    def tagged(self):
        """All living processes of this run, whoever their parent is: the tag is in their environment."""
        wanted = f"{TAG}={self.folder.name}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                if wanted in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
            except OSError:
                pass
        return found

    def close(self):
        deadline = time.monotonic() + 10
        while (left := self.tagged()) and time.monotonic() < deadline:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            reap()
        reap()
        self.reports.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
    except ChildProcessError:
        pass


def free_block(count):
    """The first of `count` neighbouring ports that nobody holds, below the range of outgoing connections."""
    first = 21000 + os.getpid() % 40 * 200
    for _ in range(50):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("0.0.0.0", port))
            return first
        except OSError:
            first = 21000 + (first - 21000 + 200) % 10000
    sys.exit("bench: no free block of ports")


def run(argv, playground=None, environment=None):
    """Wall time in nanoseconds and exit code of one command."""
    begin = now()
    if playground is not None:
        pid = playground.spawn(argv)
    else:
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, 1, 2)]
        pid = os.posix_spawn(argv[0], argv, environment or os.environ, file_actions=quiet)
    _, status = os.waitpid(pid, 0)
    return now() - begin, os.waitstatus_to_exitcode(status)


def open_pidfds(pids):
    fds = {}
    for pid in pids:
        try:
            fds[os.pidfd_open(pid)] = pid
        except ProcessLookupError:
            pass
    return fds


def wait_for_ends(fds, timeout=15.0):
    """Waits until every process of `open_pidfds` has ended: the pids that have not within `timeout`."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    left = dict(fds)
    deadline = time.monotonic() + timeout
    while left and (rest := deadline - time.monotonic()) > 0:
        for fd, _ in poll.poll(rest * 1000):
            poll.unregister(fd)
            left.pop(fd)
    for fd in fds:
        os.close(fd)
    return list(left.values())


def cpu_ns(pid):
    """Processor time of all threads so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def wake_ups(pid):
    """How often its threads went to sleep by themselves."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def pss_kib(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


class FolderWatch:
    """inotify on one folder: the names of files that were renamed into it."""

    MOVED_TO = 0x80

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        libc.inotify_add_watch(self.fd, str(folder).encode(), self.MOVED_TO)

    def wait(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        os.read(self.fd, 65536)
        return True

    def close(self):
        os.close(self.fd)


def read_json(path):
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return None


def find_program(name):
    return shutil.which(name)
