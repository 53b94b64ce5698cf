"""A picture of circles over real streets beside the straight circles a map would draw."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.circles.polygons import service_circles
from coverage.datum import project
from coverage.errors import InputError, refusal
from coverage.messages import Said
from coverage.outputs import PICTURES, check_ending
from coverage.profiles import load_profile
from coverage.roads.network import OBSTACLES
from coverage.roads.sources import load
from coverage.travel.access import longest_leg_m
from coverage.travel.off_road import fit_to_roads
from coverage.travel.prepare import prepare
from coverage.travel.times import node_times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.arrays import Floats


# The usual cell; and cells in a radius, of which a picture shows 200: by default and at most.
_STEP_M, _FINE, _FINEST = 10.0, 1_000, 1_500
_BLUE, _ORANGE, _GREY = "#2b6cb0", "#c05621", "#9aa5b1"
_UNCROSSED = {"water": "#63b3d4", "river": "#63b3d4", "rail": "#4a5568"}


def compare_circles(
    roads: str | Path,
    places: Sequence[tuple[float, float]],
    out: Path,
    *,
    profile: str | Path = "older_walk",
    minutes: float = 15,
    step_m: float | None = None,
) -> list[tuple[float, float]]:
    """Draw both kinds of circle around places, street by street, into a PNG or SVG.

    Args:
        roads: A road network of any source that `load` reads.
        places: (lon, lat) of each facility.
        out: Picture file.
        profile: Travel profile.
        minutes: Limit.
        step_m: Cell of the lattice; 10 m or, of large circles, a thousandth of the radius.

    Returns:
        For each place the area of the circle over streets and of the straight
        one, in km².

    Raises:
        InputError: If a place has no street near it, the cell is too small for the circle,
            or the file type is unknown.
    """
    check_ending(out, PICTURES)
    travel = load_profile(profile)
    limit = travel.limit_s(None if travel.measure == "distance" else minutes)
    radius = limit if travel.measure == "distance" else limit * travel.speed_mps
    step_m = _step(radius, step_m)
    network = load(roads)
    travel, _ = fit_to_roads(travel, network)
    lon, lat = np.array(places, dtype=np.float64).T
    xy = np.column_stack(project(lon, lat, network.crs))
    graph = prepare(network, travel)
    reached = sorted(node_times(graph, xy, limit), key=lambda one: one.facility)
    for place, one in zip(places, reached, strict=True):
        if not len(one.streets.piece):
            where = f"{place[0]:g},{place[1]:g}"
            far = f"{longest_leg_m(travel):g}"
            raise InputError(
                Said(
                    f"{where} 周围 {far} 米内没有街道",
                    f"the place {where} has no street within {far} m",
                )
            )
    shapes = service_circles(graph, reached, [limit], step_m=step_m)[:, 0]
    _draw(network, xy, list(shapes), radius, out, f"{travel.en}, {minutes:g} min")
    return [(shape.area / 1e6, math.pi * radius**2 / 1e6) for shape in shapes]


def _step(radius: float, asked: float | None) -> float:
    """A cell of the lattice that a circle of this radius is drawn on in bounded memory."""
    if asked is None:
        return max(_STEP_M, radius / _FINE)
    least = radius / _FINEST
    if asked < least:
        raise refusal(
            f"半径 {radius:,.0f} 米的圈，栅格边长至少 {math.ceil(least)} 米，不能是 {asked:g}",
            f"a circle of {radius:,.0f} m takes cells of {math.ceil(least)} m or more, "
            f"not {asked:g}",
        )
    return asked


def _draw(
    network: Any,
    xy: Floats,
    shapes: list[Any],
    radius: float,
    out: Path,
    what: str,
) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    columns = min(len(xy), 3)
    rows = -(-len(xy) // columns)
    figure = Figure(figsize=(4.2 * columns, 4.6 * rows), layout="constrained")
    start, x, y = network.lines()
    lines = [np.column_stack([x[a:b], y[a:b]]) for a, b in pairwise(start)]
    shores = [np.asarray(line.coords) for line in network.obstacle_lines()]
    colours = [_UNCROSSED[OBSTACLES[kind]] for kind in network.obstacle]
    for number, (centre, shape) in enumerate(zip(xy, shapes, strict=True), start=1):
        axes = figure.add_subplot(rows, columns, number)
        axes.add_collection(LineCollection(lines, colors=_GREY, linewidths=0.5, zorder=1))
        axes.add_collection(LineCollection(shores, colors=colours, linewidths=1.4, zorder=1.5))
        axes.add_patch(
            Circle(tuple(centre), radius, fill=False, color=_ORANGE, lw=1.6, ls="--", zorder=3)
        )
        _fill(axes, shape)
        axes.plot(*centre, "o", color="black", ms=4, zorder=4)
        axes.set_xlim(centre[0] - 1.15 * radius, centre[0] + 1.15 * radius)
        axes.set_ylim(centre[1] - 1.15 * radius, centre[1] + 1.15 * radius)
        axes.set_aspect("equal")
        axes.set_axis_off()
        _scale_bar(axes, centre, radius)
        share = 100 * shape.area / (math.pi * radius**2)
        axes.set_title(
            f"streets {shape.area / 1e6:.2f} km², straight {math.pi * radius**2 / 1e6:.2f} km²\n"
            f"({share:.0f} % of it)",
            fontsize=9,
        )
    what += ": over streets (blue) and as a straight circle (orange)"
    if len(network.obstacle):
        what += "\nnobody crosses water (light blue) and railways (dark) off the road"
    figure.suptitle(what, fontsize=11)
    figure.supxlabel("Roads © OpenStreetMap contributors (ODbL)", fontsize=7, color="#555555")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110, metadata={"Software": None} if out.suffix == ".png" else None)


def _fill(axes: Any, shape: Any) -> None:
    """A polygon with its holes left open."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    for part in shape.geoms:
        rings = [part.exterior, *part.interiors]
        path = Outline.make_compound_path(*(Outline(np.asarray(r.coords)[:, :2]) for r in rings))
        axes.add_patch(PathPatch(path, facecolor=_BLUE, alpha=0.35, edgecolor=_BLUE, zorder=2))


def _scale_bar(axes: Any, centre: Floats, radius: float) -> None:
    length = 500.0 if radius > 500 else 100.0
    left, low = centre[0] - 1.08 * radius, centre[1] - 1.1 * radius
    axes.plot([left, left + length], [low, low], color="black", lw=2, zorder=5)
    axes.text(left + length / 2, low + 0.03 * radius, f"{length:g} m", ha="center", fontsize=7)
