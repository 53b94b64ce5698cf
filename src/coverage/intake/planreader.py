"""Rows of a sheet of targets as rows of a plan, each accounted for.

A name that the shipped plans know takes over their id and, unless the row
says otherwise, their way of computing; any other row is `reported` unless
the row itself says how it is computed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from coverage.clauses import MEASURES
from coverage.intake.planclauses import add_clause
from coverage.intake.planrows import PlanRow, own_id
from coverage.intake.planwords import (
    NOTES,
    SECTION,
    SEPARATORS,
    TOTALS,
    methods,
    system_of,
)
from coverage.intake.recognise import Known, recognise
from coverage.kinds import KINDS, SYSTEMS
from coverage.lists.spec import normal, words
from coverage.lists.target_text import cell_text, is_empty, parse_promise, parse_value
from coverage.lists.words import alias_names, service_names
from coverage.messages import Said
from coverage.nearest import nearest

if TYPE_CHECKING:
    from coverage.intake.plansheet import PlanTable
    from coverage.lists.sheets import RawRow

_NATURES = ("约束性", "预期性")
_SHARES = ("unit_share", "facility_share", "people_within")


def read_rows(table: PlanTable, *, city: str, end: int | None, title: str) -> list[PlanRow]:
    """Every row of a table; rows of one indicator (a row a year) are put together.

    Args:
        table: As found in the file.
        city: Code of the city.
        end: Year of targets that carry none.
        title: What a row without a clause is quoted by.
    """
    return [_Reader(table, raw, city, end, title).row() for raw in table.rows]


class _Reader:
    """Reads one row."""

    def __init__(
        self, table: PlanTable, raw: RawRow, city: str, end: int | None, title: str
    ) -> None:
        self.table, self.raw, self.city, self.end, self.title = table, raw, city, end, title
        self.out = PlanRow(table.sheet, raw.number, self.text("name"))
        self.out.cells = {
            c.name: text for c in table.columns if (text := cell_text(raw.get(c.index)))
        }

    def text(self, field_: str) -> str:
        """The cell of a field as text, empty where it says nothing."""
        cell = self.table.cell(self.raw, field_)
        return "" if is_empty(cell) else cell_text(cell)

    def row(self) -> PlanRow:
        """The row, understood or rejected."""
        out = self.out
        if self._is_no_indicator():
            return out
        unit = self.text("unit")
        if unit in {"百分比", "％", "百分点"}:
            unit = "%"
        unit = unit or self._unit_in_name()
        targets, unit = self._targets(unit)
        baseline, unit = self._baseline(unit)
        if out.rejected:
            return out
        if not targets and baseline is None:
            out.reject("没有目标也没有基期值", "neither a target nor a baseline")
            return out
        out.data = {
            "name": out.name,
            "unit": unit,
            "nature": self._nature(),
            "clause": self._clause(),
            "target": [t | {"nature": self._nature()} for t in targets],
        }
        if baseline:
            out.data["baseline"] = baseline
        if self.text("note"):
            out.data["note"] = self.text("note")
        self._measure(unit)
        if not out.rejected:
            self._check_shares()
        return out

    def _is_no_indicator(self) -> bool:
        filled = list(self.out.cells.values())
        first = filled[0] if filled else " ".join(cell_text(c) for c in self.raw.cells).strip()
        out = self.out
        if NOTES.match(first):
            out.reject("说明行，不是指标", "a note and no indicator")
        elif TOTALS.match(out.name or first):
            out.reject("合计行，不是指标", "a total and no indicator")
        elif not out.name:
            out.reject("没有指标名称", "the name is missing")
        elif len(set(filled)) == 1 and (len(self.table.columns) > 1):
            said = "小标题" if SECTION.match(first) else "只有名称，没有内容"
            out.reject(f"{said}，不是指标", "a heading or a name alone and no indicator")
        elif sum(cell in {c.name for c in self.table.columns} for cell in filled) > 1:
            out.reject("重复的表头", "the header again")
        return out.rejected

    def _unit_in_name(self) -> str:
        """The unit of 覆盖率（%）, which the name carries where there is no column for it."""
        found = re.search(
            r"[(（]\s*(?:单位[:：])?([%‰％]|[^()（）\d]{1,6})\s*[)）]\s*$", self.out.name
        )
        if found is None or self.table.of("unit"):
            return "%" if found and found[1] in "%％" else ""
        unit = found[1].replace("％", "%")
        return (
            unit
            if re.fullmatch(r"%|‰|[个家所座处张名人户]|人次|万人|平方米|元/?.*|㎡", unit)
            else ""
        )

    def _targets(self, unit: str) -> tuple[list[dict[str, Any]], str]:
        found: list[dict[str, Any]] = []
        stated = self._year("target_year")
        for column in self.table.of("target"):
            cell = self.raw.get(column.index)
            if is_empty(cell):
                continue
            promise = parse_promise(cell, unit)
            if promise.problem:
                self.out.reject(
                    f"{column.name}“{promise.text}”：{promise.problem.zh}",
                    f"{column.name} {promise.text!r}: {promise.problem.en}",
                )
                continue
            unit = self._unit(unit, promise.unit)
            year = column.year or stated or _year_in(promise.text) or self.end
            if year is None:
                self.out.reject("没有目标年份", "the year of the target is missing")
                continue
            if column.year is None and stated is None and year == self.end:
                self.out.correct(
                    Said(f"未写年份，按规划期末 {year} 年", f"no year: the plan's last, {year}")
                )
            self.out.correct(*promise.changes)
            self.out.bare += promise.bare
            found.append(
                {"year": year, "op": promise.op or "text", "value": promise.value}
                | {"text": promise.text, "clause": self._clause()}
            )
        years = Counter(target["year"] for target in found)
        for year in (y for y, count in years.items() if count > 1):
            self.out.reject(f"{year} 年有两个目标", f"two targets for {year}")
        return sorted(found, key=lambda t: int(t["year"])), unit

    def _baseline(self, unit: str) -> tuple[dict[str, Any] | None, str]:
        column = next(
            (c for c in self.table.of("baseline") if not is_empty(self.raw.get(c.index))), None
        )
        if column is None:
            return None, unit
        figure = parse_value(self.raw.get(column.index), unit)
        year = column.year or self._year("baseline_year") or _year_in(figure.text)
        if figure.problem:
            self.out.reject(
                f"{column.name}“{figure.text}”：{figure.problem.zh}",
                f"{column.name} {figure.text!r}: {figure.problem.en}",
            )
            return None, unit
        self.out.correct(*figure.changes)
        unit = self._unit(unit, figure.unit)
        # The year of a baseline that states none is the plan's own, known once all rows are.
        base = {"year": year, "text": figure.text, "clause": self._clause()}
        return base | ({"value": figure.value} if figure.value is not None else {}), unit

    def _unit(self, unit: str, own: str) -> str:
        if own and not unit:
            self.out.correct(
                Said(f"单位取自数值：{own}", f"the unit {own} is taken from the value")
            )
            return own
        return unit

    def _year(self, field_: str) -> int | None:
        return _year_in(self.text(field_))

    def _nature(self) -> str:
        text = self.text("nature")
        return next((n for n in _NATURES if text and n.startswith(text[:2])), text)

    def _clause(self) -> str:
        return self.text("clause") or f"{self.title} 第{self.raw.number}行"

    def _measure(self, unit: str) -> None:
        """How the row is computed: as it says itself, as the shipped plans do, or not at all."""
        out, data = self.out, self.out.data
        known, near = recognise(out.name, city=self.city)
        data |= {"id": own_id(out.name), "measure": "reported", "match": {}}
        level = words("levels").get(normal(self.text("level")), "")
        if self.text("level") and not level:
            zh = f"层级“{self.text('level')}”不认识，可用 市、县、乡镇、村"
            out.reject(zh, "the level is not known: city, county, township or village")
            return
        if known is not None and unit and known.indicator.unit not in {"", unit, "—"}:
            zh = f"与“{known.indicator.name}”同名但单位不同，未套用其算法"
            out.notes.append(Said(zh, "a known name with another unit: its rule is not used"))
            known = None
        if known is not None:
            self._take(known)
        elif near:
            zh = f"指标库中没有同名指标，相近的有：{'、'.join(near)}"
            out.notes.append(Said(zh, f"not in the library; near names: {', '.join(near)}"))
        if re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z0-9_.]+", self.text("id")):
            data["id"] = self.text("id")
        if any(self.text(f) for f in ("method", "kinds")):
            self._stated_measure(level)
        if out.rejected:
            return
        data["level"] = level or data.get("level") or "city"
        data["system"] = self._system(known)
        add_clause(self.text, out)

    def _take(self, known: Known) -> None:
        out, data, row = self.out, self.out.data, known.indicator
        out.known = known
        data |= {"id": row.id, "measure": row.measure, "level": row.level, "name_en": row.name_en}
        match = row.match
        data["match"] = {
            key: list(value) if isinstance(value, tuple) else value
            for key, default in type(match)().__dict__.items()
            if row.computed and (value := getattr(match, key)) != default
        }
        if known.score < 1:
            zh = f"识别为“{row.name}”（相似度 {known.score:.2f}）"
            out.correct(Said(zh, f"taken for “{row.name}” (likeness {known.score:.2f})"))

    def _stated_measure(self, level: str) -> None:
        out, data = self.out, self.out.data
        method = self.text("method")
        found = methods().get(normal(method)) if method else None
        if method and found is None:
            near = nearest(method, [zh for zh, _ in MEASURES.values()])
            listed = "、".join(near or [MEASURES[m][0] for m in MEASURES])
            out.reject(
                f"计算方式“{method}”不认识，可用：{listed}", "the way of computing is not known"
            )
            return
        measure, share = found or ("unit_share" if level else "count", "")
        kinds, services = self._kinds(), self._services()
        if out.rejected:
            return
        if measure == "reported":
            data |= {"measure": measure, "match": {}}
            return
        kinds = kinds or list(data["match"].get("kinds", ()))
        if not kinds:
            zh = "要计算就得写明设施类型"
            out.reject(zh, "a computed indicator needs the kinds of facility")
        elif measure == "unit_share" and not (level or data.get("level")):
            zh = "按单元计算覆盖率须写层级（县、乡镇、村）"
            out.reject(zh, "a share of units needs their level")
        elif measure == "bed_ratio" and not (share or data["match"].get("share")):
            zh = "床位比率须写明：护理型床位占比，或每千名老人床位"
            out.reject(zh, "a ratio of beds is either of nursing beds or per 1,000 older people")
        else:
            self._fill(measure, share, kinds, services)

    def _fill(self, measure: str, share: str, kinds: list[str], services: list[str]) -> None:
        data = self.out.data
        match: dict[str, Any] = {"kinds": kinds}
        if measure == "facility_share":
            match["services_of"] = services
        elif services:
            match["services"] = services
        if measure == "bed_ratio":
            match["share"] = share or data["match"]["share"]
        for key, default in (("at_least", 1), ("minutes", 15)):
            value = parse_value(self.text(key)).value
            if value is not None and (key != "minutes" or measure == "people_within"):
                match[key] = max(1, int(value))
            elif key == "minutes" and measure == "people_within":
                match[key] = default
        if measure == "people_within":
            match["group"] = "60+" if "60" in self.text("group") + self.out.name else "all"
        data |= {"measure": measure, "match": match}

    def _kinds(self) -> list[str]:
        return self._listed("kinds", alias_names(), "设施类型", "kind")

    def _services(self) -> list[str]:
        return self._listed("services", service_names(), "服务", "service")

    def _listed(self, field_: str, names: dict[str, str], zh: str, en: str) -> list[str]:
        text = self.text(field_)
        if not text:
            return []
        if normal(text) in names:
            return [names[normal(text)]]
        found = []
        for word in filter(None, SEPARATORS.split(text)):
            value = names.get(normal(word))
            if value is None:
                near = nearest(normal(word), names)
                hint = f"，相近的有：{'、'.join(near)}" if near else ""
                self.out.reject(f"{zh}“{word}”不认识{hint}", f"the {en} {word!r} is not known")
            else:
                found.append(value)
        return list(dict.fromkeys(found))

    def _system(self, known: Known | None) -> str:
        said = self.text("system")
        if said in SYSTEMS:
            return said
        if known is not None:
            return known.indicator.system
        kinds = self.out.data["match"].get("kinds")
        if kinds:
            return KINDS[kinds[0]].system
        return system_of(said + self.out.name)

    def _check_shares(self) -> None:
        data = self.out.data
        share = data["measure"] in _SHARES or data["match"].get("share") == "nursing"
        if share and data["unit"] != "%":
            if data["unit"]:
                zh = f"占比的单位应为 %，写的是“{data['unit']}”"
                self.out.reject(zh, "the unit of a share is %")
                return
            data["unit"] = "%"
        over = [t for t in data["target"] if share and t["value"] is not None and t["value"] > 100]
        if over:
            self.out.reject("占比的目标超过 100%", "a share cannot exceed 100 %")


def _year_in(text: str) -> int | None:
    found = re.findall(r"(?<!\d)((?:19|20)\d\d)(?!\d)", text)
    return int(found[-1]) if found and (len(text) <= 8 or "年" in text) else None
