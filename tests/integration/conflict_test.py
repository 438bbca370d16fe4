"""A preferred port is busy: who is told what, who is killed, and who never."""

import os
import re
import signal
import socket
import unittest

import harness
import processes
from harness import NOBODY, DevinitTest, Project, listener

QUESTION = r"Kill process (\d+) \((.*)\) to free port (\d+)\? \[y/N\]"


class BusyPort(DevinitTest):
    """A stranger holds the backend's port before every test."""

    def setUp(self):
        self.conflicted = self.pair()
        self.busy = self.conflicted.block[0]
        self.frontend = self.conflicted.block[1]

    def hold(self, *arguments, **options):
        self.holder = self.conflicted.stranger(*arguments, port=self.busy, **options)
        return self.holder

    def assert_moved(self):
        """The holder lives, and the backend has the next free port: the frontend's own port is never taken."""
        self.assertIsNone(self.holder.poll(), "the holder was killed")
        moved = self.conflicted.ports()["backend"]
        self.assertEqual(moved, self.conflicted.block[2])
        self.assertEqual(self.conflicted.ports()["frontend"], self.frontend)
        self.assertEqual(self.conflicted.identity(moved)["name"], "backend")
        self.assertEqual(self.conflicted.runtime_env()["BACKEND_PORT"], str(moved))

    def assert_killed(self):
        self.holder.wait(timeout=30)
        self.assertEqual(self.conflicted.ports()["backend"], self.busy)
        self.assertEqual(self.conflicted.identity(self.busy)["name"], "backend")


