"""The main job: start, what it writes, what the services see, stop."""

import os
import re
import shutil
import stat
import subprocess

import harness
import processes
from harness import DevinitTest, listener


class Start(DevinitTest):
    def test_two_services_come_up_on_their_preferred_ports(self):
        project = self.pair()
        result = project.succeed("start")
        backend, frontend = project.block[0], project.block[1]
        self.assertEqual(project.identity(backend)["name"], "backend")
        self.assertEqual(project.identity(frontend)["name"], "frontend")
        self.assertEqual(project.ports(), {"backend": backend, "frontend": frontend})
        self.assertIn(f":{backend}", result.text)
        self.assertIn(f":{frontend}", result.text)

    def test_env_runtime_is_what_its_readers_expect(self):
        project = self.pair()
        project.succeed("start")
        backend, frontend = project.block[0], project.block[1]
        lines = project.read(".env.runtime").splitlines()
        self.assertRegex(lines[0], r"^#.*Auto-generated")
        self.assertRegex(lines[1], r"^#.*DO NOT EDIT.*managed by devinit")
        expected = {
            "BACKEND_PORT": str(backend),
            "FRONTEND_PORT": str(frontend),
            "BACKEND_URL": f"http://localhost:{backend}",
            "FRONTEND_URL": f"http://localhost:{frontend}",
            "NEXT_PUBLIC_API_URL": f"http://localhost:{backend}",
            "VITE_API_URL": f"http://localhost:{backend}",
        }
        variables = project.runtime_env()
        self.assertEqual({name: variables.get(name) for name in expected}, expected)
        self.assertEqual(stat.S_IMODE(os.stat(project.path(".env.runtime")).st_mode), 0o600)

    def test_files_are_final_before_the_first_child_reads_them(self):
        project = self.project()
        service = {"command": listener("--name", "backend", "--read-file", ".env.runtime"), "port": project.block[0]}
        project.write("devinit.json", {"services": {"backend": service}})
        holder = project.stranger(port=project.block[0])
        project.succeed("start")
        seen = project.events.wait("started", name="backend")["file"]
        self.assertEqual(seen, project.read(".env.runtime"))
        self.assertIn(f"BACKEND_PORT={project.ports()['backend']}\n", seen)
        self.assertNotEqual(project.ports()["backend"], project.block[0])
        self.assertIsNone(holder.poll())

    def test_children_get_the_variables_of_the_whole_project(self):
        project = self.pair(environment={"FROM_CALLER": "yes", "BACKEND_PORT": "1"})
        project.succeed("start")
        backend, frontend = project.block[0], project.block[1]
        for name, value in {
            "PORT": str(backend),
            "BACKEND_PORT": str(backend),
            "FRONTEND_PORT": str(frontend),
            "FRONTEND_URL": f"http://localhost:{frontend}",
            "NEXT_PUBLIC_API_URL": f"http://localhost:{backend}",
            "FROM_CALLER": "yes",
        }.items():
            self.assertEqual(project.get(backend, f"/env/{name}"), value, name)
        self.assertTrue(project.get(backend, "/env/DEVINIT_COOKIE"))

    def test_order_of_precedence_in_the_environment(self):
        project = self.project(environment={"A": "caller", "B": "caller"})
        project.write(".env", "A=file\nB=file\nC=file\n")
        service = {"command": listener(), "port": project.block[0], "env": {"A": "service"}, "env_files": [".env"]}
        project.write("devinit.json", {"services": {"backend": service}})
        project.succeed("start")
        values = {name: project.get(project.block[0], f"/env/{name}") for name in "ABC"}
        self.assertEqual(values, {"A": "service", "B": "caller", "C": "file"})

    def test_templates_in_command_and_environment(self):
        project = self.project()
        backend = {"command": listener("--name", "backend"), "port": project.block[0], "ports": {"metrics": project.block[5]}}
        frontend = {
            "command": " ".join(listener("--name", "frontend", "--print-text", "'talks to {backend.url}'")),
            "port": project.block[1],
            "env": {"API": "{backend.url}/v1", "METRICS": "{backend.ports.metrics}"},
        }
        config = {"services": {"backend": backend, "frontend": frontend}, "runtime_env": {"EXTRA": "at {backend.port}"}}
        project.write("devinit.json", config)
        project.succeed("start")
        self.assertEqual(project.get(project.block[1], "/env/API"), f"http://localhost:{project.block[0]}/v1")
        self.assertEqual(project.get(project.block[1], "/env/METRICS"), str(project.block[5]))
        self.assertEqual(project.get(project.block[0], "/env/BACKEND_METRICS_PORT"), str(project.block[5]))
        self.assertIn(f"talks to http://localhost:{project.block[0]}", project.succeed("logs", "frontend").out)
        self.assertEqual(project.runtime_env()["EXTRA"], f"at {project.block[0]}")

    def test_a_dependent_starts_after_its_dependency_is_ready(self):
        project = self.pair(backend=["--bind-delay", "0.2"])
        project.succeed("start")
        order = [(entry["event"], entry["name"]) for entry in project.events.all()]
        self.assertLess(order.index(("listening", "backend")), order.index(("started", "frontend")))

    def test_it_is_idempotent(self):
        project = self.pair()
        project.succeed("start")
        before = {service["name"]: service["pid"] for service in project.status()["services"]}
        result = project.succeed("start")
        after = {service["name"]: service["pid"] for service in project.status()["services"]}
        self.assertEqual(after, before)
        self.assertRegex(result.text, r"(?i)already|running|ready")
        self.assertEqual(len(project.events.all("started")), 2)

    def test_one_target_brings_its_dependencies_only(self):
        project = self.pair()
        project.succeed("start", "backend")
        self.assertEqual(project.service("backend")["state"], "ready")
        self.assertEqual(project.service("frontend")["state"], "stopped")
        self.assertEqual(set(project.ports()), {"backend", "frontend"})
        project.succeed("start", "frontend")
        self.assertEqual(project.service("frontend")["state"], "ready")

    def test_it_works_from_any_sub_folder_and_with_a_named_project(self):
        project = self.pair()
        deep = project.path("a/b/c")
        os.makedirs(deep)
        project.succeed("start", cwd=deep)
        self.assertFalse(os.path.exists(os.path.join(deep, ".devinit")))
        self.assertEqual(project.succeed("-C", project.root, "status", cwd="/").code, 0)
        project.succeed("stop", "-C", project.root, cwd="/")
        self.assertFalse(project.status()["supervisor"]["running"])

    def test_adopted_port_of_a_service_that_binds_another_one(self):
        project = self.project()
        other = project.block[7]
        service = {"command": listener("--name", "backend", "--other-port", other), "port": project.block[0]}
        project.write("devinit.json", {"services": {"backend": service}})
        result = project.succeed("start")
        self.assertEqual(project.service()["port"], other)
        self.assertEqual(project.ports()["backend"], other)
        self.assertEqual(project.runtime_env()["BACKEND_PORT"], str(other))
        self.assertIn(str(other), result.err)

    def test_a_server_without_reuseaddr_comes_up_on_its_port(self):
        project = self.single("--no-reuseaddr")
        project.succeed("start")
        self.assertEqual(project.service()["port"], project.block[0])

    def test_readiness_is_proven_by_the_owner_of_the_listener(self):
        # The stub never listens; a stranger takes the port after the claim was opened for the child: that must not count as ready.
        project = self.single("--never-listen", settings={"ready": {"deadline": "2s"}, "restart": "never"})
        result = project.expect_code(1, "start")
        self.assertIn("backend", result.text)
        self.assertNotEqual(project.service()["state"], "ready")

    def test_http_readiness_asks_the_path(self):
        project = self.single(settings={"ready": {"http": "/health"}})
        project.succeed("start")
        self.assertTrue(project.service()["ready"])

    def test_a_worker_without_a_port_is_ready_once_it_runs(self):
        project = self.project({"services": {"worker": {"command": harness.stub("listener", "--name", "worker", "--never-listen")}}})
        project.succeed("start")
        self.assertEqual(project.service("worker")["state"], "ready")
        self.assertIsNone(project.service("worker")["port"])

    def test_a_daemonising_service_stays_ours(self):
        project = self.single("--double-fork")
        project.succeed("start")
        listener_pid = project.identity(project.block[0])["pid"]
        self.assertEqual(project.service()["state"], "ready")
        project.succeed("stop")
        self.assertFalse(processes.is_alive(listener_pid))

    def test_a_service_that_closes_its_output_stays_up(self):
        project = self.single("--close-output")
        project.succeed("start")
        self.assertEqual(project.identity(project.block[0])["name"], "backend")
        self.assertEqual(project.service()["state"], "ready")

    def test_first_run_keeps_git_clean(self):
        project = self.pair()
        subprocess.run(["git", "init", "-q", project.root], check=True, env=project.environment)
        project.succeed("start")
        listing = subprocess.run(
            ["git", "-C", project.root, "status", "--porcelain"], check=True, capture_output=True, text=True, env=project.environment
        ).stdout
        self.assertEqual(listing.split(), ["??", "devinit.json"])

    def test_env_runtime_that_git_tracks_is_refused_with_a_hint(self):
        project = self.pair()
        project.write(".env.runtime", "OLD=1\n")
        for command in (["init", "-q"], ["add", "-f", ".env.runtime"]):
            subprocess.run(["git", "-C", project.root, *command], check=True, env=project.environment)
        result = project.run("start")
        self.assertNotEqual(result.code, 0)
        self.assertIn("git", result.err)
        self.assertIn("hint:", result.err)
        self.assertEqual(project.read(".env.runtime"), "OLD=1\n")
        self.assertEqual(project.events.all("started"), [])


