"""Turns CTest's reports into a table and the plain last line `N passed, N failed`. Exit status 1 when anything failed.

usage: test_summary.py TREE=REPORT.xml…
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple


class Suite(NamedTuple):
    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float


def python_counts(output):
    """unittest: "Ran 12 tests in 3.4s", then "OK (skipped=1)" or "FAILED (failures=1, errors=2)"."""
    ran = re.search(r"^Ran (\d+) tests? in ", output, re.MULTILINE)
    verdict = re.search(r"^(?:OK|FAILED)(?: \((.*)\))?\s*$", output, re.MULTILINE)
    if not ran or not verdict:
        return None
    details = {key: int(value) for key, value in re.findall(r"(?:^|, )([a-z ]+)=(\d+)", verdict.group(1) or "")}
    failed = details.get("failures", 0) + details.get("errors", 0)
    skipped = details.get("skipped", 0)
    return max(int(ran.group(1)) - failed - skipped, 0), failed, skipped


def catch_counts(output):
    """Catch2: "All tests passed (10 assertions in 3 test cases)", or "test cases: 5 | 4 passed | 1 failed"."""
    good = re.search(r"^All tests passed \(.* in (\d+) test cases?\)", output, re.MULTILINE)
    if good:
        return int(good.group(1)), 0, 0
    line = re.search(r"^test cases: .*$", output, re.MULTILINE)
    if not line:
        return None
    passed = re.search(r"(\d+) passed", line.group())
    failed = re.search(r"(\d+) failed", line.group())
    return int(passed.group(1)) if passed else 0, int(failed.group(1)) if failed else 0, 0


def read_case(tree, case):
    output = case.findtext("system-out") or ""
    good = case.get("status") == "run"
    passed, failed, skipped = python_counts(output) or catch_counts(output) or ((1, 0, 0) if good else (0, 1, 0))
    if not good and failed == 0:  # it crashed, hung or failed to end after its last test
        failed = 1
    prefix = "sanitize/" if tree == "sanitize" else ""
    return Suite(prefix + case.get("name"), passed, failed, skipped, float(case.get("time") or 0))


def read_suites(arguments):
    for argument in arguments:
        tree, _, path = argument.partition("=")
        try:
            cases = ElementTree.parse(path).getroot().findall("testcase")
        except (OSError, ElementTree.ParseError) as problem:
            print(f"{tree}: no report: {problem}", file=sys.stderr)
            yield Suite(tree, 0, 1, 0, 0.0)
            continue
        yield from (read_case(tree, case) for case in cases)


def main():
    suites = list(read_suites(sys.argv[1:]))
    width = max([len(suite.name) for suite in suites] + [5])
    print(f"\n{'suite':<{width}}  passed  failed  skipped  seconds")
    for suite in suites:
        print(f"{suite.name:<{width}}  {suite.passed:6}  {suite.failed:6}  {suite.skipped:7}  {suite.seconds:7.1f}")
    failed = sum(suite.failed for suite in suites)
    print(f"\n{sum(suite.passed for suite in suites)} passed, {failed} failed")
    return 1 if failed or not suites else 0


if __name__ == "__main__":
    sys.exit(main())
