"""The scenario file: read with every slip named at once, and written so that people can edit it.

```toml
name = "清远：新建一处综合养老服务中心"
city = "清远"
note = "先在缺口最大的镇试点"

[[add]]                      # 新建
id = "S1"
name = "源潭综合养老服务中心"
kind = "elder_care"
services = ["全托", "日托", "上门", "协调指导"]
beds = 120
cost = 1500                  # 万元
opened = 2025                # 或 "2025-06"、2025-06-01
township = "源潭镇"          # 或 village、county、lon 与 lat

[[open]]                     # 规划、在建的投入使用
facility = "441800-P016"     # 编号或全名
on = 2025

[[close]]                    # 关闭
facility = "441800-P015"

[[move]]                     # 迁址
facility = "441800-P014"
to = { lon = 113.05, lat = 23.68 }

[[upgrade]]                  # 增加服务、床位
facility = "441800-P018"
services = ["日托"]
beds = 80

[[road]]                     # 断路、架桥
close = { from = [113.02, 23.70], to = [113.05, 23.71] }
[[road]]
bridge = { from = [113.02, 23.70], to = [113.03, 23.70], class = "primary" }

[[population]]               # 人口变化
county = "清城区"
group = "60+"
year = 2030
growth = 1.12                # 或 people = 120000

[measured]                   # 测算口径：前后都按它
minutes = 15
profile = "older_walk"
kinds = ["elder_care"]       # 到哪类设施，另可写 services、group

[limit]                      # 之后改用另一时限、另一出行方式
minutes = 10

[[target]]                   # 另一目标
indicator = "elder_care.integrated_township"
op = "≥"
value = 80

[costs.site]                 # 单价，万元
elder_care = 800
[costs.bed]
elder_care = 12
[costs.service]
"日托" = 30
```
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from coverage.atomic import write_text
from coverage.errors import InputError, Problem
from coverage.fields import read_toml
from coverage.formats.toml import toml_value
from coverage.messages import Said
from coverage.scenarios._checks import Reader
from coverage.scenarios.edits import EDIT_KINDS, Edit, Place, Road, Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coverage.city import City
    from coverage.facilities import Register

_REMARK = {"cost": "万元", "growth": "倍", "speed_kmh": "公里/时"}
_LIMITS = {"measured": "测算口径：前后都按它", "limit": "之后改用另一时限、另一出行方式"}
_COSTS = {"site": "每处，万元", "bed": "每张床位，万元", "service": "每项服务，万元"}
_LEVEL = {6: "county", 9: "township", 12: "village"}


def read(path: Path, city: City, *, register: Register | None = None) -> Scenario:
    """Read a scenario file and check every edit against the city.

    Args:
        path: The file.
        city: The city it is to be run on.
        register: The user's own register instead of the city's.

    Raises:
        InputError: With everything that is wrong with the file: fields and
            kinds that are not known, facilities and units that do not exist
            or share a name, places outside the city, edits that contradict
            one another, amounts below 0, dates before a facility opened.

    Example:
        >>> import coverage as cov
        >>> from coverage.scenarios.shipped import find_scenario
        >>> scenario = cov.read_scenario(find_scenario("441700-home"), cov.City.load("阳江"))
        >>> len(scenario.edits)
        1
    """
    head = read_toml(path, loose=True)
    reader = Reader(city, register if register is not None else city.register)
    name, where = head.text("name", needed=True), head.text("city", needed=True)
    if where and not city.label.answers_to(where):
        zh = f"这份情景属于另一座城市，不是{city.name}"
        head.bad("city", Said(zh, f"the file is another city's, not {city.label.english}'s"))
    scenario = Scenario(
        name=name,
        city=where,
        note=head.text("note"),
        workspace=head.text("workspace"),
        measured=reader.measured(head.table("measured")),
        limit=reader.limit(head.table("limit")),
        costs=reader.costs(head.table("costs")),
        file=path.name,
        **reader.edits(head),
    )
    head.check()
    return scenario


def read_all(paths: list[Path], city: City, *, register: Register | None = None) -> list[Scenario]:
    """Read several files to be compared.

    Raises:
        InputError: With what is wrong with any of them, and if two bear the same name.
    """
    found: list[Scenario] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found.append(read(path, city, register=register))
        except InputError as error:
            problems += error.problems
    seen: Counter[str] = Counter()
    for one in found:
        if seen[one.name]:
            said = Said("两份情景同名", "two scenarios bear this name")
            problems.append(Problem(said, one.file, None, "name", one.name))
        seen[one.name] += 1
    if problems:
        raise InputError(problems)
    return found


def base_of(path: Path) -> tuple[str, Path | None]:
    """The city that a file names, and its workspace if it names one.

    Raises:
        InputError: If the file cannot be read or names no city.
    """
    head = read_toml(path)
    city, space = head.text("city", needed=True), head.text("workspace")
    if head.problems:
        raise InputError(head.problems)
    return city, path.parent / space if space else None


def write(scenario: Scenario, path: Path) -> None:
    """Write a scenario with comments, all at once; `read` gives the same scenario back.

    Raises:
        InputError: If the file cannot be written.
    """
    write_text(path, to_toml(scenario))


def to_toml(scenario: Scenario) -> str:
    """The scenario's file, commented for the people who will edit it.

    The same scenario always gives the same text.
    """
    lines = [f"# 情景：{scenario.name.splitlines()[0] if scenario.name else ''}"]
    lines += ["# 用法：coverage scenario run 本文件；各字段见 docs/scenarios.md。", ""]
    lines += [f"{key} = {toml_value(getattr(scenario, key))}" for key in ("name", "city")]
    lines += _given({"workspace": scenario.workspace, "note": scenario.note})
    for kind in EDIT_KINDS:
        for edit in scenario.of(kind):
            lines += ["", f"[[{kind.table}]]  # {kind.heading}", *_edit(edit)]
    for table, remark in _LIMITS.items():
        given = _given(vars(getattr(scenario, table)))
        if given:
            lines += ["", f"[{table}]  # {remark}", *given]
    for name, remark in _COSTS.items():
        costs = getattr(scenario.costs, name)
        if costs:
            lines += ["", f"[costs.{name}]  # {remark}"]
            lines += [f"{toml_value(key)} = {toml_value(cost)}" for key, cost in costs.items()]
    return "\n".join(lines) + "\n"


def _edit(edit: Edit) -> list[str]:
    """The fields of an edit; a code or an id has the name it stands for beside it."""
    if isinstance(edit, Road):
        return _road(edit)
    values: dict[str, Any] = {}
    name = getattr(edit, "name", "")
    remarks = {**_REMARK, "facility": name, "county": name}
    for field in fields(edit):
        value = getattr(edit, field.name)
        if field.name == "place":
            place = _place(value)
            values |= place
            remarks[next(iter(place))] = value.name
        elif field.name == "unit_code":
            values["county"] = value
        elif field.name != "name" or field.compare:
            values[field.name] = _place(value) if isinstance(value, Place) else value
    return _given(values, remarks)


def _place(place: Place) -> dict[str, Any]:
    at = {} if place.lon is None else {"lon": place.lon, "lat": place.lat}
    return {_LEVEL[len(place.unit_code)]: place.unit_code, **at}


def _road(road: Road) -> list[str]:
    inner: dict[str, Any] = {"area": road.area or None, "from": road.start, "to": road.end}
    if road.action == "bridge":
        inner |= {"class": road.highway, "speed_kmh": road.speed_kmh}
    rest = {"name": road.name, "on": road.on, "cost": road.cost, "note": road.note}
    return [f"{road.action} = {toml_value(inner)}", *_given(rest)]


def _given(values: Mapping[str, Any], remarks: Mapping[str, str] = _REMARK) -> list[str]:
    """Lines of what is given; what is empty is left out."""
    return [
        f"{key} = {toml_value(value)}" + (f"  # {remarks[key]}" if remarks.get(key) else "")
        for key, value in values.items()
        if value not in (None, "", ())
    ]
