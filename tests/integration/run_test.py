"""`run`: one command on a leased port, configured by its environment, with the safety of the supervisor."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import unittest

import harness
import processes
from harness import PYTHON, DevinitTest, Project, listener, stub

SERVER = stub("listener", "--name", "web")
WITH_FLAGS = [*SERVER, "--port", "{port}", "--host", "{host}"]


class Run(DevinitTest):
    def setUp(self):
        self.place = Project(self)
        self.block = self.place.block
        self.wanted = self.block[0]

    def variables(self, **more):
        """The user's variables: a port of our own and a range around it."""
        return {"PORT": str(self.wanted), "PORT_RANGE_START": str(self.wanted), "PORT_RANGE_END": str(self.block.last), **more}

    def begin(self, *options, command=SERVER, terminal=False, **variables):
        """A run whose server listens and is said to be ready."""
        start = self.place.pty if terminal else self.place.spawn
        conversation = start("run", *options, "--", *command, environment=self.variables(**variables))
        conversation.expect("is ready: ")
        return conversation

    def attached(self, *command, options=("-q",), **streams):
        """A run whose streams are the test's own."""
        return subprocess.Popen([harness.BINARY, "run", *options, "--", *command], cwd=self.place.root,
                                env={**self.place.environment, **self.variables()}, start_new_session=True, **streams)

    def refuse(self, code, *options, command=SERVER, **variables):
        result = self.place.expect_code(code, "run", *options, "--", *command, environment=self.variables(**variables))
        self.assertEqual(self.place.events.all("started"), [], "the command was started")
        return result.err

    def server(self):
        return self.place.events.wait("listening", name="web")

    def supervisor(self):
        """The pid of the supervisor of the only run."""
        folder = self.place.root.encode()
        return next(pid for pid in self.place.own_processes()
                    if b"supervise" in (words := processes.read_bytes(f"/proc/{pid}/cmdline").split(b"\0")) and b"--run" in words and folder in words)

    def variable(self, name, port=None):
        return self.place.get(port or self.wanted, f"/env/{name}")

    def end(self, conversation):
        conversation.interrupt()
        self.assertEqual(conversation.wait(), 130, conversation.text)
        self.place.assert_nothing_left()

    def leases(self, place=None):
        """{role: (port, owner)} of the registry."""
        path = os.path.join((place or self.place).state, "devinit", "registry.db")
        with contextlib.closing(sqlite3.connect(path)) as database:
            return {role: (port, owner) for role, port, owner in database.execute("SELECT role, port, owner FROM lease")}


