"""`coverage scenario`: edits in a small file, and what they change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coverage.cli.options import chosen_city, city_options
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage.city import City
    from coverage.facilities import Register
    from coverage.messages import Lang
    from coverage.scenarios.edits import Scenario
    from coverage.scenarios.live import Question
    from coverage.scenarios.outcome import Comparison

_CRITERIA = ("people", "loss", "targets", "townships", "cost", "cost_per_person")
_EPILOG = """\b
例 Examples:
  coverage scenario list
  coverage scenario run 441700-home
  coverage scenario run 方案一.toml 方案二.toml --city 清远 --rank-by cost_per_person
  coverage scenario run 方案一.toml --year 2025 --year 2030 --profile drive --minutes 20
  coverage scenario run 方案一.toml --out 情景比较 --lang en
"""


@click.group(epilog=_EPILOG)
def scenario() -> None:
    """情景比较。 What edits would change: facilities, roads, people, limits, targets.

    A scenario is a small TOML file that a planner writes by hand, or gets
    from 'coverage site --out'. It is run on a copy in memory; no data file
    is touched.
    """


def _files(command: Callable[..., None]) -> Callable[..., None]:
    """The files, the city, and the register that a command reads them with."""
    command = click.option(
        "--facilities",
        type=click.Path(path_type=Path),
        metavar="FILE.csv",
        help="Your own register instead of the shipped one.",
    )(command)
    command = city_options(command)
    return click.argument("files", nargs=-1, required=True, metavar="FILE…")(command)


_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)


@scenario.command(epilog=_EPILOG)
@_files
@click.option(
    "--year",
    "years",
    type=int,
    multiple=True,
    metavar="YYYY",
    help="What holds at the end of this year; may be given several times. [plan's last]",
)
@click.option(
    "--rank-by",
    type=click.Choice(_CRITERIA),
    default="people",
    show_default=True,
    help="What several scenarios are ranked by.",
)
@click.option("--kind", multiple=True, metavar="KIND", help="Travel to these kinds of facility.")
@click.option("--service", multiple=True, metavar="NAME", help="… that have these services.")
@click.option("--group", default="60+", show_default=True, help="Whose travel times, with --kind.")
@click.option("--minutes", type=float, default=15, show_default=True, help="Limit in minutes.")
@click.option(
    "--profile",
    default="older_walk",
    show_default=True,
    metavar="NAME",
    help="How people travel: a profile or its file.",
)
@click.option(
    "--roads", type=click.Path(path_type=Path), metavar="FILE", help="A road file of your own."
)
@click.option(
    "--population",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A raster or table of people of your own.",
)
@click.option(
    "--provenance", metavar="LIST", help="Count only rows of these, as in 'coverage report'."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    show_default=True,
)
@_LANG
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the page, JSON, Markdown, tables and the scenarios run into this folder.",
)
def run(
    files: tuple[str, ...],
    city: str | None,
    workspace: Path | None,
    facilities: Path | None,
    years: tuple[int, ...],
    format_: str,
    lang: Lang,
    out: Path | None,
    **how: Any,
) -> None:
    """前后对比：谁获益、谁受损、还差什么。 Before and after, for every indicator and target.

    Shows the indicators that change, townships covered or lost, people who
    gain and who lose within the limit, nearest times by percentile and
    county, the places served worst, and the cost. Several files are ranked
    side by side, and those that another one beats in every respect are marked.
    """
    found, register, scenarios = _read(files, city, workspace, facilities)
    made = _compare(found, register, scenarios, years, how)
    for one in made if out else ():
        from coverage.results.scenario_data import write_folder

        folder = out / str(one.year) if len(made) > 1 and out else out
        written = write_folder(one, folder, lang) if folder else []
        click.echo(f"已写入 {len(written)} 个文件 files written: {folder}", err=True)
    _show(made, format_, lang)


@scenario.command()
@_files
def check(
    files: tuple[str, ...], city: str | None, workspace: Path | None, facilities: Path | None
) -> None:
    """检查情景文件，一次说清所有问题。 Check files against the city, all problems at once.

    例 Example:  coverage scenario check 方案一.toml --city 清远
    """
    found, _, scenarios = _read(files, city, workspace, facilities)
    for one in scenarios:
        click.echo(
            Said(
                f"{one.file}：可以运行，{len(one.edits)} 处改动（{found.name}，{one.name}）",
                f"can be run, {len(one.edits)} edits",
            )
        )


@scenario.command()
@_files
def show(
    files: tuple[str, ...], city: str | None, workspace: Path | None, facilities: Path | None
) -> None:
    """把情景按标准格式列出，带编号和名称。 Print files as they are read, with ids and names.

    例 Example:  coverage scenario show 441700-home
    """
    from coverage.scenarios.file import to_toml

    _, _, scenarios = _read(files, city, workspace, facilities)
    click.echo("\n".join(to_toml(one) for one in scenarios), nl=False)


@scenario.command("list")
def list_() -> None:
    """随附的情景：规划里写明的项目。 Scenarios that ship: what the plans themselves propose."""
    from coverage.scenarios.shipped import shipped

    for path, name in shipped():
        click.echo(f"{path.stem:24} {name}")


def _read(
    files: Sequence[str], city: str | None, workspace: Path | None, facilities: Path | None
) -> tuple[City, Register | None, list[Scenario]]:
    """The city that is meant, a register of the user's own, and the scenarios."""
    from coverage.scenarios.file import base_of, read_all
    from coverage.scenarios.shipped import find_scenario

    paths = [find_scenario(name) for name in files]
    if city is None and workspace is None:
        city, workspace = base_of(paths[0])
    found = chosen_city(city, workspace)
    register = found.read_register(facilities) if facilities else None
    return found, register, read_all(paths, found, register=register)


