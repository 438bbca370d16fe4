"""Faults T36 to T43: no space, no descriptors, no processes, no memory, nothing that can be written; and ten thousand rounds."""

import isolation

isolation.enter()

import os
import pathlib
import resource
import signal
import subprocess

import harness
import processes
import registries
from fault_case import FaultTest, native, needs_isolation, needs_native, needs_other_users, run_limited
from harness import FULL_SCALE
from invariants import resident_kilobytes
from waiting import wait_until


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Mounts(FaultTest):
    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", arguments[-1]], check=True)

    @needs_isolation
    def test_t36_no_space_for_the_registry_and_the_sockets(self):
        project = self.single()
        self.mount("-t", "tmpfs", "-o", "size=256k", "none", project.state)
        project.succeed("start")
        project.succeed("stop")
        filler = pathlib.Path(project.state, "filler")
        with open(filler, "wb", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass
        result = project.run("start")
        self.assertIn(result.code, (0, 1), result.text)
        if result.code == 0:
            self.assertEqual(project.identity(project.block[0])["name"], "backend")
        else:
            self.assertRegex(result.err, r"(?i)no space|full")
        filler.unlink()
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[0]})

    @needs_isolation
    def test_t39_a_read_only_home_and_state_directory(self):
        for prepared in (False, True):
            with self.subTest("used before" if prepared else "never used"):
                project = self.single()
                if prepared:
                    project.succeed("start")
                    project.succeed("stop")
                for folder in (project.home, project.state):
                    self.mount("--bind", folder, folder)
                    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
                result = project.run("start")
                self.assertIn(result.code, (0, 1), result.text)
                if result.code == 0:
                    self.assertEqual(project.service()["state"], "ready")
                else:
                    self.assertIn(project.state, result.err)
                    self.assertEqual(project.events.all("started")[1 if prepared else 0 :], [])
                project.run("stop")
                for folder in (project.home, project.state):
                    subprocess.run(["mount", "-o", "remount,rw,bind", folder], check=True)
                project.close()


class Limits(FaultTest):
    def assert_clean_failure(self, project, result):
        """It says that it failed, and why, and has left nothing half done."""
        self.assertIn(result.returncode, (1, 2), result.stderr)  # 2: when not even devinit.json could be opened
        self.assertIn("devinit: error:", result.stderr)
        project.succeed("stop")
        project.assert_nothing_left()

    def test_t37_no_more_descriptors_at_any_point(self):
        project = self.single()
        for count in range(4, 61, 1 if FULL_SCALE else 7):
            with self.subTest(count):
                result = run_limited(project, "start", limit=(resource.RLIMIT_NOFILE, count))
                if result.returncode == 0:
                    self.assertEqual(project.identity(project.block[0])["name"], "backend")
                    project.succeed("stop")
                    project.assert_nothing_left()
                else:
                    self.assert_clean_failure(project, result)

    @needs_other_users
    def test_t38_no_more_processes(self):
        project = self.single()
        self.give_to_nobody(project)
        codes = set()
        for count in (1, 2, 3, 4):
            with self.subTest(count):
                result = self.as_nobody(project, "start", limit=(resource.RLIMIT_NPROC, count))
                codes.add(result.returncode)
                self.assertIn(result.returncode, (0, 1), result.stderr)
                if result.returncode == 1:
                    self.assertRegex(result.stderr, r"(?i)process|fork|Resource temporarily unavailable")
                stopped = self.as_nobody(project, "stop")
                self.assertEqual(stopped.returncode, 0, stopped.stderr)
                project.assert_nothing_left()
        self.assertIn(1, codes, "the limit was never felt")


class Memory(FaultTest):
    @needs_native("faulty_calls.so")
    def test_t40_malloc_fails_in_every_program_of_devinit(self):
        project = self.single()
        numbers = range(1, 6000, 37) if FULL_SCALE else (1, 50, 300, 700, 1100, 1600, 2200, 3000, 6000)
        for number in numbers:
            with self.subTest(number):
                result = project.run("start", environment={"LD_PRELOAD": native("faulty_calls.so"), "FAULT_MALLOC": str(number)})
                # An end by abort, as by any other crash (T7): the guardians do the rest, and they never allocate.
                self.assertIn(result.code, (0, 1, -signal.SIGABRT, -signal.SIGSEGV), result.text)
                project.succeed("stop")
                project.assert_nothing_left()
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[0]})

    def test_t40_a_service_over_its_memory_limit_is_named_as_such(self):
        eater = ["/bin/sh", "-c", "exec python3 -c 'b = [bytearray(1 << 20) for _ in range(400)]; import time; time.sleep(3600)'"]
        project = self.single(command=eater, settings={"limits": {"memory": "100MB"}, "restart": "never"})
        result = project.run("start")
        if result.code == 2 and "limits" in result.err:
            self.skipTest("this build knows no limits")
        service = project.wait_state("backend", "failed")
        self.assertRegex(service["detail"], r"(?i)memory")
        project.run("stop")


class Disk(FaultTest):
    @needs_native("faulty_calls.so")
    def test_t41_a_disk_that_does_not_confirm_is_told(self):
        project = self.single()
        faulty = {"LD_PRELOAD": native("faulty_calls.so"), "FAULT_FSYNC": "1"}
        given = project.succeed("ports", "get", "model", "1", "--json").out
        refused = project.run("ports", "get", "model", "2", "--json", environment=faulty)
        self.assertEqual(refused.code, 1, refused.text)
        self.assertNotIn('"ports"', refused.out, "what is not durable must not be acknowledged")
        self.assertRegex(refused.text, r"(?i)i/o|input/output|sync|durab")
        self.assertEqual(project.succeed("ports", "get", "model", "1", "--json").out.replace("true", "false"), given.replace("true", "false"))
        self.assertEqual(registries.sqlite_integrity(registries.database_path(project)), ["ok"])
        result = project.run("start", environment=faulty)
        self.assertIn(result.code, (0, 1), result.text)
        self.assertRegex(result.err, r"(?i)i/o|input/output|sync|durab")


class Rounds(FaultTest):
    limit = 7200 if FULL_SCALE else 300

    @needs_native("tiny_listener")
    def test_t43_many_starts_and_stops_leave_no_trace_in_the_supervisor(self):
        project = self.project()
        tiny = [native("tiny_listener"), "{port}"]
        services = {name: {"command": tiny, "port": project.block[index]} for index, name in enumerate(("keeper", "cycled"))}
        project.write("devinit.json", {"services": services})
        project.succeed("start")
        supervisor = project.supervisor()
        rounds = 10_000 if FULL_SCALE else 60
        for number in range(rounds):
            if number == rounds // 10:
                before = self.measure(project, supervisor)
            project.succeed("stop", "cycled")
            project.succeed("start", "cycled")
        self.assertEqual(project.supervisor(), supervisor)
        after = self.measure(project, supervisor)
        self.assertEqual(after[0], before[0], "descriptors")
        self.assertLess(after[1] - before[1], 2048, f"kilobytes: {before} → {after}")

    def measure(self, project, supervisor):
        """(descriptors, resident kilobytes) of a supervisor that is at rest and has no zombies."""

        def at_rest():
            children = processes.children_of(supervisor)
            return len(children) == 2 and all(processes.is_alive(child) for child in children)

        wait_until(project.path(".devinit"), at_rest)
        return descriptors(supervisor), resident_kilobytes(supervisor)


if __name__ == "__main__":
    harness.main()
