"""Faults T22 to T35: ports that others hold, take, or answer on, and networks that are not as usual."""

import isolation

isolation.enter()

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import urllib.parse

import harness
from fault_case import FaultTest, fault_stub, needs_isolation, needs_other_users, open_gate
from harness import listener

SYSTEM = pathlib.Path("/proc/sys/net")


def bound(port, address="127.0.0.1", *, reuse=True, reuse_port=False, listening=True, v6_only=None, kind=socket.SOCK_STREAM):
    """A socket of ours on a port."""
    holder = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    if reuse_port:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if v6_only is not None:
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6_only))
    holder.bind((address, port))
    if listening and kind == socket.SOCK_STREAM:
        holder.listen()
    return holder


def time_wait(port, *, reuse):
    """Leaves a connection in TIME_WAIT on the port of a server that is gone."""
    with bound(port, reuse=reuse) as server, socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = server.accept()
        accepted.shutdown(socket.SHUT_WR)  # who closes first has to wait
        client.recv(1)
        client.shutdown(socket.SHUT_WR)
        accepted.recv(1)
        accepted.close()
    return contextlib.nullcontext()


@contextlib.contextmanager
def outgoing(port):
    """A connection to somewhere else that got this number as its own port."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.bind(("127.0.0.1", port))
        client.connect(server.getsockname())
        yield client


class Verdicts(FaultTest):
    # What holds the port, and whether a service can have it all the same.
    ROWS = {
        "127.0.0.1": (lambda port: bound(port), False),
        "127.0.0.1 without SO_REUSEADDR": (lambda port: bound(port, reuse=False), False),
        "0.0.0.0": (lambda port: bound(port, "0.0.0.0"), False),
        "0.0.0.0 with SO_REUSEPORT": (lambda port: bound(port, "0.0.0.0", reuse_port=True), False),
        "::1": (lambda port: bound(port, "::1"), False),
        "both families": (lambda port: bound(port, "::", v6_only=False), False),
        ":: for IPv6 only": (lambda port: bound(port, "::", v6_only=True), False),
        "another address": (lambda port: bound(port, "127.0.0.2"), False),
        "bound only, without SO_REUSEADDR": (lambda port: bound(port, reuse=False, listening=False), False),
        "leftovers of a server with SO_REUSEADDR": (lambda port: time_wait(port, reuse=True), True),
        "leftovers of a server without SO_REUSEADDR": (lambda port: time_wait(port, reuse=False), False),
        "an outgoing connection": (outgoing, False),
        "UDP": (lambda port: bound(port, kind=socket.SOCK_DGRAM), True),
    }

    def test_t22_each_kind_of_holder(self):
        for name, (hold, free) in self.ROWS.items():
            with self.subTest(name):
                project = self.single()
                with hold(project.block[0]):
                    project.succeed("start")
                    self.assertEqual(project.ports(), {"backend": project.block[0 if free else 1]})
                    project.succeed("stop")
                project.close()

    def test_t34_leftovers_are_said_to_be_closing(self):
        project = self.single()
        with time_wait(project.block[0], reuse=False):
            result = project.expect_code(1, "start", "--on-conflict", "fail")
        self.assertRegex(result.err, r"(?i)closing")


class Intruders(FaultTest):
    """Somebody takes a port at the worst moment."""

    def test_t24_between_claim_and_execution_it_is_impossible(self):
        project = self.project()
        services = {name: {"command": listener("--name", name), "port": project.block[index]} for index, name in enumerate(("backend", "frontend"))}
        project.write("devinit.json", {"services": services})
        project.stranger(port=project.block[1])
        terminal = project.pty("start")
        terminal.expect(r"\[y/N\]")
        for address in ("127.0.0.1", "0.0.0.0", "::", "::1"):
            self.assert_cannot_listen(project.block[0], address)
        terminal.send("n\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assertEqual(project.ports(), {"backend": project.block[0], "frontend": project.block[2]})

    def test_t25_between_execution_and_listening_it_is_detected(self):
        project = self.gated_single()
        start = project.spawn("start")
        self.wait_spawned(project)
        with bound(project.block[0]):
            open_gate(project)
            self.assertEqual(start.wait(), 0, start.text)
            service = project.service()
            self.assertEqual((service["port"], service["state"]), (project.block[1], "ready"))
            self.assertEqual(project.ports(), {"backend": project.block[1]})
            self.assertEqual(project.runtime_env()["BACKEND_PORT"], str(project.block[1]))

    def test_t25_five_times_do_not_use_up_the_budget(self):
        project = self.gated_single(settings={"restart": {"max": 1}})
        start = project.spawn("start")
        self.wait_spawned(project)
        with bound(project.block[0]):
            open_gate(project)
            self.assertEqual(start.wait(), 0, start.text)

    def meets_a_busy_port(self, habit):
        """A server whose port was taken between execution and listening; the start that is over, and what it said."""
        project = self.gated_single(command=fault_stub("busy_habits", habit), settings={"ready": {"deadline": "15s"}})
        start = project.spawn("start")
        self.wait_spawned(project)
        intruder = bound(project.block[0])
        self.addCleanup(intruder.close)
        open_gate(project)
        return project, start.wait(), start.text

    def assert_up_elsewhere(self, habit):
        project, code, said = self.meets_a_busy_port(habit)
        self.assertEqual(code, 0, said)
        service = project.service()
        self.assertEqual(service["state"], "ready")
        self.assertNotEqual(service["port"], project.block[0])
        self.assertEqual(project.events.all("listening", name="habits")[-1]["port"], service["port"])
        self.assertEqual(project.ports(), {"backend": service["port"]})

    def test_t27_a_server_that_takes_the_next_port(self):
        self.assert_up_elsewhere("move")

    def test_t27_a_server_that_ends_with_exit_code_0(self):
        self.assert_up_elsewhere("exit-zero")

    def test_t27_a_server_that_tries_again(self):
        self.assert_up_elsewhere("retry")

    def test_t27_a_server_that_stays_without_listening(self):
        project, code, said = self.meets_a_busy_port("stay")
        self.assertIn(code, (0, 1), said)
        if code == 1:  # whether it will ever listen is for its deadline to say; who keeps it from that is named
            self.assertIn("EADDRINUSE", said)
            self.assertRegex(said, rf"\b{os.getpid()}\b")
        self.assertEqual(project.service()["ready"], code == 0)

    def test_t35_who_answers_on_our_port_is_not_ready(self):
        project = self.gated_single("--never-listen", settings={"ready": {"http": "/", "deadline": "3s"}, "restart": "never"})
        start = project.spawn("start")
        self.wait_spawned(project)
        stranger = project.stranger(port=project.block[0])
        open_gate(project)
        self.assertEqual(project.identity(project.block[0])["name"], "stranger")
        self.assertEqual(start.wait(), 1, start.text)
        self.assertEqual(project.service()["state"], "failed")
        self.assertIsNone(stranger.poll())


class Addresses(FaultTest):
    @needs_isolation
    def test_t29_the_url_that_is_printed_can_be_opened(self):
        # A machine whose `localhost` has both addresses, as most have.
        with tempfile.NamedTemporaryFile("w", suffix="-hosts") as hosts:
            hosts.write("127.0.0.1 localhost\n::1 localhost\n")
            hosts.flush()
            subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
            self.addCleanup(subprocess.run, ["umount", "--lazy", "/etc/hosts"], check=True)
        for host in ("127.0.0.1", "::1"):
            with self.subTest(host):
                project = self.single("--host", host)
                result = project.succeed("start")
                url = project.service()["url"]
                self.assertIn(url, result.out)
                name = urllib.parse.urlsplit(url)
                self.assertIn(str(project.block[0]), project.get(name.port, "/", name.hostname))
                project.close()


@needs_isolation
class Networks(FaultTest):
    def setting(self, name, value):
        """A setting of the network, until the end of the test."""
        path = SYSTEM / name
        before = path.read_text(encoding="ascii")
        try:
            path.write_text(value, encoding="ascii")
        except OSError as problem:
            self.skipTest(f"{name}: {problem}")
        self.addCleanup(path.write_text, before if before.strip() else "\n", encoding="ascii")

    @needs_other_users
    def test_t31_a_privileged_port_is_said_to_be_one(self):
        project = self.project({"services": {"backend": {"command": listener(), "port": 80}}})
        self.give_to_nobody(project)
        result = self.as_nobody(project, "start")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"(?i)privileged")
        self.assertNotRegex(result.stderr, r"(?i)\bbusy\b")

    def test_t31_the_last_port_does_not_wrap(self):
        project = self.project({"services": {"backend": {"command": listener(), "port": 65535}}})
        with bound(65535):
            result = project.expect_code(1, "start")
        self.assertIn("65535", result.err)
        self.assertEqual(project.events.all(), [])

    def test_t31_ports_that_the_administrator_set_aside(self):
        project = self.single()
        self.setting("ipv4/ip_local_reserved_ports", str(project.block[1]))
        with bound(project.block[0]):
            project.succeed("start")
            self.assertEqual(project.ports(), {"backend": project.block[2]})

    def test_t31_a_port_of_the_ephemeral_range(self):
        self.setting("ipv4/ip_local_port_range", "40000 40009")
        project = self.project({"services": {"backend": {"command": listener("--name", "backend"), "port": 40000}}})
        project.succeed("start")
        self.assertEqual(project.identity(40000)["name"], "backend")

    def test_t32_a_connection_of_the_port_to_itself_is_not_ready(self):
        self.setting("ipv4/ip_local_port_range", "40000 40001")
        settings = {"ready": {"http": "/", "deadline": "2s"}, "restart": "never", "port": 40000}
        project = self.single("--never-listen", settings=settings)
        result = project.expect_code(1, "start")
        self.assertIn("not ready within", result.text)

    def round_trip(self, *arguments):
        project = self.single(*arguments)
        project.succeed("start")
        self.assertEqual(project.service()["state"], "ready")
        self.assertEqual(project.ports(), {"backend": project.block[0]})
        return project

    def test_t33_without_ipv6(self):
        self.setting("ipv6/conf/all/disable_ipv6", "1")
        project = self.round_trip()
        self.assertEqual(project.identity(project.block[0])["name"], "backend")

    def test_t33_ipv6_sockets_are_for_ipv6_only(self):
        self.setting("ipv6/bindv6only", "1")
        with bound(self.round_trip().block[1]):
            self.round_trip("--host", "::1")

    def test_t33_a_foreign_listener_is_seen_with_either_setting(self):
        self.setting("ipv6/bindv6only", "1")
        project = self.single()
        with bound(project.block[0]):
            project.succeed("start")
            self.assertEqual(project.ports(), {"backend": project.block[1]})

    def test_t33_with_the_loopback_down(self):
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        self.addCleanup(subprocess.run, ["ip", "link", "set", "lo", "up"], check=True)
        self.round_trip()


if __name__ == "__main__":
    harness.main()
