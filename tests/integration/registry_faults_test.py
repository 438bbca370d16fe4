"""A registry on SQLite that is damaged, of another version, read-only, on a full disk or held by a process that hangs."""

import fcntl
import glob
import json
import os
import signal
import sqlite3
import struct
import subprocess
import unittest

import harness
import registries
from harness import BINARY, NOBODY, DevinitTest
from registries import Allocator

AS_ROOT = os.geteuid() == 0
APPS = 40

VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE lease (
  host TEXT NOT NULL, port BIGINT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, instance BIGINT NOT NULL, role TEXT NOT NULL,
  label TEXT NOT NULL, checkout TEXT NOT NULL, repository TEXT NOT NULL, pid BIGINT, pid_start BIGINT, boot TEXT,
  created BIGINT NOT NULL, last_used BIGINT NOT NULL, pool TEXT NOT NULL, pending BIGINT NOT NULL,
  PRIMARY KEY (host, port), UNIQUE (host, kind, owner, instance, role));
CREATE TABLE project_name (
  host TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL, app BIGINT NOT NULL, PRIMARY KEY (host, name), UNIQUE (host, model, app));
CREATE TABLE host_seen (host TEXT PRIMARY KEY, ephemeral BIGINT NOT NULL, last_seen BIGINT NOT NULL);
INSERT INTO meta VALUES ('schema_version', '1');
"""


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


class RegistryTest(DevinitTest):
    """A project of its own host, so that what is written to its database beforehand is about that host."""

    HOST = "the-host"

    def registry_project(self, **options):
        return self.project(environment={"DEVINIT_HOST": self.HOST}, **options)

    def get(self, project, model, app, **options):
        return json.loads(project.succeed("ports", "get", model, str(app), "--json", **options).out)["ports"]

    def filled(self, project, apps=APPS):
        """`apps` allocations: {(model, app): {role: port}}."""
        owners = project.write("owners", "".join(registries.line_of("model", app) for app in range(1, apps + 1)))
        lines = project.succeed("ports", "get", "--batch", owners).out.splitlines()
        return {(answer["model"], answer["app"]): answer["ports"] for answer in map(json.loads, lines)}

    def apps(self, project):
        return registries.apps_of(registries.sqlite_leases(registries.database_path(project)))

    def kept_files(self, project):
        """What was kept of a damaged database, its -wal and -shm aside."""
        found = glob.glob(registries.database_path(project) + ".corrupt-*")
        return [path for path in found if not path.endswith(("-wal", "-shm"))]

    def assert_sound(self, project):
        path = registries.database_path(project)
        self.assertEqual(registries.sqlite_integrity(path), ["ok"])
        self.assertEqual(registries.duplicates(registries.apps_of(registries.sqlite_leases(path)).values()), [])


class Damage(RegistryTest):
    def damaged(self, change, apps=APPS, noticed_by=("get", "new", "1")):
        """A registry of `apps` apps whose file `change` has had in its hands, mended by the next command; and what it held before."""
        project = self.registry_project()
        before = self.filled(project, apps)
        path = registries.database_path(project)
        self.assertFalse(os.path.exists(path + "-wal") and os.path.getsize(path + "-wal"), "the last connection folds the log into the file")
        change(path)
        damaged = content_of(path)
        result = project.succeed("ports", *noticed_by)
        kept = self.kept_files(project)
        self.assertEqual(len(kept), 1, result.text)
        self.assertEqual(content_of(kept[0]), damaged)
        self.assertIn(kept[0], result.err)
        new = self.get(project, "new", 1)
        self.assert_sound(project)
        self.assertEqual(self.apps(project)["new", 1], new)
        quiet = project.succeed("ports", "get", "new", "1")
        self.assertNotIn("corrupt", quiet.err)
        return project, before

    @staticmethod
    def overwrite(path, offset, content):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(content)

    def test_a_file_that_is_no_database(self):
        def scribble(path):
            with open(path, "wb") as file:
                file.write(b"this is not a database\n" * 1000)

        self.damaged(scribble)

    def test_a_damaged_header(self):
        self.damaged(lambda path: self.overwrite(path, 0, b"\0" * 100))

    def test_a_file_cut_in_half(self):
        self.damaged(lambda path: os.truncate(path, os.path.getsize(path) // 2 // 4096 * 4096 + 100), apps=1000)

    def test_a_file_of_which_only_the_beginning_is_left(self):
        self.damaged(lambda path: os.truncate(path, 100))

    def test_a_file_that_lost_its_content(self):
        self.damaged(lambda path: os.truncate(path, 0))

    def test_all_pages_but_the_first_are_garbage(self):
        def scribble(path):
            size = os.path.getsize(path)
            self.overwrite(path, 4096, b"\xa5" * (size - 4096))

        self.damaged(scribble)

    def test_what_can_still_be_read_is_carried_over(self):
        apps = 2000

        def damage_one_leaf(path):
            with sqlite3.connect(path) as database:
                names = dict(database.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
            database.close()
            with open(path, "rb") as file:
                file.seek((names["lease"] - 1) * 4096 + 12)
                cell = struct.unpack(">H", file.read(2))[0]
                file.seek((names["lease"] - 1) * 4096 + cell)
                child = struct.unpack(">I", file.read(4))[0]
            self.overwrite(path, (child - 1) * 4096, b"\xa5" * 4096)
            os.remove(path + ".backup")

        project, before = self.damaged(damage_one_leaf, apps, noticed_by=["list"])
        after = self.apps(project)
        carried = [owner for owner in before if after.get(owner) == before[owner]]
        self.assertGreater(len(carried), apps // 2)
        self.assertLess(len(carried), apps)

    def test_apps_keep_what_the_backup_knows(self):
        for change in (lambda path: os.truncate(path, 0), lambda path: self.overwrite(path, 0, b"\0" * os.path.getsize(path))):
            project, before = self.damaged(change)
            after = self.apps(project)
            self.assertEqual({owner: after.get(owner) for owner in before}, before)

    def test_projects_are_known_again_by_their_files(self):
        project = self.single()
        project.succeed("start")
        project.succeed("stop")
        port = project.ports()["backend"]
        path = registries.database_path(project)
        self.assertIn(port, [lease.port for lease in registries.sqlite_leases(path)])
        self.overwrite(path, 0, b"\0" * os.path.getsize(path))
        project.succeed("ports", "get", "new", "1")
        leases = [lease for lease in registries.sqlite_leases(path) if lease.port == port]
        self.assertEqual([(lease.kind, lease.owner) for lease in leases], [("project", os.path.realpath(project.root))])

    def test_a_damaged_registry_does_not_keep_a_project_from_starting(self):
        project = self.single()
        project.succeed("ports", "get", "model", "1")
        path = registries.database_path(project)
        self.overwrite(path, 0, b"\0" * os.path.getsize(path))
        project.succeed("start")
        self.assertEqual(project.service()["state"], "ready")
        project.succeed("stop")
        self.assert_sound(project)


class Log(RegistryTest):
    """The write-ahead log that a killed process leaves."""

    def killed(self, project, apps):
        writer = Allocator(project)
        given = {("late", app): writer.ask("late", app)["ports"] for app in range(1, apps + 1)}
        writer.kill()
        self.assertTrue(os.path.getsize(registries.database_path(project) + "-wal"))
        return given

    def test_what_is_only_in_the_log_is_kept(self):
        project = self.registry_project()
        given = {**self.filled(project), **self.killed(project, 5)}
        self.assertEqual(self.get(project, "late", 3), given["late", 3])
        self.assertEqual(self.apps(project), given)
        self.assert_sound(project)

    def test_a_deleted_log_loses_what_was_only_there(self):
        project = self.registry_project()
        given = self.filled(project)
        self.killed(project, 5)
        os.remove(registries.database_path(project) + "-wal")
        self.get(project, "new", 1)
        apps = self.apps(project)
        self.assertEqual({owner: apps.get(owner) for owner in given}, given)
        self.assert_sound(project)

    def test_a_damaged_log_is_no_damage_to_the_file(self):
        project = self.registry_project()
        given = self.filled(project)
        self.killed(project, 5)
        log = registries.database_path(project) + "-wal"
        Damage.overwrite(log, 0, b"\xa5" * os.path.getsize(log))
        self.get(project, "new", 1)
        apps = self.apps(project)
        self.assertEqual({owner: apps.get(owner) for owner in given}, given)
        self.assert_sound(project)

    def test_a_log_deleted_under_a_running_writer(self):
        project = self.registry_project()
        writer = Allocator(project)
        for app in (1, 2, 3):
            writer.ask("before", app)
        for ending in ("-wal", "-shm"):
            os.remove(registries.database_path(project) + ending)
        # What was only in the log is known to the writer alone. From here on nothing may get lost.
        given = {("other", 1): self.get(project, "other", 1)}
        answer = writer.ask("after", 1)
        if answer is not None and "ports" in answer:
            given["after", 1] = answer["ports"]
        writer.finish()
        self.assertEqual(registries.duplicates(given.values()), [])
        apps = self.apps(project)
        self.assertEqual({owner: apps.get(owner) for owner in given}, given)
        self.assert_sound(project)


class Versions(RegistryTest):
    def test_an_older_schema_is_brought_up_to_date(self):
        project = self.registry_project()
        path = registries.database_path(project)
        os.makedirs(os.path.dirname(path), mode=0o700)
        first, second = project.block[0], project.block[1]
        with sqlite3.connect(path) as database:
            database.executescript(VERSION_1)
            rows = [(self.HOST, port, "app", "old", 7, role) for role, port in (("backend", first), ("frontend", second))]
            database.executemany("INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, '', '', '', NULL, NULL, NULL, 1, 1, 'default', 0)", rows)
        database.close()
        self.assertEqual(self.get(project, "old", 7), {"backend": first, "frontend": second})
        role = project.succeed("ports", "get", "new", "1", "--role", f"api={first}:1", "--json")
        self.assertNotIn(json.loads(role.out)["ports"]["api"], (first, second))
        with sqlite3.connect(path) as database:
            version = database.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        database.close()
        self.assertGreater(int(version[0]), 1)
        self.assert_sound(project)

    def test_a_newer_schema_is_refused_and_left_alone(self):
        project = self.registry_project()
        self.filled(project, 3)
        path = registries.database_path(project)
        with sqlite3.connect(path) as database:
            database.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        database.close()
        before = content_of(path)
        for command in (["get", "model", "1"], ["get", "new", "1"], ["list"], ["check", "--fix"], ["gc"]):
            result = project.expect_code(1, "ports", *command)
            self.assertRegex(result.err, r"\b99\b")
            self.assertIn("hint: ", result.err)
        self.assertEqual(content_of(path), before)
        self.assertEqual(self.kept_files(project), [])


class ReadOnly(RegistryTest):
    def make_read_only(self, project):
        folder = os.path.dirname(registries.database_path(project))
        self.addCleanup(os.chmod, folder, 0o700)
        for path in [project.state, folder, *glob.glob(os.path.join(folder, "*"))]:
            if AS_ROOT:
                os.chown(path, NOBODY, NOBODY)
            os.chmod(path, 0o700 if path == project.state else 0o500 if path == folder else 0o400)

    def command(self):
        """Root may write everything: then all of it is somebody else's, who runs the commands."""
        words = [BINARY, "ports"]
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", *words] if AS_ROOT else words

    def test_existing_allocations_are_answered_and_new_ones_refused(self):
        project = self.registry_project()
        given = self.filled(project, 3)
        self.make_read_only(project)
        before = content_of(registries.database_path(project))
        command = self.command()
        answer = project.succeed(*command[1:], "get", "model", "2", "--json", binary=command[0])
        self.assertEqual(json.loads(answer.out)["ports"], given["model", 2])
        listed = project.succeed(*command[1:], "list", binary=command[0])
        self.assertIn(str(given["model", 2]["backend"]), listed.out)
        for refused in (["get", "new", "1"], ["release", "model", "1"]):
            result = project.expect_code(1, *command[1:], *refused, binary=command[0])
            self.assertEqual(result.out, "")
            self.assertIn(registries.database_path(project), result.err)
            self.assertNotIn("corrupt", result.err)
        self.assertEqual(content_of(registries.database_path(project)), before)


