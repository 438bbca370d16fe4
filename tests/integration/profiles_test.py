"""Names on the command line: profiles, replicas; and how an `up` in a script ends."""

import harness
from harness import DevinitTest, listener


class Names(DevinitTest):
    def shop(self):
        project = self.project()
        services = {name: {"command": listener("--name", name), "port": project.block[i]} for i, name in enumerate(("api", "web", "docs"))}
        project.write("devinit.json", {"profiles": {"small": ["api"], "site": ["web", "docs"]}, "services": services})
        return project

    def running(self, project):
        return {service["name"] for service in project.status()["services"] if service["state"] == "ready"}

    def test_a_profile_starts_and_stops_its_services(self):
        project = self.shop()
        project.succeed("start", "--profile", "site")
        self.assertEqual(self.running(project), {"web", "docs"})
        project.succeed("status", "--profile", "site")
        project.succeed("start", "--profile", "small,site")
        project.succeed("stop", "--profile", "site")
        self.assertEqual(self.running(project), {"api"})

    def test_an_unknown_profile_gets_a_suggestion(self):
        self.assertIn("did you mean `small`?", self.shop().expect_code(2, "start", "--profile", "smal").err)

    def test_replicas_go_by_one_name(self):
        project = self.project(block_size=20)
        web = {"command": listener("--name", "web"), "port": project.block[0], "replicas": 2}
        project.write("devinit.json", {"services": {"web": web, "docs": {"command": listener("--name", "docs"), "port": project.block[5]}}})
        project.succeed("start", "web")
        self.assertEqual(self.running(project), {"web-0", "web-1"})
        project.succeed("stop", "web-1")
        self.assertEqual(self.running(project), {"web-0"})
        project.succeed("stop", "web")
        self.assertEqual(self.running(project), set())


class UpInScripts(DevinitTest):
    def with_task(self, command, **more):
        project = self.project()
        services = {
            "backend": {"command": listener("--name", "backend"), "port": project.block[0]},
            "tests": {"kind": "task", "command": command, "depends_on": ["backend"], **more},
        }
        project.write("devinit.json", {"services": services})
        return project

    def test_end_with_the_code_of_a_task(self):
        project = self.with_task("exit 3")
        project.expect_code(3, "up", "--exit-code-from", "tests")
        project.assert_nothing_left()

    def test_end_well_with_a_task_that_does(self):
        project = self.with_task("true")
        project.succeed("up", "--exit-code-from", "tests")
        project.assert_nothing_left()

    def test_never_end_well_when_the_task_did_not_run(self):
        project = self.project()
        services = {
            "database": {"kind": "task", "command": "exit 3"},
            "tests": {"kind": "task", "command": "true", "depends_on": {"database": "completed_successfully"}},
        }
        project.write("devinit.json", {"services": services})
        project.expect_code(1, "up", "--exit-code-from", "tests", "tests")
        project.expect_code(1, "up", "--exit-code-from", "tests")

    def test_a_failed_start_ends_with_grace_before_it_returns(self):
        project = self.pair(frontend=["--crash"])
        config = self.pair_config(project.block[0], project.block[1], frontend=["--crash"])
        config["services"]["frontend"]["restart"] = "never"
        project.write("devinit.json", config)
        result = project.expect_code(1, "up")
        self.assertIn("backend: stopped", result.err)
        self.assertEqual({entry["name"] for entry in project.events.all("signal", signal="SIGTERM")}, {"backend"})
        project.assert_nothing_left()

    def test_end_with_the_first_failure(self):
        project = self.pair(frontend=["--crash", "--print-text", "no way"])
        config = self.pair_config(project.block[0], project.block[1], frontend=["--crash", "--print-text", "no way"])
        config["services"]["frontend"]["restart"] = "never"
        project.write("devinit.json", config)
        result = project.expect_code(1, "up", "--abort-on-failure")
        self.assertIn("frontend failed", result.err)
        project.assert_nothing_left()

    def test_the_named_service_becomes_part_of_it(self):
        project = self.with_task("exit 4")
        project.expect_code(4, "up", "backend", "--exit-code-from", "tests")
        project.assert_nothing_left()
        self.assertIn("`tests`", project.expect_code(2, "up", "--exit-code-from", "test").err)


if __name__ == "__main__":
    harness.main()
