""".ports.json and devinit.json: every wrong content is one clear answer, exit code 2 and an untouched file; every right one is kept as it is."""

import os

import harness
from harness import FULL_SCALE, DevinitTest

WRONG_PORTS = ["0", "-1", "65536", "70000", "3000.5", "3e3", '"3000"', "true", "null", "[3000]", '{"port": 3000}', "010", "99999999999"]


class WrongFile(DevinitTest):
    """Rules for a file that people edit, whatever is wrong with it."""

    def assert_refused(self, project, name, command="start"):
        before = self.snapshot(project.path(name))
        result = project.expect_code(2, command)
        self.assertIn(name, result.err)
        self.assertIn("devinit: error:", result.err)
        self.assertEqual(self.snapshot(project.path(name)), before)
        self.assertEqual(project.events.all(), [], "a service was started")
        return result

    @staticmethod
    def snapshot(path):
        """What must not change: identity, kind, time of change and (of a small file) content."""
        status = os.lstat(path)
        content = None
        if os.path.isfile(path) and status.st_size < 1 << 20:
            with open(path, "rb") as file:
                content = file.read()
        return (status.st_ino, status.st_mode, status.st_mtime_ns, status.st_size, content)


class WrongPorts(WrongFile):
    def test_what_is_no_port(self):
        project = self.single()
        for value in WRONG_PORTS:
            with self.subTest(value):
                project.write(".ports.json", f'{{\n  "backend": {value}\n}}\n')
                result = self.assert_refused(project, ".ports.json")
                self.assertRegex(result.err, r"\.ports\.json:2:\d+")

    def test_all_mistakes_at_once(self):
        project = self.pair()
        project.write(".ports.json", '{\n  "backend": 0,\n  "frontend": "3000",\n  "redis": 65536\n}\n')
        result = self.assert_refused(project, ".ports.json")
        for line in (2, 3, 4):
            self.assertIn(f".ports.json:{line}:", result.err)

    def test_duplicate_keys(self):
        project = self.single()
        project.write(".ports.json", f'{{"backend": {project.block[0]}, "backend": {project.block[1]}}}')
        self.assertIn("backend", self.assert_refused(project, ".ports.json").err)

    def test_not_an_object(self):
        project = self.single()
        for text in ("", "   \n", "[]", "3000", "null", '"x"', "{} {}", "{,}", '{"backend": 3000,}', "// no\n{}"):
            with self.subTest(text):
                project.write(".ports.json", text)
                self.assert_refused(project, ".ports.json")

    def test_truncated_at_every_byte(self):
        project = self.pair()
        whole = f'{{"backend": {project.block[0]}, "frontend": {project.block[1]}, "postgres": 5432}}'
        for length in range(len(whole)):
            project.write(".ports.json", whole[:length])
            self.assert_refused(project, ".ports.json")

    def test_deep_nesting(self):
        project = self.single()
        for depth in (65, 100_000):
            project.write(".ports.json", '{"backend": ' + "[" * depth + "]" * depth + "}")
            self.assert_refused(project, ".ports.json")

    def test_a_hundred_megabytes(self):
        project = self.single()
        with open(project.path(".ports.json"), "wb") as file:
            file.write(b"{")
            file.truncate(100 << 20)
        self.assertIn("104857600", self.assert_refused(project, ".ports.json").err)

    def test_bytes_that_are_no_text(self):
        project = self.single()
        for content in (b"\0" * 100, b'{"a\xff": 3000}', '{"backend": 3000}'.encode("utf-16")):
            with self.subTest(content[:20]):
                project.write(".ports.json", content)
                self.assert_refused(project, ".ports.json")

    def test_what_is_no_regular_file(self):
        project = self.single()
        path = project.path(".ports.json")
        os.mkfifo(path)
        self.assertRegex(self.assert_refused(project, ".ports.json").err, "(?i)fifo|pipe")
        os.remove(path)
        os.mkdir(path)
        self.assertIn("directory", self.assert_refused(project, ".ports.json").err)
        os.rmdir(path)
        os.symlink("/dev/zero", path)
        self.assert_refused(project, ".ports.json")

    def test_a_link_out_of_the_project(self):
        project = self.single()
        outside = os.path.join(project.temporary, "outside.json")
        with open(outside, "w", encoding="utf-8") as file:
            file.write(f'{{"backend": {project.block[3]}}}')
        os.symlink(outside, project.path(".ports.json"))
        self.assertIn("outside", self.assert_refused(project, ".ports.json").err)
        with open(outside, encoding="utf-8") as file:
            self.assertEqual(file.read(), f'{{"backend": {project.block[3]}}}')

    def test_a_link_inside_the_project_is_followed(self):
        project = self.single()
        project.write("settings/ports.json", {"backend": project.block[3]})
        os.symlink("settings/ports.json", project.path(".ports.json"))
        project.succeed("start")
        self.assertTrue(os.path.islink(project.path(".ports.json")))
        self.assertEqual(project.service()["port"], project.block[3])


