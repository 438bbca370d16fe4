"""`depends_on`: when a service may start, what the loss of a dependency does, and the order of the stop."""

import json
import signal

import harness
import processes
from harness import DevinitTest, listener, stub
from remote import Remote


def worker(name, *arguments):
    return stub("worker", "--name", name, *arguments)


def names(events):
    return [event["name"] for event in events]


class Conditions(DevinitTest):
    def pair_with(self, condition, **dependency):
        """`db`, ready when its file `up` is there, and `web`, that waits for it."""
        project = self.project()
        db = {"command": worker("db"), "ready": {"file": "up"}, **dependency}
        project.write("devinit.json", {"services": {"db": db, "web": {"command": worker("web"), "depends_on": {"db": condition}}}})
        return project

    def test_started_does_not_wait_until_it_is_ready(self):
        project = self.pair_with("started")
        start = project.spawn("start")
        project.events.wait("started", name="web")
        self.assertEqual(project.service("db")["state"], "starting")
        project.write("up", "")
        self.assertEqual(start.wait(), 0, start.text)

    def test_ready_waits_until_it_is_ready(self):
        project = self.pair_with("ready")
        start = project.spawn("start")
        project.events.wait("started", name="db")
        project.wait_state("web", "waiting")
        self.assertEqual(project.events.all("started", name="web"), [])
        project.write("up", "")
        self.assertEqual(start.wait(), 0, start.text)
        self.assertEqual(names(project.events.all("started")), ["db", "web"])

    def with_task(self, condition, *task):
        project = self.project()
        services = {
            "migrate": {"kind": "task", "command": worker("migrate", *task)},
            "web": {"command": worker("web"), "depends_on": {"migrate": condition}},
        }
        project.write("devinit.json", {"services": services})
        return project

    def test_completed_takes_a_task_that_failed(self):
        project = self.with_task("completed", "--exit", 3)
        project.run("start")
        self.assertEqual(project.wait_state("web", "ready")["state"], "ready")
        self.assertEqual(project.service("migrate")["state"], "failed")
        self.assertEqual(project.service("migrate")["exit_code"], 3)
        self.assertEqual(names(project.events.all("ended"))[0], "migrate")

    def test_completed_successfully_does_not(self):
        project = self.with_task("completed_successfully", "--exit", 3, "--print", "no such table")
        result = project.expect_code(1, "start")
        self.assertIn("no such table", result.text)
        self.assertEqual(project.events.all("started", name="web"), [])
        self.assertIn("migrate", project.service("web")["detail"])
        project.assert_nothing_left()

    def test_completed_successfully_waits_for_the_end(self):
        project = self.project()
        remote = Remote(project, "migrate")
        services = {
            "migrate": {"kind": "task", "command": remote.command()},
            "web": {"command": worker("web"), "depends_on": {"migrate": "completed_successfully"}},
        }
        project.write("devinit.json", {"services": services})
        start = project.spawn("start")
        project.wait_state("migrate", "running")
        self.assertEqual(project.service("web")["state"], "waiting")
        remote.tell("exit 0")
        self.assertEqual(start.wait(), 0, start.text)
        self.assertEqual(project.service("migrate")["state"], "completed")

    def test_an_array_means_completed_for_a_task(self):
        project = self.with_task("ready", "--exit", 0)
        project.succeed("start")
        self.assertEqual(names(project.events.all("started")), ["migrate", "web"])

    def test_a_dependency_that_fails_is_named_by_all_behind_it(self):
        project = self.project()
        services = {
            "db": {"command": worker("db", "--exit", 1), "restart": "never"},
            "api": {"command": worker("api"), "depends_on": ["db"]},
            "web": {"command": worker("web"), "depends_on": ["api"]},
            "docs": {"command": worker("docs")},
        }
        project.write("devinit.json", {"services": services})
        project.expect_code(1, "start")
        self.assertEqual(project.events.all("started", name="api") + project.events.all("started", name="web"), [])
        self.assertIn("db", project.service("api")["detail"])
        self.assertIn("api", project.service("web")["detail"])
        project.wait_state("docs", "ready")

    def test_a_dependency_that_is_up_already_is_not_started_again(self):
        project = self.pair()
        project.succeed("start", "backend")
        backend = project.service("backend")["pid"]
        project.succeed("start", "frontend")
        self.assertEqual(project.service("backend")["pid"], backend)