def _compare(
    city: City,
    register: Register | None,
    scenarios: Sequence[Scenario],
    years: Sequence[int],
    how: dict[str, Any],
) -> list[Comparison]:
    from coverage.facilities import parse_provenances
    from coverage.scenarios.compare import compare

    kept = parse_provenances(how["provenance"]) if how["provenance"] is not None else ()
    return [
        compare(
            city,
            scenarios,
            year=year,
            register=register,
            provenance=kept,
            question=_question(how["kind"], how["service"], how["group"]),
            minutes=how["minutes"],
            profile=how["profile"],
            roads=how["roads"],
            population=how["population"],
            rank_by=how["rank_by"],
        )
        for year in (dict.fromkeys(years) or [None])
    ]


def _question(kind: Sequence[str], service: Sequence[str], group: str) -> Question | None:
    from coverage.errors import InputError, Problem
    from coverage.kinds import ALIASES, SERVICES
    from coverage.reach.service import kinds_of
    from coverage.scenarios.live import Question

    if not kind and not service:
        return None
    known = "、".join(SERVICES)
    slips = [
        Problem(Said(f"没有这项服务，可用：{known}", "not a known service"), value=one)
        for one in service
        if one not in SERVICES
    ]
    if slips:
        raise InputError(slips)
    kinds = kinds_of([ALIASES.get(one, one) for one in kind] or ["elder_care"])
    return Question(kinds, tuple(service), group)


def _show(made: Sequence[Comparison], format_: str, lang: Lang) -> None:
    if format_ == "json":
        import json

        from coverage.results.scenario_data import to_dict

        found = [to_dict(one, lang) for one in made]
        data = found[0] if len(found) == 1 else {"years": found}
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    for n, one in enumerate(made):
        if n:
            click.echo()
        if format_ == "table":
            from coverage.results.scenario import show as draw
            from coverage.results.table import console

            draw(one, console(), lang)
        else:
            from coverage.results import scenario, scenario_data

            text = scenario_data.to_csv if format_ == "csv" else scenario.to_markdown
            click.echo(text(one, lang), nl=False)
