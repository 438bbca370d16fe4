"""Every small example starts, shows what it says, stops, and leaves nothing; every devinit.json of the documentation is one."""

import http.client
import json
import os
import pathlib
import re
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import example_copies
import harness
import processes
from example_copies import REPOSITORY
from harness import DevinitTest
from waiting import PATIENCE, wait_until

# Servers that start on a busy machine; only ever used up by a failing test.
SLOW = 120


class ExampleTest(DevinitTest):
    def example(self, name):
        project = self.project(block_size=40)
        project.moved = example_copies.copy_onto_block(name, project)
        return project

    def start(self, name, *arguments):
        project = self.example(name)
        project.succeed("start", *arguments, timeout=SLOW)
        return project

    def assert_ends(self, project):
        project.succeed("stop", timeout=SLOW)
        project.assert_nothing_left()

    @staticmethod
    def services(project):
        return {service["name"]: service for service in project.status()["services"]}

    def states(self, project):
        return {name: service["state"] for name, service in self.services(project).items()}

    @staticmethod
    def log(project, service):
        path = f".devinit/logs/{service}.log"
        return project.read(path) if project.exists(path) else ""

    def wait_log(self, project, service, text, count=1):
        wait_until(project.path(".devinit/logs"), lambda: self.log(project, service).count(text) >= count)

    def wait_another_run(self, project, name, before):
        """Waits until the service is ready with another process than `before`; its status."""
        return project.wait_service(name, lambda service: service["ready"] and service["pid"] not in (None, before))


