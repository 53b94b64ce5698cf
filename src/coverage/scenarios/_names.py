"""Names of a city looked up for a scenario: facilities, units, places, and whose they are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coverage.kinds import ALIASES, KINDS, SERVICES, STATUSES
from coverage.scenarios._entry import nearest
from coverage.scenarios.edits import Place

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.demand.townships import Townships
    from coverage.facilities import Facility, Register
    from coverage.scenarios._entry import Entry
    from coverage.units import Unit

_LEVELS = {"village": "村（社区）", "township": "乡镇（街道）", "county": "县（市、区）"}


class Names:
    """What a city calls things."""

    def __init__(self, city: City, register: Register) -> None:
        self.city, self.register = city, register
        self._by_id = {f.id: f for f in register.facilities}

    @cached_property
    def ground(self) -> Townships:
        """The city's polygons, read when the first coordinates are checked."""
        from coverage.demand.townships import read_townships

        return read_townships(self.city)

    def facility(self, entry: Entry, key: str = "facility") -> Facility | None:
        """The facility that an edit names by id or by exact name; `None` after a complaint."""
        text = entry.text(key, needed=True)
        if not text or text in self._by_id:
            return self._by_id.get(text)
        named = [f for f in self.register.facilities if f.name == text]
        if len(named) == 1:
            return named[0]
        if named:
            ids = "、".join(f.id for f in named[:6])
            entry.bad(key, f"有 {len(named)} 处同名，请写编号（{ids}） · give the id", text)
            return None
        known = nearest(text, [f.name for f in self.register.facilities]) or nearest(
            text, self._by_id
        )
        hint = f"，相近的有{known}" if known else ""
        entry.bad(key, f"登记册中没有这处设施{hint} · no such facility in the register", text)
        return None

    def same(self, name: str, kind: str) -> Facility | None:
        """A facility of the register with this name and kind."""
        return next(
            (f for f in self.register.facilities if f.name == name and f.kind == kind), None
        )

    def has(self, id_: str) -> bool:
        """Whether the register has this id."""
        return id_ in self._by_id

    def kind(self, entry: Entry) -> str:
        """A kind by its id or by one of its names."""
        text = entry.text("kind", needed=True)
        found = ALIASES.get(text, text)
        if found in KINDS or not text:
            return found
        near = nearest(text, [*KINDS, *ALIASES])
        hint = f"，相近的有{near}" if near else ""
        entry.bad("kind", f"没有这种设施{hint} · the kind is not known", text)
        return ""

    def services(self, entry: Entry) -> tuple[str, ...]:
        """Services of the vocabulary, or that some facility of the register has."""
        found = entry.words("services")
        known = {*SERVICES, *(s for f in self.register.facilities for s in f.services)}
        for service in found:
            if service not in known:
                near = nearest(service, known) or "、".join(SERVICES)
                entry.bad("services", f"没有这项服务，可用：{near} · not a known service", service)
        return found

    def unit(self, entry: Entry, level: str, *, city: bool = False) -> Unit | None:
        """The unit that a field names by code or by exact name; `None` after a complaint.

        Args:
            entry: The table.
            level: ``village``, ``township`` or ``county``, which is the field's name too.
            city: Whether the whole city may be named.
        """
        text = entry.text(level, needed=True)
        units = self.city.units
        if city and self.city.label.answers_to(text) and units.city is not None:
            return units.city
        listed = {
            "county": units.counties,
            "township": units.township_rows,
            "village": units.villages,
        }[level]
        found = [u for u in listed if text in {u.code, u.name}]
        if len(found) == 1:
            return found[0]
        if found:
            codes = "、".join(f"{self.above(u)}{u.code}" for u in found[:6])
            entry.bad(level, f"有 {len(found)} 个同名，请写代码（{codes}） · give the code", text)
        elif text:
            near = nearest(text, [u.name for u in listed])
            hint = f"，相近的有{near}" if near else ""
            zh = _LEVELS[level]
            entry.bad(level, f"{self.city.name}没有这个{zh}{hint} · no such {level} here", text)
        return None

    def above(self, unit: Unit) -> str:
        """Name of the unit that a unit lies in."""
        return self.city.units.name(unit.code[:9] if unit.level == "village" else unit.code[:6])

    def place(self, entry: Entry) -> Place | None:
        """Where a table says that something stands; `None` after a complaint.

        A unit, or coordinates, or both: the unit is then taken as given.
        """
        lon, lat = entry.number_of("lon"), entry.number_of("lat")
        levels = [level for level in _LEVELS if entry.has(level)]
        if len(levels) > 1:
            entry.bad(levels[1], "村、乡镇、县只能写一个 · name one unit only")
        elif (lon is None) != (lat is None):
            key = "lon" if lon is None else "lat"
            if not entry.has(key):  # else it is no number, which has been said
                entry.bad(key, "经纬度缺一不可 · a place needs both lon and lat")
        elif lon is not None and lat is not None:
            return self._at(entry, float(lon), float(lat), levels)
        elif levels:
            unit = self.unit(entry, levels[0], city=levels[0] == "county")
            return Place(unit.code, name=unit.name) if unit else None
        else:
            reason = "缺位置：写 township、village、county 或 lon 与 lat · a place is needed"
            entry.bad("township", reason)
        return None

    def _at(self, entry: Entry, lon: float, lat: float, levels: list[str]) -> Place | None:
        code = self.code_at(entry, lon, lat)
        if levels and code is not None:
            unit = self.unit(entry, levels[0], city=levels[0] == "county")
            code = unit.code if unit else None
        return None if code is None else Place(code, lon, lat, self.city.units.name(code))

    def code_at(self, entry: Entry, lon: float, lat: float, key: str = "lon") -> str | None:
        """Code of the township around a place; the city's where none is near, `None` outside."""
        import numpy as np
        from shapely import Point, distance

        from coverage.reach.sites import BORDER_M

        ground = self.ground

        def away(a: float, b: float) -> float:
            x, y = ground.project(np.array([a]), np.array([b]))
            finite = bool(np.isfinite(x[0]) and np.isfinite(y[0]))
            return float(distance(ground.city, Point(x[0], y[0]))) if finite else float("inf")

        far = away(lon, lat)
        if far > BORDER_M:
            swapped = away(lat, lon) <= BORDER_M
            hint = "，经纬度写反了 (swapped)" if swapped else ""
            how = f"越出{self.city.name}界 {far / 1000:,.1f} 公里" if np.isfinite(far) else "不存在"
            reason = f"位置{how}{hint} · the place lies outside the city"
            entry.bad(key, reason, f"{lon:g},{lat:g}")
            return None
        x, y = ground.project(np.array([lon]), np.array([lat]))
        at = int(ground.unit_at(x, y, tolerance_m=BORDER_M)[0])
        return ground.unit_codes[at] if at >= 0 else self.city.code

    @staticmethod
    def status(facility: Facility) -> str:
        """How a facility's status reads."""
        return STATUSES[facility.status]
