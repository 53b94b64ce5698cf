"""The tables of a brief, each made once from the result and shown by every writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.kinds import PROVENANCES
from coverage.messages import Lang, Said
from coverage.results import words
from coverage.results.document import HIDDEN, Document, Indicator, known
from coverage.results.projects import projects_table
from coverage.results.table import JUDGED, STATUS_COLOURS, Cell, Column, Table, named, shown
from coverage.results.vocabulary import GROUPS
from coverage.results.words import PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_EXAMPLE = Said("（示意）", " (example)")
_ACTIONS: dict[str, Said] = {
    "added": Said("新建", "new"),
    "changed": Said("调整", "changed"),
    "closed": Said("关闭", "closed"),
}
_PEOPLE_ONLY = 9999  # a share of more than so many is one of people, in percent only


def label(indicator: Indicator) -> str:
    """The short name of an indicator where it has one, else the whole; never a cut one."""
    return words.label(indicator.short_name, indicator.name)


def tables(document: Document) -> dict[str, Table]:
    """Every table that this result has, by name."""
    made = {name: make(document) for name, make in MAKERS.items()}
    return {name: table for name, table in made.items() if table is not None and table.rows}


def _example(indicator: Indicator, lang: Lang) -> str:
    return _EXAMPLE.to(lang) * indicator.illustrative


def _targets(document: Document) -> Table:
    values, year = document.valued(), document.year
    rows = tuple(
        (
            serial,
            i.name,
            i.shown.value + _example(i, document.lang),
            "\n".join(said.target or t.text for t, said in i.due()),
            "\n".join(said.gap for _, said in i.due()),
            i.status_text,
        )
        for serial, i in enumerate(values, start=1)
    )
    title = Said(
        f"设施类指标现状与 {year} 年目标", f"Facility indicators against the targets of {year}"
    )
    columns = named(serial=0.75, indicator=2.7, now=2.15, target=1.75, gap=1.6, status=1.05)
    marks = tuple(i.status for i in values)
    return Table(title, columns, rows, document.lang, "targets", marks)


def _numbers(indicator: Indicator, lang: Lang) -> str:
    """The targets in force that are numbers, in one line."""
    return PAUSE.to(lang).join(said.target for t, said in indicator.due() if t.op is not None)


def _overview(document: Document) -> Table:
    """The indicators with a verdict, or one that is undecided, in a line each, for a slide."""
    lang = document.lang
    judged = [i for i in document.valued() if i.status in STATUS_COLOURS]
    rows = tuple(
        (
            label(i) + _example(i, lang),
            i.shown.value,
            _numbers(i, lang),
            next((said.gap for t, said in i.due() if t.op and not t.met and said.gap), "—"),
            i.status_text,
        )
        for i in judged
    )
    columns = named(indicator=2.2, now=1.8, target=1.4, gap=2.2, status=1.15)
    title = Said("可判定的指标", "Indicators that can be judged")
    return Table(title, columns, rows, lang, "overview", tuple(i.status for i in judged))


def _counties(document: Document) -> Table | None:
    lang = document.lang
    found = [i for i in document.valued() if i.by_county and i.level != "village"][:5]
    if not found:
        return None
    names = {county.code: county.name for i in found for county in i.by_county}
    rows = tuple(
        (names[code], *(i.shown.counties.get(code, "—") for i in found)) for code in sorted(names)
    )
    whole = (Said("全市", "city").to(lang), *map(_whole, found))
    heads = (Column(i.short_name + _example(i, lang)) for i in found)
    title = Said("分县（市、区）覆盖情况", "Covered by county")
    return Table(title, (*named(county=1.6), *heads), (*rows, whole), lang, "counties")


def _whole(indicator: Indicator) -> str:
    """The whole city's share as its counties show theirs: of people, in percent only."""
    if (known(indicator.denominator) or 0) > _PEOPLE_ONLY:
        return shown(indicator.value, "percent")
    return indicator.shown.value


def _missing(document: Document) -> Table | None:
    first, units = document.lead(), document.unit_rows()
    if first is None or not first.missing or first.level == "village":
        return None
    missing = [units[code] for code in first.missing]
    rows = tuple(
        (serial, u.name, units.get(u.county or "", u).name, u.people[first.group])
        for serial, u in enumerate(missing, start=1)
    )
    columns = (
        *named(serial=0.9, township=2, county=2),
        Column(GROUPS[first.group], "count", 2),
    )
    note = Said("人口为模型推算。", "The numbers of people are modelled.").to(document.lang)
    modelled = any(first.group in u.modelled for u in missing)
    title = Said(f"尚未覆盖：{first.name}", f"Missing: {first.name}")
    return Table(title, columns, rows, document.lang, "missing", note=note * modelled)


