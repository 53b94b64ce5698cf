"""One map on paper: areas, roads, circles, people, facilities and names, on the city's plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.datum import project
from coverage.kinds import KINDS
from coverage.maps import labels
from coverage.maps.paper import Sheet, look_of
from coverage.maps.styles import (
    ACCENT,
    CROWD,
    CROWD_RADII,
    FIELDS,
    INK,
    RINGS,
    ROAD,
    SYMBOLS,
    WATER,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.maps.view import Area, Shading, Site, Stage, Theme, View

_NAME, _COUNTY, _SYMBOL = 4.9, 8.0, 4.6  # points


@dataclass(frozen=True)
class Panel:
    """What a drawn map tells its surroundings.

    Attributes:
        metres_per_mm: Its scale.
        unnamed: Townships whose name did not fit.
    """

    metres_per_mm: float
    unnamed: int


def draw_panel(
    sheet: Sheet,
    view: View,
    stage: Stage,
    box: tuple[float, float, float, float],
    *,
    theme: Theme,
    level: str | None,
    crowd: bool,
) -> Panel:
    """Draw a stage of a view into a box (left, top, width, height in millimetres)."""
    axes = sheet.axes(*box)
    axes.set_axis_off()
    bounds, scale = _frame(view, box)
    axes.set_xlim(bounds[0], bounds[2])
    axes.set_ylim(bounds[1], bounds[3])
    shading = theme.shading(level) if theme.shadings else None
    _areas(axes, view, shading, sheet.zoom)
    _roads(axes, view, view.roads if stage.roads is None else stage.roads, sheet.zoom)
    _roads(axes, view, view.uncrossed, sheet.zoom, WATER)
    _veil(axes, view, bounds)
    _rings(axes, view, stage)
    if crowd:
        _crowd(axes, view, stage, sheet.zoom)
    sites = [s for s in stage.sites if s.kind in theme.kinds and s.open and not s.number]
    drawing = _Names(view, sheet.zoom, scale, bounds)
    drawing.sites(axes, sites, theme.counting)
    drawing.proposals(axes, stage)
    drawing.counties(axes)
    unnamed = drawing.townships(axes, shading)
    return Panel(scale, unnamed)


def _frame(
    view: View, box: tuple[float, float, float, float]
) -> tuple[tuple[float, float, float, float], float]:
    """Bounds on the plane that fill the box, and metres to a millimetre."""
    west, south, east, north = view.bounds
    lon = np.array([west, east, west, east, (west + east) / 2, (west + east) / 2])
    lat = np.array([south, south, north, north, south, north])
    x, y = project(lon, lat, view.crs)
    wide, high = float(np.ptp(x)), float(np.ptp(y))
    scale = 1.015 * max(wide / box[2], high / box[3])
    middle_x, middle_y = float(x.min() + wide / 2), float(y.min() + high / 2)
    half_x, half_y = scale * box[2] / 2, scale * box[3] / 2
    return (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y), scale


def _areas(axes: Any, view: View, shading: Shading | None, zoom: float) -> None:
    shaded = view.counties if shading and shading.level == "county" else view.townships
    styles = {c.id: c.style for c in shading.classes} if shading else {}
    for area in shaded:
        mark = shading.marks.get(area.code) if shading else None
        look = look_of(styles.get(mark.class_, "outside") if mark else "outside")
        look["linewidth"] = 0.0
        _polygon(axes, area, view.crs, zorder=1, **look)
    for area in view.townships:
        # White below, so that the line shows on dark and on light ground.
        _polygon(
            axes,
            area,
            view.crs,
            zorder=2,
            facecolor="none",
            edgecolor="white",
            linewidth=0.55 * zoom,
        )
        dashed = {"linestyle": (0, (3, 2))} if area.approximate else {}
        _polygon(
            axes,
            area,
            view.crs,
            zorder=2.1,
            facecolor="none",
            edgecolor="#3e4c59",
            linewidth=0.35 * zoom,
            **dashed,
        )
    for area in view.counties:
        _polygon(
            axes, area, view.crs, zorder=4, facecolor="none", edgecolor=INK, linewidth=1.0 * zoom
        )


def _polygon(axes: Any, area: Area, crs: str, **style: Any) -> None:
    axes.add_patch(_patch(area.outline, crs, **style))


def _patch(shape: Any, crs: str, **style: Any) -> Any:
    """A polygon of degrees on the plane, its holes left open."""
    from matplotlib.patches import PathPatch

    return PathPatch(_path(shape, crs), **style)


def _path(shape: Any, crs: str, *, reverse: bool = False) -> Any:
    """Outer rings one way round and holes the other, so that holes stay open."""
    from matplotlib.path import Path as Outline
    from shapely.geometry.polygon import orient

    rings = []
    for part in getattr(shape, "geoms", [shape]):
        turned = orient(part, -1.0 if reverse else 1.0)
        for ring in (turned.exterior, *turned.interiors):
            corners = np.asarray(ring.coords)
            rings.append(np.column_stack(project(corners[:, 0], corners[:, 1], crs)))
    return Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))


def _roads(
    axes: Any,
    view: View,
    roads: Sequence[NDArray[np.float64]],
    zoom: float,
    colour: str = ROAD,
) -> None:
    from matplotlib.collections import LineCollection

    if not roads:
        return
    sizes = np.cumsum([len(line) for line in roads])[:-1]
    flat = np.concatenate(roads)
    lines = np.split(np.column_stack(project(flat[:, 0], flat[:, 1], view.crs)), sizes)
    axes.add_collection(
        LineCollection(lines, colors=colour, linewidths=0.45 * zoom, zorder=3, alpha=0.8)
    )


def _veil(axes: Any, view: View, bounds: tuple[float, float, float, float]) -> None:
    """Roads beyond the city stay as a faint context."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    left, low, right, high = bounds
    frame = Outline([(left, low), (right, low), (right, high), (left, high), (left, low)])
    holes = [_path(area.outline, view.crs, reverse=True) for area in view.counties]
    axes.add_patch(
        PathPatch(
            Outline.make_compound_path(frame, *holes),
            facecolor="white",
            edgecolor="none",
            alpha=0.75,
            zorder=3.5,
        )
    )


