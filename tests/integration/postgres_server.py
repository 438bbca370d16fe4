"""A real PostgreSQL server of a test's own, in a temporary folder, with a unix socket and a TCP port that nobody else uses.

It runs as an unprivileged user (initdb refuses root), ends with the test however that ends, and leaves no file behind.
"""

import glob
import os
import pwd
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

import processes
from ports_blocks import PortBlock
from waiting import PATIENCE

# The owner of the databases, let in without a password, and a role with its rights that needs one. The password is full of what a URL has
# to escape: whoever hides only one of its spellings shows another.
OPEN_ROLE = "trusted"
GUARDED_ROLE = "guarded"
PASSWORD = "s3cret/p@ss:w%rd?&="

ACCESS_RULES = f"""\
local all all                      trust
host  all {GUARDED_ROLE} 127.0.0.1/32 scram-sha-256
host  all all            127.0.0.1/32 trust
"""
ROLES = f"""\
CREATE ROLE {OPEN_ROLE} LOGIN;
CREATE ROLE {GUARDED_ROLE} LOGIN PASSWORD '{PASSWORD}' IN ROLE {OPEN_ROLE};
"""
# Nothing in these tests depends on what survives a power cut, and kill -9 loses nothing that was written.
SETTINGS = ["fsync=off", "max_connections=120", "shared_buffers=16MB", "listen_addresses=127.0.0.1", "autovacuum=off", "log_min_messages=log"]


def programs():
    """The folder of the newest installed server's programs, or None."""

    def version(folder):
        return [int(number) for number in re.findall(r"\d+", folder)]

    folders = glob.glob("/usr/lib/postgresql/*/bin")
    return max((folder for folder in folders if os.access(f"{folder}/initdb", os.X_OK)), key=version, default=None)


def why_unavailable():
    """Why no server can be started here, or None."""
    if programs() is None:
        return "PostgreSQL is not installed (package postgresql)"
    if shutil.which("setpriv") is None:
        return "setpriv is not installed (package util-linux)"
    return None


class PostgresServer:
    """Running from the start on, until `close`."""

    def __init__(self):
        self._user = unprivileged_user()
        self._block = PortBlock(1)
        self.port = self._block.first
        self.folder = tempfile.mkdtemp(prefix="dit-postgres-", dir="/tmp")
        self._process = None
        self._databases = 0
        try:
            os.chmod(self.folder, 0o755)
            if self._user is not None:
                os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
            self._initialise()
            self.start()
            self.sql(ROLES)
        except BaseException:
            self.close()
            raise

    # Addresses

    def create_database(self):
        """A new empty database; its name."""
        self._databases += 1
        name = f"registry{self._databases}"
        self.sql(f"CREATE DATABASE {name} OWNER {OPEN_ROLE}")
        return name

    def url(self, database, user=OPEN_ROLE, password=None):
        """The connection URL, by TCP."""
        secret = "" if password is None else ":" + urllib.parse.quote(password, safe="")
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, database):
        return f"postgresql://{OPEN_ROLE}@/{database}?" + urllib.parse.urlencode({"host": self.folder, "port": self.port})

    # The server's life

    def start(self):
        settings = [word for setting in [*SETTINGS, f"unix_socket_directories={self.folder}"] for word in ("-c", setting)]
        self._process = subprocess.Popen(
            [*self._as_user("--pdeathsig", "INT"), f"{programs()}/postgres", "-D", self._data(), "-p", str(self.port), *settings],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self._environment(), cwd=self.folder,
            start_new_session=True, text=True, errors="replace",
        )
        lines = queue.SimpleQueue()
        threading.Thread(target=drain, args=(self._process.stderr, lines), daemon=True).start()
        said = []
        while "ready to accept connections" not in (said[-1] if said else ""):
            try:
                line = lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError("PostgreSQL did not start:\n" + "".join(said))
            said.append(line)

    def stop(self):
        """An orderly shutdown: open connections are told, and end."""
        self._end(signal.SIGINT)

    def kill(self):
        """kill -9 of the whole server."""
        everybody = self._everybody()
        for pid in everybody:
            processes.send(pid, signal.SIGKILL)
        self._process.wait(PATIENCE)
        assert not processes.wait_all_gone(everybody, PATIENCE)
        self._process = None

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """Stops it and everybody who serves a connection: who talks to it gets no answer, who connects is let wait."""
        for pid in self._everybody():
            processes.send(pid, signal.SIGSTOP)

    def resume(self):
        for pid in self._everybody():
            processes.send(pid, signal.SIGCONT)

    def close(self):
        if self._process is not None:
            self.resume()
            self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._block.release()

    # Asking it

    def sql(self, statements, database="postgres"):
        """Runs statements as the superuser; the rows as lists of texts."""
        result = subprocess.run(
            [f"{programs()}/psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U", "postgres", database],
            input=statements, env=self._environment(), cwd="/", capture_output=True, text=True, timeout=PATIENCE, check=False,
        )
        if result.returncode:
            raise RuntimeError(f"psql: {result.stderr}")
        return [line.split("\x1f") for line in result.stdout.splitlines()]

    # Inside

    def _data(self):
        return os.path.join(self.folder, "data")

    def _initialise(self):
        command = [f"{programs()}/initdb", "-D", self._data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([*self._as_user(), *command], env=self._environment(), cwd=self.folder, check=True, capture_output=True)
        with open(os.path.join(self._data(), "pg_hba.conf"), "w", encoding="ascii") as rules:
            rules.write(ACCESS_RULES)

    def _as_user(self, *options):
        """The command in front of a command: another user where we are root."""
        user = self._user
        identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
        return ["setpriv", *identity, *options, "--"]

    @staticmethod
    def _environment():
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

    def _everybody(self):
        return [self._process.pid, *processes.children_of(self._process.pid)]

    def _end(self, number):
        self._process.send_signal(number)
        self._process.wait(PATIENCE)
        self._process = None


def drain(stream, lines):
    """Hands over every line, and None at the end: a server must not block because nobody reads its log."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def unprivileged_user():
    """Who the server runs as when we are root; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("neither postgres nor nobody is a user of this machine")


def for_test_class(test_class):
    """A server that ends with the class. Without PostgreSQL its tests are skipped, or fail where the real parts are required."""
    missing = why_unavailable()
    if missing and os.environ.get("DEVINIT_REQUIRE_REAL_PARTS"):
        raise RuntimeError(missing)
    if missing:
        raise unittest.SkipTest(missing)
    server = PostgresServer()
    test_class.addClassCleanup(server.close)
    return server
