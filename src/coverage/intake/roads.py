"""`coverage import roads`: a file of roads, checked against the city and put into the workspace.

A format that a workspace holds is copied as it is; any other is cleaned and
kept as arrays (``.npz``). The file is read once, and what was read is put into the cache;
the new one is complete before the previous one is moved into ``roads/replaced``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from coverage.city import City
from coverage.errors import InputError, Problem
from coverage.intake.commit import deliver
from coverage.intake.outcomes import Findings, ImportReport, Part, RowOutcome, ordered
from coverage.lists.rows import Finding
from coverage.messages import Lang, Said
from coverage.roads import store
from coverage.roads.gaps import JOINED, remedy
from coverage.roads.sources import Checked, keep, load_checked
from coverage.settings import WGS84
from coverage.workspace import OWN, other_roads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coverage.arrays import Bools, Floats
    from coverage.roads.network import CleaningReport, RoadNetwork

NEAR_M = 2_000.0
_KEPT = tuple(name.removeprefix("roads/roads") for name in OWN["roads"])
# The names under which pyogrio's readers know the same formats.
_SAME = {".geoparquet": ".parquet", ".pq": ".parquet"}
# What a strict reader of a network refuses, and a lenient one leaves out.
_REFUSED = ("node_not_on_earth", "edge_without_place", "length_impossible")
PIECES = Said("段道路", "pieces of street")
_FEW = 0.5
_ISLANDS = 0.9
_MODE_NAMES = {"foot": "步行", "bicycle": "骑行", "car": "驾车"}


@dataclass(frozen=True)
class CityFit:
    """How well a network serves a city.

    Attributes:
        seats: Townships whose seat is known.
        near: How many of these lie within `NEAR_M` of a road.
        far: Names of the others.
        inside_share: Share of the network's length whose middle lies in the city, `None`
            where the city has no boundary.
        length_km: Length of all streets, each counted once.
        largest: Share of nodes on the largest island, by mode.
        islands: Number of islands, by mode.
    """

    seats: int
    near: int
    far: tuple[str, ...]
    inside_share: float | None
    length_km: float
    largest: dict[str, float]
    islands: dict[str, int]


@dataclass(frozen=True)
class RoadsImport(ImportReport):
    """What became of a file of roads.

    Attributes:
        cleaning: What cleaning found.
        fit: How the network serves the city.
        replaced: Names of files of roads that it took the place of.
    """

    cleaning: CleaningReport = field(kw_only=True)
    fit: CityFit = field(kw_only=True)
    replaced: tuple[str, ...] = ()


def import_roads(
    path: Path,
    folder: Path,
    *,
    edges: Path | None = None,
    crs: str | None = None,
    snap_m: float = 0.0,
    dry_run: bool = False,
    lang: Lang = "zh",
) -> RoadsImport:
    """Check a file of roads and make it the workspace's own.

    Args:
        path: ``.osm.pbf``, ``.osm``, ``.graphml``, ``.gpkg``, ``.parquet``, ``.shp``,
            ``.geojson``, ``.fgb``, or ``.csv`` of nodes with `edges`.
        folder: The workspace.
        edges: The table of edges beside a CSV of nodes.
        crs: Projected CRS in metres; by default the UTM zone of the network's middle.
        snap_m: Ends of streets within this distance of another street are joined to it.
        dry_run: Write nothing.
        lang: Language of the report.

    Raises:
        InputError: If the folder is no workspace, the file cannot be read, holds no roads, or
            none of them near the city.
    """
    city = City.open(folder)
    path = Path(path)
    found = load_checked(path, edges=edges, crs=crs, snap_m=snap_m)
    fit = fit_to_city(found.network, city, found.report)
    if fit.near == 0 and fit.inside_share in {0.0, None} and fit.seats:
        reason = Said(
            f"路网不在{city.name}：没有一个乡镇驻地 {NEAR_M / 1000:g} 公里内有路",
            "no road of the file lies near the city",
        )
        raise InputError(Problem(reason, path.name))
    goal, as_is = _goal(path, folder, found)
    report = _report(path.name, (edges or path).name, city, found, fit, goal)
    report = replace(
        report, findings=ordered([*report.findings, *_far_facilities(city, found.network)])
    )
    if not as_is:
        said = Said(f"清理后存为 {goal.name}。", f"Cleaned and kept as {goal.name}.")
        report = replace(report, findings=(*report.findings, Finding("kept", "note", said)))
    if dry_run:
        return report
    aside = other_roads(folder, goal)
    report = replace(report, replaced=tuple(p.name for p in aside))
    content = path if as_is else store.content(found.network)
    report = deliver(report, folder, {goal: content}, aside=aside, lang=lang)
    if as_is and crs is None:
        named = found.network.origin | {"source": goal.name}
        keep(replace(found.network, origin=named), goal)
    return report


def _goal(path: Path, folder: Path, found: Checked) -> tuple[Path, bool]:
    """The file that is written, and whether it is the user's own as it stands."""
    known = next((s for s in _KEPT if path.name.endswith(s)), _SAME.get(path.suffix, ""))
    # A file with anything in it that a strict reader refuses, or that was joined, is not kept
    # as it is.
    changed = found.bad or any(found.report.count(check) for check in (*_REFUSED, JOINED))
    suffix = known if known and not changed else ""
    return folder / "roads" / f"roads{suffix or store.ENDING}", bool(suffix)