class Starts(Run):
    def test_the_command_gets_its_port_and_host(self):
        run = self.begin()
        self.assertEqual(self.server()["port"], self.wanted)
        self.assertEqual(self.variable("PORT"), str(self.wanted))
        self.assertEqual(self.variable("API_PORT"), str(self.wanted))
        self.assertEqual(self.variable("HOST"), "127.0.0.1")
        self.end(run)

    def test_it_runs_in_the_callers_folder_and_writes_nothing_there(self):
        run = self.begin("--name", "web")
        self.assertEqual(self.place.identity(self.wanted)["cwd"], self.place.root)
        self.end(run)
        self.assertEqual(os.listdir(self.place.root), [])

    def test_minus_c_names_the_folder(self):
        folder = self.place.path("below")
        os.mkdir(folder)
        self.place.write("below/.env", "FROM_FILE=yes\n")
        run = self.begin("-C", folder)
        self.assertEqual(self.place.identity(self.wanted)["cwd"], folder)
        self.assertEqual(self.variable("FROM_FILE"), "yes")
        self.end(run)

    def test_words_are_filled_and_reach_the_command_as_they_are(self):
        show = [PYTHON, "-c", "import sys; print(sys.argv[1:])"]
        result = self.place.succeed("run", "--", *show, "{host}:{port}", "{log_level}", "{reload}", "a b", "$HOME", "{x}", "{{port}}", "${port}", "",
                                    environment=self.variables(HOST="::1", LOG_LEVEL="DEBUG"))
        self.assertEqual(result.out, f"{['::1:' + str(self.wanted), 'debug', 'a b', '$HOME', '{x}', '{port}', '${port}', '']}\n")

    def test_reload_is_a_flag_when_it_is_set(self):
        show = [PYTHON, "-c", "import sys; print(sys.argv[1:])", "{reload}"]
        result = self.place.succeed("run", "--", *show, environment=self.variables(RELOAD="yes"))
        self.assertEqual(result.out, "['--reload']\n")

    def test_every_key_of_the_env_file_reaches_it_and_the_shell_wins(self):
        self.place.write(".env", f"PORT={self.block[3]}\nexport SECRET='a b'\nBOTH=file\nHOST=127.0.0.1\n")
        run = self.begin(BOTH="shell", PORT=None, AUTO_FIND_PORT="0")
        self.assertEqual(self.server()["port"], self.block[3])
        self.assertEqual(self.variable("SECRET", self.block[3]), "a b")
        self.assertEqual(self.variable("BOTH", self.block[3]), "shell")
        run2 = run.text
        self.assertIn("PORT from .env:1", run2)
        self.end(run)

    def test_a_name_does_not_hide_the_users_variables(self):
        run = self.begin("--name", "database", DATABASE_URL="postgresql://db", NEXT_PUBLIC_API_URL="mine")
        self.assertEqual(self.variable("DATABASE_URL"), "postgresql://db")
        self.assertEqual(self.variable("NEXT_PUBLIC_API_URL"), "mine")
        self.end(run)

    def test_the_option_comes_before_the_variables(self):
        run = self.begin("--port", str(self.block[2]), "--host", "127.0.0.1", HOST="0.0.0.0")
        self.assertEqual(self.server()["port"], self.block[2])
        self.assertEqual(self.variable("HOST", self.block[2]), "127.0.0.1")
        self.end(run)

    def test_without_python_buffering(self):
        run = self.begin()
        self.assertEqual(self.variable("PYTHONUNBUFFERED"), "1")
        self.end(run)

    def test_in_a_project_it_is_none_of_the_projects_services(self):
        self.place.write("devinit.json", self.pair_config(self.block[5], self.block[6]))
        self.place.write(".ports.json", {"web": self.block[7]})
        run = self.begin("--name", "web")
        self.assertEqual(self.server()["port"], self.wanted)
        self.assertEqual({service["state"] for service in self.place.status()["services"] if not service["external"]}, {"stopped"})
        self.assertEqual(self.place.ports(), {"web": self.block[7]})
        self.end(run)


