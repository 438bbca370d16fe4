"""A registry on PostgreSQL whose server is down, frozen, restarted, read-only, or refuses the password: a clear message, and no password in it."""

import json
import os
import socket
import urllib.parse

import harness
import postgres_server
import registries
from harness import DevinitTest, listener
from postgres_server import GUARDED_ROLE, PASSWORD
from registries import Allocator

# For a promise of 3 s: far above it, so that a busy machine does not fail the test, and far below what "it hangs" would be.
SOON = 20.0


class PostgresTest(DevinitTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = postgres_server.for_test_class(cls)

    def setUp(self):
        self.database = self.server.create_database()
        self.said = []

    def tearDown(self):
        for text in self.said:
            self.assert_no_secret(text)

    def assert_no_secret(self, text):
        for secret in (PASSWORD, urllib.parse.quote(PASSWORD, safe=""), urllib.parse.quote(PASSWORD), "wr0ng"):
            self.assertNotIn(secret, text)

    def registry_project(self, url=None, **options):
        """Its registry is `url`: by default this test's database, by the role that needs the password."""
        environment = {"DEVINIT_REGISTRY": url or self.server.url(self.database, GUARDED_ROLE, PASSWORD), "DEVINIT_HOST": "here"}
        return options.pop("make", self.project)(environment=environment, **options)

    def get(self, project, model, app):
        result = project.succeed("ports", "get", model, str(app), "--json")
        self.said.append(result.text)
        return json.loads(result.out)["ports"]

    def refuse(self, project, *command):
        """The command fails soon, and says one thing about it."""
        result = project.expect_code(1, "ports", *command, timeout=SOON)
        self.said.append(result.text)
        self.assertEqual(result.out, "")
        self.assertEqual(result.err.count("devinit: error: "), 1, result.err)
        self.assertIn("127.0.0.1", result.err)
        return result.err

    def apps(self):
        return registries.apps_of(registries.postgres_leases(self.server, self.database))


class Faults(PostgresTest):
    def test_the_role_with_a_password_works(self):
        project = self.registry_project()
        pair = self.get(project, "model", 1)
        self.assertEqual(self.get(project, "model", 1), pair)
        self.assertEqual(self.apps(), {("model", 1): pair})
        self.said += [project.succeed("ports", *command).text for command in (["list"], ["stats"], ["export"], ["list", "--json"])]
        self.assertFalse(os.path.exists(registries.database_path(project)))

    def test_a_wrong_password(self):
        project = self.registry_project(self.server.url(self.database, GUARDED_ROLE, "wr0ng"))
        for command in (["get", "model", "1"], ["list"], ["check"]):
            self.assertRegex(self.refuse(project, *command), "(?i)password")

    def test_a_missing_database_and_a_missing_role(self):
        self.assertIn("nowhere", self.refuse(self.registry_project(self.server.url("nowhere")), "list"))
        self.assertIn("nobody", self.refuse(self.registry_project(self.server.url(self.database, "nobody", PASSWORD)), "get", "model", "1"))

    def test_a_url_that_is_none(self):
        for url in (f"postgresql://{GUARDED_ROLE}:wr0ng@127.0.0.1:port/x", f"postgresql://{GUARDED_ROLE}:wr0ng%@127.0.0.1/x", "postgresql://a:wr0ng@[::1/x"):
            project = self.registry_project(url)
            result = project.run("ports", "get", "model", "1")
            self.assertIn(result.code, (1, 2), result.text)
            self.said.append(result.text)
        project = self.registry_project("mysql://user:wr0ng@127.0.0.1/x")
        self.said.append(project.expect_code(2, "ports", "list").text)

    def test_a_read_only_server(self):
        project = self.registry_project()
        pair = self.get(project, "model", 1)
        self.server.sql(f"ALTER DATABASE {self.database} SET default_transaction_read_only = on")
        self.assertEqual(self.get(project, "model", 1), pair)
        self.assertRegex(self.refuse(project, "get", "model", "2"), "can only be read")
        self.assertRegex(self.refuse(project, "release", "model", "1"), "can only be read")
        self.assertEqual(self.apps(), {("model", 1): pair})

    def test_an_empty_read_only_server(self):
        self.server.sql(f"ALTER DATABASE {self.database} SET default_transaction_read_only = on")
        self.assertRegex(self.refuse(self.registry_project(), "get", "model", "1"), "can only be read")

    def test_a_newer_schema(self):
        project = self.registry_project()
        self.get(project, "model", 1)
        self.server.sql("UPDATE meta SET value = '99' WHERE key = 'schema_version'", self.database)
        self.assertRegex(self.refuse(project, "get", "model", "1"), r"\b99\b")


class Silence(PostgresTest):
    def test_a_server_that_says_nothing_is_waited_for_once(self):
        # The 3 s are per connection: whoever asks a second time takes twice as long.
        with socket.create_server(("127.0.0.1", 0)) as server:
            project = self.registry_project(f"postgresql://{GUARDED_ROLE}:wr0ng@127.0.0.1:{server.getsockname()[1]}/x")
            for command in (["get", "model", "1"], ["list"], ["release", "model", "1"]):
                with self.subTest(command=command[0]):
                    self.refuse(project, *command)
                    self.assertEqual(self.connections(server), 1)

    def test_ctrl_c_while_the_server_says_nothing_starts_nothing(self):
        for words in (["start"], ["run", "--", *listener()]):
            with self.subTest(command=words[0]), socket.create_server(("127.0.0.1", 0)) as server:
                project = self.registry_project(f"postgresql://{GUARDED_ROLE}:wr0ng@127.0.0.1:{server.getsockname()[1]}/x")
                project.environment["PORT"] = str(project.block[0])
                project.write("devinit.json", {"services": {"backend": {"command": listener(), "port": project.block[0]}}})
                command = project.spawn(*words)
                with server.accept()[0]:  # it is asking now
                    command.interrupt()
                    self.assertEqual(command.wait(), 130, command.text)
                self.said.append(command.text)
                self.assertEqual(project.events.all(), [])

    @staticmethod
    def connections(server):
        """How many there have been since this was last asked."""
        server.setblocking(False)
        count = 0
        while True:
            try:
                server.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


class Outages(PostgresTest):
    def test_a_server_that_is_down_and_comes_back(self):
        project = self.registry_project()
        pair = self.get(project, "model", 1)
        for end in (self.server.stop, self.server.kill):
            end()
            for command in (["get", "model", "1"], ["get", "model", "2"], ["list"], ["gc"]):
                self.refuse(project, *command)
            self.server.start()
            self.assertEqual(self.get(project, "model", 1), pair)
        self.assertFalse(os.path.exists(registries.database_path(project)), "an app is never given ports by another registry")

    def test_a_frozen_server(self):
        project = self.registry_project()
        pair = self.get(project, "model", 1)
        self.server.pause()
        self.addCleanup(self.server.resume)
        self.refuse(project, "get", "model", "1")
        self.server.resume()
        self.assertEqual(self.get(project, "model", 1), pair)

    def test_a_server_that_freezes_under_a_connection(self):
        project = self.registry_project()
        writer = Allocator(project)
        pair = writer.ask("model", 1)["ports"]
        self.server.pause()
        self.addCleanup(self.server.resume)
        answer = writer.ask("model", 2, timeout=SOON * 2)
        self.assertTrue(answer is None or "error" in answer, answer)
        self.server.resume()
        self.said.append(writer.finish()[1] + json.dumps(answer))
        self.assertEqual(self.get(project, "model", 1), pair)

    def test_a_restart_in_the_middle_loses_nothing(self):
        project = self.registry_project()
        given = {}
        writer = Allocator(project)

        def ask(app):
            nonlocal writer
            answer = writer.ask("model", app)
            while answer is None or "ports" not in answer:
                # One that cannot go on says so; the next one asks again.
                code, said = writer.finish()
                self.said.append(said)
                self.assertEqual(code, 1, said)
                writer = Allocator(project)
                answer = writer.ask("model", app)
            given["model", app] = answer["ports"]

        for app in range(1, 31):
            if app == 11:
                self.server.restart()
            if app == 21:
                self.server.kill()
                self.server.start()
            ask(app)
        self.assertEqual(writer.finish()[0], 0)
        self.assertEqual(self.apps(), given)
        self.assertEqual(registries.duplicates(given.values()), [])

    def test_the_end_of_a_connection_between_two_allocations_is_not_noticed(self):
        project = self.registry_project()
        writer = Allocator(project)
        pairs = [writer.ask("model", 1)["ports"]]
        self.server.restart()
        answer = writer.ask("model", 2)
        self.assertIn("ports", answer or {}, writer.finish() if answer is None else "a lost connection is made again")
        pairs.append(answer["ports"])
        self.assertEqual(writer.finish(), (0, ""))
        self.assertEqual(registries.duplicates(pairs), [])

    def test_a_start_goes_on_without_the_server_and_is_known_there_later(self):
        project = self.registry_project(make=self.single)
        self.server.stop()
        try:
            started = project.succeed("start")
        finally:
            self.server.start()
        self.said.append(started.text)
        self.assertIn("127.0.0.1", started.err)
        self.assertEqual(project.service()["state"], "ready")
        self.assertEqual(registries.postgres_leases_if_any(self.server, self.database), [])
        self.said.append(project.succeed("stop").text)
        self.said.append(project.succeed("start").text)
        leases = registries.postgres_leases(self.server, self.database)
        self.assertEqual([(lease.host, lease.port, lease.kind) for lease in leases], [("here", project.ports()["backend"], "project")])
        self.said.append(project.succeed("stop").text)
        self.assert_no_secret(self.everything_written(project))

    @staticmethod
    def everything_written(project):
        """All files of the project, its state and its home folder."""
        texts = []
        for folder, _, names in os.walk(project.temporary):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        texts.append(file.read().decode(errors="replace"))
        return "\n".join(texts)


if __name__ == "__main__":
    harness.main()
