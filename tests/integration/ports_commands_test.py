"""`devinit ports …`: what each word answers, and what it makes of mistakes, strangers and hostile names."""

import json
import os
import shutil
import subprocess
import unittest

import harness
from harness import BINARY, DevinitTest, Project
from waiting import PATIENCE

HOSTILE = ["a b", "o'brien; rm -rf /", '"quoted"', "../../etc", "🚀", "-x", "$(id)", "x" * 200, "{{model}}", "%s%n"]


class PortsTest(DevinitTest):
    def setUp(self):
        self.box = Project(self)
        self.box.environment["DEVINIT_HOST"] = f"test-{self.box.marker}"

    def ports(self, *arguments, code=0, **options):
        return self.box.expect_code(code, "ports", *arguments, **options)

    def json(self, *arguments, code=0, **options):
        return json.loads(self.ports(*arguments, "--json", code=code, **options).out)

    def pair(self, model, app):
        ports = self.json("get", model, str(app), "--no-probe")["ports"]
        return ports["backend"], ports["frontend"]

    def folder(self, name):
        path = os.path.join(self.box.temporary, name)
        os.makedirs(path, exist_ok=True)
        return path

    def app_in(self, name, model, app):
        """An app whose files are in a folder of its own; the folder and its ports."""
        folder = self.folder(name)
        self.box.succeed("-C", folder, "ports", "get", model, str(app), "--no-probe")
        return folder, self.pair(model, app)


class Get(PortsTest):
    def test_pairs_come_in_order_and_a_released_one_is_given_again(self):
        pairs = [self.pair(model, app) for model in ("A", "B") for app in (1, 2, 3)]
        self.assertEqual(pairs, [(5001 + 2 * i, 8001 + 2 * i) for i in range(6)])
        self.ports("release", "A", "2")
        self.assertEqual(self.pair("C", 1), (5003, 8003))

    def test_the_same_owner_gets_the_same_answer_and_only_the_first_is_new(self):
        first = self.json("get", "A", "1", "--no-probe")
        second = self.json("get", "A", "1")
        self.assertTrue(first["created"])
        self.assertFalse(second["created"])
        self.assertEqual(first["ports"], second["ports"])
        self.assertEqual(first["pool"], "default")

    def test_people_shells_and_programs_read_the_pair(self):
        text = self.ports("get", "A", "1", "--no-probe").out
        self.assertEqual([line.split() for line in text.splitlines()], [["backend", "5001"], ["frontend", "8001"]])
        env = self.ports("get", "A", "1", "--env").out
        self.assertEqual(env, "BACKEND_PORT=5001\nFRONTEND_PORT=8001\nPROJECT_NAME=a-app1\n")

    def test_who_allocates_on_a_host_that_does_not_last_is_told_once(self):
        passing = {"DEVINIT_HOST": None, "container": "test", "CI": "true"}
        self.assertEqual(self.ports("get", "A", "1", "--no-probe", environment=passing).err.count("DEVINIT_HOST"), 1)
        self.assertEqual(self.ports("get", "A", "1", environment=passing).err, "")
        self.box.write("owners", "A 2\nA 3\n")
        batch = self.ports("get", "--batch", self.box.path("owners"), "--no-probe", environment=passing)
        self.assertEqual(batch.err.count("DEVINIT_HOST"), 1)

    def test_other_roles_are_added_to_what_is_there(self):
        self.pair("A", 1)
        self.assertEqual(self.json("get", "A", "1", "--role", "worker=9500:5", "--no-probe")["ports"], {"worker": 9500})
        self.assertEqual(len(self.json("list", "--model", "A")), 3)

    def test_a_port_that_is_listened_on_is_not_given(self):
        busy = self.box.block[0]
        self.box.stranger(port=busy)
        role = f"worker={busy}"
        self.assertGreater(self.json("get", "A", "1", "--role", role)["ports"]["worker"], busy)
        self.assertEqual(self.json("get", "A", "2", "--role", role, "--no-probe")["ports"]["worker"], busy)

    def test_hostile_names_are_names(self):
        answers = {}
        for name in HOSTILE:
            arguments = ["--json", "--no-probe", "--", name, "1"] if name.startswith("-") else [name, "1", "--json", "--no-probe"]
            answers[name] = json.loads(self.ports("get", *arguments).out)
        self.assertEqual({name: answer["model"] for name, answer in answers.items()}, {name: name for name in HOSTILE})
        ports = [port for answer in answers.values() for port in answer["ports"].values()]
        self.assertEqual(len(set(ports)), len(ports))
        self.assertEqual({lease["model"] for lease in self.json("list")}, set(HOSTILE))
        self.ports("list")

    def test_names_and_numbers_that_are_none_are_refused(self):
        for model, app in [("", "1"), ("a\nb", "1"), ("x" * 201, "1"), ("a\x1b[2J", "1"), ("a", "0"), ("a", "-1"), ("a", "01"), ("a", "x")]:
            with self.subTest(model=model, app=app):
                self.ports("get", model, app, code=2)
        self.assertEqual(self.json("list"), [])


