"""What outlives what: the login that started the services, the terminal, the environment of the first command, and a copy of the folder."""

import os
import shutil
import signal
import subprocess

import harness
import processes
from harness import DevinitTest, Project
from locks import hold_lock
from waiting import wait_until


class Login(DevinitTest):
    def test_status_and_stop_after_the_login_has_ended(self):
        project = self.pair()
        runtime = os.path.join(project.temporary, "run")
        os.makedirs(runtime, mode=0o700)
        project.succeed("start", environment={"XDG_RUNTIME_DIR": runtime})
        shutil.rmtree(runtime)
        for environment in ({"XDG_RUNTIME_DIR": runtime}, {}):
            result = project.succeed("status", environment=environment)
            self.assertIn("backend", result.out)
        project.succeed("stop", environment={"XDG_RUNTIME_DIR": runtime})
        project.assert_nothing_left()

    def test_services_outlive_the_terminal_that_started_them(self):
        project = self.pair()
        terminal = project.pty("start")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        terminal.hang_up()
        self.assertEqual([service["state"] for service in project.status()["services"]], ["ready", "ready"])
        self.assertEqual(project.events.all("signal"), [])

    @staticmethod
    def open_files(pid):
        """Where its descriptors lead; none when it ends meanwhile, as the child that wrote the leases may."""
        try:
            return [os.readlink(f"/proc/{pid}/fd/{descriptor}") for descriptor in os.listdir(f"/proc/{pid}/fd")]
        except FileNotFoundError:
            return []

    def test_nobody_holds_the_terminal(self):
        project = self.single()
        terminal = project.pty("start")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        for pid in project.own_processes():
            for target in self.open_files(pid):
                self.assertFalse(target.startswith("/dev/pts") or target == "/dev/tty", processes.describe(pid))

    def test_a_pipe_ends_when_the_command_ends(self):
        project = self.pair()
        result = project.succeed("start")  # `run` reads to the end of both pipes: a supervisor that kept one would hang it
        self.assertEqual(result.code, 0)

    def test_no_variable_decides_whom_a_command_talks_to(self):
        project = self.pair()
        project.succeed("start")
        elsewhere = {"XDG_STATE_HOME": os.path.join(project.temporary, "elsewhere"), "HOME": project.temporary}
        project.succeed("status", environment=elsewhere)
        project.succeed("stop", environment=elsewhere)
        project.assert_nothing_left()

    def test_a_deleted_socket_is_made_again_or_said(self):
        project = self.single()
        project.succeed("start")
        for folder, _, names in os.walk(project.state):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    os.remove(path)
        project.succeed("stop")
        project.assert_nothing_left()


class Copies(DevinitTest):
    def copy_of(self, project):
        copy = Project(self, folder="copy", block=project.block)
        subprocess.run(["cp", "-r", f"{project.root}/.", copy.root], check=True)
        return copy

    def test_a_copy_of_a_running_project_is_stopped(self):
        project = self.pair()
        project.succeed("start")
        copy = self.copy_of(project)
        copy.expect_code(3, "status")
        status = copy.status()
        self.assertFalse(status["supervisor"]["running"])
        self.assertEqual([service["state"] for service in status["services"]], ["stopped", "stopped"])

    def test_stop_in_the_copy_leaves_the_original_alone(self):
        project = self.pair()
        project.succeed("start")
        pids = [service["pid"] for service in project.status()["services"]]
        copy = self.copy_of(project)
        copy.succeed("stop")
        self.assertEqual([service["pid"] for service in project.status()["services"]], pids)
        self.assertEqual([pid for pid in pids if not processes.is_alive(pid)], [])

    def test_both_run_side_by_side(self):
        project = self.pair()
        project.succeed("start")
        copy = self.copy_of(project)
        copy.succeed("start")
        ports = [*project.ports().values(), *copy.ports().values()]
        self.assertEqual(len(set(ports)), 4)
        self.assertEqual(copy.identity(copy.ports()["backend"])["cwd"], os.path.realpath(copy.root))
        copy.succeed("stop")
        self.assertEqual([service["state"] for service in project.status()["services"]], ["ready", "ready"])

    def test_a_moved_project_is_still_reached(self):
        project = self.pair()
        project.succeed("start")
        moved = project.root + "-moved"
        os.rename(project.root, moved)
        try:
            result = project.run("stop", cwd=moved)
            self.assertEqual(result.code, 0, result.text)
        finally:
            os.rename(moved, project.root)
        project.assert_nothing_left()

    def test_state_of_another_boot_is_not_believed(self):
        project = self.single()
        project.succeed("start")
        processes.send(project.supervisor(), signal.SIGKILL)
        project.wait_service("backend", lambda service: service["pid"] is None or not processes.is_alive(service["pid"]))
        text = project.read(".devinit/state.json")
        boot = processes.read_bytes("/proc/sys/kernel/random/boot_id").decode().strip()
        self.assertIn(boot, text)
        project.write(".devinit/state.json", text.replace(boot, "00000000-0000-0000-0000-000000000000"))
        self.assertEqual(project.service()["state"], "stopped")
        project.succeed("start")
        self.assertEqual(project.service()["state"], "ready")

    def test_a_corrupt_state_file_is_rebuilt(self):
        project = self.single()
        project.succeed("start")
        project.succeed("stop")
        project.write(".devinit/state.json", "{ half")
        self.assertEqual(project.service()["state"], "stopped")
        project.succeed("start")
        self.assertEqual(project.service()["state"], "ready")


