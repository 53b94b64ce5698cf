"""A view: everything that a map shows, in words and numbers, before anything is drawn.

Numbers come from a report's result (`coverage.results.document`) and that of
circles (`coverage.results.circles`), never from a count of what is on
the map; so that whatever is left out of those is left out here. Places and
outlines come from the city. The screen (`coverage.maps.page`) and paper
(`coverage.maps.prints`) draw the same view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from coverage.messages import Lang


@dataclass(frozen=True)
class Area:
    """A county's or township's outline.

    Attributes:
        code: Unit.
        name: Its name.
        county: Name of the county it lies in, empty for a county.
        outline: Polygon in EPSG:4326.
        seat: Where its name is written, lon and lat.
        approximate: Whether the outline is not an official one.
        kind: ``county``, ``township``, or ``statistical`` for rows that are no township.
    """

    code: str
    name: str
    county: str
    outline: BaseGeometry
    seat: tuple[float, float]
    approximate: bool
    kind: str


@dataclass(frozen=True)
class Class:
    """One line of a legend: its label, how many units are in it, and its style."""

    id: str
    label: str
    count: int | None
    style: str


@dataclass(frozen=True)
class Mark:
    """What is said of one unit: its class and its number in words."""

    class_: str
    text: str


@dataclass(frozen=True)
class Shading:
    """Units of one level by class.

    Attributes:
        level: ``county`` or ``township``.
        title: Heading of the legend.
        classes: In the order of the legend.
        marks: By code, for every unit of the level that is known.
        unplaced: Names of the units without an outline, which no map can show.
    """

    level: str
    title: str
    classes: tuple[Class, ...]
    marks: Mapping[str, Mark]
    unplaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Theme:
    """One indicator as a map shows it.

    Attributes:
        id: The indicator's.
        title: Its name.
        headline: Value, target and gap in words.
        status: As in the report.
        kinds: Facilities that count towards it.
        illustrative: Whether example rows were counted.
        shadings: By township and by county, where each is known.
        counting: Ids of the facilities that count towards it, of those of its
            kinds; `None` where all do.
        notes: What to know before quoting it.
    """

    id: str
    title: str
    headline: str
    status: str
    kinds: tuple[str, ...]
    illustrative: bool
    shadings: tuple[Shading, ...]
    counting: frozenset[str] | None = None
    notes: tuple[str, ...] = ()

    def shading(self, level: str | None = None) -> Shading:
        """The shading of a level, else the first."""
        return next((s for s in self.shadings if s.level == level), self.shadings[0])


@dataclass(frozen=True)
class Site:
    """A facility on the map.

    Attributes:
        id: In its register.
        name: As its source names it; the kind's name where it is masked.
        kind: One of `coverage.kinds.KINDS`.
        lon: EPSG:4326 degrees.
        lat: As `lon`.
        at_seat: Whether it stands at its unit's seat because no place is known or shown.
        open: Whether it counts in the view's year; else it is being built or planned.
        facts: Label and value, as a pop-up lists them.
        change: ``added``, ``changed`` or ``closed`` by a scenario, else empty.
        number: Of a proposed site, in the order of the proposal; else 0.
    """

    id: str
    name: str
    kind: str
    lon: float
    lat: float
    at_seat: bool
    open: bool
    facts: tuple[tuple[str, str], ...]
    change: str = ""
    number: int = 0


@dataclass(frozen=True)
class Ring:
    """The area reached within one limit: its label, what it holds in words, and its shape.

    `mark` says that it is a straight-line estimate, and is else empty.
    """

    label: str
    text: str
    share: str
    shape: BaseGeometry
    rank: int
    mark: str = ""


@dataclass(frozen=True)
class Crowd:
    """People not reached, summed on squares.

    Attributes:
        title: Heading of the legend: who, and beyond which limit.
        labels: Of the classes, fewest people first.
        lon: (n,) EPSG:4326 degrees, middles of the squares.
        lat: As `lon`.
        class_: (n,) index into `labels`.
        text: How many people in all.
    """

    title: str
    labels: tuple[str, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    class_: NDArray[np.int64]
    text: str


@dataclass(frozen=True)
class Stage:
    """The city at one moment: now, or after a scenario.

    Attributes:
        id: ``now``, ``before`` or ``after``.
        label: The same in words.
        themes: Indicators, the one to show first first.
        sites: Facilities with a place.
        rings: Areas reached within each limit, the largest first.
        crowd: People not reached.
        roads: Lines where a scenario changes them, else `None`: those of the view.
        loose: Kind and name of facilities known only by their county, by its code.
    """

    id: str
    label: str
    themes: tuple[Theme, ...]
    sites: tuple[Site, ...]
    rings: tuple[Ring, ...] = ()
    crowd: Crowd | None = None
    loose: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    roads: tuple[NDArray[np.float64], ...] | None = None

    @property
    def proposals(self) -> tuple[Site, ...]:
        """Proposed sites in their order."""
        return tuple(sorted((s for s in self.sites if s.number), key=lambda s: s.number))

    def theme(self, id_: str | None = None) -> Theme:
        """The theme of an indicator, else the first."""
        return next((t for t in self.themes if t.id == id_), self.themes[0])


@dataclass(frozen=True)
class View:
    """A map before it is drawn.

    Attributes:
        lang: Language of every word in it.
        city: Its name.
        title: City and year.
        subtitle: The plan.
        mark: 示意, where illustrative rows or approximate outlines are shown, else empty.
        facts: Title block: date, population, roads, register, as label and value.
        notes: What a reader must know.
        sources: Whose data it is, with licences.
        crs: The city's plane in metres.
        counties: Outlines.
        townships: Outlines.
        roads: Lines of (n, 2) lon, lat.
        road_name: What these are.
        uncrossed: Lines of (n, 2) lon, lat that nobody crosses off the road.
        stages: Now, or before and after.
    """

    lang: Lang
    city: str
    title: str
    subtitle: str
    mark: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    crs: str
    counties: tuple[Area, ...]
    townships: tuple[Area, ...]
    roads: tuple[NDArray[np.float64], ...]
    road_name: str
    uncrossed: tuple[NDArray[np.float64], ...]
    stages: tuple[Stage, ...]

    def stage(self, id_: str | None = None) -> Stage:
        """The stage of that id, else the last."""
        return next((s for s in self.stages if s.id == id_), self.stages[-1])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the city in degrees."""
        boxes = [area.outline.bounds for area in self.counties or self.townships]
        west, south, east, north = zip(*boxes, strict=True)
        return min(west), min(south), max(east), max(north)