class Talk(Run):
    def test_the_banner_tells_url_port_mode_level_and_lease(self):
        run = self.begin("--name", "web", DEBUG="1", LOG_LEVEL="Warning")
        self.assertIn(f"http://127.0.0.1:{self.wanted}/", run.text)
        self.assertIn("PORT from the environment", run.text)
        self.assertIn("debug on, reload off", run.text)
        self.assertRegex(run.text, r"log level +warning")
        self.assertIn("run:web in " + os.path.join(self.place.state, "devinit", "registry.db"), run.text)
        self.assertEqual(self.leases()["run:web"], (self.wanted, self.place.root))
        self.end(run)

    def test_everybody_can_reach_it_is_a_warning_with_the_address(self):
        run = self.begin(command=WITH_FLAGS, HOST="0.0.0.0")
        self.assertIn(f"http://localhost:{self.wanted}/", run.text)
        self.assertIn("warning: HOST is 0.0.0.0: everybody on the network can reach this server", run.text)
        addresses = [line.split()[-1] for line in run.text.splitlines() if line.split()[:1] == ["network"]]
        for url in addresses:
            self.assertRegex(url, rf"^http://[0-9.]+:{self.wanted}/$")
        self.end(run)

    def test_output_is_the_commands_alone_and_as_it_is(self):
        script = "import os; os.write(1, b'out \\x1b[31mred\\x1b[0m\\xff\\r50%\\r100%'); os.write(2, b'error\\n'); os.write(1, b'x' * 40000)"
        process = subprocess.run([harness.BINARY, "run", "--", PYTHON, "-c", script], cwd=self.place.root,
                                 env={**self.place.environment, **self.variables()}, capture_output=True, timeout=60, check=False)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(process.stdout, b"out \x1b[31mred\x1b[0m\xff\r50%\r100%error\n" + b"x" * 40000)

    def test_an_unfinished_line_is_shown_at_once(self):
        run = self.begin(command=[*SERVER, "--partial-text", "Continue? "])
        if "Continue? " not in run.text:
            run.expect("Continue\\? ")
        self.end(run)

    def test_quiet_says_nothing(self):
        result = self.place.succeed("run", "-q", "--", PYTHON, "-c", "print('only this')", environment=self.variables())
        self.assertEqual((result.out, result.err), ("only this\n", ""))

    def test_json_goes_to_stderr_one_object_a_line(self):
        result = self.place.expect_code(3, "run", "--json", "--name", "web", "--", PYTHON, "-c", "print('mine'); raise SystemExit(3)",
                                        environment=self.variables(LOG_LEVEL="error"))
        self.assertEqual(result.out, "mine\n")
        events = [json.loads(line) for line in result.err.splitlines()]
        self.assertEqual([event["event"] for event in events], ["started", "exited"])
        self.assertEqual(events[0]["port"], self.wanted)
        self.assertEqual(events[0]["urls"]["local"], f"http://127.0.0.1:{self.wanted}/")
        self.assertEqual(events[0]["lease"]["role"], "run:web")
        self.assertEqual(events[1], {"event": "exited", "name": "web", "code": 3})

    def test_a_lot_of_output_arrives_complete(self):
        script = "import sys\nfor n in range(60000): print(n)\nsys.exit(4)"
        result = self.place.expect_code(4, "run", "--", PYTHON, "-c", script, environment=self.variables())
        self.assertEqual(result.out, "".join(f"{number}\n" for number in range(60000)))


    def numbers(self, megabytes):
        """A command that prints numbered lines of 100 bytes, and what it prints."""
        script = (f"import sys\nfor n in range({megabytes} * 100): sys.stdout.write(''.join('%099d\\n' % (n * 100 + k) for k in range(100)))\n"
                  "sys.stdout.flush()\n")
        return script, b"".join(b"%099d\n" % n for n in range(megabytes * 10_000))

    def test_fifty_megabytes_arrive_byte_for_byte(self):
        script, expected = self.numbers(50)
        run = self.attached(PYTHON, "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = run.communicate(timeout=120)
        self.assertEqual((run.returncode, err), (0, b""))
        self.assertTrue(out == expected, f"{len(out)} of {len(expected)} bytes")

    def test_a_reader_that_pauses_until_all_is_written_misses_nothing(self):
        script, expected = self.numbers(50)
        written = os.path.join(self.place.temporary, "written")
        os.mkfifo(written)
        script += f"open({written!r}, 'w').close()\n"  # waits for who opens the other end
        run = self.attached(PYTHON, "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open(written, "rb"):  # until then nobody has read a byte
            pass
        out, err = run.communicate(timeout=120)
        self.assertEqual((run.returncode, err), (0, b""))
        self.assertTrue(out == expected, f"{len(out)} of {len(expected)} bytes")
        logs = [name for folder, _, names in os.walk(os.path.join(self.place.state, "devinit", "runs")) for name in names if ".log" in name]
        self.assertLessEqual(len(logs), 6)


class Input(Run):
    def read_by_cat(self, stdin):
        run = self.attached("cat", stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = run.communicate(timeout=60)
        self.assertEqual((run.returncode, err), (0, b""))
        return out

    def test_a_pipe_reaches_the_command_and_ends(self):
        text = b"hi\n" + b"x" * 300_000
        run = self.attached("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = run.communicate(text, timeout=60)
        self.assertEqual((run.returncode, err, out == text), (0, b"", True))

    def test_a_file_is_read_from_where_it_stands(self):
        path = self.place.write("lines", "one\ntwo\nthree\n")
        with open(path, "rb", buffering=0) as lines:
            self.assertEqual(lines.read(4), b"one\n")
            self.assertEqual(self.read_by_cat(lines), b"two\nthree\n")

    def test_a_pipe_that_has_ended_before(self):
        reader, writer = os.pipe()
        os.write(writer, b"early\n")
        os.close(writer)
        with open(reader, "rb") as pipe:
            self.assertEqual(self.read_by_cat(pipe), b"early\n")

    def test_nothing_has_no_end(self):
        """Watchers exit at the end of their input: /dev/null, as commands have it in the background, is none."""
        result = self.place.succeed("run", "-q", "--", PYTHON, "-c", "import select; print(select.select([0], [], [], 0)[0])",
                                    environment=self.variables())
        self.assertEqual(result.out, "[]\n")


class Ends(Run):
    def test_with_the_commands_exit_code(self):
        for code in (0, 1, 2, 77, 255):
            with self.subTest(code=code):
                result = self.place.run("run", "--", PYTHON, "-c", f"raise SystemExit({code})", environment=self.variables())
                self.assertEqual(result.code, code, result.text)
        self.place.assert_nothing_left()

    def test_with_128_and_the_signal(self):
        script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        self.assertEqual(self.place.run("run", "--", PYTHON, "-c", script, environment=self.variables()).code, 128 + 9)

    def test_when_the_server_ends_after_it_was_ready(self):
        run = self.begin()
        with contextlib.suppress(OSError, Exception):
            self.place.get(self.wanted, "/exit/5")
        self.assertEqual(run.wait(), 5, run.text)
        self.assertEqual(len(self.place.events.all("started")), 1, "it was restarted")
        self.place.assert_nothing_left()

    def test_with_130_on_ctrl_c(self):
        run = self.begin(terminal=True)
        self.end(run)
        self.assertEqual([entry["signal"] for entry in self.place.events.all("signal")], ["SIGTERM"])

    def test_on_ctrl_c_before_it_listens(self):
        run = self.place.pty("run", "--", *SERVER, "--never-listen", environment=self.variables())
        self.place.events.wait("started")
        self.end(run)

    def test_by_a_closed_terminal(self):
        run = self.begin(terminal=True)
        run.hang_up()
        run.wait()
        self.place.assert_nothing_left()

    def test_by_sigterm(self):
        run = self.begin()
        run.process.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(), 143, run.text)
        self.place.assert_nothing_left()

    def test_by_kill_9_of_the_command_line(self):
        run = self.begin(command=[*SERVER, "--setsid"])
        run.process.kill()
        run.wait()
        self.place.assert_nothing_left()
        self.end(self.begin())

    def test_by_kill_9_of_the_supervisor(self):
        run = self.begin(command=[*SERVER, "--setsid"])
        processes.send(self.supervisor(), signal.SIGKILL)
        self.assertEqual(run.wait(), 1, run.text)
        self.place.assert_nothing_left()

    def test_by_kill_9_of_all_three_and_the_next_run_sweeps(self):
        run = self.begin("--name", "web", command=[*SERVER, "--setsid"])
        server = self.server()["pid"]
        guardian = processes.parent_of(processes.parent_of(server))
        supervisor = self.supervisor()
        for pid in (run.process.pid, supervisor):
            os.kill(pid, signal.SIGSTOP)
        for pid in (guardian, supervisor, run.process.pid):
            processes.send(pid, signal.SIGKILL)
        run.wait()
        after = self.begin("--name", "web")
        self.assertFalse(processes.is_alive(server))
        self.end(after)

    def test_while_the_earlier_one_is_still_ending_it_waits_for_that(self):
        run = self.begin("--name", "web", command=[*SERVER, "--ignore-term"])
        run.process.kill()
        run.wait()
        after = self.place.spawn("run", "--name", "web", "--", *SERVER, environment=self.variables())
        after.expect("is ready: ")
        self.end(after)


class Names(Run):
    def test_a_second_run_of_a_program_is_numbered(self):
        first = self.begin(AUTO_FIND_PORT="true")
        second = self.place.spawn("run", "--", *SERVER, environment=self.variables(AUTO_FIND_PORT="true"))
        second.expect(r"-2 is ready: ")
        self.assertRegex(second.text, rf"{self.wanted} was busy: .*; using {self.block[1]}")
        self.assertEqual(len([role for role in self.leases() if role.startswith("run:")]), 2)
        first.interrupt()
        self.assertEqual(first.wait(), 130)
        self.end(second)

    def test_many_at_once_all_get_names_and_ports(self):
        runs = [self.place.spawn("run", "--", *SERVER, environment=self.variables(AUTO_FIND_PORT="true")) for _ in range(6)]
        for run in runs:
            run.expect("is ready: ")
        ports = {event["port"] for event in self.place.events.wait("listening", count=6)}
        self.assertEqual(len(ports), 6)
        for run in runs:
            run.interrupt()
        self.assertEqual([run.wait() for run in runs], [130] * 6)
        self.place.assert_nothing_left()

    def test_a_given_name_that_is_taken_is_refused(self):
        run = self.begin("--name", "web")
        result = self.place.expect_code(1, "run", "--name", "web", "--", *SERVER, environment=self.variables())
        self.assertIn("a run called `web` is going on in this folder", result.err)
        self.end(run)

    def test_the_same_name_in_another_folder_is_another_run(self):
        other = Project(self, block=self.block)
        run = self.begin("--name", "web")
        second = other.spawn("run", "--name", "web", "--port", str(self.block[1]), "--", *SERVER)
        second.expect("is ready: ")
        second.interrupt()
        self.assertEqual(second.wait(), 130)
        self.end(run)

    def test_a_name_that_is_none(self):
        for name in ("../x", "all", "2web", "a b", "x" * 65):
            with self.subTest(name=name):
                self.assertIn("--name", self.refuse(2, "--name", name))


class OldRuns(Run):
    def folders(self):
        return sorted(os.listdir(os.path.join(self.place.state, "devinit", "runs")))

    def once(self, name, folder=None):
        """A run to its end; the names of the data folders that it made."""
        before = self.folders() if os.path.isdir(os.path.join(self.place.state, "devinit", "runs")) else []
        self.place.succeed("run", "--name", name, *(("-C", folder) if folder else ()), "--", PYTHON, "-c", "", environment=self.variables())
        return set(self.folders()) - set(before)

    def test_go_with_their_folder_or_after_thirty_days(self):
        folder = self.place.path("below")
        os.mkdir(folder)
        (gone,) = self.once("gone", folder)
        (old,) = self.once("old")
        (young,) = self.once("young")
        os.rmdir(folder)
        data = os.path.join(self.place.state, "devinit", "runs", old)
        os.utime(os.path.join(data, "run.json"), (1_000_000_000, 1_000_000_000))
        (new,) = self.once("new")
        self.assertEqual(self.folders(), sorted([young, new]))

    def test_stay_while_they_run(self):
        run = self.begin("--name", "web", "--port", str(self.block[3]))
        (data,) = self.folders()
        os.utime(os.path.join(self.place.state, "devinit", "runs", data, "run.json"), (1_000_000_000, 1_000_000_000))
        self.once("other")
        self.assertIn(data, self.folders())
        self.end(run)


class Missing(Run):
    def test_no_such_command(self):
        self.assertIn("cannot run `no-such-command`: there is no such command in PATH", self.refuse(127, command=["no-such-command"]))
        self.assertIn("relative to " + self.place.root, self.refuse(127, command=["./no-such-command"]))

    def test_one_that_lies_here(self):
        self.place.write("serve", "#!/bin/sh\n")
        os.chmod(self.place.path("serve"), 0o755)
        self.assertIn("it lies in this folder: ./serve", self.refuse(127, command=["serve"]))

    def test_one_that_is_not_executable(self):
        self.place.write("serve", "#!/bin/sh\n")
        self.assertIn("not executable", self.refuse(126, command=["./serve"]))
        self.assertIn("a folder", self.refuse(126, command=[self.place.root]))

    def test_one_whose_interpreter_is_missing(self):
        self.place.write("serve", "#!/no/such/interpreter\n")
        os.chmod(self.place.path("serve"), 0o755)
        self.assertIn("interpreter", self.refuse(127, command=["./serve"]))

    def test_no_command_at_all(self):
        self.assertEqual(self.place.run("run").code, 2)
        self.assertEqual(self.place.run("run", "--").code, 2)


class Mistakes(Run):
    def test_each_variable(self):
        for name, value in (("PORT", "0"), ("PORT", "80a"), ("API_PORT", "70000"), ("AUTO_FIND_PORT", "maybe"), ("PORT_RANGE_START", "x"),
                            ("PORT_RANGE_END", "0"), ("HOST", "my-laptop"), ("LOG_LEVEL", "loud"), ("DEBUG", "on"), ("RELOAD", "2")):
            with self.subTest(name=name, value=value):
                self.assertIn(f"{name} from the environment must be", self.refuse(2, **{name: value}))

    def test_all_at_once_with_their_places(self):
        self.place.write(".env", "# mine\nLOG_LEVEL=loud\nRELOAD=2\n")
        text = self.refuse(2, DEBUG="on", HOST="nowhere")
        for part in ("LOG_LEVEL from .env:2", "RELOAD from .env:3", "DEBUG from the environment", "HOST from the environment"):
            self.assertIn(part, text)

    def test_the_shell_wins_over_the_other_name_of_the_port_in_the_file(self):
        self.place.write(".env", "API_PORT=1\n")
        run = self.begin()
        self.assertEqual(self.variable("API_PORT"), str(self.wanted))
        self.end(run)

    def test_conflicts(self):
        self.assertIn("API_PORT from the environment is 1, but PORT", self.refuse(2, API_PORT="1"))
        self.assertIn("above PORT_RANGE_END", self.refuse(2, PORT_RANGE_START="30000"))
        self.assertIn("--strict allows no other port", self.refuse(2, "--strict", "--range", "1-2"))
        self.assertIn("AUTO_FIND_PORT from the environment is `true`", self.refuse(2, "--strict", AUTO_FIND_PORT="true"))
        self.assertIn("--on-conflict next", self.refuse(2, "--on-conflict", "next"))

    def test_an_env_file_that_is_none(self):
        self.place.write(".env", "GOOD=1\nnonsense\n='x'\n")
        text = self.refuse(2)
        self.assertIn(".env:2", text)
        self.assertIn(".env:3", text)

    def test_lines_and_values_of_the_env_file_together(self):
        self.place.write(".env", "nonsense\nLOG_LEVEL=loud\n")
        text = self.refuse(2, DEBUG="on")
        for part in (".env:1", "LOG_LEVEL from .env:2", "DEBUG from the environment"):
            self.assertIn(part, text)

    def test_an_env_file_that_is_a_folder(self):
        os.mkdir(self.place.path(".env"))
        self.assertIn(".env is a directory", self.refuse(2))


class BusyPort(Run):
    def setUp(self):
        super().setUp()
        self.holder = self.place.stranger(port=self.wanted)

    def refuse(self, code, *options, command=SERVER, **variables):
        result = self.place.expect_code(code, "run", *options, "--", *command, environment=self.variables(**variables))
        self.assertEqual(self.place.events.all("started", name="web"), [], "the command was started")
        return result.err

    def end(self, conversation):
        conversation.interrupt()
        self.assertEqual(conversation.wait(), 130, conversation.text)

    def test_fails_at_once_and_names_the_holder(self):
        text = self.refuse(1)
        self.assertIn(f"port {self.wanted}", text)
        self.assertIn(f"process {self.holder.pid}", text)
        self.assertIn("AUTO_FIND_PORT=true", text)
        self.assertNotIn("devinit.json", text)
        self.assertIsNone(self.holder.poll())

    def test_json_says_busy(self):
        *_, last = self.refuse(1, "--json").splitlines()
        self.assertEqual((json.loads(last)["event"], json.loads(last)["code"]), ("error", "busy"))

    def test_numbers_that_are_never_chosen_are_told(self):
        text = self.refuse(1, "--range", "6000-6000")
        self.assertIn("never chosen: 6000 (blocked by browsers)", text)
        self.assertIn("never chosen: 1-2 (privileged)", self.refuse(1, "--range", "1-2"))

    def test_never_asks_on_a_terminal(self):
        run = self.place.pty("run", "--", *SERVER, environment=self.variables(AUTO_FIND_PORT="no"))
        self.assertEqual(run.wait(), 1, run.text)
        self.assertNotIn("[y/N]", run.text)

    def test_with_auto_find_it_takes_the_first_free_one_and_tells_the_history(self):
        run = self.begin(AUTO_FIND_PORT="true")
        self.assertRegex(run.text, rf"{self.wanted} was busy: held by process {self.holder.pid} \(.*\); using {self.block[1]}")
        self.assertEqual(self.server()["port"], self.block[1])
        self.end(run)

    def test_the_search_begins_at_the_start_of_the_range_wherever_the_wanted_port_lies(self):
        busy = self.place.stranger(port=self.block[5])
        run = self.begin(PORT=str(self.block[5]), PORT_RANGE_START=str(self.block[2]), AUTO_FIND_PORT="1")
        self.assertEqual(self.server()["port"], self.block[2])
        self.assertIsNone(busy.poll())
        self.end(run)

    def test_the_end_of_the_range_is_part_of_it(self):
        self.place.stranger(port=self.block[1])
        run = self.begin("--range", f"{self.wanted}-{self.block[2]}")
        self.assertEqual(self.server()["port"], self.block[2])
        self.end(run)

    def test_a_range_that_is_full_fails_and_says_so(self):
        self.place.stranger(port=self.block[1])
        text = self.refuse(1, "--range", f"{self.wanted}-{self.block[1]}")
        self.assertIn(f"in the range {self.wanted}-{self.block[1]}", text)
        self.assertIn("widen the range", text)
        self.assertIn("no free port", self.refuse(1, "--range", f"{self.wanted}-{self.wanted}"))

    def test_force_kills_the_holder(self):
        for options, variables in ((("--on-conflict", "kill"), {}), (("--force",), {}), ((), {"FORCE_MODE": "true"})):
            with self.subTest(options=options, variables=variables):
                run = self.begin(*options, **variables)
                self.holder.wait(timeout=30)
                self.end(run)
                self.holder = self.place.stranger(port=self.wanted)

    def test_not_even_force_takes_it_from_another_run(self):
        run = self.begin("--name", "first", "--port", str(self.block[3]))
        text = self.place.expect_code(1, "run", "--name", "second", "--force", "--port", str(self.block[3]), "--", *SERVER).err
        self.assertIn("a running devinit in " + self.place.root, text)
        self.assertIn("devinit stop -C " + self.place.root, text)
        self.assertNotIn("devinit kill", text)
        self.end(run)


class Leases(Run):
    def other_place(self):
        """Another folder with the same registry."""
        other = Project(self, block=self.block)
        other.environment["XDG_STATE_HOME"] = self.place.state
        return other

    def once(self, place, *options, **variables):
        """Runs a command to its end; the port it got."""
        result = place.succeed("run", "--name", "web", *options, "--", PYTHON, "-c", "import os; print(os.environ['PORT'])",
                               environment=self.variables(**variables))
        return int(result.out), result.err

    def test_two_folders_keep_ports_of_their_own(self):
        other = self.other_place()
        range_ = f"{self.wanted}-{self.block.last}"
        for _ in range(2):
            first, _text = self.once(self.place, "--range", range_, PORT=None)
            second, text = self.once(other, "--range", range_, PORT=None)
            self.assertNotEqual(first, second)
        self.assertEqual(self.leases()["run:web"][0] in (first, second), True)
        self.assertEqual((first, second), (self.once(self.place, "--range", range_, PORT=None)[0], self.once(other, "--range", range_, PORT=None)[0]))

    def test_a_named_port_takes_an_idle_lease_over_and_says_so(self):
        other = self.other_place()
        self.once(self.place)
        port, text = self.once(other)
        self.assertEqual(port, self.wanted)
        self.assertIn(f"took port {self.wanted} over from", text)
        self.assertIn(self.place.root, text)

    def test_the_port_of_a_stopped_service_of_its_folder_is_taken_and_told(self):
        self.place.write("devinit.json", {"services": {"backend": {"command": listener("--name", "backend"), "port": self.wanted}}})
        self.place.succeed("start")
        self.place.succeed("stop")
        port, text = self.once(self.place)
        self.assertEqual(port, self.wanted)
        self.assertIn(f"port {self.wanted} is that of `backend` in this folder, which is not running", text)

    def test_the_port_of_an_app_is_never_taken(self):
        self.place.succeed("ports", "reserve", str(self.wanted), "--for", "legacy")
        text = self.refuse(1)
        self.assertIn(f"port {self.wanted} belongs to", text)
        self.assertIn("legacy", text)
        port, text = self.once(self.place, AUTO_FIND_PORT="true")
        self.assertEqual(port, self.block[1])
        self.assertIn(f"{self.wanted} belongs to", text)

    def test_a_registry_that_cannot_be_used_is_a_warning(self):
        os.makedirs(os.path.join(self.place.state, "devinit", "registry.db"))
        port, text = self.once(self.place, "--registry", "/proc/devinit/registry.db")
        self.assertEqual(port, self.wanted)
        self.assertIn("going on without writing leases", text)

    def test_the_registry_of_the_machine_stands_in_for_one_that_cannot_be_reached(self):
        folder = self.place.write("team", "")
        team = os.path.join(folder, "registry.db")
        port, text = self.once(self.place, "--registry", team)
        self.assertIn("going on with the registry of this machine", text)
        self.assertEqual(self.pending(), [("run:web", port, 1)])
        os.unlink(folder)
        os.mkdir(folder)
        service = {"command": listener("--name", "backend"), "port": self.block[5]}
        self.place.write("devinit.json", {"services": {"backend": service}})
        self.place.succeed("start", environment={"DEVINIT_REGISTRY": team})
        self.place.succeed("stop")
        self.assertEqual(self.pending(), [("run:web", port, 0)])
        self.assertEqual(self.pending(team), [("backend", self.block[5], 0), ("run:web", port, 0)])

    def pending(self, path=None):
        with contextlib.closing(sqlite3.connect(path or os.path.join(self.place.state, "devinit", "registry.db"))) as database:
            return sorted(database.execute("SELECT role, port, pending FROM lease"))

    def test_a_registry_that_is_written_wrongly_is_a_mistake(self):
        self.assertIn("mysql", self.refuse(2, "--registry", "mysql://localhost/ports"))

    def test_the_lease_names_the_live_supervisor(self):
        run = self.begin("--name", "web")
        path = os.path.join(self.place.state, "devinit", "registry.db")
        with contextlib.closing(sqlite3.connect(path)) as database:
            (pid,) = database.execute("SELECT pid FROM lease WHERE role = 'run:web'").fetchone()
        self.assertEqual(pid, self.supervisor())
        self.end(run)


class HostOfServices(DevinitTest):
    def start(self, **variables):
        project = self.single("--host", "{host}")
        result = project.succeed("start", environment=variables)
        return project, result

    def address(self, project):
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        return {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == project.block[0]}

    def test_an_address_is_what_they_bind(self):
        project, _result = self.start(HOST="0.0.0.0")
        self.assertEqual(self.address(project), {"00000000"})
        self.assertEqual(project.service()["url"], f"http://localhost:{project.block[0]}")

    def test_one_address_of_the_network_is_in_the_url_but_loopback_is_localhost(self):
        project, _result = self.start(HOST="127.0.0.1")
        self.assertEqual(self.address(project), {"0100007F"})
        self.assertEqual(project.runtime_env()["BACKEND_URL"], f"http://localhost:{project.block[0]}")

    def test_the_name_of_the_machine_is_ignored_and_told(self):
        project, result = self.start(HOST="build-7")
        self.assertEqual(self.address(project), {"0100007F"})
        self.assertEqual(result.err.count("HOST is `build-7`"), 1, result.err)


def debian_python():
    """The distribution's interpreter, when it has both servers."""
    python = "/usr/bin/python3"
    try:
        found = subprocess.run([python, "-c", "import uvicorn, flask"], capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return None
    return python if found else None


@unittest.skipUnless(debian_python(), "uvicorn and flask are not installed")
class RealServers(Run):
    APP = ("async def app(scope, receive, send):\n"
           "    if scope['type'] != 'http': return\n"
           "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
           "    await send({'type': 'http.response.body', 'body': b'from uvicorn'})\n")

    def test_uvicorn(self):
        self.place.write("asgi.py", self.APP)
        run = self.begin(command=["/usr/bin/python3", "-m", "uvicorn", "asgi:app"], LOG_LEVEL="debug")
        self.assertEqual(self.place.get(self.wanted), "from uvicorn")
        if "Uvicorn running" not in run.text:
            run.expect("Uvicorn running")
        self.end(run)

    def test_uvicorn_with_reload(self):
        self.place.write("asgi.py", self.APP)
        run = self.begin(command=["/usr/bin/python3", "-m", "uvicorn", "asgi:app"], RELOAD="true")
        self.assertEqual(self.place.get(self.wanted), "from uvicorn")
        self.end(run)

    def test_flask(self):
        self.place.write("web.py", "from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef root(): return 'from flask'\n")
        run = self.begin(command=["/usr/bin/python3", "-m", "flask", "--app", "web", "run"])
        self.assertEqual(self.place.get(self.wanted), "from flask")
        self.end(run)


if __name__ == "__main__":
    harness.main()