def _rings(axes: Any, view: View, stage: Stage) -> None:
    for ring in stage.rings:
        if not ring.shape.is_empty:
            axes.add_patch(
                _patch(
                    ring.shape,
                    view.crs,
                    facecolor=RINGS[min(ring.rank, len(RINGS) - 1)],
                    edgecolor=RINGS[0],
                    linewidth=0.25,
                    zorder=5,
                )
            )


def _crowd(axes: Any, view: View, stage: Stage, zoom: float) -> None:
    crowd = stage.crowd
    if crowd is None:
        return
    x, y = project(crowd.lon, crowd.lat, view.crs)
    radius = np.array(CROWD_RADII)[crowd.class_] * 0.55 * zoom
    axes.scatter(
        x,
        y,
        s=(2 * radius) ** 2,
        color=CROWD,
        edgecolors="white",
        linewidths=0.2,
        alpha=0.75,
        zorder=5.5,
    )


class _Names:
    """Symbols and names in the order of their weight; none covers another."""

    def __init__(
        self, view: View, zoom: float, scale: float, bounds: tuple[float, float, float, float]
    ) -> None:
        self.view, self.zoom, self.bounds = view, zoom, bounds
        # Metres that a point of type is wide on this map.
        self.point = 25.4 / 72 * scale * zoom
        self.taken: list[tuple[float, float, float, float]] = []

    def _xy(self, places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        lon, lat = np.array(places, dtype=np.float64).reshape(-1, 2).T
        return np.column_stack(project(lon, lat, self.view.crs))

    def _take(self, x: float, y: float, half: float) -> None:
        self.taken.append((x - half, y - half, x + half, y + half))

    def sites(self, axes: Any, sites: Sequence[Site], counting: frozenset[str] | None) -> None:
        """A disc with the kind's character; several at one place are one disc with a number.

        Discs of which some facility counts towards the theme are solid.
        """
        places: dict[tuple[float, float], list[Site]] = {}
        for site in sites:
            places.setdefault((site.lon, site.lat), []).append(site)
        half = 0.62 * _SYMBOL * self.point
        for (x, y), here in zip(self._xy(list(places)), places.values(), strict=True):
            self._take(x, y, half)
            first = here[0]
            solid = counting is None or any(site.id in counting for site in here)
            colour = FIELDS[KINDS[first.kind].system]
            axes.plot(
                x,
                y,
                "o",
                ms=1.24 * _SYMBOL * self.zoom,
                mfc=colour if solid else "white",
                mec="white" if solid else colour,
                mew=(0.4 if solid else 0.7) * self.zoom,
                zorder=7,
            )
            text = SYMBOLS.get(first.kind, "·") if len(here) == 1 else str(len(here))
            ink = "white" if solid else colour
            self._write(axes, x, y, text, size=0.78 * _SYMBOL, colour=ink, bold=True, zorder=8)

    def proposals(self, axes: Any, stage: Stage) -> None:
        """Proposed sites by their number, in a square that no facility has."""
        spots = self._xy([(p.lon, p.lat) for p in stage.proposals])
        for proposal, (x, y) in zip(stage.proposals, spots, strict=True):
            self._take(x, y, 0.9 * _SYMBOL * self.point)
            axes.plot(x, y, "s", ms=1.7 * _SYMBOL * self.zoom, mfc=ACCENT, mec="white", zorder=9)
            self._write(
                axes, x, y, str(proposal.number), size=_SYMBOL, colour="white", bold=True, zorder=10
            )

    def counties(self, axes: Any) -> None:
        """Names of counties, where they fit."""
        self._place(axes, [(a, a.name, 0.0) for a in self.view.counties], _COUNTY, bold=True)

    def townships(self, axes: Any, shading: Shading | None) -> int:
        """Names of townships, missing ones first; how many did not fit."""
        marks = shading.marks if shading and shading.level == "township" else {}
        named = []
        for area in self.view.townships:
            if area.kind != "statistical":
                mark = marks.get(area.code)
                named.append((area, area.name, 1.0 if mark and mark.class_ == "missing" else 0.0))
        return self._place(axes, named, _NAME, bold=False)

    def _place(
        self, axes: Any, named: Sequence[tuple[Area, str, float]], size: float, *, bold: bool
    ) -> int:
        spots = self._xy([area.seat for area, _, _ in named])
        wanted = [
            labels.Label(
                text,
                x,
                y,
                em=size * self.point * (1.06 if bold else 1.0),
                gap=0.0 if bold else 0.75 * _SYMBOL * self.point,
                weight=weight,
            )
            for (_, text, weight), (x, y) in zip(named, spots, strict=True)
        ]
        found = labels.place(wanted, taken=self.taken, within=self.bounds)
        for label, spot in zip(wanted, found, strict=True):
            if spot is None:
                continue
            wide, high = label.size
            self.taken.append(
                (spot[0] - wide / 2, spot[1] - high / 2, spot[0] + wide / 2, spot[1] + high / 2)
            )
            self._write(axes, *spot, label.text, size=size, colour=INK, bold=bold, halo=True)
        return sum(spot is None for spot in found)

    def _write(
        self,
        axes: Any,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        colour: str,
        bold: bool = False,
        halo: bool = False,
        zorder: float = 6,
    ) -> None:
        from matplotlib.patheffects import withStroke

        white = [withStroke(linewidth=1.3 * self.zoom, foreground="white")] if halo else []
        axes.text(
            x,
            y,
            text,
            size=size * self.zoom,
            color=colour,
            weight="bold" if bold else "normal",
            ha="center",
            va="center_baseline",
            zorder=zorder,
            path_effects=white,
            parse_math=False,
            gid="name" if halo else None,
        )
