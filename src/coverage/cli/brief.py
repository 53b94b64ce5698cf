"""`coverage brief` and `coverage replay`: the documents of a meeting, and checking them later."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.cli.options import city_options

if TYPE_CHECKING:
    from coverage.briefs.replay import Replay
    from coverage.briefs.writing import Step
    from coverage.messages import Lang

_BRIEF = """\b
例 Examples:
  coverage brief --city 清远 --out 清远简报
  coverage brief --city 清远 --out 清远简报 --formats docx,pptx --template 本局.pptx
  coverage brief --city 清远 --out 清远简报 --scenario 方案.toml
  coverage brief --city 清远 --out 公开版 --suppress-below 10 --mask-sensitive
  coverage brief --city qingyuan --out brief --lang en --year 2023
"""
_REPLAY = """\b
例 Examples:
  coverage replay 清远简报/record.json
  coverage replay 清远简报/brief.docx
  coverage replay 清远简报/record.json --out 重做
"""
_FILE = click.Path(path_type=Path)
_STEPS = {
    "assess": ("测算指标", "indicators"),
    "figures": ("绘制图件", "pictures"),
    "docx": ("Word 报告", "Word report"),
    "pptx": ("幻灯片", "slides"),
    "xlsx": ("Excel 工作簿", "workbook"),
    "html": ("网页", "web page"),
    "pdf": ("PDF", "PDF"),
    "gpkg": ("GeoPackage 与 QGIS 工程", "GeoPackage and QGIS project"),
}


@click.command(epilog=_BRIEF)
@city_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    required=True,
    help="The folder to write into.",
)
@click.option(
    "--formats",
    metavar="LIST",
    help="Of docx,pptx,xlsx,html,pdf,gpkg. [all; pdf where LibreOffice is installed]",
)
@click.option("--scenario", type=_FILE, metavar="FILE", help="Compare with this scenario.")
@click.option("--year", type=int, metavar="YYYY", help="Judge the targets in force in this year.")
@click.option(
    "--indicator",
    "indicators",
    multiple=True,
    metavar="ID",
    help="Only this indicator; may be given several times.",
)
@click.option("--provenance", metavar="LIST", help="Count only rows of these, as in 'report'.")
@click.option("--facilities", type=_FILE, metavar="FILE.csv", help="Your own register.")
@click.option(
    "--values", type=_FILE, metavar="FILE.csv", help="Values of reported indicators (id,value)."
)
@click.option("--template", type=_FILE, metavar="FILE.pptx", help="Your bureau's own slides.")
@click.option(
    "--templates",
    type=_FILE,
    metavar="DIR",
    help="A folder with your own texts (Jinja2); what it lacks comes from the package.",
)
@click.option(
    "--suppress-below",
    type=int,
    metavar="N",
    help="Keep back counts about protected people below N, and what they follow from.",
)
@click.option(
    "--mask-sensitive",
    is_flag=True,
    help="Keep back names and places of child-protection and rescue sites.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def brief(
    city: str | None,
    workspace: Path | None,
    out: Path,
    formats: str | None,
    scenario: Path | None,
    year: int | None,
    indicators: tuple[str, ...],
    provenance: str | None,
    facilities: Path | None,
    values: Path | None,
    template: Path | None,
    templates: Path | None,
    suppress_below: int | None,
    mask_sensitive: bool,
    lang: Lang,
) -> None:
    """会议材料。 The documents of a meeting: Word, slides, workbook, page, PDF, layers.

    All of them are written from one result object (result.json), and carry a
    record of their inputs, parameters and version (record.json) that
    'coverage replay' checks. Nothing stands in DIR until all of it is whole.
    """
    from coverage.briefs.request import Request, parse_formats
    from coverage.briefs.writing import write
    from coverage.facilities import parse_provenances

    request = Request(
        city=city,
        workspace=workspace,
        year=year,
        indicators=indicators,
        provenance=parse_provenances(provenance) if provenance is not None else (),
        facilities=facilities,
        values=values,
        scenario=scenario,
        lang=lang,
        formats=parse_formats(formats) if formats is not None else (),
        suppress_below=suppress_below,
        mask_sensitive=mask_sensitive,
        template=template,
        templates=templates,
    )
    made = write(request, out, progress=_progress(lang))
    for reason in made.skipped:
        click.echo(reason.to(lang), err=True)
    click.echo(
        f"已写入 {len(made.files)} 个文件：{out}"
        if lang == "zh"
        else f"{len(made.files)} files written: {out}",
        err=True,
    )


def _progress(lang: Lang):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- a closure
    def show(step: Step) -> None:
        name = _STEPS[step.name][0 if lang == "zh" else 1]
        head = f"[{step.index}/{step.of}] {name} …"
        terminal = sys.stderr.isatty()
        if step.seconds is None:
            # On a terminal the line is completed; in a log each step is one line.
            if terminal:
                click.echo(head, err=True, nl=False)
        else:
            done = f" {step.seconds:.1f} s"
            click.echo(done if terminal else head + done, err=True)

    return show


@click.command(epilog=_REPLAY)
@click.argument("record", type=_FILE)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the workspace of the record is now.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the documents again into this folder.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def replay(record: Path, workspace: Path | None, out: Path | None, lang: Lang) -> None:
    """复核。 Compute a brief again from its record and say what differs.

    RECORD is a record.json, or any document of a brief: each carries its
    record inside. Exit code 0 if every input and every number is the same,
    1 if something differs.
    """
    from coverage.briefs.replay import read, run
    from coverage.briefs.writing import write

    found = read(record)
    done = run(found, record.parent, workspace=workspace)
    _tell(done, lang)
    if out is not None:
        write(done.request, out, progress=_progress(lang))
    sys.exit(0 if done.same else 1)


def _tell(done: Replay, lang: Lang) -> None:
    for line in done.said(lang):
        click.echo(line)