class FailingStart(DevinitTest):
    def test_the_cause_and_the_log_tail_are_shown(self):
        project = self.single("--crash", "--exit-code", "7", "--print-lines", "40", "--print-text", "the database is gone", settings={"restart": "never"})
        result = project.expect_code(1, "start")
        self.assertIn("exited with code 7", result.text)
        self.assertIn("the database is gone", result.text)
        self.assertIn("line 22", result.text)
        self.assertNotIn("line 21\n", result.text)

    def test_ready_services_stay_up_and_both_are_listed(self):
        project = self.project()
        good = {"command": listener("--name", "good"), "port": project.block[0]}
        bad = {"command": listener("--name", "bad", "--crash"), "port": project.block[1], "restart": "never"}
        project.write("devinit.json", {"services": {"good": good, "bad": bad}})
        result = project.expect_code(1, "start")
        self.assertRegex(result.text, r"good[\s\S]*bad|bad[\s\S]*good")
        self.assertEqual(project.service("good")["state"], "ready")  # the start waited for it, whatever became of the other one
        self.assertEqual(project.service("bad")["state"], "failed")

    def test_a_missing_command_is_named(self):
        project = self.project()
        project.write("devinit.json", {"services": {"backend": {"command": ["no-such-program"], "port": project.block[0], "restart": "never"}}})
        self.assertIn("no-such-program", project.expect_code(1, "start").text)

    def test_a_missing_folder_is_named(self):
        project = self.single(settings={"cwd": "not/there", "restart": "never"})
        result = project.run("start")
        self.assertIn(result.code, (1, 2))
        self.assertIn("not/there", result.text)

    def test_ctrl_c_stops_what_the_command_started(self):
        project = self.project()
        good = {"command": listener("--name", "good"), "port": project.block[0]}
        slow = {"command": listener("--name", "slow", "--never-listen"), "port": project.block[1]}
        project.write("devinit.json", {"services": {"good": good, "slow": slow}})
        project.succeed("start", "good")
        terminal = project.pty("start", "slow")
        slow_pid = project.events.wait("started", name="slow")["pid"]
        terminal.interrupt()
        self.assertEqual(terminal.wait(), 130)
        self.assertFalse(processes.is_alive(slow_pid))
        self.assertEqual(project.service("good")["state"], "ready")
        self.assertEqual(project.service("slow")["state"], "stopped")

    def test_two_services_with_one_port_are_a_mistake_of_the_config(self):
        project = self.project()
        service = {"command": listener(), "port": project.block[0]}
        project.write("devinit.json", {"services": {"one": service, "two": service}})
        result = project.expect_code(2, "start")
        self.assertIn("one", result.err)
        self.assertIn("two", result.err)


