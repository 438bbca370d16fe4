"""What every fault test ends with, whatever it did: no process, no listener, no damaged registry, no finding of `devinit ports check`."""

import json
import os
import pathlib
import resource
import socket
import subprocess
import unittest

import isolation
import processes
import registries
from harness import BINARY, NOBODY, PATIENCE, PYTHON, DevinitTest, Project, listener
from ports_blocks import listening_rows

STUBS = pathlib.Path(__file__).resolve().parent / "stubs"
# Small programs of tests/faults/native, built beside the product.
NATIVE = os.environ.get("DEVINIT_FAULT_PROGRAMS", "")

resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

needs_isolation = unittest.skipUnless(isolation.ISOLATED, "needs namespaces of its own")
needs_other_users = unittest.skipUnless(isolation.ISOLATED and isolation.OTHER_USERS, "needs root to become another user")


def native(name):
    """The path of a program or library of tests/faults/native; the test is skipped without it."""
    path = os.path.join(NATIVE, name)
    if not NATIVE or not os.path.exists(path):
        raise unittest.SkipTest(f"{name} is not built (DEVINIT_FAULT_PROGRAMS)")
    return path


def needs_native(name):
    return unittest.skipUnless(NATIVE and os.path.exists(os.path.join(NATIVE, name)), f"{name} is not built (DEVINIT_FAULT_PROGRAMS)")


def fault_stub(name, *arguments):
    """The command of a stub service of tests/faults."""
    return [PYTHON, "-B", str(STUBS / f"{name}.py"), *map(str, arguments)]


def gated(command, gate="gate"):
    """`command`, begun only when the pipe `gate` in its folder is opened: until then it is between execution and listening."""
    return ["/bin/sh", "-c", f'if [ -p {gate} ]; then read -r _ <{gate}; fi; exec "$@"', "sh", *command]


def open_gate(project, gate="gate"):
    """For good: later runs find no gate. Waits for the run that is to pass it."""
    with open(project.path(gate), "w", encoding="ascii") as pipe:
        os.unlink(project.path(gate))
        pipe.write("\n")


def run_limited(project, *words, limit=None, **options):
    """A command of devinit, and whatever it starts, under a resource limit: (which, value)."""
    return subprocess.run(
        [BINARY, *words], cwd=project.root, env=project.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE * 2, check=False, start_new_session=True,
        preexec_fn=(lambda: resource.setrlimit(limit[0], (limit[1], limit[1]))) if limit else None, **options,
    )  # fmt: skip


class FaultProject(Project):
    """A project that is looked at once more when it has been stopped."""

    def lock_owner(self):
        """The supervisor's pid by its lock file: known before it has written any state. None before that."""
        text = processes.read_bytes(self.path(".devinit/supervisor.lock")).split()
        return int(text[0]) if text and processes.is_alive(int(text[0])) else None

    def cookie_bearers(self):
        """Processes that the last supervisor of this project has started, by the cookie in their environment."""
        try:
            cookie = b"DEVINIT_COOKIE=" + json.loads(self.read(".devinit/state.json"))["cookie"].encode()
        except (OSError, ValueError, KeyError):
            return []
        return [pid for pid in processes.all_pids() if processes.is_alive(pid) and cookie in processes.read_bytes(f"/proc/{pid}/environ")]

    def unclean(self):
        """What is wrong in and around the stopped project, as sentences."""
        problems = [f"bears a cookie: {processes.describe(pid)}" for pid in processes.wait_all_gone(self.cookie_bearers(), timeout=10)]
        database = registries.database_path(self)
        if os.path.exists(database):
            integrity = registries.sqlite_integrity(database)
            problems += [] if integrity == ["ok"] else [f"the registry is damaged: {integrity}"]
            check = self.run("ports", "check")
            problems += [] if check.code == 0 else [f"ports check: exit code {check.code}: {check.text}"]
        return problems

    def _end_leftovers(self):
        return super()._end_leftovers() + (self.unclean() if os.path.isdir(self.root) else [])


class FaultTest(DevinitTest):
    def setUp(self):
        self.addCleanup(self._assert_namespaces_empty)

    def project(self, config=None, **options):
        return FaultProject(self, config, **options)

    def single(self, *arguments, settings=None, command=None, **options):
        """One service, `backend`, on the first port of the block."""
        project = self.project(**options)
        service = {"command": command or listener("--name", "backend", *arguments), "port": project.block[0], **(settings or {})}
        project.write("devinit.json", {"services": {"backend": service}})
        return project

    def gated_single(self, *arguments, settings=None, command=None):
        """Likewise, but nothing of it begins before `open_gate`."""
        project = self.single(command=gated(command or listener("--name", "backend", *arguments)), settings=settings)
        os.mkfifo(project.path("gate"))
        return project

    def wait_spawned(self, project, name="backend"):
        """Until the first process of a service runs; its pid."""
        return project.wait_service(name, lambda service: service["state"] == "starting" and service["pid"])["pid"]

    def give_to_nobody(self, project):
        """The project's folders, until the end of the test, when all of it is stopped and ours again."""
        self.addCleanup(subprocess.run, ["chown", "-R", "0:0", project.temporary], check=True)
        self.addCleanup(self.as_nobody, project, "stop")
        for path in (project.root, project.home, project.state, project.path("devinit.json")):
            os.chown(path, NOBODY, NOBODY)

    @staticmethod
    def as_nobody(project, *words, limit=None):
        """A command of devinit as another user. `limit`: a resource limit for it and whatever it starts, with its value."""
        return run_limited(project, *words, limit=limit, user=NOBODY, group=NOBODY, extra_groups=[])

    def assert_gone(self, pids):
        self.assertEqual([processes.describe(pid) for pid in processes.wait_all_gone(pids, timeout=30)], [])

    def assert_stays(self, pid, seconds):
        """A process does not end for a while, by whatever is done to it."""
        self.assertFalse(processes.wait_gone(pid, seconds), f"process {pid} has ended")

    def assert_cannot_listen(self, port, address="127.0.0.1"):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as intruder:
            intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with self.assertRaises(OSError):
                intruder.bind((address, port))
                intruder.listen()

    def _assert_namespaces_empty(self):
        """Nobody but us and the first process is here, and nobody but us two listens."""
        if not isolation.ISOLATED:
            return
        others = processes.wait_all_gone([pid for pid in processes.all_pids() if pid not in (1, os.getpid())], timeout=10)
        self.assertEqual([processes.describe(pid) for pid in others], [])
        mine = processes.socket_inodes(os.getpid())
        ports = sorted(port for port, inode in listening_rows() if inode not in mine and port != isolation.INIT_PORT)
        self.assertEqual(ports, [], "ports are still listened on")
