"""The house rules that a script can check. Every violation is listed, not only the first one.

- `#include "folder/…"` in src/ points to a folder that the table in docs/architecture.md allows;
- POSIX headers stay in src/os and src/guardian (<sys/types.h> is vocabulary and allowed everywhere);
- .cpp files have at most 500 lines, .hpp files 150;
- no file, folder or identifier is called after nothing in particular;
- src/ does not throw.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

LINE_CAPS = {".cpp": 500, ".hpp": 150}
EMPTY_NAMES = ("util", "utils", "helper", "helpers", "manager", "common", "misc")
# What npm, pnpm and yarn are called everywhere: a word of the field, not an empty one.
WORDS_OF_THE_FIELD = ("PackageManager", "package_manager")
KERNEL_FOLDERS = ("os", "guardian")
POSIX_HEADERS = re.compile(
    r"(?:sys|linux|netinet|arpa|net|asm)/.*"
    r"|(?:aio|dirent|dlfcn|fcntl|fnmatch|ftw|glob|grp|ifaddrs|langinfo|mqueue|netdb|poll|pthread|pty|pwd|regex|sched|semaphore"
    r"|signal|spawn|strings|syslog|termios|ucontext|unistd|utime|wait|wordexp)\.h"
)
ALLOWED_EVERYWHERE = {"sys/types.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
COMMENT_OR_LITERAL = re.compile(
    r'R"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)"|//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'', re.DOTALL
)
TYPE_NAME = re.compile(r"\b(?:class|struct|enum(?:\s+class)?|union|namespace|concept)\s+([A-Za-z_]\w*)")


def read_table():
    """The rows of the architecture page: folder → (folders it may include, single headers it may include)."""
    rules = {}
    for line in ARCHITECTURE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"[a-z]+(?:\.cpp)?", cells[0]) and cells[0] != "folder":
            rules[cells[0]] = cells[2]
    table = {}
    for folder, text in rules.items():
        words = [word.strip() for word in text.split(",")]
        allowed = {folder}
        for word in words:
            if word == "all of the above":
                allowed |= set(list(rules)[: list(rules).index(folder)])
            elif "/" in word or re.fullmatch(r"[a-z]+", word):
                allowed.add(word)
        table[folder] = allowed
    return table


def source_files():
    return sorted(path for path in SOURCE.rglob("*") if path.suffix in (".cpp", ".hpp", ".h", ".cc", ".c"))


def place(path, text, offset):
    return f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, offset) + 1}"


def folder_of(path):
    """The layer that a file belongs to; files directly under src/ are their own row."""
    parts = path.relative_to(SOURCE).parts
    return parts[0]


def code_of(text):
    """The text with comments and literals blanked out, offsets unchanged."""
    return COMMENT_OR_LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def include_violations(path, text, table):
    folder = folder_of(path)
    if folder not in table:
        yield f"{path.relative_to(ROOT)}: no row for `{folder}` in docs/architecture.md"
        return
    for match in INCLUDE.finditer(text):
        target = match.group(1)
        if target and "/" not in target:
            yield f'{place(path, text, match.start())}: "{target}" names no folder'
        elif target and target.split("/")[0] not in table[folder] and target not in table[folder]:
            yield f'{place(path, text, match.start())}: {folder} must not include "{target}"'


def kernel_violations(path, text):
    if folder_of(path) in KERNEL_FOLDERS:
        return
    for match in INCLUDE.finditer(text):
        header = match.group(2)
        if header and header not in ALLOWED_EVERYWHERE and POSIX_HEADERS.fullmatch(header):
            yield f"{place(path, text, match.start())}: <{header}> belongs into src/os or src/guardian"


def length_violations(path, text):
    lines = text.count("\n") + (not text.endswith("\n"))
    cap = LINE_CAPS.get(path.suffix)
    if cap and lines > cap:
        yield f"{path.relative_to(ROOT)}: {lines} lines, at most {cap}"


def is_empty_name(name):
    """`file_utils`, `PortManager` and `common` say nothing about what is inside."""
    for word in WORDS_OF_THE_FIELD:
        name = name.replace(word, "")
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(word.lower() in EMPTY_NAMES for word in words)


def name_violations(path, text):
    for part in path.relative_to(SOURCE).with_suffix("").parts:
        if is_empty_name(part):
            yield f"{path.relative_to(ROOT)}: `{part}` says nothing"
    code = code_of(text)
    for match in TYPE_NAME.finditer(code):
        if is_empty_name(match.group(1)):
            yield f"{place(path, text, match.start())}: `{match.group(1)}` says nothing"


def throw_violations(path, text):
    for match in re.finditer(r"\bthrow\b", code_of(text)):
        yield f"{place(path, text, match.start())}: `throw`; return an Error"


class Layering(unittest.TestCase):
    maxDiff = None

    def check(self, rule):
        violations = [problem for path in source_files() for problem in rule(path, path.read_text(encoding="utf-8"))]
        if violations:
            self.fail(f"{len(violations)} violations:\n" + "\n".join(violations))

    def test_the_table_names_every_folder_and_every_folder_has_a_row(self):
        folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.rglob("*.?pp"))}
        rows = {row for row in read_table() if not row.endswith(".cpp")}
        self.assertEqual(folders - rows, set())
        self.assertTrue({"base", "os", "engine", "guardian"} <= rows)

    def test_includes_point_down(self):
        table = read_table()
        self.check(lambda path, text: include_violations(path, text, table))

    def test_the_table_itself_has_no_cycle(self):
        table = read_table()

        def visit(folder, trail):
            self.assertNotIn(folder, trail, " → ".join(trail + [folder]))
            for below in table.get(folder, ()):
                if below != folder and "/" not in below:
                    visit(below, trail + [folder])

        for folder in table:
            visit(folder, [])

    def test_posix_headers_stay_in_their_folders(self):
        self.check(kernel_violations)

    def test_files_are_short(self):
        self.check(length_violations)

    def test_names_say_something(self):
        self.check(name_violations)

    def test_nothing_throws(self):
        self.check(throw_violations)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
