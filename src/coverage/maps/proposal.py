"""A picture of an answer: who is reached today, who is gained, where the new sites stand."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.demand.townships import Townships, read_townships
from coverage.maps.fonts import families
from coverage.messages import Lang, Said
from coverage.outputs import PICTURES, check_ending
from coverage.proposals.goal import proof
from coverage.text import number, wrap
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.proposals.propose import Proposal


_TODAY, _GAINED, _REST = "#4a7fb5", "#e07b39", "#dcdfe4"
_SITE, _STANDING, _LINE, _INK = "#b3261e", "#1f3a5f", "#7a838f", "#222222"
_ROAD = "#8b93a0"
_NUMBERED = 60
_ROADS_BY = "© OpenStreetMap contributors (ODbL)"


def draw(proposal: Proposal, path: Path, lang: Lang = "zh") -> None:
    """Draw an answer as a still picture with its legend, scale and sources.

    Units are filled; people are drawn as the demand points of the model. New
    sites are numbered in the order of the answer's table while they are few.

    Args:
        proposal: The answer.
        path: ``.png``, ``.svg`` or ``.pdf``.
        lang: Of its words; names stay as they are.

    Raises:
        InputError: If the ending is another.
    """
    check_ending(path, PICTURES)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ground = read_townships(proposal.city)
    west, south, east, north = ground.city.bounds
    tall = (north - south) / (east - west)
    with mpl.rc_context({"font.family": families(), "axes.unicode_minus": False}):
        figure = Figure(figsize=(9.0, 9.0 * tall * 0.92 + 1.5))
        axes = figure.add_axes((0.02, 0.075, 0.96, 0.815))
        if proposal.field.travel is None:
            _units(axes, proposal, ground)
        else:
            _people(axes, proposal, ground)
        _borders(axes, proposal, ground)
        _sites(axes, proposal)
        axes.set_xlim(west - 2000, east + 2000)
        axes.set_ylim(south - 2000, north + 2000)
        axes.set_aspect("equal")
        axes.set_axis_off()
        _scale(axes, west, south)
        axes.legend(
            handles=_legend(proposal, lang), loc="upper right", frameon=True, framealpha=0.92,
            edgecolor="none", fontsize=9.5,
        )  # fmt: skip
        _words(figure, proposal, ground, lang)
        path.parent.mkdir(parents=True, exist_ok=True)
        plain = {"Software": None} if path.suffix.lower() == ".png" else None
        figure.savefig(path, dpi=130, facecolor="white", metadata=plain)


def _units(axes: Any, proposal: Proposal, ground: Townships) -> None:
    """Township cells by what they are today and afterwards."""
    field = proposal.field
    had = field.reached(range(field.standing))
    has = field.reached(proposal.answer.chosen)
    state = {
        code: _TODAY if before else _GAINED if after else _REST
        for code, before, after in zip(field.unit, had, has, strict=True)
    }
    for cell, index in zip(ground.cells, ground.cell_unit, strict=True):
        _fill(axes, cell, state.get(ground.unit_codes[index], "white"))


def _people(axes: Any, proposal: Proposal, ground: Townships) -> None:
    """Demand points, those who gain on top, and the roads inside the city."""
    field = proposal.field
    if field.travel is None:
        return
    from matplotlib.collections import LineCollection

    demand = field.travel.demand
    had = proposal.seconds_before <= field.limit_s
    has = proposal.seconds <= field.limit_s
    start, x, y = field.travel.network.network.lines()
    lines = [np.column_stack([x[a:b], y[a:b]]) for a, b in pairwise(start)]
    roads = LineCollection(lines, colors=_ROAD, linewidths=0.35, zorder=3.5)
    axes.add_collection(roads)
    roads.set_clip_path(_outline(ground.city), axes.transData)
    for mask, colour, layer in ((~has, _REST, 1), (had, _TODAY, 2), (has & ~had, _GAINED, 3)):
        axes.scatter(
            demand.x[mask], demand.y[mask], s=2.6, marker="s", linewidths=0, color=colour,
            zorder=layer, rasterized=True,
        )  # fmt: skip


def _outline(shape: Any) -> Any:
    """A polygon, or several, as one path with its holes."""
    from matplotlib.path import Path as Outline

    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return Outline.make_compound_path(*(Outline(np.asarray(r.coords)[:, :2]) for r in rings))


def _fill(axes: Any, shape: Any, colour: str) -> None:
    from matplotlib.patches import PathPatch

    axes.add_patch(
        PathPatch(_outline(shape), facecolor=colour, edgecolor="white", linewidth=0.6, zorder=1)
    )


def _borders(axes: Any, proposal: Proposal, ground: Townships) -> None:
    """Outlines of the counties, from their townships' cells, with their names."""
    import shapely

    codes = np.array([ground.unit_codes[i][:6] for i in ground.cell_unit])
    for county in proposal.city.units.counties:
        cells = ground.cells[codes == county.code]
        if not len(cells):
            continue
        shape = shapely.union_all(shapely.buffer(cells, 5.0))
        for part in getattr(shape, "geoms", [shape]):
            x, y = part.exterior.xy
            axes.plot(x, y, color=_LINE, linewidth=0.9, zorder=4)
        x, y = _free_place(shape, _xy_of_sites(proposal))
        axes.text(
            x, y, county.name, fontsize=9, color=_INK, ha="center", va="center", zorder=7,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1.2},
        )  # fmt: skip


