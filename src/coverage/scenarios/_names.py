"""Names of a city looked up for a scenario: facilities, units, places, and whose they are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from coverage.fields import Fields, unknown
from coverage.kinds import SERVICES
from coverage.messages import Said
from coverage.places.find import Evidence, find_unit
from coverage.scenarios.edits import Place

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.demand.townships import Townships
    from coverage.facilities import Facility, Register
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

    def facility(self, fields: Fields, key: str = "facility") -> Facility | None:
        """The facility that an edit names by id or by exact name; `None` after a complaint."""
        text = fields.text(key, needed=True)
        if not text or text in self._by_id:
            return self._by_id.get(text)
        named = [f for f in self.register.facilities if f.name == text]
        if len(named) == 1:
            return named[0]
        if named:
            ids = "、".join(f.id for f in named[:6])
            zh = f"有 {len(named)} 处同名，请写编号（{ids}）"
            fields.bad(key, Said(zh, f"{len(named)} have this name: give the id ({ids})"))
            return None
        names = [*(f.name for f in self.register.facilities), *self._by_id]
        fields.bad(key, unknown(Said("这处设施", "facility"), text, names))
        return None

    def same(self, name: str, kind: str) -> Facility | None:
        """A facility of the register with this name and kind."""
        return next(
            (f for f in self.register.facilities if f.name == name and f.kind == kind), None
        )

    def has(self, id_: str) -> bool:
        """Whether the register has this id."""
        return id_ in self._by_id

    def services(self, fields: Fields) -> tuple[str, ...]:
        """Services of the vocabulary, or that some facility of the register has."""
        found = fields.names("services")
        known = {*SERVICES, *(s for f in self.register.facilities for s in f.services)}
        for service in found:
            if service not in known:
                reason = unknown(Said("这项服务", "service"), service, [*SERVICES, *sorted(known)])
                fields.bad("services", reason, service)
        return found

    def unit(self, fields: Fields, level: str, *, city: bool = False) -> Unit | None:
        """The unit that a field names by code or by name; `None` after a complaint.

        Args:
            fields: The table.
            level: ``village``, ``township`` or ``county``, which is the field's name too.
            city: Whether the whole city may be named.
        """
        text = fields.text(level, needed=True)
        units = self.city.units
        if city and self.city.label.answers_to(text) and units.city is not None:
            return units.city
        if not text:
            return None
        said: dict[str, Any] = {"code" if text.isdecimal() else level: text}
        found = find_unit(Evidence(**said), units)
        if found.unit is not None and found.unit.level == level:
            return found.unit
        reasons = [*([found.question] if found.question else ()), *found.why]
        none = Said(f"{self.city.name}没有这个{_LEVELS[level]}", f"the city has no such {level}")
        fields.bad(level, reasons[0] if reasons else none)
        return None

    def place(self, fields: Fields) -> Place | None:
        """Where a table says that something stands; `None` after a complaint.

        A unit, or coordinates, or both: the unit is then taken as given.
        """
        levels = [level for level in _LEVELS if fields.has(level)]
        at = fields.lonlat()
        if len(levels) > 1:
            fields.bad(levels[1], Said("村、乡镇、县只能写一个", "name one unit only"))
            return None
        if at is None and (fields.has("lon") or fields.has("lat")):
            return None  # which has been said
        if at is None and not levels:
            zh = "缺位置：写 township、village、county 或 lon 与 lat"
            en = "a place is missing: give township, village, county, or lon and lat"
            fields.bad("township", Said(zh, en))
            return None
        code = self.code_at(fields, *at) if at else ""
        if levels and code is not None:
            unit = self.unit(fields, levels[0], city=levels[0] == "county")
            code = unit.code if unit else None
        if code is None:
            return None
        name = self.city.name if code == self.city.code else self.city.units.name(code)
        lon, lat = at or (None, None)
        return Place(code, lon, lat, name)

    def code_at(self, fields: Fields, lon: float, lat: float, key: str = "lon") -> str | None:
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
            how = Said(f"位置不在{self.city.name}", "the place lies outside the city")
            if np.isfinite(far):
                zh = f"位置越出{self.city.name}界 {far / 1000:,.1f} 公里"
                how = Said(zh, f"the place lies {far / 1000:,.1f} km outside the city")
            if swapped:
                how = how.then(Said("，经纬度写反了", ": lon and lat are swapped"))
            fields.bad(key, how, f"{lon:g},{lat:g}")
            return None
        x, y = ground.project(np.array([lon]), np.array([lat]))
        at = int(ground.unit_at(x, y, tolerance_m=BORDER_M)[0])
        return ground.unit_codes[at] if at >= 0 else self.city.code
