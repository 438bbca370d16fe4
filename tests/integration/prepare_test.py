"""A fresh clone: what is missing is noticed before anything is spawned, and the right command is asked for, run, or shown."""

import os
import stat

import harness
from harness import DevinitTest

PACKAGE = {"name": "web", "scripts": {"dev": "serve"}, "dependencies": {"serve": "14"}}


class FreshClone(DevinitTest):
    def clone(self, lock_file="package-lock.json", **options):
        """A frontend without node_modules; every package manager is a stub in PATH."""
        project = self.project(**options)
        folder = os.path.join(project.temporary, "bin")
        os.makedirs(folder)
        for tool in ("npm", "pnpm", "yarn", "uv"):
            self.install_stub(os.path.join(folder, tool))
        project.environment["PATH"] = f"{folder}:{harness.SYSTEM_PATH}"
        project.write("frontend/package.json", PACKAGE)
        if lock_file:
            project.write(f"frontend/{lock_file}", "{}")
        project.write(".ports.json", {"frontend": project.block[0]})
        return project

    @staticmethod
    def install_stub(path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f"#!{harness.PYTHON} -B\nimport sys\nsys.path.insert(0, {str(harness.STUBS)!r})\n"
                "import installer\ninstaller.main()\n"
            )
        os.chmod(path, stat.S_IRWXU)

    def commands(self, project):
        return [" ".join([entry["tool"], *entry["arguments"]]) for entry in project.events.all("installer")]

    def assert_running(self, project):
        self.assertEqual(project.identity(project.block[0])["name"], "script")
        self.assertEqual(project.service("frontend")["state"], "ready")


class WithoutATerminal(FreshClone):
    def test_it_fails_before_spawning_with_the_exact_command(self):
        project = self.clone()
        result = project.expect_code(1, "start")
        self.assertIn("node_modules", result.err)
        self.assertIn("cd frontend && npm ci", result.err)
        self.assertEqual(project.events.all(), [])
        self.assertNotEqual(project.run("status").code, 0)

    def test_install_does_it_unasked(self):
        project = self.clone()
        project.succeed("start", "--install")
        self.assertEqual(self.commands(project)[0], "npm ci")
        self.assertEqual(project.events.all("installer")[0]["cwd"], project.path("frontend"))
        self.assert_running(project)

    def test_a_prepared_clone_is_not_prepared_again(self):
        project = self.clone()
        project.succeed("start", "--install")
        project.succeed("stop")
        project.succeed("start", "--install")
        self.assertEqual([command for command in self.commands(project) if "ci" in command.split()], ["npm ci"])

    def test_a_failing_install_ends_the_start(self):
        project = self.clone(environment={"STUB_INSTALL_FAILS": "1"})
        result = project.expect_code(1, "start", "--install")
        self.assertIn("npm ci", result.text)
        self.assertIn("the registry cannot be reached", result.text)
        self.assertEqual(project.events.all("started"), [])

    def test_what_a_failing_install_has_begun_is_no_preparation(self):
        project = self.clone(environment={"STUB_INSTALL_FAILS": "half"})
        result = project.expect_code(1, "start", "--install")
        self.assertIn("removed the unfinished", result.err)
        self.assertFalse(project.exists("frontend/node_modules"))
        del project.environment["STUB_INSTALL_FAILS"]
        project.succeed("start", "--install")
        self.assert_running(project)

    def test_what_was_there_before_a_failing_install_stays(self):
        project = self.clone(environment={"STUB_INSTALL_FAILS": "half"})
        os.makedirs(project.path("frontend/node_modules"))
        project.write("backend/app/main.py", "from fastapi import FastAPI\napp = FastAPI()\n")
        project.write("backend/uv.lock", "fastapi\n")
        project.write("backend/.venv/notes", "the user's")
        project.expect_code(1, "start", "--install")
        self.assertEqual(self.commands(project), ["uv sync"])
        self.assertEqual(project.read("backend/.venv/notes"), "the user's")

    def test_the_lock_file_decides(self):
        for lock_file, command in (
            ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
            ("yarn.lock", "yarn install --frozen-lockfile"),
            (None, "npm install"),
        ):
            with self.subTest(command):
                project = self.clone(lock_file)
                self.assertIn(command, project.expect_code(1, "start").err)
                project.succeed("start", "--install")
                self.assertEqual(self.commands(project)[0], command)
                self.assert_running(project)
                project.close()

    def test_a_python_backend_without_a_venv(self):
        for file, command in (("requirements.txt", "pip install -r requirements.txt"), ("uv.lock", "uv sync")):
            with self.subTest(file):
                project = self.clone()
                os.makedirs(project.path("frontend/node_modules"))
                project.write("backend/app/main.py", "from fastapi import FastAPI\napp = FastAPI()\n")
                project.write(f"backend/{file}", "fastapi\n")
                result = project.expect_code(1, "start")
                self.assertIn(".venv", result.err)
                self.assertIn(command, result.err)
                self.assertEqual(project.events.all(), [])
                project.close()

    def test_only_the_targets_must_be_prepared(self):
        project = self.clone()
        project.write("backend/package.json", PACKAGE)
        project.write("backend/package-lock.json", "{}")
        os.makedirs(project.path("backend/node_modules"))
        project.write(".ports.json", {"backend": project.block[1], "frontend": project.block[0]})
        project.succeed("start", "backend")
        self.assertEqual(project.identity(project.block[1])["name"], "script")


