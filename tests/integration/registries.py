"""What the tests of the registry share: allocations through the real binary, and what its database says, read without devinit."""

import collections
import json
import os
import select
import signal
import sqlite3
import subprocess
from typing import NamedTuple

import harness
from waiting import PATIENCE

ROLES = ("backend", "frontend")
# Never handed out: what browsers refuse to open, from the first number of a grid up.
BLOCKED_BY_BROWSERS = {5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}


class Lease(NamedTuple):
    host: str
    port: int
    kind: str
    owner: str
    instance: int
    role: str


LEASES = f"SELECT {', '.join(Lease._fields)} FROM lease ORDER BY host, port"


def database_path(project):
    return os.path.join(project.state, "devinit", "registry.db")


def sqlite_leases(path):
    with sqlite3.connect(path) as database:
        rows = [Lease(*row) for row in database.execute(LEASES)]
    database.close()
    return rows


def sqlite_integrity(path):
    with sqlite3.connect(path) as database:
        rows = [row[0] for row in database.execute("PRAGMA integrity_check")]
    database.close()
    return rows


def postgres_leases(server, database):
    return [Lease(host, int(port), kind, owner, int(instance), role) for host, port, kind, owner, instance, role in server.sql(LEASES, database)]


def postgres_leases_if_any(server, database):
    """Likewise; nothing in a database that devinit has not yet been at."""
    exists = server.sql("SELECT to_regclass('lease') IS NOT NULL", database) == [["t"]]
    return postgres_leases(server, database) if exists else []


def apps_of(leases, host=None):
    """{(model, app): {role: port}} of one host's leases, or of all of them when there is one."""
    apps = collections.defaultdict(dict)
    for lease in leases:
        if lease.kind == "app" and host in (None, lease.host):
            apps[lease.owner, lease.instance][lease.role] = lease.port
    return dict(apps)


def duplicates(pairs):
    """Ports that several pairs ({role: port}) have, whatever the role."""
    counts = collections.Counter(port for ports in pairs for port in ports.values())
    return sorted(port for port, count in counts.items() if count > 1)


def alone():
    """The words before a command that give it a network of its own, where every port is free; None where the kernel forbids it."""
    prefix = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]
    tried = subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL, check=False)
    return prefix if tried.returncode == 0 else None


def line_of(model, app):
    """One line of `get --batch`: as JSON, which can carry every name."""
    return json.dumps({"model": model, "app": app}) + "\n"


class Allocator:
    """A `devinit ports get --batch -` that is asked one owner at a time: each answer is one finished transaction."""

    def __init__(self, project, environment=None):
        self.process = subprocess.Popen(
            [harness.BINARY, "ports", "get", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**project.environment, **(environment or {})}, cwd=project.root, start_new_session=True,
        )
        self._buffer = b""
        project.test.addCleanup(self.close)

    def fileno(self):
        return self.process.stdout.fileno()

    def send(self, model, app):
        """False when it has ended."""
        try:
            self.process.stdin.write(line_of(model, app).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def receive(self, timeout=PATIENCE):
        """The next answer, or None when it has ended."""
        while b"\n" not in self._buffer:
            if not select.select([self], [], [], timeout)[0]:
                raise AssertionError(f"`ports get --batch -` (pid {self.process.pid}) does not answer")
            piece = os.read(self.fileno(), 65536)
            if not piece:
                return None
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def ask(self, model, app, timeout=PATIENCE):
        return self.receive(timeout) if self.send(model, app) else None

    def kill(self):
        """kill -9; every answer it had printed can still be received."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def finish(self):
        """Lets it end; its exit code and what it said besides the answers."""
        self.process.stdin.close()
        said = self.process.stderr.read().decode(errors="replace")
        return self.process.wait(PATIENCE), said

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
