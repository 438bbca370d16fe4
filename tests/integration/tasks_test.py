"""`kind: task`: migrations, code generation; each start, or once per checkout."""

import signal

import harness
import processes
from harness import DevinitTest, listener, stub
from remote import Remote


def task(*arguments, **settings):
    return {"kind": "task", "command": stub("worker", *arguments), **settings}


class TaskTest(DevinitTest):
    def with_task(self, *arguments, **settings):
        """A task `migrate`, that ends well unless told otherwise, and a backend that needs it."""
        project = self.project()
        self.configure(project, *(arguments or ("--exit", 0)), **settings)
        return project

    def configure(self, project, *arguments, **settings):
        backend = {"command": listener("--name", "backend"), "port": project.block[0], "depends_on": ["migrate"]}
        project.write("devinit.json", {"services": {"migrate": task(*arguments, **settings), "backend": backend}})

    def runs(self, project):
        return len(project.events.all("started", name="migrate"))


class Each(TaskTest):
    def test_it_runs_at_each_start(self):
        project = self.with_task()
        project.succeed("start")
        self.assertEqual(project.service("migrate")["state"], "completed")
        self.assertEqual(project.service("migrate")["exit_code"], 0)
        self.assertEqual(project.run("status").code, 0, "a completed task is as it should be")
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(self.runs(project), 2)

    def test_a_start_waits_for_one_shot_services_and_succeeds(self):
        """Demand: `up --wait` must not fail on one-shot services."""
        project = self.project()
        project.write("devinit.json", {"services": {"seed": task("--exit", 0, "--print", "seeded")}})
        project.succeed("start")
        self.assertEqual(len(project.events.all("ended", name="seed")), 1)
        self.assertIn("seeded", project.succeed("logs", "seed").out)
        project.succeed("status")
        project.assert_nothing_left()

    def test_an_up_of_tasks_alone_ends_with_them(self):
        project = self.project()
        project.write("devinit.json", {"services": {"seed": task("--exit", 0), "more": task("--exit", 0)}})
        project.succeed("up")
        project.assert_nothing_left()

    def test_it_runs_again_on_a_restart_by_name(self):
        project = self.with_task()
        project.succeed("start")
        backend = project.service("backend")["pid"]
        project.succeed("restart", "migrate")
        self.assertEqual(self.runs(project), 2)
        self.assertEqual(project.service("backend")["pid"], backend)

    def test_what_it_leaves_running_is_ended(self):
        project = self.project()
        command = "trap '' HUP; (setsid sleep 1000 &) ; exit 0"
        project.write("devinit.json", {"services": {"seed": {"kind": "task", "command": command}}})
        project.succeed("start")
        self.assertEqual(project.service("seed")["state"], "completed")
        project.assert_nothing_left()


class Failing(TaskTest):
    def test_it_is_not_tried_again_and_tells_why(self):
        project = self.with_task("--exit", 7, "--print", "relation exists")
        result = project.expect_code(1, "start")
        self.assertEqual(self.runs(project), 1)
        self.assertIn("relation exists", result.text)
        self.assertRegex(result.text, r"exited with code 7")
        self.assertEqual(project.service("migrate")["state"], "failed")
        self.assertEqual(project.run("status").code, 3)

    def test_it_is_tried_again_when_asked(self):
        project = self.with_task("--exit", 7, restart={"policy": "on-failure", "max": 3})
        project.expect_code(1, "start")
        self.assertEqual(self.runs(project), 3)

    def test_it_may_get_well(self):
        project = self.with_task("--exit-from", "status", restart="on-failure")
        project.write("status", "1")
        start = project.spawn("start")
        project.events.wait("ended", name="migrate", status=1)
        project.write("status", "0")
        self.assertEqual(start.wait(), 0, start.text)
        self.assertEqual(project.service("migrate")["state"], "completed")

    def test_exit_codes_that_must_not_restart(self):
        project = self.with_task("--exit", 64, restart={"policy": "on-failure", "never_on": [64]})
        project.expect_code(1, "start")
        self.assertEqual(self.runs(project), 1)

    def test_a_signal_is_named(self):
        project = self.project()
        project.write("devinit.json", {"services": {"seed": {"kind": "task", "command": "kill -SEGV $$"}}})
        self.assertIn("SIGSEGV", project.expect_code(1, "start").text)