def private_mounts():
    """The words before a command that let it mount; None where the kernel forbids it."""
    prefix = ["unshare", "--mount"] if AS_ROOT else ["unshare", "--user", "--map-root-user", "--mount"]
    tried = subprocess.run([*prefix, "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"], stderr=subprocess.DEVNULL, check=False)
    return prefix if tried.returncode == 0 else None


# $1: devinit, $2: the state folder. Prints the exit code of each command; what they say goes to files in the project.
FULL_DISK = """
mount -t tmpfs -o size=512k none "$2" || exit 99
step() { name=$1; shift; "$@" >"$name.out" 2>"$name.err"; echo "$name $?"; }
step filling "$1" ports get --batch owners
dd if=/dev/zero of="$2/filler" bs=4k 2>/dev/null
number=0
while [ $number -lt 40 ] && "$1" ports get more $number 2>>more.err >>more.out; do number=$((number + 1)); done
step existing "$1" ports get model 2 --json
step refused "$1" ports get refused 1
rm "$2/filler"
step again "$1" ports get model 2 --json
step room "$1" ports get refused 1 --json
cp "$2/devinit/registry.db" after.db
"""


@unittest.skipIf(private_mounts() is None, "the kernel does not let us mount")
class FullDisk(RegistryTest):
    def test_a_full_disk_refuses_new_allocations_and_loses_none(self):
        project = self.registry_project()
        project.write("owners", "".join(registries.line_of("model", app) for app in range(1, 4)))
        script = FULL_DISK.replace("number=0", "number=1", 1)
        command = [*private_mounts(), "sh", "-c", script, "sh", BINARY, project.state]
        done = project.succeed(*command[1:], binary=command[0])
        steps = dict(line.split() for line in done.out.splitlines())
        self.assertEqual(steps, {"filling": "0", "existing": "0", "refused": "1", "again": "0", "room": "0"}, project.read("refused.err"))
        given = {answer["app"]: answer["ports"] for answer in map(json.loads, project.read("filling.out").splitlines())}
        self.assertEqual(json.loads(project.read("existing.out"))["ports"], given[2])
        self.assertEqual(json.loads(project.read("again.out"))["ports"], given[2])
        self.assertEqual(project.read("refused.out"), "")
        self.assertRegex(project.read("refused.err"), r"(?i)full|no space")
        self.assertEqual(registries.sqlite_integrity(project.path("after.db")), ["ok"])
        pairs = registries.apps_of(registries.sqlite_leases(project.path("after.db")))
        self.assertEqual(registries.duplicates(pairs.values()), [])
        self.assertIn(("refused", 1), pairs)


