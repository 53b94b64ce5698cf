"""Entry point of the console command `coverage`.

Commands are listed here and imported when they run, so that
``coverage --help`` loads click and nothing else.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial
from importlib import import_module
from typing import TextIO

import click

from coverage.cli.ending import ended
from coverage.cli.grammar import Group, Option, command, language_of
from coverage.messages import Said

# Where each command is, and what it does in a line.
_COMMANDS: dict[str, tuple[str, Said]] = {
    "report": ("report:report", Said("现状、目标与缺口", "Where a city stands against its plan.")),
    "circle": (
        "circle:circle",
        Said("服务圈与可达人口", "Circles over roads, and the people within them."),
    ),
    "route": ("circle:route", Said("解释一次出行", "Why a place is covered, or not.")),
    "site": ("site:site", Said("选址", "Where to build.")),
    "scenario": (
        "scenario:scenario",
        Said("情景比较", "What edits would change: run, check and show scenario files."),
    ),
    "map": ("map:map_", Said("地图", "A map as one offline page, or for paper.")),
    "brief": (
        "brief:brief",
        Said("会议材料", "Documents for a meeting: Word, slides, workbook, page, layers."),
    ),
    "replay": ("brief:replay", Said("复核会议材料", "Compute a brief again from its record.")),
    "roads": ("roads:roads", Said("路网的检查与下载", "Check and download road networks.")),
    "init": ("workspace:init", Said("新建工作区", "Make a workspace of your own.")),
    "import": ("imports:import_", Said("导入自己的数据", "Bring your own data.")),
    "rebase": (
        "rebase:rebase",
        Said("新旧区划换算", "An earlier year's data on today's units, and back."),
    ),
    "fetch": ("workspace:fetch", Said("下载公开数据", "Download public data into it.")),
    "check": ("workspace:check", Said("数据是否够用", "What the data is fit for.")),
    "plan": ("browse:plan", Said("规划指标与条款", "The indicators and clauses of a plan.")),
    "cities": ("browse:cities", Said("随附的城市", "The cities that ship.")),
    "sources": ("browse:sources", Said("数据来源与许可", "What the data is, and its licences.")),
}


class _LazyGroup(Group):
    """A group that knows its commands' one-line help and imports them on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of a planner's work."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"coverage.cli.{module}"), attribute)
        return command

    def summaries(self, ctx: click.Context) -> dict[str, Said]:  # noqa: ARG002
        """One line a command, without importing it."""
        return {name: said for name, (_, said) in _COMMANDS.items()}


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from coverage import __version__

    click.echo(f"facility-coverage {__version__}")
    ctx.exit()


@command(
    "民政设施覆盖与选址工具。",
    "coverage report --city 清远",
    cls=_LazyGroup,
)
@click.option(
    "--version",
    cls=Option,
    said=Said("显示版本号", "Show the version."),
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
)
def cli() -> None:
    """Facility siting and coverage for civil-affairs planners."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; `coverage.cli.ending` says how it ends."""
    if args is None and sys.getfilesystemencoding() == "ascii":
        # A locale that knows no Chinese, of names neither: begin again as if it were UTF-8.
        again = [sys.executable, "-X", "utf8", "-m", "coverage.cli.main", *sys.argv[1:]]
        os.execv(sys.executable, again)  # noqa: S606 -- itself
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=_encoding(stream), errors="replace")
    if args is None:
        args = sys.argv[1:]
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # what libraries tell developers is nobody's else
    lang = language_of(args)
    run = partial(cli.main, args=args, prog_name="coverage", standalone_mode=False, obj=lang)
    if code := ended(run, lang):
        sys.exit(code)


def _encoding(stream: TextIO) -> str:
    """UTF-8, as a pipe under LANG=C would refuse Chinese; a terminal's own if it can write it."""
    own = stream.encoding or ""
    try:
        return own if stream.isatty() and "覆盖率".encode(own) else "utf-8"
    except (LookupError, UnicodeError):
        return "utf-8"


if __name__ == "__main__":
    main()