class Batch(PortsTest):
    def batch(self, text, *arguments, code=0):
        path = os.path.join(self.box.temporary, "owners")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        result = self.ports("get", "--batch", path, "--no-probe", *arguments, code=code)
        return [json.loads(line) for line in result.out.splitlines()]

    def test_answers_come_in_the_order_of_the_lines(self):
        answers = self.batch('# apps\nA 1\n\nB\t2\n{"model": "with \\"quotes\\"", "app": 3}\nA 1\n')
        self.assertEqual([(a["model"], a["app"]) for a in answers], [("A", 1), ("B", 2), ('with "quotes"', 3), ("A", 1)])
        self.assertEqual(answers[0]["ports"], answers[3]["ports"])
        self.assertEqual(self.pair("B", 2), (answers[1]["ports"]["backend"], answers[1]["ports"]["frontend"]))

    def test_a_bad_line_fails_alone(self):
        answers = self.batch("A 1\nnobody\nB 0\nC 1\n", code=1)
        self.assertEqual([answer.get("line") for answer in answers], [None, 2, 3, None])
        self.assertEqual(answers[1]["code"], "usage")
        self.assertEqual(answers[3]["ports"]["backend"], 5003)

    def test_thousands_of_pairs_share_no_port(self):
        answers = self.batch("".join(f"m{i % 7} {i + 1}\n" for i in range(3000)))
        ports = [port for answer in answers for port in answer["ports"].values()]
        self.assertEqual(len(set(ports)), 6000)

    def test_a_line_is_answered_while_the_pipe_stays_open(self):
        process = subprocess.Popen([BINARY, "ports", "get", "--batch", "-", "--no-probe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=self.box.environment, cwd=self.box.root)
        with process:
            for app in (1, 2, 3):
                process.stdin.write(f"A {app}\n".encode())
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["ports"]["backend"], 4999 + 2 * app)
            process.stdin.close()
            self.assertEqual(process.wait(timeout=PATIENCE), 0)

    def test_a_file_that_is_not_there(self):
        self.assertIn("cannot read", self.ports("get", "--batch", "/nowhere/owners", code=1).err)


class ListAndRelease(PortsTest):
    def test_nothing_to_list(self):
        result = self.ports("list")
        self.assertEqual(result.out, "")
        self.assertIn("no leases yet", result.err)
        self.assertEqual(self.json("list"), [])

    def test_filters_narrow_the_list(self):
        self.pair("A", 1)
        self.pair("B", 1)
        self.ports("reserve", "9000-9002", "--for", "legacy")
        self.assertEqual(len(self.json("list")), 7)
        self.assertEqual([lease["port"] for lease in self.json("list", "--model", "A")], [5001, 8001])
        self.assertEqual([lease["port"] for lease in self.json("list", "--role", "backend")], [5001, 5003])
        self.assertEqual([lease["name"] for lease in self.json("list", "--kind", "reserved")], ["legacy"] * 3)
        table = self.ports("list").out.splitlines()
        self.assertEqual(len(table), 8)
        self.assertTrue(table[0].split()[:2] == ["PORT", "OWNER"])

    def test_live_names_who_listens(self):
        port = self.box.block[0]
        self.json("get", "A", "1", "--role", f"worker={port}")
        holder = self.box.stranger(port=port)
        lease = next(lease for lease in self.json("list", "--live") if lease["port"] == port)
        self.assertEqual([listener["pid"] for listener in lease["listeners"]], [holder.pid])
        self.assertIn(str(holder.pid), self.ports("list", "--live").out)
        self.assertIn("still listened on", self.ports("release", "A", "1").err)

    def test_release_says_what_and_has_nothing_to_release_twice(self):
        self.pair("A", 1)
        self.assertIn("released 5001", self.ports("release", "A", "1").err)
        self.assertIn("has no ports", self.ports("release", "A", "1", code=1).err)
        self.ports("reserve", "9000", "--for", "legacy")
        self.assertEqual([lease["port"] for lease in self.json("release", "--reserved", "legacy")], [9000])
        self.ports("release", "--project", self.box.root, code=1)

    def test_a_reserved_port_is_not_given_and_not_reserved_twice(self):
        self.ports("reserve", "5001-5003", "--for", "legacy")
        self.assertEqual(self.pair("A", 1)[0], 5005)
        self.assertIn("legacy", self.ports("reserve", "5003-5004", "--for", "others", code=1).err)
        self.assertEqual(self.json("list", "--kind", "reserved")[-1]["port"], 5003)


class Whose(PortsTest):
    def test_lease_and_holder_in_one_answer(self):
        port = self.box.block[0]
        self.assertIn("free", self.ports("whose", str(port)).out)
        self.json("get", "A", "1", "--role", f"worker={port}")
        self.assertIn("model A app 1", self.ports("whose", str(port)).out)
        holder = self.box.stranger(port=port)
        answer = self.json("whose", str(port))
        self.assertEqual(answer["lease"]["model"], "A")
        self.assertEqual([named["pid"] for named in answer["holders"]], [holder.pid])
        self.assertFalse(answer["free"])


class Check(PortsTest):
    def findings(self, *arguments, code=3):
        return [(finding["kind"], finding["port"]) for finding in self.json("check", *arguments, code=code)]

    def write(self, folder, name, content):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)

    def test_nothing_wrong(self):
        folder, (backend, frontend) = self.app_in("one", "A", 1)
        self.write(folder, ".env", f"BACKEND_PORT={backend}\nFRONTEND_PORT={frontend}\nPORT={backend}\n")
        self.assertEqual(self.json("check"), [])

    def test_an_edited_env_is_found_with_its_line_and_stays_as_it_is(self):
        folder, (backend, frontend) = self.app_in("one", "A", 1)
        self.write(folder, ".env", f"# made\nBACKEND_PORT={backend + 50}\nFRONTEND_PORT={frontend}\n")
        self.assertEqual(self.findings(), [("disagreement", backend + 50)])
        text = self.ports("check", "--fix", code=3).out
        self.assertIn(f"{folder}/.env:2: ", text)
        self.assertIn("devinit scaffold fix", text)
        with open(os.path.join(folder, ".env"), encoding="utf-8") as file:
            self.assertIn(str(backend + 50), file.read())

    def test_two_apps_with_one_port(self):
        one, first = self.app_in("one", "A", 1)
        two, second = self.app_in("two", "A", 2)
        self.write(one, ".env", f"BACKEND_PORT={first[0]}\n")
        self.write(two, ".env", f"BACKEND_PORT={first[0]}\n")
        self.assertEqual(self.findings(), [("duplicate", first[0]), ("disagreement", first[0])])

    def test_two_roles_of_one_file_want_one_port(self):
        project = self.project(environment=self.box.environment)
        project.write("devinit.json", self.pair_config(project.block[0], project.block[1]))
        project.succeed("start")
        project.succeed("stop")
        leases = [(lease["role"], lease["port"]) for lease in self.json("list", environment=project.environment)]
        contested = project.block[7]
        project.write(".ports.json", {"backend": contested, "frontend": contested})
        expected = [("duplicate", contested), ("disagreement", contested), ("disagreement", contested)]
        for fix in ([], ["--fix"]):
            found = self.json("check", *fix, code=3, environment=project.environment)
            self.assertEqual([(finding["kind"], finding["port"]) for finding in found], expected)
            self.assertFalse(any(finding["mended"] for finding in found))
        self.assertEqual([(lease["role"], lease["port"]) for lease in self.json("list", environment=project.environment)], leases)
        project.write(".ports.json", {"backend": project.block[0], "frontend": contested})
        self.json("check", "--fix", environment=project.environment)
        self.assertEqual(self.json("list", environment=project.environment)[-1]["port"], contested)

    def test_a_stranger_on_a_leased_port(self):
        port = self.box.block[0]
        home = self.folder("home-of-a")
        self.box.succeed("-C", home, "ports", "get", "A", "1", "--role", f"worker={port}")
        holder = self.box.stranger(port=port)
        self.assertEqual(self.findings(), [("stranger", port)])
        self.assertIn(str(holder.pid), self.ports("check", "--fix", code=3).out)
        self.assertIsNone(holder.poll(), "check ended a process")

    def test_who_listens_in_its_own_folder_is_no_stranger(self):
        port = self.box.block[0]
        home = self.folder("home-of-a")
        self.box.succeed("-C", home, "ports", "get", "A", "1", "--role", f"worker={port}")
        self.box.stranger(port=port, cwd=home)
        self.assertEqual(self.json("check"), [])

    def test_the_folder_of_an_app_is_gone_and_its_ports_stay(self):
        folder, (backend, _) = self.app_in("one", "A", 1)
        shutil.rmtree(folder)
        self.assertEqual(self.findings("--fix"), [("dead_checkout", backend)])
        self.assertEqual(self.pair("A", 1)[0], backend)