class OnATerminal(FreshClone):
    QUESTION = r"Run npm ci in frontend\? \[Y/n\]"

    def test_enter_means_yes(self):
        project = self.clone()
        terminal = project.pty("start")
        terminal.expect(self.QUESTION)
        self.assertEqual(project.events.all(), [])
        terminal.send("\n")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assert_running(project)

    def test_no_refuses_with_the_command(self):
        project = self.clone()
        terminal = project.pty("start")
        terminal.expect(self.QUESTION)
        terminal.send("n\n")
        self.assertEqual(terminal.wait(), 1, terminal.text)
        self.assertIn("cd frontend && npm ci", terminal.text)
        self.assertEqual(project.events.all(), [])

    def test_install_does_not_ask(self):
        project = self.clone()
        terminal = project.pty("start", "--install")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assertNotRegex(terminal.text, self.QUESTION)
        self.assert_running(project)


class Detection(FreshClone):
    def test_a_framework_that_ignores_port_gets_its_flag(self):
        project = self.clone()
        project.write("frontend/package.json", {"scripts": {"dev": "vite"}, "devDependencies": {"vite": "7"}})
        os.makedirs(project.path("frontend/node_modules"))
        project.succeed("start")
        arguments = project.events.wait("installer", tool="npm")["arguments"]
        self.assertEqual(arguments[:2], ["run", "dev"])
        self.assertIn(str(project.block[0]), arguments)
        self.assert_running(project)

    def test_pairs_of_folders(self):
        for folders in (("backend", "frontend"), ("api", "web"), ("server", "client")):
            with self.subTest(folders):
                project = self.clone()
                os.rename(project.path("frontend"), project.path(folders[1]))
                project.write(f"{folders[0]}/package.json", PACKAGE)
                for folder in folders:
                    os.makedirs(project.path(f"{folder}/node_modules"))
                # Whatever the folders are called, their users know them as the backend and the frontend.
                project.write(".ports.json", {"backend": project.block[1], "frontend": project.block[0]})
                project.succeed("start")
                for service, folder, port in (("backend", folders[0], 1), ("frontend", folders[1], 0)):
                    self.assertEqual(project.service(service)["state"], "ready")
                    self.assertEqual(project.identity(project.block[port])["cwd"], project.path(folder))
                project.close()

    def test_a_procfile(self):
        project = self.project()
        command = " ".join(harness.stub("listener", "--name"))
        project.write("Procfile", f"# processes\nweb: {command} web\napi: {command} api\n")
        project.write(".ports.json", {"web": project.block[0], "api": project.block[1]})
        project.succeed("start")
        self.assertEqual([project.identity(project.block[index])["name"] for index in (0, 1)], ["web", "api"])

    def test_a_folder_of_static_files(self):
        project = self.project()
        project.write("index.html", "<h1>static</h1>")
        name = project.status()["services"][0]["name"]
        project.write(".ports.json", {name: project.block[0]})
        project.succeed("start")
        self.assertEqual(project.get(project.block[0], "/index.html"), "<h1>static</h1>")


if __name__ == "__main__":
    harness.main()
