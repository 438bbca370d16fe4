"""`ready` and `live`: how a service is asked how it is, and what follows."""

import os
import signal

import harness
import processes
from harness import DevinitTest, stub
from remote import Remote
from waiting import wait_until


class ProbeTest(DevinitTest):
    def remote_service(self, **settings):
        """`backend`, a worker without a port under remote control."""
        project = self.project()
        remote = Remote(project, "backend")
        project.write("devinit.json", {"services": {"backend": {"command": remote.command(), **settings}}})
        return project, remote

    def moody(self, mood, **settings):
        """`backend`, a web server that answers with the status in the file `mood`."""
        project = self.project()
        project.write("mood", mood)
        command = stub("moody", "--name", "backend", "--port", "{port}", "--mood", "mood")
        project.write("devinit.json", {"services": {"backend": {"command": command, "port": project.block[0], **settings}}})
        return project

    def starting(self, project):
        """A start under way whose service has a process, and is not ready."""
        start = project.spawn("start")
        project.wait_service("backend", lambda service: service["state"] == "starting" and service["pid"])
        return start

    def finish(self, start):
        self.assertEqual(start.wait(), 0, start.text)


class Ready(ProbeTest):
    def test_http_wants_the_status(self):
        project = self.moody("200", ready={"http": "/health", "status": 204})
        start = self.starting(project)
        project.events.wait("request", name="backend", path="/health", mood="200", count=3)
        self.assertEqual(project.service()["state"], "starting")
        project.write("mood", "204")
        self.finish(start)

    def test_http_takes_any_success_and_no_error(self):
        project = self.moody("503", ready={"http": "/"})
        start = self.starting(project)
        project.events.wait("request", name="backend", mood="503", count=3)
        self.assertEqual(project.service()["state"], "starting")
        project.write("mood", "302")
        self.finish(start)

    def test_http_sends_headers(self):
        project = self.moody("200", ready={"http": "/", "headers": {"X-Token": "${TOKEN}", "X-Port": "{port}"}})
        project.succeed("start", environment={"TOKEN": "secret"})
        headers = project.events.wait("request", name="backend")["headers"]
        self.assertEqual(headers["X-Token"], "secret")
        self.assertEqual(headers["X-Port"], str(project.block[0]))

    def test_http_gives_up_an_attempt_after_its_timeout(self):
        project = self.moody("hang", ready={"http": "/", "timeout": "200ms"})
        start = self.starting(project)
        project.events.wait("request", name="backend", mood="hang", count=2)
        project.write("mood", "200")
        self.finish(start)

    def test_exec(self):
        project, _ = self.remote_service(ready={"exec": ["test", "-e", "up"], "period": "50ms"})
        start = self.starting(project)
        project.write("up", "")
        self.finish(start)

    def test_exec_runs_in_the_folder_and_environment_of_the_service(self):
        project, _ = self.remote_service(cwd="sub", env={"WORD": "right"}, ready={"exec": 'test "$WORD" = right && test -e here'})
        project.write("sub/here", "")
        project.succeed("start")

    def test_exec_that_hangs_is_ended_and_asked_again(self):
        project, _ = self.remote_service(ready={"exec": "test -e up || exec sleep 1000", "timeout": "200ms"})
        start = self.starting(project)
        project.write("up", "")
        self.finish(start)
        project.succeed("stop")
        project.assert_nothing_left()

    def test_exec_that_hangs_is_ended_by_a_stop(self):
        project, _ = self.remote_service(ready={"exec": "touch asked; exec sleep 1000", "timeout": "1000s", "deadline": "1000s"})
        start = self.starting(project)
        wait_until(project.root, lambda: project.exists("asked"))
        project.succeed("stop")
        start.wait()
        project.assert_nothing_left()

    def test_log(self):
        project, remote = self.remote_service(ready={"log": "listening on port [0-9]+$"})
        start = self.starting(project)
        remote.tell("print not listening on port yet")
        self.assertEqual(project.service()["state"], "starting")
        remote.tell("print now listening on port 80")
        self.finish(start)

    def test_log_of_an_earlier_run_does_not_count(self):
        project, remote = self.remote_service(ready={"log": "listening"})
        start = self.starting(project)
        remote.tell("print listening")
        self.finish(start)
        processes.send(project.service()["pid"], signal.SIGKILL)
        project.events.wait("started", name="backend", count=2)
        project.wait_state("backend", "starting")
        remote.tell("print listening", count=2)
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)

    def test_notify(self):
        project, remote = self.remote_service(ready="notify")
        start = self.starting(project)
        remote.tell("notify STATUS=loading the index")
        self.assertEqual(project.wait_service("backend", lambda service: service.get("status"))["status"], "loading the index")
        self.assertEqual(project.service()["state"], "starting")
        remote.tell("notify READY=1|STATUS=open for business")
        self.finish(start)
        project.wait_service("backend", lambda service: service.get("status") == "open for business")
        self.assertIn("open for business", project.succeed("status").out)

    def test_notify_from_a_child(self):
        project = self.project()
        script = 'import os, socket; socket.socket(1, 2).sendto(b"READY=1", "\\0" + os.environ["NOTIFY_SOCKET"][1:])'
        child = f"{harness.PYTHON} -c '{script}'; exec sleep 1000"
        project.write("devinit.json", {"services": {"backend": {"command": child, "ready": {"notify": True}}}})
        project.succeed("start")

    def test_notify_stopping(self):
        project, remote = self.remote_service(ready="notify")
        start = self.starting(project)
        remote.tell("notify READY=1")
        self.finish(start)
        remote.tell("notify STOPPING=1|STATUS=closing")
        project.wait_service("backend", lambda service: service.get("status") == "closing")
        remote.tell("exit 0")
        project.wait_service("backend", lambda service: service["restarts"] == 1)

    def test_file(self):
        project, _ = self.remote_service(cwd="sub", ready={"file": "up"})
        project.write("sub/other", "")
        start = self.starting(project)
        project.write("sub/up", "")
        self.finish(start)

    def test_file_that_is_there_from_before(self):
        project, _ = self.remote_service(ready={"file": "up"})
        project.write("up", "")
        project.succeed("start")

    def test_delay(self):
        project, _ = self.remote_service(ready={"delay": "1500ms"})
        self.finish(self.starting(project))
        times = project.service()["timeline_ms"]
        self.assertGreaterEqual(times["ready"] - times["wanted"], 1500)

    def test_initial_delay_comes_before_the_first_attempt(self):
        project, _ = self.remote_service(ready={"exec": "touch asked", "initial_delay": "1s"})
        start = self.starting(project)
        self.assertFalse(project.exists("asked"))
        self.finish(start)
        self.assertTrue(project.exists("asked"))

    def test_success_threshold(self):
        project, _ = self.remote_service(ready={"exec": "echo asked >> asked", "success_threshold": 4, "period": "20ms"})
        project.succeed("start")
        self.assertEqual(project.read("asked").count("asked"), 4)

    def test_failure_threshold_is_a_failed_start(self):
        settings = {"ready": {"exec": "echo asked >> asked; exit 1", "failure_threshold": 3, "period": "20ms"}, "restart": "never"}
        project, _ = self.remote_service(**settings)
        project.expect_code(1, "start")
        self.assertEqual(project.read("asked").count("asked"), 3)
        self.assertEqual(project.service()["state"], "failed")
        project.assert_nothing_left()

    def test_deadline_tells_what_the_command_said(self):
        ready = {"exec": "echo starting; echo no such database >&2; exit 2", "deadline": "500ms"}
        project, _ = self.remote_service(ready=ready, restart="never")
        result = project.expect_code(1, "start")
        self.assertRegex(result.text, "not ready within 500ms: .*code 2: no such database")
        self.assertRegex(project.service()["detail"], "not ready within 500ms: .*no such database")
        self.assertEqual([name for name in os.listdir(project.path(".devinit/logs")) if not name.startswith("backend.log")], [])

    def test_kill_9_of_the_guardian_of_a_probe_leaves_nothing(self):
        project, _ = self.remote_service(ready={"exec": "(setsid sleep 1000 & echo $! > pid); mv pid asked; sleep 1000", "timeout": "900s", "deadline": "1000s"})
        start = project.spawn("start")
        wait_until(project.root, lambda: project.exists("asked"))
        sleeper = int(project.read("asked"))
        processes.send(processes.parent_of(sleeper), signal.SIGKILL)
        project.succeed("stop")
        start.wait()
        self.assertFalse(processes.is_alive(sleeper))
        project.assert_nothing_left()

    def test_a_prompt_is_a_line_too(self):
        project = self.project()
        project.write("devinit.json", {"services": {"backend": {"command": "printf 'ready> '; sleep 1000", "ready": {"log": "^ready> $"}}}})
        project.succeed("start")

    def test_deadline_tells_what_was_missing(self):
        for ready, word in (({"log": "listening"}, "listening"), ({"file": "up"}, "up"), ("notify", "READY=1"), ({"exec": "exit 3"}, "3")):
            with self.subTest(str(ready)):
                ready = {"notify": True} if ready == "notify" else ready
                project, _ = self.remote_service(ready={**ready, "deadline": "500ms"}, restart="never")
                result = project.expect_code(1, "start")
                self.assertIn("not ready within 500ms", result.text)
                self.assertIn(word, result.text)
                project.assert_nothing_left()


