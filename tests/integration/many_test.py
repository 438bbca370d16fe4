"""Many copies of one project, all of which want the same port at the same moment."""


import harness
from harness import DevinitTest, Project, listener
from ports_blocks import PortBlock

COPIES = 64


class ManyStarts(DevinitTest):
    def test_64_starts_at_once_get_64_ports(self):
        block = PortBlock(200)
        self.addCleanup(block.release)
        copies = [Project(self, block=block) for _ in range(COPIES)]
        for number, project in enumerate(copies):
            service = {"command": listener("--name", f"copy-{number}"), "port": block.first}
            project.write("devinit.json", {"services": {"backend": service}})

        starts = [project.spawn("start") for project in copies]
        codes = [start.wait(timeout=300) for start in starts]
        self.assertEqual(codes, [0] * COPIES, [start.text for start, code in zip(starts, codes) if code])

        ports = [project.ports()["backend"] for project in copies]
        self.assertEqual(len(set(ports)), COPIES, sorted(ports))
        self.assertEqual([port for port in ports if port not in block], [])
        for number, (project, port) in enumerate(zip(copies, ports)):
            self.assertEqual(project.identity(port)["name"], f"copy-{number}")
            self.assertEqual(project.service()["state"], "ready")
            self.assertEqual(project.service()["restarts"], 0)

        stops = [project.spawn("stop") for project in copies]
        codes = [stop.wait(timeout=300) for stop in stops]
        self.assertEqual(codes, [0] * COPIES, [stop.text for stop, code in zip(stops, codes) if code])
        for project in copies:
            project.assert_nothing_left()
        self.assertEqual(copies[0].foreign_listeners(), [])

    def test_starts_of_one_project_at_once_agree(self):
        project = self.pair()
        starts = [project.spawn("start") for _ in range(8)]
        self.assertEqual([start.wait() for start in starts], [0] * 8, [start.text for start in starts])
        self.assertEqual(len(project.events.all("started")), 2)

    def test_a_start_meets_a_stop(self):
        project = self.pair()
        for _ in range(5):
            start = project.spawn("start")
            stop = project.spawn("stop")
            self.assertEqual(stop.wait(), 0, stop.text)
            self.assertIn(start.wait(), (0, 1), start.text)
        project.succeed("start")
        self.assertEqual([service["state"] for service in project.status()["services"]], ["ready", "ready"])


if __name__ == "__main__":
    harness.main()
