"""`hooks`: commands at the points of a service's life."""

import signal

import harness
import processes
from harness import DevinitTest
from waiting import wait_until


def note(word):
    return f"echo {word} >> notes"


class HookTest(DevinitTest):
    ALL = {name: note(name) for name in ("before_start", "after_ready", "before_stop", "after_exit")}

    def hooked(self, hooks, *arguments, **settings):
        return self.single(*arguments, settings={"hooks": hooks, **settings})

    def notes(self, project):
        return project.read("notes").split() if project.exists("notes") else []

    def wait_notes(self, project, count):
        wait_until(project.root, lambda: len(self.notes(project)) >= count)
        return self.notes(project)


class Order(HookTest):
    def test_of_a_life(self):
        project = self.hooked(self.ALL)
        project.succeed("start")
        self.assertEqual(self.wait_notes(project, 2), ["before_start", "after_ready"])
        project.succeed("stop")
        self.assertEqual(self.notes(project), ["before_start", "after_ready", "before_stop", "after_exit"])
        project.assert_nothing_left()

    def test_of_a_crash(self):
        project = self.hooked(self.ALL)
        project.succeed("start")
        self.wait_notes(project, 2)
        processes.send(project.service()["pid"], signal.SIGKILL)
        notes = self.wait_notes(project, 5)
        self.assertEqual(notes[:5], ["before_start", "after_ready", "after_exit", "before_start", "after_ready"])

    def test_before_start_comes_before_the_first_process(self):
        project = self.hooked({"before_start": "printf prepared > input"}, "--read-file", "input")
        project.succeed("start")
        self.assertEqual(project.events.wait("started")["file"], "prepared")

    def test_after_exit_comes_when_nothing_is_left(self):
        script = 'import os, socket; socket.create_server(("127.0.0.1", int(os.environ["PORT"]))); print("it is free")'
        project = self.hooked({"after_exit": f"{harness.PYTHON} -c '{script}'"})
        project.succeed("start")
        project.succeed("stop")
        self.assertIn("it is free", project.succeed("logs").out)

    def test_of_a_task(self):
        project = self.project()
        task = {"kind": "task", "command": note("itself"), "hooks": {"before_start": note("before"), "after_exit": note("after")}}
        project.write("devinit.json", {"services": {"seed": task}})
        project.succeed("start")
        self.assertEqual(self.wait_notes(project, 3), ["before", "itself", "after"])


class Place(HookTest):
    def test_folder_environment_and_templates_of_the_service(self):
        hooks = {"before_start": 'echo "$PWD $WORD $PORT {port}" > ../seen'}
        project = self.single(settings={"hooks": hooks, "cwd": "sub", "env": {"WORD": "word"}})
        project.write("sub/file", "")
        project.succeed("start")
        port = str(project.block[0])
        self.assertEqual(project.read("seen").split(), [project.path("sub"), "word", port, port])

    def test_output_goes_to_the_log(self):
        project = self.hooked({"before_start": "echo said before; echo and complained >&2", "after_ready": "echo said after"})
        project.succeed("start")
        wait_until(project.path(".devinit/logs"), lambda: "said after" in project.run("logs").out)
        self.assertRegex(project.run("logs").out, r"said before[\s\S]*and complained")


class Failing(HookTest):
    def test_before_start_is_a_failed_start(self):
        project = self.hooked({"before_start": "echo no such table; exit 9", "after_exit": note("after_exit")}, restart="never")
        result = project.expect_code(1, "start")
        self.assertIn("before_start", result.text)
        self.assertIn("9", result.text)
        self.assertIn("no such table", result.text)
        self.assertEqual(project.events.all("started"), [])
        project.assert_nothing_left()

    def test_after_ready_is_told_and_nothing_else(self):
        project = self.hooked({"after_ready": "exit 9"})
        up = project.spawn("up")
        up.expect("after_ready")
        self.assertEqual(project.service()["state"], "ready")
        self.assertEqual(project.service()["restarts"], 0)
        up.interrupt()
        up.wait()

    def test_before_stop_does_not_keep_it(self):
        project = self.hooked({"before_stop": "exit 9"})
        project.succeed("start")
        project.succeed("stop")
        project.assert_nothing_left()


class Hanging(HookTest):
    def test_before_stop_has_the_grace_at_most(self):
        project = self.hooked({"before_stop": note("asked") + "; exec sleep 1000"}, stop={"grace": "500ms"})
        project.succeed("start")
        project.succeed("stop")
        self.assertEqual(self.notes(project), ["asked"])
        project.assert_nothing_left()

    def test_before_start_is_ended_by_a_stop(self):
        project = self.hooked({"before_start": note("asked") + "; exec sleep 1000"}, ready={"deadline": "1000s"})
        start = project.spawn("start")
        self.wait_notes(project, 1)
        project.succeed("stop")
        start.wait()
        project.assert_nothing_left()

    def test_before_start_ends_with_the_deadline(self):
        project = self.hooked({"before_start": "exec sleep 1000"}, ready={"deadline": "500ms"}, restart="never")
        project.expect_code(1, "start")
        project.assert_nothing_left()

    def test_after_ready_does_not_outlive_its_service(self):
        project = self.hooked({"after_ready": note("asked") + "; exec sleep 1000"})
        project.succeed("start")
        self.wait_notes(project, 1)
        project.succeed("stop")
        project.assert_nothing_left()

    def test_after_ready_ends_with_a_run_that_crashes(self):
        project = self.hooked({"after_ready": "sleep 1000; " + note("overslept"), "before_start": note("before")})
        project.succeed("start")
        processes.send(project.service()["pid"], signal.SIGKILL)
        self.wait_notes(project, 2)
        project.wait_state("backend", "ready")
        project.succeed("stop")
        self.assertNotIn("overslept", self.notes(project))
        project.assert_nothing_left()

    def test_after_exit_has_the_grace_at_most_and_is_named(self):
        project = self.hooked({"after_exit": note("asked") + "; exec sleep 1000"}, stop={"grace": "3s"})
        project.succeed("start")
        stop = project.spawn("stop")
        stop.expect(r"backend: waiting for its after_exit hook: sleep \(\d+\)")
        self.assertEqual(stop.wait(), 0, stop.text)
        project.assert_nothing_left()

    def test_kill_9_of_the_guardian_of_a_hook_leaves_nothing(self):
        for which in ("before_start", "after_ready"):
            with self.subTest(which):
                script = "trap '' TERM; (setsid sleep 1000 & echo $! > pid); echo asked >> notes; sleep 1000"
                project = self.hooked({which: script}, ready={"deadline": "1000s"}, restart="never")
                up = project.spawn("up")
                self.wait_notes(project, 1)
                sleeper = int(project.read("pid"))
                processes.send(processes.parent_of(sleeper), signal.SIGKILL)
                up.expect(f"{which} hook was lost")
                self.assertFalse(processes.is_alive(sleeper))
                project.succeed("stop")
                up.wait()
                project.assert_nothing_left()

    def test_a_hook_leaves_no_daemon(self):
        project = self.hooked({"before_start": "setsid sleep 1000 >/dev/null 2>&1 & sleep 0.05"})
        project.succeed("start")
        project.succeed("stop")
        project.assert_nothing_left()

    def test_kill_9_of_the_supervisor_ends_a_hook(self):
        project = self.hooked({"before_start": note("asked") + "; exec sleep 1000"}, ready={"deadline": "1000s"})
        start = project.spawn("start")
        self.wait_notes(project, 1)
        processes.send(project.supervisor(), signal.SIGKILL)
        start.wait()
        project.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
