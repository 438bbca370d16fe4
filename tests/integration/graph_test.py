"""`graph`: the order of a start, what waits for what, and what took the time."""

import json

import harness
from harness import DevinitTest, listener


class Graph(DevinitTest):
    def test_of_a_project_that_never_ran(self):
        project = self.pair()
        lines = project.succeed("graph").out.splitlines()
        self.assertRegex(lines[0], r"LEVEL +SERVICE +KIND +WAITS FOR")
        self.assertRegex(lines[1], r"1 +backend +service")
        self.assertRegex(lines[2], r"2 +frontend +service +backend: ready")
        self.assertEqual(len(lines), 3)
        self.assertFalse(project.exists(".devinit"), "a look must leave nothing behind")

    def test_as_json(self):
        project = self.pair()
        graph = json.loads(project.succeed("graph", "--json").out)
        self.assertEqual([(node["name"], node["level"]) for node in graph["services"]], [("backend", 1), ("frontend", 2)])
        self.assertEqual(graph["services"][1]["waits_for"], [{"service": "backend", "condition": "ready"}])
        self.assertIsNone(graph["critical_path"])

    def test_for_graphviz(self):
        text = self.pair().succeed("graph", "--dot").out
        self.assertTrue(text.startswith('digraph "'), text)
        self.assertIn('"backend" -> "frontend" [label="ready"];', text)

    def test_of_one_service_with_what_it_needs(self):
        project = self.pair()
        graph = json.loads(project.succeed("graph", "frontend", "--json").out)
        self.assertEqual(len(graph["services"]), 2)
        graph = json.loads(project.succeed("graph", "backend", "--json").out)
        self.assertEqual([node["name"] for node in graph["services"]], ["backend"])

    def test_knows_the_critical_path_after_a_start(self):
        project = self.pair()
        project.succeed("start")
        graph = json.loads(project.succeed("graph", "--json").out)
        steps = graph["critical_path"]["steps"]
        self.assertEqual([step["service"] for step in steps], ["backend", "frontend"])
        self.assertEqual(sum(step["ms"] for step in steps), graph["critical_path"]["total_ms"])
        self.assertRegex(project.succeed("graph").out, r"critical path: backend [0-9.]+ s -> frontend [0-9.]+ s = [0-9.]+ s")

    def test_of_an_unknown_service(self):
        result = self.pair().expect_code(2, "graph", "backnd")
        self.assertIn("did you mean `backend`?", result.err)


class Mistakes(DevinitTest):
    def test_a_cycle_is_drawn(self):
        project = self.project()
        services = {name: {"command": listener(), "port": project.block[i], "depends_on": [other]} for i, (name, other) in enumerate((("a", "b"), ("b", "a")))}
        project.write("devinit.json", {"services": services})
        result = project.expect_code(2, "graph")
        self.assertRegex(result.err, r"a.*b.*a")


if __name__ == "__main__":
    harness.main()
