"""Drives the real binary: projects in temporary folders, stub services that report what they do, and a clean-up that proves that nothing is
left behind. Everything waits on events (a datagram, an inotify record, an end of file, a pidfd), never on time.
"""

import atexit
import fcntl
import http.client
import json
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
import uuid
from typing import NamedTuple

import processes
from conversation import Conversation
from ports_blocks import PortBlock, listening_rows
from waiting import PATIENCE, Events, wait_until

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
STUBS = pathlib.Path(__file__).resolve().parent / "stubs"
BINARY = os.path.abspath(os.environ.get("DEVINIT_BIN") or REPOSITORY / "build" / "release-test" / "devinit")
FULL_SCALE = os.environ.get("DEVINIT_TEST_SCALE") == "full"
PYTHON = sys.executable
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = 65534


def reachable_for_all(path):
    """`path` itself, or a copy of it where another user can get at it: a checkout below /root is for root alone."""
    if os.geteuid() != 0 or all(os.stat(folder).st_mode & 0o001 for folder in pathlib.Path(path).resolve().parents):
        return path
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dit-shared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    copy = folder / pathlib.Path(path).name
    if pathlib.Path(path).is_dir():
        shutil.copytree(path, copy)
    else:
        shutil.copy2(path, copy)
    return type(path)(copy)


if os.path.exists(BINARY):
    BINARY = reachable_for_all(BINARY)
    STUBS = reachable_for_all(STUBS)


def stub(name, *arguments):
    """The command of a stub service, as an array for `command`."""
    return [PYTHON, "-B", str(STUBS / f"{name}.py"), *map(str, arguments)]


def listener(*arguments):
    return stub("listener", "--port", "{port}", *arguments)


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def text(self):
        return self.out + self.err


class Project:
    """A project folder with its own HOME and state directory, and the commands of devinit run in it.

    `config`: the text or the object of devinit.json (None: no such file). `ports`: likewise for .ports.json. The project ends with the test:
    it is stopped, and the test fails if a process, or a listener on one of its ports, is left.
    """

    def __init__(self, test, config=None, *, ports=None, folder="project", block=None, block_size=20, environment=None):
        self.test = test
        self.temporary = tempfile.mkdtemp(prefix="dit-", dir="/tmp")
        os.chmod(self.temporary, 0o755)
        self.root = os.path.join(self.temporary, folder)
        self.home = os.path.join(self.temporary, "home")
        self.state = os.path.join(self.temporary, "state")
        for path in (self.root, self.home, self.state):
            os.makedirs(path)
        self.own_block = block is None
        self.block = block or PortBlock(block_size)
        self.marker = uuid.uuid4().hex
        self.events = Events(os.path.join(self.temporary, "events"))
        self.environment = {
            "PATH": SYSTEM_PATH,
            "HOME": self.home,
            "XDG_STATE_HOME": self.state,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "STUB_EVENTS": os.path.join(self.temporary, "events"),
            "STUB_MARKER": self.marker,
            **(environment or {}),
        }
        self._conversations = []
        self._strangers = []
        self._closed = False
        test.addCleanup(self.close)
        if config is not None:
            self.write("devinit.json", config)
        if ports is not None:
            self.write(".ports.json", ports)

    # Files

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, content):
        """Text, bytes, or an object that becomes JSON."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content, indent=2)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def ports(self):
        """.ports.json as it stands."""
        return json.loads(self.read(".ports.json"))

    def runtime_env(self):
        """.env.runtime, read as its readers do: line by line, split at the first `=`."""
        lines = [line for line in self.read(".env.runtime").splitlines() if line and not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines)

    # Commands

    def _environment(self, changes):
        merged = {**self.environment, **(changes or {})}
        return {name: value for name, value in merged.items() if value is not None}

    def run(self, *arguments, environment=None, cwd=None, timeout=PATIENCE * 2, binary=BINARY):
        """Runs devinit without a terminal. In `environment` None removes a variable."""
        process = subprocess.Popen(
            [binary, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(environment),
            cwd=cwd or self.root,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"devinit {' '.join(arguments)} hung; it printed:\n{out.decode(errors='replace')}{err.decode(errors='replace')}") from None
        return Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def succeed(self, *arguments, **options):
        return self.expect_code(0, *arguments, **options)

    def expect_code(self, code, *arguments, **options):
        result = self.run(*arguments, **options)
        self.test.assertEqual(result.code, code, f"devinit {' '.join(arguments)} printed:\n{result.text}")
        return result

    def spawn(self, *arguments, environment=None, cwd=None):
        """Starts devinit in the background, without a terminal; stdout and stderr arrive as one text."""
        reader, writer = os.pipe()
        process = subprocess.Popen(
            [BINARY, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            env=self._environment(environment),
            cwd=cwd or self.root,
            start_new_session=True,
        )
        os.close(writer)
        return self._converse(process, reader, terminal=False)

    def pty(self, *arguments, environment=None, cwd=None):
        """Starts devinit on a terminal of its own."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        process = subprocess.Popen(
            [BINARY, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environment(environment),
            cwd=cwd or self.root,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        return self._converse(process, master, terminal=True)

    def _converse(self, process, reader, terminal):
        os.set_inheritable(reader, False)
        conversation = Conversation(process, reader, terminal)
        self._conversations.append(conversation)
        return conversation

    # What devinit says about the project

    def status(self, **options):
        result = self.run("status", "--json", **options)
        self.test.assertIn(result.code, (0, 3), result.text)
        return json.loads(result.out)

    def service(self, name="backend"):
        return next(service for service in self.status()["services"] if service["name"] == name)

    def wait_service(self, name, condition, timeout=PATIENCE):
        """Waits until the status of a service satisfies `condition`; returns it."""
        latest = {}

        def satisfied():
            latest.update(self.service(name))
            return condition(latest)

        try:
            wait_until(self.path(".devinit"), satisfied, timeout)
        except AssertionError:
            raise AssertionError(f"status of {name} stayed {latest}") from None
        return dict(latest)

    def wait_state(self, name, state, timeout=PATIENCE):
        return self.wait_service(name, lambda service: service["state"] == state, timeout)

    def supervisor(self):
        """The supervisor's pid, or None."""
        supervisor = self.status()["supervisor"]
        return supervisor["pid"] if supervisor["running"] else None

    def guardian(self, name="backend"):
        """The pid of the process that is the service's real parent."""
        return processes.parent_of(self.service(name)["pid"])

    # Strangers and clients

    def stranger(self, *arguments, port, user=None, cwd=None):
        """A listener that is none of devinit's business, in a folder of its own; the test ends it. `user`: a uid to become."""
        command = stub("listener", "--name", "stranger", "--port", port, *arguments)
        folder = cwd or self.temporary
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": SYSTEM_PATH, "STUB_EVENTS": self.environment["STUB_EVENTS"]},
            cwd=folder,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
        )
        self._strangers.append(process)
        self.events.wait("listening", pid=process.pid)
        return process

    def get(self, port, path="/", host="127.0.0.1"):
        """Body of a GET request to a stub."""
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def identity(self, port):
        """Which stub answers on a port: its name, pid, port and folder."""
        return json.loads(self.get(port))

    # The end

    def own_processes(self):
        """Every process of this project: by the marker in its environment, its folder, or its command line."""
        marker = f"STUB_MARKER={self.marker}".encode()
        found = []
        for pid in processes.all_pids():
            if pid == os.getpid() or not processes.is_alive(pid):
                continue
            inside = processes.working_folder(pid).startswith(self.temporary)
            named = self.temporary.encode() in processes.read_bytes(f"/proc/{pid}/cmdline")
            if inside or named or marker in processes.read_bytes(f"/proc/{pid}/environ"):
                found.append(pid)
        return found

    def foreign_listeners(self):
        """Ports of the block on which somebody else than this test process listens."""
        mine = processes.socket_inodes(os.getpid())
        return sorted({port for port, inode in listening_rows() if port in self.block and inode not in mine})

    def assert_nothing_left(self):
        """Proves, without any help of devinit, that no process and no listener of this project is there."""
        strangers = {process.pid for process in self._strangers}
        left = processes.wait_all_gone([pid for pid in self.own_processes() if pid not in strangers], timeout=10)
        self.test.assertEqual([processes.describe(pid) for pid in left], [])
        if not strangers and self.own_block:
            self.test.assertEqual(self.foreign_listeners(), [], "ports are still listened on")

    def close(self):
        if self._closed:
            return
        self._closed = True
        for conversation in self._conversations:
            conversation.close()
        for process in self._strangers:
            process.kill()
            process.wait()
            process.stderr.close()
        self._strangers = []
        problems = self._stop_at_the_end() + self._end_leftovers()
        self.events.close()
        shutil.rmtree(self.temporary, ignore_errors=True)
        if self.own_block:
            listeners = self.foreign_listeners()
            self.block.release()
            if listeners:
                problems.append(f"still listened on: {listeners}")
        if problems:
            self.test.fail("left behind:\n" + "\n".join(problems))

    def _stop_at_the_end(self):
        if not self.own_processes():
            return []
        try:
            result = self.run("stop")
        except AssertionError as hung:
            return [str(hung)]
        return [] if result.code == 0 else [f"devinit stop: exit code {result.code}: {result.text}"]

    def _end_leftovers(self):
        left = processes.wait_all_gone(self.own_processes(), timeout=10)
        problems = [processes.describe(pid) for pid in left]
        while left:
            for pid in left:
                processes.send(pid, signal.SIGKILL)
            processes.wait_all_gone(left, timeout=PATIENCE)
            left = self.own_processes()
        return problems




