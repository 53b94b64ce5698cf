"""Write docs/api.md, docs/cli.md and a table of docs/circles.md from the code, or check them.

python scripts/reference.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import coverage as cov
from coverage.cli.main import cli
from coverage.roads.access import rules
from coverage.roads.network import MODES

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
TABLE = ("<!-- made by scripts/reference.py -->", "<!-- end -->")
NOTE = "<!-- Made by scripts/reference.py from the code: change that, not this page. -->"


def api() -> str:
    """Every public name: how it is called, and what it says of itself."""
    parts = [
        "# Python: every public name",
        NOTE,
        "`import coverage as cov`; what analysts do with it is in [python.md](python.md).",
    ]
    for name in sorted(n for n in cov.__all__ if not n.startswith("__")):
        thing = getattr(cov, name)
        parts.append(f"## cov.{name}")
        if inspect.isclass(thing):
            parts += [_said(thing), *_methods(name, thing)]
        else:
            parts += [_call(f"cov.{name}", thing), _said(thing)]
    return "\n\n".join(parts) + "\n"


def _methods(name: str, thing: type) -> Iterator[str]:
    for own, member in sorted(vars(thing).items()):
        if own.startswith("_") or not inspect.getdoc(member):
            continue
        function = getattr(member, "__func__", member)
        if inspect.isfunction(function):
            yield f"### {name}.{own}"
            yield _call(f"{name}.{own}", function)
            yield _said(function)
        else:
            first = (inspect.getdoc(member) or "").partition("\n")[0]
            yield f"### {name}.{own}\n\n{first}"


def _call(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    given = [p for p in signature.parameters.values() if p.name not in {"self", "cls"}]
    shown = str(signature.replace(parameters=given)).replace("'", "")
    if len(name) + len(shown) > 90 and given:
        lines = [str(p).replace("'", "") for p in given]
        star = next((n for n, p in enumerate(given) if p.kind is p.KEYWORD_ONLY), None)
        if star is not None:
            lines.insert(star, "*")
        back = signature.return_annotation
        shown = "(\n" + "".join(f"    {line},\n" for line in lines) + f") -> {back}"
    return f"```python\n{name}{shown}\n```"


def _said(thing: Any) -> str:
    return f"```text\n{inspect.getdoc(thing)}\n```"


def command_line() -> str:
    """Help of every command, in Chinese and in English."""
    parts = [
        "# 命令行 · The command line",
        NOTE,
        "每个命令都有 `--lang zh|en`；不给则看环境变量 `COVERAGE_LANG`，再看系统语言。",
        "Every command takes `--lang zh|en`; without it `COVERAGE_LANG` decides, then the locale.",
    ]
    for path in _commands(cli):
        parts.append(f"## {' '.join(('coverage', *path))}")
        parts += [f"```text\n{_help(path, lang)}\n```" for lang in ("zh", "en")]
    return "\n\n".join(parts) + "\n"


def _commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    yield before
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _commands(found, (*before, name))
        else:
            yield (*before, name)


def _help(path: tuple[str, ...], lang: str) -> str:
    command: click.Command = cli
    context = click.Context(cli, info_name="coverage", obj=lang)
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(context, name)
        assert found is not None
        command = found
        context = click.Context(command, info_name=name, parent=context)
    with context:
        return command.get_help(context).rstrip()


def ways() -> str:
    """docs/circles.md, its table of who may use which way taken from the rules."""
    table = rules()
    rows: dict[str, list[str]] = {}
    for highway, flags in table["classes"].items():
        choice = table["by_choice"].get(highway, 0)
        words = [
            "yes" if flags & f else "by profile" if choice & f else "–" for f in MODES.values()
        ]
        rows.setdefault(" | ".join(words), []).append(f"`{highway}`")
    lines = ["| way | on foot | by bicycle | by car |", "|---|---|---|---|"]
    lines += [f"| {', '.join(names)} | {words} |" for words, names in rows.items()]
    before, start, rest = (DOCS / "circles.md").read_text(encoding="utf-8").partition(TABLE[0])
    _, end, after = rest.partition(TABLE[1])
    return before + start + "\n".join(["", *lines, ""]) + end + after


def main() -> int:
    """Write the pages, or name those that are not what they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wrong = []
    for name, text in (
        ("api.md", api()),
        ("cli.md", command_line()),
        ("circles.md", ways()),
    ):
        path = DOCS / name
        if check:
            old = path.read_text(encoding="utf-8") if path.is_file() else ""
            wrong += [name] if old != text else []
        else:
            path.write_text(text, encoding="utf-8")
    if wrong:
        print(f"run python scripts/reference.py: {', '.join(wrong)} differ from the code")
    return len(wrong)


if __name__ == "__main__":
    os.environ.pop("COVERAGE_LANG", None)
    sys.exit(main())
