"""A fresh clone and one command: scripts/quickstart.sh builds, installs, and leaves a running example behind."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import processes
from ports_blocks import listening_ports


def copy_of_the_repository(target):
    """What a clone of this working tree would hold."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, check=True
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        if not (REPOSITORY / name).is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    subprocess.run(["git", "init", "--quiet", target], check=True)  # a folder of a git tree finds its root in another way


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="dit-quickstart-"))
        self.addCleanup(shutil.rmtree, self.temporary, ignore_errors=True)
        self.clone = self.temporary / "clone"
        copy_of_the_repository(self.clone)
        self.environment = {
            **os.environ,
            "HOME": str(self.temporary / "home"),
            "XDG_STATE_HOME": str(self.temporary / "state"),
            "CCACHE_DIR": os.environ.get("CCACHE_DIR", os.path.expanduser("~/.cache/ccache")),
            "CCACHE_BASEDIR": str(self.clone),
            "CCACHE_NOHASHDIR": "1",
        }
        os.makedirs(self.environment["HOME"])

    def run_script(self, *arguments):
        return subprocess.run(
            [self.clone / "scripts" / "quickstart.sh", *arguments], env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=800, check=False,
        )

    def devinit(self, *arguments):
        command = [self.temporary / "home/.local/bin/devinit", "-C", self.clone / "examples/hello", *arguments]
        return subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    def test_from_clone_to_running_example_and_back(self):
        result = self.run_script()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.addCleanup(self.devinit, "stop")
        self.assertIn(f'export PATH="{self.temporary}/home/.local/bin:$PATH"', result.stdout)
        urls = re.findall(r"^\s+[A-Z_]+\s+(http://localhost:\d+)$", result.stdout, re.MULTILINE)
        self.assertEqual(len(urls), 2, result.stdout)
        for url in urls:
            with urllib.request.urlopen(url, timeout=30) as answer:
                self.assertEqual(answer.status, 200)

        again = self.run_script()
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertNotIn("installing:", again.stderr)

        self.assertEqual(self.devinit("stop").returncode, 0)
        ports = {int(url.rpartition(":")[2]) for url in urls}
        self.assertEqual(ports & listening_ports(), set())
        clone = str(self.clone)
        left = [pid for pid in processes.all_pids() if processes.working_folder(pid).startswith(clone)]
        self.assertEqual([processes.describe(pid) for pid in left], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
