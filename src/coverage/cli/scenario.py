"""`coverage scenario`: edits in a small file, and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import Group, command
from coverage.cli.options import (
    CITY,
    DRAWING,
    argument,
    chosen_city,
    counting,
    print_json,
    say_written,
    takes,
    takes_format,
    tell,
)
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.scenarios.edits import Scenario
    from coverage.scenarios.outcome import Comparison

_EXAMPLES = (
    "coverage scenario list",
    "coverage scenario run 441700-home",
    "coverage scenario run 方案一.toml 方案二.toml --city 清远 --rank-by cost_per_person",
    "coverage scenario run 方案一.toml --year 2025 --year 2030 --profile drive --minutes 20",
    "coverage scenario run 方案一.toml --out 情景比较 --lang en",
)


@command(
    "情景比较：改动设施、道路、人口、时限、目标之后会怎样。\n\n"
    "情景是手写的小 TOML 文件，或由 coverage site --out 得来；在内存的副本上运行，"
    "不动任何数据文件。",
    *_EXAMPLES,
    cls=Group,
)
def scenario() -> None:
    """What edits would change: facilities, roads, people, limits, targets.

    A scenario is a small TOML file that a planner writes by hand, or gets
    from 'coverage site --out'. It is run on a copy in memory; no data file
    is touched.
    """


def _files(command: Callable[..., None]) -> Callable[..., None]:
    """The files, the city, and the register that a command reads them with."""
    files = argument("files", "FILE…", "text", nargs=-1, required=True)
    return files(takes(*CITY, "register")(command))


def _questions(command: Callable[..., None]) -> Callable[..., None]:
    """What is asked of a comparison, and the sources that answer it."""
    asked = ("years", "rank_by", "kinds", "services", "group")
    sources = takes("roads", "population", "provenance")(command)
    return takes(*asked)(takes("one.minutes", "profile", default=None)(sources))


@command(
    "前后对比：谁获益、谁受损、还差什么，逐项指标和目标。\n\n"
    "列出有变化的指标、新覆盖和失去覆盖的乡镇、时限内获益和受损的人、各县最近设施用时的"
    "分位数、最不便的地方，以及造价。几个文件并排比较、排序，处处不如另一个的会标出。",
    *_EXAMPLES,
    within=scenario,
)
@_files
@_questions
@takes("draws", "draws.seed")
@takes_format("table", "json", "csv", "markdown")
@takes("folder.out")
def run(
    files: tuple[str, ...],
    city: str | None,
    workspace: Path | None,
    register: Path | None,
    years: tuple[int, ...],
    kinds: tuple[str, ...],
    format_: str,
    lang: Lang,
    out: Path | None,
    draws: int | None,
    seed: int,
    **how: Any,
) -> None:
    """Before and after, for every indicator and target.

    Shows the indicators that change, townships covered or lost, people who
    gain and who lose within the limit, nearest times by percentile and
    county, the places served worst, and the cost. Several files are ranked
    side by side, and those that another one beats in every respect are marked.
    """
    found = _city(files, city, workspace)
    made = _compared(found, _read(files, found, register), years, register, kinds, how)
    if draws:
        from coverage.scenarios.likely import drawn

        with counting(DRAWING, lang) as progress:
            made = [drawn(one, draws, seed, progress=progress) for one in made]
    for one in made if out else ():
        from coverage.results.scenario_data import write_folder

        folder = out / str(one.year) if len(made) > 1 and out else out
        written = write_folder(one, folder, lang, tell(lang)) if folder else []
        say_written(lang, *written, into=folder)
    _show(made, format_, lang)


@command(
    "检查情景能否运行，一次说清所有问题。\n\n"
    "选项与 coverage scenario run 相同：run 会拒绝的，不论在情景文件、登记册、路网还是人口文件里，"
    "这里全部列出，不止第一处。",
    "coverage scenario check 方案一.toml --city 清远",
    within=scenario,
)
@_files
@_questions
def check(
    files: tuple[str, ...],
    city: str | None,
    workspace: Path | None,
    register: Path | None,
    years: tuple[int, ...],
    kinds: tuple[str, ...],
    lang: Lang,
    **how: Any,
) -> None:
    """Check whether scenarios can be run, all problems at once.

    Takes the options of 'coverage scenario run'. All that a run would refuse
    is listed, in scenarios, register, roads and people alike, not only the
    first.
    """
    from coverage.errors import InputError

    found: City | None = None
    try:
        found = _city(files, city, workspace)
        scenarios = _read(files, found, register)
        made = _compared(found, scenarios, years, register, kinds, how)
    except InputError as error:
        from coverage.scenarios.refusals import every_refusal

        options = {"register": register, "kind": kinds, **how}
        raise every_refusal(error, files, found, years=years or (None,), **options) from error
    for one in scenarios:
        count = len(one.edits)
        said = Said(
            f"{one.file}：可以运行，{count} 处改动（{found.name}，{one.name}）",
            f"{one.file}: can be run, {count} edit{'s' * (count != 1)} "
            f"({found.label.english}, {one.name})",
        )
        click.echo(said.to(lang))
    for note in dict.fromkeys(note for one in made for note in one.notes):
        click.echo(f"  · {note.to(lang)}")


@command(
    "把情景按标准格式列出，带编号和名称。",
    "coverage scenario show 441700-home",
    within=scenario,
)
@_files
def show(
    files: tuple[str, ...],
    city: str | None,
    workspace: Path | None,
    register: Path | None,
    lang: Lang,  # noqa: ARG001 -- a file has no language
) -> None:
    """Print files as they are read, with ids and names."""
    from coverage.scenarios.file import to_toml

    scenarios = _read(files, _city(files, city, workspace), register)
    click.echo("\n".join(to_toml(one) for one in scenarios), nl=False)


@command("随附的情景：规划里写明的项目。", name="list", within=scenario)
def list_(lang: Lang) -> None:  # noqa: ARG001 -- names of data
    """Scenarios that ship: what the plans themselves propose."""
    from coverage.scenarios.shipped import shipped

    for path, name in shipped():
        click.echo(f"{path.stem:24} {name}")


def _city(files: Sequence[str], city: str | None, workspace: Path | None) -> City:
    """The city that is meant, by the first file where no option says it."""
    from coverage.scenarios.file import base_of
    from coverage.scenarios.shipped import find_scenario

    if city is None and workspace is None:
        city, workspace = base_of(find_scenario(files[0]))
    return chosen_city(city, workspace)


def _read(files: Sequence[str], city: City, register: Path | None) -> list[Scenario]:
    from coverage.scenarios.file import read_all
    from coverage.scenarios.shipped import find_scenario

    paths = [find_scenario(name) for name in files]
    return read_all(paths, city, register=city.counted(register))


def _compared(
    city: City,
    scenarios: list[Scenario],
    years: Sequence[int],
    register: Path | None,
    kinds: tuple[str, ...],
    how: dict[str, Any],
) -> list[Comparison]:
    """The comparison of each year asked for."""
    from coverage.scenarios.compare import compare

    return [
        compare(city, scenarios, year=year, register=register, kind=kinds, **how)
        for year in (dict.fromkeys(years) or [None])
    ]


def _show(made: Sequence[Comparison], format_: str, lang: Lang) -> None:
    if format_ == "json":
        from coverage.results.scenario_data import to_dict

        found = [to_dict(one, lang) for one in made]
        print_json(found[0] if len(found) == 1 else {"years": found})
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
