"""Faults T1 to T8: the supervisor, the guardians or the commands end in the middle of their work."""

import isolation

isolation.enter()

import json
import os
import signal

import harness
import processes
import registries
from fault_case import FaultTest, needs_isolation, open_gate
from harness import FULL_SCALE, listener
from waiting import Watch, wait_until


class KilledSupervisor(FaultTest):
    """The supervisor ends at a known step of a start; the rest ends by itself, and the next start is as if nothing had been."""

    def assert_as_new(self, project, ports):
        """Everything has ended without any help, and the next start gets the same ports."""
        project.assert_nothing_left()
        project.succeed("start")
        self.assertEqual(project.ports(), ports)
        project.succeed("stop")
        project.close()

    def after(self, step):
        """A start whose supervisor is at `step`, and the supervisor's pid."""
        project = self.gated_single()
        start = project.spawn("start")
        wait_until(project.root, getattr(self, step)(project))
        if step in ("executed", "ready"):
            self.wait_spawned(project)
        if step == "ready":
            open_gate(project)
            self.assertEqual(start.wait(), 0, start.text)
        return project, start, project.lock_owner()

    @staticmethod
    def written(project):
        return lambda: project.exists(".ports.json")

    @staticmethod
    def leased(project):
        def there():
            path = registries.database_path(project)
            return os.path.exists(path) and project.run("ports", "list", "--json").out.strip() not in ("", "[]")

        return there

    @staticmethod
    def guarded(project):
        return lambda: project.lock_owner() and processes.children_of(project.lock_owner())

    executed = ready = guarded

    def test_t01_kill_9_of_the_supervisor_after_each_step(self):
        for step in ("written", "leased", "guarded", "executed", "ready"):
            with self.subTest(step):
                self.end_at(step, signal.SIGKILL)

    def end_at(self, step, number):
        project, start, supervisor = self.after(step)
        processes.send(supervisor, number)
        self.assert_gone([supervisor])
        self.end_or_heal(project, start, supervisor)
        project.assert_nothing_left()
        if project.exists("gate"):
            os.unlink(project.path("gate"))
        self.assert_as_new(project, {"backend": project.block[0]})

    def end_or_heal(self, project, start, killed):
        """A start that had not been answered yet asks another supervisor, and succeeds; any other one fails."""
        ended = lambda: start.process.poll() is not None
        wait_until(project.path(".devinit"), lambda: ended() or project.lock_owner() not in (None, killed))
        if not ended():
            open_gate(project)
            self.assertEqual(start.wait(), 0, start.text)
            self.assertEqual(project.identity(project.block[0])["name"], "backend")
            project.succeed("stop")
        self.assertIn(start.wait(), (0, 1), start.text)

    def test_t01_kill_9_of_the_supervisor_while_ports_are_claimed_and_fenced(self):
        project = self.project()
        services = {name: {"command": listener("--name", name), "port": project.block[index]} for index, name in enumerate(("backend", "frontend"))}
        project.write("devinit.json", {"services": services})
        holder = project.stranger(port=project.block[1])
        terminal = project.pty("start")
        terminal.expect(r"\[y/N\]")  # asked while the first port is held and nothing is written yet
        self.assert_cannot_listen(project.block[0])
        self.assertFalse(project.exists(".ports.json"))
        supervisor = project.lock_owner()
        processes.send(supervisor, signal.SIGKILL)
        self.assert_gone([supervisor])
        terminal.send("n\n")
        self.assertEqual(terminal.wait(), 1, terminal.text)
        holder.kill()
        holder.wait()
        self.assertEqual([entry for entry in project.events.all("started") if entry["name"] != "stranger"], [])
        self.assert_as_new(project, {"backend": project.block[0], "frontend": project.block[1]})

    def test_t04_kill_9_of_everything_called_devinit(self):
        project = self.single()
        up = project.spawn("up")
        project.wait_state("backend", "ready")
        guardian, leader = project.guardian(), project.service()["pid"]
        called = [pid for pid in project.own_processes() if processes.read_bytes(f"/proc/{pid}/comm").startswith(b"devinit")]
        self.assertNotIn(guardian, called)
        self.assertGreaterEqual(len(called), 2)
        for pid in called:
            processes.send(pid, signal.SIGKILL)
        up.wait()
        self.assert_gone([guardian, leader])
        self.assert_as_new(project, {"backend": project.block[0]})

    def test_t07_the_supervisor_crashes(self):
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            with self.subTest(number.name):
                self.end_at("ready", number)