def is_locked(path):
    """Whether somebody holds the lock of a lock file."""
    with open(path, "r+b") as file:
        question = struct.pack("hhxxxxqqixxxx", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        return struct.unpack("hhxxxxqqixxxx", fcntl.fcntl(file, fcntl.F_OFD_GETLK, question))[0] != fcntl.F_UNLCK


class Held(RegistryTest):
    def stopped_inside_a_transaction(self, project):
        """A writer that was stopped while it held the lock."""
        owners = project.write("many", "".join(registries.line_of("many", app) for app in range(1, 30_001)))
        writer = subprocess.Popen(
            [BINARY, "ports", "get", "--batch", owners, "--no-probe"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=project.environment, cwd=project.root,
        )
        self.addCleanup(writer.wait)
        self.addCleanup(writer.kill)
        lock = registries.database_path(project) + ".lock"
        while True:
            os.kill(writer.pid, signal.SIGSTOP)
            _, status = os.waitpid(writer.pid, os.WUNTRACED)
            self.assertTrue(os.WIFSTOPPED(status), "it has ended before it was caught")
            if os.path.exists(lock) and is_locked(lock):
                return writer
            os.kill(writer.pid, signal.SIGCONT)

    def test_a_stopped_holder_is_waited_for_and_then_named(self):
        project = self.registry_project()
        given = self.filled(project, 3)
        writer = self.stopped_inside_a_transaction(project)
        self.assertEqual(self.get(project, "model", 2), given["model", 2], "who only reads does not wait")
        result = project.expect_code(1, "ports", "get", "new", "1")
        self.assertEqual(result.out, "")
        self.assertRegex(result.err, rf"\b{writer.pid}\b")
        self.assertIn("stopped", result.err)
        waiting = project.spawn("ports", "get", "new", "1", "--json")
        writer.send_signal(signal.SIGCONT)
        self.assertEqual(waiting.wait(), 0, waiting.text)
        self.assert_sound(project)

    def test_a_stopped_holder_does_not_keep_a_project_from_starting(self):
        project = self.single()
        project.succeed("ports", "get", "model", "1")
        writer = self.stopped_inside_a_transaction(project)
        project.succeed("start")
        self.assertEqual(project.service()["state"], "ready")
        writer.kill()

    def test_a_killed_holder_holds_nothing(self):
        project = self.registry_project()
        given = self.filled(project, 3)
        writer = self.stopped_inside_a_transaction(project)
        writer.kill()
        writer.wait()
        self.assertEqual(self.get(project, "model", 2), given["model", 2])
        self.get(project, "new", 1)
        self.assert_sound(project)


if __name__ == "__main__":
    harness.main()