class Kept(DevinitTest):
    def test_bom_and_crlf(self):
        project = self.single()
        project.write(".ports.json", b"\xef\xbb\xbf{\r\n" + f'  "backend": {project.block[4]}\r\n}}\r\n'.encode())
        project.succeed("start")
        self.assertEqual(project.service()["port"], project.block[4])

    def test_unknown_keys_and_their_order(self):
        project = self.pair()
        holder = project.stranger(port=project.block[0])
        ports = {"redis": 6379, "frontend": project.block[1], "zeta": 1, "backend": project.block[0], "alpha": 65535}
        project.write(".ports.json", ports)
        project.succeed("start")
        self.assertEqual(list(project.ports()), list(ports))
        self.assertEqual(project.ports(), {**ports, "backend": project.block[2]})
        self.assertIsNone(holder.poll())

    def test_passive_keys_are_exported_and_never_wanted(self):
        project = self.single()
        project.write(".ports.json", {"backend": project.block[0], "postgres": project.block[8]})
        project.stranger(port=project.block[8])
        project.succeed("start", "--force")
        self.assertEqual(project.get(project.block[0], "/env/POSTGRES_PORT"), str(project.block[8]))
        self.assertEqual(project.runtime_env()["POSTGRES_PORT"], str(project.block[8]))
        self.assertEqual(project.ports()["postgres"], project.block[8])
        self.assertEqual(project.identity(project.block[8])["name"], "stranger")
        self.assertEqual(project.run("status").code, 0)
        self.assertTrue(project.service("postgres")["external"])

    def test_a_service_that_is_gone_leaves_no_key_of_its_own(self):
        project = self.pair(ports=None)
        project.succeed("start")
        project.succeed("stop")
        ports = project.ports()
        project.write(".ports.json", {**ports, "redis": project.block[5]})
        config = self.pair_config(project.block[0], project.block[1])
        config["services"]["renamed"] = config["services"].pop("frontend")
        config["services"]["renamed"]["port"] = project.block[2]
        project.write("devinit.json", config)
        project.succeed("start", "renamed")
        self.assertNotIn("frontend", project.ports())
        self.assertEqual(project.ports()["redis"], project.block[5])
        self.assertNotIn("FRONTEND_PORT", project.runtime_env())
        self.assertNotIn("frontend", [service["name"] for service in project.status()["services"]])

    def test_what_a_person_wrote_for_a_service_that_is_gone_stays(self):
        project = self.pair()
        project.succeed("start")
        project.succeed("stop")
        project.write(".ports.json", {**project.ports(), "frontend": project.block[7]})
        config = self.pair_config(project.block[0], project.block[1])
        del config["services"]["frontend"]
        project.write("devinit.json", config)
        project.succeed("start")
        self.assertEqual(project.ports()["frontend"], project.block[7])

    def test_a_passive_port_is_never_handed_out(self):
        project = self.single()
        project.stranger(port=project.block[0])
        project.write(".ports.json", {"backend": project.block[0], "postgres": project.block[1]})
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[2], "postgres": project.block[1]})

    def test_permissions_of_the_file(self):
        project = self.single()
        project.stranger(port=project.block[0])
        os.chmod(project.write(".ports.json", {"backend": project.block[0]}), 0o640)
        project.succeed("start")
        self.assertEqual(os.stat(project.path(".ports.json")).st_mode & 0o777, 0o640)

    def test_the_config_as_its_users_write_it(self):
        project = self.single()
        text = "\ufeff// the services\r\n" + project.read("devinit.json").replace("\n", "\r\n") + "\r\n/* end */"
        project.write("devinit.json", text)
        project.succeed("start")
        self.assertEqual(project.read("devinit.json"), text.replace("\r\n", "\n"))


