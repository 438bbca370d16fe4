"""Files that devinit writes, in folders where somebody else was first: nothing is written elsewhere, nothing is told to strangers."""

import os
import stat
import subprocess
import unittest

import harness
from harness import NOBODY, PYTHON, DevinitTest
from locks import hold_lock

AS_ROOT = os.geteuid() == 0

# Listens on a socket as a supervisor would, and prints what it is sent until the other end closes.
EAVESDROPPER = """
import socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    server.listen()
    print("listening", flush=True)
    connection = server.accept()[0]
    print(len(connection.recv(1 << 20)), flush=True)
"""


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class Strangers(DevinitTest):
    @unittest.skipUnless(AS_ROOT, "needs root to act as another user")
    def test_a_data_folder_of_another_user_is_refused(self):
        project = self.single()
        os.chmod(project.root, 0o777)
        os.mkdir(project.path(".devinit"))
        os.chown(project.path(".devinit"), NOBODY, NOBODY)
        for command in (["start"], ["up"], ["restart"]):
            result = project.expect_code(1, *command)
            self.assertRegex(result.err, r"\.devinit belongs to another user \(uid 65534\)")
        self.assertEqual(os.listdir(project.path(".devinit")), [])
        self.assertEqual(project.events.all("listening"), [])

    def test_a_data_folder_that_others_can_write_is_refused(self):
        project = self.single()
        os.mkdir(project.path(".devinit"))
        os.chmod(project.path(".devinit"), 0o777)
        result = project.expect_code(1, "start")
        self.assertRegex(result.err, r"\.devinit can be written by other users")
        self.assertIn("chmod 700", result.err)
        os.chmod(project.path(".devinit"), 0o700)
        project.succeed("start")

    @unittest.skipUnless(AS_ROOT, "needs root to act as another user")
    def test_a_supervisor_of_another_user_is_told_nothing(self):
        project = self.single()
        lair = os.path.join(project.temporary, "lair")
        os.mkdir(lair)
        os.chown(lair, NOBODY, NOBODY)
        socket_path = os.path.join(lair, "socket")
        command = [PYTHON, "-c", EAVESDROPPER, socket_path]
        eavesdropper = subprocess.Popen(command, stdout=subprocess.PIPE, user=NOBODY, group=NOBODY, extra_groups=[], text=True)
        self.addCleanup(eavesdropper.stdout.close)
        self.addCleanup(eavesdropper.wait)
        self.addCleanup(eavesdropper.kill)
        self.assertEqual(eavesdropper.stdout.readline(), "listening\n")
        with hold_lock(project.path(".devinit/supervisor.lock"), f"{eavesdropper.pid} {socket_path}\n"):
            result = project.expect_code(1, "start", environment={"SECRET": "x" * 1000})
        self.assertIn("belongs to another user (uid 65534)", result.err)
        self.assertEqual(eavesdropper.stdout.readline(), "0\n")


class Links(DevinitTest):
    def test_env_runtime_that_is_a_link_is_refused_before_anything_starts(self):
        project = self.single()
        project.succeed("start")
        pid = project.service()["pid"]
        outside = os.path.join(project.temporary, "precious")
        with open(outside, "w", encoding="utf-8") as file:
            file.write("precious\n")
        os.remove(project.path(".env.runtime"))
        os.symlink(outside, project.path(".env.runtime"))
        result = project.expect_code(1, "restart")
        self.assertIn(outside, result.err)
        self.assertIn("rm ", result.err)
        with open(outside, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious\n")
        self.assertEqual(project.service()["pid"], pid)

    def test_links_in_the_place_of_devinits_own_files_are_replaced(self):
        project = self.single()
        outside = os.path.join(project.temporary, "outside")
        os.mkdir(outside)
        os.makedirs(project.path(".devinit"), mode=0o700)
        names = ("state.json", "ports.last.json", "schema.json", "supervisor.log")
        for name in names:
            with open(os.path.join(outside, name), "w", encoding="utf-8") as file:
                file.write("precious")
            os.symlink(os.path.join(outside, name), project.path(f".devinit/{name}"))
        project.succeed("start")
        project.succeed("stop")
        for name in names:
            with open(os.path.join(outside, name), encoding="utf-8") as file:
                self.assertEqual(file.read(), "precious")
            self.assertFalse(os.path.islink(project.path(f".devinit/{name}")), name)

    def test_the_private_files_are_private(self):
        project = self.single()
        project.write(".env.runtime", "OLD=1\n")
        os.chmod(project.path(".env.runtime"), 0o644)
        project.succeed("start")
        for name in (".env.runtime", ".devinit/supervisor.log", ".devinit/state.json"):
            self.assertEqual(mode_of(project.path(name)), 0o600, name)
        text = project.read(".env.runtime")
        os.chmod(project.path(".env.runtime"), 0o644)
        project.succeed("restart")
        self.assertEqual(project.read(".env.runtime"), text)
        self.assertEqual(mode_of(project.path(".env.runtime")), 0o600)


class Git(DevinitTest):
    def git(self, project, *arguments):
        subprocess.run(["git", *arguments], cwd=project.root, check=True, stdout=subprocess.DEVNULL)

    def test_an_exclude_file_that_cannot_be_read_is_left_alone(self):
        project = self.single()
        self.git(project, "init", "-q")
        patterns = "".join(f"pattern-{number}\n" for number in range(100_000))
        project.write(".git/info/exclude", patterns)
        result = project.succeed("start")
        self.assertEqual(project.read(".git/info/exclude"), patterns)
        self.assertIn("info/exclude", result.err)

    def test_an_entry_with_extended_flags_is_tracked(self):
        project = self.single()
        self.git(project, "init", "-q")
        project.write(".env.runtime", "OLD=1\n")
        self.git(project, "add", "--force", "--intent-to-add", ".env.runtime")
        with open(project.path(".git/index"), "rb") as index:
            self.assertEqual(index.read(8), b"DIRC\0\0\0\3")
        result = project.expect_code(1, "start")
        self.assertIn("tracked by git", result.err)


if __name__ == "__main__":
    harness.main()
