"""`exec` and `test`: commands that use what runs."""

import signal

import harness
import processes
from harness import PYTHON, DevinitTest
from waiting import wait_until


def environment_of(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class Exec(DevinitTest):
    def test_gives_the_live_environment_on_top_of_the_callers(self):
        project = self.pair()
        project.succeed("start")
        found = environment_of(project.succeed("exec", "--", "env", environment={"MINE": "kept", "BACKEND_PORT": "1"}).out)
        self.assertEqual(found["MINE"], "kept")
        self.assertEqual(found["BACKEND_PORT"], str(project.service("backend")["port"]))
        self.assertEqual(found["DEVINIT_ROOT"], project.root)
        self.assertNotIn("DEVINIT_COOKIE", found)
        for name, value in project.runtime_env().items():
            self.assertEqual(found[name], value)

    def test_adds_what_a_service_gets(self):
        project = self.project()
        command = harness.listener("--name", "backend")
        settings = {"command": command, "port": project.block[0], "env": {"SELF": "http://{host}:{port}/x", "MINE": "the service's"}}
        project.write("devinit.json", {"services": {"backend": settings}})
        project.succeed("start")
        port = project.service()["port"]
        found = environment_of(project.succeed("exec", "--service", "backend", "env", environment={"MINE": "the caller's"}).out)
        self.assertEqual(found["SELF"], f"http://127.0.0.1:{port}/x")
        self.assertEqual(found["PORT"], str(port))
        self.assertEqual(found["MINE"], "the service's")
        self.assertEqual(found["DEVINIT_SERVICE"], "backend")

    def test_takes_its_place_and_stays_in_the_callers_folder(self):
        project = self.pair()
        project.succeed("start")
        folder = project.path("below")
        harness.os.mkdir(folder)
        script = "import os; print(os.getcwd(), os.getppid())"
        result = project.succeed("exec", "--", PYTHON, "-c", script, cwd=folder)
        self.assertEqual(result.out.split(), [folder, str(harness.os.getpid())])

    def test_passes_the_exit_code_on(self):
        project = self.pair()
        project.succeed("start")
        project.expect_code(7, "exec", "--", "sh", "-c", "exit 7")

    def test_without_services_says_what_to_do(self):
        result = self.pair().expect_code(1, "exec", "--", "env")
        self.assertIn("nothing runs", result.err)
        self.assertIn("devinit test", result.err)

    def test_of_a_missing_command_is_127(self):
        project = self.pair()
        project.succeed("start")
        self.assertIn("no-such-command", project.expect_code(127, "exec", "--", "no-such-command").err)


class Test(DevinitTest):
    def test_starts_runs_stops_and_passes_the_code_on(self):
        project = self.pair()
        result = project.expect_code(3, "test", "--", "sh", "-c", "echo backend on $BACKEND_PORT; exit 3")
        self.assertEqual(result.out, f"backend on {project.block[0]}\n")
        self.assertEqual([service["state"] for service in project.status()["services"]], ["stopped", "stopped"])
        project.assert_nothing_left()

    def test_leaves_what_ran_before(self):
        project = self.pair()
        project.succeed("start", "backend")
        backend = project.service("backend")["pid"]
        project.succeed("test", "--", "true")
        self.assertEqual(project.service("backend")["pid"], backend)
        self.assertEqual(project.service("frontend")["state"], "stopped")

    def test_starts_only_what_is_needed(self):
        project = self.pair()
        project.succeed("test", "--service", "backend", "--", "true")
        self.assertEqual(project.events.all("listening", name="frontend"), [])

    def test_does_not_run_the_command_when_the_start_fails(self):
        project = self.single("--crash", settings={"restart": "never"})
        result = project.expect_code(1, "test", "--", "echo", "it ran")
        self.assertNotIn("it ran", result.out)
        project.assert_nothing_left()

    def test_hands_signals_on(self):
        project = self.pair()
        script = "import os, signal; signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'told\\n'), os._exit(5))); os.write(1, b'begun\\n'); signal.pause()"
        test = project.spawn("test", "--", PYTHON, "-c", script)
        test.expect("begun")
        test.process.send_signal(signal.SIGTERM)
        test.expect("told")
        self.assertEqual(test.wait(), 5)
        project.assert_nothing_left()

    def test_ctrl_c_reaches_the_command_once(self):
        project = self.pair()
        script = "import os, signal; signal.signal(signal.SIGINT, lambda *_: (os.write(1, b'told\\n'), os._exit(6))); os.write(1, b'begun\\n'); signal.pause()"
        test = project.pty("test", "--", PYTHON, "-c", script)
        test.expect("begun")
        test.interrupt()
        self.assertEqual(test.wait(), 6, test.text)
        self.assertEqual(test.text.count("told"), 1)
        project.assert_nothing_left()

    def test_tells_a_signal_as_shells_do(self):
        self.pair().expect_code(128 + signal.SIGKILL, "test", "--", "sh", "-c", "kill -KILL $$")

    def test_of_a_missing_command_is_127(self):
        project = self.pair()
        project.expect_code(127, "test", "--", "no-such-command")
        project.assert_nothing_left()

    def test_killed_leaves_nothing(self):
        project = self.pair()
        test = project.spawn("test", "--", "sh", "-c", "echo begun; exec sleep 1000")
        test.expect("begun")
        sleeper = next(pid for pid in project.own_processes() if processes.read_bytes(f"/proc/{pid}/cmdline").startswith(b"sleep\0"))
        test.process.kill()
        test.wait()
        project.wait_service("backend", lambda service: service["state"] == "stopped")
        wait_until(project.root, lambda: not processes.is_alive(sleeper))
        project.assert_nothing_left()

    def test_a_second_ctrl_c_kills_a_command_that_ignores_it(self):
        project = self.pair()
        script = "import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); os.write(1, b'begun\\n'); signal.pause()"
        test = project.pty("test", "--", PYTHON, "-c", script)
        test.expect("begun")
        test.interrupt()
        test.expect("waiting for .* to end; press Ctrl-C again")
        test.interrupt()
        self.assertEqual(test.wait(), 130, test.text)
        project.wait_service("backend", lambda service: service["state"] == "stopped")
        project.wait_service("frontend", lambda service: service["state"] == "stopped")

    def test_hands_a_hang_up_on(self):
        project = self.pair()
        script = "import os, signal; signal.signal(signal.SIGHUP, lambda *_: os._exit(5)); os.write(1, b'begun\\n'); signal.pause()"
        test = project.spawn("test", "--", PYTHON, "-c", script)
        test.expect("begun")
        test.process.send_signal(signal.SIGHUP)
        self.assertEqual(test.wait(), 5)
        project.assert_nothing_left()

    def test_returns_only_when_what_it_began_is_stopped(self):
        project = self.pair(frontend=["--crash"])
        config = self.pair_config(project.block[0], project.block[1], frontend=["--crash"])
        config["services"]["frontend"]["restart"] = "never"
        project.write("devinit.json", config)
        result = project.expect_code(1, "test", "--", "true")
        self.assertIn("backend: stopped", result.err)
        project.assert_nothing_left()

    def test_groups_its_phases_in_a_log_of_a_ci_job(self):
        result = self.pair().succeed("test", "--", "echo", "hello", environment={"CI": "true", "GITHUB_ACTIONS": "true"})
        marks = [line for line in result.err.splitlines() if line.startswith("::")]
        self.assertEqual(marks, ["::group::devinit: start", "::endgroup::", "::group::devinit: echo", "::endgroup::", "::group::devinit: stop", "::endgroup::"])


if __name__ == "__main__":
    harness.main()
