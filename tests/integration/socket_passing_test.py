"""`socket: inherit`: the listening socket outlives the restarts of its service, so that nobody is refused."""

import http.client
import importlib.util
import shutil
import signal
import socket
import threading
import unittest

import harness
import processes
from harness import PYTHON, DevinitTest, stub

NODE = shutil.which("node", path=harness.SYSTEM_PATH) or shutil.which("node")
APP = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2"), (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"ok"})
"""
VARIABLES = [argument for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "PORT") for argument in ("--report", name)]


class Load:
    """Threads that make one connection after the other without pause, until it is left; counts how they end."""

    def __init__(self, port, threads=4):
        self.port = port
        self.answered = 0
        self.problems = []
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._end.is_set():
            problem = self._ask()
            with self._lock:
                self.answered += not problem
                self.problems += [problem] if problem else []

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.PATIENCE)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            return "" if (response.status, response.read()) == (200, b"ok") else f"status {response.status}"
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()


class Variables(DevinitTest):
    def inheriting(self, command, **settings):
        project = self.project()
        backend = {"command": command, "port": project.block[0], "socket": "inherit", **settings}
        project.write("devinit.json", {"services": {"backend": backend}})
        return project

    def test_are_those_of_the_protocol(self):
        project = self.inheriting(stub("worker", "--name", "backend", *VARIABLES), ready={"delay": "10ms"})
        project.succeed("start")
        started = project.events.wait("started", name="backend")
        variables = started["variables"]
        self.assertEqual(variables["LISTEN_FDS"], "1")
        self.assertEqual(variables["LISTEN_PID"], str(started["pid"]))
        self.assertEqual(variables["LISTEN_FDNAMES"], "backend")
        self.assertEqual(variables["PORT"], str(project.block[0]))

    def test_descriptor_3_listens_on_the_port(self):
        script = (
            "import socket; s = socket.socket(fileno=3);"
            "print(s.getsockname(), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), flush=True); s.accept()"
        )
        project = self.inheriting([PYTHON, "-c", script])
        project.succeed("start")
        self.assertIn(f"('127.0.0.1', {project.block[0]}) 1", project.succeed("logs").out)

    def test_nobody_else_gets_it(self):
        project = self.project()
        services = {
            "backend": {"command": stub("worker", "--name", "backend"), "port": project.block[0], "socket": "inherit", "ready": {"delay": "10ms"}},
            "other": {"command": stub("worker", "--name", "other", *VARIABLES), "depends_on": ["backend"]},
        }
        project.write("devinit.json", {"services": services})
        project.succeed("start", environment={"LISTEN_FDS": "9", "LISTEN_PID": "1"})
        self.assertIsNone(project.events.wait("started", name="other")["variables"]["LISTEN_FDS"])
        inodes = [inode for port, inode in harness.listening_rows() if port == project.block[0]]
        self.assertEqual(len(inodes), 1)
        self.assertNotIn(inodes[0], processes.socket_inodes(project.service("other")["pid"]))
        self.assertNotIn(inodes[0], processes.socket_inodes(project.guardian("other")))

    def test_a_stop_closes_it(self):
        project = self.inheriting(stub("worker", "--name", "backend"), ready={"delay": "10ms"})
        project.succeed("start")
        project.succeed("stop")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", project.block[0]))

    def test_it_needs_a_port(self):
        project = self.project({"services": {"backend": {"command": "true", "socket": "inherit"}}})
        self.assertIn("port", project.expect_code(2, "start").err)

    def test_a_connection_waits_for_the_next_life(self):
        script = (
            "import socket, os\ns = socket.socket(fileno=3)\nwhile True:\n c, _ = s.accept()\n data = c.recv(100)\n"
            " if data == b'die': os._exit(1)\n c.sendall(b'pid %d' % os.getpid())"
        )
        project = self.inheriting([PYTHON, "-c", script])
        project.succeed("start")
        address = ("127.0.0.1", project.block[0])
        first = project.service()["pid"]
        processes.send(first, signal.SIGSTOP)
        while processes.stat_fields(first)[0] != "T":
            pass  # it is on its way: no event tells that it has arrived
        early = socket.create_connection(address, timeout=harness.PATIENCE)
        self.addCleanup(early.close)
        processes.send(first, signal.SIGKILL)
        early.sendall(b"hello")
        self.assertNotEqual(early.recv(100), b"pid %d" % first)


@unittest.skipUnless(NODE, "node is not installed")
class Node(DevinitTest):
    def test_a_server_on_descriptor_3_outlives_a_restart(self):
        script = "require('http').createServer((_, answer) => answer.end('pid ' + process.pid)).listen({ fd: 3 })"
        project = self.project()
        backend = {"command": [NODE, "-e", script], "port": project.block[0], "socket": "inherit", "ready": {"http": "/"}}
        project.write("devinit.json", {"services": {"backend": backend}})
        project.succeed("start")
        for _ in range(2):
            self.assertEqual(project.get(project.block[0]), f"pid {project.service()['pid']}")
            project.succeed("restart", "backend")


@unittest.skipUnless(importlib.util.find_spec("uvicorn"), "uvicorn is not installed")
class ZeroRefusals(DevinitTest):
    def test_five_restarts_under_load_refuse_and_reset_nobody(self):
        project = self.project()
        project.write("app.py", APP)
        command = [PYTHON, "-m", "uvicorn", "app:app", "--fd", "3", "--log-level", "warning"]
        backend = {"command": command, "port": project.block[0], "socket": "inherit", "ready": {"http": "/"}}
        project.write("devinit.json", {"services": {"backend": backend}})
        project.succeed("start")
        pids = {project.service()["pid"]}
        with Load(project.block[0]) as load:
            for _ in range(5):
                project.succeed("restart", "backend")
                pids.add(project.service()["pid"])
        self.assertEqual(len(pids), 6)
        self.assertGreater(load.answered, 100)
        self.assertEqual(load.problems, [], f"{load.answered} were answered")

    def test_a_crash_under_load_refuses_nobody(self):
        project = self.project()
        project.write("app.py", APP)
        command = [PYTHON, "-m", "uvicorn", "app:app", "--fd", "3", "--log-level", "warning"]
        backend = {"command": command, "port": project.block[0], "socket": "inherit", "ready": {"http": "/"}}
        project.write("devinit.json", {"services": {"backend": backend}})
        project.succeed("start")
        with Load(project.block[0]) as load:
            processes.send(project.service()["pid"], signal.SIGKILL)
            project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)
        # What it had accepted died with it; nobody else noticed.
        self.assertNotIn("ConnectionRefusedError", load.problems)


if __name__ == "__main__":
    harness.main()