class DevinitTest(unittest.TestCase):
    """Base of the integration tests."""

    maxDiff = None
    # Seconds after which a test that hangs is failed from inside, so that its clean-up still runs: the test runner would only kill it.
    limit = 300

    def run(self, result=None):
        signal.signal(signal.SIGALRM, self._fail_slow_test)
        signal.alarm(self.limit)
        try:
            return super().run(result)
        finally:
            signal.alarm(0)

    def _fail_slow_test(self, *_):
        raise AssertionError(f"not finished after {self.limit} s")

    @classmethod
    def setUpClass(cls):
        if not os.access(BINARY, os.X_OK):
            raise RuntimeError(f"no devinit at {BINARY}: build it, or set DEVINIT_BIN")

    def project(self, config=None, **options):
        return Project(self, config, **options)

    def pair(self, *, backend=(), frontend=(), **options):
        """A backend and a frontend that needs it, on the first two ports of the block."""
        block = options.pop("block", None)
        project = Project(self, block=block, **options)
        project.write("devinit.json", self.pair_config(project.block[0], project.block[1], backend, frontend))
        return project

    @staticmethod
    def pair_config(backend_port, frontend_port, backend=(), frontend=()):
        return {
            "services": {
                "backend": {"command": listener("--name", "backend", *backend), "port": backend_port},
                "frontend": {"command": listener("--name", "frontend", *frontend), "port": frontend_port, "depends_on": ["backend"]},
            }
        }

    def single(self, *arguments, settings=None, **options):
        """One service, `backend`, on the first port of the block. `settings`: further keys of the service."""
        project = Project(self, **options)
        service = {"command": listener("--name", "backend", *arguments), "port": project.block[0], **(settings or {})}
        project.write("devinit.json", {"services": {"backend": service}})
        return project


def main():
    unittest.main(module="__main__", verbosity=2)