class Stop(DevinitTest):
    def test_nothing_is_left(self):
        project = self.pair()
        project.succeed("start")
        self.assertTrue(project.own_processes())
        project.succeed("stop")
        project.assert_nothing_left()
        self.assertFalse(project.status()["supervisor"]["running"])

    def test_stopping_what_is_stopped_is_fine(self):
        project = self.pair()
        project.succeed("stop")
        project.succeed("start")
        project.succeed("stop")
        project.succeed("stop")

    def test_dependents_go_first(self):
        project = self.pair()
        project.succeed("start")
        project.succeed("stop")
        told = project.events.wait("signal", count=2, signal="SIGTERM")
        self.assertEqual([entry["name"] for entry in told], ["frontend", "backend"])

    def test_one_service_goes_and_its_siblings_stay(self):
        project = self.pair()
        project.succeed("start")
        project.succeed("stop", "frontend")
        self.assertEqual(project.service("frontend")["state"], "stopped")
        self.assertEqual(project.service("backend")["state"], "ready")

    def test_grace_then_kill(self):
        project = self.single("--ignore-term", settings={"stop": {"grace": "200ms"}})
        project.succeed("start")
        pid = project.service()["pid"]
        project.succeed("stop")
        self.assertFalse(processes.is_alive(pid))
        self.assertEqual(len(project.events.all("signal", signal="SIGTERM")), 1)

    def test_the_configured_signal_is_sent(self):
        project = self.single(settings={"stop": {"signal": "SIGINT"}})
        project.succeed("start")
        project.succeed("stop")
        self.assertEqual([entry["signal"] for entry in project.events.all("signal")], ["SIGINT"])

    def test_start_after_stop_gets_the_same_port(self):
        project = self.pair()
        for _ in range(3):
            project.succeed("start")
            self.assertEqual(project.ports(), {"backend": project.block[0], "frontend": project.block[1]})
            project.succeed("stop")


