"""`wait`: returns as soon as services are as they should be, and says who is not."""

import json

import harness
from harness import DevinitTest
from waiting import wait_until


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

    def test_when_nobody_starts_anything(self):
        result = self.pair().expect_code(1, "wait", "--timeout", "100ms")
        self.assertIn("nothing has been started", result.err)

    def test_when_interrupted(self):
        project = self.pair()
        wait = project.pty("wait")
        # The folder that it watches is there as soon as it waits.
        wait_until(project.root, lambda: project.exists(".devinit"))
        wait.interrupt()
        self.assertEqual(wait.wait(), 130)

    def test_for_an_unknown_service(self):
        self.assertIn("`backend`", self.pair().expect_code(2, "wait", "backnd").err)


if __name__ == "__main__":
    harness.main()
