"""`kind: external`: run by others; only asked, never touched."""

import harness
import processes
from harness import DevinitTest, listener, stub


class ExternalTest(DevinitTest):
    def with_search(self, **search):
        """An external service `search` on the third port of the block, and a backend that needs it."""
        project = self.project()
        services = {
            "search": {"kind": "external", "port": project.block[2], **search},
            "backend": {"command": listener("--name", "backend"), "port": project.block[0], "depends_on": ["search"]},
        }
        project.write("devinit.json", {"services": services})
        return project


class Wait(ExternalTest):
    def test_dependents_wait_until_somebody_listens(self):
        project = self.with_search()
        start = project.spawn("start")
        search = project.wait_service("search", lambda service: service["state"] == "starting" and service.get("detail"))
        self.assertIn(f"nobody listens on port {project.block[2]}", search["detail"])
        self.assertEqual(project.service("backend")["state"], "waiting")
        project.stranger(port=project.block[2])
        self.assertEqual(start.wait(), 0, start.text)
        self.assertEqual(project.service("search")["state"], "ready")

    def test_one_that_is_there_already(self):
        project = self.with_search(ready={"http": "/"})
        project.stranger(port=project.block[2])
        project.succeed("start")
        self.assertEqual(project.get(project.block[0], "/env/SEARCH_PORT"), str(project.block[2]))
        self.assertEqual(project.run("status").code, 0)

    def test_a_wrong_answer_is_none(self):
        project = self.with_search(ready={"http": "/exit-code", "status": 418, "deadline": "1s"})
        project.stranger(port=project.block[2])
        result = project.expect_code(1, "start")
        self.assertIn("search", result.text)
        self.assertIn("backend", result.text)
        self.assertEqual(project.events.all("listening", name="backend"), [])

    def test_by_a_command(self):
        project = self.project()
        services = {
            "search": {"kind": "external", "ready": {"exec": ["test", "-e", "up"], "period": "50ms"}},
            "backend": {"command": listener("--name", "backend"), "port": project.block[0], "depends_on": ["search"]},
        }
        project.write("devinit.json", {"services": services})
        start = project.spawn("start")
        project.wait_state("search", "starting")
        project.write("up", "")
        self.assertEqual(start.wait(), 0, start.text)

    def test_nobody_comes_before_the_deadline(self):
        project = self.with_search(ready={"deadline": "500ms"})
        result = project.expect_code(1, "start")
        self.assertIn("search", result.text)
        self.assertIn(f"nobody listens on port {project.block[2]}", result.text)
        project.assert_nothing_left()


class Alone(ExternalTest):
    def test_it_is_not_meant_by_all(self):
        project = self.project()
        services = {
            "search": {"kind": "external", "port": project.block[2]},
            "backend": {"command": listener("--name", "backend"), "port": project.block[0]},
        }
        project.write("devinit.json", {"services": services})
        project.succeed("start")
        self.assertEqual(project.service("backend")["state"], "ready")
        self.assertEqual(project.run("status").code, 0)

    def test_a_stop_and_a_kill_leave_it_alone(self):
        project = self.with_search()
        stranger = project.stranger(port=project.block[2])
        project.succeed("start")
        project.succeed("stop")
        self.assertTrue(processes.is_alive(stranger.pid))
        self.assertEqual(project.events.all("signal", pid=stranger.pid), [])

    def test_its_port_is_never_moved_or_fenced(self):
        project = self.with_search()
        project.stranger(port=project.block[2])
        project.succeed("start", "--force")
        self.assertEqual(project.service("search")["port"], project.block[2])
        project.succeed("stop")


class Lost(ExternalTest):
    def lost(self, **settings):
        project = self.with_search(live={"period": "50ms", "failure_threshold": 1}, **settings)
        stranger = project.stranger(port=project.block[2])
        project.succeed("start")
        stranger.kill()
        return project

    def test_one_that_goes_is_shown_and_comes_back(self):
        project = self.lost()
        project.wait_service("search", lambda service: not service["ready"] or not service["healthy"])
        project.stranger(port=project.block[2])
        project.wait_service("search", lambda service: service["ready"] and service["healthy"])
        self.assertEqual(project.service("backend")["restarts"], 0)

    def test_dependents_that_want_to_restart_with_it(self):
        project = self.project()
        services = {
            "search": {"kind": "external", "port": project.block[2], "live": {"period": "50ms", "failure_threshold": 1}},
            "backend": {
                "command": stub("worker", "--name", "backend"), "depends_on": ["search"], "on_dependency_loss": "restart",
            },
        }
        project.write("devinit.json", {"services": services})
        stranger = project.stranger(port=project.block[2])
        project.succeed("start")
        stranger.kill()
        project.wait_service("search", lambda service: not service["ready"] or not service["healthy"])
        project.stranger(port=project.block[2])
        project.events.wait("started", name="backend", count=2)


if __name__ == "__main__":
    harness.main()