def _report(
    name: str, own: str, city: City, found: Checked, fit: CityFit, goal: Path
) -> RoadsImport:
    """Rows left out with all that is wrong with each, pieces kept, merged and dropped."""
    by_row: dict[int, list[Said]] = {}
    findings = _odd(fit, city, found.report)
    for problem in found.bad:
        if problem.row is None or problem.file != own:
            findings.warn("bad_row", problem.to("zh"), problem.to("en"))
        else:
            cell = f"（{problem.column} {problem.value!r}）" if problem.column else ""
            by_row.setdefault(problem.row, []).append(problem.reason.then(Said(cell, cell)))
    kept = len(set(found.network.edge_id.tolist()))
    lost = found.report.count("edge_without_place")
    named = city.workspace.files.get("roads") if city.workspace else None
    if named is not None and named.resolve() != goal.resolve():
        findings.warn(
            "named",
            f"city.toml 的 [files] 指定了另一个路网 {named.name}，请改为 roads/{goal.name}。",
            f"city.toml names other roads ({named.name}): change it to roads/{goal.name}.",
        )
    _tell(findings, fit, found.report)
    return RoadsImport(
        "roads",
        name,
        (),
        tuple(RowOutcome(n, "", "", "", "rejected", tuple(s)) for n, s in sorted(by_row.items())),
        ordered(findings),
        {"km": round(fit.length_km, 3), "pieces": found.pieces + lost + len(by_row)},
        parts=(Part(own, ""),),
        # What cleaning puts together or drops is in the network under another piece's number.
        tally={"accepted": kept, "corrected": found.pieces - kept, "rejected": lost},
        of=PIECES,
        cleaning=found.report,
        fit=fit,
    )


def fit_to_city(network: RoadNetwork, city: City, report: CleaningReport) -> CityFit:
    """How a network lies in a city, and how much of it hangs together."""
    import numpy as np
    import pyproj

    seats = [unit for unit in city.units.townships if unit.placed]
    to_plane = pyproj.Transformer.from_crs(WGS84, network.crs, always_xy=True)
    x, y = to_plane.transform([u.lon for u in seats], [u.lat for u in seats])
    near = _near(network, np.column_stack([x, y]))
    once = np.flatnonzero(network.one_way_each & ~network.across)
    lengths = network.length_m[once]
    islands = {
        mode: np.unique(numbers[numbers >= 0], return_counts=True)[1]
        for mode, numbers in report.islands.items()
    }
    return CityFit(
        seats=len(seats),
        near=int(near.sum()),
        far=tuple(u.name for u, is_near in zip(seats, near, strict=True) if not is_near),
        inside_share=_inside(network, city, once),
        length_km=float(lengths.sum()) / 1000,
        largest={m: float(n.max() / n.sum()) for m, n in islands.items() if len(n)},
        islands={m: len(n) for m, n in islands.items()},
    )


def _near(network: RoadNetwork, places: Floats) -> Bools:
    """(k,) which places lie within `NEAR_M` of a street, drawn straight."""
    import numpy as np
    import shapely
    from scipy.spatial import cKDTree

    if not len(places) or not network.edge_count:
        return np.zeros(len(places), bool)
    nodes = np.column_stack([network.x, network.y])
    ends = np.column_stack([network.tail, network.head])
    away, _ = cKDTree(nodes[np.unique(ends)]).query(places, distance_upper_bound=NEAR_M)
    near = np.asarray(np.isfinite(away))
    rest = np.flatnonzero(~near)
    if len(rest):  # a long street may pass by, far from its ends
        lines = np.asarray(shapely.linestrings(nodes[ends[network.one_way_each]]), np.object_)
        tree = shapely.STRtree(lines)
        near[rest[tree.query_nearest(shapely.points(places[rest]), max_distance=NEAR_M)[0]]] = True
    return near


