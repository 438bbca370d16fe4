"""`limits`: what a service may take, and how it is told when it takes more."""

import os

import harness
import processes
from harness import DevinitTest, stub
from remote import Remote


class LimitTest(DevinitTest):
    def limited(self, limits, **settings):
        project = self.project()
        remote = Remote(project, "backend")
        project.write("devinit.json", {"services": {"backend": {"command": remote.command(), "limits": limits, **settings}}})
        return project, remote

    def facts(self, limits):
        project, _ = self.limited(limits)
        project.succeed("start")
        return project.events.wait("started", name="backend")


class OfEachProcess(LimitTest):
    def test_numbers_and_sizes(self):
        limits = self.facts({"nofile": 512, "core": 0, "fsize": "64MB", "stack": "4MB", "as": "2GB"})["limits"]
        self.assertEqual(limits["nofile"], 512)
        self.assertEqual(limits["core"], 0)
        self.assertEqual(limits["fsize"], 64 << 20)
        self.assertEqual(limits["stack"], 4 << 20)
        self.assertEqual(limits["as"], 2 << 30)

    def test_umask(self):
        self.assertEqual(self.facts({"umask": "027"})["umask"], 0o027)

    def test_nice(self):
        self.assertEqual(self.facts({"nice": 5})["nice"], os.nice(0) + 5)

    def test_what_the_kernel_refuses_is_a_failed_start_that_says_so(self):
        if os.geteuid() == 0:
            self.skipTest("the administrator may do everything")
        project, _ = self.limited({"nice": -20})
        self.assertRegex(project.run("start").text, r"nice")

    def test_the_guardian_and_the_supervisor_are_not_limited(self):
        project, _ = self.limited({"nofile": 20, "as": "512MB"})
        project.succeed("start")
        for pid in (project.guardian(), project.supervisor()):
            with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
                line = next(line for line in file if line.startswith("Max address space"))
            self.assertIn("unlimited", line)

    def test_mistakes(self):
        for limits in ({"nofile": "many"}, {"nice": 20}, {"umask": 27}, {"memory": "1KB"}, {"cpu": 0}, {"cpus": 1}):
            with self.subTest(str(limits)):
                project, _ = self.limited(limits)
                self.assertRegex(project.expect_code(2, "start").err, r"devinit\.json:\d+:\d+")


class OfTheTree(LimitTest):
    def test_too_much_memory_is_named_as_such(self):
        project, remote = self.limited({"memory": "64MB"}, restart="never")
        project.succeed("start")
        remote.send(f"eat {300 << 20}")
        service = project.wait_state("backend", "failed")
        self.assertIn("memory", service["detail"])
        self.assertIn("64 MB", service["detail"])
        self.assertIn("memory", project.run("status").out)
        project.assert_nothing_left()

    def test_a_child_counts(self):
        project = self.project()
        eat = "import time, os; x = b'x' * (300 << 20); time.sleep(1000)"
        command = f"{harness.PYTHON} -c \"{eat}\" & exec {' '.join(stub('worker', '--name', 'backend'))}"
        project.write("devinit.json", {"services": {"backend": {"command": command, "limits": {"memory": "96MB"}, "restart": "never"}}})
        project.run("start")
        self.assertIn("memory", project.wait_state("backend", "failed")["detail"])
        project.assert_nothing_left()

    def test_it_is_started_again_like_after_a_crash(self):
        project, remote = self.limited({"memory": "64MB"})
        project.succeed("start")
        remote.send(f"eat {300 << 20}")
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)

    def test_within_its_limit_nothing_happens(self):
        project, remote = self.limited({"memory": "512MB"})
        project.succeed("start")
        remote.tell(f"eat {32 << 20}")
        self.assertEqual(project.service()["restarts"], 0)
        self.assertEqual(project.service()["state"], "ready")

    def test_processor_time_is_limited_or_a_warning_says_why_not(self):
        project, _ = self.limited({"cpu": 0.5})
        up = project.spawn("up")
        project.wait_state("backend", "ready")
        if processes.read_bytes(f"/proc/{project.service()['pid']}/cgroup") == processes.read_bytes("/proc/self/cgroup"):
            up.expect(r"(?i)warning.*(processor|cpu)")
        up.interrupt()
        up.wait()


if __name__ == "__main__":
    harness.main()
