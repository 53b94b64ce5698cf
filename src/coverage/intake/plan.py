"""`coverage import plan`: the targets of a new plan from a sheet, as `plan.toml`.

Every filled row below the header is accepted, corrected or rejected with a
reason. What is written is read back by the library's own reader first; a
file that it refuses is never put in place of a good one.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.alike import today
from coverage.city import City
from coverage.clauses import MEASURES
from coverage.errors import CoverageError, InputError, Problem
from coverage.formats.toml import toml_value
from coverage.intake.commit import deliver, own_file
from coverage.intake.outcomes import ImportReport, Part, RowOutcome
from coverage.intake.parts import part_of, uses_of
from coverage.intake.planreader import read_rows
from coverage.intake.planrows import PlanRow, join
from coverage.intake.plansheet import PLAN, PlanTable, decided, plan_tables
from coverage.kinds import KINDS
from coverage.lists.reading import read_file
from coverage.lists.rows import Finding
from coverage.messages import Lang, Said
from coverage.plans import Plan, PlanIndicator, load_plan

if TYPE_CHECKING:
    from coverage.lists.sheets import RawSheet

FILE = "plan.toml"
_PERIOD = re.compile(r"((?:19|20)\d\d)\s*年?\s*[-—–~～至到]+\s*((?:19|20)\d\d)")
_FIVE_YEARS = {"十二五": 2011, "十三五": 2016, "十四五": 2021, "十五五": 2026, "十六五": 2031}
_MATCH_ORDER = ("kinds", "services", "categories", "ownership", "units", "services_of")


@dataclass(frozen=True)
class PlanImport:
    """What became of a sheet of targets.

    Attributes:
        report: The report as of any import.
        rows: Every filled row below the header.
        plan: As `load_plan` reads it back, `None` if no row was accepted.
        written: The file written, `None` in a dry run or if no row was accepted.
    """

    report: ImportReport
    rows: tuple[PlanRow, ...]
    plan: Plan | None
    written: Path | None

    @property
    def counts(self) -> Counter[str]:
        """Rows by status; together they are all rows of the file."""
        return Counter(row.status for row in self.rows)


def import_plan(
    path: Path,
    folder: Path,
    *,
    title: str = "",
    start: int | None = None,
    end: int | None = None,
    baseline_year: int | None = None,
    dry_run: bool = False,
    lang: Lang = "zh",
) -> PlanImport:
    """Read the targets of a plan from a sheet and write them as the workspace's plan.

    Args:
        path: ``.xlsx``, ``.xls``, ``.csv`` or any table that intake reads.
        folder: The workspace.
        title: Title of the plan; by default the line above the table.
        start: First year of the plan; by default as the title says, else four before the end.
        end: Last year; by default as the title says, else the year of the last target.
        baseline_year: Year of baseline figures that state none; by default the one that most
            rows state, else the year before the first.
        dry_run: Write nothing.
        lang: Language of the report.

    Raises:
        InputError: If the folder is no workspace, the file cannot be read, or no sheet has a
            column of names and one of targets.
    """
    city = City.open(folder)
    sheets = read_file(path)
    tables = plan_tables(sheets)
    if not tables:
        reason = Said(
            "没有找到指标表：表头应有“指标名称”和“目标值”（或“2027年目标值”）",
            "no table of targets: its header needs a column of names and one of targets, or one "
            "a year",
        )
        raise InputError(Problem(reason, path.name))
    title = title or _title(tables) or f"{city.name}规划指标（{path.stem}）"
    start, end = _period(title, tables, start, end)
    tables = [decided(table, start, end) for table in tables]
    rows = [r for t in tables for r in read_rows(t, city=city.code, end=end, title=path.name)]
    indicators = join(rows)
    notes = _notes(tables, rows)
    if not indicators:
        report = _report(path.name, sheets, tables, rows, (*notes, _NOTHING))
        return PlanImport(report, tuple(rows), None, None)
    years = [t["year"] for i in indicators for t in i["target"]]
    end = end or max(years, default=datetime.now(UTC).year)
    start = start or end - 4
    stated = Counter(y for i in indicators if (y := i.get("baseline", {}).get("year")))
    base_year = baseline_year or (stated.most_common(1)[0][0] if stated else start - 1)
    head = {
        "id": f"{city.code}-own",
        "city": city.code,
        "title": title,
        "start": start,
        "end": end,
        "baseline_year": base_year,
    }
    text = _toml(head, indicators, path.name)
    plan = _read_back(text)
    notes += (*_about(plan, rows, folder), *map(_how, plan.indicators))
    report = _report(path.name, sheets, tables, rows, notes)
    if dry_run:
        return PlanImport(report, tuple(rows), plan, None)
    goal = own_file(city, "plan")
    return PlanImport(deliver(report, folder, {goal: text}, lang=lang), tuple(rows), plan, goal)


def _report(
    file: str,
    sheets: list[RawSheet],
    tables: list[PlanTable],
    rows: list[PlanRow],
    notes: tuple[Said, ...],
) -> ImportReport:
    """Rows of the tables with what became of them, and what else is known of the file."""
    by_name = {sheet.sheet: sheet for sheet in reversed(sheets)}
    parts: list[Part] = []
    cells: dict[tuple[str, int], tuple[tuple[object, ...], int]] = {}
    for number, table in enumerate(tables):
        own = replace(by_name[table.sheet], columns=_names(table))
        fields = {
            c.name: PLAN.fields[c.field].said.then(_year(c.year)) for c in table.columns if c.field
        }
        parts.append(part_of(own, uses_of(own.columns, fields)))
        cells |= {(table.sheet, raw.number): (raw.cells, number) for raw in table.rows}
    outcomes = []
    for row in rows:
        own_cells, number = cells[row.sheet, row.row]
        said = (*row.reasons, *row.notes)
        known = row.known.indicator.name if row.known is not None and not row.rejected else ""
        outcomes.append(
            RowOutcome(
                row.row, row.sheet, "", row.name, row.status, said, own_cells, (known,), number
            )
        )
    findings = tuple(Finding("plan", "note", said) for said in notes)
    heads = (Said("指标库", "known as"),)
    return ImportReport(
        "plan", file, (), tuple(outcomes), findings, {}, parts=tuple(parts), heads=heads
    )


def _year(year: int | None) -> Said:
    """A year behind what it belongs to, or nothing."""
    text = f" {year}" if year else ""
    return Said(text, text)


def _names(table: PlanTable) -> tuple[str, ...]:
    """Names of the columns at their places; a place without a name stays empty."""
    width = max((c.index for c in table.columns), default=-1) + 1
    names = {c.index: c.name for c in table.columns}
    return tuple(names.get(i, "") for i in range(width))


_NOTHING = Said(
    "没有一行可以接收，原有 plan.toml 未动", "no row was accepted: plan.toml is left as it was"
)


def _title(tables: list[PlanTable]) -> str:
    """The first line above a table that reads like a title."""
    lines = [line for table in tables for line in table.titles]
    return next((t for t in lines if re.search("规划|指标|目标|十[三四五六]五|plan", t)), "")


def _period(
    title: str, tables: list[PlanTable], start: int | None, end: int | None
) -> tuple[int | None, int | None]:
    """First and last year as stated, else as the title says, else by the names of columns."""
    found = _PERIOD.search(title)
    five = next((year for words, year in _FIVE_YEARS.items() if words in title), None)
    if found and int(found[1]) <= int(found[2]):
        start, end = start or int(found[1]), end or int(found[2])
    elif five:
        start, end = start or five, end or five + 4
    years = [c.year for table in tables for c in table.of("target") if c.year]
    end = end or max(years, default=None)
    if start is not None and end is not None and start > end:
        raise InputError(
            Said(f"规划期颠倒：{start} 年至 {end} 年", "the plan ends before it starts")
        )
    return start, end


def _notes(tables: list[PlanTable], rows: list[PlanRow]) -> tuple[Said, ...]:
    notes = []
    left_out = [name for table in tables for name in table.left_out]
    if left_out:
        zh, en = "、".join(left_out), ", ".join(left_out)
        notes.append(Said(f"未用的列：{zh}", f"columns not used: {en}"))
    bare = sum(row.bare for row in rows if not row.rejected)
    if bare:
        notes.append(
            Said(
                f"{bare} 个目标只写数字没有比较词：按“不低于”，100% 按“等于”",
                f"{bare} targets are plain numbers: read as at least, 100 % as equal",
            )
        )
    return tuple(notes)


def _about(plan: Plan, rows: list[PlanRow], folder: Path) -> tuple[Said, ...]:
    computed = sum(i.computed for i in plan.indicators)
    guessed = [r for r in rows if not r.rejected and r.known is not None and r.known.score < 1]
    notes = [
        Said(
            f"规划期 {plan.start}—{plan.end} 年，基期 {plan.baseline_year} 年；"
            f"{len(plan.indicators)} 项指标，{computed} 项由登记册计算，"
            f"{len(plan.indicators) - computed} 项填报",
            f"{plan.start}-{plan.end}, baseline {plan.baseline_year}; {len(plan.indicators)} "
            f"indicators, {computed} computed, {len(plan.indicators) - computed} reported",
        )
    ]
    if guessed:
        notes.append(
            Said(
                f"{len(guessed)} 行的名称与指标库不全同，请核对识别是否正确",
                f"{len(guessed)} names are alike and not the same as the library's: check them",
            )
        )
    outside = {
        t.year for i in plan.indicators for t in i.targets if not plan.start <= t.year <= plan.end
    }
    if outside:
        listed = "、".join(map(str, sorted(outside)))
        notes.append(
            Said(f"有目标年份在规划期外：{listed}", f"targets outside the period: {listed}")
        )
    gone = _gone(plan, folder)
    if gone:
        notes.append(
            Said(
                f"原 plan.toml 有而此次没有的指标 {len(gone)} 项：{'、'.join(gone[:5])}",
                f"{len(gone)} indicators of the previous plan.toml are gone: {', '.join(gone[:5])}",
            )
        )
    return tuple(notes)


def _how(indicator: PlanIndicator) -> Said:
    """How an indicator is computed and with what, or why it is reported."""
    name, match = indicator.name, indicator.match
    if not indicator.computed:
        own = indicator.id.startswith("own.")
        zh = "指标库没有同名或相近而确定的指标" if own else "指标库中也是填报"
        en = "the library has none that it surely is" if own else "the library reports it too"
        return Said(f"{name}：填报，因为{zh}", f"{name}: reported, because {en}")
    label = MEASURES[indicator.measure]
    zh, en = f"{name}：计算，{label[0]}", f"{name}: computed, {label[1]}"
    kinds = [KINDS[kind] for kind in match.kinds]
    services = (*match.services, *match.services_of)
    zh += f"；设施 {'、'.join(k.zh for k in kinds)}" if kinds else ""
    en += f"; facilities: {', '.join(k.en for k in kinds)}" if kinds else ""
    zh += f"；服务 {'、'.join(services)}" if services else ""
    en += f"; services: {', '.join(services)}" if services else ""
    return Said(zh, en)


def _gone(plan: Plan, folder: Path) -> list[str]:
    """Names that the plan being replaced has and the new one has not."""
    if not (folder / FILE).is_file():
        return []
    try:
        before = load_plan(folder / FILE)
    except CoverageError:
        return []  # a broken plan is being replaced: there is nothing to compare
    now = {i.id for i in plan.indicators}
    return [i.name for i in before.indicators if i.id not in now]


def _read_back(text: str) -> Plan:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / FILE
        path.write_text(text, encoding="utf-8")
        return load_plan(path)


def _toml(head: dict[str, Any], indicators: list[dict[str, Any]], source: str) -> str:
    lines = [
        f"# 由 coverage import plan 从 {_plain(source)} 写成，{today()}。",
        "# 可以手工修改，再次导入会覆盖。 It may be edited; a further import replaces it.",
        "",
        "[plan]",
        *_pairs(head),
    ]
    for indicator in indicators:
        lines += ["", "[[indicator]]", *_indicator(indicator, head["baseline_year"])]
    return "\n".join(lines) + "\n"


def _indicator(data: dict[str, Any], base_year: int) -> list[str]:
    keys = ("id", "name", "name_en", "system", "level", "unit", "nature", "measure", "clause")
    lines = _pairs({k: data[k] for k in keys if data.get(k) or k in {"unit", "nature"}})
    lines += _pairs({k: data[k] for k in ("note", "scope") if data.get(k)})
    if data["match"]:
        order = [k for k in _MATCH_ORDER if k in data["match"]]
        order += [k for k in data["match"] if k not in order]
        lines += ["  [indicator.match]", *_pairs({k: data["match"][k] for k in order}, "  ")]
    if "baseline" in data:
        base = data["baseline"] | {"year": data["baseline"]["year"] or base_year}
        lines += ["  [indicator.baseline]", *_pairs(base, "  ")]
    for target in data["target"]:
        kept = {k: v for k, v in target.items() if v is not None}
        lines += ["  [[indicator.target]]", *_pairs(kept, "  ")]
    return lines


def _pairs(values: dict[str, Any], indent: str = "") -> list[str]:
    plain = ((key, _plain(v) if isinstance(v, str) else v) for key, v in values.items())
    return [f"{indent}{key} = {toml_value(value)}" for key, value in plain]


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