def _inside(network: RoadNetwork, city: City, once: NDArray[np.intp]) -> float | None:
    """Share of the length whose middle lies in the counties, else in the townships."""
    import shapely

    from coverage.demand.townships import onto

    level: Literal["counties", "townships"] = "counties" if city.find("counties") else "townships"
    if city.find(level) is None or not len(once):
        return None
    area = shapely.union_all(onto(city.boundaries(level).shapes, WGS84, network.crs))
    shapely.prepare(area)
    tail, head = network.tail[once], network.head[once]
    x, y = (network.x[tail] + network.x[head]) / 2, (network.y[tail] + network.y[head]) / 2
    inside = shapely.contains_xy(area, x, y)
    lengths = network.length_m[once]
    total = float(lengths.sum())
    return float(lengths[inside].sum()) / total if total else None


def _far_facilities(city: City, network: RoadNetwork) -> list[Finding]:
    """What becomes of the facilities already there that stand far from the new roads."""
    from coverage.reach.service import far_facilities
    from coverage.reach.sites import off_road_notes

    if city.find("facilities") is None:
        return []
    try:
        said = off_road_notes(far_facilities(city, city.register.facilities, roads=network))
    except InputError as error:
        why = error.problems[0]
        zh, en = f"未核对设施离路多远：{why.to('zh')}", f"not held to roads: {why.to('en')}"
        said = (Said(zh, en),)
    return [Finding("facilities.roads", "warning", one) for one in said]


def _tell(findings: Findings, fit: CityFit, cleaning: CleaningReport) -> None:
    """How the network lies in the city, and what cleaning did."""
    near = NEAR_M / 1000
    findings.note(
        "roads",
        f"街道 {fit.length_km:,.0f} 公里；{fit.near}/{fit.seats} 个乡镇驻地 {near:g} 公里内有路。",
        f"{fit.length_km:,.0f} km of streets; {fit.near} of {fit.seats} township "
        f"seats have a road within {near:g} km.",
    )
    if fit.inside_share is not None:
        share = f"{fit.inside_share:.0%}"
        zh, en = f"路网 {share} 在本市范围内。", f"{share} of the network lies in the city."
        findings.note("roads", zh, en)
    for mode, part in fit.largest.items():
        count, name = fit.islands[mode], _MODE_NAMES.get(mode, mode)
        zh = f"{name}：{count} 个连通片，最大的占 {part:.1%}。"
        en = f"{mode}: {count} islands, the largest has {part:.1%} of the nodes."
        findings.note("roads", zh, en)
    for row in cleaning.findings:
        if row.count and row.check != "bad_row":
            text = f"{row.check} ({row.action}) × {row.count}"
            findings.note("roads", f"清理：{text}", f"Cleaning: {text}")


def _odd(fit: CityFit, city: City, cleaning: CleaningReport) -> Findings:
    """What the planner should look at."""
    findings = Findings()
    if fit.far:
        shown, rest = fit.far[:10], len(fit.far) - 10
        said = Said(
            f"附近无路的驻地：{'、'.join(shown)}", f"Seats without a road near: {', '.join(shown)}"
        )
        more = Said(f" 等 {len(fit.far)} 个。", f" and {rest} more.")
        findings.warn("far", *said.then(more if rest > 0 else Said("。", ".")))
    if fit.inside_share is not None and fit.inside_share < _FEW:
        findings.warn(
            "outside",
            f"大部分路网在{city.name}之外，读取较慢；可先裁剪。",
            "Most of the network lies outside the city: cutting it first saves time.",
        )
    torn = [mode for mode, share in fit.largest.items() if share < _ISLANDS]
    if torn:
        findings.warn(
            "torn",
            "路网断成多片，片与片之间算作走不通：请检查路口是否相接。",
            f"The network is torn for {', '.join(torn)}: between islands nobody gets through.",
        )
    if gaps := remedy(cleaning):
        findings.warn("gaps", *gaps)
    count = cleaning.count("bad_row")
    if count:
        zh, en = f"略去坏行（{count} 处问题）。", f"Bad rows are left out ({count} problems)."
        findings.warn("bad_rows", zh, en)
    return findings
