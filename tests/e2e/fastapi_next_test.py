"""The real thing: FastAPI under uvicorn, Next.js, and a browser that sees on the page what the backend said."""

import importlib.util
import os
import pathlib
import shutil
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import browser
import example_copies
import harness
from harness import DevinitTest
from ports_blocks import listening_ports

# A dev server that compiles on a busy machine; only ever used up by a failing test.
SLOW = 300


def missing():
    absent = [name for name in ("node", "npm") if not shutil.which(name)]
    absent += [name for name in ("fastapi", "uvicorn") if not importlib.util.find_spec(name)]
    return absent + ([] if browser.find_browser() else ["chromium"])


def occupy(port):
    """Makes sure that somebody listens on the port: this test, unless it is taken anyway."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


class FastApiNext(DevinitTest):
    limit = 800

    def setUp(self):
        self.assertEqual(missing(), [], "needed for this test")

    def copy(self, greeting):
        """A copy of the example whose backend says `greeting`."""
        project = self.project()
        example_copies.make_copy(project.root)
        project.environment["NEXT_TELEMETRY_DISABLED"] = "1"
        project.environment["PATH"] += ":" + os.path.dirname(shutil.which("npm"))
        main = pathlib.Path(project.path("backend/app/main.py"))
        text = main.read_text(encoding="utf-8")
        self.assertIn("Hello from FastAPI", text)
        main.write_text(text.replace("Hello from FastAPI", greeting), encoding="utf-8")
        return project

    def occupy(self, *ports):
        for port in ports:
            stranger = occupy(port)
            if stranger:
                self.addCleanup(stranger.close)

    def assert_page_shows(self, project, greeting):
        ports = project.ports()
        url = f"http://localhost:{ports['frontend']}/"
        page = browser.rendered(url)
        self.assertIn(f'<p id="message">{greeting}</p>', page, project.run("logs", "-n", "40").out)
        self.assertIn(f"http://localhost:{ports['backend']}<", page)

    def assert_ends(self, project):
        ports = set(project.ports().values())
        project.succeed("stop", timeout=SLOW)
        project.assert_nothing_left()
        self.assertEqual(ports & listening_ports(), set())

    def test_the_page_shows_what_the_backend_says_with_both_usual_ports_taken(self):
        project = self.copy("Hello from behind a moved port")
        self.occupy(8000, 3000)
        project.succeed("start", timeout=SLOW)
        ports = project.ports()
        self.assertNotIn(ports["backend"], (8000, 3000))
        self.assertNotIn(ports["frontend"], (8000, 3000))
        self.assertEqual(project.runtime_env()["NEXT_PUBLIC_API_URL"], f"http://localhost:{ports['backend']}")
        self.assert_page_shows(project, "Hello from behind a moved port")
        self.assert_ends(project)

    def test_the_backend_lets_in_its_own_frontend_only(self):
        project = self.copy("Hello")
        self.occupy(8000, 3000)
        project.succeed("start", timeout=SLOW)
        ports = project.ports()
        for port, allowed in ((ports["frontend"], True), (3000, False)):
            origin = f"http://localhost:{port}"
            with socket.create_connection(("127.0.0.1", ports["backend"])) as connection:
                request = f"GET /message HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n"
                connection.sendall(request.encode())
                with connection.makefile("rb") as stream:
                    answer = stream.read().decode().lower()
            self.assertEqual(f"access-control-allow-origin: {origin}" in answer, allowed, answer)
        self.assert_ends(project)

    def test_two_copies_at_the_same_time(self):
        copies = {greeting: self.copy(greeting) for greeting in ("Hello from the first copy", "Hello from the second copy")}
        starts = [project.spawn("start") for project in copies.values()]
        for start in starts:
            self.assertEqual(start.wait(timeout=SLOW), 0, start.text)
        ports = [port for project in copies.values() for port in project.ports().values()]
        self.assertEqual(len(set(ports)), 4, ports)
        for greeting, project in copies.items():
            self.assert_page_shows(project, greeting)
        for project in copies.values():
            self.assert_ends(project)


if __name__ == "__main__":
    harness.main()
