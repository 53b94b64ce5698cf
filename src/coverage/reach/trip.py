"""One trip explained: from a place to its nearest facility, and why it is too long if it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.datum import project
from coverage.errors import InputError
from coverage.messages import Lang, Said
from coverage.plans import LATER_YEARS
from coverage.profiles import Profile, load_profile
from coverage.reach.ground import DEFAULT_PROFILE, roads_in_words, travel_network
from coverage.reach.service import kinds_of
from coverage.reach.sites import place
from coverage.travel.route import Route, route

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from coverage.city import City, RegisterSource
    from coverage.facilities import Facility
    from coverage.roads.sources import RoadSource

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

    def to_dict(self, lang: Lang) -> dict[str, Any]:
        """The trip as plain data, its notes in one language."""
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
            "notes": [note.to(lang) for note in self.notes],
        }

    def lines(self, lang: Lang) -> list[str]:
        """The trip in sentences."""
        return [said.to(lang) for said in self._said()] + [f"· {n.to(lang)}" for n in self.notes]

    def _amount(self, value: float) -> Said:
        if self._unit == "m":
            return Said(f"{value:,.0f} 米", f"{value:,.0f} m")
        return Said(f"{value / 60:.1f} 分钟", f"{value / 60:.1f} min")

    def _said(self) -> list[Said]:
        r, where = self.route, f"{self.start[0]:g},{self.start[1]:g}"
        if self.facility is None:
            why = r.why()
            return [Said(f"{where}：{why.zh}", f"{where}: {why.en}")]
        total, limit, over = (self._amount(v) for v in (r.seconds, self.limit_s, r.over_s))
        first, road, last = (self._amount(v) for v in (r.place_leg_s, r.road_s, r.facility_leg_s))
        verdict = Said(f"在 {limit.zh}时限内", f"within {limit.en}")
        if r.status == "over_limit":
            verdict = Said(
                f"超出 {limit.zh}时限 {over.zh}", f"{over.en} over the limit of {limit.en}"
            )
        seat = Said("（按乡镇驻地定位）", " (placed at its township's seat)")
        zh, en = (self.facility.name + part * self.at_seat for part in seat)
        off = Said(f"{r.off_road_m:,.0f} 米", f"{r.off_road_m:,.0f} m")
        way = [
            Said(f"  到路上：{first.zh}", f"  to the road: {first.en}"),
            Said(
                f"  沿路 {r.road_m:,.0f} 米：{road.zh}", f"  {r.road_m:,.0f} m of road: {road.en}"
            ),
            Said(
                f"  离路到设施：{last.zh}（两端离路共 {off.zh}）",
                f"  from the road to the facility: {last.en} ({off.en} off the road at both ends)",
            ),
        ]
        if r.direct:
            way = [
                Said(
                    f"  全程离路直行 {off.zh}：{first.zh}",
                    f"  directly, off the road, {off.en}: {first.en}",
                )
            ]
        return [
            Said(
                f"{where} → {zh}：{total.zh}，{verdict.zh}",
                f"{where} → {en}: {total.en}, {verdict.en}",
            ),
            *way,
            Said(
                f"  出行方式 {self.profile.zh}；路网 {roads_in_words(self.roads).zh}",
                f"  {self.profile.en}; roads: {self.roads}",
            ),
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
    register: RegisterSource | None = None,
    provenance: str | Sequence[str] = (),
    roads: RoadSource | None = None,
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
    network, name, notes = travel_network(
        city,
        travel,
        roads=roads,
        direction=direction,
        barriers=barriers or (),
        elevation=elevation,
    )
    facilities = city.counted(register, provenance)
    year = city.plan.chosen_year(year, later=LATER_YEARS)
    sites = place(city, facilities, kinds_of(kind), frozenset(services), year, network.crs)
    x, y = project(start[0], start[1], network.crs)
    found = route(network, (float(x), float(y)), sites.xy, limit_s=limit)
    facility = sites.facilities[found.facility] if found.facility >= 0 else None
    return Trip(
        start=start,
        route=found,
        facility=facility,
        at_seat=facility is not None and not facility.placed,
        profile=network.profile,
        limit_s=limit,
        roads=name,
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
    swapped = Said("：经纬度颠倒，请先写经度", ": lon and lat are swapped, give lon first")
    said = Said(
        f"{lon:g},{lat:g} 不在{city.name}",
        f"the place {lon:g},{lat:g} does not lie in {city.name}",
    )
    raise InputError(said.then(swapped) if near(lat, lon) else said)