class Silence(DevinitTest):
    """A supervisor that is stopped, and one that does not serve yet."""

    def stopped(self):
        project = self.single()
        project.succeed("start")
        supervisor = project.supervisor()
        processes.send(supervisor, signal.SIGSTOP)
        self.addCleanup(processes.send, supervisor, signal.SIGCONT)  # comes before the project's own clean-up
        return project, supervisor

    def wait_watching_signals(self, project, pid):
        """Until Ctrl-C is something that the command reads, no longer its sudden end."""

        def blocked():
            lines = processes.read_bytes(f"/proc/{pid}/status").splitlines()
            mask = next(int(line.split()[1], 16) for line in lines if line.startswith(b"SigBlk"))
            return mask >> (signal.SIGINT - 1) & 1

        wait_until(project.path(".devinit"), blocked)

    def wait_asking(self, project, pid):
        """Until the command is connected to the supervisor: before that, Ctrl-C just ends it."""
        connected = "03"  # SS_CONNECTED of proc_net_unix(5)

        def asking():
            rows = [line.split() for line in processes.read_bytes("/proc/net/unix").decode(errors="replace").splitlines()[1:]]
            return processes.socket_inodes(pid) & {int(row[6]) for row in rows if row[5] == connected}

        wait_until(project.path(".devinit"), asking)

    def test_ctrl_c_ends_a_stop_that_nobody_answers(self):
        project, _ = self.stopped()
        command = project.pty("stop")
        self.wait_watching_signals(project, command.process.pid)
        command.interrupt()
        self.assertEqual(command.wait(), 130, command.text)
        self.assertNotIn("does not answer", command.text)

    def test_a_second_ctrl_c_ends_a_start_that_nobody_answers(self):
        project, _ = self.stopped()
        command = project.pty("start")
        self.wait_asking(project, command.process.pid)
        command.interrupt()
        command.expect("press Ctrl-C again")
        command.interrupt()
        self.assertEqual(command.wait(), 130, command.text)

    def test_a_supervisor_that_does_not_answer_is_named(self):
        project, supervisor = self.stopped()
        result = project.expect_code(1, "stop")
        self.assertRegex(result.err, rf"the supervisor of this project \(process {supervisor}\) does not answer")
        self.assertIn(f"kill -CONT {supervisor}", result.err)

    def test_a_command_waits_for_a_supervisor_that_starts_slowly(self):
        project = self.single()
        with hold_lock(project.path(".devinit/supervisor.lock")):
            command = project.spawn("stop")
            with self.assertRaises(AssertionError):
                command.wait(timeout=11)  # longer than a live supervisor may be silent
        self.assertEqual(command.wait(), 0, command.text)


if __name__ == "__main__":
    harness.main()
