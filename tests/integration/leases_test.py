"""Leases of projects: whoever starts owns its ports from then on, running or not; and no registry that fails keeps anybody from starting."""

import os
import shutil
import signal
import sqlite3

import harness
import postgres_server
import processes
import registries
from harness import DevinitTest, Project, listener
from locks import hold_lock
from waiting import wait_until

HOST = {"DEVINIT_HOST": "leases"}


class LeaseTest(DevinitTest):
    def first(self, config=None, **options):
        environment = {**HOST, **options.pop("environment", {})}
        return self.project(config, environment=environment, **options)

    def beside(self, first, config=None, *, environment=None, **options):
        """Another project of the same machine: with the same registry, on the same ports."""
        environment = {**first.environment, "STUB_EVENTS": None, **(environment or {})}
        del environment["STUB_EVENTS"], environment["STUB_MARKER"], environment["HOME"]
        return Project(self, config, block=first.block, environment=environment, **options)

    @staticmethod
    def named(port):
        return {"services": {"backend": {"command": listener("--name", "backend"), "port": port}}}

    @staticmethod
    def automatic(block, **rules):
        return {
            "ports": {"range": f"{block[0]}-{block[9]}", **rules},
            "services": {"backend": {"command": listener("--name", "backend"), "port": "auto"}},
        }

    @staticmethod
    def database(project):
        return registries.database_path(project)

    def rows(self, path, columns="port, owner, role"):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return sorted(connection.execute(f"SELECT {columns} FROM lease"))
        finally:
            connection.close()

    def change(self, path, statement):
        connection = sqlite3.connect(path)
        with connection:
            connection.execute(statement)
        connection.close()

    def run_once(self, project, *arguments):
        """A whole start and stop; what the start said."""
        result = project.succeed("start", *arguments)
        project.succeed("stop")
        return result


