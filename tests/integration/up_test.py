"""`up`: start, stream, and stop what it started when it ends, however it ends."""

import signal

import harness
import processes
from harness import DevinitTest


class Up(DevinitTest):
    def up(self, project, *arguments, terminal=True):
        """An `up` whose two services are ready."""
        conversation = project.pty("up", *arguments) if terminal else project.spawn("up", *arguments)
        project.events.wait("listening", name="frontend")
        project.wait_state("frontend", "ready")
        return conversation

    def assert_stopped(self, project):
        project.wait_service("backend", lambda service: service["state"] == "stopped")
        project.assert_nothing_left()


class Ends(Up):
    def test_by_ctrl_c(self):
        project = self.pair()
        terminal = self.up(project)
        terminal.interrupt()
        self.assertIn(terminal.wait(), (0, 130), terminal.text)
        # Proven when it returns, not some time later.
        self.assertEqual([service["state"] for service in project.status()["services"]], ["stopped", "stopped"])
        project.assert_nothing_left()
        self.assertEqual([entry["name"] for entry in project.events.all("signal", signal="SIGTERM")], ["frontend", "backend"])

    def test_by_a_closed_terminal(self):
        project = self.pair()
        terminal = self.up(project)
        terminal.hang_up()
        terminal.wait()
        self.assert_stopped(project)

    def test_by_kill_9(self):
        project = self.pair()
        terminal = self.up(project)
        terminal.process.kill()
        terminal.wait()
        self.assert_stopped(project)

    def test_by_sigterm(self):
        project = self.pair()
        up = self.up(project, terminal=False)
        up.process.send_signal(signal.SIGTERM)
        up.wait()
        self.assert_stopped(project)

    def test_by_stop_from_elsewhere(self):
        project = self.pair()
        terminal = self.up(project)
        project.succeed("stop")
        terminal.wait()
        project.assert_nothing_left()

    def test_by_ctrl_c_twice(self):
        project = self.pair(backend=["--ignore-term"])
        terminal = self.up(project)
        terminal.interrupt()
        project.events.wait("signal", name="backend", signal="SIGTERM")
        terminal.interrupt()
        self.assertIn(terminal.wait(), (0, 130))
        self.assert_stopped(project)

    def test_when_nothing_comes_up(self):
        project = self.single("--crash", "--print-text", "no database", settings={"restart": "never"})
        up = project.spawn("up")
        self.assertEqual(up.wait(), 1)
        self.assertIn("no database", up.text)
        self.assert_stopped_or_failed(project)

    def assert_stopped_or_failed(self, project):
        self.assertIn(project.service()["state"], ("stopped", "failed"))
        project.assert_nothing_left()


class Holds(Up):
    def test_only_what_it_started(self):
        project = self.pair()
        project.succeed("start", "backend")
        backend = project.service("backend")["pid"]
        terminal = self.up(project)
        terminal.interrupt()
        terminal.wait()
        self.assertEqual(project.service("frontend")["state"], "stopped")
        self.assertEqual(project.service("backend")["pid"], backend)
        self.assertTrue(processes.is_alive(backend))

    def test_nothing_and_says_so(self):
        project = self.pair()
        project.succeed("start")
        terminal = project.pty("up")
        terminal.expect("(?i)already|running|ready|attached")
        terminal.interrupt()
        self.assertIn(terminal.wait(), (0, 130))
        self.assertRegex(terminal.text, r"(?i)detach")
        self.assertEqual([service["state"] for service in project.status()["services"]], ["ready", "ready"])

    def test_a_start_takes_over_what_an_up_began(self):
        project = self.pair()
        terminal = self.up(project)
        project.succeed("start")
        terminal.interrupt()
        terminal.wait()
        self.assertEqual([service["state"] for service in project.status()["services"]], ["ready", "ready"])


class Streams(Up):
    def test_lines_are_prefixed_and_coloured_on_a_terminal(self):
        project = self.pair(backend=["--print-text", "hello from the back"])
        terminal = self.up(project)
        terminal.expect("hello from the back")
        line = next(line for line in terminal.text.splitlines() if "hello from the back" in line)
        self.assertIn("backend", line)
        self.assertIn("\x1b[", line)

    def test_plain_in_a_pipe(self):
        project = self.pair(backend=["--print-text", "hello from the back"])
        up = self.up(project, terminal=False)
        up.expect(r"backend.*hello from the back")
        self.assertNotIn("\x1b", up.text)

    def test_what_is_printed_later(self):
        project = self.pair()
        terminal = self.up(project)
        project.get(project.block[1], "/print/later")
        terminal.expect(r"frontend.*later")

    def test_a_crash_is_said_and_the_stream_goes_on(self):
        project = self.pair()
        terminal = self.up(project)
        processes.send(project.service("backend")["pid"], signal.SIGKILL)
        project.events.wait("listening", count=2, name="backend")
        terminal.expect("SIGKILL")
        project.get(project.block[0], "/print/again")
        terminal.expect(r"backend.*again")


if __name__ == "__main__":
    harness.main()
