"""A report as data: JSON by a published schema, CSV tables, Markdown, and a folder of them."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.results import words
from coverage.results.folders import staged
from coverage.tables import csv_text, write_text
from coverage.text import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coverage.assessment import IndicatorResult, Report, TargetResult
    from coverage.messages import Lang

_MANIFEST = ".coverage-report.json"


def schema() -> dict[str, Any]:
    """The JSON Schema of `to_dict`, as it ships in the package."""
    from coverage.settings import PACKAGE_DIR

    path = PACKAGE_DIR / "schemas" / "report.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def plain(value: Fraction | int | None) -> float | int | None:
    """An exact number as the nearest JSON number; whole ones stay whole."""
    if value is None:
        return None
    fraction = Fraction(value)
    return int(fraction) if fraction.denominator == 1 else float(fraction)


def to_dict(report: Report, lang: Lang = "zh") -> dict[str, Any]:
    """The report as plain data.

    Percentages are numbers (47.05…), `None` stands where nothing is computed,
    and lists of units are `None` where it is not known which ones.
    """
    plan = report.city.plan
    return {
        "city": {
            "code": report.city.code,
            "name": report.city.name,
            "english": report.city.label.english,
        },
        "year": report.year,
        "plan": {"id": plan.id, "title": plan.title, "start": plan.start, "end": plan.end},
        "illustrative": report.illustrative,
        "provenance": dict(sorted(report.provenance.items())),
        "notes": [note.to(lang) for note in report.notes],
        "indicators": [_indicator(result, lang) for result in report.results],
    }


def _indicator(result: IndicatorResult, lang: Lang) -> dict[str, Any]:
    indicator, found, base = result.indicator, result.measurement, result.indicator.baseline
    return {
        "id": indicator.id,
        "name": words.name(result, lang),
        "system": indicator.system,
        "level": indicator.level,
        "unit": indicator.unit,
        "nature": indicator.nature,
        "measure": indicator.measure,
        "clause": indicator.clause,
        "basis": found.basis,
        "numerator": plain(found.numerator),
        "denominator": plain(found.denominator),
        "value": plain(found.value),
        "baseline": None
        if base is None
        else {
            "year": base.year,
            "value": plain(base.value),
            "text": base.text,
            "numerator": base.numerator,
            "denominator": base.denominator,
            "clause": base.clause,
        },
        "plan_basis": None
        if result.plan_basis is None
        else {
            "denominator": result.plan_basis.denominator,
            "value": plain(result.plan_basis.value),
            "clause": result.plan_basis.clause,
            "targets": [_target(t) for t in result.plan_basis.targets],
        },
        "targets": [_target(t) for t in result.targets],
        "status": result.status,
        "provenance": dict(sorted(found.provenance.items())),
        "covered": None if found.covered is None else list(found.covered),
        "missing": None if found.missing is None else list(found.missing),
        "by_county": [
            {
                "code": c.code,
                "name": c.name,
                "numerator": c.numerator,
                "denominator": c.denominator,
                "value": plain(c.value),
                "missing": list(c.missing),
            }
            for c in result.counties
        ],
        "notes": [note.to(lang) for note in result.notes],
    }


def _target(t: TargetResult) -> dict[str, Any]:
    return {
        "year": t.target.year,
        "op": t.target.op,
        "value": plain(t.target.value),
        "text": t.target.text,
        "met": t.met,
        "gap_points": plain(t.gap_points),
        "gap_units": t.gap_units,
        "due": t.due,
        "clause": t.target.clause,
    }


def to_json(report: Report, lang: Lang = "zh") -> str:
    """The report as JSON text."""
    return json.dumps(to_dict(report, lang), ensure_ascii=False, indent=2) + "\n"


def summary_rows(report: Report, lang: Lang) -> list[list[object]]:
    """One row per indicator and target; an indicator without targets has one row too."""
    rows: list[list[object]] = []
    for result in report.results:
        i, found = result.indicator, result.measurement
        start: list[object] = [
            i.id,
            words.name(result, lang),
            i.system,
            i.level,
            i.unit,
            plain(found.numerator),
            plain(found.denominator),
            _decimal(found.value),
            result.plan_basis.denominator if result.plan_basis else None,
            _decimal(result.plan_basis.value) if result.plan_basis else None,
            words.baseline(i.baseline),
        ]
        end = [result.status, "; ".join(f"{k}:{v}" for k, v in found.provenance.items())]
        for t in result.targets:
            met = "" if t.met is None else "yes" if t.met else "no"
            aim = [t.target.year, t.target.op, _decimal(t.target.value), t.target.text]
            gaps = [met, _decimal(t.gap_points), t.gap_units, t.target.clause]
            rows.append([*start, *aim, *gaps, *end])
        if not result.targets:
            rows.append([*start, *[None] * 8, *end])
    return rows


def _decimal(value: Fraction | None) -> str | None:
    return None if value is None else number(value, 4).replace(",", "")


SUMMARY_COLUMNS = (
    "id",
    "name",
    "system",
    "level",
    "unit",
    "numerator",
    "denominator",
    "value",
    "plan_denominator",
    "plan_value",
    "baseline",
    "target_year",
    "op",
    "target",
    "target_text",
    "met",
    "gap_points",
    "gap_units",
    "clause",
    "status",
    "provenance",
)


def _columns(report: Report) -> list[str]:
    """The summary's header; its last cell says so where example rows are counted."""
    head = list(SUMMARY_COLUMNS)
    if report.illustrative:
        head[-1] += f"（{words.ILLUSTRATIVE.zh} {words.ILLUSTRATIVE.en}）"
    return head


