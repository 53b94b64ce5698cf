"""A scenario as TOML text, commented for the people who will edit it."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.scenarios.edits import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage.scenarios.edits import Edit, Road, Scenario

_WHAT = {
    "add": "新建",
    "open": "规划或在建的投入使用",
    "close": "关闭",
    "move": "迁址",
    "upgrade": "增加服务、床位",
    "road": "断路、架桥",
    "population": "人口变化",
    "target": "另定目标",
}
_REMARK = {"cost": "万元", "growth": "倍", "speed_kmh": "公里/时"}
_COSTS = {"site": "每处，万元", "bed": "每张床位，万元", "service": "每项服务，万元"}
_LEVEL = {6: "county", 9: "township", 12: "village"}


def to_toml(scenario: Scenario) -> str:
    """The scenario's file; the same scenario always gives the same text."""
    lines = [f"# 情景：{scenario.name.splitlines()[0] if scenario.name else ''}"]
    lines += ["# 用法：coverage scenario run 本文件；各字段见 docs/scenarios.md。", ""]
    lines += _given({"name": scenario.name, "city": scenario.city}, keep=True)
    lines += _given({"workspace": scenario.workspace, "note": scenario.note})
    for table, edits in (
        ("add", scenario.adds),
        ("open", scenario.opens),
        ("close", scenario.closes),
        ("move", scenario.moves),
        ("upgrade", scenario.upgrades),
        ("road", scenario.roads),
        ("population", scenario.growths),
        ("target", scenario.aims),
    ):
        for edit in edits:
            lines += ["", f"[[{table}]]  # {_WHAT[table]}", *_edit(table, edit)]
    limit = {"minutes": scenario.limit.minutes, "profile": scenario.limit.profile}
    if any(limit.values()):
        lines += ["", "[limit]  # 另一时限、另一出行方式", *_given(limit)]
    for name, remark in _COSTS.items():
        costs: dict[str, Fraction] = getattr(scenario.costs, name)
        if costs:
            lines += ["", f"[costs.{name}]  # {remark}"]
            lines += [f"{_quoted(key)} = {_value(cost)}" for key, cost in costs.items()]
    return "\n".join(lines) + "\n"


def _edit(table: str, edit: Edit) -> list[str]:
    if table == "road":
        return _road(edit)  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    remarks = dict(_REMARK)
    for field in fields(edit):
        value = getattr(edit, field.name)
        if field.name == "place":
            place = _place(value)
            values |= place
            remarks[next(iter(place))] = value.name
        elif field.name == "unit_code":
            values["county"] = value
            remarks["county"] = getattr(edit, "name", "")
        elif field.name == "facility":
            values["facility"] = value
            remarks["facility"] = getattr(edit, "name", "")
        elif field.name != "name" or table == "add":
            values[field.name] = value
    return _given(values, remarks=remarks)


def _place(place: Place) -> dict[str, Any]:
    values: dict[str, Any] = {_LEVEL[len(place.unit_code)]: place.unit_code}
    if place.lon is not None and place.lat is not None:
        values |= {"lon": place.lon, "lat": place.lat}
    return values


def _road(road: Road) -> list[str]:
    inner: dict[str, Any] = {"area": [list(p) for p in road.area]} if road.area else {}
    if road.start and road.end:
        inner |= {"from": list(road.start), "to": list(road.end)}
    if road.action == "bridge":
        inner |= {"class": road.highway, "speed_kmh": road.speed_kmh}
    rest = {"name": road.name, "on": road.on, "cost": road.cost, "note": road.note}
    return [f"{road.action} = {_value(inner)}", *_given(rest)]


def _given(
    values: dict[str, Any], *, keep: bool = False, remarks: dict[str, str] | None = None
) -> list[str]:
    """Lines of what is given; what is empty is left out unless kept."""
    known = _REMARK if remarks is None else remarks
    return [
        f"{key} = {_value(value)}" + (f"  # {known[key]}" if known.get(key) else "")
        for key, value in values.items()
        if keep or value not in (None, "", ())
    ]


def _value(value: Any) -> str:
    match value:
        case Place():
            text = _value(_place(value))
        case dict():
            text = "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in _kept(value)) + " }"
        case tuple() | list():
            text = "[" + ", ".join(_value(one) for one in value) + "]"
        case date():
            text = value.isoformat()
        case Fraction():
            text = _decimal(value)
        case int() | float():
            text = repr(value)
        case _:
            text = _quoted(str(value))
    return text


def _kept(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in values.items() if value is not None)


def _decimal(value: Fraction) -> str:
    """A fraction as the decimal it was written as; thirds, which no file holds, to 12 digits."""
    if value.denominator == 1:
        return str(value.numerator)
    for digits in range(1, 13):
        scaled = value * 10**digits
        if scaled.denominator == 1 or digits == 12:
            whole = round(scaled)
            sign, whole = ("-" if whole < 0 else ""), abs(whole)
            return f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}d}"
    raise AssertionError(value)


def _quoted(text: str) -> str:
    # JSON's strings are TOML's, but for the one control character that JSON lets stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