def _kinds(document: Document) -> Table:
    rows = tuple(
        (k.name, k.count, k.beds, k.nursing_beds, _provenance(k.provenance, document.lang))
        for k in document.kinds
    )
    columns = named(kind_of_facility=2.4, number=0.8, beds=0.9, nursing_beds=1.1, provenance=2)
    title = Said("登记册中的设施", "Facilities of the register")
    return Table(title, columns, rows, document.lang, "kinds")


def _provenance(counts: Mapping[str, int], lang: Lang) -> str:
    names = (f"{PROVENANCES[p] if lang == 'zh' else p} {n:,}" for p, n in counts.items())
    return PAUSE.to(lang).join(names)


def _reported(document: Document) -> Table:
    valued = {i.id for i in document.valued()}
    rows = tuple(
        (
            i.name,
            i.unit.strip("—"),
            i.shown.baseline,
            "" if i.value is None else i.shown.value,
            "\n".join(dict.fromkeys(f"{t.year} {said.target or t.text}" for t, said in i.aims())),
            i.status_text,
        )
        for i in document.indicators
        if i.id not in valued
    )
    columns = named(indicator=2.8, unit=0.9, baseline=1.2, now=0.9, planned=2.2, status=1.15)
    title = Said("填报类指标和暂不能测算的指标", "Reported indicators, and those not computed")
    return Table(title, columns, rows, document.lang, "reported")


def _projects(document: Document) -> Table:
    said = {
        i.id: (label(i), "" if i.value is None else i.shown.value, i.status_text)
        for i in document.indicators
    }
    return projects_table(document.projects, said, document.lang)


def _before_after(document: Document) -> Table | None:
    """Indicators that a scenario changes, in value or in verdict; all that are judged if none."""
    lang, change = document.lang, document.scenario
    if change is None:
        return None
    pairs = [(i, change.after.indicator(i.id)) for i in document.valued()]
    moved = [(a, b) for a, b in pairs if (a.value, a.status) != (b.value, b.status)]
    moved = moved or [(a, b) for a, b in pairs if a.status in JUDGED]
    rows = tuple(
        (
            label(b),
            a.shown.value,
            b.shown.value,
            difference(a, b),
            _numbers(b, lang),
            " → ".join(dict.fromkeys((a.status_text, b.status_text))),
        )
        for a, b in moved
    )
    columns = named(indicator=2.7, before=1.5, after=1.5, change=0.8, target=1.5, status=1.3)
    title = Said(f"方案前后：{change.name}", f"Before and after: {change.name}")
    return Table(title, columns, rows, lang, "before_after", tuple(b.status for _, b in moved))


def _proposal(document: Document) -> Table | None:
    """The facilities that a scenario builds, changes or closes."""
    change = document.scenario
    if change is None:
        return None
    register = {f.id: f for f in (*document.register, *change.after.register)}
    acts = [(register[id_], act) for id_, act in change.changes.items() if id_ in register]
    rows = tuple(
        (serial, _ACTIONS[act], f.name, f.kind_name, f.unit_name, f.beds)
        for serial, (f, act) in enumerate(acts, start=1)
    )
    columns = named(serial=0.85, action=0.7, facility=2.6, kind=2, place=1.5, beds=0.8)
    title = Said(f"方案内容：{change.name}", f"The proposal: {change.name}")
    return Table(title, columns, rows, document.lang, "proposal")


def difference(before: Indicator, after: Indicator) -> Cell:
    """By how much a value changes, in its own unit; hidden if one of the two is."""
    if HIDDEN in {before.value, after.value}:
        return HIDDEN
    old, new = known(before.value), known(after.value)
    return None if old is None or new is None else new - old


def _inputs(document: Document) -> Table:
    record = document.record
    inputs, note = (record.inputs, record.note) if record else ((), "")
    rows = tuple((f.name, f.file, f.origin_name, f.digest[:12] or None) for f in inputs)
    columns = named(data=1.2, file=2.6, origin=1, hash=1.4)
    return Table(
        Said("所用数据文件", "Files read"), columns, rows, document.lang, "inputs", note=note
    )


MAKERS: dict[str, Callable[[Document], Table | None]] = {
    "targets": _targets,
    "overview": _overview,
    "counties": _counties,
    "missing": _missing,
    "kinds": _kinds,
    "proposal": _proposal,
    "before_after": _before_after,
    "projects": _projects,
    "reported": _reported,
    "inputs": _inputs,
}
