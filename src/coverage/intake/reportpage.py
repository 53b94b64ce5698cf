"""The page of an import: what became of the file, for a browser, a telephone or the printer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from coverage.formats.webpage import sealed
from coverage.intake.report import View
from coverage.lists.rows import CHECK, OUTCOMES
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    import jinja2

    from coverage.intake.outcomes import ImportReport

_MOST_ROWS = 1000
_TITLES = {
    "facilities": Said("设施导入报告", "Import of facilities"),
    "townships": Said("乡镇界导入报告", "Import of township boundaries"),
    "counties": Said("县界导入报告", "Import of county boundaries"),
    "people": Said("人口分布导入报告", "Import of people by place"),
    "population": Said("人口表导入报告", "Import of a population table"),
    "roads": Said("路网导入报告", "Import of roads"),
    "plan": Said("规划指标导入报告", "Import of a plan"),
}
_WORDS = {
    "whole": Said("整个文件", "The whole file"),
    "told": Said("退回、请核对和更正的", "Rejected, to be checked, corrected"),
    "where": Said("位置", "where"),
    "outcome": Said("结果", "outcome"),
    "why": Said("说明", "why"),
    "raw": Said("原值", "as it was"),
    "column": Said("列", "column"),
    "taken_for": Said("理解为", "taken for"),
}
_TILES = {
    "accepted": Said("直接接受", "accepted as they are"),
    "corrected": OUTCOMES["corrected"],
    "rejected": OUTCOMES["rejected"],
    "": Said("标题、合计、空行", "no data"),
}


@cache
def _template() -> jinja2.Template:
    import jinja2

    text = (files("coverage.intake") / "templates" / "report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text)


def to_html(report: ImportReport, lang: Lang = "zh") -> str:
    """A page of its own: counts, findings, sheets and columns, every row rejected or corrected."""
    view = View(report, lang)
    told = [r for r in report.outcomes if r.checks or r.outcome in {"rejected", "corrected"}]
    told.sort(key=lambda row: 0 if row.outcome == "rejected" else 1 if row.checks else 2)
    shown, rest = told[:_MOST_ROWS], len(told) - _MOST_ROWS
    more = Said(f"另有 {rest:,} 行见工作簿。", f"{rest:,} more are in the workbook.")
    texts = [
        (view.joined(row.checks), *("" if v is None else str(v) for v in view.became(row)))
        for row in shown
    ]
    # A column that says nothing of any row only makes the others narrow.
    columns = [n for n, column in enumerate(zip(*texts, strict=True)) if any(column)]
    named = [said.to(lang) for said in (CHECK, *report.heads)]
    heads = [named[n] for n in columns]
    facts = [list(zip(heads, (row[n] for n in columns), strict=True)) for row in texts]
    counts = report.counts
    no_data = sum(counts.values()) - report.accepted - report.rejected
    page = _template().render(
        v=view,
        title=_TITLES[report.role].to(lang),
        words={name: said.to(lang) for name, said in _WORDS.items()},
        tiles=[(c, counts[c] if c else no_data, s.to(lang)) for c, s in _TILES.items()],
        heads=heads,
        checked=0 in columns,
        rows=list(zip(shown, facts, strict=True)),
        more=more.to(lang) if rest > 0 else "",
    )
    return sealed(page)
