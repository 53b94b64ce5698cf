"""Entry point of the console command `coverage`.

Commands are listed here and imported when they run, so that
``coverage --help`` loads click and nothing else.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module

import click

from coverage.errors import CoverageError, InputError

_COMMANDS: dict[str, tuple[str, str]] = {
    "report": (
        "coverage.cli.report:report",
        "现状、目标与缺口 · Where a city stands against its plan.",
    ),
    "circle": (
        "coverage.cli.circle:circle",
        "服务圈与可达人口 · Circles over roads, and the people within them.",
    ),
    "route": (
        "coverage.cli.circle:route",
        "解释一次出行 · Why a place is covered, or not.",
    ),
    "site": ("coverage.cli.site:site", "选址 · Where to build."),
    "scenario": (
        "coverage.cli.scenario:scenario",
        "情景比较 · What edits would change: run, check and show scenario files.",
    ),
    "map": (
        "coverage.cli.map:map_",
        "地图 · A map as one offline page, or for paper.",
    ),
    "brief": (
        "coverage.cli.brief:brief",
        "会议材料 · Documents for a meeting: Word, slides, workbook, page, layers.",
    ),
    "replay": ("coverage.cli.brief:replay", "复核 · Compute a brief again from its record."),
    "roads": ("coverage.cli.roads:roads", "路网 · Check and download road networks."),
    "init": ("coverage.cli.workspace:init", "新建工作区 · Make a workspace of your own."),
    "import": ("coverage.cli.imports:import_", "导入自己的数据 · Bring your own data."),
    "rebase": (
        "coverage.cli.rebase:rebase",
        "新旧区划换算 · An earlier year's data on today's units, and back.",
    ),
    "fetch": ("coverage.cli.workspace:fetch", "下载公开数据 · Download public data into it."),
    "check": ("coverage.cli.workspace:check", "数据是否够用 · What the data is fit for."),
    "plan": ("coverage.cli.browse:plan", "规划指标与条款 · The indicators and clauses of a plan."),
    "cities": ("coverage.cli.browse:cities", "随附的城市 · The cities that ship."),
    "sources": (
        "coverage.cli.browse:sources",
        "数据来源与许可 · What the data is, and its licences.",
    ),
}

# A disk that is full or may not be written is no fault of the program's.
_REFUSED_BY_DISK = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM")
    if hasattr(errno, name)  # Windows does not know them all
}


class _LazyGroup(click.Group):
    """A group that knows its commands' one-line help and imports them on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint} Commands: {', '.join(_COMMANDS)}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from coverage import __version__

    click.echo(f"facility-coverage {__version__}")
    ctx.exit()


@click.command(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="例 Example:  coverage report --city 清远",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """民政设施覆盖与选址工具。 Facility siting and coverage for civil-affairs planners."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; bad input prints one line per problem and exits with 2."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe under LANG=C would otherwise refuse Chinese.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        cli.main(args=args, prog_name="coverage", standalone_mode=False)
    except CoverageError as error:
        _complain(error)
        sys.exit(2)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("已中断 Aborted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of the pipe (head, less) has seen enough.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _REFUSED_BY_DISK:
            raise
        where = f"{error.filename}: " if error.filename else ""
        click.echo(
            f"错误 error: {where}磁盘写不进去 · the disk refuses ({error.strerror})", err=True
        )
        sys.exit(2)


def _complain(error: CoverageError) -> None:
    problems = error.problems if isinstance(error, InputError) else (error,)
    for problem in problems:
        click.echo(f"错误 error: {problem}", err=True)
    if len(problems) > 1:
        click.echo(f"共 {len(problems)} 处 ({len(problems)} problems)", err=True)


if __name__ == "__main__":
    main()
