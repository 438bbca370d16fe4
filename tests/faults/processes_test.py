"""Faults T9 to T21: services and strangers that do what processes should not do."""

import isolation

isolation.enter()

import os
import shutil
import signal
import socket
import subprocess
import unittest

import harness
import processes
from fault_case import FaultTest, fault_stub, native, needs_isolation, needs_native, needs_other_users
from harness import FULL_SCALE, PYTHON, listener
from waiting import wait_until

LAST_PID = "/proc/sys/kernel/ns_last_pid"


class Trees(FaultTest):
    def started(self, *arguments, grace="200ms"):
        project = self.single(command=fault_stub("fork_bomb", *arguments), settings={"stop": {"grace": grace}})
        project.succeed("start")
        project.events.wait("listening", name="bomb")
        return project

    def test_t11_a_fork_bomb_that_ignores_sigterm(self):
        count = 3000 if FULL_SCALE else 300
        project = self.started(count)
        self.assertGreaterEqual(len(project.own_processes()), count)
        project.succeed("stop")
        self.assertEqual([processes.describe(pid) for pid in project.own_processes()], [])

    @needs_native("fork_chain")
    def test_t11_a_chain_of_forks_with_pauses(self):
        for pause in (10000, 1000):
            with self.subTest(pause):
                project = self.started("--chain", native("fork_chain"), 600_000, pause)
                project.succeed("stop")
                project.assert_nothing_left()
                project.close()

    @needs_native("fork_chain")
    def test_t11_a_chain_of_forks_without_a_pause(self):
        # It ends by itself at last: where no control group can be used the attempt is bounded, and its outcome is told.
        project = self.started("--chain", native("fork_chain"), 40_000 if FULL_SCALE else 4_000, 0)
        result = project.run("stop")
        self.assertIn(result.code, (0, 1), result.text)
        if result.code == 1:
            self.assertRegex(result.text, r"(?i)surviv|left|still")
        wait_until(project.path(".devinit"), lambda: not project.own_processes() or project.run("stop").code == 0)
        project.assert_nothing_left()

    @needs_isolation
    @unittest.skipUnless(os.access(LAST_PID, os.W_OK), "the kernel does not let us choose pids")
    def test_t15_reused_pids_are_never_signalled(self):
        project = self.single("--setsid")
        project.succeed("start")
        doomed = [project.supervisor(), project.guardian(), project.service()["pid"], project.identity(project.block[0])["pid"]]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                processes.send(pid, number)
        self.assert_gone(doomed)
        strangers = [self.process_with_pid(pid) for pid in doomed]
        project.succeed("stop")
        project.succeed("start")
        project.succeed("stop")
        self.assertEqual([stranger.poll() for stranger in strangers], [None] * len(strangers))

    def process_with_pid(self, pid):
        """A process that lives until the test ends, at a pid that another one had."""
        for _ in range(100):
            with open(LAST_PID, "w", encoding="ascii") as last:
                last.write(str(pid - 1))
            stranger = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            if stranger.pid == pid:
                self.addCleanup(stranger.communicate)
                return stranger
            stranger.communicate()
        self.skipTest(f"pid {pid} cannot be had")

    @needs_other_users
    @needs_native("become_root")
    def test_t19_a_child_of_another_user_is_a_reported_survivor(self):
        project = self.single()
        sudo = os.path.join(project.temporary, "sudo")
        shutil.copy(native("become_root"), sudo)
        os.chmod(sudo, 0o4755)
        command = f'"{sudo}" & echo $! >survivor; exec "$@"'
        service = {"command": ["/bin/sh", "-c", command, "sh", *listener("--name", "backend")], "port": project.block[0], "stop": {"grace": "200ms"}}
        project.write("devinit.json", {"services": {"backend": service}})
        self.give_to_nobody(project)
        started = self.as_nobody(project, "start")
        self.assertEqual(started.returncode, 0, started.stderr)
        survivor = int(project.read("survivor"))
        wait_until(project.root, lambda: b"Uid:\t0\t0\t0\t0" in processes.read_bytes(f"/proc/{survivor}/status"))
        stopped = self.as_nobody(project, "stop")
        self.assertEqual(stopped.returncode, 1, stopped.stderr)
        self.assertIn(str(survivor), stopped.stderr)
        self.assertTrue(processes.is_alive(survivor))
        processes.send(survivor, signal.SIGKILL)
        self.assert_gone([survivor])
        self.assertEqual(self.as_nobody(project, "stop").returncode, 0)
        project.assert_nothing_left()