class Ownership(LeaseTest):
    def test_the_lease_is_there_when_start_returns_and_outlives_stop(self):
        project = self.pair(environment=HOST)
        project.succeed("start")
        expected = [(project.block[0], project.root, "backend"), (project.block[1], project.root, "frontend")]
        self.assertEqual(self.rows(self.database(project)), expected)
        self.assertEqual(self.rows(self.database(project), "pid"), [(project.supervisor(),)] * 2)
        project.succeed("stop")
        self.assertEqual(self.rows(self.database(project)), expected)

    def test_a_start_of_one_service_leases_the_ports_of_all(self):
        project = self.pair(environment=HOST)
        project.succeed("start", "backend")
        self.assertEqual([row[2] for row in self.rows(self.database(project))], ["backend", "frontend"])

    def test_two_starts_at_once_foresee_different_ports_for_what_they_do_not_start(self):
        one = self.first()
        one.succeed("ports", "list")
        self.run_once(self.beside(one, self.named(one.block[9])))  # the registry exists
        projects = [one, self.beside(one)]
        for project, own in zip(projects, one.block):
            config = self.named(own)
            config["ports"] = {"range": f"{one.block[2]}-{one.block[8]}"}
            config["services"]["later"] = {"command": listener("--name", "later"), "port": "auto"}
            project.write("devinit.json", config)
        lock = hold_lock(self.database(one) + ".lock")
        self.addCleanup(lock.close)
        # One after the other, because a port is busy while it is tried: with the lock held neither hears of the other's choice.
        commands = []
        for project in projects:
            commands.append(project.spawn("start", "backend"))
            wait_until(project.root, lambda: os.path.exists(project.path(".ports.json")))
        self.assertEqual([project.ports()["later"] for project in projects], [one.block[2]] * 2)
        lock.close()
        for command in commands:
            self.assertEqual(command.wait(), 0, command.text)
        self.assertEqual(sorted(project.ports()["later"] for project in projects), [one.block[2], one.block[3]])
        for project in projects:
            self.assertEqual(project.runtime_env()["LATER_PORT"], str(project.ports()["later"]))
            self.assertIn((project.ports()["later"], project.root, "later"), self.rows(self.database(one)))
            project.succeed("start", "later")
            self.assertEqual(project.service("later")["port"], project.ports()["later"])

    def test_automatic_ports_of_two_projects_differ_though_they_never_run_at_once(self):
        one = self.first()
        one.write("devinit.json", self.automatic(one.block))
        two = self.beside(one, self.automatic(one.block))
        for _ in range(2):
            self.run_once(one)
            self.run_once(two)
            self.assertEqual(one.ports()["backend"], one.block[0])
            self.assertEqual(two.ports()["backend"], one.block[1])

    def test_a_copy_is_told_whose_port_it_wanted_and_keeps_its_own(self):
        one = self.first()
        one.write("devinit.json", self.automatic(one.block))
        self.run_once(one)
        two = self.beside(one)
        shutil.rmtree(two.root)
        shutil.copytree(one.root, two.root)
        said = self.run_once(two).err
        self.assertIn("it belongs to project", said)
        self.assertIn(one.root, said)
        mine = two.ports()["backend"]
        self.assertNotEqual(mine, one.block[0])
        for project, port in [(one, one.block[0]), (two, mine), (one, one.block[0]), (two, mine)]:
            self.run_once(project)
            self.assertEqual(project.ports()["backend"], port)

    def test_who_names_a_port_takes_an_idle_lease_over_and_says_so(self):
        one = self.first()
        one.write("devinit.json", self.named(one.block[0]))
        self.run_once(one)
        two = self.beside(one, self.named(one.block[0]))
        said = self.run_once(two).err
        self.assertIn(f"took port {one.block[0]} over from project", said)
        self.assertIn(one.root, said)
        self.assertEqual(self.rows(self.database(one)), [(one.block[0], two.root, "backend")])

    def test_a_port_set_by_hand_takes_an_idle_lease_over_too(self):
        one = self.first()
        one.write("devinit.json", self.named(one.block[0]))
        self.run_once(one)
        two = self.beside(one, self.named(one.block[5]), ports={"backend": one.block[0]})
        self.assertIn("took port", self.run_once(two).err)
        self.assertEqual(two.ports()["backend"], one.block[0])

    def test_a_named_port_that_is_in_use_is_a_matter_of_the_conflict_rule(self):
        one = self.first()
        one.write("devinit.json", self.named(one.block[0]))
        one.succeed("start")
        two = self.beside(one, self.named(one.block[0]))
        two.expect_code(1, "start", "--on-conflict", "fail")
        self.run_once(two)
        self.assertEqual(two.ports()["backend"], one.block[1])
        self.assertIn((one.block[0], one.root, "backend"), self.rows(self.database(one)))

    def test_an_app_keeps_its_port_from_everybody(self):
        one = self.first()
        one.succeed("ports", "get", "a-model", "7", "--role", f"web={one.block[0]}")
        one.write("devinit.json", self.named(one.block[0]))
        self.assertIn("model a-model app 7", self.run_once(one).err)
        self.assertEqual(one.ports()["backend"], one.block[1])

    def test_an_app_starts_on_its_own_ports_and_keeps_them(self):
        app = self.first()
        app.succeed("-C", app.root, "ports", "get", "a-model", "7", "--role", f"backend={app.block[0]}")
        app.write("devinit.json", self.named(app.block[0]))
        for _ in range(2):
            said = self.run_once(app).err
            self.assertNotIn("belongs to", said)
            self.assertEqual(app.ports()["backend"], app.block[0])
            self.assertEqual(self.rows(self.database(app)), [(app.block[0], "a-model", "backend")])
        app.succeed("ports", "check")

    def test_a_reserved_port_is_nobody_elses(self):
        one = self.first()
        one.succeed("ports", "reserve", str(one.block[0]), "--for", "the printer")
        one.write("devinit.json", self.named(one.block[0]))
        self.assertIn("reserved for the printer", self.run_once(one).err)

    def test_a_strict_port_of_somebody_else_is_an_error_that_names_the_owner(self):
        one = self.first()
        one.succeed("ports", "get", "a-model", "7", "--role", f"web={one.block[0]}")
        one.write("devinit.json", self.named({"prefer": one.block[0], "strict": True}))
        said = one.expect_code(1, "start").err
        self.assertIn("model a-model app 7", said)
        self.assertEqual(one.events.all(), [])

    def test_worktrees_of_one_repository_have_stable_ports_of_their_own(self):
        one = self.first()
        one.write("devinit.json", self.named(one.block[0]))
        os.makedirs(one.path(".git/worktrees/two"))
        one.write(".git/worktrees/two/commondir", "../..\n")
        two = self.beside(one, self.named(one.block[0]))
        two.write(".git", f"gitdir: {one.path('.git/worktrees/two')}\n")
        self.run_once(one)
        self.run_once(two)
        mine = two.ports()["backend"]
        self.assertNotEqual(mine, one.block[0])
        for _ in range(2):
            for project, port in [(two, mine), (one, one.block[0])]:
                self.run_once(project)
                self.assertEqual(project.ports()["backend"], port)

    def test_the_lease_of_a_deleted_checkout_is_free(self):
        one = self.first()
        one.write("devinit.json", self.automatic(one.block))
        gone = self.beside(one, self.automatic(one.block))
        self.run_once(gone)
        shutil.rmtree(gone.root)
        self.run_once(one)
        self.assertEqual(self.rows(self.database(one)), [(one.block[0], one.root, "backend")])
        os.makedirs(gone.root)

    def test_a_lease_unused_for_thirty_days_is_free(self):
        one = self.first()
        one.write("devinit.json", self.automatic(one.block))
        idle = self.beside(one, self.automatic(one.block))
        self.run_once(idle)
        self.change(self.database(one), "UPDATE lease SET last_used = last_used - 31 * 24 * 3600")
        self.run_once(one)
        self.assertEqual(self.rows(self.database(one)), [(one.block[0], one.root, "backend")])

    def test_a_pool_is_for_those_that_it_names(self):
        one = self.first()
        pools = {"pools": {"ours": {"projects": ["mine"], "roles": {"backend": {"start": one.block[4], "step": 2, "end": one.block[9]}}}}}
        one.write("devinit.json", {"project": "mine", **self.automatic(one.block, **pools)})
        self.run_once(one)
        self.assertEqual(one.ports()["backend"], one.block[4])
        rules = self.automatic(one.block, **pools)
        rules["ports"]["range"] = f"{one.block[4]}-{one.block[12]}"
        two = self.beside(one, {"project": "other", **rules})
        self.run_once(two)
        self.assertEqual(two.ports()["backend"], one.block[10])


