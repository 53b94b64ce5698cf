"""`coverage brief` and `coverage replay`: the documents of a meeting, and checking them later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import command
from coverage.cli.options import CITY, REGISTER, argument, say_written, takes, tell
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from coverage.briefs.writing import Step

_STEPS = {
    "assess": Said("测算指标", "indicators"),
    "figures": Said("绘制图件", "pictures"),
    "docx": Said("Word 报告", "Word report"),
    "pptx": Said("幻灯片", "slides"),
    "xlsx": Said("Excel 工作簿", "workbook"),
    "html": Said("网页", "web page"),
    "pdf": Said("PDF", "PDF"),
    "gpkg": Said("GeoPackage 与 QGIS 工程", "GeoPackage and QGIS project"),
}


@command(
    "会议材料：Word、幻灯片、工作簿、网页、PDF、图层。\n\n"
    "全部出自同一份结果（result.json），并附输入、参数和版本的记录（record.json），"
    "coverage replay 可据以复核。全部写完之前，文件夹里什么都不出现。",
    "coverage brief --city 清远 --out 清远简报",
    "coverage brief --city 清远 --out 清远简报 --formats docx,pptx --template 本局.pptx",
    "coverage brief --city 清远 --out 清远简报 --scenario 方案.toml",
    "coverage brief --city 清远 --out 公开版 --suppress-below 10 --mask-sensitive",
    "coverage brief --city qingyuan --out brief --lang en --year 2023",
)
@takes(*CITY)
@takes("folder.out", required=True)
@takes("formats", "scenario", "year", "indicators", *REGISTER, "values")
@takes("template", "templates", "suppress_below", "mask_sensitive", "dated", "draws", "draws.seed")
def brief(
    out: Path,
    formats: str | None,
    register: Path | None,
    provenance: str | None,
    dated: datetime | None,
    lang: Lang,
    **asked: Any,
) -> None:
    """The documents of a meeting: Word, slides, workbook, page, PDF, layers.

    All of them are written from one result object (result.json), and carry a
    record of their inputs, parameters and version (record.json) that
    'coverage replay' checks. Nothing stands in DIR until all of it is whole.
    """
    from coverage.briefs.request import Request, parse_formats
    from coverage.briefs.writing import write
    from coverage.facilities import parse_provenances

    request = Request(
        facilities=register,
        provenance=parse_provenances(provenance) if provenance is not None else (),
        formats=parse_formats(formats) if formats is not None else (),
        lang=lang,
        dated=dated.date() if dated else None,
        **asked,
    )
    made = write(request, out, progress=_progress(lang), tell=tell(lang))
    for reason in made.skipped:
        click.echo(reason.to(lang), err=True)
    say_written(lang, *made.files, into=out)


def _progress(lang: Lang):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- a closure
    def show(step: Step) -> None:
        head = f"[{step.index}/{step.of}] {_STEPS[step.name].to(lang)} …"
        terminal = sys.stderr is not None and sys.stderr.isatty()
        if step.seconds is None:
            # On a terminal the line is completed; in a log each step is one line.
            if terminal:
                click.echo(head, err=True, nl=False)
        else:
            done = f" {step.seconds:.1f} s"
            click.echo(done if terminal else head + done, err=True)

    return show


@command(
    "复核：按记录重新计算一份材料，说出哪里不同。\n\n"
    "RECORD 是 record.json，或材料中的任何一份文件：记录就在其中。输入和数字都相同时"
    "退出码为 0，有不同为 1。",
    "coverage replay 清远简报/record.json",
    "coverage replay 清远简报/brief.docx",
    "coverage replay 清远简报/record.json --out 重做",
)
@argument("record", "RECORD")
@takes("workspace", "folder.out")
def replay(record: Path, workspace: Path | None, out: Path | None, lang: Lang) -> None:
    """Compute a brief again from its record and say what differs.

    RECORD is a record.json, or any document of a brief: each carries its
    record inside. Exit code 0 if every input and every number is the same,
    1 if something differs.
    """
    from coverage.briefs.replay import read, run
    from coverage.briefs.writing import write

    found = read(record)
    done = run(found, record.parent, workspace=workspace)
    for line in done.said(lang):
        click.echo(line)
    if out is not None:
        write(done.request, out, progress=_progress(lang), tell=tell(lang))
    sys.exit(0 if done.same else 1)
