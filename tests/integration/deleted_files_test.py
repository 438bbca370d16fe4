"""What somebody deletes, edits or breaks under a running project: it stays findable, and nothing of the user's is lost."""

import json
import os
import shutil

import harness
import processes
from harness import DevinitTest, listener
from waiting import wait_until


class Deleted(DevinitTest):
    def assert_still_found(self, project, pid):
        wait_until(project.root, lambda: project.run("status").code == 0)
        self.assertEqual(project.service()["pid"], pid)
        self.assertIn("already running", project.succeed("start").text)
        project.succeed("stop")
        self.assertTrue(processes.wait_gone(pid, 30))

    def test_the_data_folder(self):
        """`git clean -fdX` does that."""
        project = self.single()
        project.succeed("start")
        pid = project.service()["pid"]
        shutil.rmtree(project.path(".devinit"))
        self.assert_still_found(project, pid)

    def test_the_state_folder_of_the_user(self):
        project = self.single()
        project.succeed("start")
        pid = project.service()["pid"]
        shutil.rmtree(project.state, ignore_errors=True)
        self.assert_still_found(project, pid)

    def test_ports_file_comes_back_with_what_is_not_ours(self):
        project = self.single(ports=None)
        port = project.block[0]
        project.write(".ports.json", json.dumps({"postgres": 5432, "backend": port}))
        project.succeed("start")
        os.unlink(project.path(".ports.json"))
        wait_until(project.root, lambda: project.exists(".ports.json"))
        self.assertEqual(project.ports(), {"postgres": 5432, "backend": port})


class Edited(DevinitTest):
    def test_a_number_set_by_hand_while_running_counts_at_the_next_start(self):
        project = self.single()
        project.succeed("start")
        wanted = project.block[5]
        project.write(".ports.json", json.dumps({"backend": wanted}))
        os.unlink(project.path(".env.runtime"))  # makes the supervisor write its files again
        wait_until(project.root, lambda: project.exists(".env.runtime"))
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(project.ports()["backend"], wanted)

    def test_the_latest_of_two_numbers_set_by_hand_counts(self):
        project = self.single()
        first, latest = project.block[4], project.block[5]
        project.succeed("start")
        project.succeed("stop")
        project.write(".ports.json", json.dumps({"backend": first}))
        project.succeed("start")
        project.write(".ports.json", json.dumps({"backend": latest}))
        for _ in range(2):  # the second time the file says what we wrote ourselves
            os.unlink(project.path(".env.runtime"))
            wait_until(project.root, lambda: project.exists(".env.runtime"))
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(project.ports()["backend"], latest)

    def test_a_broken_record_is_set_aside_and_told(self):
        project = self.single()
        project.succeed("start")
        project.succeed("stop")
        project.write(".devinit/ports.last.json", "{broken")
        result = project.succeed("start")
        self.assertIn("ports.last.json", result.text)
        self.assertEqual(project.read(".devinit/ports.last.json.corrupt"), "{broken")

    def test_a_broken_env_file_is_refused_before_anything_is_written(self):
        project = self.project()
        config = {"services": {"backend": {"command": listener(), "port": project.block[0], "env_files": ["bad.env"]}}}
        project.write("devinit.json", config)
        project.write("bad.env", "GOOD=1\nthis is no variable\n")
        result = project.expect_code(2, "start")
        self.assertIn("bad.env:2", result.text)
        self.assertFalse(project.exists(".ports.json"))


class Clients(DevinitTest):
    def test_a_restart_whose_client_dies_at_the_question_goes_on(self):
        project = self.pair()
        project.succeed("start")
        project.succeed("stop", "backend")
        stranger = project.stranger(port=project.block[0])
        terminal = project.pty("restart", "backend")
        terminal.expect(r"\[y/N\]")
        terminal.process.kill()
        project.wait_state("backend", "ready")
        self.assertIsNone(stranger.poll())
        self.assertIn("already running", project.succeed("start").text)

    def test_a_service_without_a_port_does_not_get_the_callers(self):
        project = self.project()
        worker = ["/bin/sh", "-c", 'echo "port=${PORT:-none}"; exec cat']
        project.write("devinit.json", {"services": {"worker": {"command": worker}}})
        project.succeed("start", environment={"PORT": "5555"})
        wait_until(project.path(".devinit/logs"), lambda: "port=" in project.read(".devinit/logs/worker.log"))
        self.assertIn("port=none", project.read(".devinit/logs/worker.log"))

    def test_a_worker_that_dies_at_once_is_not_ready(self):
        project = self.project()
        project.write("devinit.json", {"services": {"worker": {"command": ["/bin/sh", "-c", "echo no module; exit 3"]}}})
        result = project.expect_code(1, "start")
        self.assertIn("exited with code 3", result.text)
        self.assertIn("no module", result.text)


if __name__ == "__main__":
    harness.main()