def to_csv(report: Report, lang: Lang = "zh", *, bom: bool = False) -> str:
    """The summary as CSV, one row per indicator and target."""
    return csv_text(_columns(report), summary_rows(report, lang), bom=bom)


def indicator_csv(report: Report, result: IndicatorResult, lang: Lang = "zh") -> str:
    """One indicator as CSV with a byte order mark.

    Units where the indicator has them, covered ones last, missing ones ranked
    by people affected; the targets otherwise.
    """
    found = result.measurement
    illustrative = found.provenance["illustrative"] > 0
    mark = f"（{words.ILLUSTRATIVE.zh} {words.ILLUSTRATIVE.en}）" if illustrative else ""
    if found.missing is None or found.covered is None:
        rows = [r for r in summary_rows(report, lang) if r[0] == result.indicator.id]
        return csv_text([*SUMMARY_COLUMNS[:-1], f"provenance{mark}"], rows, bom=True)
    head = ["rank", "code", "name", "county", f"status{mark}", "people_affected", "placed"]
    body: list[list[object]] = []
    for rank, code in enumerate(found.missing, start=1):
        body.append(_unit_row(report, result, code, rank, "missing"))
    body += [_unit_row(report, result, code, None, "covered") for code in found.covered]
    return csv_text([*head, "facilities", "provenance"], body, bom=True)


def _unit_row(
    report: Report, result: IndicatorResult, code: str, rank: int | None, status: str
) -> list[object]:
    units = report.city.units
    unit, county = units.get(code), units.county_of(code)
    holders = result.measurement.holders.get(code, ()) if status == "covered" else ()
    return [
        rank,
        code,
        units.name(code),
        county.name if county else "",
        status,
        result.people.get(code),
        "yes" if unit and unit.placed else "no",
        "; ".join(f.name for f in holders),
        "; ".join(sorted({f.provenance for f in holders})),
    ]