class OnATerminal(BusyPort):
    def test_yes_kills_and_takes_the_port(self):
        self.hold()
        terminal = self.conflicted.pty("start")
        question = terminal.expect(QUESTION)
        self.assertEqual(int(question.group(1)), self.holder.pid)
        self.assertIn("listener.py", question.group(2))
        self.assertEqual(int(question.group(3)), self.busy)
        terminal.send("y\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assert_killed()

    def test_no_takes_the_next_port(self):
        self.hold()
        terminal = self.conflicted.pty("start")
        terminal.expect(QUESTION)
        terminal.send("n\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assert_moved()
        self.assertIn(str(self.conflicted.block[2]), terminal.text)

    def test_enter_means_no(self):
        self.hold()
        terminal = self.conflicted.pty("start")
        terminal.expect(QUESTION)
        terminal.send("\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assert_moved()

    def test_the_holder_is_described(self):
        self.hold(cwd="/")
        terminal = self.conflicted.pty("start")
        terminal.expect(QUESTION)
        self.assertIn(str(self.holder.pid), terminal.text)
        self.assertRegex(terminal.text, r"user \w+")
        self.assertRegex(terminal.text, r"\d+ ?(ms|s)\b")
        terminal.send("n\n")
        self.assertEqual(terminal.wait(), 0)

    def test_ctrl_c_at_the_question_changes_nothing(self):
        self.hold()
        terminal = self.conflicted.pty("start")
        terminal.expect(QUESTION)
        terminal.interrupt()
        self.assertEqual(terminal.wait(), 130)
        self.assertIsNone(self.holder.poll())
        self.assertFalse(self.conflicted.exists(".ports.json"))
        self.assertEqual(self.conflicted.events.all("started", name="backend"), [])

    def test_all_questions_come_before_anything_is_written_or_started(self):
        self.hold()
        second = self.conflicted.stranger(port=self.frontend)
        terminal = self.conflicted.pty("start")
        for _ in range(2):
            terminal.expect(QUESTION)
            self.assertFalse(self.conflicted.exists(".ports.json"))
            self.assertFalse(self.conflicted.exists(".env.runtime"))
            self.assertEqual([entry["name"] for entry in self.conflicted.events.all("started")], ["stranger"] * 2)
            terminal.send("n\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assertIsNone(second.poll())
        self.assertEqual(set(self.conflicted.ports().values()), {self.conflicted.block[2], self.conflicted.block[3]})

    def test_a_holder_that_ignores_term_is_killed(self):
        self.hold("--ignore-term")
        terminal = self.conflicted.pty("start")
        terminal.expect(QUESTION)
        terminal.send("y\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assert_killed()
        self.assertEqual(self.holder.returncode, -signal.SIGKILL)

    def test_no_question_where_ci_is_set(self):
        self.hold()
        terminal = self.conflicted.pty("start", environment={"CI": "true"})
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assertNotRegex(terminal.text, QUESTION)
        self.assert_moved()


class WithoutATerminal(BusyPort):
    def test_next_port_and_never_a_kill(self):
        self.hold()
        result = self.conflicted.succeed("start")
        self.assert_moved()
        self.assertIn(str(self.holder.pid), result.err)
        self.assertIn(str(self.conflicted.block[2]), result.err)

    def test_force_mode_in_every_spelling(self):
        for value in ("true", "1", "yes", "TRUE"):
            with self.subTest(value):
                self.hold()
                self.conflicted.succeed("start", environment={"FORCE_MODE": value})
                self.assert_killed()
                self.conflicted.succeed("stop")

    def test_force_mode_that_is_off(self):
        self.hold()
        for value in ("false", "0", "no", ""):
            with self.subTest(value):
                self.conflicted.succeed("start", environment={"FORCE_MODE": value})
                self.assert_moved()
                self.conflicted.succeed("stop")

    def test_force_mode_that_is_nonsense(self):
        self.hold()
        result = self.conflicted.expect_code(2, "start", environment={"FORCE_MODE": "maybe"})
        self.assertIn("FORCE_MODE", result.err)
        self.assertIsNone(self.holder.poll())

    def test_force_and_on_conflict_kill(self):
        for option in (["--force"], ["--on-conflict", "kill"]):
            with self.subTest(option):
                self.hold()
                self.conflicted.succeed("start", *option)
                self.assert_killed()
                self.conflicted.succeed("stop")

    def test_on_conflict_comes_before_force(self):
        self.hold()
        self.conflicted.succeed("start", "--force", "--on-conflict", "next")
        self.assert_moved()

    def test_on_conflict_fail(self):
        self.hold()
        result = self.conflicted.expect_code(1, "start", "--on-conflict", "fail")
        self.assertIn(str(self.holder.pid), result.err)
        self.assertFalse(self.conflicted.exists(".ports.json"))
        self.assertEqual(self.conflicted.events.all("started", name="backend"), [])

    def test_strict(self):
        self.hold()
        config = self.pair_config(self.busy, self.frontend)
        config["services"]["backend"]["port"] = {"prefer": self.busy, "strict": True}
        self.conflicted.write("devinit.json", config)
        result = self.conflicted.expect_code(1, "start")
        self.assertIn(str(self.holder.pid), result.err)
        self.assertIn(str(self.busy), result.err)

    def test_a_fallback_is_no_new_preference(self):
        self.hold()
        self.conflicted.succeed("start")
        self.assert_moved()
        self.conflicted.succeed("stop")
        self.holder.kill()
        self.holder.wait()
        self.conflicted.succeed("start")
        self.assertEqual(self.conflicted.ports()["backend"], self.busy)

    def test_a_misspelt_rule(self):
        result = self.conflicted.expect_code(2, "start", "--on-conflict", "kil")
        self.assertIn("`kill`", result.err)


class NeverKilled(BusyPort):
    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_a_process_of_another_user(self):
        self.hold(user=NOBODY)
        result = self.conflicted.succeed("start", "--force")
        self.assert_moved()
        self.assertRegex(result.err, r"(?i)user|uid")

    def test_an_ancestor(self):
        with socket.create_server(("127.0.0.1", self.busy)):
            result = self.conflicted.succeed("start", "--force")
            self.assertIn("ancestor", result.err)
            self.assertIn(str(os.getpid()), result.err)
            self.assertEqual(self.conflicted.ports()["backend"], self.conflicted.block[2])

    def test_no_question_about_what_would_be_refused(self):
        with socket.create_server(("127.0.0.1", self.busy)):
            terminal = self.conflicted.pty("start")
            self.assertEqual(terminal.wait(), 0, terminal.text)
            self.assertNotRegex(terminal.text, QUESTION)
            self.assertIn("ancestor", terminal.text)

    def test_a_service_of_another_running_project(self):
        other = Project(self, block=self.conflicted.block)
        other.write("devinit.json", {"project": "bookshop", "services": {"shop": {"command": listener("--name", "shop"), "port": self.busy}}})
        other.succeed("start")
        result = self.conflicted.succeed("start", "--force")
        self.assertEqual(other.identity(self.busy)["name"], "shop")
        self.assertEqual(self.conflicted.ports()["backend"], self.conflicted.block[2])
        self.assertIn("bookshop", result.err)
        self.assertIn("shop", result.err)

    def test_a_client_of_the_port_is_not_its_holder(self):
        self.hold()
        with socket.create_connection(("127.0.0.1", self.busy)):
            self.conflicted.succeed("start", "--force")
        self.assert_killed()


class ManyBusyPorts(DevinitTest):
    def test_a_hundred_tries_and_then_the_holders_are_named(self):
        project = self.single(block_size=140)
        busy = [socket.create_server(("127.0.0.1", project.block[index])) for index in range(100)]
        try:
            result = project.expect_code(1, "start")
            self.assertIn(str(os.getpid()), result.err)
            self.assertEqual(project.events.all("started"), [])
            busy.pop().close()
            project.succeed("start")
            self.assertEqual(project.ports()["backend"], project.block[99])
        finally:
            for server in busy:
                server.close()

    def test_fallbacks_stay_inside_the_range(self):
        project = self.project()
        first, last = project.block[0], project.block[2]
        service = {"command": listener(), "port": {"prefer": first, "range": f"{first}-{last}"}}
        project.write("devinit.json", {"services": {"backend": service}})
        busy = [socket.create_server(("127.0.0.1", port)) for port in (first, first + 1)]
        try:
            project.succeed("start")
            self.assertEqual(project.ports()["backend"], last)
            project.succeed("stop")
            busy.append(socket.create_server(("127.0.0.1", last)))
            project.expect_code(1, "start")
        finally:
            for server in busy:
                server.close()

    def test_a_listener_on_any_address_makes_it_busy(self):
        for address, family in (("0.0.0.0", socket.AF_INET), ("::1", socket.AF_INET6), ("::", socket.AF_INET6)):
            with self.subTest(address):
                project = self.single()
                try:
                    server = socket.create_server((address, project.block[0]), family=family)
                except OSError:
                    self.skipTest("no IPv6 here")
                with server:
                    project.succeed("start")
                    self.assertEqual(project.ports()["backend"], project.block[1])
                project.succeed("stop")


class Kill(DevinitTest):
    def test_it_frees_a_port(self):
        project = self.project()
        holder = project.stranger(port=project.block[0])
        result = project.succeed("kill", str(project.block[0]), "-y")
        holder.wait(timeout=30)
        self.assertIn(str(holder.pid), result.text)

    def test_it_asks_on_a_terminal(self):
        project = self.project()
        holder = project.stranger(port=project.block[0])
        terminal = project.pty("kill", str(project.block[0]))
        terminal.expect(r"\[y/N\]")
        terminal.send("n\n")
        terminal.wait()
        self.assertIsNone(holder.poll())
        terminal = project.pty("kill", str(project.block[0]))
        terminal.expect(r"\[y/N\]")
        terminal.send("y\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        holder.wait(timeout=30)

    def test_without_a_terminal_and_without_yes_nobody_dies(self):
        project = self.project()
        holder = project.stranger(port=project.block[0])
        result = project.expect_code(1, "kill", str(project.block[0]))
        self.assertIn(str(holder.pid), result.text)
        self.assertIsNone(holder.poll())

    def test_it_refuses_an_ancestor(self):
        project = self.project()
        with socket.create_server(("127.0.0.1", project.block[0])):
            self.assertIn("ancestor", project.expect_code(1, "kill", str(project.block[0]), "-y").err)

    def test_it_refuses_a_service_and_names_the_way(self):
        project = self.single()
        project.succeed("start")
        result = project.expect_code(1, "kill", str(project.block[0]), "-y")
        self.assertIn("devinit stop", result.err)
        self.assertTrue(processes.is_alive(project.service()["pid"]))

    def test_ports_are_never_coerced(self):
        project = self.project()
        for word in ("0", "65536", "-1", "010", "0x50", " 80", "8000.0", "http", ""):
            with self.subTest(word):
                self.assertEqual(project.run("kill", word).code, 2)

    def test_a_free_port_is_said_to_be_free(self):
        project = self.project()
        result = project.run("kill", str(project.block[0]), "-y")
        self.assertRegex(result.text, re.compile("free|nobody|nothing|no process", re.IGNORECASE))


if __name__ == "__main__":
    harness.main()
