"""`status`: the documented document, the exit code, the line per service; answered when the supervisor is stopped or dead."""

import json
import os
import signal

import harness
import processes
from harness import DevinitTest, listener

STATES = {"stopped", "waiting", "claiming", "starting", "ready", "backing_off", "failed", "stopping"}
KEYS = {"name", "state", "ready", "pid", "port", "ports", "url", "restarts", "uptime_s", "since", "detail"}


class Document(DevinitTest):
    def test_its_shape(self):
        project = self.pair()
        project.succeed("start")
        status = project.status()
        self.assertLessEqual({"project", "root", "supervisor", "services"}, set(status))
        self.assertEqual(status["project"], "project")
        self.assertEqual(status["root"], os.path.realpath(project.root))
        self.assertEqual(status["supervisor"]["running"], True)
        self.assertTrue(processes.is_alive(status["supervisor"]["pid"]))
        self.assertEqual([service["name"] for service in status["services"]], ["backend", "frontend"])
        for service in status["services"]:
            self.assertLessEqual(KEYS, set(service))
            self.assertIn(service["state"], STATES)

    def test_a_ready_service(self):
        project = self.project()
        service = {"command": listener(), "port": project.block[0], "ports": {"metrics": project.block[3]}}
        project.write("devinit.json", {"services": {"backend": service}})
        project.succeed("start")
        shown = project.service()
        self.assertEqual(
            {key: shown[key] for key in ("state", "ready", "port", "ports", "url", "restarts")},
            {
                "state": "ready",
                "ready": True,
                "port": project.block[0],
                "ports": {"metrics": project.block[3]},
                "url": f"http://localhost:{project.block[0]}",
                "restarts": 0,
            },
        )
        self.assertEqual(shown["pid"], project.identity(project.block[0])["pid"])
        self.assertGreater(shown["since"], 1_600_000_000)
        self.assertGreaterEqual(shown["uptime_s"], 0)

    def test_a_stopped_project(self):
        project = self.pair()
        status = project.status()
        self.assertEqual(status["supervisor"], {"running": False, "pid": None})
        for service in status["services"]:
            self.assertEqual((service["state"], service["ready"], service["pid"]), ("stopped", False, None))

    def test_it_writes_nothing(self):
        project = self.pair()
        project.run("status")
        self.assertEqual(os.listdir(project.root), ["devinit.json"])


class ExitCode(DevinitTest):
    def test_3_until_something_is_wanted_and_everything_wanted_is_ready(self):
        project = self.pair()
        project.expect_code(3, "status")
        project.succeed("start", "backend")
        project.expect_code(0, "status")
        project.succeed("start")
        project.expect_code(0, "status")
        project.succeed("stop", "frontend")
        project.expect_code(0, "status")
        project.succeed("stop")
        project.expect_code(3, "status")

    def test_3_while_a_service_is_starting(self):
        project = self.single("--never-listen")
        start = project.spawn("start")
        project.events.wait("started")
        project.expect_code(3, "status")
        self.assertEqual(project.service()["state"], "starting")
        project.succeed("stop")
        self.assertNotEqual(start.wait(), 0)


class Lines(DevinitTest):
    def test_one_line_per_service(self):
        project = self.pair()
        project.succeed("start", "backend")
        lines = project.succeed("status").out.splitlines()
        backend = next(line for line in lines if "backend" in line)
        frontend = next(line for line in lines if "frontend" in line)
        self.assertIn("✓", backend)
        for shown in ("ready", str(project.block[0]), str(project.service()["pid"]), f"http://localhost:{project.block[0]}"):
            self.assertIn(shown, backend)
        self.assertIn("stopped", frontend)
        self.assertNotIn("✓", frontend)

    def test_a_failed_service(self):
        project = self.single("--crash", "--exit-code", "9", settings={"restart": "never"})
        project.run("start")
        line = next(line for line in project.expect_code(3, "status").out.splitlines() if "backend" in line)
        self.assertIn("✗", line)
        self.assertIn("failed", line)
        self.assertIn("exited with code 9", project.service()["detail"])

    def test_a_port_that_a_stranger_holds_is_shown_with_its_holder(self):
        project = self.single()
        holder = project.stranger(port=project.block[0])
        self.assertIn(str(holder.pid), project.expect_code(3, "status").out)

    def test_a_passive_port_is_external(self):
        project = self.single()
        project.write(".ports.json", {"redis": project.block[5]})
        project.succeed("start")
        line = next(line for line in project.succeed("status").out.splitlines() if "redis" in line)
        self.assertIn("external", line)
        project.stranger(port=project.block[5])
        listening = next(line for line in project.succeed("status").out.splitlines() if "redis" in line)
        self.assertNotEqual(listening, line)

    def test_another_listener_on_localhost_is_a_warning(self):
        project = self.single()
        project.succeed("start")
        try:
            project.stranger("--host", "::1", port=project.block[0])
        except AssertionError:
            self.skipTest("no IPv6 here")
        self.assertIn("⚠", project.succeed("status").out)

    def test_colour_only_on_a_terminal(self):
        project = self.pair()
        project.succeed("start")
        self.assertNotIn("\x1b", project.succeed("status").out)
        for arguments, environment, coloured in (
            ([], {}, True),
            (["--no-color"], {}, False),
            ([], {"NO_COLOR": "1"}, False),
            ([], {"TERM": "dumb"}, False),
        ):
            terminal = project.pty("status", *arguments, environment=environment)
            self.assertEqual(terminal.wait(), 0)
            self.assertEqual("\x1b[" in terminal.text, coloured, (arguments, environment))

    def test_hostile_text_does_not_reach_the_terminal(self):
        project = self.single("--crash", "--print-text", "\x1b]52;c;ZXZpbA==\x07 \u202e", settings={"restart": "never"})
        terminal = project.pty("start")
        self.assertEqual(terminal.wait(), 1)
        self.assertNotIn("\x1b]52", terminal.text)
        self.assertNotIn("\u202e", terminal.text)


class WithoutASupervisor(DevinitTest):
    def test_a_stopped_supervisor_does_not_stop_status(self):
        project = self.pair()
        project.succeed("start")
        supervisor = project.supervisor()
        processes.send(supervisor, signal.SIGSTOP)
        try:
            self.assertIn("ready", project.succeed("status").out)
        finally:
            processes.send(supervisor, signal.SIGCONT)

    def test_a_dead_supervisor_is_said(self):
        project = self.single()
        project.succeed("start")
        supervisor, guardian = project.supervisor(), project.guardian()
        for pid in (guardian, supervisor):
            processes.send(pid, signal.SIGSTOP)
        processes.send(supervisor, signal.SIGKILL)
        self.assertTrue(processes.wait_gone(supervisor, 30))
        result = project.expect_code(3, "status", "--json")
        status = json.loads(result.out)
        self.assertFalse(status["supervisor"]["running"])
        self.assertTrue(status["services"][0]["detail"])
        processes.send(guardian, signal.SIGCONT)
        self.assertTrue(processes.wait_gone(guardian, 30))
        self.assertEqual(project.service()["state"], "stopped")


if __name__ == "__main__":
    harness.main()
