"""`kind: scheduled`: a task that runs again and again."""

import time

import harness
import processes
from harness import DevinitTest, stub
from remote import Remote


class ScheduledTest(DevinitTest):
    def scheduled(self, schedule, command, **settings):
        project = self.project()
        project.write("devinit.json", {"services": {"report": {"kind": "scheduled", "command": command, "schedule": schedule, **settings}}})
        return project


class Interval(ScheduledTest):
    def test_a_start_does_not_wait_for_a_run(self):
        project = self.scheduled("every 1h", stub("worker", "--name", "report", "--exit", 0))
        project.succeed("start")
        self.assertEqual(project.service("report")["state"], "scheduled")
        self.assertGreater(project.service("report")["next_run"], time.time())
        self.assertRegex(project.run("status").out, r"next run")
        self.assertEqual(project.run("status").code, 0)

    def test_it_runs_again_and_again(self):
        project = self.scheduled("every 1s", stub("worker", "--name", "report", "--exit", 0))
        project.succeed("start")
        project.events.wait("ended", name="report", count=3)
        project.succeed("stop")
        project.assert_nothing_left()

    def test_a_run_that_takes_longer_is_not_overtaken(self):
        project = self.project()
        remote = Remote(project, "report")
        ticks = {"kind": "scheduled", "command": stub("worker", "--name", "tick", "--exit", 0), "schedule": "every 1s"}
        report = {"kind": "scheduled", "command": remote.command(), "schedule": "every 1s"}
        project.write("devinit.json", {"services": {"report": report, "tick": ticks}})
        project.succeed("start")
        project.events.wait("started", name="report")
        # Another schedule of the same interval shows that the time of a second run has come and gone.
        project.events.wait("ended", name="tick", count=len(project.events.all("ended", name="tick")) + 3)
        self.assertEqual(len(project.events.all("started", name="report")), 1)
        self.assertEqual(project.service("report")["state"], "running")
        remote.tell("exit 0")
        project.events.wait("started", name="report", count=2)

    def test_a_run_that_fails_is_told_and_the_schedule_goes_on(self):
        project = self.scheduled("every 1s", stub("worker", "--name", "report", "--exit", 3))
        project.succeed("start")
        project.events.wait("ended", name="report", count=7)
        service = project.wait_state("report", "scheduled")
        self.assertEqual(service["exit_code"], 3)
        self.assertIn("3", service["detail"])

    def test_a_stop_ends_a_run(self):
        project = self.scheduled("every 1s", stub("worker", "--name", "report"))
        project.succeed("start")
        pid = project.events.wait("started", name="report")["pid"]
        project.succeed("stop")
        self.assertFalse(processes.is_alive(pid))
        project.assert_nothing_left()

    def test_it_waits_for_what_it_depends_on(self):
        project = self.project()
        remote = Remote(project, "db")
        services = {
            "db": {"command": remote.command(), "ready": {"log": "accepting"}},
            "report": {"kind": "scheduled", "command": stub("worker", "--name", "report", "--exit", 0), "schedule": "every 1s", "depends_on": ["db"]},
        }
        project.write("devinit.json", {"services": services})
        start = project.spawn("start")
        project.events.wait("started", name="db")
        remote.tell("print accepting")
        self.assertEqual(start.wait(), 0, start.text)
        project.events.wait("started", name="report")

    def test_a_restart_by_name_runs_it_now(self):
        project = self.scheduled("every 1h", stub("worker", "--name", "report", "--exit", 0))
        project.succeed("start")
        self.assertEqual(project.events.all("started", name="report"), [])
        project.succeed("restart", "report")
        project.events.wait("ended", name="report")
        project.wait_state("report", "scheduled")
        self.assertEqual(len(project.events.all("started", name="report")), 1)

    def test_an_up_lasts_while_something_is_scheduled(self):
        project = self.scheduled("every 1s", stub("worker", "--name", "report", "--exit", 0))
        up = project.spawn("up")
        project.events.wait("ended", name="report", count=3)
        self.assertIsNone(up.process.poll())
        up.interrupt()
        up.wait()
        project.assert_nothing_left()


class Cron(ScheduledTest):
    def test_the_next_time_is_shown(self):
        project = self.scheduled("30 3 * * *", "true")
        project.succeed("start", environment={"TZ": "UTC"})
        moment = time.gmtime(project.service("report")["next_run"])
        self.assertEqual((moment.tm_hour, moment.tm_min, moment.tm_sec), (3, 30, 0))

    def test_every_minute(self):
        project = self.scheduled("* * * * *", "true")
        project.succeed("start")
        moment = project.service("report")["next_run"]
        self.assertEqual(moment % 60, 0)
        self.assertLessEqual(moment - time.time(), 60)

    def test_mistakes_are_mistakes_of_the_configuration(self):
        for schedule in ("61 * * * *", "* * *", "every 3 bananas", "every 10ms", "@sometimes"):
            with self.subTest(schedule):
                self.assertRegex(self.scheduled(schedule, "true").expect_code(2, "start").err, r"devinit\.json:\d+:\d+")


if __name__ == "__main__":
    harness.main()
