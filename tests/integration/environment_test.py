"""Surroundings that are not as usual: a full disk, a read-only project, missing variables, odd paths. It works, or says why."""

import ctypes
import json
import os
import pwd
import re
import subprocess
import sys
import unittest

import harness
from harness import BINARY, REPOSITORY, DevinitTest, listener

CLONE_NEWNS = 0x20000
AS_ROOT = os.geteuid() == 0


def enter_private_mounts():
    """Mounts of this test program are seen by it and its children only, and go with it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], check=False).returncode == 0


PRIVATE_MOUNTS = AS_ROOT and enter_private_mounts()
needs_mounts = unittest.skipUnless(PRIVATE_MOUNTS, "needs root and a mount namespace")


class Surroundings(DevinitTest):
    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", arguments[-1]], check=True)

    def round_trip(self, project, **options):
        """start, status, logs and stop all do their work."""
        project.succeed("start", **options)
        port = project.block[0]
        self.assertEqual(project.identity(port)["name"], "backend")
        self.assertEqual(project.identity(port)["cwd"], os.path.realpath(project.root))
        self.assertIn(str(port), project.succeed("status", **options).out)
        project.succeed("logs", **options)
        project.succeed("stop", **options)
        project.assert_nothing_left()


class FullDisk(Surroundings):
    @needs_mounts
    def test_a_full_project_disk(self):
        project = self.single()
        config = project.read("devinit.json")
        self.mount("-t", "tmpfs", "-o", "size=128k", "none", project.root)
        project.write("devinit.json", config)
        old = {"backend": project.block[0], "redis": 6379}
        project.write(".ports.json", old)
        self.fill(project.path("filler"))
        project.stranger(port=project.block[0])
        result = project.run("start")
        self.assertIn(result.code, (0, 1), result.text)
        self.assertRegex(result.err, "(?i)no space|disk is full")
        self.assertEqual(project.ports(), old, "the old file must be intact")
        if project.exists(".env.runtime"):
            self.assertRegex(project.read(".env.runtime"), r"BACKEND_PORT=\d+\n")
        self.assertEqual([name for name in os.listdir(project.root) if "tmp" in name], [])
        os.remove(project.path("filler"))
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[1], "redis": 6379})
        project.succeed("stop")

    @needs_mounts
    def test_a_disk_that_fills_up_under_a_running_service(self):
        project = self.project()
        self.mount("-t", "tmpfs", "-o", "size=512k", "none", project.root)
        service = {"command": listener("--name", "backend"), "port": project.block[0]}
        project.write("devinit.json", {"services": {"backend": service}})
        project.succeed("start")
        self.fill(project.path("filler"))
        for _ in range(200):
            project.get(project.block[0], "/print/" + "x" * 1000)  # never blocks, never dies of it
        self.assertEqual(project.identity(project.block[0])["name"], "backend")
        os.remove(project.path("filler"))
        self.assertEqual(project.service()["restarts"], 0)
        project.succeed("stop")

    @staticmethod
    def fill(path):
        with open(path, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass


class ReadOnly(Surroundings):
    @needs_mounts
    def test_a_read_only_project_works_and_is_left_alone(self):
        project = self.single()
        before = sorted(os.listdir(project.root))
        self.mount("--bind", project.root, project.root)
        subprocess.run(["mount", "-o", "remount,ro,bind", project.root], check=True)
        result = project.succeed("start")
        self.assertRegex(result.err, "(?i)read-only|cannot be written")
        self.assertEqual(project.get(project.block[0], "/env/BACKEND_PORT"), str(project.block[0]))
        self.assertEqual(project.service()["state"], "ready")
        project.succeed("logs")
        self.assertEqual(sorted(os.listdir(project.root)), before)
        project.succeed("stop")
        project.assert_nothing_left()

    @unittest.skipUnless(AS_ROOT, "needs root to become another user")
    def test_a_project_of_another_user_works_or_says_why(self):
        project = self.single()
        for path in (project.home, project.state):
            os.chown(path, harness.NOBODY, harness.NOBODY)
        self.run_as_nobody(project)

    def run_as_nobody(self, project):
        command = subprocess.run(
            [BINARY, "start"], cwd=project.root, env=project.environment, user=harness.NOBODY, group=harness.NOBODY, extra_groups=[],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE, check=False,
        )
        if command.returncode == 126 or "Permission denied" in command.stderr and not os.access(BINARY, os.X_OK):
            self.skipTest("the binary is not reachable for other users")
        self.assertIn(command.returncode, (0, 1), command.stderr)
        if command.returncode == 1:
            self.assertIn("devinit: error:", command.stderr)
            return
        self.assertEqual(project.identity(project.block[0])["name"], "backend")
        stop = subprocess.run(
            [BINARY, "stop"], cwd=project.root, env=project.environment, user=harness.NOBODY, group=harness.NOBODY, extra_groups=[],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE, check=False,
        )
        self.assertEqual(stop.returncode, 0, stop.stderr)


class NoInotify(Surroundings):
    """Editors and file watchers use up the few inotify instances that a user has (128 by default)."""

    def test_everything_works_without(self):
        project = self.single()
        for command in ("start", "restart", "stop"):
            script = f'echo 0 >/proc/sys/user/max_inotify_instances && exec "{BINARY}" {command}'
            result = subprocess.run(
                ["unshare", "--user", "--map-root-user", "/bin/sh", "-c", script], cwd=project.root, env=project.environment,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE, check=False,
            )
            if "max_inotify_instances" in result.stderr or "unshare" in result.stderr:
                self.skipTest("no user namespaces here")
            self.assertEqual(result.returncode, 0, result.stderr)
            if command != "stop":
                self.assertEqual(project.identity(project.block[0])["name"], "backend")
        project.assert_nothing_left()


class Variables(Surroundings):
    def test_no_runtime_directory(self):
        self.round_trip(self.single(), environment={"XDG_RUNTIME_DIR": None})

    def test_a_runtime_directory_that_does_not_exist(self):
        self.round_trip(self.single(), environment={"XDG_RUNTIME_DIR": "/nonexistent/run"})

    def test_no_home_but_a_state_directory(self):
        self.round_trip(self.single(), environment={"HOME": None})

    def test_home_but_no_state_directory(self):
        project = self.single()
        self.round_trip(project, environment={"XDG_STATE_HOME": None})
        self.assertTrue(os.path.isdir(os.path.join(project.home, ".local/state/devinit")))

    @needs_mounts
    def test_neither_home_nor_state_directory(self):
        home = pwd.getpwuid(os.geteuid()).pw_dir
        needed = [BINARY, str(REPOSITORY), sys.executable, os.path.realpath(sys.executable)]
        if not os.path.isdir(home) or any(path.startswith(home + "/") for path in needed):
            self.skipTest(f"{home} is needed by the tests themselves")
        self.mount("-t", "tmpfs", "none", home)
        project = self.single()
        self.round_trip(project, environment={"XDG_STATE_HOME": None, "HOME": None})
        self.assertTrue(os.path.isdir(os.path.join(home, ".local/state/devinit")))

    def test_a_state_directory_that_others_can_write_is_refused(self):
        project = self.single()
        os.makedirs(os.path.join(project.state, "devinit"))
        os.chmod(os.path.join(project.state, "devinit"), 0o777)
        result = project.expect_code(1, "start")
        self.assertIn(project.state, result.err)
        self.assertIn("hint:", result.err)
        self.assertEqual(project.events.all(), [])

    def test_a_dumb_terminal_gets_plain_text(self):
        project = self.pair(environment={"TERM": "dumb"})
        terminal = project.pty("start")
        self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assertNotIn("\x1b", terminal.text)
        self.assertIn("backend", terminal.text)

    def test_an_ascii_locale_gets_ascii(self):
        project = self.pair(environment={"LANG": "C", "LC_ALL": "C"})
        result = project.succeed("start")
        status = project.succeed("status")
        self.assertTrue(status.out.isascii(), status.out)
        self.assertTrue(result.text.isascii(), result.text)

    def test_an_almost_empty_environment(self):
        project = self.single()
        empty = {name: None for name in project.environment if name not in ("XDG_STATE_HOME", "STUB_EVENTS", "STUB_MARKER")}
        self.round_trip(project, environment=empty)

    def test_closed_standard_streams(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                project = self.single()
                command = ["/bin/sh", "-c", f'exec "{BINARY}" start {closed}']
                result = subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, check=False)
                self.assertEqual(result.returncode, 0, result)
                self.assertEqual(project.service()["state"], "ready")
                project.close()

    def test_a_reader_that_goes_away(self):
        project = self.pair()
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as stdout:
            process = subprocess.Popen(
                [BINARY, "start"], cwd=project.root, env=project.environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stdout
            )
        process.wait(timeout=harness.PATIENCE)
        project.succeed("stop")
        project.assert_nothing_left()


class Paths(Surroundings):
    def test_spaces_and_unicode(self):
        project = self.single(folder="my prøject – ünï 項目 $HOME 'q' \"d\"")
        self.round_trip(project)

    def test_a_line_break_in_the_path(self):
        project = self.single(folder="two\nlines")
        result = project.run("start")
        self.assertIn(result.code, (0, 1, 2), result.text)
        if result.code == 0:
            self.assertEqual(project.service()["state"], "ready")
            project.succeed("stop")
        else:
            self.assertIn("devinit: error:", result.err)

    def test_120_bytes(self):
        project = self.single(folder="d" * 100 + "/" + "e" * 120)
        self.assertGreater(len(os.fsencode(project.root)), 120)
        self.round_trip(project)

    def test_a_state_directory_with_a_long_path(self):
        project = self.single()
        long_state = os.path.join(project.state, "s" * 120)
        os.makedirs(long_state)
        self.round_trip(project, environment={"XDG_STATE_HOME": long_state})

    def test_a_project_behind_a_link_is_one_project(self):
        project = self.single()
        link = os.path.join(project.temporary, "link")
        os.symlink(project.root, link)
        project.succeed("start", cwd=link, environment={"PWD": link})
        self.assertEqual(project.service()["state"], "ready")
        project.succeed("-C", link, "stop")
        self.assertFalse(project.status()["supervisor"]["running"])

    def test_a_folder_that_does_not_exist(self):
        result = self.project().expect_code(2, "-C", "/nonexistent/project", "status")
        self.assertIn("/nonexistent/project", result.err)

    def test_nothing_is_written_outside_project_and_state(self):
        project = self.pair()
        project.succeed("start")
        project.succeed("stop")
        self.assertEqual(os.listdir(project.home), [])
        self.assertEqual(os.listdir(project.state), ["devinit"])
        self.assertEqual(sorted(os.listdir(project.root)), [".devinit", ".env.runtime", ".ports.json", "devinit.json"])
        self.assertEqual(os.stat(project.path(".devinit")).st_mode & 0o077, 0)


class Json(Surroundings):
    def test_errors_are_machine_readable_too(self):
        project = self.project({"services": {"backend": {"command": "true", "port": 0}}})
        result = project.expect_code(2, "start", "--json")
        answer = json.loads(result.out.splitlines()[-1])
        self.assertIn("devinit.json", answer["error"])

    def test_stdout_carries_json_alone(self):
        project = self.pair()
        for words in (["start"], ["status"], ["stop"], ["version"]):
            result = project.succeed(*words, "--json")
            for line in result.out.splitlines():
                json.loads(line)
            self.assertFalse(re.search(r"\x1b", result.text), words)


if __name__ == "__main__":
    harness.main()
