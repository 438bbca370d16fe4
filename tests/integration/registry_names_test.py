"""Names of models and numbers of apps as nobody would choose them: each is an owner like any other, or is refused as a whole."""

import json
import os

import harness
import registries
from harness import DevinitTest

ACCEPTED = [
    "it's",
    'say "hi"',
    "'; DROP TABLE lease; --",
    "a;b|c&d$(touch hit)`touch hit`",
    "../../etc/passwd",
    "/absolute/path",
    ".",
    "$1 %s %n {}",
    "*",
    "a model with blanks",
    " leading and trailing ",
    "NULL",
    "0",
    "back\\slash",
    "émoji 🦆 👩\u200d👩\u200d👧 日本語",
    "x" * 200,
    "é" * 100,
]
REFUSED = {
    "newline": "two\nlines",
    "tab": "a\tb",
    "carriage return": "a\rb",
    "escape sequence": "\x1b[31mred",
    "delete": "a\x7fb",
    "201 bytes": "x" * 201,
    "101 characters of two bytes": "é" * 101,
    "empty": "",
    "not UTF-8": "a\udcffb",
}
NO_APPS = ["0", "-1", "+1", "01", "1.0", "1e3", "0x1", " 1", "1 ", "", "one", "99999999999999999999", "9007199254740993", "１"]


class Names(DevinitTest):
    def leases(self, project):
        path = registries.database_path(project)
        return registries.sqlite_leases(path) if os.path.exists(path) else []

    def assert_fit_for_a_terminal(self, text):
        strange = [character for character in text if not character.isprintable() and character != "\n"]
        self.assertEqual(strange, [], text)

    def test_an_accepted_name_is_kept_exactly(self):
        project = self.project()
        given = {}
        for model in ACCEPTED:
            with self.subTest(model=model):
                answer = json.loads(project.succeed("ports", "get", "--json", "--", model, "1").out)
                self.assertEqual((answer["model"], answer["app"]), (model, 1))
                again = json.loads(project.succeed("ports", "get", "--json", "--", model, "1").out)
                self.assertEqual(again["ports"], answer["ports"])
                given[model, 1] = answer["ports"]
        self.assertEqual(registries.apps_of(self.leases(project)), given)
        self.assertEqual(registries.duplicates(given.values()), [])
        self.assertEqual(os.listdir(project.root), [])

    def test_an_accepted_name_is_found_shown_and_released(self):
        project = self.project()
        for model in ACCEPTED:
            with self.subTest(model=model):
                project.succeed("ports", "get", "--", model, "1")
                self.assertIn(json.dumps(model, ensure_ascii=False), project.succeed("ports", "list", "--json").out)
                self.assert_fit_for_a_terminal(project.succeed("ports", "list").text.replace("\u200d", ""))
                self.assert_fit_for_a_terminal(project.succeed("ports", "release", "--", model, "1").text.replace("\u200d", ""))
                self.assertEqual(self.leases(project), [])

    def test_a_name_that_begins_with_a_dash_needs_two_of_them_before(self):
        project = self.project()
        project.expect_code(2, "ports", "get", "--model", "1")
        answer = json.loads(project.succeed("ports", "get", "--json", "--", "--model", "1").out)
        self.assertEqual(answer["model"], "--model")

    def test_a_refused_name_gets_nothing(self):
        project = self.project()
        for reason, model in REFUSED.items():
            with self.subTest(reason):
                result = project.expect_code(2, "ports", "get", "--", model, "1")
                self.assertEqual(result.out, "")
                self.assertIn("devinit: error: ", result.err)
                self.assert_fit_for_a_terminal(result.err)
        self.assertEqual(self.leases(project), [])

    def test_a_number_that_is_none_gets_nothing(self):
        project = self.project()
        for app in NO_APPS:
            with self.subTest(app=app):
                result = project.expect_code(2, "ports", "get", "--", "model", app)
                self.assertEqual(result.out, "")
        self.assertEqual(self.leases(project), [])
        answer = json.loads(project.succeed("ports", "get", "--json", "model", "9007199254740992").out)
        self.assertEqual(answer["app"], 9007199254740992)

    def test_a_batch_refuses_the_bad_lines_and_answers_the_others(self):
        project = self.project()
        good = [registries.line_of(model, 1) for model in ACCEPTED]
        bad = [registries.line_of(model, 1) for model in REFUSED.values()]
        bad += [json.dumps({"model": "model", "app": app}) + "\n" for app in (0, -1, 1.5, "1", None, True, 1e300)]
        bad += ['{"model": "a\udcffb", "app": 1}\n', '{"model": "half"\n', '{"model": "a", "model": "b", "app": 1}\n', "[" * 100_000 + "\n", '"model"\n', "model\n", "model one\n"]
        lines = [line for pair in zip(good, bad) for line in pair] + good[len(bad):] + bad[len(good):]
        owners = project.write("owners", "".join(lines).encode("utf-8", "surrogateescape"))
        result = project.expect_code(1, "ports", "get", "--batch", owners)
        answers = [json.loads(line) for line in result.out.splitlines()]
        granted = [answer["model"] for answer in answers if "ports" in answer]
        self.assertEqual(granted, ACCEPTED)
        refused = [answer["line"] for answer in answers if "error" in answer]
        self.assertEqual(refused, [number for number, line in enumerate(lines, start=1) if line in bad])
        self.assertEqual(sorted(model for model, _ in registries.apps_of(self.leases(project))), sorted(ACCEPTED))

    def test_plain_lines_of_a_batch(self):
        project = self.project()
        owners = project.write("owners", "# a comment\n\nfirst\t1\nwith blanks\t2\nwith blanks too 3\r\nlast\t4")
        result = project.succeed("ports", "get", "--batch", owners)
        answers = [json.loads(line) for line in result.out.splitlines()]
        expected = [("first", 1), ("with blanks", 2), ("with blanks too", 3), ("last", 4)]
        self.assertEqual([(answer["model"], answer["app"]) for answer in answers], expected)


if __name__ == "__main__":
    harness.main()
