"""Scaffolded apps as they are meant to be used: real Flask, real Vite, and the compose files read by the real docker-compose."""

import fcntl
import hashlib
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import example_copies
import harness
from harness import BINARY, DevinitTest

# Dev servers that come up on a busy machine; only ever used up by a failing test.
SLOW = 300
APPS = 6
RUNNING = 2


def missing():
    absent = [name for name in ("node", "npm") if not shutil.which(name)]
    return absent + [name for name in ("flask",) if not importlib.util.find_spec(name)]


def install_packages(frontend):
    """node_modules for one app: `npm ci` once per lock file, then links to the same files."""
    frontend = pathlib.Path(frontend)
    lock_file = frontend / "package-lock.json"
    folder = example_copies.CACHE / f"npm-{hashlib.sha256(lock_file.read_bytes()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of the suite may share the cache
        if not (folder / "complete").exists():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(frontend / name, folder)
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, stdout=sys.stderr)
            (folder / "complete").touch()
    shutil.copytree(folder / "node_modules", frontend / "node_modules", symlinks=True, copy_function=example_copies.link_or_copy)


class ScaffoldedApps(DevinitTest):
    limit = 800

    def setUp(self):
        self.assertEqual(missing(), [], "needed for this test")
        self.place = self.project()
        self.place.environment["PATH"] += ":" + os.path.dirname(shutil.which("npm"))

    def scaffold_all(self):
        starts = [
            subprocess.Popen(
                [BINARY, "scaffold", "react-flask", f"app{n}", "--model", "anthropic_claude-4.5-haiku", "--app", str(n), "--json"],
                cwd=self.place.root, env=self.place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for n in range(1, APPS + 1)
        ]
        answers = []
        for start in starts:
            out, err = start.communicate(timeout=SLOW)
            self.assertEqual(start.returncode, 0, err)
            answers.append(json.loads(out))
        return answers

    def prepare(self, answer):
        install_packages(os.path.join(answer["path"], "frontend"))
        venv = os.path.join(answer["path"], "backend", ".venv")
        subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv], check=True)

    def stop(self, answer):
        self.place.run("-C", answer["path"], "stop", timeout=SLOW)

    def test_six_at_once_and_two_of_them_run_side_by_side(self):
        answers = self.scaffold_all()
        self.assertEqual(len({port for answer in answers for port in answer["ports"].values()}), 2 * APPS)
        running = answers[:RUNNING]
        for answer in running:
            self.prepare(answer)
        starts = []
        for answer in running:
            self.addCleanup(self.stop, answer)
            starts.append(self.place.spawn("-C", answer["path"], "start", "all"))
        for start in starts:
            self.assertEqual(start.wait(timeout=SLOW), 0, start.text)
        for answer in running:
            backend, frontend = answer["ports"]["backend"], answer["ports"]["frontend"]
            with open(os.path.join(answer["path"], ".ports.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"backend": backend, "frontend": frontend})
            hello = {"message": f"Hello from {answer['project_name']}"}
            self.assertEqual(json.loads(self.place.get(backend, "/api/health")), {"status": "ok"})
            self.assertEqual(json.loads(self.place.get(backend, "/api/hello")), hello)
            self.assertEqual(json.loads(self.place.get(frontend, "/api/hello")), hello)
            self.assertIn(f"<title>{answer['project_name']}</title>", self.place.get(frontend))
        for answer in running:
            self.place.succeed("-C", answer["path"], "stop", timeout=SLOW)
        self.place.assert_nothing_left()

    def test_docker_compose_accepts_every_file(self):
        compose = shutil.which("docker-compose")
        if not compose:
            self.skipTest("docker-compose is not installed")
        for answer in self.scaffold_all():
            result = subprocess.run([compose, "config"], cwd=answer["path"], env=self.place.environment, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            for role in ("backend", "frontend"):
                port = answer["ports"][role]
                self.assertIn(f"127.0.0.1:{port}:{port}", result.stdout)
                self.assertIn(f"image: {answer['project_name']}-{role}", result.stdout)
            self.assertNotIn("variable is not set", result.stderr)


if __name__ == "__main__":
    harness.main()