class HandSet(DevinitTest):
    def test_a_number_changed_by_hand_is_the_preference_from_then_on(self):
        project = self.single()
        project.succeed("start")
        project.succeed("stop")
        project.write(".ports.json", {"backend": project.block[6]})
        for _ in range(2):
            project.succeed("start")
            self.assertEqual(project.service()["port"], project.block[6])
            project.succeed("stop")

    def test_it_heals_back_after_a_fallback(self):
        project = self.single(ports=None)
        project.write(".ports.json", {"backend": project.block[6]})
        holder = project.stranger(port=project.block[6])
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[7]})
        project.succeed("stop")
        holder.kill()
        holder.wait()
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[6]})

    def test_status_tells_where_the_port_comes_from(self):
        project = self.single()
        project.succeed("start")
        self.assertEqual(project.service()["port_source"], "devinit.json")
        project.succeed("stop")
        project.write(".ports.json", {"backend": project.block[6]})
        project.succeed("start")
        self.assertEqual(project.service()["port_source"], "hand-set in .ports.json")

    def test_deleting_the_file_while_stopped_resets(self):
        project = self.single()
        project.write(".ports.json", {"backend": project.block[6]})
        project.succeed("start")
        project.succeed("stop")
        os.remove(project.path(".ports.json"))
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[0]})

    def test_deleting_the_file_while_running_writes_it_again(self):
        project = self.single()
        project.write(".ports.json", {"backend": project.block[6]})
        project.succeed("start")
        os.remove(project.path(".ports.json"))
        project.succeed("start")
        self.assertEqual(project.ports(), {"backend": project.block[6]})


class WrongConfig(WrongFile):
    def test_all_mistakes_at_once_with_their_places(self):
        project = self.project()
        project.write(
            "devinit.json",
            "{\n"
            '  "servces": {},\n'
            '  "services": {\n'
            '    "backend": {\n'
            '      "command": 5,\n'
            '      "prot": 8000,\n'
            '      "port": 70000,\n'
            '      "stop": {"grace": 5}\n'
            "    },\n"
            '    "frontend": {"command": "x", "depends_on": ["bakend"], "port": true}\n'
            "  }\n"
            "}\n",
        )
        result = self.assert_refused(project, "devinit.json")
        for line in (2, 5, 6, 7, 8, 10):
            self.assertRegex(result.err, rf"devinit\.json:{line}:\d+", f"no mistake of line {line}:\n{result.err}")
        for suggestion in ("services", "port", "backend"):
            self.assertIn(f"`{suggestion}`", result.err)

    def test_wrong_ports(self):
        project = self.project()
        for value in WRONG_PORTS:
            if value in ("null", '{"port": 3000}'):
                continue
            with self.subTest(value):
                project.write("devinit.json", f'{{"services": {{"backend": {{"command": "true", "port":\n {value}\n}}}}}}')
                self.assertRegex(self.assert_refused(project, "devinit.json").err, r"devinit\.json:\d+:\d+")

    def test_a_cycle_is_shown_with_its_path(self):
        project = self.project()
        services = {name: {"command": "true", "depends_on": [needs]} for name, needs in (("a", "b"), ("b", "c"), ("c", "a"))}
        project.write("devinit.json", {"services": services})
        self.assertRegex(self.assert_refused(project, "devinit.json").err, r"a\W+b\W+c\W+a|b\W+c\W+a\W+b|c\W+a\W+b\W+c")

    def test_a_template_that_names_nothing(self):
        project = self.project({"services": {"backend": {"command": "run {bakend.port}", "port": 8000}}})
        self.assertIn("bakend", self.assert_refused(project, "devinit.json").err)

    def test_truncated_at_every_byte(self):
        project = self.single()
        whole = project.read("devinit.json")
        step = 1 if FULL_SCALE else 3
        for length in range(0, len(whole) - 1, step):
            project.write("devinit.json", whole[:length])
            self.assert_refused(project, "devinit.json")

    def test_hostile_files(self):
        project = self.project()
        path = project.path("devinit.json")
        for content in (b"", b"[" * 100_000, b"\0" * 64, b'{"services": {"\xff": {}}}', b"[]", b'{"services": 3}'):
            with self.subTest(content[:20]):
                project.write("devinit.json", content)
                self.assert_refused(project, "devinit.json")
        with open(path, "wb") as file:
            file.truncate(100 << 20)
        self.assert_refused(project, "devinit.json")
        os.remove(path)
        os.mkfifo(path)
        self.assert_refused(project, "devinit.json")
        os.remove(path)
        os.mkdir(path)
        self.assert_refused(project, "devinit.json")

    def test_a_link_out_of_the_project(self):
        project = self.project()
        os.symlink("/etc/hostname", project.path("devinit.json"))
        self.assertIn("outside", self.assert_refused(project, "devinit.json").err)


if __name__ == "__main__":
    harness.main()
