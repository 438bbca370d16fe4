"""`replicas`: several of one service, on a block of ports."""

import signal

import harness
import processes
from harness import DevinitTest, listener, stub


class Replicas(DevinitTest):
    def replicated(self, count=3, *, port=0, more=None, **settings):
        project = self.project()
        web = {"command": listener("--name", "web-{index}"), "port": project.block[port], "replicas": count, **settings}
        project.write("devinit.json", {"services": {"web": web, **(more(project) if more else {})}})
        return project

    def names(self, count=3):
        return [f"web-{index}" for index in range(count)]

    def test_their_ports_follow_each_other(self):
        project = self.replicated()
        project.succeed("start")
        for index, name in enumerate(self.names()):
            self.assertEqual(project.identity(project.block[index])["name"], name)
            self.assertEqual(project.service(name)["port"], project.block[index])
        self.assertEqual(project.ports(), {name: project.block[index] for index, name in enumerate(self.names())})
        environment = project.runtime_env()
        for index in range(3):
            self.assertEqual(environment[f"WEB_{index}_PORT"], str(project.block[index]))

    def test_one_busy_port_moves_one_of_them(self):
        project = self.replicated()
        project.stranger(port=project.block[1])
        project.succeed("start")
        ports = [project.service(name)["port"] for name in self.names()]
        self.assertEqual((ports[0], ports[2]), (project.block[0], project.block[2]))
        self.assertNotIn(ports[1], (project.block[0], project.block[1], project.block[2]))

    def test_each_knows_its_number(self):
        project = self.replicated(env={"NUMBER": "{index}", "NAME": "worker-{index}"})
        project.succeed("start")
        for index in range(3):
            self.assertEqual(project.get(project.block[index], "/env/NUMBER"), str(index))
            self.assertEqual(project.get(project.block[index], "/env/NAME"), f"worker-{index}")

    def test_a_dependent_waits_for_all_and_is_told_the_first(self):
        def more(project):
            return {"proxy": {"command": listener("--name", "proxy"), "port": project.block[6], "depends_on": ["web"], "env": {"UPSTREAM": "{web.url}"}}}

        project = self.replicated(more=more)
        project.succeed("start", "proxy")
        order = [event["name"] for event in project.events.all("listening")]
        self.assertEqual(order[3:], ["proxy"])
        self.assertEqual(sorted(order[:3]), self.names())
        self.assertEqual(project.get(project.block[6], "/env/UPSTREAM"), f"http://localhost:{project.block[0]}")

    def test_one_that_crashes_comes_back_alone(self):
        project = self.replicated()
        project.succeed("start")
        before = {name: project.service(name)["pid"] for name in self.names()}
        processes.send(before["web-1"], signal.SIGKILL)
        project.wait_service("web-1", lambda service: service["ready"] and service["restarts"] == 1)
        for name in ("web-0", "web-2"):
            self.assertEqual(project.service(name)["pid"], before[name])

    def test_restart_by_one_name(self):
        project = self.replicated()
        project.succeed("start")
        before = {name: project.service(name)["pid"] for name in self.names()}
        project.succeed("restart", "web")
        for name in self.names():
            self.assertNotEqual(project.service(name)["pid"], before[name])

    def test_without_a_port(self):
        project = self.project()
        command = stub("worker", "--name", "w{index}")
        project.write("devinit.json", {"services": {"worker": {"command": command, "replicas": 4}}})
        project.succeed("start")
        self.assertEqual(sorted(event["name"] for event in project.events.all("started")), ["w0", "w1", "w2", "w3"])

    def test_fewer_after_a_reload(self):
        project = self.replicated()
        project.succeed("start")
        first = project.service("web-0")["pid"]
        web = {"command": listener("--name", "web-{index}"), "port": project.block[0], "replicas": 2}
        project.write("devinit.json", {"services": {"web": web}})
        project.succeed("reload")
        self.assertEqual(project.service("web-0")["pid"], first)
        self.assertFalse([service for service in project.status()["services"] if service["name"] == "web-2" and service["pid"]])

    def test_mistakes(self):
        for count in (0, -1, 101, "3", 2.5):
            with self.subTest(count):
                self.assertRegex(self.replicated(count).expect_code(2, "start").err, r"devinit\.json:\d+:\d+")

    def test_their_ports_meet_another_service(self):
        def more(project):
            return {"other": {"command": "true", "port": project.block[1]}}

        project = self.replicated(more=more)
        self.assertIn(str(project.block[1]), project.expect_code(2, "start").err)


if __name__ == "__main__":
    harness.main()
