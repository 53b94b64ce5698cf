"""The tables of a scenario file turned into edits, each held against the city and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.clauses import check_minutes
from coverage.errors import InputError
from coverage.fields import Fields, unknown
from coverage.gaps import OPS
from coverage.groups import GROUPS
from coverage.kinds import ALIASES, KINDS, PROVENANCES, SERVICES, STATUSES
from coverage.messages import Said
from coverage.scenarios._names import Names
from coverage.scenarios.edits import (
    EDIT_KINDS,
    Add,
    Aim,
    Close,
    Costs,
    Growth,
    Limit,
    Measured,
    Move,
    Open,
    Place,
    Road,
    Upgrade,
)
from coverage.text import no_file_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from fractions import Fraction

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.plans import PlanIndicator

    Point = tuple[float, float]

_MOST_EDITS = 1_000  # of one kind: no plan has a tenth, and each is travelled to
_OP_TYPED = {">=": "≥", "=>": "≥", "<=": "≤", "=<": "≤", "==": "="}
_YEARS = range(2000, 2101)
_SHARES = {"unit_share", "facility_share", "people_within"}
# What an edit of a registered facility sets; two edits may not set the same on the same day.
_WHOLE = "whole"
_SET = ("to", "beds", "nursing_beds", "floor_area", "category", "services")
_KIND = Said("这种设施", "kind")
_GROUP = Said("这个人群", "group")


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


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
        # How each field that several kinds of edit have is read.
        self._read: dict[str, Callable[[Fields], Any]] = {
            "category": lambda f: f.text("category"),
            "ownership": lambda f: f.text("ownership"),
            "name": lambda f: f.text("name"),
            "note": lambda f: f.text("note"),
            "beds": lambda f: f.whole("beds"),
            "nursing_beds": lambda f: f.whole("nursing_beds"),
            "floor_area": lambda f: _float(f.number("floor_area", least=0)),
            "cost": lambda f: f.number("cost", least=0),
            "on": lambda f: f.day("on"),
            "opened": lambda f: f.day("opened"),
            "services": self.names.services,
            "to": self._to,
        }

    def edits(self, head: Fields) -> dict[str, Any]:
        """The edits by their field of `Scenario`."""
        readers: tuple[Callable[[Fields, int], object], ...] = (
            self._add,
            lambda f, _: self._change(
                f, Open, "to", "beds", "nursing_beds", "services", "cost", "note"
            ),
            lambda f, _: self._change(f, Close, "cost", "note"),
            lambda f, _: self._change(f, Move, "to", "cost", "note"),
            lambda f, _: self._change(
                f, Upgrade, *(name for name in _SET if name != "to"), "cost", "note"
            ),
            self._road,
            self._growth,
            self._aim,
        )
        found: dict[str, Any] = {}
        for kind, read in zip(EDIT_KINDS, readers, strict=True):
            tables = head.tables(kind.table)
            if len(tables) > _MOST_EDITS:
                said = (
                    f"there are {len(tables):,} of them: a scenario holds {_MOST_EDITS:,} at most"
                )
                head.bad(kind.table, Said(f"有 {len(tables):,} 项，最多 {_MOST_EDITS:,} 项", said))
                return {}
            made = [read(one, n) for n, one in enumerate(tables, start=1)]
            found[kind.field] = tuple(edit for edit in made if edit is not None)
        return found

    def _given(self, fields: Fields, *names: str) -> dict[str, Any]:
        return {name: self._read[name](fields) for name in names}

    # Facilities.

    def _add(self, fields: Fields, number: int) -> Add | None:
        """A new facility."""
        id_ = fields.text("id") or f"S{number}"
        name = fields.text("name", needed=True)
        kind = fields.choice("kind", KINDS, what=_KIND, aliases=ALIASES, needed=True)
        place = self.names.place(fields)
        self._own_id(fields, id_)
        known = self.names.same(name, kind)
        if known is not None:
            hint = Said("", "")
            if known.status != "open":
                hint = Said("，投入使用请写 [[open]]", ": write [[open]] if it comes into use")
            zh = f"登记册已有 {known.id}（{STATUSES[known.status]}）"
            fields.bad("name", Said(zh, f"{known.id} stands in the register already").then(hint))
        values = self._given(
            fields, "category", "services", "beds", "nursing_beds", "floor_area", "ownership",
            "opened", "cost", "note",
        )  # fmt: skip
        self._check_beds(fields, values, None)
        what = Said("这种来源", "provenance")
        provenance = fields.choice("provenance", PROVENANCES, "modelled", what=what)
        if place is None:
            return None
        return Add(id_, name, kind, place, provenance=provenance, **values)

    def _own_id(self, fields: Fields, id_: str) -> None:
        if reason := no_file_name(id_):
            fields.bad("id", reason, id_)
        elif self.names.has(id_):
            said = Said("登记册中已有这个编号", "the id stands in the register already")
            fields.bad("id", said, id_)
        elif id_ in self._ids:
            other = self._ids[id_]
            fields.bad("id", Said(f"编号与 {other} 重复", f"{other} has the same id"), id_)
        self._ids.setdefault(id_, fields.label)

    @staticmethod
    def _check_beds(fields: Fields, values: dict[str, Any], before: Facility | None) -> None:
        whole, part = (
            getattr(before, key, None) if values[key] is None else values[key]
            for key in ("beds", "nursing_beds")
        )
        if whole is not None and part is not None and part > whole:
            key = "beds" if values["nursing_beds"] is None else "nursing_beds"
            zh = f"护理型床位 {part} 多于床位 {whole}"
            fields.bad(key, Said(zh, f"more nursing beds ({part}) than beds ({whole})"))

    def _change(self, fields: Fields, make: Callable[..., Any], *names: str) -> Any:
        """An edit of a registered facility, which sets the fields called `names`."""
        facility, on = self._existing(fields, usable=make is not Open)
        values = self._given(fields, *names)
        if "beds" in values:
            self._check_beds(fields, values, facility)
        # Also what cannot be used is claimed, so that a contradiction is told at once.
        given = [name for name in names if name in _SET and fields.get(name) not in (None, "", [])]
        if make is Upgrade and not given:
            fields.bad("services", Said("没有写改什么", "nothing is changed"))
        if make is Move and not fields.has("to"):
            fields.bad("to", Said("缺新址", "the new place is missing"))
        if facility is None:
            return None
        for what in given if make in {Move, Upgrade} else (_WHOLE,):
            self._claim(fields, facility, what, on)
        if make is Move and values["to"] is None:
            return None
        return make(facility=facility.id, on=on, name=facility.name, **values)

    def _existing(self, fields: Fields, *, usable: bool) -> tuple[Facility | None, date | None]:
        """The facility that an edit is about, with its day; complains of what cannot be."""
        facility, on = self.names.facility(fields), fields.day("on")
        if facility is None:
            return None, on
        status, name = STATUSES[facility.status], facility.name
        if usable and facility.status != "open":
            said = Said(f"这处设施尚未在营（{status}）", "the facility is not in use")
            if facility.status != "closed":
                said = said.then(Said("，请用 [[open]]", " yet: use [[open]]"))
            fields.bad("facility", said, name)
        if not usable and facility.status == "open":
            fields.bad("facility", Said("这处设施已在营", "the facility is in use already"), name)
        if on is not None and facility.opened is not None and on < facility.opened:
            day = facility.opened.isoformat()
            fields.bad("on", Said(f"早于开办日期 {day}", f"before the facility opened, {day}"))
        return facility, on

    def _claim(self, fields: Fields, facility: Facility, what: str, on: date | None) -> None:
        """Note that an edit sets a field of a facility; complain if another one does."""
        said = self._said.setdefault(facility.id, {})
        for (field, day), other in said.items():
            whole = _WHOLE in {field, what}
            if whole or (field == what and day == on):
                why = Said("同一项改了两次", "the same is changed twice")
                if whole:
                    why = Said(
                        "不能既关闭（或投用）又另作改动", "what closes or opens is changed again"
                    )
                start = Said(
                    f"与 {other} 矛盾：同一设施（{facility.name}）",
                    f"contradicts {other} about {facility.name}: ",
                )
                fields.bad("facility", start.then(why), facility.id)
                break
        said.setdefault((what, on), fields.label)

    def _to(self, fields: Fields) -> Place | None:
        return self.names.place(fields.table("to")) if fields.has("to") else None

    # Roads, people, limits, targets, costs.

    def _road(self, fields: Fields, _: int) -> Road | None:
        """A road closed or a bridge built."""
        common = self._given(fields, "on", "cost", "name", "note")
        closing, building = fields.has("close"), fields.has("bridge")
        if closing == building:
            said = Said("写 close 或 bridge 之一", "give either close or bridge")
            fields.bad("close", said)
            return None
        if building:
            bridge = fields.table("bridge")
            start, end = self._ends(bridge)
            speed = _float(bridge.number("speed_kmh", above=0))
            highway = bridge.text("class", "primary")
            if start is None or end is None:
                return None
            return Road("bridge", start, end, highway=highway, speed_kmh=speed, **common)
        close = fields.table("close")
        if close.has("area"):
            area = close.points("area")
            return Road("close", area=area, **common) if area else None
        start, end = self._ends(close)
        return Road("close", start, end, **common) if start and end else None

    def _ends(self, fields: Fields) -> tuple[Point | None, Point | None]:
        ends = []
        for key in ("from", "to"):
            point = fields.point(key)
            if point and self.names.code_at(fields, *point, key=key) is None:
                point = None
            ends.append(point)
        if ends[0] is not None and ends[0] == ends[1]:
            said = Said("起点与终点相同", "both ends are the same place")
            fields.bad("to", said)
            return None, None
        return ends[0], ends[1]

    def _growth(self, fields: Fields, _: int) -> Growth | None:
        """A change of population."""
        unit = self.city.units.city
        if fields.has("county"):
            unit = self.names.unit(fields, "county", city=True)
        group, note = fields.text("group"), fields.text("note")
        known = dict.fromkeys(row.group for row in self.city.population.rows)
        if group and group not in known:
            fields.bad("group", unknown(_GROUP, group, known))
        growth, people = fields.number("growth", above=0), fields.whole("people")
        if fields.has("growth") == fields.has("people"):
            fields.bad("growth", Said("写 growth 或 people 之一", "give either growth or people"))
        if people is not None and not group:
            fields.bad("people", Said("写人数须指明 group", "a number of people needs a group"))
        year = self._year(fields)
        if unit is None:
            return None
        for (code, other_group, other_year), other in self._growths.items():
            nested = self.city.code in {code, unit.code} or code == unit.code
            same_group = not group or not other_group or group == other_group
            if nested and same_group and other_year == year:
                said = Said(
                    f"与 {other} 说的是同一地区、人群和年份",
                    f"contradicts {other}: the same area, group and year",
                )
                fields.bad("county", said, unit.name)
                break
        self._growths.setdefault((unit.code, group, year), fields.label)
        return Growth(unit.code, group, year, growth, people, note, unit.name)

    @staticmethod
    def _year(fields: Fields) -> int | None:
        year = fields.whole("year")
        if year is not None and year not in _YEARS:
            span = f"{_YEARS[0]}–{_YEARS[-1]}"
            fields.bad("year", Said(f"年份应在 {span} 之间", f"the year must lie in {span}"))
            return None
        return year

    def limit(self, fields: Fields) -> Limit:
        """A limit, a profile, or both."""
        from coverage.profiles import load_profile

        minutes, profile = _float(fields.number("minutes")), fields.text("profile")
        check_minutes(fields, minutes)
        if profile:
            try:
                load_profile(profile)
            except InputError as error:
                fields.bad("profile", error.problems[0].reason, profile)
        return Limit(minutes, profile)

    def measured(self, fields: Fields) -> Measured:
        """A limit, a profile, and who travels to what."""
        named = fields.names("kinds")
        for kind in named:
            if kind not in KINDS and kind not in ALIASES:
                fields.bad("kinds", unknown(_KIND, kind, {**KINDS, **ALIASES}), kind)
        kinds = tuple(ALIASES.get(kind, kind) for kind in named)
        services, group = self.names.services(fields), fields.choice("group", GROUPS, what=_GROUP)
        return Measured(**vars(self.limit(fields)), kinds=kinds, services=services, group=group)

    def _aim(self, fields: Fields, _: int) -> Aim | None:
        """Another target."""
        id_, typed = fields.text("indicator", needed=True), fields.text("op", "≥")
        value, year = fields.number("value", least=0, needed=True), self._year(fields)
        note = fields.text("note")
        op = next((one for one in OPS if one == _OP_TYPED.get(typed, typed)), None)
        if op is None:
            listed = " ".join(OPS)
            fields.bad("op", Said(f"应为 {listed} 之一", f"this must be one of {listed}"))
        indicator = self._indicator(fields, id_)
        if indicator is None or value is None or op is None:
            return None
        if indicator.measure in _SHARES and (value > 100 or (value == 100 and op == ">")):
            said = Said("比率超不过 100%，做不到", "no share exceeds 100 %: this cannot be reached")
            fields.bad("value", said, f"{op}{value}")
        other = self._aims.setdefault((id_, year), fields.label)
        if other != fields.label:
            fields.bad("indicator", Said(f"与 {other} 重复", f"contradicts {other}"))
        return Aim(id_, op, value, year, note)

    def _indicator(self, fields: Fields, id_: str) -> PlanIndicator | None:
        try:
            return self.city.indicator(id_) if id_ else None
        except InputError:
            known = [i.id for i in (*self.city.plan.indicators, *self.city.references)]
            fields.bad("indicator", unknown(Said("这个指标", "indicator"), id_, known))
            return None

    @staticmethod
    def costs(fields: Fields) -> Costs:
        """Unit costs."""
        found: dict[str, dict[str, Fraction]] = {}
        service = Said("这项服务", "service")
        for table, known, what in (
            ("site", KINDS, _KIND),
            ("bed", KINDS, _KIND),
            ("service", SERVICES, service),
        ):
            inner = fields.table(table)
            amounts = {key: inner.number(key, least=0) for key in inner.data}
            for key in amounts:
                if key not in known:
                    inner.bad(key, unknown(what, key, known))
            found[table] = {key: cost for key, cost in amounts.items() if cost is not None}
        return Costs(**found)
