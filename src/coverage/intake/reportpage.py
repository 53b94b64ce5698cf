"""The page of an import: what became of the file, for a browser, a telephone or the printer."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from coverage.intake.parts import shown_cells
from coverage.intake.report import (
    outcome_word,
    part_line,
    sentences,
    summary,
    to_look_at,
    totals,
    where,
)
from coverage.intake.reportbook import joined
from coverage.lists.rows import CHECK, OUTCOMES
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.intake.outcomes import ImportReport, Part, Row
    from coverage.messages import Lang

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
_STYLE = """
:root{--ink:#1d2b36;--soft:#5b6b78;--line:#d9e0e6;--paper:#fff;--ground:#f3f6f8}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.6 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px 20px 48px}
h1{font-size:1.6rem;margin:.2em 0}h2{font-size:1.1rem;margin:1.8em 0 .6em}
.sub{color:var(--soft);margin:0 0 .6em}.tiles{margin-top:1em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px}
.tile{background:var(--paper);border:1px solid var(--line);border-top:4px solid #9db2c4;
border-radius:6px;padding:10px 14px}
.tile b{display:block;font-size:1.7rem;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft)}
.accepted{border-top-color:#5a9a4f}.corrected{border-top-color:#d9a400}
.rejected{border-top-color:#c8502f}
ul.told{list-style:none;margin:0;padding:0;background:var(--paper);border:1px solid var(--line);
border-radius:6px}
ul.told li{padding:8px 14px 8px 34px;position:relative;border-top:1px solid var(--line)}
ul.told li:first-child{border-top:0}
ul.told li::before{content:"·";position:absolute;left:14px;color:var(--soft);font-weight:700}
ul.told li.warning::before{content:"!";color:#c8502f}
.scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%}
th,td{padding:7px 10px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{background:#e8eef3;border-top:0;white-space:nowrap}
td.outcome{white-space:nowrap}td.where{min-width:8em}
td.why,td.check{min-width:14em}td.check{background:#fff7e0}td.raw{color:var(--soft);min-width:16em;overflow-wrap:anywhere}
.tag{display:inline-block;border-radius:3px;padding:0 .5em;background:#e2e8ee}
tr.rejected .tag{background:#f8cbad}tr.corrected .tag{background:#fff2cc}
tr.accepted .tag{background:#e2efda}
@media(max-width:680px){main{padding:14px 12px 32px}thead{display:none}
.tiles{grid-template-columns:repeat(2,1fr)}
table,tbody,tr,td{display:block}td{border:0;padding:2px 12px}td:empty{display:none}
tr{border-top:1px solid var(--line);padding:8px 0}td.outcome{white-space:normal}
td.why,td.raw,td.where,td.check{min-width:0}
td[data-head]::before{content:attr(data-head) "：";color:var(--soft)}}
@media print{body{background:#fff}.scroll{overflow:visible}}
"""


def to_html(report: ImportReport, lang: Lang = "zh") -> str:
    """A page of its own: counts, findings, sheets and columns, every row rejected or corrected."""
    title = _TITLES[report.role].to(lang)
    counted = totals(report, lang)
    body = [
        f"<h1>{title}</h1><p class=sub>{escape(summary(report).to(lang))}</p>",
        "".join(f"<p class=sub>{escape(name)} <b>{value}</b></p>" for name, value in counted),
        _tiles(report, lang),
        _findings(report, lang),
        _rows(report, lang),
        *(_part(part, lang) for part in report.parts),
    ]
    language = "zh-CN" if lang == "zh" else "en"
    return (
        f"<!doctype html><html lang={language}><head><meta charset=utf-8><title>{title}</title>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<style>{_STYLE}</style></head><body><main>{''.join(filter(None, body))}</main></body>"
        "</html>\n"
    )


def _tiles(report: ImportReport, lang: Lang) -> str:
    counts = report.counts
    rest = sum(counts.values()) - report.accepted - report.rejected
    tiles = [
        ("accepted", Said("直接接受", "accepted as they are").to(lang), counts["accepted"]),
        ("corrected", OUTCOMES["corrected"].to(lang), counts["corrected"]),
        ("rejected", OUTCOMES["rejected"].to(lang), counts["rejected"]),
        ("", Said("标题、合计、空行", "no data").to(lang), rest),
    ]
    inner = "".join(
        f"<div class='tile {name}'><b>{count:,}</b><span>{word}</span></div>"
        for name, word, count in tiles
    )
    return f"<div class=tiles>{inner}</div>"


def _findings(report: ImportReport, lang: Lang) -> str:
    if not report.findings:
        return ""
    items = "".join(f"<li class={f.weight}>{escape(f.said.to(lang))}</li>" for f in report.findings)
    return f"<h2>{Said('整个文件', 'The whole file').to(lang)}</h2><ul class=told>{items}</ul>"


def _rows(report: ImportReport, lang: Lang) -> str:
    told = [r for r in report.outcomes if r.checks or r.outcome in {"rejected", "corrected"}]
    told.sort(key=lambda row: 0 if row.outcome == "rejected" else 1 if row.checks else 2)
    if not told:
        return ""
    title = Said("退回、请核对和更正的", "Rejected, to be checked, corrected").to(lang)
    shown = told[:_MOST_ROWS]
    # A column that says nothing of any row only makes the others narrow.
    known = [_facts(row, report, lang) for row in shown]
    facts = [n for n, column in enumerate(zip(*known, strict=True)) if any(column)]
    named = [CHECK, *report.heads]
    heads = [
        Said("位置", "where").to(lang),
        Said("结果", "outcome").to(lang),
        Said("说明", "why").to(lang),
        *(named[n].to(lang) for n in facts),
        Said("原值", "as it was").to(lang),
    ]
    names = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(_row(row, report, heads, facts, lang) for row in shown)
    more = ""
    if len(told) > _MOST_ROWS:
        rest = len(told) - _MOST_ROWS
        said = Said(f"另有 {rest:,} 行见工作簿。", f"{rest:,} more are in the workbook.")
        more = f"<p class=sub>{said.to(lang)}</p>"
    return (
        f"<h2>{title}</h2><div class=scroll><table><thead><tr>{names}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def _facts(row: Row, report: ImportReport, lang: Lang) -> list[str]:
    """What is to be checked in a row, and what it became: one text for each column."""
    became = (row.became or ("",) * len(report.heads))[: len(report.heads)]
    return [
        to_look_at(row, lang),
        *("" if v is None else v.to(lang) if isinstance(v, Said) else str(v) for v in became),
    ]


def _row(
    row: Row,
    report: ImportReport,
    heads: list[str],
    facts: list[int],
    lang: Lang,
) -> str:
    part = report.parts[row.part] if row.part < len(report.parts) else None
    cells = list(row.cells)
    if part is not None and not report.keep_personal:
        cells = shown_cells(row, part)
    name = f" {row.name}" if row.name else ""
    texts = _facts(row, report, lang)
    values = "".join(
        f"<td{' class=check' if n == 0 else ''} data-head='{escape(head)}'>{escape(texts[n])}</td>"
        if texts[n]
        else "<td></td>"
        for head, n in zip(heads[3:-1], facts, strict=True)
    )
    raw = escape(joined(cells))
    return (
        f"<tr class={row.outcome}><td class=where>{escape(where(row, report, lang) + name)}</td>"
        f"<td class=outcome><span class=tag>{outcome_word(row, lang)}</span></td>"
        f"<td class=why>{escape(sentences(row, lang))}</td>{values}"
        f"<td class=raw{f' data-head={heads[-1]!r}' if raw else ''}>{raw}</td></tr>"
    )


def _part(part: Part, lang: Lang) -> str:
    if not (part.uses or part.said):
        return ""
    heads = Said("列 理解为 说明", "column taken_for why").to(lang).split()
    names = "".join(f"<th>{head.replace('_', ' ')}</th>" for head in heads)
    rows = "".join(
        f"<tr><td><b>{escape(use.name)}</b></td><td data-head='{heads[1]}'>"
        f"{escape(use.meaning.to(lang) or '—')}</td><td>{escape(use.why.to(lang))}</td></tr>"
        for use in part.uses
    )
    table = (
        f"<div class=scroll><table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"
        "</div>"
        if rows
        else ""
    )
    return f"<h2>{escape(part_line(part, lang))}</h2>{table}"
