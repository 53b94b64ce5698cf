"""One trip explained: from a place to its nearest facility, and why it is too long if it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.datum import project
from coverage.errors import InputError
from coverage.profiles import Profile, load_profile
from coverage.reach.service import (
    DEFAULT_PROFILE,
    checked_direction,
    fit_to_roads,
    kinds_of,
    roads_name,
)
from coverage.reach.sites import place, read_barriers
from coverage.roads.sources import load
from coverage.travel.prepare import prepare
from coverage.travel.route import route

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.messages import Lang, Said
    from coverage.travel.route import Route

_FARTHEST_DEGREES = 1.0


@dataclass(frozen=True)
class Trip:
    """A route with the names of what it is about.

    Attributes:
        start: (lon, lat) of the place.
        route: The way.
        facility: The nearest facility, `None` if none can be reached.
        at_seat: Whether it stands at its township's seat for want of coordinates.
        profile: How the trip is made.
        limit_s: The limit in the profile's unit.
        roads: Name of the road source.
        notes: What was assumed.
    """

    start: tuple[float, float]
    route: Route
    facility: Facility | None
    at_seat: bool
    profile: Profile
    limit_s: float
    roads: str
    notes: tuple[Said, ...]

    @property
    def _unit(self) -> str:
        return "m" if self.profile.measure == "distance" else "s"

    def to_dict(self) -> dict[str, Any]:
        """The trip as plain data."""
        r = self.route
        return {
            "from": list(self.start),
            "status": r.status,
            "facility": self.facility.name if self.facility else None,
            "facility_id": self.facility.id if self.facility else None,
            "facility_at_seat": self.at_seat,
            "unit": self._unit,
            "limit": self.limit_s,
            "total": _finite(r.seconds),
            "over": _finite(r.over_s),
            "direct": r.direct,
            "place_leg": _finite(r.place_leg_s),
            "road": _finite(r.road_s),
            "facility_leg": _finite(r.facility_leg_s),
            "road_m": _finite(r.road_m),
            "off_road_m": _finite(r.off_road_m),
            "nearest_road_m": _finite(r.nearest_road_m),
            "profile": self.profile.name,
            "roads": self.roads,
            "notes": [note.zh for note in self.notes],
        }

    def lines(self, lang: Lang) -> list[str]:
        """The trip in sentences."""
        said = self._zh() if lang == "zh" else self._en()
        return [*said, *(f"· {note.to(lang)}" for note in self.notes)]

    def _amount(self, value: float, lang: Lang) -> str:
        if self._unit == "m":
            return f"{value:,.0f} 米" if lang == "zh" else f"{value:,.0f} m"
        return f"{value / 60:.1f} 分钟" if lang == "zh" else f"{value / 60:.1f} min"

    def _zh(self) -> list[str]:
        r, name = self.route, self.facility.name if self.facility else ""
        where = f"{self.start[0]:g},{self.start[1]:g}"
        if r.status == "no_road":
            near = f"最近的在 {r.nearest_road_m:,.0f} 米外"
            return [f"{where}：{r.max_access_m:,.0f} 米内没有可走的道路（{near}），到不了任何设施"]
        if r.status == "no_road_at_facilities":
            return [f"{where}：没有一处设施在 {r.max_access_m:,.0f} 米内有道路"]
        if r.status == "island":
            return [f"{where}：这里的道路与任何设施都不连通"]
        seat = "（按乡镇驻地定位）" if self.at_seat else ""
        verdict = (
            f"在 {self._amount(self.limit_s, 'zh')}时限内"
            if r.status == "covered"
            else f"超出 {self._amount(self.limit_s, 'zh')}时限 {self._amount(r.over_s, 'zh')}"
        )
        off = f"{r.off_road_m:,.0f} 米"
        way = (
            [f"  全程离路直行 {off}：{self._amount(r.place_leg_s, 'zh')}"]
            if r.direct
            else [
                f"  到路上：{self._amount(r.place_leg_s, 'zh')}",
                f"  沿路 {r.road_m:,.0f} 米：{self._amount(r.road_s, 'zh')}",
                f"  离路到设施：{self._amount(r.facility_leg_s, 'zh')}（两端离路共 {off}）",
            ]
        )
        return [
            f"{where} → {name}{seat}：{self._amount(r.seconds, 'zh')}，{verdict}",
            *way,
            f"  出行方式 {self.profile.zh}；路网 {self.roads}",
        ]

    def _en(self) -> list[str]:
        r, name = self.route, self.facility.name if self.facility else ""
        where = f"{self.start[0]:g},{self.start[1]:g}"
        if r.facility < 0:
            return [f"{where}: {r.sentence()}"]
        seat = " (placed at its township's seat)" if self.at_seat else ""
        verdict = (
            f"within {self._amount(self.limit_s, 'en')}"
            if r.status == "covered"
            else f"{self._amount(r.over_s, 'en')} over the limit of "
            f"{self._amount(self.limit_s, 'en')}"
        )
        first, last = self._amount(r.place_leg_s, "en"), self._amount(r.facility_leg_s, "en")
        off = f"{r.off_road_m:,.0f} m"
        way = (
            [f"  directly, off the road, {off}: {first}"]
            if r.direct
            else [
                f"  to the road: {first}",
                f"  {r.road_m:,.0f} m of road: {self._amount(r.road_s, 'en')}",
                f"  from the road to the facility: {last} ({off} off the road at both ends)",
            ]
        )
        return [
            f"{where} → {name}{seat}: {self._amount(r.seconds, 'en')}, {verdict}",
            *way,
            f"  {self.profile.en}; roads: {self.roads}",
        ]


def _finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def explain(
    city: City,
    start: tuple[float, float],
    *,
    kind: str | Sequence[str],
    services: Iterable[str] = (),
    profile: str | Path | Profile = DEFAULT_PROFILE,
    minutes: float = 15,
    year: int | None = None,
    register: Register | None = None,
    roads: str | Path | None = None,
    direction: str = "to_facility",
    barriers: Path | None = None,
    elevation: Path | None = None,
) -> Trip:
    """Explain the trip from `start` (lon, lat) to the nearest facility of a kind.

    The arguments are those of `coverage.reach.service.travel_time`.

    Raises:
        InputError: As there, and if the place does not lie in or near the city.
    """
    travel = profile if isinstance(profile, Profile) else load_profile(profile)
    limit = travel.limit_s(None if travel.measure == "distance" else minutes)
    _check_place(city, start)
    road = load(roads if roads is not None else city.roads)
    travel, notes = fit_to_roads(travel, road.origin, limit)
    facilities = register if register is not None else city.register
    year = city.plan.end if year is None else year
    sites = place(city, facilities, kinds_of(kind), frozenset(services), year, road.crs)
    network = prepare(
        road,
        travel,
        direction=checked_direction(direction),
        barriers=read_barriers(barriers, road.crs) if barriers else (),
        elevation=elevation,
    )
    x, y = project(start[0], start[1], road.crs)
    found = route(network, (float(x), float(y)), sites.xy, limit_s=limit)
    facility = sites.facilities[found.facility] if found.facility >= 0 else None
    return Trip(
        start=start,
        route=found,
        facility=facility,
        at_seat=facility is not None and not facility.placed,
        profile=travel,
        limit_s=limit,
        roads=roads_name(roads or city.roads, road.origin),
        notes=notes,
    )


def _check_place(city: City, start: tuple[float, float]) -> None:
    """A place a degree away from every seat of the city is a slip, most often a swap."""
    lon, lat = start
    units = city.units.township_rows
    seats = [(u.lon, u.lat) for u in units if u.lon is not None and u.lat is not None]

    def near(a: float, b: float) -> bool:
        return any(max(abs(a - x), abs(b - y)) <= _FARTHEST_DEGREES for x, y in seats)

    if near(lon, lat):
        return
    swapped = ": lon and lat are swapped, give lon first" if near(lat, lon) else ""
    raise InputError(f"the place {lon:g},{lat:g} does not lie in {city.name}{swapped}")