class CommandLine(DevinitTest):
    def test_a_misspelt_command_gets_a_suggestion(self):
        result = self.project().expect_code(2, "strat")
        self.assertIn("start", result.err.replace("strat", ""))
        self.assertIn("hint:", result.err)

    def test_a_misspelt_service_gets_a_suggestion(self):
        project = self.pair()
        for command in ("start", "stop", "restart", "logs"):
            result = project.expect_code(2, command, "bakend")
            self.assertIn("`backend`", result.err, command)

    def test_help_is_everywhere_and_has_examples(self):
        project = self.project()
        for words in ([], ["start"], ["stop"], ["restart"], ["status"], ["logs"], ["up"], ["init"], ["kill"], ["version"]):
            result = project.succeed(*words, "--help")
            self.assertRegex(result.out, r"Examples?:[\s\S]*devinit", words)

    def test_version_is_one_line(self):
        result = self.project().succeed("version")
        self.assertRegex(result.out, r"^(devinit )?\d+\.\d+\.\d+\n$")
        self.assertEqual(result.err, "")

    def test_nothing_found_says_what_was_looked_for(self):
        result = self.project().run("start")
        self.assertIn(result.code, (1, 2))
        self.assertIn("devinit.json", result.text)
        self.assertIn('"services"', result.text)

    def test_quiet_keeps_silent_about_what_went_well(self):
        project = self.pair()
        self.assertEqual(project.succeed("start", "-q").text, "")
        self.assertEqual(project.succeed("stop", environment={"QUIET": "true"}).text, "")

    def test_init_writes_a_config_that_starts(self):
        project = self.project()
        project.write("Procfile", f"web: {' '.join(harness.stub('listener', '--name', 'web'))}\n")
        project.succeed("init")
        self.assertRegex(project.read("devinit.json"), r"//|/\*")
        self.assertIn('"web"', project.read("devinit.json"))
        for name in (".devinit/", ".env.runtime", ".ports.json"):
            self.assertIn(name, project.read(".gitignore"))
        text = project.read("devinit.json")
        again = project.run("init")
        self.assertNotEqual(again.code, 0)
        self.assertEqual(project.read("devinit.json"), text)
        project.write(".ports.json", {"web": project.block[0]})
        project.succeed("start")
        self.assertEqual(project.identity(project.block[0])["name"], "web")


class OneFile(DevinitTest):
    def test_the_binary_alone_is_the_product(self):
        project = self.pair()
        copy = os.path.join(project.temporary, "devinit")
        shutil.copy(harness.BINARY, copy)
        project.succeed("start", binary=copy)
        project.succeed("stop", binary=copy)

    def test_it_needs_nothing_but_glibc(self):
        listing = subprocess.run(["ldd", harness.BINARY], capture_output=True, text=True, check=False)
        names = re.findall(r"^\s*(?:\S*/)?((?:lib|linux-vdso|ld-linux)[^\s/]*)", listing.stdout, re.MULTILINE)
        glibc = r"(linux-vdso|ld-linux|libc\.so|libm\.so|libdl\.so|libpthread\.so|librt\.so|libresolv\.so)"
        self.assertEqual([name for name in names if not re.match(glibc, name)], [])


if __name__ == "__main__":
    harness.main()