def _xy_of_sites(proposal: Proposal) -> NDArray[np.float64]:
    """(s, 2) places of the new sites that have one."""
    field = proposal.field
    rows = [row - field.standing for row in proposal.answer.chosen if row >= field.standing]
    xy = field.candidates.xy[rows]
    return xy[np.isfinite(xy).all(axis=1)]


def _free_place(shape: Any, sites: NDArray[np.float64]) -> tuple[float, float]:
    """A place for a county's name: well inside, and as far from the sites as can be."""
    import shapely
    from scipy.spatial import KDTree

    middle = shape.representative_point()
    inner = shape.buffer(-0.09 * math.sqrt(shape.area) - 2000.0)
    if inner.is_empty or not len(sites):
        return float(middle.x), float(middle.y)
    west, south, east, north = inner.bounds
    grid = np.meshgrid(np.linspace(west, east, 40), np.linspace(south, north, 40))
    points = np.column_stack([axis.ravel() for axis in grid])
    points = points[shapely.contains_xy(inner, points[:, 0], points[:, 1])]
    if not len(points):
        return float(middle.x), float(middle.y)
    # A name is wide and low: a site beside it is in the way from farther off than one below.
    wide = np.array([1.0, 3.0])
    far, _ = KDTree(sites * wide).query(points * wide)
    x, y = points[int(np.argmax(far))]
    return float(x), float(y)


def _sites(axes: Any, proposal: Proposal) -> None:
    field = proposal.field
    if field.travel is not None and field.standing:
        axes.scatter(
            field.existing_xy[:, 0], field.existing_xy[:, 1], s=14, marker="s", color=_STANDING,
            edgecolors="white", linewidths=0.4, zorder=5,
        )  # fmt: skip
    label = {site.name: n for n, site in enumerate(proposal.sites, start=1)}
    few = len(proposal.sites) <= _NUMBERED
    for row in proposal.answer.chosen:
        i = row - field.standing
        if i < 0 or not np.isfinite(field.candidates.xy[i]).all():
            continue
        x, y = field.candidates.xy[i]
        axes.scatter(
            x, y, s=110 if few else 7, color=_SITE, edgecolors="white",
            linewidths=0.8 if few else 0.2, zorder=8,
        )  # fmt: skip
        if few:
            axes.text(
                x, y, str(label[field.candidates.names[i]]), color="white", fontsize=6.5,
                ha="center", va="center_baseline", zorder=9, weight="bold",
            )  # fmt: skip


