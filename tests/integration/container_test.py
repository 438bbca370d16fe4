"""The first process of a container: reaps, hands signals on, ends with the code of its command."""

import shutil
import signal
import subprocess
import unittest

import harness
import processes
from harness import BINARY, DevinitTest

UNSHARE = shutil.which("unshare") or ""
IN_CONTAINER = ("--pid", "--fork", "--kill-child", "--mount-proc", BINARY)


def may_unshare():
    return bool(UNSHARE) and subprocess.run([UNSHARE, *IN_CONTAINER[:4], "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


@unittest.skipUnless(may_unshare(), "no right to make a PID namespace")
class FirstProcess(DevinitTest):
    def test_ends_with_the_code_of_its_command(self):
        project = self.pair()
        result = project.run(*IN_CONTAINER, "test", "--", "sh", "-c", "exit 9", binary=UNSHARE)
        self.assertEqual(result.code, 9, result.text)
        project.assert_nothing_left()

    def container(self, project, *arguments):
        process = subprocess.Popen([UNSHARE, *IN_CONTAINER, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=project.environment, cwd=project.root, start_new_session=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        project.events.wait("listening", name="frontend")
        first = processes.children_of(process.pid)[0]
        return process, first

    def test_hands_on_the_stop_of_a_container(self):
        project = self.pair()
        process, first = self.container(project, "up")
        processes.send(first, signal.SIGTERM)
        self.assertEqual(process.wait(harness.PATIENCE), 143)
        self.assertEqual({entry["name"] for entry in project.events.all("signal", signal="SIGTERM")}, {"backend", "frontend"})
        project.assert_nothing_left()

    def test_stops_in_order_at_a_hang_up_and_survives_the_signals_of_others(self):
        project = self.pair()
        process, first = self.container(project, "up")
        processes.send(first, signal.SIGUSR1)
        processes.send(first, signal.SIGUSR2)
        processes.send(first, signal.SIGHUP)
        self.assertEqual(process.wait(harness.PATIENCE), 129)
        self.assertEqual({entry["name"] for entry in project.events.all("signal", signal="SIGTERM")}, {"backend", "frontend"})
        project.assert_nothing_left()

    def test_outlasts_its_command_until_the_services_are_stopped(self):
        project = self.pair()
        process, first = self.container(project, "up")
        command = processes.children_of(first)[0]
        processes.send(command, signal.SIGKILL)
        self.assertEqual(process.wait(harness.PATIENCE), 137)
        self.assertEqual({entry["name"] for entry in project.events.all("signal", signal="SIGTERM")}, {"backend", "frontend"})
        project.assert_nothing_left()

    def test_stays_with_a_start(self):
        project = self.pair()
        process, first = self.container(project, "start")
        self.assertIsNone(process.poll())
        processes.send(first, signal.SIGTERM)
        process.wait(harness.PATIENCE)
        project.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
