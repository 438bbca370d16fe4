"""How services go down: signal, target, stop command, grace, one deadline; and who is to blame when it takes long."""

import os
import signal

import harness
import processes
from harness import DevinitTest
from remote import Remote
from waiting import wait_until


class Blame(DevinitTest):
    """Demand: shutdown hangs and nobody says which process is to blame."""

    def stubborn(self, **stop):
        return self.single("--ignore-term", settings={"stop": {"grace": "1000s", **stop}})

    def test_a_stop_names_who_keeps_it_waiting(self):
        project = self.stubborn()
        project.succeed("start")
        pid = project.service()["pid"]
        stop = project.spawn("stop")
        self.assertIn(f"({pid})", stop.expect(r"backend: waiting for 1 process: .*")[0])
        project.expect_code(0, "stop", "--timeout", "10ms")
        self.assertEqual(stop.wait(), 0, stop.text)

    def test_an_up_that_ends_names_it_too(self):
        project = self.stubborn()
        up = project.spawn("up")
        project.wait_state("backend", "ready")
        up.interrupt()
        up.expect(r"backend: waiting for 1 process: ")
        project.succeed("stop", "--timeout", "10ms")
        up.wait()
        project.assert_nothing_left()

    def test_all_processes_of_a_tree_are_counted(self):
        project = self.project()
        command = "trap '' TERM; sleep 1000 & sleep 1000 & while :; do wait; done"
        project.write("devinit.json", {"services": {"backend": {"command": command, "stop": {"grace": "1000s", "to": "leader"}}}})
        project.succeed("start")
        stop = project.spawn("stop")
        stop.expect(r"backend: waiting for 3 processes: .*sleep")
        project.succeed("stop", "--timeout", "10ms")
        self.assertEqual(stop.wait(), 0, stop.text)
        project.assert_nothing_left()

    def test_one_deadline_for_all_levels(self):
        project = self.pair(backend=["--ignore-term"], frontend=["--ignore-term"])
        config = self.pair_config(project.block[0], project.block[1], ["--ignore-term"], ["--ignore-term"])
        for service in config["services"].values():
            service["stop"] = {"grace": "1000s"}
        project.write("devinit.json", config)
        project.succeed("start")
        project.succeed("stop", "--timeout", "300ms")
        project.assert_nothing_left()

    def test_a_second_ctrl_c_skips_the_grace(self):
        project = self.stubborn()
        up = project.pty("up")
        project.wait_state("backend", "ready")
        up.interrupt()
        project.events.wait("signal", name="backend", signal="SIGTERM")
        up.interrupt()
        up.wait()
        # Should it not: an end of this test in any case.
        self.addCleanup(project.run, "stop", "--timeout", "10ms")
        project.wait_state("backend", "stopped")
        project.assert_nothing_left()

    def test_a_second_ctrl_c_in_stop_skips_the_grace(self):
        project = self.stubborn()
        project.succeed("start")
        stop = project.pty("stop")
        project.events.wait("signal", name="backend", signal="SIGTERM")
        stop.interrupt()
        stop.expect("press Ctrl-C again to skip the grace")
        self.assertEqual(project.service()["state"], "stopping")
        stop.interrupt()
        self.assertEqual(stop.wait(), 130, stop.text)
        self.addCleanup(project.run, "stop", "--timeout", "10ms")
        project.wait_state("backend", "stopped")
        project.assert_nothing_left()


class Way(DevinitTest):
    def family(self, to):
        """A leader, a child in its group, and one in a session of its own."""
        project = self.project()
        names = ("leader", "member", "session")
        remotes = {name: Remote(project, name) for name in names}
        member, session, leader = (" ".join(remotes[name].command("--patient")) for name in ("member", "session", "leader"))
        command = f"{member} & setsid {session} & exec {leader}"
        project.write("devinit.json", {"services": {"backend": {"command": command, "stop": {"grace": "1000s", "to": to}}}})
        project.succeed("start")
        for name in names:
            project.events.wait("started", name=name)
        return project, remotes

    def stop(self, project, remotes, first):
        stop = project.spawn("stop")
        for name in first:
            project.events.wait("signal", name=name, signal="SIGTERM")
        self.assertEqual({event["name"] for event in project.events.all("signal")}, set(first))
        remotes["leader"].tell("exit 0")
        for name in ("member", "session"):
            project.events.wait("signal", name=name, signal="SIGTERM")
            remotes[name].tell("exit 0")
        self.assertEqual(stop.wait(), 0, stop.text)
        project.assert_nothing_left()

    def test_to_the_leader(self):
        self.stop(*self.family("leader"), ["leader"])

    def test_to_the_group(self):
        self.stop(*self.family("group"), ["leader", "member"])

    def test_to_the_tree(self):
        self.stop(*self.family("tree"), ["leader", "member", "session"])

    def test_each_service_has_its_signal(self):
        project = self.pair()
        config = self.pair_config(project.block[0], project.block[1])
        config["services"]["backend"]["stop"] = {"signal": "SIGINT"}
        config["services"]["frontend"]["stop"] = {"signal": "SIGHUP"}
        project.write("devinit.json", config)
        project.succeed("start")
        project.succeed("stop")
        signals = [(event["name"], event["signal"]) for event in project.events.all("signal")]
        self.assertEqual(signals, [("frontend", "SIGHUP"), ("backend", "SIGINT")])