class StoppedSupervisor(FaultTest):
    def test_t05_a_supervisor_that_is_stopped_harms_nobody(self):
        project = self.single()
        project.succeed("start")
        before = project.service()
        supervisor = project.supervisor()
        processes.send(supervisor, signal.SIGSTOP)
        self.addCleanup(processes.send, supervisor, signal.SIGCONT)
        self.assert_stays(before["pid"], 60 if FULL_SCALE else 1.5)
        self.assertEqual(project.identity(project.block[0])["pid"], before["pid"])
        self.assertEqual(project.service()["state"], "ready")
        processes.send(supervisor, signal.SIGCONT)
        project.succeed("start")  # an answer: it has caught up
        after = project.service()
        self.assertEqual((after["pid"], after["restarts"]), (before["pid"], 0))

    def test_t05_what_ends_meanwhile_is_noticed_afterwards(self):
        project = self.single()
        project.succeed("start")
        supervisor, leader = project.supervisor(), project.service()["pid"]
        processes.send(supervisor, signal.SIGSTOP)
        processes.send(leader, signal.SIGKILL)
        self.assert_gone([leader])
        processes.send(supervisor, signal.SIGCONT)
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)


class KilledWriter(FaultTest):
    limit = 3600 if FULL_SCALE else 300

    def test_t06_kill_9_while_files_are_replaced_leaves_old_or_new_ones(self):
        project = self.single()
        given = {}
        for number in range(500 if FULL_SCALE else 12):
            given[number] = json.loads(project.succeed("ports", "get", "model", str(number + 1), "--json").out)["ports"]
            port = project.block[number % 8]
            project.write("devinit.json", {"services": {"backend": {"command": listener("--name", "backend"), "port": port}}})
            self.kill_after_changes(project, 1 + number % 7)
            self.assert_whole(project)
            project.assert_nothing_left()
        listed = json.loads(project.succeed("ports", "list", "--json").out)
        kept = {(row.get("app"), row["port"]) for row in listed if row["kind"] == "app"}
        promised = {port for ports in given.values() for port in ports.values()}
        self.assertEqual(promised - {port for _, port in kept}, set(), "acknowledged leases are lost")

    def kill_after_changes(self, project, count):
        """A start whose supervisor is killed after the `count`-th change of the project's folder, or when the start has ended."""
        os.makedirs(project.path(".devinit"), mode=0o700, exist_ok=True)
        with Watch(project.path(".devinit" if count % 2 else ".")) as watch:
            start = project.spawn("start")
            wait_until(project.path(".devinit"), lambda: project.lock_owner() or start.process.poll() is not None)
            supervisor = project.lock_owner()
            for _ in range(count):
                if start.process.poll() is not None:
                    break
                watch.wait(0.2)
        if supervisor:
            processes.send(supervisor, signal.SIGKILL)
        start.wait()
        while supervisor := project.lock_owner():  # another one, if the start had not been answered yet
            processes.send(supervisor, signal.SIGKILL)
            self.assert_gone([supervisor])

    def assert_whole(self, project):
        for name in (".ports.json", ".devinit/state.json", ".devinit/ports.last.json"):
            if project.exists(name):
                json.loads(project.read(name))
        if project.exists(".env.runtime"):
            self.assertIn("BACKEND_PORT", project.runtime_env())


class Reboot(FaultTest):
    @needs_isolation
    def test_t08_after_a_reboot_old_pids_are_strangers(self):
        project = self.single()
        project.succeed("start")
        doomed = [project.supervisor(), project.guardian(), project.service()["pid"]]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                processes.send(pid, number)
        self.assert_gone(doomed)
        stranger = project.stranger(port=project.block[9])
        state = json.loads(project.read(".devinit/state.json"))
        identity = {"pid": stranger.pid, "start_ticks": processes.start_time(stranger.pid)}
        state["boot_id"] = "00000000-0000-0000-0000-000000000000"
        state["services"][0].update(guardian=identity, leader=identity)
        project.write(".devinit/state.json", state)
        self.assertEqual(project.service()["state"], "stopped")
        project.succeed("start")
        self.assertIsNone(stranger.poll(), "a stranger was ended for its pid")
        self.assertEqual(project.ports(), {"backend": project.block[0]})


if __name__ == "__main__":
    harness.main()
