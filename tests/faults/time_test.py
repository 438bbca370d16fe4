"""Fault T44: the wall clock jumps. What waits goes by the steady clock, and no lease ends."""

import isolation

isolation.enter()

import json
import os
import signal
import struct

import harness
import processes
from fault_case import FaultTest, native, needs_native
from harness import listener

YEAR = 365 * 24 * 3600


@needs_native("faulty_calls.so")
class WallClock(FaultTest):
    def setUp(self):
        super().setUp()
        self.clocked = self.single()
        self.clock = os.path.join(self.clocked.temporary, "clock")
        self.jump(0)
        self.clocked.environment.update(LD_PRELOAD=native("faulty_calls.so"), FAULT_CLOCK=self.clock)

    def jump(self, seconds):
        """The wall clock of all programs of devinit is ahead by so much from now on."""
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as file:
            file.write(struct.pack("q", seconds))

    def leases(self):
        listed = json.loads(self.clocked.succeed("ports", "list", "--json").out)
        return [(lease["port"], lease["role"], lease["root"]) for lease in listed]

    def assert_jumps_harmlessly(self, seconds):
        project = self.clocked
        project.succeed("start")
        before = project.service()
        leases = self.leases()
        self.jump(seconds)
        self.assertEqual(project.service()["pid"], before["pid"])
        self.assertEqual(project.service()["restarts"], 0)
        self.assertEqual(self.leases(), leases)
        project.succeed("ports", "check")
        # Restarts, readiness and the grace of a stop go on as usual.
        processes.send(before["pid"], signal.SIGKILL)
        project.events.wait("listening", count=2)
        after = project.wait_service("backend", lambda service: service["ready"] and service["restarts"] == 1)
        self.assertGreater(abs(after["since"] - before["since"]), YEAR // 2, "the clock has not jumped: this test shows nothing")
        project.succeed("restart", "backend")
        project.succeed("stop")
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[0]})

    def test_t44_a_year_ahead(self):
        self.assert_jumps_harmlessly(YEAR)

    def test_t44_a_year_back(self):
        self.assert_jumps_harmlessly(-YEAR)

    def test_t44_the_lease_of_a_running_service_does_not_expire(self):
        self.clocked.succeed("start")
        self.jump(YEAR)
        other = self.project(block=self.clocked.block)
        other.environment.update({name: self.clocked.environment[name] for name in ("LD_PRELOAD", "FAULT_CLOCK", "XDG_STATE_HOME")})
        automatic = {"prefer": self.clocked.block[0], "range": f"{self.clocked.block[0]}-{self.clocked.block.last}"}
        other.write("devinit.json", {"services": {"other": {"command": listener("--name", "other"), "port": automatic}}})
        other.succeed("start")
        self.assertNotEqual(other.ports()["other"], self.clocked.block[0])
        other.close()
        self.jump(0)
        self.clocked.succeed("ports", "gc")  # of the other project, whose folder is gone

    def test_t44_a_jump_while_it_waits_for_its_readiness(self):
        project = self.clocked
        service = {"command": listener("--never-listen"), "port": project.block[0], "ready": {"deadline": "2s"}, "restart": "never"}
        project.write("devinit.json", {"services": {"backend": service}})
        start = project.spawn("start")
        project.events.wait("started")
        self.jump(-YEAR)
        self.assertEqual(start.wait(), 1, start.text)
        self.assertIn("not ready within 2s", start.text)

    def test_t44_a_jump_during_the_grace_of_a_stop(self):
        project = self.clocked
        service = {"command": listener("--ignore-term"), "port": project.block[0], "stop": {"grace": "500ms"}}
        project.write("devinit.json", {"services": {"backend": service}})
        project.succeed("start")
        stop = project.spawn("stop")
        project.events.wait("signal", signal="SIGTERM")
        self.jump(-YEAR)
        self.assertEqual(stop.wait(), 0, stop.text)


if __name__ == "__main__":
    harness.main()
