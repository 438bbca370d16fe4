"""Where the configuration comes from: includes, the local overlay, variables with defaults; and what is disabled."""

import subprocess

import harness
from harness import DevinitTest, listener


class OverlayTest(DevinitTest):
    def shop(self, **top):
        """`backend` on the first port of the block; `top`: further keys of devinit.json."""
        project = self.project()
        backend = {"command": listener("--name", "backend"), "port": project.block[0]}
        top["services"] = {"backend": backend, **top.get("services", {})}
        project.write("devinit.json", top)
        return project

    def value(self, project, name):
        return project.get(project.service()["port"], f"/env/{name}")


class Local(OverlayTest):
    def test_it_wins_over_all_and_is_laid_deep(self):
        project = self.shop(env={"LEVEL": "info", "KEPT": "kept"})
        overlay = {"env": {"LEVEL": "debug"}, "services": {"backend": {"port": project.block[3]}}}
        project.write("devinit.local.json", overlay)
        project.succeed("start")
        self.assertEqual(project.service()["port"], project.block[3])
        self.assertEqual(self.value(project, "LEVEL"), "debug")
        self.assertEqual(self.value(project, "KEPT"), "kept")

    def test_null_takes_a_service_away(self):
        project = self.shop(services={"search": {"command": "exit 1", "restart": "never"}})
        project.write("devinit.local.json", {"services": {"search": None}})
        project.succeed("start")
        self.assertEqual([service["name"] for service in project.status()["services"]], ["backend"])

    def test_it_may_add_a_service(self):
        project = self.shop()
        project.write("devinit.local.json", {"services": {"mine": {"command": listener("--name", "mine"), "port": project.block[1]}}})
        project.succeed("start")
        self.assertEqual(project.identity(project.block[1])["name"], "mine")

    def test_a_mistake_names_its_file(self):
        project = self.shop()
        project.write("devinit.local.json", '{\n  "services": { "backend": { "prot": 1 } }\n}')
        self.assertIn("devinit.local.json:2:", project.expect_code(2, "start").err)

    def test_an_edit_of_it_is_an_edit_of_the_configuration(self):
        project = self.shop()
        project.succeed("start")
        self.assertFalse(project.service()["changed"])
        project.write("devinit.local.json", {"services": {"backend": {"env": {"NEW": "new"}}}})
        self.assertTrue(project.service()["changed"])
        project.succeed("reload")
        self.assertEqual(self.value(project, "NEW"), "new")

    def test_it_stays_out_of_git(self):
        """It is the checkout's own: `git status` of a fresh project names the configuration only."""
        project = self.shop()
        project.write("devinit.local.json", {})
        subprocess.run(["git", "init", "-q", project.root], check=True, env=project.environment)
        project.succeed("start")
        command = ["git", "-C", project.root, "status", "--porcelain", "-uall"]
        listed = subprocess.run(command, env=project.environment, check=True, capture_output=True, text=True)
        self.assertNotIn("devinit.local.json", listed.stdout)


class Include(OverlayTest):
    def test_an_included_file_brings_services_and_the_including_one_wins(self):
        project = self.shop(include=["infra/devinit.json"], env={"FROM": "top"})
        cache = {"command": listener("--name", "cache"), "port": project.block[1]}
        project.write("infra/devinit.json", {"env": {"FROM": "infra", "INFRA": "yes"}, "services": {"cache": cache}})
        project.succeed("start")
        self.assertEqual(project.identity(project.block[1])["cwd"], project.root)
        self.assertEqual((self.value(project, "FROM"), self.value(project, "INFRA")), ("top", "yes"))

    def test_the_later_one_wins(self):
        project = self.shop(include=["a.json", "b.json"])
        for name in ("a", "b"):
            project.write(f"{name}.json", {"env": {"FROM": name}})
        project.succeed("start")
        self.assertEqual(self.value(project, "FROM"), "b")

    def test_mistakes(self):
        outside = self.shop(include=["../other.json"])
        self.assertIn("../other.json", outside.expect_code(2, "start").err)
        missing = self.shop(include=["infra/devinit.json"])
        self.assertIn("infra/devinit.json", missing.expect_code(2, "start").err)
        cycle = self.shop(include=["a.json"])
        cycle.write("a.json", {"include": ["b.json"]})
        cycle.write("b.json", {"include": ["a.json"]})
        self.assertRegex(cycle.expect_code(2, "start").err, r"a\.json[\s\S]*b\.json|b\.json[\s\S]*a\.json")
        wrong = self.shop(include=["a.json"])
        wrong.write("a.json", '{\n\n  "servces": {}\n}')
        self.assertRegex(wrong.expect_code(2, "start").err, r"a\.json:3:\d+")


class Variables(OverlayTest):
    def test_with_defaults(self):
        project = self.shop(env={"LEVEL": "${LEVEL:-info}", "PLACE": "${WHERE}", "EMPTY": "${NOT_SET:-}"})
        project.succeed("start", environment={"WHERE": "here"})
        self.assertEqual(self.value(project, "LEVEL"), "info")
        self.assertEqual(self.value(project, "PLACE"), "here")
        self.assertEqual(self.value(project, "EMPTY"), "")

    def test_the_environment_comes_before_the_default(self):
        project = self.shop(env={"LEVEL": "${LEVEL:-info}"})
        project.succeed("start", environment={"LEVEL": "debug"})
        self.assertEqual(self.value(project, "LEVEL"), "debug")

    def test_one_that_must_be_set(self):
        project = self.shop(env={"TOKEN": "${TOKEN:?ask Ada for one}"})
        self.assertRegex(project.expect_code(2, "start").err, r"devinit\.json:\d+:\d+.*TOKEN[\s\S]*ask Ada for one")
        project.succeed("start", environment={"TOKEN": "x"})


class Disabled(OverlayTest):
    def test_it_starts_by_its_own_name_only(self):
        project = self.project()
        services = {
            "backend": {"command": listener("--name", "backend"), "port": project.block[0]},
            "debug": {"command": listener("--name", "debug"), "port": project.block[1], "disabled": True},
        }
        project.write("devinit.json", {"services": services})
        project.succeed("start")
        self.assertEqual([event["name"] for event in project.events.all("listening")], ["backend"])
        self.assertEqual(project.run("status").code, 0)
        project.succeed("start", "debug")
        self.assertEqual(project.identity(project.block[1])["name"], "debug")

    def test_who_depends_on_it_is_told(self):
        services = {"search": {"command": "true", "disabled": True}, "backend": {"command": "true", "depends_on": ["search"]}}
        project = self.project({"services": services})
        self.assertIn("`backend` depends on `search`, which is disabled", project.expect_code(2, "start").err)


if __name__ == "__main__":
    harness.main()
