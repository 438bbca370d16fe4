"""`watch`: what a changed file does to a running service."""

import os
import shutil
import subprocess
import unittest

import harness
from harness import BINARY, DevinitTest, listener, stub
from waiting import wait_until

UNSHARE = shutil.which("unshare") or ""
LIMIT = "/proc/sys/user/max_inotify_watches"


def few_watches(count):
    """The arguments of unshare for a command whose user may have so few inotify watches."""
    return ("--user", "--map-root-user", "sh", "-c", f'echo {count} > {LIMIT} && exec "$0" "$@"')


def may_limit_watches():
    return bool(UNSHARE) and subprocess.run([UNSHARE, *few_watches(10), "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


class WatchTest(DevinitTest):
    def watched(self, watch, more=None, **settings):
        """`backend`, that watches; ready, and its watch in place. `more`: further services."""
        project = self.project()
        backend = {"command": stub("worker", "--name", "backend"), "watch": watch, **settings}
        project.write("src/app.py", "one")
        project.write("devinit.json", {"services": {"backend": backend, **(more or {})}})
        return project

    def restarts(self, project, name="backend"):
        return len(project.events.all("started", name=name)) - 1

    def change_until(self, project, name, condition):
        """Writes the file until something comes of it: a watch that has just been set may not be in place yet."""
        number = 0
        while not condition():
            number += 1
            project.write(name, str(number))
            try:
                wait_until(project.path(".devinit"), condition, 1)
            except AssertionError:
                self.assertLess(number, harness.PATIENCE)


class Restart(WatchTest):
    def started(self, watch, **settings):
        project = self.watched(watch, **settings)
        project.succeed("start")
        self.change_until(project, "src/app.py", lambda: self.restarts(project) >= 1)
        project.wait_state("backend", "ready")
        return project, self.restarts(project)

    def test_a_changed_file(self):
        project, restarts = self.started(["src"])
        before = project.service()["pid"]
        project.write("src/app.py", "two")
        project.events.wait("started", name="backend", count=restarts + 2)
        service = project.wait_service("backend", lambda service: service["ready"] and service["pid"] != before)
        self.assertEqual(service["state"], "ready")

    def test_it_is_no_failure(self):
        """So many changes as failures would be too many."""
        project, _ = self.started(["src"])
        for number in range(7):
            before = project.service()["pid"]
            project.write("src/app.py", f"change {number}")
            project.wait_service("backend", lambda service: service["ready"] and service["pid"] not in (None, before))

    def test_one_that_triggers_itself_is_slowed_down(self):
        project = self.project()
        project.write("src/app.py", "one")
        command = "date +%N > src/out.txt; exec sleep 1000"
        project.write("devinit.json", {"services": {"backend": {"command": command, "watch": ["src"], "ready": {"delay": "1ms"}}}})
        up = project.spawn("up")
        up.expect(r"src/out.txt changes each time .*watch.ignore")
        restarts = project.service()["restarts"]
        project.write("src/app.py", "two")
        project.wait_service("backend", lambda service: service["restarts"] > restarts)
        up.interrupt()
        up.wait()

    def test_files_that_appear_move_and_go(self):
        project, _ = self.started(["src"])
        steps = [
            lambda: project.write("src/new.py", "new"),
            lambda: os.rename(project.path("src/new.py"), project.path("src/moved.py")),
            lambda: os.unlink(project.path("src/moved.py")),
            lambda: project.write("src/deep/er/file.py", "new"),
            lambda: project.write("src/deep/er/file.py", "changed"),
        ]
        for number, step in enumerate(steps, start=1):
            with self.subTest(number):
                before = project.service()["pid"]
                step()
                project.wait_service("backend", lambda service: service["ready"] and service["pid"] not in (None, before))

    def test_an_editor_that_replaces_the_file(self):
        project, _ = self.started(["src/app.py"])
        for number in range(3):
            before = project.service()["pid"]
            project.write("src/.app.py.swp", "swap")
            project.write("src/app.py~", f"{number}")
            os.rename(project.path("src/app.py~"), project.path("src/app.py"))
            project.wait_service("backend", lambda service: service["ready"] and service["pid"] not in (None, before))

    def test_many_changes_at_once_are_one_restart(self):
        project, restarts = self.started({"paths": ["src"], "debounce": "700ms"})
        for number in range(200):
            project.write(f"src/file{number}.py", "x")
        project.events.wait("started", name="backend", count=restarts + 2)
        project.wait_state("backend", "ready")
        # One more change later is one more restart: nothing was pending in between.
        project.write("src/app.py", "again")
        project.events.wait("started", name="backend", count=restarts + 3)
        self.assertEqual(self.restarts(project), restarts + 2)

    def test_ignored_globs(self):
        project, _ = self.started({"paths": ["src"], "ignore": ["**/*.log", "src/cache/**"], "debounce": "20ms"})
        up = project.spawn("up")
        for name in ("src/a.log", "src/deep/b.log", "src/cache/c.py"):
            project.write(name, "x")
        project.write("src/app.py", "at last")
        self.assertRegex(up.expect(r"([^ \n]+)( and \d+ more)? changed: restarting")[0], r"^src/app.py changed")
        up.interrupt()
        up.wait()

    def test_gitignore_is_respected(self):
        project = self.watched({"paths": ["src"], "debounce": "20ms"})
        subprocess.run(["git", "init", "-q", project.root], check=True, env=project.environment)
        project.write(".gitignore", "*.tmp\n/src/build/\n")
        project.write("src/.gitignore", "generated.py\n!kept.tmp\n")
        project.succeed("start")
        self.change_until(project, "src/app.py", lambda: self.restarts(project) >= 1)
        up = project.spawn("up")
        project.wait_state("backend", "ready")
        for name in ("src/a.tmp", "src/build/b.py", "src/generated.py", "src/node_modules/c.js", "src/__pycache__/d.pyc"):
            project.write(name, "x")
        project.write("src/kept.tmp", "at last")
        self.assertRegex(up.expect(r"([^ \n]+)( and \d+ more)? changed: restarting")[0], r"^src/kept.tmp changed")
        up.interrupt()
        up.wait()

    def test_a_service_that_failed_gets_another_chance(self):
        project = self.project()
        project.write("status", "3")
        project.write("src/app.py", "one")
        command = 'test "$(cat status)" = 0 || exit 3; exec sleep 1000'
        backend = {"command": command, "watch": ["src"], "restart": {"max": 2}}
        project.write("devinit.json", {"services": {"backend": backend, "other": {"command": "exec sleep 1000"}}})
        project.expect_code(1, "start")  # somebody goes on watching, because of the other one
        self.assertEqual(project.service()["state"], "failed")
        project.write("status", "0")
        self.change_until(project, "src/app.py", lambda: project.service()["state"] == "ready")

    def test_nothing_is_watched_after_a_stop(self):
        project, restarts = self.started(["src"])
        project.succeed("stop")
        project.write("src/app.py", "late")
        self.assertEqual(self.restarts(project), restarts)
        project.assert_nothing_left()


class Cascade(WatchTest):
    def family(self, cascade):
        project = self.project()
        project.write("src/app.py", "one")
        services = {
            "backend": {"command": listener("--name", "backend"), "port": project.block[0], "watch": {"paths": ["src"], "cascade": cascade}},
            "frontend": {"command": listener("--name", "frontend"), "port": project.block[1], "depends_on": ["backend"]},
            "other": {"command": listener("--name", "other"), "port": project.block[2]},
        }
        project.write("devinit.json", {"services": services})
        project.succeed("start")
        return project, {service["name"]: service["pid"] for service in project.status()["services"]}

    def test_dependents_too_when_asked(self):
        project, before = self.family(True)
        self.change_until(project, "src/app.py", lambda: self.restarts(project, "frontend") >= 1)
        for name in ("backend", "frontend"):
            self.assertNotIn(project.wait_state(name, "ready")["pid"], (None, before[name]))
        self.assertEqual(project.service("other")["pid"], before["other"])
        order = [(event["event"], event["name"]) for event in project.events.all() if event.get("name") in ("backend", "frontend")]
        order = [entry for entry in order if entry[0] in ("signal", "listening")][2:6]
        self.assertEqual(order, [("signal", "frontend"), ("signal", "backend"), ("listening", "backend"), ("listening", "frontend")])

    def test_dependents_not_otherwise(self):
        project, before = self.family(False)
        self.change_until(project, "src/app.py", lambda: self.restarts(project, "backend") >= 1)
        project.wait_state("backend", "ready")
        self.assertEqual(project.service("frontend")["pid"], before["frontend"])


class Actions(WatchTest):
    def test_a_signal(self):
        project = self.watched({"paths": ["proxy.conf"], "action": "SIGHUP"})
        project.write("proxy.conf", "one")
        project.succeed("start")
        pid = project.service()["pid"]
        self.change_until(project, "proxy.conf", lambda: project.events.all("signal", signal="SIGHUP"))
        self.assertEqual(project.service()["pid"], pid)
        self.assertEqual(project.service()["state"], "ready")

    def test_a_task(self):
        generate = {"kind": "task", "command": stub("worker", "--name", "generate", "--exit", 0)}
        project = self.watched({"paths": ["schema"], "action": "generate"}, {"generate": generate})
        project.write("schema/a.sql", "one")
        project.succeed("start", "backend")
        pid = project.service()["pid"]
        before = len(project.events.all("ended", name="generate"))
        self.change_until(project, "schema/a.sql", lambda: len(project.events.all("ended", name="generate")) > before)
        self.assertEqual(project.service()["pid"], pid)

    def test_an_unknown_action_is_a_mistake(self):
        project = self.watched({"paths": ["src"], "action": "generat"}, {"generate": {"kind": "task", "command": "true"}})
        self.assertIn("generate", project.expect_code(2, "start").err)


class Limits(WatchTest):
    def test_a_path_that_does_not_exist_yet(self):
        project = self.watched(["later"])
        project.succeed("start")
        self.change_until(project, "later/file", lambda: self.restarts(project) >= 1)

    @unittest.skipUnless(may_limit_watches(), "no right to make a user namespace")
    def test_too_few_watches_are_told_with_the_way_to_raise_them(self):
        project = self.watched(["src"])
        for number in range(40):
            project.write(f"src/{number}/file", "x")
        result = subprocess.Popen([UNSHARE, *few_watches(15), BINARY, "up"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env=project.environment, cwd=project.root, start_new_session=True)
        self.addCleanup(result.stdout.close)
        self.addCleanup(result.wait)
        self.addCleanup(result.kill)
        text = ""
        while "max_user_watches" not in text:
            line = result.stdout.readline().decode()
            self.assertTrue(line, f"no word about the limit in:\n{text}")
            text += line
        self.assertRegex(text, r"fs\.inotify\.max_user_watches")
        self.assertIn(project.service()["state"], ("starting", "ready"))
        project.succeed("stop")


if __name__ == "__main__":
    harness.main()
