"""`reload`: applies the edited configuration, and touches nothing else."""

import json

import harness
from harness import DevinitTest


class Reload(DevinitTest):
    def edit(self, project, **services):
        config = self.pair_config(project.block[0], project.block[1])
        for name, settings in services.items():
            if settings is None:
                del config["services"][name]
            else:
                config["services"].setdefault(name, {}).update(settings)
        project.write("devinit.json", config)

    def started(self):
        project = self.pair()
        project.succeed("start")
        return project, project.service("backend")["pid"], project.service("frontend")["pid"]

    def test_without_an_edit_changes_nothing(self):
        project, backend, frontend = self.started()
        self.assertIn("nothing has changed", project.succeed("reload").out)
        self.assertEqual(project.service("backend")["pid"], backend)
        self.assertEqual(project.service("frontend")["pid"], frontend)

    def test_restarts_what_was_edited_and_only_that(self):
        project, backend, frontend = self.started()
        self.edit(project, frontend={"env": {"COLOUR": "green"}})
        self.assertTrue(project.service("frontend")["changed"])
        self.assertFalse(project.service("backend")["changed"])
        self.assertIn("changed since start", project.run("status").out)
        self.assertIn("restarted frontend", project.succeed("reload").out)
        self.assertEqual(project.service("backend")["pid"], backend)
        self.assertNotEqual(project.service("frontend")["pid"], frontend)
        self.assertFalse(project.service("frontend")["changed"])
        self.assertEqual(project.get(project.block[1], "/env/COLOUR"), "green")

    def test_stops_what_was_removed_and_starts_what_is_new(self):
        project, backend, _ = self.started()
        self.edit(project, frontend=None, cache={"command": harness.listener("--name", "cache"), "port": project.block[2]})
        out = project.succeed("reload").out
        self.assertIn("started cache", out)
        self.assertIn("stopped frontend", out)
        self.assertEqual(project.service("backend")["pid"], backend)
        self.assertEqual(project.service("cache")["state"], "ready")

    def test_with_a_mistake_touches_nothing(self):
        project, backend, _ = self.started()
        self.edit(project, backend={"comand": "x"})
        self.assertIn("devinit.json:", project.expect_code(2, "reload").err)
        self.assertEqual(project.service("backend")["pid"], backend)

    def test_tells_a_program_what_it_did(self):
        project, _, _ = self.started()
        self.edit(project, frontend={"env": {"COLOUR": "green"}})
        last = json.loads(project.succeed("reload", "--json").out.splitlines()[-1])
        self.assertEqual(last["event"], "reload")
        self.assertEqual(last["restarted"], ["frontend"])
        self.assertEqual(last["stopped"] + last["started"] + last["ran"] + last["failed"] + last["stale"], [])

    def test_where_nothing_runs_starts_nothing(self):
        project = self.pair()
        self.assertIn("nothing runs here", project.succeed("reload").err)
        project.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