class Mistakes(DevinitTest):
    def test_a_cycle_is_drawn_along_its_path(self):
        project = self.project()
        needs = {"api": "worker", "worker": "queue", "queue": "api", "web": "api"}
        project.write("devinit.json", {"services": {name: {"command": "true", "depends_on": [other]} for name, other in needs.items()}})
        result = project.expect_code(2, "start")
        self.assertRegex(result.err, r"(api -> worker -> queue -> api|worker -> queue -> api -> worker|queue -> api -> worker -> queue)")
        self.assertRegex(result.err, r"devinit\.json:\d+:\d+")

    def test_one_that_needs_itself(self):
        project = self.project({"services": {"api": {"command": "true", "depends_on": ["api"]}}})
        self.assertRegex(project.expect_code(2, "start").err, r"api|itself")

    def test_an_unknown_name_gets_a_suggestion(self):
        project = self.project({"services": {"database": {"command": "true"}, "api": {"command": "true", "depends_on": ["databse"]}}})
        result = project.expect_code(2, "start")
        self.assertIn("databse", result.err)
        self.assertIn("`database`", result.err)

    def test_an_unknown_condition(self):
        project = self.project({"services": {"db": {"command": "true"}, "api": {"command": "true", "depends_on": {"db": "redy"}}}})
        self.assertIn("ready", project.expect_code(2, "start").err)

    def test_completed_is_for_tasks(self):
        project = self.project({"services": {"db": {"command": "true"}, "api": {"command": "true", "depends_on": {"db": "completed"}}}})
        self.assertRegex(project.expect_code(2, "start").err, r"task")


class Loss(DevinitTest):
    def started(self, loss):
        project = self.project()
        services = {
            "backend": {"command": listener("--name", "backend"), "port": project.block[0]},
            "frontend": {
                "command": listener("--name", "frontend"), "port": project.block[1],
                "depends_on": ["backend"], "on_dependency_loss": loss,
            },
        }
        project.write("devinit.json", {"services": services})
        project.succeed("start")
        return project, project.service("backend")["pid"], project.service("frontend")["pid"]

    def test_keep(self):
        project, backend, frontend = self.started("keep")
        processes.send(backend, signal.SIGKILL)
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)
        project.succeed("stop", "backend")
        self.assertEqual(project.service("frontend")["pid"], frontend)
        self.assertTrue(processes.is_alive(frontend))

    def test_restart_once_it_is_back(self):
        project, backend, frontend = self.started("restart")
        processes.send(backend, signal.SIGKILL)
        project.wait_service("frontend", lambda service: service["ready"] and service["pid"] not in (None, frontend))
        listening = names(project.events.all("listening"))
        self.assertEqual(listening, ["backend", "frontend", "backend", "frontend"])
        self.assertEqual(project.service("frontend")["port"], project.block[1])

    def test_restart_when_somebody_restarts_it(self):
        project, _, frontend = self.started("restart")
        project.succeed("restart", "backend")
        project.wait_service("frontend", lambda service: service["ready"] and service["pid"] not in (None, frontend))

    def test_stop_after_a_crash(self):
        project, backend, frontend = self.started("stop")
        processes.send(backend, signal.SIGKILL)
        service = project.wait_service("frontend", lambda service: service["state"] == "stopped")
        self.assertIn("backend", service["detail"])
        self.assertFalse(processes.is_alive(frontend))
        project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)

    def test_stop_when_somebody_stops_it(self):
        project, _, frontend = self.started("stop")
        project.succeed("stop", "backend")
        project.wait_state("frontend", "stopped")
        self.assertFalse(processes.is_alive(frontend))
        project.assert_nothing_left()


