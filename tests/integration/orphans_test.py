"""A nasty process tree (see stubs/nasty_tree.py) ends with its service, whoever is killed, and nothing of it survives."""

import os
import signal

import harness
import processes
from harness import DevinitTest

KINDS = ["same-group", "session", "daemon", "stubborn", "titled"]


class NastyTree(DevinitTest):
    def nasty(self, *arguments):
        project = self.project()
        self.kinds = KINDS + (["titled-daemon"] if "--titled-daemon" in arguments else [])
        command = harness.stub("nasty_tree", "--port", "{port}", *arguments)
        service = {"command": command, "port": project.block[0], "stop": {"grace": "300ms"}}
        project.write("devinit.json", {"services": {"backend": service}})
        return project

    def tree(self, project, round_number=1, alive=True):
        """The pids of the service's first process and of all its descendants, once they are there."""
        children = project.events.wait("child", count=len(self.kinds) * round_number)[-len(self.kinds) :]
        self.assertEqual(sorted(child["kind"] for child in children), sorted(self.kinds))
        leader = project.events.wait("listening", name="nasty") and project.events.all("listening", name="nasty")[-1]["pid"]
        pids = [leader, *(child["pid"] for child in children)]
        if alive:
            self.assertEqual([pid for pid in pids if not processes.is_alive(pid)], [])
        return pids

    def assert_gone(self, project, pids):
        self.assertEqual([processes.describe(pid) for pid in processes.wait_all_gone(pids, timeout=30)], [])
        project.assert_nothing_left()

    def started(self, *arguments):
        project = self.nasty(*arguments)
        project.succeed("start")
        return project, self.tree(project)


class Stop(NastyTree):
    def test_stop_leaves_nothing(self):
        project, pids = self.started("--titled-daemon")
        project.succeed("stop")
        # Proven at once: `stop` returns only when the tree is empty.
        self.assertEqual([processes.describe(pid) for pid in pids if processes.is_alive(pid)], [])
        self.assert_gone(project, pids)

    def test_restart_leaves_nothing_of_the_first_run(self):
        project, pids = self.started("--titled-daemon")
        project.succeed("restart")
        self.assertEqual([processes.describe(pid) for pid in pids if processes.is_alive(pid)], [])
        self.tree(project, round_number=2)

    def test_ctrl_c_in_up_leaves_nothing(self):
        project = self.nasty("--titled-daemon")
        terminal = project.pty("up")
        project.events.wait("listening", name="nasty")
        pids = self.tree(project)
        terminal.interrupt()
        self.assertIn(terminal.wait(), (0, 130))
        self.assert_gone(project, pids)


class KillNine(NastyTree):
    def test_of_the_attached_command(self):
        project = self.nasty("--titled-daemon")
        up = project.spawn("up")
        project.events.wait("listening", name="nasty")
        pids = self.tree(project)
        up.process.kill()
        self.assert_gone(project, pids)

    def test_of_a_start_that_has_returned_or_not(self):
        project = self.nasty()
        start = project.spawn("start")
        project.events.wait("listening", name="nasty")
        start.process.kill()
        start.wait()
        pids = self.tree(project, alive=False)  # a start that had not returned is undone already
        project.succeed("stop")
        self.assert_gone(project, pids)

    def test_of_the_supervisor(self):
        project, pids = self.started("--titled-daemon")
        guardian = project.guardian()
        processes.send(project.supervisor(), signal.SIGKILL)
        self.assert_gone(project, [guardian, *pids])
        self.assertEqual(project.service()["state"], "stopped")

    def test_of_a_guardian(self):
        project, pids = self.started("--titled-daemon")
        processes.send(project.guardian(), signal.SIGKILL)
        # The supervisor sweeps what the guardian leaves, and a service that had been ready starts again.
        self.assertEqual([processes.describe(pid) for pid in processes.wait_all_gone(pids, timeout=30)], [])
        project.events.wait("listening", count=2, name="nasty")
        project.wait_state("backend", "ready")
        project.succeed("stop")
        project.assert_nothing_left()

    def kill_both(self, *arguments):
        """Supervisor and guardian end in the same instant: both are stopped first, so that neither sees the other go."""
        project, pids = self.started(*arguments)
        supervisor, guardian = project.supervisor(), project.guardian()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in (supervisor, guardian):
                processes.send(pid, number)
        # The kernel ends the service's first process with its parent, the guardian; whatever else survives is for the sweep.
        self.assertEqual(processes.wait_all_gone([supervisor, guardian, pids[0]], timeout=30), [])
        return project, pids

    def test_of_both_and_stop_sweeps(self):
        project, pids = self.kill_both()
        survivors = [pid for pid in pids if processes.is_alive(pid)]
        self.assertTrue(survivors, "without survivors this test shows nothing")
        result = project.succeed("stop")
        self.assert_gone(project, pids)
        self.assertTrue(any(str(pid) in result.text for pid in survivors), f"what was ended is not said: {result.text}")

    def test_of_both_and_start_sweeps(self):
        project, pids = self.kill_both()
        project.succeed("start")
        self.assertEqual([processes.describe(pid) for pid in processes.wait_all_gone(pids, timeout=30)], [])
        self.assertEqual(project.service()["port"], project.block[0])

    def test_of_both_and_up_sweeps(self):
        project, pids = self.kill_both()
        up = project.spawn("up")
        project.events.wait("listening", count=2, name="nasty")
        self.assertEqual([processes.describe(pid) for pid in processes.wait_all_gone(pids, timeout=30)], [])
        up.interrupt()
        up.wait()

    def test_of_both_and_status_only_reports(self):
        project, pids = self.kill_both()
        survivors = [pid for pid in pids if processes.is_alive(pid)]
        project.expect_code(3, "status")
        self.assertEqual([pid for pid in survivors if not processes.is_alive(pid)], [])
        project.succeed("stop")
        self.assert_gone(project, pids)

    def test_a_stranger_with_a_recorded_pid_is_left_alone(self):
        # A copy of the state of a dead run names pids that are somebody else's now; only identity and cookie make a process ours.
        project, _ = self.kill_both()
        stranger = project.stranger(port=project.block[9])
        project.succeed("stop")
        self.assertIsNone(stranger.poll())


class Repeated(NastyTree):
    def test_killing_the_supervisor_at_any_moment_of_a_start(self):
        rounds = 40 if harness.FULL_SCALE else 6
        for number in range(rounds):
            project = self.nasty()
            start = project.spawn("start")
            # A different moment in each round: after the n-th thing that happens, not after a time.
            project.events.wait("child", count=1 + number % len(KINDS))
            supervisor = project.supervisor()
            if supervisor:
                os.kill(supervisor, signal.SIGKILL)
            self.assertNotEqual(start.wait(), None)
            project.succeed("stop")
            project.assert_nothing_left()
            project.close()


if __name__ == "__main__":
    harness.main()