class Features(ExampleTest):
    def test_each_has_a_test_and_a_line_in_the_list(self):
        folder = example_copies.EXAMPLES / "features"
        names = {path.parent.name for path in folder.glob("*/devinit.json")}
        listed = set(re.findall(r"^\| `([a-z]+)` \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
        self.assertEqual(names, listed)
        tested = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        self.assertEqual(names - tested, set())

    def test_dependencies(self):
        project = self.start("features/dependencies")
        graph = json.loads(project.succeed("graph", "--json").out)
        self.assertEqual({node["name"]: node["level"] for node in graph["services"]}, {"database": 1, "migrate": 2, "backend": 3})
        self.assertEqual([step["service"] for step in graph["critical_path"]["steps"]], ["database", "migrate", "backend"])
        before = self.services(project)
        self.assertEqual(before["migrate"]["state"], "completed")
        processes.send(before["database"]["pid"], signal.SIGKILL)
        self.wait_another_run(project, "database", before["database"]["pid"])
        self.wait_another_run(project, "backend", before["backend"]["pid"])
        self.assert_ends(project)

    def test_readiness(self):
        project = self.start("features/readiness")
        services = self.services(project)
        self.assertEqual({name for name, service in services.items() if not service["ready"]}, set())
        self.assertEqual(services["by-notify"]["status"], "3 models loaded")
        self.assertTrue(project.exists("ready.tmp"))
        self.assert_ends(project)
        self.assertFalse(project.exists("ready.tmp"))

    def test_tasks(self):
        project = self.start("features/tasks")
        expected = {"generate": "completed", "clean": "scheduled", "report": "scheduled", "backend": "ready"}
        self.assertEqual(self.states(project), expected)
        self.assertEqual(self.log(project, "generate").count("generated"), 1)
        self.assert_ends(project)
        project.succeed("start", timeout=SLOW)
        self.assertEqual(self.log(project, "generate").count("generated"), 1, "nothing had changed")
        project.succeed("stop", timeout=SLOW)
        project.write("schema/schema.txt", "changed\n")
        project.succeed("start", timeout=SLOW)
        self.assertEqual(self.log(project, "generate").count("generated"), 2)
        project.succeed("restart", "clean", timeout=SLOW)
        self.wait_log(project, "clean", "cleaned")
        self.assert_ends(project)

    def test_restart(self):
        project = self.start("features/restart")
        before = self.services(project)
        processes.send(before["preview"]["pid"], signal.SIGKILL)
        project.wait_state("preview", "failed")
        processes.send(before["worker"]["pid"], signal.SIGKILL)
        worker = self.wait_another_run(project, "worker", before["worker"]["pid"])
        self.assertEqual(worker["restarts"], 1)
        processes.send(worker["pid"], signal.SIGUSR1)
        self.assertEqual(project.wait_state("worker", "failed")["exit_code"], 64)
        self.assert_ends(project)

    def test_stop(self):
        project = self.start("features/stop")
        self.assert_ends(project)
        self.assertIn("Keyboard interrupt received", self.log(project, "database"))
        self.assertIn("drained\n", self.log(project, "queue"))

    def test_ci(self):
        project = self.example("features/ci")
        url = f"http://localhost:{project.moved[8000]}"
        self.assertIn(f"testing {url}\n", project.succeed("up", "--exit-code-from", "tests", timeout=SLOW).out)
        project.assert_nothing_left()
        result = project.expect_code(7, "test", "--service", "backend", "--", "sh", "-c", "echo by hand $BACKEND_URL; exit 7", timeout=SLOW)
        self.assertIn(f"by hand {url}\n", result.out)
        project.assert_nothing_left()
        project.succeed("start", "backend", timeout=SLOW)
        project.succeed("wait", "backend")
        self.assertEqual(project.succeed("exec", "--", "printenv", "BACKEND_URL").out, url + "\n")
        self.assert_ends(project)

    def test_watch(self):
        project = self.start("features/watch")
        before = self.services(project)
        project.write("src/ignored.log", "no change\n")
        project.write("schema/schema.txt", "changed\n")
        self.wait_log(project, "generate", "generated", 2)
        project.write("proxy.conf", "changed\n")
        self.wait_log(project, "proxy", "reloaded")
        after = self.services(project)
        for name in ("backend", "docs", "proxy"):
            self.assertEqual(after[name]["pid"], before[name]["pid"], f"{name} was restarted")
        project.write("src/app.txt", "changed\n")
        self.wait_another_run(project, "backend", before["backend"]["pid"])
        self.assert_ends(project)

    def test_hooks(self):
        project = self.start("features/hooks")
        self.assertTrue(os.path.isdir(project.path("cache.tmp")))
        self.wait_log(project, "backend", f"up at http://localhost:{self.services(project)['backend']['port']}\n")
        self.assert_ends(project)
        self.assertIn("about to stop\n", self.log(project, "backend"))
        self.assertFalse(project.exists("cache.tmp"))

    def test_profiles(self):
        project = self.start("features/profiles", "--profile", "api")
        self.assertEqual({name for name, state in self.states(project).items() if state == "ready"}, {"backend"})
        project.succeed("start", "--profile", "everything", timeout=SLOW)
        everything = {"backend", "frontend", "worker-0", "worker-1", "worker-2"}
        self.assertEqual(self.states(project), dict.fromkeys(everything, "ready"))
        for index in range(3):
            self.wait_log(project, f"worker-{index}", f"worker {index}\n")
        self.assert_ends(project)

    def test_socket(self):
        project = self.start("features/socket")
        service = self.services(project)["backend"]
        answers, over = [], threading.Event()

        def ask_without_pause():
            while not over.is_set():
                try:
                    answers.append(project.get(service["port"]))
                except (OSError, http.client.HTTPException) as error:
                    answers.append(error)

        clients = [threading.Thread(target=ask_without_pause) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            for _ in range(5):
                project.succeed("restart", "backend", timeout=SLOW)
        finally:
            over.set()
            for client in clients:
                client.join()
        self.assertEqual(set(answers), {"hello"}, "refused or reset")
        self.assertNotEqual(self.services(project)["backend"]["pid"], service["pid"])
        self.assert_ends(project)

    def test_limits(self):
        project = self.start("features/limits")
        pid = self.services(project)["backend"]["pid"]
        self.assertRegex(processes.read_bytes(f"/proc/{pid}/limits"), rb"Max open files +4096 +4096 ")
        self.assertRegex(processes.read_bytes(f"/proc/{pid}/status"), rb"Umask:\t0027\n")
        self.assertEqual(int(processes.stat_fields(pid)[16]), os.getpriority(os.PRIO_PROCESS, 0) + 5)
        self.assert_ends(project)

    def test_external(self):
        project = self.example("features/external")
        start = project.spawn("start")
        project.wait_service("search", lambda service: service["state"] == "starting")
        self.assertEqual(self.states(project)["backend"], "waiting")
        stranger = project.stranger(port=project.moved[9200])
        self.assertEqual(start.wait(timeout=SLOW), 0, start.text)
        self.assertEqual(self.states(project), {"search": "ready", "backend": "ready"})
        project.succeed("stop", timeout=SLOW)
        self.assertTrue(processes.is_alive(stranger.pid), "not ours to stop")
        project.assert_nothing_left()

    def test_overlay(self):
        project = self.start("features/overlay")
        self.assertEqual(self.states(project), {"cache": "ready", "backend": "ready"})
        self.assertIn(b"LOG_LEVEL=info\0", self.environment_of(project, "backend"))
        project.write("devinit.local.json", {"env": {"LOG_LEVEL": "debug"}})
        project.succeed("reload", timeout=SLOW)
        self.assertIn(b"LOG_LEVEL=debug\0", self.environment_of(project, "backend"))
        self.assert_ends(project)

    def environment_of(self, project, name):
        return processes.read_bytes(f"/proc/{self.services(project)[name]['pid']}/environ")


class Procfile(ExampleTest):
    def test_starts_as_it_is(self):
        project = self.example("procfile")
        web = project.block[0]
        project.write(".ports.json", {"web": web})
        project.succeed("start", timeout=SLOW)
        self.assertEqual(self.states(project), {"web": "ready", "worker": "ready"})
        self.wait_log(project, "worker", f"the web is at http://localhost:{web}\n")
        before = self.services(project)["worker"]["pid"]
        processes.send(before, signal.SIGKILL)
        self.wait_another_run(project, "worker", before)
        self.assert_ends(project)


FENCE = re.compile(r"^```jsonc?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMENT_OR_STRING = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
PACKAGE = {"scripts": {"dev": "next dev"}, "dependencies": {"next": "15"}}


def value_of(block):
    """The JSON value of a block with comments, or None: pages show parts of files, too."""
    try:
        return json.loads(COMMENT_OR_STRING.sub(lambda match: match[1] or "", block))
    except ValueError:
        return None


def configurations(page):
    """The devinit.json and devinit.local.json of a page, in its order: text and value."""
    for block in FENCE.findall(page.read_text(encoding="utf-8")):
        value = value_of(block)
        if isinstance(value, dict) and isinstance(value.get("services"), dict):
            yield block, value


class Documentation(DevinitTest):
    def lay_out(self, project, value):
        """What the configuration says is there: folders, a Next.js app for its preset, files that it includes."""
        for service in filter(None, value["services"].values()):
            folder = service.get("cwd", ".")
            os.makedirs(project.path(folder), exist_ok=True)
            if service.get("preset") == "next":
                project.write(f"{folder}/package.json", PACKAGE)
        for included in value.get("include", []):
            project.write(included, "{}")
        project.write(".ports.json", {"postgres": 5432})  # as the pages that name its port have it

    def check(self, page):
        project = None
        for number, (block, value) in enumerate(configurations(page), 1):
            overlay = block.startswith("// devinit.local.json")
            if not overlay:
                project = self.project()
                self.lay_out(project, value)
            project.write("devinit.local.json" if overlay else "devinit.json", block)
            with self.subTest(page=page.name, configuration=number):
                project.succeed("graph", "--json", timeout=PATIENCE)
        return project is not None

    def test_every_configuration_is_one(self):
        pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
        with_configurations = {page.name for page in pages if self.check(page)}
        self.assertLessEqual({"configuration.md", "migrating.md"}, with_configurations)


if __name__ == "__main__":
    harness.main()
