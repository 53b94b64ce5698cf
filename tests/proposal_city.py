"""A small city with streets, a plan and people, whose questions can be tried out whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.datum import project, unproject
from coverage.facilities import Facility, Register
from coverage.proposals.field import Sources
from coverage.reach.people import people_reached
from coverage.reach.service import travel_time
from coverage.roads.convert import write_graphml
from demand_city import CODE, EAST, MIDDLE, WEST, small_city
from networks import CRS, Street, build

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from coverage.city import City

MINUTES = 90.0  # about 4.3 km on foot
STEP_M = 900.0
_PLAN = """
[plan]
id = "900000-14"
city = "900000"
title = "小城规划"
start = 2021
end = 2025
baseline_year = 2020

[[indicator]]
id = "care.within"
name = "时限内可达老人占比"
system = "大养老"
level = "city"
unit = "%"
measure = "people_within"
  [indicator.match]
  kinds = ["elder_care", "day_care"]
  minutes = 90
  group = "60+"
  [[indicator.target]]
  year = 2025
  op = "≥"
  value = 60
  text = "60%以上"
  clause = "第一条"

[[indicator]]
id = "care.township"
name = "有养老机构的乡镇占比"
system = "大养老"
level = "township"
unit = "%"
measure = "unit_share"
  [indicator.match]
  kinds = ["elder_care"]
  [[indicator.target]]
  year = 2025
  op = ">"
  value = 50
  text = ">50"
  clause = "第二条"

[[indicator]]
id = "care.centres"
name = "养老机构数"
system = "大养老"
level = "city"
unit = "家"
measure = "count"
  [indicator.match]
  kinds = ["elder_care"]
"""


@dataclass(frozen=True)
class Tiny:
    """The city, its files, and the places of its candidates by name."""

    city: City
    folder: Path
    roads: Path
    people: Path
    candidates: Path
    places: dict[str, tuple[float, float]]

    @property
    def sources(self) -> Sources:
        """On foot over its streets, for its list of people."""
        return Sources(roads=self.roads, population=self.people)

    def by_county(self, names: Iterable[str]) -> dict[str, float]:
        """Share of the older people within the limit of sites at these candidates, by county.

        By the travel times of `coverage.reach` alone.
        """
        new = [
            Facility(f"n-{name}", name, "elder_care", CODE, lon=lon, lat=lat)
            for name, (lon, lat) in ((name, self.places[name]) for name in names)
        ]
        times = travel_time(
            self.city,
            kind=("elder_care", "day_care"),
            minutes=(MINUTES,),
            register=Register(tuple(new)),
            roads=self.roads,
            population=self.people,
        )
        rows = people_reached(times, level="county", group="60+")
        return {row.code: row.reached / row.total for row in rows if row.code}


def tiny(folder: Path, *, seed: int = 0, candidates: int = 8, points: int = 24) -> Tiny:
    """Write the city below `folder`; streets every 900 m, people and candidates at random."""
    city = small_city(folder)
    rng = np.random.default_rng(seed)
    corner = project(np.array([113.01, 113.165]), np.array([23.61, 23.69]), CRS)
    (west, east), (south, north) = corner
    columns, rows = np.arange(west, east, STEP_M), np.arange(south, north, STEP_M)
    xy = [(float(x), float(y)) for y in rows for x in columns]
    wide = len(columns)
    streets = [Street(i, i + 1) for i in range(len(xy)) if (i + 1) % wide]
    streets += [Street(i, i + wide) for i in range(len(xy) - wide)]
    roads = folder / "streets.graphml"
    write_graphml(build(xy, streets), roads)
    spots = np.column_stack(
        [
            rng.uniform(west, east, points + candidates),
            rng.uniform(south, north, points + candidates),
        ]
    )
    # On the streets of one direction, so that no place is far from a road.
    spots[:, 1] = south + np.round((spots[:, 1] - south) / STEP_M).clip(0, len(rows) - 1) * STEP_M
    spots[:, 0] = spots[:, 0].clip(west, columns[-1])
    lon, lat = unproject(spots[:, 0], spots[:, 1], CRS)
    older = rng.integers(5, 400, points)
    people = folder / "people.csv"
    people.write_text(
        "lon,lat,people,60+\n"
        + "".join(f"{lon[i]:.7f},{lat[i]:.7f},{older[i] * 5},{older[i]}\n" for i in range(points)),
        encoding="utf-8",
    )
    places = {
        f"地块{i}": (round(float(lon[points + i]), 7), round(float(lat[points + i]), 7))
        for i in range(candidates)
    }
    listed = folder / "candidates.csv"
    listed.write_text(
        "名称,经度,纬度,造价\n"
        + "".join(
            f"{name},{x:.7f},{y:.7f},{100 + 10 * n}\n"
            for n, (name, (x, y)) in enumerate(places.items())
        ),
        encoding="utf-8",
    )
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "plans" / f"{CODE}.toml").write_text(_PLAN, encoding="utf-8")
    (folder / "plans" / "reference.toml").write_text(_REFERENCE, encoding="utf-8")
    return Tiny(city, folder, roads, people, listed, places)


_REFERENCE = _PLAN.split("[[indicator]]", maxsplit=1)[0]

__all__ = ["EAST", "MIDDLE", "MINUTES", "WEST", "Tiny", "tiny"]
