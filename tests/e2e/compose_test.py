"""Generated apps in a real Docker engine: each comes up as a compose project of its own name, on the ports that the registry gave it.

The engine has no bridge, so the containers use the network of the machine, and the images hold a static busybox instead of what the
template's Dockerfiles would fetch. Names, ports and variables are the template's.
"""

import json
import os
import pathlib
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import docker_engine
import harness
from harness import DevinitTest
from ports_blocks import listening_ports
from waiting import wait_until

# Compose fills in the variables, from the app's .env.
SERVER = "mkdir -p /srv && echo ${{PROJECT_NAME}} {side} > /srv/index.html && exec httpd -f -p ${{{variable}}} -h /srv"
SIDES = {"backend": "BACKEND_PORT", "frontend": "FRONTEND_PORT"}


def on_the_host_network(text):
    """The template's compose file, without what needs a bridge or a registry of images."""
    document = yaml.safe_load(text)
    for side, service in document["services"].items():
        service.pop("build")
        service.pop("ports")
        service["network_mode"] = "host"
        service["command"] = ["sh", "-c", SERVER.format(side=side, variable=SIDES[side])]
    return yaml.safe_dump(document)


@unittest.skipIf(os.geteuid() != 0, "a Docker engine needs root")
class Compose(DevinitTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        missing = docker_engine.why_unavailable()
        if missing and os.environ.get("DEVINIT_REQUIRE_REAL_PARTS"):
            raise RuntimeError(missing)
        if missing:
            raise unittest.SkipTest(missing)
        cls.engine = docker_engine.DockerEngine()
        cls.addClassCleanup(cls.engine.close)

    def app(self, project, model):
        """A scaffolded app: its folder, its .env and its ports."""
        folder = project.path(f"app-{len(os.listdir(project.root))}")
        project.succeed("scaffold", "react-flask", folder, "--model", model, "--app", "1")
        lines = [line for line in pathlib.Path(folder, ".env").read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]
        ports = json.loads(project.succeed("ports", "get", model, "1", "--json").out)["ports"]
        return folder, dict(line.split("=", 1) for line in lines), ports

    def compose(self, folder, *arguments):
        return self.engine.run("docker-compose", "--file", "on-the-host.yml", *arguments, cwd=folder)

    def prepare(self, folder, variables):
        text = pathlib.Path(folder, "docker-compose.yml").read_text(encoding="utf-8")
        pathlib.Path(folder, "on-the-host.yml").write_text(on_the_host_network(text), encoding="utf-8")
        for service in yaml.safe_load(text)["services"].values():
            self.engine.import_image(service["image"].replace("${PROJECT_NAME}", variables["PROJECT_NAME"]))

    def containers(self):
        """[(compose project, service)] of what runs in the engine."""
        form = '{{.Label "com.docker.compose.project"}} {{.Label "com.docker.compose.service"}}'
        return sorted(tuple(line.split()) for line in self.engine.run("docker", "ps", "--format", form).splitlines())

    def page(self, project, port):
        return project.get(port).strip()

    def test_two_apps_of_one_name_come_up_side_by_side(self):
        project = self.project()
        # Both would be called side-by-side-app1.
        apps = [self.app(project, model) for model in ("side_by.side", "Side By Side")]
        names = [variables["PROJECT_NAME"] for _, variables, _ in apps]
        self.assertEqual(names[0], "side-by-side-app1")
        self.assertRegex(names[1], r"^side-by-side-app1-[0-9a-z]+$")
        for folder, variables, ports in apps:
            self.assertEqual((variables["BACKEND_PORT"], variables["FRONTEND_PORT"]), (str(ports["backend"]), str(ports["frontend"])))
            self.engine.run("docker-compose", "config", "--quiet", cwd=folder)
            self.prepare(folder, variables)

        for folder, _, _ in apps:
            self.addCleanup(self.compose, folder, "down", "--timeout", "0")
            self.compose(folder, "up", "--detach", "--no-build")
        self.assertEqual(self.containers(), sorted((name, side) for name in names for side in SIDES))
        for _, variables, ports in apps:
            for side in SIDES:
                self.wait_listening(ports[side])
                self.assertEqual(self.page(project, ports[side]), f"{variables['PROJECT_NAME']} {side}")

        folder, _, ports = apps[0]
        self.compose(folder, "down", "--timeout", "0")
        self.assertEqual(self.containers(), sorted((names[1], side) for side in SIDES))
        self.assertEqual(set(ports.values()) & listening_ports(), set())
        self.assertEqual(self.page(project, apps[1][2]["backend"]), f"{names[1]} backend")

        folder, _, ports = apps[1]
        self.compose(folder, "down", "--timeout", "0")
        self.assertEqual(self.containers(), [])
        self.assertEqual(set(ports.values()) & listening_ports(), set())

    def wait_listening(self, port):
        """`up` returns when the container's first process is there; the kernel tells nobody when that listens."""
        wait_until("/tmp", lambda: port in listening_ports())


if __name__ == "__main__":
    harness.main()
