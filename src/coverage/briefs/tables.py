"""The tables of a brief, each made once from the result object and shown by every writer.

A cell keeps its number; how it reads (`Table.shown`) and how a spreadsheet
formats it follow from the kind of its column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from coverage.messages import Said
from coverage.results.discretion import HIDDEN, hidden
from coverage.results.document import GROUPS
from coverage.text import fraction, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coverage.messages import Lang

Cell: TypeAlias = "str | int | float | None"
Kind = Literal["text", "serial", "count", "percent", "change"]

STATUS_COLOURS = {
    "met": "1B7F5C",
    "not_met": "B3401F",
    "contested": "9A6B00",
}


@dataclass(frozen=True)
class Column:
    """A column: its head, what its cells are, and its share of the width."""

    head: str
    kind: Kind = "text"
    weight: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table of a brief.

    Attributes:
        name: Name in templates.
        title: Caption.
        columns: From left to right.
        rows: Raw cells; `None` reads as a dash.
        marks: By row, the status that colours its last cell; may be empty.
        note: A line below the table.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    marks: tuple[str, ...] = ()
    note: str = ""

    def shown(self, row: int, column: int) -> str:
        """A cell as it is printed."""
        return shown(self.rows[row][column], self.columns[column].kind)

    def head(self, rows: int) -> Table:
        """The table with only its first rows."""
        return Table(
            self.name, self.title, self.columns, self.rows[:rows], self.marks[:rows], self.note
        )


def shown(value: Cell, kind: Kind) -> str:
    """A number as planners print it; text as it is."""
    if value is None:
        return "—" if kind != "text" else ""
    if isinstance(value, str):
        return value
    exact = fraction(value)
    if kind == "percent":
        return f"{number(exact)}%"
    if kind == "change":
        sign = "+" if exact > 0 else "−" if exact < 0 else ""
        return f"{sign}{number(abs(exact))}"
    return number(exact)


def label(indicator: Mapping[str, Any]) -> str:
    """The short name of an indicator where it has one, else the whole; never a cut one."""
    short = str(indicator["short_name"])
    return str(indicator["name"]) if short.endswith("…") else short


def due(indicator: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Targets in force with their words, the same comparison once; else the next ones."""
    pairs = list(zip(indicator["targets"], indicator["shown"]["targets"], strict=True))
    chosen = [p for p in pairs if p[0]["due"]]
    if not chosen and pairs:
        following = min(t["year"] for t, _ in pairs)
        chosen = [p for p in pairs if p[0]["year"] == following]
    return list({said["target"]: (t, said) for t, said in reversed(chosen)}.values())[::-1]