class Live(ProbeTest):
    LIVE = {"http": "/health", "period": "50ms", "timeout": "500ms", "failure_threshold": 3}

    def test_restart_counts_as_a_crash(self):
        project = self.moody("200", live=self.LIVE)
        project.succeed("start")
        first = project.service()["pid"]
        project.write("mood", "503")
        project.events.wait("started", name="backend", count=2)
        project.write("mood", "200")
        service = project.wait_service("backend", lambda service: service["ready"] and service["restarts"] >= 1)
        self.assertNotEqual(service["pid"], first)
        self.assertGreaterEqual(len(project.events.all("request", name="backend", path="/health", mood="503")), 3)

    def test_a_hanging_service_is_restarted(self):
        project = self.moody("200", live=self.LIVE)
        project.succeed("start")
        project.write("mood", "hang")
        project.events.wait("started", name="backend", count=2)
        project.write("mood", "200")
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] >= 1)

    def test_mark_only_shows_it_and_a_flap_is_counted(self):
        """Demand: readiness must survive flaps and restarts."""
        project = self.moody("200", live={**self.LIVE, "action": "mark"})
        project.succeed("start")
        first = project.service()["pid"]
        for flaps in (1, 2):
            project.write("mood", "503")
            sick = project.wait_service("backend", lambda service: not service["healthy"])
            self.assertEqual(sick["flaps"], flaps)
            self.assertIn("503", sick["detail"])
            self.assertEqual(project.run("status").code, 3)
            project.write("mood", "200")
            project.wait_service("backend", lambda service: service["healthy"])
        service = project.service()
        self.assertEqual((service["pid"], service["restarts"], service["flaps"]), (first, 0, 2))
        self.assertEqual(project.run("status").code, 0)

    def test_a_single_bad_answer_is_none(self):
        project = self.moody("200", live={**self.LIVE, "failure_threshold": 1000, "action": "mark"})
        project.succeed("start")
        project.write("mood", "503")
        project.events.wait("request", name="backend", mood="503", count=5)
        self.assertTrue(project.service()["healthy"])
        self.assertEqual(project.service()["flaps"], 0)

    def test_exec(self):
        project, _ = self.remote_service(live={"exec": ["test", "-e", "well"], "period": "50ms", "failure_threshold": 2})
        project.write("well", "")
        project.succeed("start")
        os.unlink(project.path("well"))
        project.events.wait("started", name="backend", count=2)
        project.write("well", "")
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] >= 1)

    def test_file(self):
        project, _ = self.remote_service(live={"file": "well", "period": "50ms", "failure_threshold": 1, "action": "mark"})
        project.write("well", "")
        project.succeed("start")
        os.unlink(project.path("well"))
        self.assertIn("well", project.wait_service("backend", lambda service: not service["healthy"])["detail"])
        project.write("well", "")
        project.wait_service("backend", lambda service: service["healthy"])

    def test_watchdog(self):
        project, remote = self.remote_service(ready="notify", live={"notify": True, "period": "2s"})
        start = self.starting(project)
        remote.tell("notify READY=1|WATCHDOG=1")
        self.finish(start)
        # It says nothing more.
        project.events.wait("started", name="backend", count=2)
        remote.tell("notify READY=1", count=1)
        self.assertGreaterEqual(project.service()["restarts"], 1)

    def test_a_listener_that_closes(self):
        project = self.project()
        script = (
            "import os, signal, socket; s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])));"
            "signal.signal(signal.SIGUSR1, lambda *_: s.close());\nwhile True: signal.pause()"
        )
        live = {"period": "50ms", "action": "mark"}
        project.write("devinit.json", {"services": {"backend": {"command": [harness.PYTHON, "-c", script], "port": project.block[0], "live": live}}})
        project.succeed("start")
        processes.send(project.service()["pid"], signal.SIGUSR1)
        sick = project.wait_service("backend", lambda service: not service["healthy"])
        self.assertIn(str(project.block[0]), sick["detail"])

    def test_nobody_is_asked_after_a_stop(self):
        project = self.moody("200", live=self.LIVE)
        project.succeed("start")
        project.events.wait("request", name="backend", path="/health")
        project.succeed("stop")
        project.assert_nothing_left()


class Mistakes(ProbeTest):
    def test_are_told_at_once(self):
        wrong = {
            "ready": [{"http": "/", "exec": "true"}, {"log": "(["}, {"period": "0ms"}, {"deadline": 5}, {"httpp": "/"}, "prot"],
            "live": [{"delay": "1s"}, {"log": "x"}, {"action": "stop"}, {"http": "/", "deadline": "1s"}],
        }
        for key, values in wrong.items():
            for value in values:
                with self.subTest(f"{key}: {value}"):
                    project = self.project()
                    project.write("devinit.json", {"services": {"backend": {"command": "true", "port": project.block[0], key: value}}})
                    self.assertRegex(project.expect_code(2, "start").err, r"devinit\.json:\d+:\d+")


if __name__ == "__main__":
    harness.main()
