"""`devinit scaffold`: apps from templates, and the audit of them, with the real binary."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import unittest

import harness
from harness import BINARY, DevinitTest

ALL_NAMES = "{{PROJECT_NAME}} {{model}} {{app_num}} {{backend_port}} {{frontend_port}} {{ TITLE }}"


def listing(folder):
    """Every path below a folder, sorted."""
    root = pathlib.Path(folder)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


class Scaffold(DevinitTest):
    def setUp(self):
        # None of these tests listens anywhere; the project is the folder around templates and apps.
        self.place = self.project()

    def template(self, files=None):
        for name, content in (files or {"all.txt": ALL_NAMES}).items():
            self.place.write(f"tmpl/{name}", content)
        return self.place.path("tmpl")

    def scaffold(self, template, destination, *more, model="gpt-5", app=1, code=0, **options):
        return self.place.expect_code(code, "scaffold", template, destination, "--model", model, "--app", str(app), *more, **options)

    def ports_of(self, model, app):
        result = self.place.succeed("ports", "get", model, str(app), "--json")
        return json.loads(result.out)["ports"]

    def leases(self):
        return self.place.succeed("ports", "list", "--json").out

    # Making

    def test_an_app_gets_its_values_and_keeps_them(self):
        template = self.template({"{{model}}/all.txt": ALL_NAMES, "backend/p": "{{port}}", "web/p": "{{port}}", ".env.example": "SECRET=\n"})
        self.scaffold(template, "out", "--set", "TITLE=A=b", model="anthropic_claude-4.5-haiku")
        ports = self.ports_of("anthropic_claude-4.5-haiku", 1)
        backend, frontend = ports["backend"], ports["frontend"]
        self.assertEqual(
            self.place.read("out/anthropic_claude-4.5-haiku/all.txt"),
            f"anthropic-claude-4-5-haiku-app1 anthropic_claude-4.5-haiku 1 {backend} {frontend} A=b",
        )
        self.assertEqual(self.place.read("out/backend/p"), str(backend))
        self.assertEqual(self.place.read("out/web/p"), str(frontend))
        self.assertIn("SECRET=\nPROJECT_NAME=anthropic-claude-4-5-haiku-app1\n", self.place.read("out/.env"))
        shutil.rmtree(self.place.path("out"))
        self.scaffold(template, "out", "--set", "TITLE=x", model="anthropic_claude-4.5-haiku")
        self.assertEqual(self.place.read("out/backend/p"), str(backend))

    def test_three_hundred_files_and_a_binary(self):
        binary = bytes(range(256)) * 64 + b"{{model}}"
        files = {f"folder{n % 10}/file{n}.txt": "{{model}} {{backend_port}}\n" * 20 for n in range(300)}
        template = self.template({**files, "logo.png": binary})
        script = self.place.write("tmpl/run.sh", "#!/bin/sh\n")
        os.chmod(script, 0o755)
        os.symlink("run.sh", self.place.path("tmpl/start"))
        self.scaffold(template, "out")
        self.assertEqual(listing(self.place.path("out")), listing(template))
        with open(self.place.path("out/logo.png"), "rb") as file:
            self.assertEqual(file.read(), binary)
        self.assertEqual(stat.S_IMODE(os.stat(self.place.path("out/run.sh")).st_mode), 0o755)
        self.assertEqual(os.readlink(self.place.path("out/start")), "run.sh")

    def test_two_models_that_look_alike_get_two_project_names(self):
        template = self.template({"name": "{{PROJECT_NAME}}"})
        self.scaffold(template, "one", model="a.b")
        self.scaffold(template, "two", model="a-b")
        first, second = self.place.read("one/name"), self.place.read("two/name")
        self.assertEqual(first, "a-b-app1")
        self.assertRegex(second, r"^a-b-app1-[0-9a-f]+$")

    def test_unknown_placeholders_are_all_listed_and_nothing_is_made(self):
        before = self.leases()
        template = self.template({"a": "{{one}}\n  {{two}} {{ user.name }} ${{ secrets.X }}", "{{three}}": "", "b/c": "{{model}} {{port}}"})
        result = self.scaffold(template, "out", code=2)
        for text in ("a:1:1: unknown placeholder {{one}}", "a:2:3: unknown placeholder {{two}}", "{{three}}", "b/c:1:11: {{port}}"):
            self.assertIn(text, result.err)
        self.assertFalse(self.place.exists("out"))
        self.assertEqual(self.leases(), before)

    def test_a_dry_run_says_the_ports_and_changes_nothing(self):
        result = self.scaffold("react-flask", "out", "--dry-run", "--json")
        answer = json.loads(result.out)
        self.assertIn("docker-compose.yml", answer["files"])
        self.assertIn(".env", answer["files"])
        self.assertFalse(self.place.exists("out"))
        self.assertFalse(os.path.exists(os.path.join(self.place.state, "devinit", "registry.db")))
        self.scaffold("react-flask", "out")
        self.assertEqual(self.ports_of("gpt-5", 1), answer["ports"])

    def test_destinations_that_cannot_be_are_refused_before_anything_is_allocated(self):
        template = self.template({"a": "{{model}}"})
        os.mkdir(self.place.path("folder"))
        self.place.write("file", "mine")
        os.symlink("nowhere", self.place.path("link"))
        before = self.leases()
        for destination, words in (
            ("folder", "exists already"),
            ("file", "exists already and is a file"),
            ("link", "is a symbolic link"),
            ("no/such/app", "does not exist"),
            ("file/app", "is a file"),
            ("tmpl/app", "is inside the template"),
        ):
            with self.subTest(destination=destination):
                self.assertIn(words, self.scaffold(template, destination, code=1, environment={"FORCE_MODE": "true"}).err)
        self.assertEqual(self.leases(), before)
        self.assertEqual(self.place.read("file"), "mine")

    def test_a_parent_that_cannot_be_written(self):
        if os.geteuid() == 0:
            self.scaffold(self.template({"a": ""}), "/proc/app", code=1)
        else:
            os.mkdir(self.place.path("closed"), 0o500)
            self.assertIn("cannot create anything", self.scaffold(self.template({"a": ""}), "closed/app", code=1).err)

    def test_an_app_that_never_appeared_is_no_dead_checkout(self):
        template = self.template({"a": ""})
        self.scaffold(template, "/proc/app", code=1)
        self.place.succeed("ports", "check")
        self.scaffold(template, "app")
        self.assertIn(self.place.path("app"), self.leases())
        self.place.succeed("ports", "check")

    def test_hostile_values(self):
        template = self.template({"{{NAME}}/x": "", "m": "{{model}}"})
        for value in ("..", "../x", "a/b", "", "."):
            with self.subTest(value=value):
                self.assertIn("cannot be called", self.scaffold(template, "out", "--set", f"NAME={value}", code=2).err)
        self.assertEqual(os.listdir(self.place.root), ["tmpl"])
        for number, model in enumerate(("a'\"b;c", "../../etc", "🦀 model", "x" * 200)):
            with self.subTest(model=model):
                self.scaffold(template, f"out{number}", "--set", "NAME=n", model=model)
                self.assertEqual(self.place.read(f"out{number}/m"), model)
        for model in ("a\nb", "x" * 201, ""):
            with self.subTest(model=model):
                self.scaffold(template, "bad", "--set", "NAME=n", model=model, code=2)
        self.assertFalse(self.place.exists("bad"))

    def test_links_and_pipes_of_a_template(self):
        template = self.template({"a": ""})
        os.symlink("../../outside", self.place.path("tmpl/out"))
        self.assertIn("tmpl/out is a symbolic link to ../../outside, outside the template", self.scaffold(template, "app", code=1).err)
        os.unlink(self.place.path("tmpl/out"))
        os.mkfifo(self.place.path("tmpl/pipe"))
        self.assertIn("tmpl/pipe is a FIFO", self.scaffold(template, "app", code=1).err)

    def test_overwriting_keeps_what_is_the_users(self):
        self.scaffold("react-flask", "app")
        self.place.write("app/notes.txt", "mine")
        self.place.write("app/README.md", "changed")
        env = self.place.read("app/.env") + "SECRET=mine\n"
        self.place.write("app/.env", env)
        self.scaffold("react-flask", "app", "--overwrite")
        self.assertEqual(self.place.read("app/notes.txt"), "mine")
        self.assertEqual(self.place.read("app/.env"), env)
        self.assertNotEqual(self.place.read("app/README.md"), "changed")
        self.assertEqual(os.listdir(self.place.root), ["app"])

    def test_overwriting_keeps_secrets_from_other_users(self):
        self.scaffold("react-flask", "app")
        app = os.path.join(self.place.root, "app")
        private = {app: 0o700, os.path.join(app, "backend"): 0o700, os.path.join(app, ".env"): 0o600}
        for path, mode in private.items():
            os.chmod(path, mode)
        self.scaffold("react-flask", "app", "--overwrite")
        self.assertEqual({path: os.stat(path).st_mode & 0o777 for path in private}, private)

    def test_templates_are_listed_and_a_typing_mistake_is_told(self):
        self.assertIn("react-flask", self.place.succeed("scaffold", "list").out)
        self.assertIn("did you mean react-flask?", self.scaffold("react-flusk", "app", code=2).err)

    def test_six_at_once_have_twelve_ports(self):
        starts = [
            subprocess.Popen(
                [BINARY, "scaffold", "react-flask", f"app{n}", "--model", "m", "--app", str(n), "--json"],
                cwd=self.place.root, env=self.place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for n in range(1, 7)
        ]
        answers = []
        for start in starts:
            out, err = start.communicate(timeout=60)
            self.assertEqual(start.returncode, 0, err)
            answers.append(json.loads(out))
        self.assertEqual(len({port for answer in answers for port in answer["ports"].values()}), 12)
        self.assertEqual(len({answer["project_name"] for answer in answers}), 6)
        self.assertEqual(sorted(os.listdir(self.place.root)), [f"app{n}" for n in range(1, 7)])

    def test_killed_in_the_middle_nothing_half_appears_and_the_next_one_cleans_up(self):
        template = self.template({f"f{n}": "{{model}}" * 2000 for n in range(400)})
        for _ in range(5):
            process = subprocess.Popen(
                [BINARY, "scaffold", template, "out", "--model", "m", "--app", "1"],
                cwd=self.place.root, env=self.place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            # As soon as the hidden folder is there, or the process has ended without our seeing it.
            while process.poll() is None and not any(name.startswith(".devinit-scaffold-") for name in os.listdir(self.place.root)):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            if self.place.exists("out"):
                self.assertEqual(listing(self.place.path("out")), listing(template))
                shutil.rmtree(self.place.path("out"))
        self.scaffold(template, "out")
        self.assertEqual(sorted(os.listdir(self.place.root)), ["out", "tmpl"])

    # Checking and mending

    def findings(self, code=3):
        return json.loads(self.place.expect_code(code, "scaffold", "check", "apps", "--json").out)

    def two_apps(self):
        os.makedirs(self.place.path("apps/m"))
        for app in (1, 2):
            self.scaffold("react-flask", f"apps/m/app{app}", model="m", app=app)
        self.assertEqual(self.findings(code=0), [])

    def edit(self, name, old, new):
        text = self.place.read(name)
        self.assertIn(old, text)
        self.place.write(name, text.replace(old, new))

    def test_each_planted_fault_is_found_and_mended(self):
        self.two_apps()
        good = {name: self.place.read(f"apps/m/app2/{name}") for name in (".env", "devinit.json")}
        first, second = self.ports_of("m", 1), self.ports_of("m", 2)
        self.place.write("apps/m/app2/.env", self.place.read("apps/m/app1/.env") + "SECRET=x\n")
        self.edit("apps/m/app2/devinit.json", str(second["backend"]), str(first["backend"]))
        self.edit("apps/m/app2/docker-compose.yml", "    build: ./backend\n", "    build: ./backend\n    container_name: api\n")
        self.edit("apps/m/app2/docker-compose.yml", '"127.0.0.1:${FRONTEND_PORT}:', '"127.0.0.1:8001:')
        os.unlink(self.place.path("apps/m/app1/.env"))
        faults = {finding["fault"] for finding in self.findings()}
        self.assertEqual(faults, {"missing_env", "wrong_port", "wrong_name", "fixed_container_name", "fixed_port"})
        before = {path: self.place.read(f"apps/{path}") for path in listing(self.place.path("apps")) if os.path.isfile(self.place.path(f"apps/{path}"))}
        self.place.succeed("scaffold", "fix", "apps", "--dry-run")
        self.assertEqual(before, {path: self.place.read(f"apps/{path}") for path in before})
        out = self.place.succeed("scaffold", "fix", "apps").out
        self.assertIn(f"BACKEND_PORT `{first['backend']}` → {second['backend']}", out)
        self.assertEqual(self.findings(code=0), [])
        self.assertEqual(self.place.read("apps/m/app2/.env"), good[".env"] + "SECRET=x\n")
        self.assertEqual(self.place.read("apps/m/app2/devinit.json"), good["devinit.json"])
        self.assertIn("container_name: ${PROJECT_NAME}-api", self.place.read("apps/m/app2/docker-compose.yml"))

    def test_two_apps_with_one_port_and_one_name(self):
        self.two_apps()
        shutil.copy(self.place.path("apps/m/app1/.env"), self.place.path("apps/m/app2/.env"))
        faults = [finding["fault"] for finding in self.findings()]
        self.assertIn("shared_port", faults)
        self.assertIn("shared_name", faults)
        self.place.succeed("scaffold", "fix", "apps/m/app2")
        self.assertEqual(self.findings(code=0), [])

    def test_what_cannot_be_written_is_told_and_the_others_are_mended(self):
        self.two_apps()
        secret = self.place.write("secret", self.place.read("apps/m/app1/.env").replace("BACKEND_PORT=", "BACKEND_PORT=1"))
        wrong = self.place.read("secret")
        os.unlink(self.place.path("apps/m/app1/.env"))
        os.symlink(secret, self.place.path("apps/m/app1/.env"))
        self.place.write("apps/m/app2/.env", "SECRET=x\n")
        result = self.place.expect_code(3, "scaffold", "fix", "apps", "--json")
        self.assertEqual([mending["file"] for mending in json.loads(result.out)], [".env"])
        self.assertIn("app1/.env: .env cannot be read: it is a symbolic link to", result.err)
        self.assertEqual(self.place.read("secret"), wrong)
        self.assertIn("SECRET=x\nPROJECT_NAME=m-app2\n", self.place.read("apps/m/app2/.env"))
        self.assertEqual({finding["fault"] for finding in self.findings()}, {"unreadable_file"})

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_closed_folder_does_not_stop_the_others(self):
        self.two_apps()
        for app in (1, 2):
            self.edit(f"apps/m/app{app}/.env", "BACKEND_PORT=", "BACKEND_PORT=1")
        os.chmod(self.place.path("apps/m/app1"), 0o500)
        self.addCleanup(os.chmod, self.place.path("apps/m/app1"), 0o700)
        result = self.place.expect_code(1, "scaffold", "fix", "apps", "--json")
        self.assertEqual([entry.get("fault") for entry in json.loads(result.out)], ["not_written", None])
        self.assertEqual({finding["app"] for finding in self.findings()}, {self.place.path("apps/m/app1")})

    def test_a_file_with_mistakes_is_told_and_left_alone(self):
        self.two_apps()
        text = 'PROJECT_NAME="m\nSECRET=x\nBACKEND_PORT=1\n'
        self.place.write("apps/m/app2/.env", text)
        self.place.expect_code(3, "scaffold", "fix", "apps")
        self.assertEqual(self.place.read("apps/m/app2/.env"), text)
        (finding,) = self.findings()
        self.assertEqual((finding["fault"], finding["line"], finding["mendable"]), ("malformed_file", 1, False))

    def test_flow_style_and_other_variables_of_a_compose_file(self):
        self.two_apps()
        self.place.write(
            "apps/m/app2/docker-compose.yml",
            'services:\n  frontend: {image: y, ports: [8001:80], container_name: fixed}\n  backend:\n    ports: ["${OTHER:-9000}:80"]\n',
        )
        self.assertEqual([finding["fault"] for finding in self.findings()], ["fixed_port", "fixed_container_name", "fixed_port"])
        self.place.succeed("scaffold", "fix", "apps")
        self.assertEqual(
            self.place.read("apps/m/app2/docker-compose.yml"),
            'services:\n  frontend: {image: y, ports: ["${FRONTEND_PORT}:80"], container_name: "${PROJECT_NAME}-fixed"}\n'
            '  backend:\n    ports: ["${BACKEND_PORT}:80"]\n',
        )
        self.assertEqual(self.findings(code=0), [])

    def test_an_app_that_nobody_knows_is_left_to_its_author(self):
        self.place.write("apps/stray/docker-compose.yml", "services:\n  db:\n    ports:\n      - 5432:5432\n")
        self.assertEqual({finding["fault"] for finding in self.findings()}, {"not_registered", "missing_env", "fixed_port"})
        self.place.expect_code(3, "scaffold", "fix", "apps")
        self.assertEqual(listing(self.place.path("apps")), ["stray", "stray/docker-compose.yml"])


if __name__ == "__main__":
    harness.main()