def to_markdown(report: Report, lang: Lang = "zh") -> str:
    """The report as Markdown: heading, notes, one table, missing units."""
    zh = lang == "zh"
    lines = [f"# {words.heading(report, lang)}", "", words.subheading(report, lang), ""]
    lines += [f"> - {note.to(lang)}" for note in report.notes]
    head = (
        "| 指标 | 基期 | 现状 | 目标 | 缺口 | 状态 | 条款 |"
        if zh
        else "| indicator | baseline | now | target | gap | status | clause |"
    )
    lines += ["", head, "|---|---:|---:|---|---|---|---|"]
    for result in report.results:
        shown = result.targets or (None,)
        for index, t in enumerate(shown):
            first = index == 0
            cells = [
                words.name(result, lang) if first else "",
                words.baseline(result.indicator.baseline) if first else "",
                words.current(result, lang) if first and result.value is not None else "",
                f"{t.target.year} {words.target(result, t)}" if t else "",
                words.gap(result, t, lang) if t else "",
                words.STATUS[result.status].to(lang) if first else "",
                t.target.clause if t else result.indicator.clause,
            ]
            lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    lines += _markdown_counties(report, lang)
    lines += _markdown_missing(report, lang)
    lines += _markdown_notes(report, lang)
    return "\n".join(lines) + "\n"


def _markdown_counties(report: Report, lang: Lang) -> list[str]:
    results = [r for r in report.results if r.counties and r.indicator.level != "village"]
    if not results:
        return []
    head = ["县（市、区）" if lang == "zh" else "county", *(words.name(r, lang) for r in results)]
    lines = ["", "## 分县（市、区）" if lang == "zh" else "## By county", ""]
    lines += ["| " + " | ".join(head) + " |", "|---" + "|---:" * len(results) + "|"]
    for index, county in enumerate(results[0].counties):
        cells = [words.county_share(result.counties[index], lang) for result in results]
        lines.append("| " + " | ".join([county.name, *cells]) + " |")
    return lines


def _markdown_missing(report: Report, lang: Lang) -> list[str]:
    lines: list[str] = []
    for result in report.results:
        missing = result.measurement.missing
        if not missing or result.indicator.level == "village":
            continue
        who = words.group_counted(report, result, lang)
        lines += ["", f"### {words.name(result, lang)}（{len(missing)}；{who}）", ""]
        names = [
            f"{words.unit_name(report, code)}（{words.people(result.people.get(code))}）"
            for code in missing
        ]
        lines.append("、".join(names))
    title = "## 尚未覆盖" if lang == "zh" else "## Missing"
    return ["", title, *lines] if lines else []


def _markdown_notes(report: Report, lang: Lang) -> list[str]:
    noted = [(r, note.to(lang)) for r in report.results for note in r.notes]
    if not noted:
        return []
    lines = [f"- {words.name(r, lang)}：{text}" for r, text in noted]
    return ["", "## 说明" if lang == "zh" else "## Notes", "", *lines]


def files(report: Report, lang: Lang = "zh") -> dict[str, str]:
    """The files of a report folder by name: table, JSON, Markdown, summary and one per indicator.

    A file whose rows include example data says so in its name.
    """
    from coverage.results.table import to_text

    found = {
        "report.txt": to_text(report, lang),
        "report.json": to_json(report, lang),
        "report.md": to_markdown(report, lang),
        "summary.csv": to_csv(report, lang, bom=True),
    }
    for result in report.results:
        found[f"{result.indicator.id}.csv"] = indicator_csv(report, result, lang)
    return found


def write_folder(report: Report, folder: Path, lang: Lang = "zh") -> list[Path]:
    """Write a report's files into `folder`; see `write_files`."""
    return write_files(files(report, lang), folder)


def write_files(texts: Mapping[str, str], folder: Path) -> list[Path]:
    """Write files by name into `folder`, all or nothing (`coverage.results.folders`).

    Raises:
        InputError: If a file that the tool did not write would be replaced, or
            the folder cannot be written to.
    """
    with staged(folder, _MANIFEST) as stage:
        for name, text in texts.items():
            write_text(stage / name, text)
    return [folder / name for name in texts]
