"""The tables of a scenario file turned into edits, each held against the city and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.errors import InputError
from coverage.gaps import OPS
from coverage.kinds import KINDS, PROVENANCES, SERVICES
from coverage.scenarios._entry import nearest
from coverage.scenarios._names import Names
from coverage.scenarios.edits import (
    Add,
    Aim,
    Close,
    Costs,
    Growth,
    Limit,
    Move,
    Open,
    Road,
    Upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from fractions import Fraction

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.plans import PlanIndicator
    from coverage.scenarios._entry import Entry

_OP_TYPED = {">=": "≥", "=>": "≥", "<=": "≤", "=<": "≤", "==": "="}
_YEARS = range(2000, 2101)
_SHARES = {"unit_share", "facility_share", "people_within"}
# What an edit of a registered facility sets; two edits may not set the same on the same day.
_WHOLE = "whole"


class Reader:
    """Reads tables into edits; what is wrong goes to the tables' own list of problems."""

    def __init__(self, city: City, register: Register) -> None:
        self.city = city
        self.names = Names(city, register)
        self._ids: dict[str, str] = {}
        # What has been said of each facility: field and day, and which table said it.
        self._said: dict[str, dict[tuple[str, date | None], str]] = {}
        self._aims: dict[tuple[str, int | None], str] = {}
        self._growths: dict[tuple[str, str, int | None], str] = {}

    def edits(self, tables: dict[str, list[Entry]]) -> dict[str, Any]:
        """The edits by their field of `Scenario`."""
        readers: dict[str, tuple[str, Callable[[Entry], object]]] = {
            "add": ("adds", self.add),
            "open": ("opens", self.open),
            "close": ("closes", self.close),
            "move": ("moves", self.move),
            "upgrade": ("upgrades", self.upgrade),
            "road": ("roads", self.road),
            "population": ("growths", self.growth),
            "target": ("aims", self.aim),
        }
        found: dict[str, Any] = {}
        for table, (field, read) in readers.items():
            made = []
            for entry in tables[table]:
                made.append(read(entry))
                entry.finish()
            found[field] = tuple(edit for edit in made if edit is not None)
        return found

    # Facilities.

    def add(self, entry: Entry) -> Add | None:
        """A new facility."""
        id_ = entry.text("id") or f"S{entry.number}"
        name, kind = entry.text("name", needed=True), self.names.kind(entry)
        place = self.names.place(entry)
        self._own_id(entry, id_)
        known = self.names.same(name, kind)
        if known is not None:
            status = self.names.status(known)
            hint = "" if known.status == "open" else "，投入使用请写 [[open]]"
            reason = f"登记册已有 {known.id}（{status}）{hint} · it is in the register already"
            entry.bad("name", reason, name)
        beds, nursing = self._beds(entry, None)
        area = entry.amount("floor_area")
        made: dict[str, Any] = {
            "category": entry.text("category"),
            "services": self.names.services(entry),
            "ownership": entry.text("ownership"),
            "opened": entry.day("opened"),
            "cost": entry.amount("cost"),
            "provenance": entry.choice("provenance", tuple(PROVENANCES), "modelled", "provenance"),
            "note": entry.text("note"),
        }
        if place is None:
            return None
        size = None if area is None else float(area)
        return Add(id_, name, kind, place, beds=beds, nursing_beds=nursing, floor_area=size, **made)

    def _own_id(self, entry: Entry, id_: str) -> None:
        if self.names.has(id_):
            entry.bad("id", "登记册中已有这个编号 · the id stands in the register already", id_)
        elif id_ in self._ids:
            other = self._ids[id_]
            entry.bad("id", f"编号与 {other} 重复 · {other} has the same id", id_)
        self._ids.setdefault(id_, entry.label)

    def _beds(self, entry: Entry, before: Facility | None) -> tuple[int | None, int | None]:
        beds, nursing = entry.count("beds"), entry.count("nursing_beds")
        whole = beds if beds is not None else before.beds if before else None
        part = nursing if nursing is not None else before.nursing_beds if before else None
        if whole is not None and part is not None and part > whole:
            key = "nursing_beds" if nursing is not None else "beds"
            reason = f"护理型床位 {part} 多于床位 {whole} · more nursing beds than beds"
            entry.bad(key, reason)
        return beds, nursing

    def _existing(
        self, entry: Entry, *, usable: bool = True
    ) -> tuple[Facility | None, date | None]:
        """The facility that an edit is about, with its day; complains of what cannot be."""
        facility, on = self.names.facility(entry), entry.day("on")
        if facility is None:
            return None, on
        status = self.names.status(facility)
        if usable and facility.status != "open":
            hint = "，请用 [[open]]" if facility.status != "closed" else ""
            reason = f"这处设施尚未在营（{status}）{hint} · the facility is not in use"
            entry.bad("facility", reason, facility.name)
        if not usable and facility.status == "open":
            entry.bad("facility", "这处设施已在营 · the facility is in use already", facility.name)
        if on is not None and facility.opened is not None and on < facility.opened:
            reason = f"早于开办日期 {facility.opened.isoformat()} · before the facility opened"
            entry.bad("on", reason, on)
        return facility, on

    def _claim(self, entry: Entry, facility: Facility, what: str, on: date | None) -> None:
        """Note that an edit sets a field of a facility; complain if another one does."""
        said = self._said.setdefault(facility.id, {})
        for (field, day), other in said.items():
            whole = _WHOLE in {field, what}
            if whole or (field == what and day == on):
                reason = (
                    f"与 {other} 矛盾：同一设施（{facility.name}）"
                    f"{'不能既关闭（或投用）又另作改动' if whole else '同一项改了两次'}"
                    f" · contradicts {other}"
                )
                entry.bad("facility", reason, facility.id)
                break
        said.setdefault((what, on), entry.label)

    def open(self, entry: Entry) -> Open | None:
        """A planned facility that comes into use."""
        facility, on = self._existing(entry, usable=False)
        beds, nursing = self._beds(entry, facility)
        services, cost, note = self.names.services(entry), entry.amount("cost"), entry.text("note")
        inner = entry.inner("to") if entry.has("to") else None
        to = self.names.place(inner) if inner else None
        if inner:
            inner.finish()
        if facility is None:
            return None
        self._claim(entry, facility, _WHOLE, on)
        return Open(facility.id, to, on, beds, nursing, services, cost, note, facility.name)

    def close(self, entry: Entry) -> Close | None:
        """A facility given up."""
        facility, on = self._existing(entry)
        cost, note = entry.amount("cost"), entry.text("note")
        if facility is None:
            return None
        self._claim(entry, facility, _WHOLE, on)
        return Close(facility.id, on, cost, note, facility.name)

    def move(self, entry: Entry) -> Move | None:
        """A facility that goes elsewhere."""
        facility, on = self._existing(entry)
        cost, note = entry.amount("cost"), entry.text("note")
        to = None
        if entry.has("to"):
            inner = entry.inner("to")
            to = self.names.place(inner)
            inner.finish()
        else:
            entry.bad("to", "缺新址 · the new place is missing")
        if facility is not None:
            self._claim(entry, facility, "to", on)
        if facility is None or to is None:
            return None
        return Move(facility.id, to, on, cost, note, facility.name)

    def upgrade(self, entry: Entry) -> Upgrade | None:
        """A facility with more services or other numbers of beds."""
        facility, on = self._existing(entry)
        beds, nursing = self._beds(entry, facility)
        area, services = entry.amount("floor_area"), self.names.services(entry)
        category, cost, note = entry.text("category"), entry.amount("cost"), entry.text("note")
        fields = {
            "beds": beds,
            "nursing_beds": nursing,
            "floor_area": area,
            "category": category or None,
        }
        if not services and all(value is None for value in fields.values()):
            entry.bad("services", "没有写改什么 · nothing is changed")
        if facility is None:
            return None
        for name, value in fields.items():
            if value is not None:
                self._claim(entry, facility, name, on)
        if services:
            self._claim(entry, facility, "services", on)
        return Upgrade(
            facility.id,
            services,
            beds,
            nursing,
            None if area is None else float(area),
            category,
            on,
            cost,
            note,
            facility.name,
        )

    # Roads, people, limits, targets, costs.

    def road(self, entry: Entry) -> Road | None:
        """A road closed or a bridge built."""
        common: dict[str, Any] = {
            "on": entry.day("on"),
            "cost": entry.amount("cost"),
            "name": entry.text("name"),
            "note": entry.text("note"),
        }
        closing, building = entry.has("close"), entry.has("bridge")
        if closing == building:
            entry.bad("close", "写 close 或 bridge 之一 · give either close or bridge")
            return None
        if building:
            return self._bridge(entry.inner("bridge"), common)
        inner = entry.inner("close")
        if inner.has("area"):
            corners = [inner.as_point(p) for p in inner.get("area") or ()]
            inner.finish()
            kept = tuple(p for p in corners if p is not None)
            if len(kept) < max(3, len(corners)):
                reason = "应为至少三个 [经度, 纬度] · at least three corners [lon, lat]"
                inner.bad("area", reason)
                return None
            return Road("close", area=kept, **common)
        start, end = self._ends(inner)
        inner.finish()
        return Road("close", start, end, **common) if start and end else None

    def _bridge(self, inner: Entry, common: dict[str, Any]) -> Road | None:
        start, end = self._ends(inner)
        speed = inner.positive("speed_kmh")
        highway = inner.text("class", "primary")
        inner.finish()
        if start is None or end is None:
            return None
        fast = None if speed is None else float(speed)
        return Road("bridge", start, end, highway=highway, speed_kmh=fast, **common)

    def _ends(self, inner: Entry) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        ends = []
        for key in ("from", "to"):
            point = inner.point(key)
            if point and self.names.code_at(inner, *point, key=key) is None:
                point = None
            ends.append(point)
        if ends[0] is not None and ends[0] == ends[1]:
            inner.bad("to", "起点与终点相同 · both ends are the same place")
            return None, None
        return ends[0], ends[1]

    def growth(self, entry: Entry) -> Growth | None:
        """A change of population."""
        unit = (
            self.names.unit(entry, "county", city=True)
            if entry.has("county")
            else self.city.units.city
        )
        group, note = entry.text("group"), entry.text("note")
        known = dict.fromkeys(row.group for row in self.city.population.rows)
        if group and group not in known:
            listed = "、".join(known)
            reason = f"人口表没有这个人群，可用：{listed} · the group is not known"
            entry.bad("group", reason, group)
        growth, people = entry.positive("growth"), entry.count("people")
        if (growth is None) == (people is None) and not (entry.has("growth") and growth is None):
            entry.bad("growth", "写 growth 或 people 之一 · give either growth or people")
        if people is not None and not group:
            entry.bad("people", "写人数须指明 group · a number of people needs a group")
        year = self._year(entry)
        if unit is None:
            return None
        where = (unit.code, group, year)
        for (code, other_group, other_year), other in self._growths.items():
            nested = self.city.code in {code, unit.code} or code == unit.code
            same_group = not group or not other_group or group == other_group
            if nested and same_group and other_year == year:
                reason = f"与 {other} 说的是同一地区、人群和年份 · contradicts {other}"
                entry.bad("county", reason, unit.name)
                break
        self._growths.setdefault(where, entry.label)
        return Growth(unit.code, group, year, growth, people, note, unit.name)

    def _year(self, entry: Entry) -> int | None:
        year = entry.count("year")
        if year is not None and year not in _YEARS:
            reason = f"年份应在 {_YEARS[0]}–{_YEARS[-1]} 之间 · not a year that makes sense here"
            entry.bad("year", reason, year)
            return None
        return year

    def limit(self, entry: Entry) -> Limit:
        """Another limit or profile."""
        from coverage.profiles import load_profile

        minutes, profile = entry.positive("minutes"), entry.text("profile")
        entry.finish()
        if profile:
            try:
                load_profile(profile)
            except InputError as error:
                entry.bad("profile", str(error.problems[0].reason), profile)
        return Limit(None if minutes is None else float(minutes), profile)

    def aim(self, entry: Entry) -> Aim | None:
        """Another target."""
        id_, typed = entry.text("indicator", needed=True), entry.text("op", "≥")
        value, year, note = entry.amount("value"), self._year(entry), entry.text("note")
        op = next((one for one in OPS if one == _OP_TYPED.get(typed, typed)), None)
        if op is None:
            entry.bad("op", f"应为 {' '.join(OPS)} 之一 · not a comparison", typed)
        if not entry.has("value"):
            entry.bad("value", "缺目标值 · the value is missing")
        indicator = self._indicator(entry, id_)
        if indicator is None or value is None or op is None:
            return None
        if indicator.measure in _SHARES and (value > 100 or (value == 100 and op == ">")):
            reason = "比率超不过 100%，做不到 · no share exceeds 100 %: this cannot be reached"
            entry.bad("value", reason, f"{op}{value}")
        if (id_, year) in self._aims:
            other = self._aims[id_, year]
            entry.bad("indicator", f"与 {other} 重复 · contradicts {other}", id_)
        self._aims.setdefault((id_, year), entry.label)
        return Aim(id_, op, value, year, note)

    def _indicator(self, entry: Entry, id_: str) -> PlanIndicator | None:
        if not id_:
            return None
        try:
            return self.city.indicator(id_)
        except InputError:
            known = [i.id for i in (*self.city.plan.indicators, *self.city.references)]
            near = nearest(id_, known)
            hint = f"，相近的有{near}" if near else ""
            reason = f"规划中没有这个指标{hint} · the indicator is not in the plan"
            entry.bad("indicator", reason, id_)
            return None

    @staticmethod
    def costs(entry: Entry) -> Costs:
        """Unit costs."""
        found: dict[str, dict[str, Fraction]] = {}
        for table, known in (("site", KINDS), ("bed", KINDS), ("service", SERVICES)):
            inner = entry.inner(table)
            amounts = {key: inner.amount(key) for key in inner.data}
            for key in inner.data:
                if key not in known:
                    near = nearest(key, known)
                    hint = f"，相近的有{near}" if near else ""
                    inner.bad(key, f"词表中没有这一项{hint} · not a known kind or service")
            found[table] = {key: cost for key, cost in amounts.items() if cost is not None}
        entry.finish()
        return Costs(**found)