class Ends(LeaseTest):
    def test_kill_9_of_the_supervisor_leaves_an_idle_lease(self):
        project = self.first()
        project.write("devinit.json", self.named(project.block[0]))
        project.succeed("start")
        killed = project.supervisor()
        os.kill(killed, signal.SIGKILL)
        processes.wait_all_gone([killed], timeout=10)
        two = self.beside(project, self.named(project.block[0]))
        project.succeed("stop")
        self.assertIn("took port", self.run_once(two).err)

    def test_kill_9_of_the_command_still_leads_to_leases(self):
        project = self.first()
        project.write("devinit.json", {"services": {"backend": {"command": listener("--name", "backend", "--bind-delay", "600"), "port": project.block[0]}}})
        command = project.spawn("start")
        wait_until(project.state, lambda: os.path.exists(project.path(".ports.json")))
        command.process.kill()
        path = self.database(project)
        wait_until(os.path.dirname(path), lambda: os.path.exists(path) and self.lease_count(path) == 1)

    def lease_count(self, path):
        try:
            return len(self.rows(path))
        except sqlite3.Error:
            return 0


class Faults(LeaseTest):
    def team(self, project):
        """A registry of the team that is not there: a file stands where its folder should be."""
        folder = os.path.join(project.temporary, "team")
        with open(folder, "w", encoding="ascii"):
            pass
        project.environment["DEVINIT_REGISTRY"] = os.path.join(folder, "registry.db")
        return folder

    def test_without_the_teams_registry_start_goes_on_and_reconciles_later(self):
        project = self.first()
        folder = self.team(project)
        project.write("devinit.json", self.named(project.block[0]))
        said = self.run_once(project).err
        self.assertIn("warning:", said)
        self.assertEqual(self.rows(self.database(project), "port, pending"), [(project.block[0], 1)])
        os.unlink(folder)
        os.mkdir(folder)
        self.run_once(project)
        self.assertEqual(self.rows(self.database(project), "port, pending"), [(project.block[0], 0)])
        self.assertEqual(self.rows(project.environment["DEVINIT_REGISTRY"]), [(project.block[0], project.root, "backend")])

    def test_what_others_have_leased_meanwhile_is_said(self):
        project = self.first()
        folder = self.team(project)
        project.write("devinit.json", self.named(project.block[0]))
        self.run_once(project)
        os.unlink(folder)
        os.mkdir(folder)
        other = self.beside(project, self.named(project.block[0]), environment={"DEVINIT_REGISTRY": project.environment["DEVINIT_REGISTRY"]})
        app = self.beside(project, environment={"DEVINIT_REGISTRY": project.environment["DEVINIT_REGISTRY"]})
        app.succeed("ports", "get", "a-model", "1", "--role", f"web={project.block[0]}")
        said = self.run_once(other).err
        self.assertIn("model a-model app 1", said)
        self.assertEqual(self.rows(self.database(project), "pending"), [(0,)])

    def test_a_damaged_registry_is_rebuilt_and_start_goes_on(self):
        project = self.first()
        project.write("devinit.json", self.named(project.block[0]))
        self.run_once(project)
        with open(self.database(project), "wb") as file:
            file.write(b"no database" * 1000)
        said = self.run_once(project).err
        self.assertIn("registry.db.corrupt-", said)
        # Rebuilt from what lives on this machine, other projects included.
        ours = [row for row in self.rows(self.database(project)) if row[1] == project.root]
        self.assertEqual(ours, [(project.block[0], project.root, "backend")])

    def test_a_registry_of_a_newer_version_is_only_a_warning(self):
        project = self.first()
        project.write("devinit.json", self.named(project.block[0]))
        self.run_once(project)
        self.change(self.database(project), "UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        self.assertIn("warning:", self.run_once(project).err)

    def test_a_lock_that_is_held_delays_the_lease_not_the_service(self):
        project = self.first()
        project.write("devinit.json", self.named(project.block[0]))
        self.run_once(project)
        self.change(self.database(project), "DELETE FROM lease")
        self.change(self.database(project), "DELETE FROM taken")
        lock = hold_lock(self.database(project) + ".lock")
        self.addCleanup(lock.close)
        said = project.succeed("start").err
        self.assertIn("the registry does not answer", said)
        self.assertEqual(self.rows(self.database(project)), [])
        lock.close()
        wait_until(os.path.dirname(self.database(project)), lambda: self.rows(self.database(project)))

    def test_a_mistake_in_the_name_of_the_registry_is_a_usage_error(self):
        project = self.first()
        project.write("devinit.json", self.named(project.block[0]))
        project.expect_code(2, "start", environment={"DEVINIT_REGISTRY": "mysql://localhost/ports"})
        self.assertEqual(project.events.all(), [])


class Server(LeaseTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = postgres_server.for_test_class(cls)

    def on_server(self):
        project = self.first()
        self.name = self.server.create_database()
        project.environment["DEVINIT_REGISTRY"] = self.server.url(self.name, postgres_server.GUARDED_ROLE, postgres_server.PASSWORD)
        project.write("devinit.json", self.named(project.block[0]))
        return project

    def ports_on_server(self):
        return [lease.port for lease in registries.postgres_leases_if_any(self.server, self.name)]

    def test_a_start_leases_on_the_server(self):
        project = self.on_server()
        self.run_once(project)
        self.assertEqual(self.ports_on_server(), [project.block[0]])
        self.assertFalse(os.path.exists(self.database(project)))

    def test_a_server_that_hangs_is_a_warning_and_hears_of_it_later(self):
        project = self.on_server()
        self.run_once(project)
        self.server.pause()
        self.addCleanup(self.server.resume)
        project.write("devinit.json", self.named(project.block[1]))
        result = project.succeed("start")
        self.assertIn("warning:", result.err)
        self.assertNotIn(postgres_server.PASSWORD, result.text)
        self.server.resume()
        self.assertEqual(self.rows(self.database(project), "port, pending"), [(project.block[1], 1)])
        project.succeed("stop")
        self.run_once(project)
        self.assertEqual(self.ports_on_server(), [project.block[1]])
        self.assertEqual(self.rows(self.database(project), "pending"), [(0,)])

    def test_a_refused_password_is_a_warning_without_the_password(self):
        project = self.on_server()
        project.environment["DEVINIT_REGISTRY"] = self.server.url(self.name, postgres_server.GUARDED_ROLE, "wrong-secret")
        result = project.succeed("start")
        self.assertIn("warning:", result.err)
        self.assertNotIn("wrong-secret", result.text)
        self.assertNotIn("wrong-secret", project.read(".devinit/supervisor.log"))


if __name__ == "__main__":
    harness.main()