def computed(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Indicators that a register gives a value to, in the order of the plan."""
    return [i for i in document["indicators"] if i["computed"] and i["basis"] != "none"]


def lead(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The indicator a brief speaks of first: the first of the plan that lacks townships.

    Without one, the first that lacks any unit, then the first with a value.
    """
    values = computed(document)
    lists = [i for i in values if i["missing"]]
    townships = [i for i in lists if i["level"] == "township"]
    judged = [i for i in townships if i["status"] in {"not_met", "contested"}]
    chosen = judged or townships or lists or values
    return chosen[0] if chosen else None


def tables(document: Mapping[str, Any]) -> dict[str, Table]:
    """Every table that this result has, by name."""
    made = {name: make(document) for name, make in _MAKERS.items()}
    return {name: table for name, table in made.items() if table is not None and table.rows}


def _targets(document: Mapping[str, Any]) -> Table:
    lang: Lang = document["lang"]
    rows: list[tuple[Cell, ...]] = []
    marks = []
    for serial, i in enumerate(computed(document), start=1):
        aims = due(i)
        rows.append(
            (
                serial,
                i["name"],
                i["shown"]["value"] + (_say(_EXAMPLE, lang) if i["illustrative"] else ""),
                "\n".join(said["target"] or t["text"] for t, said in aims),
                "\n".join(said["gap"] for _, said in aims),
                i["status_text"],
            )
        )
        marks.append(i["status"])
    columns = (
        Column(_say(Said("序号", "no."), lang), "serial", 0.85),
        Column(_say(Said("指标", "indicator"), lang), weight=2.9),
        Column(_say(Said("现状", "now"), lang), weight=1.7),
        Column(_say(Said("目标", "target"), lang), weight=1.8),
        Column(_say(Said("缺口", "gap"), lang), weight=1.6),
        Column(_say(Said("状态", "status"), lang), weight=1.1),
    )
    title = Said(
        f"设施类指标现状与 {document['year']} 年目标",
        f"Facility indicators against the targets of {document['year']}",
    )
    return Table("targets", title.to(lang), columns, tuple(rows), tuple(marks))


_EXAMPLE = Said("（示意）", " (example)")


def _say(said: Said, lang: Lang) -> str:
    return said.to(lang)


def _overview(document: Mapping[str, Any]) -> Table:
    """The judged indicators in a line each, for a slide."""
    lang: Lang = document["lang"]
    judged = [i for i in computed(document) if i["status"] in STATUS_COLOURS]
    rows = []
    for i in judged:
        aims = due(i)
        missing = [said["gap"] for t, said in aims if t["met"] is False]
        rows.append(
            (
                label(i) + (_say(_EXAMPLE, lang) if i["illustrative"] else ""),
                i["shown"]["value"],
                ("、" if lang == "zh" else ", ").join(
                    said["target"] for t, said in aims if t["op"] is not None
                ),
                missing[0] if missing else "—",
                i["status_text"],
            )
        )
    columns = (
        Column(_say(Said("指标", "indicator"), lang), weight=2.2),
        Column(_say(Said("现状", "now"), lang), weight=1.8),
        Column(_say(Said("目标", "target"), lang), weight=1.4),
        Column(_say(Said("缺口", "gap"), lang), weight=2.2),
        Column(_say(Said("状态", "status"), lang), weight=1.15),
    )
    title = Said("可判定的指标", "Indicators that can be judged")
    marks = tuple(i["status"] for i in judged)
    return Table("overview", title.to(lang), columns, tuple(rows), marks)


def _by_county(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [i for i in computed(document) if i["by_county"] and i["level"] != "village"]
    return found[:5]


def _counties(document: Mapping[str, Any]) -> Table | None:
    lang: Lang = document["lang"]
    found = _by_county(document)
    if not found:
        return None
    rows = tuple(
        (county["name"], *(i["shown"]["counties"][index] for i in found))
        for index, county in enumerate(found[0]["by_county"])
    )
    whole: tuple[Cell, ...] = (
        _say(Said("全市", "city"), lang),
        *(_whole(i) for i in found),
    )
    columns = (
        Column(_say(Said("县（市、区）", "county"), lang), weight=1.6),
        *(
            Column(i["short_name"] + (_say(_EXAMPLE, lang) if i["illustrative"] else ""))
            for i in found
        ),
    )
    title = Said("分县（市、区）覆盖情况", "Covered by county")
    return Table("counties", title.to(lang), columns, (*rows, whole))


def _whole(indicator: Mapping[str, Any]) -> str:
    """The whole city's share as its counties show theirs: of people, in percent only."""
    bottom = plain(indicator["denominator"])
    if bottom is not None and bottom > 9999:
        return shown(indicator["value"], "percent")
    return str(indicator["shown"]["value"])


def _missing(document: Mapping[str, Any]) -> Table | None:
    lang: Lang = document["lang"]
    first = lead(document)
    if first is None or not first["missing"] or first["level"] == "village":
        return None
    units = {u["code"]: u for u in document["units"] if u["level"] != "city"}
    group = GROUPS[first["group"]].to(lang)
    rows: list[tuple[Cell, ...]] = []
    modelled = False
    for serial, code in enumerate(first["missing"], start=1):
        unit = units[code]
        county = units.get(unit["county"], unit)
        rows.append((serial, unit["name"], county["name"], unit["people"][first["group"]]))
        modelled = modelled or first["group"] in unit["modelled"]
    columns = (
        Column(_say(Said("序号", "no."), lang), "serial", 0.9),
        Column(_say(Said("乡镇（街道）", "township"), lang), weight=2),
        Column(_say(Said("县（市、区）", "county"), lang), weight=2),
        Column(group, "count", 2),
    )
    title = Said(f"尚未覆盖：{first['name']}", f"Missing: {first['name']}")
    note = Said("人口为模型推算。", "The numbers of people are modelled.") if modelled else None
    return Table(
        "missing", title.to(lang), columns, tuple(rows), note=note.to(lang) if note else ""
    )


def _kinds(document: Mapping[str, Any]) -> Table:
    lang: Lang = document["lang"]
    rows = tuple(
        (k["name"], k["count"], k["beds"], k["nursing_beds"], _provenance(k["provenance"], lang))
        for k in document["kinds"]
    )
    columns = (
        Column(_say(Said("设施类别", "kind"), lang), weight=2.4),
        Column(_say(Said("数量", "number"), lang), "count", 0.8),
        Column(_say(Said("床位", "beds"), lang), "count", 0.9),
        Column(_say(Said("护理型床位", "nursing beds"), lang), "count", 1.1),
        Column(_say(Said("来源", "provenance"), lang), weight=2),
    )
    title = Said("登记册中的设施", "Facilities of the register")
    return Table("kinds", title.to(lang), columns, rows)


def _provenance(counts: Mapping[str, int], lang: Lang) -> str:
    from coverage.kinds import PROVENANCES

    named = [f"{PROVENANCES[p] if lang == 'zh' else p} {n:,}" for p, n in counts.items()]
    return ("、" if lang == "zh" else ", ").join(named)


def _reported(document: Mapping[str, Any]) -> Table:
    lang: Lang = document["lang"]
    others = [i for i in document["indicators"] if i not in computed(document)]
    rows = []
    for i in others:
        aims = [
            f"{t['year']} {said['target'] or t['text']}"
            for t, said in zip(i["targets"], i["shown"]["targets"], strict=True)
        ]
        value = i["shown"]["value"] if i["value"] is not None else ""
        rows.append(
            (
                i["name"],
                i["unit"].strip("—"),
                i["shown"]["baseline"],
                value,
                "\n".join(dict.fromkeys(aims)),
                i["status_text"],
            )
        )
    columns = (
        Column(_say(Said("指标", "indicator"), lang), weight=2.8),
        Column(_say(Said("单位", "unit"), lang), weight=0.9),
        Column(_say(Said("基期", "baseline"), lang), weight=1.2),
        Column(_say(Said("现状", "now"), lang), weight=0.9),
        Column(_say(Said("规划目标", "target"), lang), weight=2.2),
        Column(_say(Said("状态", "status"), lang), weight=1.15),
    )
    title = Said("填报类指标和暂不能测算的指标", "Reported indicators, and those not computed")
    return Table("reported", title.to(lang), columns, tuple(rows))


def _before_after(document: Mapping[str, Any]) -> Table | None:
    """Indicators that a scenario changes, in value or in verdict; all that are judged if none."""
    lang: Lang = document["lang"]
    scenario = document.get("scenario")
    if scenario is None:
        return None
    after = {i["id"]: i for i in scenario["after"]["indicators"]}
    pairs = [(i, after[i["id"]]) for i in computed(document)]
    moved = [
        (a, b) for a, b in pairs if (a["value"], a["status"]) != (b["value"], b["status"])
    ] or [(a, b) for a, b in pairs if a["status"] in STATUS_COLOURS]
    rows = []
    for a, b in moved:
        aims = [said["target"] for t, said in due(b) if t["op"] is not None]
        rows.append(
            (
                label(b),
                a["shown"]["value"],
                b["shown"]["value"],
                difference(a, b),
                "、".join(aims) if lang == "zh" else ", ".join(aims),
                b["status_text"]
                if a["status"] == b["status"]
                else f"{a['status_text']} → {b['status_text']}",
            )
        )
    columns = (
        Column(_say(Said("指标", "indicator"), lang), weight=2.7),
        Column(_say(Said("方案前", "before"), lang), weight=1.5),
        Column(_say(Said("方案后", "after"), lang), weight=1.5),
        Column(_say(Said("变化", "change"), lang), "change", 0.8),
        Column(_say(Said("目标", "target"), lang), weight=1.5),
        Column(_say(Said("状态", "status"), lang), weight=1.3),
    )
    title = Said(f"方案前后：{scenario['name']}", f"Before and after: {scenario['name']}")
    marks = tuple(b["status"] for _, b in moved)
    return Table("before_after", title.to(lang), columns, tuple(rows), marks)


_ACTIONS: dict[str, Said] = {
    "added": Said("新建", "new"),
    "changed": Said("调整", "changed"),
    "closed": Said("关闭", "closed"),
}


def _proposal(document: Mapping[str, Any]) -> Table | None:
    """The facilities that a scenario builds, changes or closes."""
    lang: Lang = document["lang"]
    scenario = document.get("scenario")
    if scenario is None:
        return None
    known = {f["id"]: f for f in [*document["register"], *scenario["after"]["register"]]}
    rows = [
        (
            _ACTIONS[action].to(lang),
            known[id_]["name"],
            known[id_]["kind_name"],
            known[id_]["unit_name"],
            known[id_]["beds"],
        )
        for id_, action in scenario["changes"].items()
        if id_ in known
    ]
    columns = (
        Column(_say(Said("动作", "action"), lang), weight=0.7),
        Column(_say(Said("设施", "facility"), lang), weight=2.6),
        Column(_say(Said("类别", "kind"), lang), weight=2),
        Column(_say(Said("所在", "in"), lang), weight=1.5),
        Column(_say(Said("床位", "beds"), lang), "count", 0.8),
    )
    title = Said(f"方案内容：{scenario['name']}", f"The proposal: {scenario['name']}")
    numbered = tuple((serial, *row) for serial, row in enumerate(rows, start=1))
    serial = Column(_say(Said("序号", "no."), lang), "serial", 0.85)
    return Table("proposal", title.to(lang), (serial, *columns), numbered)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Cell:
    """By how much a value changes, in its own unit; hidden if one of the two is."""
    old, new = before["value"], after["value"]
    if hidden(old) or hidden(new):
        return HIDDEN
    return None if old is None or new is None else float(fraction(new) - fraction(old))


def _inputs(document: Mapping[str, Any]) -> Table | None:
    lang: Lang = document["lang"]
    rows = tuple(
        (f["name"], f["file"], f["origin_name"], f["sha256"][:12])
        for f in document.get("record", {}).get("inputs", ())
    )
    columns = (
        Column(_say(Said("数据", "data"), lang), weight=1.2),
        Column(_say(Said("文件", "file"), lang), weight=2.6),
        Column(_say(Said("来自", "origin"), lang), weight=1),
        Column(_say(Said("SHA-256 前 12 位", "SHA-256, first 12"), lang), weight=1.4),
    )
    title = Said("所用数据文件", "Files read")
    return Table("inputs", title.to(lang), columns, rows)


_MAKERS: dict[str, Callable[[Mapping[str, Any]], Table | None]] = {
    "targets": _targets,
    "overview": _overview,
    "counties": _counties,
    "missing": _missing,
    "kinds": _kinds,
    "proposal": _proposal,
    "before_after": _before_after,
    "reported": _reported,
    "inputs": _inputs,
}


def plain(value: Any) -> float | int | None:
    """A number of the result object, `None` where it is unknown or kept back."""
    return None if value is None or hidden(value) else value