class Ends(FaultTest):
    def test_t14_every_way_to_end_has_words_of_its_own(self):
        script = "#!/no/such/interpreter\n"
        cases = {
            "exit 0": (["/bin/sh", "-c", "exit 0"], r"code 0"),
            "exit 127": (["/bin/sh", "-c", "exit 127"], r"code 127"),
            "signal": (["/bin/sh", "-c", "kill -SEGV $$"], r"SIGSEGV"),
            "missing": (["./no-such-program"], r"(?i)no such|not found|does not exist"),
            "not executable": (["./not-executable"], r"(?i)permission denied|not executable|cannot be executed"),
            "missing interpreter": (["./script"], r"/no/such/interpreter|(?i:interpreter)"),
        }
        told = {}
        for name, (command, words) in cases.items():
            with self.subTest(name):
                project = self.single(command=command, settings={"restart": "never"})
                project.write("not-executable", "")
                os.chmod(project.write("script", script), 0o755)
                project.expect_code(1, "start")
                told[name] = project.service()["detail"]
                self.assertEqual(project.service()["state"], "failed")
                self.assertRegex(told[name], words)
                project.close()
        self.assertEqual(len(set(told.values())), len(told), told)

    def test_t14_a_folder_that_is_gone(self):
        project = self.single(settings={"cwd": "here", "restart": "never"})
        os.mkdir(project.path("here"))
        project.succeed("start")
        project.succeed("stop")
        os.rmdir(project.path("here"))
        result = project.run("start")
        self.assertIn(result.code, (1, 2), result.text)
        self.assertIn("here", result.err)
        project.assert_nothing_left()

    def test_t14_a_folder_that_goes_while_it_runs(self):
        project = self.single(settings={"cwd": "here"})
        os.mkdir(project.path("here"))
        project.succeed("start")
        os.rmdir(project.path("here"))
        processes.send(project.service()["pid"], signal.SIGKILL)
        detail = project.wait_state("backend", "failed")["detail"]
        self.assertIn("here", detail)

    def test_t20_a_watcher_that_ends_with_its_input_stays(self):
        project = self.project({"services": {"watcher": {"command": ["cat"]}}})
        project.succeed("start")
        service = project.service("watcher")
        self.assertEqual(service["state"], "ready")
        self.assert_stays(service["pid"], 1.0)
        self.assertEqual(project.service("watcher")["restarts"], 0)

    def test_t21_ctrl_z_stops_the_command_and_not_the_service(self):
        project = self.single()
        terminal = project.pty("up")
        leader = project.wait_state("backend", "ready")["pid"]
        terminal.send("\x1a")
        project.get(project.block[0], "/print/behind")
        self.assertEqual(project.identity(project.block[0])["pid"], leader)
        processes.send(terminal.process.pid, signal.SIGCONT)
        terminal.expect("behind")
        terminal.interrupt()
        self.assertIn(terminal.wait(), (0, 130), terminal.text)
        project.assert_nothing_left()

    def test_t21_a_service_that_asks_its_terminal_is_not_stopped(self):
        # Its session has no terminal, so neither SIGTTIN nor SIGTTOU can reach it.
        ask = ["/bin/sh", "-c", '(echo hello >/dev/tty) 2>/dev/null || echo none; exec "$@"', "sh", *listener("--name", "backend")]
        project = self.single(command=ask)
        terminal = project.pty("start")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assertIn("none", project.succeed("logs").out)
        self.assertEqual(project.service()["state"], "ready")


class Holders(FaultTest):
    def stranger_program(self, project, *command, port, event=None, **options):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=project.temporary,
            env={"PATH": harness.SYSTEM_PATH, "STUB_EVENTS": project.environment["STUB_EVENTS"], "SHARED_PORT": str(port)}, **options,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        if event:
            project.events.wait("listening", name=event)
        return process

    @needs_native("tiny_listener")
    def test_t16_programs_that_keep_the_machine_alive(self):
        for name in ("sshd", "docker-proxy", "systemd", "containerd-shim", "init"):
            with self.subTest(name):
                project = self.single()
                program = os.path.join(project.temporary, name)
                shutil.copy(native("tiny_listener"), program)
                port = project.block[0]
                holder = self.stranger_program(project, program, str(port), port=port)
                wait_until(project.temporary, lambda: port in project.foreign_listeners())
                result = project.succeed("start", "--force")
                self.assertIsNone(holder.poll(), f"{name} was killed")
                self.assertIn(name, result.err)
                self.assertEqual(project.ports(), {"backend": project.block[1]})
                self.assertIn(name, project.expect_code(1, "kill", str(port), "-y").err)
                holder.kill()
                holder.wait()
                project.close()

    @needs_isolation
    def test_t16_the_first_process_of_the_machine(self):
        project = self.project({"services": {"backend": {"command": listener("--name", "backend"), "port": isolation.INIT_PORT}}})
        result = project.succeed("start", "--force")
        self.assertEqual(project.ports(), {"backend": isolation.INIT_PORT + 1})
        self.assertIn("process 1", result.err)
        project.expect_code(1, "kill", str(isolation.INIT_PORT), "-y")
        self.assertTrue(processes.is_alive(1))
        project.succeed("stop")

    def test_t17_a_listener_of_three_processes_and_its_client(self):
        project = self.single()
        port = project.block[0]
        holder = self.stranger_program(project, *fault_stub("shared_listener"), port=port, event="shared")
        family = [holder.pid, *processes.children_of(holder.pid)]
        self.assertEqual(len(family), 3)
        with socket.create_connection(("127.0.0.1", port)):
            client = subprocess.Popen(
                [PYTHON, "-c", f"import socket; s = socket.create_connection(('127.0.0.1', {port})); print(flush=True); input()"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            client.stdout.readline()
            project.succeed("start", "--force")
        holder.wait()
        self.assert_gone(family)
        self.assertIsNone(client.poll(), "a client was killed")
        client.communicate(b"\n")
        self.assertEqual(project.ports(), {"backend": port})

    def test_t18_a_holder_that_comes_back_is_named_and_left(self):
        project = self.single()
        port = project.block[0]
        respawner = self.stranger_program(project, *fault_stub("shared_listener", "--respawn"), port=port, event="respawned")
        first = processes.children_of(respawner.pid)
        result = project.succeed("start", "--force")
        self.assert_gone(first)
        successors = [entry["pid"] for entry in project.events.all("listening", name="respawned")][1:]
        self.assertEqual(len(successors), 1, "it was killed again and again")
        self.assertEqual(project.ports(), {"backend": project.block[1]})
        self.assertTrue(str(successors[0]) in result.err or str(respawner.pid) in result.err, result.err)
        respawner.kill()
        for pid in successors:
            processes.send(pid, signal.SIGKILL)
        self.assert_gone(successors)


if __name__ == "__main__":
    harness.main()