def _legend(proposal: Proposal, lang: Lang) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    units, change = proposal.question.form == "units", proposal.city_change
    unit = Said("个", " townships") if units else Said("人", " people")
    left = change.after.total - change.after.reached
    rest = Said("仍未覆盖的乡镇：", "still without: ") if units else _REST_OF_PEOPLE
    areas = (
        (_TODAY, Said("现已覆盖：", "reached today: "), change.before.reached),
        (_GAINED, Said("新增覆盖：", "gained: "), change.gained),
        (_REST, rest, left),
    )
    handles: list[Any] = [
        Patch(color=colour, label=f"{said.to(lang)}{number(round(count))}{unit.to(lang)}")
        for colour, said, count in areas
    ]
    count, standing = len(proposal.sites), proposal.field.standing
    dots = [("o", _SITE, 8, Said(f"拟建 {count} 处", f"{count} new sites"))]
    if not units and standing:
        dots.append(("s", _STANDING, 4, Said(f"现有 {standing} 处", f"{standing} standing")))
    handles += [
        Line2D([], [], marker=m, linestyle="", color=c, markersize=size, label=said.to(lang))
        for m, c, size, said in dots
    ]
    return handles


_REST_OF_PEOPLE = Said("仍未覆盖的地点：", "still not reached: ")


def _scale(axes: Any, west: float, south: float) -> None:
    length = 20_000.0
    axes.plot([west, west + length], [south, south], color=_INK, linewidth=2.5, zorder=6)
    axes.text(west + length / 2, south + 1500, f"{length / 1000:g} km", ha="center", fontsize=8.5)


def _words(figure: Any, proposal: Proposal, ground: Townships, lang: Lang) -> None:
    """Title, what was asked, and where everything comes from."""
    asked, sources = (
        _asked(proposal).to(lang),
        ("；" if lang == "zh" else "; ").join(said.to(lang) for said in _sources(proposal, ground)),
    )
    figure.text(0.03, 0.968, _title(proposal).to(lang), fontsize=14, weight="bold", va="top")
    figure.text(0.03, 0.93, asked, fontsize=10.5, color="#444444", va="top")
    figure.text(0.03, 0.045, "\n".join(wrap(sources, 130)), fontsize=7.5, color="#666666", va="top")


def _title(proposal: Proposal) -> Said:
    city, what = proposal.city, proposal.question.indicator
    return Said(
        f"{city.name}：{what.name}", f"{city.label.english}: {what.name_en or what.name}"
    ).then(mark_of(proposal.off_road))


def _asked(proposal: Proposal) -> Said:
    """For whom, how many sites, how sure, and what they change."""
    question, change, count = proposal.question, proposal.city_change, len(proposal.sites)
    said = Said("", "")
    if question.form == "people":
        who = f"{question.group}{{0}}{proposal.sources.profile}{{0}}{question.minutes:g} "
        said = Said(f"{who.format('，')}分钟；", f"{who.format(', ')}min; ")
    if question.value is not None:
        aim = question.target_text
        said = said.then(Said(f"目标 {aim}；", f"target {aim}; "))
    sure = proof(proposal)
    if proposal.answer.optimal:
        fewest = question.model in {"threshold", "lscp", "capacitated_lscp"}
        sure = Said("已证明最少", "proven fewest") if fewest else Said("已证明最优", "proven best")
    before, after = (f"{share.percent or 0.0:.1f}%" for share in (change.before, change.after))
    return said.then(
        Said(
            f"新建 {count} 处（{sure.zh}），由 {before} 到 {after}",
            f"{count} new sites ({sure.en}), from {before} to {after}",
        )
    )


def _sources(proposal: Proposal, ground: Townships) -> list[Said]:
    """What is not surveyed in the picture, and whose the roads are."""
    marks = []
    if ground.approximate.any():
        said = "township borders are approximate (nearest seat)"
        marks.append(Said("乡镇界为近似（驻地最近划分）", said))
    if any(f.provenance == "illustrative" for f in proposal.field.existing):
        said = "standing facilities hold example rows: which township has which is no fact"
        marks.append(Said("现有设施含示意数据，哪个乡镇有哪处并非事实", said))
    travel = proposal.field.travel
    if travel is not None:
        by = f" {_ROADS_BY}" if "shipped" in travel.network.network.origin else ""
        marks.append(Said(f"路网 {travel.roads}{by}", f"roads {travel.roads}{by}"))
        if travel.demand.provenance == "modelled":
            said = "where people live in a township is a model"
            marks.append(Said("乡镇内人口位置为模型", said))
    return marks
