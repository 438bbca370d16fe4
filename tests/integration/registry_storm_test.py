"""The registry under load: until the last port is given, and by many processes at once of which some are killed."""

import concurrent.futures
import json
import os
import random
import resource
import select
import signal
import subprocess
import unittest

import harness
import postgres_server
import registries
from harness import BINARY, FULL_SCALE, DevinitTest
from registries import Allocator, apps_of, duplicates, line_of
from waiting import PATIENCE

ALONE = registries.alone()
WRITERS = 64
ALLOCATIONS_EACH = 50


class Batch:
    """What one `get --batch` answered: the pairs in order, and what it refused."""

    def __init__(self, code, out, err, cpu_seconds):
        self.code = code
        self.err = err
        self.cpu_seconds = cpu_seconds
        answers = [json.loads(line) for line in out.splitlines()]
        self.granted = [answer for answer in answers if "ports" in answer]
        self.refused = [answer for answer in answers if "ports" not in answer]

    @property
    def pairs(self):
        return [answer["ports"] for answer in self.granted]


def run_batch(project, owners, prefix=()):
    """All `owners`, by way of a file, and the processor time that it took: unlike the clock, that does not measure the neighbours."""
    path = project.write("owners", "".join(line_of(*owner) for owner in owners))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*prefix, BINARY, "ports", "get", "--batch", path], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=project.environment, cwd=project.root, timeout=PATIENCE * 2, check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Batch(done.returncode, done.stdout, done.stderr, cpu_seconds)


def owners_of(model, first, count):
    return [(model, app) for app in range(first, first + count)]


@unittest.skipIf(ALONE is None, "the kernel does not let us have a network of our own")
class UntilFull(DevinitTest):
    """In a network of its own: there every port is free, and what is given is known beforehand."""

    def batch(self, project, owners):
        return run_batch(project, owners, ALONE)

    def pair(self, project, model, app):
        """The ports of one app, by `get`."""
        command = [*ALONE, BINARY, "ports", "get", model, str(app), "--json"]
        result = project.run(*command[1:], binary=command[0])
        self.assertEqual(result.code, 0, result.text)
        ports = json.loads(result.out)["ports"]
        return ports["backend"], ports["frontend"]

    def test_three_apps_of_two_models_and_a_gap_that_is_filled_again(self):
        project = self.project()
        given = [self.pair(project, model, app) for app in (1, 2, 3) for model in ("A", "B")]
        self.assertEqual(given, [(5001 + 2 * number, 8001 + 2 * number) for number in range(6)])
        project.succeed("ports", "release", "A", "2")
        self.assertEqual(self.pair(project, "C", 1), (5005, 8005))
        self.assertEqual(self.pair(project, "A", 1), (5001, 8001))
        self.assertEqual(self.pair(project, "A", 2), (5013, 8013))

    def test_20000_pairs_and_on_until_nothing_is_left(self):
        project = self.project()
        first = self.batch(project, owners_of("generator", 1, 20_000))
        self.assertEqual((first.code, first.refused), (0, []), first.err[-2000:])
        self.assertEqual(len(first.pairs), 20_000)
        self.assertEqual(duplicates(first.pairs), [])
        self.assertEqual([(pair["backend"], pair["frontend"]) for pair in first.pairs[:3]], [(5001, 8001), (5003, 8003), (5005, 8005)])

        second = self.batch(project, owners_of("generator", 20_001, 12_000))
        self.assertEqual(second.code, 1, second.err[-2000:])
        pairs = first.pairs + second.pairs
        self.assertEqual(duplicates(pairs), [])
        self.assertEqual(len(second.granted) + len(second.refused), 12_000)
        self.assertEqual([answer for answer in second.refused if not answer.get("error")], [])

        given = {port for pair in pairs for port in pair.values()}
        possible = set(range(5001, 65536)) - registries.BLOCKED_BY_BROWSERS
        self.assertEqual(given - possible, set())
        self.assertLess(len(possible - given), 2, "a pair was refused although there were ports for it")

        command = [*ALONE, BINARY, "ports", "get", "late", "1"]
        late = project.expect_code(1, *command[1:], binary=command[0])
        self.assertEqual(late.out, "")
        self.assertRegex(late.err, r"\d{4,}")

        self.assertEqual(apps_of(registries.sqlite_leases(registries.database_path(project))), self.acknowledged(first, second))
        gap = second.granted[0]
        project.succeed("ports", "release", gap["model"], str(gap["app"]))
        self.assertEqual(self.pair(project, "late", 1), (gap["ports"]["backend"], gap["ports"]["frontend"]))

    def acknowledged(self, *batches):
        return {(answer["model"], answer["app"]): answer["ports"] for batch in batches for answer in batch.granted}

    def test_an_allocation_costs_the_same_after_19000_of_them(self):
        # The best of several runs: a busy machine makes a run slower, never faster.
        first, last = [], []
        for _ in range(5):
            project = self.project()
            first.append(self.batch(project, owners_of("generator", 1, 1000)).cpu_seconds)
            self.batch(project, owners_of("generator", 1001, 18_000))
            thousand = self.batch(project, owners_of("generator", 19_001, 1000))
            self.assertEqual(len(thousand.granted), 1000, thousand.err[-2000:])
            last.append(thousand.cpu_seconds)
            if min(last) <= 1.3 * min(first):
                return
        self.fail(f"processor seconds for the first thousand {first}, for the last {last}")