class Diamond(DevinitTest):
    """Ten services in a diamond of dependencies, with mixed kinds of readiness, ordered start and stop."""

    NEEDS = {
        "db": [], "cache": [],
        "migrate": ["db"],
        "api": ["migrate", "cache"], "auth": ["db"], "jobs": ["migrate", "cache"], "search": ["cache"],
        "gateway": ["api", "auth"], "admin": ["api", "jobs"],
        "web": ["gateway", "admin", "search"],
    }

    def diamond(self):
        project = self.project()
        self.remotes = {name: Remote(project, name) for name in self.NEEDS if name != "migrate"}
        kinds = {
            "db": {"ready": {"log": "accepting"}}, "cache": {"ready": {"delay": "20ms"}},
            "api": {"port": project.block[0], "ready": {"http": "/"}}, "auth": {"port": project.block[1]},
            "jobs": {"ready": {"notify": True}}, "search": {"ready": {"file": "search.up"}},
            "gateway": {"ready": {"exec": ["test", "-e", "gateway.up"], "period": "50ms"}},
            "admin": {}, "web": {"port": project.block[2], "live": {"http": "/", "period": "1s"}},
        }
        services = {}
        for name, needs in self.NEEDS.items():
            settings = {"depends_on": needs} if needs else {}
            if name == "migrate":
                services[name] = {"kind": "task", "command": worker(name, "--exit", 0), **settings}
                continue
            settings |= {"stop": {"grace": "30s", "to": "leader"}, **kinds[name]}
            command = listener("--name", name) if "port" in settings else self.remotes[name].command("--patient")
            services[name] = {"command": command, **settings}
        project.write("devinit.json", {"services": services})
        return project

    def start(self, project):
        start = project.spawn("start")
        project.events.wait("started", name="db")
        self.assertEqual(project.events.all("started", name="migrate"), [])
        self.remotes["db"].tell("print accepting connections")
        project.events.wait("started", name="jobs")
        self.remotes["jobs"].tell("notify READY=1")
        project.events.wait("started", name="search")
        project.write("search.up", "")
        project.events.wait("started", name="gateway")
        self.assertEqual(project.events.all("started", name="web"), [])
        project.write("gateway.up", "")
        self.assertEqual(start.wait(), 0, start.text)

    def test_ordered_start_with_times(self):
        project = self.diamond()
        self.start(project)
        times = {service["name"]: service["timeline_ms"] for service in project.status()["services"]}
        for name, needs in self.NEEDS.items():
            for need in needs:
                self.assertLessEqual(times[need]["ready"], times[name]["spawned"], f"{name} needs {need}")
        graph = json.loads(project.succeed("graph", "--json").out)
        path = graph["critical_path"]
        self.assertEqual(sum(step["ms"] for step in path["steps"]), path["total_ms"])
        self.assertEqual(path["steps"][-1]["service"], "web")
        print(project.succeed("graph").out)
        stop = project.spawn("stop")
        self.release(project, [name for name in self.remotes if name not in ("api", "auth", "web")])
        self.assertEqual(stop.wait(), 0, stop.text)

    def release(self, project, patient):
        """Ends each patient worker as soon as it is told to stop."""
        left = set(patient)
        while left:
            project.events.wait_any("signal", left)
            for name in names(project.events.all("signal", signal="SIGTERM")):
                if name in left:
                    left.remove(name)
                    self.remotes[name].tell("exit 0")

    def test_ordered_stop_is_as_long_as_its_slowest_path(self):
        """Demand: ordered stop, but fast. Who has no dependents left is told at once, whatever the others of its level still do."""
        project = self.diamond()
        self.start(project)
        stop = project.spawn("stop")
        # web is down at once; its three dependencies that are patient are told side by side.
        for name in ("gateway", "admin", "search"):
            project.events.wait("signal", name=name, signal="SIGTERM")
        self.assertEqual(set(names(project.events.all("signal", signal="SIGTERM"))), {"web", "gateway", "admin", "search"})
        # One branch goes on while the other one still stops: api is needed by admin, auth by nobody.
        self.remotes["gateway"].tell("exit 0")
        project.events.wait("signal", name="auth", signal="SIGTERM")
        self.assertNotIn("api", names(project.events.all("signal", signal="SIGTERM")))
        self.remotes["admin"].tell("exit 0")
        project.events.wait("signal", name="api", signal="SIGTERM")
        project.events.wait("signal", name="jobs", signal="SIGTERM")
        self.remotes["jobs"].tell("exit 0")
        project.events.wait("signal", name="db", signal="SIGTERM")
        self.assertNotIn("cache", names(project.events.all("signal", signal="SIGTERM")))
        self.remotes["search"].tell("exit 0")
        project.events.wait("signal", name="cache", signal="SIGTERM")
        for name in ("db", "cache"):
            self.remotes[name].tell("exit 0")
        self.assertEqual(stop.wait(), 0, stop.text)
        project.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
