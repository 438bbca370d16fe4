"""Restart after a crash, giving up, and the restarts that people ask for."""

import http.client
import signal
import socket
import unittest

import harness
import processes
from harness import FULL_SCALE, DevinitTest, listener


class Crash(DevinitTest):
    def crash(self, project, count):
        """Kills the ready service that is up for the `count`-th time, and waits for its next life."""
        pid = project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == count - 1)["pid"]
        processes.send(pid, signal.SIGKILL)
        return pid

    def test_a_service_that_had_been_ready_starts_again_on_its_port(self):
        project = self.single()
        project.succeed("start")
        first = self.crash(project, 1)
        second = project.events.wait("listening", count=2)[1]
        self.assertEqual(second["port"], project.block[0])
        service = project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)
        self.assertEqual(service["pid"], second["pid"])
        self.assertNotEqual(service["pid"], first)
        self.assertEqual(project.run("status").code, 0)

    def test_exit_code_0_is_a_failure_of_a_service(self):
        project = self.single()
        project.succeed("start")
        try:
            project.get(project.block[0], "/exit/0")
        except (OSError, http.client.HTTPException):
            pass  # the connection ends with the server
        project.events.wait("listening", count=2)
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)

    def test_five_failures_in_a_row_and_it_has_failed(self):
        project = self.single("--print-text", "goodbye from life")
        project.succeed("start")
        for count in range(1, 6):
            self.crash(project, count)
        service = project.wait_state("backend", "failed")
        self.assertEqual(len(project.events.all("listening")), 5)
        self.assertIsNone(service["pid"])
        self.assertRegex(service["detail"], r"SIGKILL|5")
        self.assertEqual(project.run("status").code, 3)
        # Failed means no hold on the port.
        socket.create_server(("127.0.0.1", project.block[0])).close()

    @unittest.skipUnless(FULL_SCALE, "takes more than a minute")
    def test_slow_failures_count_as_well(self):
        project = self.single("--crash-after", "15")
        project.succeed("start")
        project.wait_state("backend", "failed", timeout=300)
        self.assertEqual(len(project.events.all("listening")), 5)

    def test_a_service_that_never_gets_ready_backs_off_and_fails_with_its_log(self):
        project = self.single("--crash", "--exit-code", "3", "--print-text", "cannot reach the database")
        result = project.expect_code(1, "start")
        self.assertEqual(len(project.events.all("started")), 5)
        self.assertIn("cannot reach the database", result.text)
        self.assertIn("exited with code 3", result.text)
        self.assertEqual(project.service()["state"], "failed")

    def test_the_port_is_fenced_between_two_tries(self):
        project = self.single("--crash", settings={"restart": {"max": 1000}})
        start = project.spawn("start")
        # The pauses grow; in one of a second and more a stopped supervisor is still in it.
        project.wait_service("backend", lambda service: service["state"] == "backing_off" and service["restarts"] >= 4)
        supervisor = project.supervisor()
        processes.send(supervisor, signal.SIGSTOP)
        self.assertEqual(project.service()["state"], "backing_off")
        with socket.socket() as intruder:
            intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with self.assertRaises(OSError):
                intruder.bind(("127.0.0.1", project.block[0]))
                intruder.listen()
        processes.send(supervisor, signal.SIGCONT)
        project.succeed("stop")
        start.wait()

    def test_a_start_that_is_not_ready_in_time_ends_and_fails(self):
        project = self.single("--never-listen", settings={"ready": {"deadline": "500ms"}})
        result = project.expect_code(1, "start")
        self.assertIn("not ready within 500ms", result.text)
        self.assertEqual(project.service()["state"], "failed")
        self.assertIsNone(project.service()["pid"])
        project.assert_nothing_left()

    def test_policy_never(self):
        project = self.single(settings={"restart": "never"})
        project.succeed("start")
        self.crash(project, 1)
        project.wait_service("backend", lambda service: service["state"] in ("failed", "stopped"))
        self.assertEqual(len(project.events.all("listening")), 1)

    def test_exit_codes_that_must_not_restart(self):
        project = self.single("--crash", "--exit-code", "64", settings={"restart": {"policy": "on-failure", "never_on": [64]}})
        project.expect_code(1, "start")
        self.assertEqual(len(project.events.all("started")), 1)

    def test_signals_count_as_shells_tell_them(self):
        project = self.project()
        settings = {"command": "echo begun >> begun; kill -TERM $$", "ready": {"log": "never"}, "restart": {"policy": "on-failure", "never_on": [143]}}
        project.write("devinit.json", {"services": {"backend": settings}})
        project.expect_code(1, "start")
        self.assertEqual(project.read("begun").split(), ["begun"])

    def test_a_crash_takes_the_rest_of_the_tree_with_it(self):
        project = self.single("--setsid")
        project.succeed("start")
        before = project.identity(project.block[0])["pid"]
        leader = project.service()["pid"]
        self.assertNotEqual(before, leader)
        processes.send(before, signal.SIGKILL)  # the leader only waits for it: it ends, too
        project.events.wait("listening", count=2)
        self.assertFalse(processes.is_alive(leader))

    def test_dependents_survive_a_crash_of_their_dependency(self):
        project = self.pair()
        project.succeed("start")
        frontend = project.service("frontend")["pid"]
        processes.send(project.service("backend")["pid"], signal.SIGKILL)
        project.events.wait("listening", count=2, name="backend")
        self.assertTrue(processes.is_alive(frontend))

    def test_a_manual_start_clears_the_count(self):
        project = self.single("--crash", settings={"restart": {"max": 2}})
        project.expect_code(1, "start")
        project.expect_code(1, "start")
        self.assertEqual(len(project.events.all("started")), 4)

    def test_a_manual_restart_clears_the_count(self):
        project = self.single(settings={"restart": {"max": 2}})
        project.succeed("start")
        self.crash(project, 1)
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)
        project.succeed("restart", "backend")
        listening = len(project.events.all("listening"))
        processes.send(project.service()["pid"], signal.SIGKILL)
        project.events.wait("listening", count=listening + 1)
        project.wait_state("backend", "ready")