class Storm:
    """`WRITERS` processes, each of which gets its allocations one by one. Some are killed while one is under way, and another process goes
    on in their place. `acknowledged`: what was answered, {(host, model, app): {role: port}}."""

    def __init__(self, project, environments, kills, seed):
        self.project = project
        self.random = random.Random(seed)
        self.environments = environments
        self.acknowledged = {}
        self.problems = []
        self.next_app = [1] * WRITERS
        self.doomed = {}
        for number in self.random.sample(range(WRITERS), kills):
            self.doomed[number] = self.random.randint(1, ALLOCATIONS_EACH)
        self.writers = {}

    def run(self):
        for number in range(WRITERS):
            self.begin(number)
        while self.writers:
            ready = select.select(list(self.writers), [], [], PATIENCE)[0]
            if not ready:
                raise AssertionError(f"nobody of {len(self.writers)} writers answers")
            for writer in ready:
                self.on_answer(writer)

    def environment(self, number):
        return self.environments[number % len(self.environments)]

    def begin(self, number):
        writer = Allocator(self.project, self.environment(number))
        self.writers[writer] = number
        self.ask(writer)

    def ask(self, writer):
        number = self.writers[writer]
        writer.send(f"model-{number}", self.next_app[number])
        if self.doomed.get(number) == self.next_app[number]:
            del self.doomed[number]
            self.kill(writer, number)

    def kill(self, writer, number):
        """At a random moment of its work: how far it comes is up to the scheduler."""
        select.select([], [], [], self.random.choice((0, 0.0005, 0.002, 0.005)))
        writer.kill()
        while answer := writer.receive():
            self.accept(number, answer)
        del self.writers[writer]
        writer.close()
        if self.next_app[number] <= ALLOCATIONS_EACH:
            self.begin(number)

    def on_answer(self, writer):
        if writer not in self.writers:
            return
        number = self.writers[writer]
        answer = writer.receive()
        if answer is None or "ports" not in answer:
            self.problems.append((number, answer, writer.finish()))
            del self.writers[writer]
            return
        self.accept(number, answer)
        if self.next_app[number] <= ALLOCATIONS_EACH:
            self.ask(writer)
            return
        del self.writers[writer]
        code, said = writer.finish()
        if code:
            self.problems.append((number, code, said))

    def accept(self, number, answer):
        host = self.environment(number).get("DEVINIT_HOST")
        self.acknowledged[host, answer["model"], answer["app"]] = answer["ports"]
        self.next_app[number] = answer["app"] + 1