class Once(TaskTest):
    def test_once_per_checkout(self):
        project = self.with_task(run="once")
        for _ in range(2):
            project.succeed("start")
            project.succeed("stop")
        self.assertEqual(self.runs(project), 1)
        project.succeed("start")
        self.assertEqual(project.service("migrate")["state"], "completed")

    def test_again_when_its_command_changes(self):
        project = self.with_task(run="once")
        project.succeed("start")
        project.succeed("stop")
        self.configure(project, "--exit", 0, "--print", "another", run="once")
        project.succeed("start")
        self.assertEqual(self.runs(project), 2)

    def test_again_when_its_inputs_change(self):
        project = self.with_task("--exit", 0, run="once", inputs=["migrations/**"])
        project.write("migrations/001.sql", "create")
        project.succeed("start")
        project.succeed("stop")
        changes = (("migrations/001.sql", "create table"), ("migrations/deep/002.sql", "alter"))
        for count, (name, text) in enumerate(changes, start=2):
            project.write(name, text)
            project.succeed("start")
            project.succeed("stop")
            self.assertEqual(self.runs(project), count, name)
        project.write("other/file", "not an input")
        project.succeed("start")
        self.assertEqual(self.runs(project), 3)

    def test_again_when_it_failed(self):
        project = self.with_task("--exit-from", "status", run="once")
        project.write("status", "1")
        project.expect_code(1, "start")
        project.write("status", "0")
        project.succeed("start")
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(self.runs(project), 2)

    def test_a_restart_by_name_runs_it_in_any_case(self):
        project = self.with_task(run="once")
        project.succeed("start")
        project.succeed("restart", "migrate")
        self.assertEqual(self.runs(project), 2)

    def test_a_start_by_name_says_that_it_is_done(self):
        project = self.with_task(run="once")
        project.succeed("start")
        result = project.succeed("start", "migrate")
        self.assertEqual(self.runs(project), 1)
        self.assertIn("devinit restart migrate", result.text)

    def test_one_that_was_stopped_has_not_been_done(self):
        project = self.project()
        remote = Remote(project, "migrate")
        project.write("devinit.json", {"services": {"migrate": {"kind": "task", "command": remote.command(), "run": "once"}}})
        start = project.spawn("start")
        project.events.wait("started", name="migrate")
        project.wait_state("migrate", "running")
        project.succeed("stop")
        self.assertNotEqual(start.wait(), 0)
        start = project.spawn("start")
        project.events.wait("started", name="migrate", count=2)
        remote.tell("exit 0")
        self.assertEqual(start.wait(), 0, start.text)

    def test_one_whose_supervisor_was_killed_has_not_been_done(self):
        project = self.project()
        remote = Remote(project, "migrate")
        project.write("devinit.json", {"services": {"migrate": {"kind": "task", "command": remote.command(), "run": "once"}}})
        start = project.spawn("start")
        pid = project.events.wait("started", name="migrate")["pid"]
        supervisor = project.supervisor()
        processes.send(supervisor, signal.SIGKILL)
        self.assertTrue(processes.wait_gone(pid, harness.PATIENCE))
        start.wait()
        start = project.spawn("start")
        project.events.wait("started", name="migrate", count=2)
        remote.tell("exit 0")
        self.assertEqual(start.wait(), 0, start.text)

    def test_another_checkout_has_a_record_of_its_own(self):
        first, second = self.with_task(run="once"), self.with_task(run="once")
        for project in (first, second):
            project.succeed("start")
            self.assertEqual(self.runs(project), 1)

    def test_a_damaged_record_runs_it_again(self):
        project = self.with_task(run="once")
        project.succeed("start")
        project.succeed("stop")
        project.write(".devinit/tasks.json", "{")
        project.succeed("start")
        self.assertEqual(self.runs(project), 2)


if __name__ == "__main__":
    harness.main()
