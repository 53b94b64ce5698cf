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

[limit]                      # 另一时限、另一出行方式
minutes = 10
profile = "older_walk"

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

import re
import tomllib
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from coverage.atomic import write_text
from coverage.errors import InputError, Problem
from coverage.formats.tables import decode
from coverage.messages import Said
from coverage.scenarios._checks import Reader
from coverage.scenarios._entry import Entry
from coverage.scenarios._write import to_toml
from coverage.scenarios.edits import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City
    from coverage.facilities import Register

__all__ = ["base_of", "read", "read_all", "to_toml", "write"]

_HEADER = re.compile(r"^\s*\[\[?\s*\"?([\w.]+)\"?\s*\]\]?", re.MULTILINE)
_TABLES = ("add", "open", "close", "move", "upgrade", "road", "population", "target")


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
    """
    data, lines = _parsed(path)
    problems: list[Problem] = []
    head = Entry(problems, path.name, "", None, None, data)
    tables = {name: _entries(head, name, lines) for name in _TABLES}
    reader = Reader(city, register if register is not None else city.register)
    name, where = head.text("name", needed=True), head.text("city", needed=True)
    if where and not city.label.answers_to(where):
        reason = f"这份情景属于另一座城市，不是{city.name} · the file is another city's"
        head.bad("city", reason, where)
    scenario = Scenario(
        name=name,
        city=where,
        note=head.text("note"),
        workspace=head.text("workspace"),
        limit=reader.limit(head.inner("limit")),
        costs=reader.costs(head.inner("costs")),
        file=path.name,
        **reader.edits(tables),
    )
    head.finish()
    if problems:
        raise InputError(sorted(problems, key=lambda p: p.row or 0))
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
    names = Counter(s.name for s in found)
    problems += [
        Problem(Said("两份情景同名", "two scenarios bear this name"), s.file, None, "name", s.name)
        for n, s in enumerate(found)
        if names[s.name] > 1 and any(other.name == s.name for other in found[:n])
    ]
    if problems:
        raise InputError(problems)
    return found


def base_of(path: Path) -> tuple[str, Path | None]:
    """The city that a file names, and its workspace if it names one.

    Raises:
        InputError: If the file cannot be read or names no city.
    """
    data, _ = _parsed(path)
    space = data.get("workspace")
    city = data.get("city")
    if not isinstance(city, str) or not city.strip():
        raise InputError(Problem(Said("缺城市", "the city is missing"), path.name, column="city"))
    return city, path.parent / space if isinstance(space, str) and space.strip() else None


def write(scenario: Scenario, path: Path) -> None:
    """Write a scenario with comments, all at once; `read` gives the same scenario back.

    Raises:
        InputError: If the file cannot be written.
    """
    try:
        write_text(path, to_toml(scenario))
    except OSError as error:
        reason = f"写不进去 · the file cannot be written ({error.strerror})"
        raise InputError(Problem(reason, str(path))) from error


def _parsed(path: Path) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """The values, numbers as decimals, and the lines on which each table begins."""
    text = decode(path)
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        reason = f"不是有效的 TOML · not valid TOML ({error})"
        raise InputError(Problem(reason, path.name)) from error
    lines: dict[str, list[int]] = {}
    for found in _HEADER.finditer(text):
        line = text.count("\n", 0, found.start(1)) + 1
        lines.setdefault(found[1], []).append(line)
    return data, lines


def _entries(head: Entry, name: str, lines: dict[str, list[int]]) -> list[Entry]:
    rows = head.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        head.bad(name, f"应写成 [[{name}]] · this must be a list of tables")
        return []
    at = lines.get(name, [])
    return [
        Entry(
            head.problems,
            head.file,
            f"[[{name}]]",
            number,
            at[number - 1] if len(at) == len(rows) else None,
            row,
        )
        for number, row in enumerate(rows, start=1)
    ]
