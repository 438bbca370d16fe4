"""examples/shop for real: PostgreSQL, Redis, a migration, an API, a worker, a web server; started in order, killed, healed, stopped."""

import importlib.util
import json
import os
import pathlib
import shutil
import signal
import stat
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import example_copies
import harness
import postgres_server
import processes
from harness import BINARY, DevinitTest, Project
from waiting import wait_until

# Servers that start on a busy machine; only ever used up by a failing test.
SLOW = 300
ALL = {"postgres", "redis", "migrate", "api", "worker", "web"}
RUNNING = ALL - {"migrate"}


def missing():
    absent = [name for name in ("node", "redis-server") if not shutil.which(name)]
    absent += [name for name in ("fastapi", "uvicorn", "psycopg2", "redis") if not importlib.util.find_spec(name)]
    reason = postgres_server.why_unavailable()
    return absent + ([reason] if reason else [])


class Shop(Project):
    """A copy of the example; it belongs to an unprivileged user, and is run by him, where we are root: postgres refuses root."""

    def __init__(self, test):
        super().__init__(test)
        self.binary = BINARY
        example_copies.copy_onto_block("shop", self)
        user = postgres_server.unprivileged_user()
        if user is not None:
            self._hand_over(user)

    def _hand_over(self, user):
        self.binary = os.path.join(self.temporary, "devinit-unprivileged")
        identity = f"--reuid={user.pw_uid} --regid={user.pw_gid} --clear-groups"
        pathlib.Path(self.binary).write_text(f'#!/bin/sh\nexec setpriv {identity} -- {BINARY} "$@"\n', encoding="ascii")
        os.chmod(self.binary, 0o755)
        for folder, _, files in os.walk(self.temporary):
            for path in [folder, *(os.path.join(folder, file) for file in files)]:
                if not stat.S_ISSOCK(os.stat(path).st_mode):
                    os.chown(path, user.pw_uid, user.pw_gid)

    def run(self, *arguments, timeout=SLOW, **options):
        return super().run(*arguments, timeout=timeout, **{"binary": self.binary, **options})

    def log(self, service):
        return self.read(f".devinit/logs/{service}.log") if self.exists(f".devinit/logs/{service}.log") else ""

    def services(self):
        return {service["name"]: service for service in self.status()["services"]}

    def pids(self):
        return {name: service["pid"] for name, service in self.services().items() if name in RUNNING}

    def ask(self, path, method="GET"):
        """What the web server answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.services()['web']['port']}{path}", method=method)
        with urllib.request.urlopen(request, timeout=SLOW) as answer:
            return answer.read().decode()

    def order(self):
        """Orders through the web server, and waits until the worker has shipped it."""
        number = json.loads(self.ask("/api/orders", "POST"))["order"]
        wait_until(self.path(".devinit/logs"), lambda: f"shipped order {number}\n" in self.log("worker"), SLOW)
        self.test.assertEqual(json.loads(self.ask(f"/api/orders/{number}")), {"order": number, "state": "shipped"})

    def kill_and_see_it_heal(self, name):
        """kill -9 of a service's first process; returns the new one."""
        before = self.services()[name]["pid"]
        processes.send(before, signal.SIGKILL)
        self.wait_service(name, lambda service: service["ready"] and service["pid"] not in (None, before), SLOW)

    def wait_all_ready(self):
        self.succeed("wait", "--timeout", f"{SLOW}s", timeout=2 * SLOW)


class EverydayProject(DevinitTest):
    limit = 800

    def setUp(self):
        self.assertEqual(missing(), [], "needed for this test")

    def started(self):
        shop = Shop(self)
        shop.succeed("start")
        return shop

    def assert_started_in_order(self, shop):
        graph = json.loads(shop.succeed("graph", "--json").out)
        times = {name: service["timeline_ms"] for name, service in shop.services().items()}
        self.assertEqual(set(times), ALL)
        for node in graph["services"]:
            for dependency in node["waits_for"]:
                was_ready = times[dependency["service"]]["ready"]
                self.assertLessEqual(was_ready, times[node["name"]]["spawned"], f"{node['name']} did not wait: {times}")
        path = graph["critical_path"]
        self.assertEqual(path["steps"][-1]["service"], "web")
        self.assertEqual(sum(step["ms"] for step in path["steps"]), path["total_ms"])

    def assert_ends(self, shop):
        shop.succeed("stop")
        shop.assert_nothing_left()

    def test_starts_in_order_and_ships_an_order(self):
        shop = self.started()
        self.assert_started_in_order(shop)
        self.assertEqual(shop.services()["migrate"]["state"], "completed")
        self.assertIn("<h1>shop</h1>", shop.ask("/"))
        shop.order()
        self.assert_ends(shop)

    def test_what_is_killed_comes_back_and_the_shop_goes_on(self):
        shop = self.started()
        shop.order()
        for name in ("api", "worker", "redis"):
            shop.kill_and_see_it_heal(name)
            shop.wait_all_ready()  # the worker ends with its connection, and comes back when Redis has
            shop.order()
        self.assert_ends(shop)

    def test_migrates_once_and_again_when_a_migration_is_added(self):
        shop = self.started()
        self.assertEqual(shop.log("migrate").count("applied 001_orders.sql"), 1)
        shop.succeed("stop")
        shop.succeed("start")
        self.assertEqual(shop.log("migrate").count("applied 001_orders.sql"), 1, "nothing had changed")
        shop.order()
        shop.succeed("stop")
        shop.write("migrations/002_notes.sql", "ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;\n")
        shop.succeed("start")
        self.assertEqual(shop.log("migrate").count("applied 002_notes.sql"), 1)
        shop.order()
        self.assert_ends(shop)

    def test_an_edit_of_the_api_restarts_the_api_alone(self):
        shop = self.started()
        before = shop.pids()
        with open(shop.path("api.py"), "a", encoding="utf-8") as file:
            file.write("\n# edited\n")
        shop.wait_service("api", lambda service: service["ready"] and service["pid"] not in (None, before["api"]), SLOW)
        after = shop.pids()
        self.assertEqual({name for name in RUNNING if before[name] != after[name]}, {"api"})
        shop.order()
        self.assert_ends(shop)


if __name__ == "__main__":
    harness.main()
