#!/usr/bin/env python3
"""Writes the tables of docs/configuration.md that show config/presets.json, between the markers `<!-- presets -->` and
`<!-- preparation -->` and their ends. `--check` writes nothing and exits 1 when the page is out of date."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "configuration.md"


def code(text):
    return "`" + text.replace("|", "\\|") + "`"


def codes(texts, separator=", "):
    return separator.join(code(text) for text in texts)


def describe_clue(clue):
    parts = []
    if clue.get("files"):
        parts.append(codes(clue["files"]))
    if clue.get("texts"):
        parts[-1] += " with the text " + codes(clue["texts"], " or ")
    if clue.get("dependencies"):
        parts.append("dependency " + codes(clue["dependencies"], " or "))
    if clue.get("scripts"):
        runs = f", whose last command is {code(clue['script_runs'])}" if clue.get("script_runs") else ""
        parts.append("script " + codes(clue["scripts"], " or ") + runs)
    return "; ".join(parts)


def preset_table(data):
    lines = ["| preset | recognised by | command | port | prepared by | environment |", "|---|---|---|---|---|---|"]
    for preset in data["presets"]:
        clues = "; or ".join(describe_clue(clue) for clue in preset["clues"])
        command = code(preset["command"])
        if preset.get("port_args"):
            command += " with " + code(preset["port_args"])
        variables = codes((f"{name}={value}" for name, value in preset.get("env", {}).items()), " ")
        cells = [code(preset["name"]), clues, command, str(preset["default_port"]), preset.get("prepare", "–"), variables or "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def preparation_table(data):
    managers = "; ".join(f"{codes(m['lock_files'])} → {code(m['install'])}" for m in data["package_managers"])
    lines = ["| check | is there already | commands, the first that applies |", "|---|---|---|"]
    for name, check in data["prepare_checks"].items():
        rules = "; ".join(f"{code(rule['file'])} → {code(rule['command'])}" for rule in check.get("rules", []))
        if check.get("by_package_manager"):
            rules = managers + "; without a lock file → " + code("npm install") + ", or what `packageManager` names"
        lines.append(f"| {name} | {codes(check['satisfied_by'], ' or ')} | {rules} |")
    return lines


def with_tables(page):
    data = json.loads((ROOT / "config" / "presets.json").read_text(encoding="utf-8"))
    for name, lines in (("presets", preset_table(data)), ("preparation", preparation_table(data))):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        block = "\n".join([begin, *lines, end])
        page, found = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda _: block, page, flags=re.DOTALL)
        if found != 1:
            sys.exit(f"{PAGE}: {begin} must stand there once, with its end")
    return page


def main():
    page = PAGE.read_text(encoding="utf-8")
    updated = with_tables(page)
    if "--check" in sys.argv[1:]:
        sys.exit(None if updated == page else f"{PAGE} is out of date: run {pathlib.Path(__file__).name}")
    PAGE.write_text(updated, encoding="utf-8")


if __name__ == "__main__":
    main()