class OnRequest(DevinitTest):
    def test_one_service_gets_a_new_process_on_its_port(self):
        project = self.pair()
        project.succeed("start")
        before = {service["name"]: service for service in project.status()["services"]}
        project.succeed("restart", "backend")
        after = {service["name"]: service for service in project.status()["services"]}
        self.assertNotEqual(after["backend"]["pid"], before["backend"]["pid"])
        self.assertEqual(after["backend"]["port"], before["backend"]["port"])
        self.assertEqual(after["frontend"]["pid"], before["frontend"]["pid"])
        self.assertEqual(after["backend"]["state"], "ready")

    def test_all_reads_the_configuration_anew(self):
        project = self.pair()
        project.succeed("start")
        project.write("devinit.json", self.pair_config(project.block[4], project.block[5]))
        project.succeed("restart")
        self.assertEqual(project.ports(), {"backend": project.block[4], "frontend": project.block[5]})
        self.assertEqual(project.identity(project.block[4])["name"], "backend")

    def test_a_broken_configuration_leaves_everything_running(self):
        project = self.pair()
        project.succeed("start")
        before = [service["pid"] for service in project.status()["services"]]
        project.write("devinit.json", "{")
        project.expect_code(2, "restart")
        self.assertEqual([service["pid"] for service in project.status()["services"]], before)

    def test_the_environment_of_the_caller_is_taken(self):
        project = self.single()
        project.succeed("start", environment={"MODE": "one"})
        self.assertEqual(project.get(project.block[0], "/env/MODE"), "one")
        project.succeed("restart", environment={"MODE": "two"})
        self.assertEqual(project.get(project.block[0], "/env/MODE"), "two")
        processes.send(project.service()["pid"], signal.SIGKILL)
        project.events.wait("listening", count=3)
        self.assertEqual(project.get(project.block[0], "/env/MODE"), "two")

    def test_a_stopped_project_is_started(self):
        project = self.pair()
        project.succeed("restart")
        self.assertEqual([service["state"] for service in project.status()["services"]], ["ready", "ready"])

    def linked_pair(self):
        """A frontend that was told the backend's address, but does not wait for it; and the services, to be changed."""
        project = self.project()
        services = {
            "backend": {"command": listener("--name", "backend"), "port": project.block[0]},
            "frontend": {"command": listener("--name", "frontend"), "port": project.block[1], "env": {"API": "{backend.url}"}},
        }
        project.write("devinit.json", {"services": services})
        return project, services

    def test_a_sibling_that_holds_an_old_port_is_stale_until_it_is_restarted(self):
        project, services = self.linked_pair()
        project.succeed("start")
        project.succeed("stop", "backend")
        services["backend"]["port"] = project.block[6]
        project.write("devinit.json", {"services": services})
        project.succeed("start", "backend")
        self.assertEqual(project.service("backend")["port"], project.block[6])
        self.assertEqual(project.get(project.block[1], "/env/API"), f"http://localhost:{project.block[0]}")
        self.assertTrue(project.service("frontend")["stale"])
        project.succeed("restart", "frontend")
        self.assertEqual(project.get(project.block[1], "/env/API"), f"http://localhost:{project.block[6]}")
        self.assertFalse(project.service("frontend")["stale"])

    def test_a_sibling_started_by_the_same_command_is_restarted_for_a_moved_port(self):
        project, services = self.linked_pair()
        moved = project.block[6]
        services["backend"]["command"] += ["--bind-delay", "0.5", "--other-port", str(moved)]
        project.write("devinit.json", {"services": services})
        project.succeed("start")
        self.assertEqual(project.get(project.block[1], "/env/API"), f"http://localhost:{moved}")
        self.assertFalse(project.service("frontend")["stale"])
        self.assertEqual(project.runtime_env()["BACKEND_PORT"], str(moved))


if __name__ == "__main__":
    harness.main()