class Transfer(PortsTest):
    def import_text(self, text, *arguments, code=0):
        path = os.path.join(self.box.temporary, "apps.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text if isinstance(text, str) else json.dumps(text))
        return self.ports("import", path, *arguments, code=code)

    @staticmethod
    def row(model, app, backend, frontend):
        return {"model": model, "app_number": app, "backend_port": backend, "frontend_port": frontend}

    def test_the_old_list_is_imported_and_exported(self):
        rows = [self.row("A", 1, 5001, 8001), self.row("B", 7, 5101, 8101)]
        self.import_text(rows)
        self.assertEqual(self.pair("B", 7), (5101, 8101))
        self.assertEqual(json.loads(self.ports("export").out), rows)
        self.assertEqual(json.loads(self.import_text(rows, "--json").out), {"added": 0, "known": 4, "conflicts": []})

    def test_one_conflict_and_nothing_is_imported(self):
        self.pair("A", 1)
        result = self.import_text([self.row("B", 1, 5100, 8100), self.row("C", 1, 5001, 8200), self.row("B", 2, 5100, 8300)], code=1)
        self.assertIn("nothing was imported", result.err)
        self.assertEqual(len(self.json("list")), 2)

    def test_every_mistake_is_told_at_once(self):
        result = self.import_text('[{"model": "A", "app_number": 0, "backend_port": 70000, "frontend_port": "8001"}]', code=2)
        self.assertEqual(result.err.count("apps.json:1:"), 3)

    def test_the_full_form_goes_round(self):
        self.pair("A", 1)
        self.json("get", "A", "2", "--role", "worker=9500", "--no-probe")
        self.ports("reserve", "9600-9609", "--for", "legacy")
        self.assertIn("--json", self.ports("export").err)
        full = os.path.join(self.box.temporary, "full.json")
        with open(full, "w", encoding="utf-8") as file:
            file.write(self.ports("export", "--json").out)
        before = [(lease["port"], lease["role"]) for lease in self.json("list")]
        elsewhere = {"XDG_STATE_HOME": self.folder("elsewhere")}
        self.ports("import", full, environment=elsewhere)
        after = [(lease["port"], lease["role"]) for lease in self.json("list", environment=elsewhere)]
        self.assertEqual(before, after)

    def test_reservations_that_overlap_import_nothing(self):
        reservations = [{"name": "r", "first": 9600, "last": 9609}, {"name": "s", "first": 9605, "last": 9612}]
        result = self.import_text({"apps": [{"model": "B", "app": 1, "ports": {"x": 9000}}], "reservations": reservations}, code=1)
        self.assertIn("9605-9612 for s overlaps that of 9600-9609 for r", result.err)
        self.assertEqual(self.json("list"), [])

    def test_a_reservation_that_cannot_be_had_imports_nothing(self):
        self.pair("A", 1)
        self.import_text({"apps": [{"model": "B", "app": 1, "ports": {"x": 9000}}], "reservations": [{"name": "r", "first": 5000, "last": 5001}]}, code=1)
        self.assertEqual(len(self.json("list")), 2)


class StatsAndGarbage(PortsTest):
    def test_stats_count_each_role(self):
        self.pair("A", 1)
        backend = next(row for row in self.json("stats") if row["role"] == "backend")
        self.assertEqual((backend["pool"], backend["used"]), ("default", 2))
        self.assertEqual(backend["size"], backend["used"] + backend["free"] + backend["never"])
        self.assertIn("FORECAST", self.ports("stats").out)

    def test_garbage_is_what_nobody_needs(self):
        self.pair("A", 1)
        self.assertEqual(self.json("gc"), [])
        self.assertIn("nothing to collect", self.ports("gc", "--dry-run").err)

    def test_a_deleted_project_is_garbage(self):
        project = self.single(environment=self.box.environment)
        project.succeed("start")
        project.succeed("stop")
        port = project.block[0]
        self.assertIn(port, [lease["port"] for lease in self.json("list", environment=project.environment)])
        shutil.rmtree(project.root)
        self.assertEqual([finding["kind"] for finding in self.json("check", code=3)], ["dead_checkout"])
        self.assertEqual([lease["port"] for lease in self.json("gc", "--dry-run")], [port])
        self.assertTrue(all(finding["mended"] for finding in self.json("check", "--fix")))
        self.assertEqual(self.json("list"), [])
        os.makedirs(project.root)


class Watch(PortsTest):
    def test_a_line_for_each_change(self):
        watching = self.box.spawn("ports", "watch", "--json")
        watching.expect('"event":"watching"')
        self.pair("A", 1)
        watching.expect('"event":"leased","lease":{"port":5001')
        self.ports("release", "A", "1")
        watching.expect('"event":"released","lease":{"port":5001')
        watching.interrupt()
        self.assertEqual(watching.wait(), 130)

    def test_a_terminal_is_left_as_it_was(self):
        self.pair("A", 1)
        terminal = self.box.pty("ports", "watch")
        terminal.expect("5001")
        terminal.interrupt()
        self.assertEqual(terminal.wait(), 130)
        self.assertIn("\x1b[?1049l", terminal.text)
        self.assertIn("\x1b[?25h", terminal.text)


if __name__ == "__main__":
    harness.main()
