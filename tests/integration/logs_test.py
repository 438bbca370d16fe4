"""`logs`: what services print is kept, shown and followed; it never blocks or ends a service."""

import os
import stat

import harness
from harness import FULL_SCALE, DevinitTest
from waiting import wait_until


class Show(DevinitTest):
    def test_the_last_lines(self):
        project = self.single("--print-lines", "50")
        project.succeed("start")
        lines = project.succeed("logs", "backend", "-n", "3").out.splitlines()
        self.assertEqual([line.split()[-1] for line in lines], ["48", "49", "50"])

    def test_no_lines(self):
        project = self.single("--print-lines", "50")
        project.succeed("start")
        self.assertEqual(project.succeed("logs", "-n", "0").out, "")

    def test_every_service_is_named(self):
        project = self.pair(backend=["--print-text", "from the back"], frontend=["--print-text", "from the front"])
        project.succeed("start")
        text = project.succeed("logs").out
        self.assertRegex(text, r"backend.*from the back")
        self.assertRegex(text, r"frontend.*from the front")
        self.assertNotIn("from the front", project.succeed("logs", "backend").out)

    def test_after_the_end(self):
        project = self.single("--crash", "--print-text", "last words", settings={"restart": "never"})
        project.run("start")
        self.assertIn("last words", project.succeed("logs").out)
        project.succeed("stop")
        self.assertIn("last words", project.succeed("logs").out)

    def test_a_last_line_without_an_end_is_kept(self):
        project = self.single("--crash", "--partial-text", "half a line", settings={"restart": "never"})
        project.run("start")
        self.assertIn("half a line", project.succeed("logs").out)

    def test_both_streams(self):
        project = self.project()
        command = "echo to stdout; echo to stderr >&2; exec " + " ".join(harness.listener())
        project.write("devinit.json", {"services": {"backend": {"command": command, "port": project.block[0]}}})
        project.succeed("start")
        text = project.succeed("logs").out
        self.assertIn("to stdout", text)
        self.assertIn("to stderr", text)

    def test_bytes_that_are_no_text(self):
        project = self.project()
        command = r"printf 'raw \377\376 bytes\n'; exec " + " ".join(harness.listener())
        project.write("devinit.json", {"services": {"backend": {"command": command, "port": project.block[0]}}})
        project.succeed("start")
        self.assertRegex(project.succeed("logs").out, r"raw .* bytes")
        with open(project.path(".devinit/logs/backend.log"), "rb") as file:
            self.assertIn(b"raw \xff\xfe bytes", file.read())

    def test_only_the_owner_reads_them(self):
        project = self.single("--print-lines", "1")
        project.succeed("start")
        self.assertEqual(stat.S_IMODE(os.stat(project.path(".devinit/logs/backend.log")).st_mode), 0o600)

    def test_no_logs_yet(self):
        project = self.pair()
        self.assertEqual(project.succeed("logs").out, "")

    def test_wrong_counts(self):
        project = self.pair()
        for count in ("-1", "x", "1.5", ""):
            self.assertEqual(project.run("logs", f"--lines={count}").code, 2, count)


class Follow(DevinitTest):
    def test_what_is_printed_from_now_on(self):
        project = self.single("--print-text", "at the start")
        project.succeed("start")
        follower = project.spawn("logs", "-f")
        follower.expect("at the start")
        for word in ("one", "two", "three"):
            project.get(project.block[0], f"/print/{word}")
            follower.expect(word)
        follower.interrupt()
        self.assertIn(follower.wait(), (0, 130))
        self.assertEqual(project.service()["state"], "ready")

    def test_across_a_restart(self):
        project = self.single("--print-text", "hello again")
        project.succeed("start")
        follower = project.spawn("logs", "backend", "-f")
        follower.expect("hello again")
        project.succeed("restart")
        follower.expect("hello again")
        follower.interrupt()
        follower.wait()

    def test_a_file_that_is_deleted(self):
        project = self.single("--print-text", "before")
        project.succeed("start")
        os.remove(project.path(".devinit/logs/backend.log"))
        project.get(project.block[0], "/print/after")
        self.assertEqual(project.service()["state"], "ready")
        project.succeed("stop")
        project.succeed("start")
        self.assertIn("before", project.succeed("logs").out)


class Flood(DevinitTest):
    def test_a_chatty_service_is_neither_blocked_nor_unbounded(self):
        lines = 1_000_000 if FULL_SCALE else 100_000
        project = self.single("--print-lines", str(lines), settings={"log": {"max_size": "200KB", "keep": 2}})
        project.succeed("start")
        wait_until(project.path(".devinit/logs"), lambda: f"line {lines}" in project.succeed("logs", "-n", "1").out)
        folder = project.path(".devinit/logs")
        sizes = [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)]
        self.assertLessEqual(sum(sizes), 4 * 200_000 + 65536)

    def test_one_enormous_line(self):
        project = self.project()
        size = (256 if FULL_SCALE else 16) << 20
        command = f"head -c {size} /dev/zero | tr '\\0' x; echo; echo the next line; exec " + " ".join(harness.listener())
        project.write("devinit.json", {"services": {"backend": {"command": command, "port": project.block[0]}}})
        project.succeed("start")
        project.succeed("logs", "-n", "2")
        self.assertIn("the next line", project.succeed("logs", "-n", "1").out)


if __name__ == "__main__":
    harness.main()