class ManyWriters(DevinitTest):
    """Ports are probed in the network of the machine: which numbers are given is open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seed = int(os.environ.get("DEVINIT_TEST_SEED") or random.SystemRandom().randrange(1 << 32))

    def storm(self, project, environments):
        storm = Storm(project, environments, kills=24, seed=self.seed)
        storm.run()
        self.assertEqual(storm.problems, [], f"seed {self.seed}")
        self.assertEqual(len(storm.acknowledged), WRITERS * ALLOCATIONS_EACH, f"seed {self.seed}")
        return storm

    def check(self, storm, leases, hosts):
        """`hosts`: by the name under which the storm knows them, the one of the database."""
        for known_as, host in hosts.items():
            apps = apps_of(leases, host)
            self.assertEqual(duplicates(apps.values()), [], f"seed {self.seed}")
            acknowledged = {(model, app): ports for (of, model, app), ports in storm.acknowledged.items() if of == known_as}
            self.assertEqual(apps, acknowledged, f"seed {self.seed}")

    def check_command(self, project, environment=None):
        """What devinit finds itself; in a network without strangers, whose listeners it would report."""
        if ALONE is not None:
            command = [*ALONE, BINARY, "ports", "check"]
            project.expect_code(0, *command[1:], binary=command[0], environment=environment)

    def test_64_writers_with_kills_on_sqlite(self):
        project = self.project()
        storm = self.storm(project, [{}])
        path = registries.database_path(project)
        self.assertEqual(registries.sqlite_integrity(path), ["ok"])
        self.check(storm, registries.sqlite_leases(path), {None: None})
        self.check_command(project)

    def test_commands_at_once_with_kills_on_sqlite(self):
        project = self.project()
        chance = random.Random(self.seed)
        each = ALLOCATIONS_EACH if FULL_SCALE else 5
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            plans = [(number, [chance.random() < 0.1 for _ in range(each)], chance.random()) for number in range(WRITERS)]
            answers = [answer for some in pool.map(lambda plan: self.commands(project, *plan), plans) for answer in some]
        self.assertEqual([answer for answer in answers if isinstance(answer, str)], [])
        path = registries.database_path(project)
        self.assertEqual(registries.sqlite_integrity(path), ["ok"])
        apps = apps_of(registries.sqlite_leases(path))
        self.assertEqual(duplicates(apps.values()), [])
        acknowledged = {(answer["model"], answer["app"]): answer["ports"] for answer in answers}
        self.assertEqual({owner: apps.get(owner) for owner in acknowledged}, acknowledged, f"seed {self.seed}")
        self.check_command(project)

    def commands(self, project, number, kills, patience):
        """One `ports get` after the other; those that are to be killed are. What was answered; texts are complaints."""
        answers = []
        for app, doomed in enumerate(kills, start=1):
            process = subprocess.Popen(
                [BINARY, "ports", "get", f"model-{number}", str(app), "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=project.environment, cwd=project.root, text=True,
            )
            if doomed:
                select.select([], [], [], patience * 0.05)
                process.kill()
            out, err = process.communicate(timeout=PATIENCE)
            if out.endswith("\n"):
                answers.append(json.loads(out))
            elif process.returncode != -signal.SIGKILL:
                answers.append(f"exit code {process.returncode}: {err}")
        return answers


class ManyWritersOnPostgres(ManyWriters):
    test_64_writers_with_kills_on_sqlite = None
    test_commands_at_once_with_kills_on_sqlite = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = postgres_server.for_test_class(cls)

    def hosts_in_a_storm(self, names):
        project = self.project()
        database = self.server.create_database()
        environments = [{"DEVINIT_REGISTRY": self.server.url(database), "DEVINIT_HOST": name} for name in names]
        storm = self.storm(project, environments)
        leases = registries.postgres_leases(self.server, database)
        self.check(storm, leases, {name: name for name in names})
        for environment in environments:
            self.check_command(project, {**environment, "DEVINIT_REGISTRY": self.server.socket_url(database)})
        return leases

    def test_64_writers_with_kills(self):
        self.hosts_in_a_storm(["only"])

    def test_64_writers_of_two_hosts_with_kills(self):
        leases = self.hosts_in_a_storm(["alpha", "beta"])
        alpha, beta = ({lease.port for lease in leases if lease.host == host} for host in ("alpha", "beta"))
        self.assertGreater(len(alpha & beta), WRITERS * ALLOCATIONS_EACH // 2, "each host has all ports for itself")


if __name__ == "__main__":
    harness.main()
