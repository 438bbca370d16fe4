"""`wait`: returns as soon as services are as they should be, and says who is not."""

import json
import signal

import harness
import processes
from harness import DevinitTest
from waiting import wait_until


def blocks_interrupts(pid):
    """Whether Ctrl-C is something that the command reads, no longer its sudden end."""
    lines = processes.read_bytes(f"/proc/{pid}/status").splitlines()
    mask = next(int(line.split()[1], 16) for line in lines if line.startswith(b"SigBlk"))
    return mask >> (signal.SIGINT - 1) & 1


class Returns(DevinitTest):
    def test_at_once_when_all_is_ready(self):
        project = self.pair()
        project.succeed("start")
        project.succeed("wait")
        project.succeed("wait", "backend", "--for", "started")

    def test_when_a_start_elsewhere_has_made_all_ready(self):
        project = self.pair()
        wait = project.spawn("wait", "frontend")
        project.succeed("start")
        self.assertEqual(wait.wait(), 0, wait.text)

    def test_when_an_up_elsewhere_has(self):
        project = self.pair()
        wait = project.spawn("wait")
        up = project.spawn("up")
        self.assertEqual(wait.wait(), 0, wait.text)
        up.interrupt()
        up.wait()

    def test_when_all_is_stopped(self):
        project = self.pair()
        project.succeed("wait", "--for", "stopped")
        project.succeed("start")
        wait = project.spawn("wait", "--for", "stopped")
        project.succeed("stop")
        self.assertEqual(wait.wait(), 0, wait.text)

    def test_when_a_task_has_ended_however(self):
        project = self.project()
        project.write("devinit.json", {"services": {"tests": {"kind": "task", "command": "exit 3"}}})
        project.expect_code(1, "start")
        self.assertIn("tests has ended with exit code 3", project.succeed("wait", "tests", "--for", "completed").err)

    def test_the_state_as_json(self):
        project = self.pair()
        project.succeed("start")
        status = json.loads(project.succeed("wait", "--json").out)
        self.assertEqual([service["state"] for service in status["services"]], ["ready", "ready"])


class Fails(DevinitTest):
    def test_when_one_has_failed_for_good(self):
        project = self.single("--crash", "--print-text", "no database", settings={"restart": "never"})
        wait = project.spawn("wait", "backend")
        up = project.spawn("start")
        self.assertEqual(wait.wait(), 1, wait.text)
        self.assertIn("backend failed", wait.text)
        self.assertIn("no database", wait.text)
        up.wait()

    def test_when_the_time_is_over_and_says_who_is_late(self):
        project = self.single("--never-listen")
        start = project.spawn("start")
        project.wait_state("backend", "starting")
        result = project.expect_code(1, "wait", "backend", "--timeout", "200ms")
        self.assertRegex(result.err, r"not all ready after 200ms: backend is starting")
        start.interrupt()
        start.wait()

    def test_with_an_error_document_for_programs(self):
        project = self.single("--crash", settings={"restart": "never"})
        wait = project.spawn("wait", "backend", "--json")
        wait_until(project.root, lambda: blocks_interrupts(wait.process.pid))
        project.expect_code(1, "start")
        self.assertEqual(wait.wait(), 1, wait.text)
        self.assertIn('"code":"failed"', wait.text)
        late = project.expect_code(1, "wait", "--for", "ready", "--timeout", "50ms", "--json")
        self.assertEqual(json.loads(late.out)["code"], "timeout")

    def test_when_nobody_starts_anything(self):
        result = self.pair().expect_code(1, "wait", "--timeout", "100ms")
        self.assertIn("nothing has been started", result.err)

    def test_when_interrupted(self):
        project = self.pair()
        wait = project.pty("wait")
        wait_until(project.root, lambda: blocks_interrupts(wait.process.pid))
        wait.interrupt()
        self.assertEqual(wait.wait(), 130)
        self.assertFalse(project.exists(".devinit"), "who only waits leaves nothing behind")

    def test_for_an_unknown_service(self):
        self.assertIn("`backend`", self.pair().expect_code(2, "wait", "backnd").err)


if __name__ == "__main__":
    harness.main()