class Command(DevinitTest):
    def commanded(self, command, **stop):
        project = self.project()
        remote = Remote(project, "backend")
        settings = {"command": remote.command(), "stop": {"command": command, **stop}}
        project.write("devinit.json", {"services": {"backend": settings}})
        project.succeed("start")
        return project, remote

    def test_it_runs_instead_of_the_signal(self):
        project = self.project()
        remote = Remote(project, "backend")
        command = f"echo exit 0 > {remote.path}; while test -d /proc/$(cat pid); do :; done"
        settings = {"command": remote.command(), "stop": {"command": command, "grace": "1000s"}}
        project.write("devinit.json", {"services": {"backend": settings}})
        project.succeed("start")
        project.write("pid", str(project.service()["pid"]))
        project.succeed("stop")
        self.assertEqual(project.events.all("signal"), [])
        self.assertEqual(project.events.wait("ended")["status"], 0)

    def test_the_signal_follows_when_something_is_left(self):
        project, _ = self.commanded("echo drained; echo drained > drained")
        project.succeed("stop")
        self.assertEqual(project.read("drained"), "drained\n")
        self.assertEqual(project.events.wait("signal")["signal"], "SIGTERM")
        self.assertIn("drained", project.succeed("logs").out)

    def test_one_that_fails_is_told_and_the_signal_follows(self):
        project, _ = self.commanded("exit 9")
        result = project.succeed("stop")
        self.assertIn("stop command", result.text)
        self.assertEqual(len(project.events.all("signal", signal="SIGTERM")), 1)

    def test_one_that_hangs_has_the_grace(self):
        project, _ = self.commanded("exec sleep 1000", grace="300ms")
        project.succeed("stop")
        project.assert_nothing_left()

    def test_kill_9_of_the_supervisor_meanwhile_leaves_nothing(self):
        project, _ = self.commanded("echo > begun; exec sleep 1000", grace="1000s")
        stop = project.spawn("stop")
        wait_until(project.root, lambda: project.exists("begun"))
        processes.send(project.supervisor(), signal.SIGKILL)
        stop.wait()
        project.assert_nothing_left()


class Outside(DevinitTest):
    def test_the_outer_runner_kills_the_group_of_the_command(self):
        """Demand: the wrapper's own process group must not break the outer runner's kill."""
        project = self.pair()
        up = project.spawn("up")
        project.wait_state("frontend", "ready")
        os.killpg(up.process.pid, signal.SIGTERM)
        up.wait()
        project.wait_service("backend", lambda service: service["state"] == "stopped")
        project.assert_nothing_left()

    def test_the_outer_runner_is_killed_with_its_terminal(self):
        """Demand: terminal or IDE closed: ports must not stay held."""
        project = self.pair()
        up = project.pty("up")
        project.wait_state("frontend", "ready")
        up.hang_up()
        up.wait()
        project.wait_service("backend", lambda service: service["state"] == "stopped")
        project.assert_nothing_left()

    def test_children_do_not_outlive_a_failed_start(self):
        """Demand: children must not outlive the launcher and keep the port."""
        settings = {"ready": {"deadline": "500ms"}, "restart": "never", "stop": {"grace": "100ms"}}
        project = self.single("--setsid", "--ignore-term", "--bind-delay", "1000", settings=settings)
        project.expect_code(1, "start")
        project.assert_nothing_left()

    def test_a_crash_is_noticed(self):
        """Demand: a crashed child must be noticed."""
        project = self.single(settings={"restart": "never"})
        up = project.spawn("up")
        project.wait_state("backend", "ready")
        processes.send(project.service()["pid"], signal.SIGKILL)
        up.expect("SIGKILL")
        self.assertNotEqual(up.wait(), 0)
        project.assert_nothing_left()

    def test_a_second_start_makes_no_duplicate(self):
        """Demand: agents forget servers and start duplicates."""
        project = self.single()
        for _ in range(3):
            project.succeed("start")
        self.assertEqual(len(project.events.all("listening")), 1)
        self.assertEqual(project.ports(), {"backend": project.block[0]})

    def test_a_dead_reader_of_the_output_does_not_end_a_service(self):
        """Demand: chatty children freeze or die: full pipe, bytes that are no text, dead reader."""
        project = self.single()
        up = project.spawn("up")
        project.wait_state("backend", "ready")
        project.succeed("start")  # holds it beyond the `up`
        up.process.kill()
        up.wait()
        for _ in range(50):
            project.get(project.block[0], "/print/" + "x" * 3000)
        self.assertEqual(project.service()["restarts"], 0)


if __name__ == "__main__":
    harness.main()
