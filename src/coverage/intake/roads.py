"""`coverage import roads`: a file of roads, checked against the city and put into the workspace.

A format that a workspace holds is copied as it is; any other is cleaned and
kept as GraphML. The new file is complete before the previous one goes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coverage.city import City
from coverage.errors import InputError, Problem
from coverage.roads.clean import clean
from coverage.roads.report import CleaningReport
from coverage.roads.sources import check as check_roads
from coverage.roads.sources import load, write_graphml
from coverage.text import Said
from coverage.workspace import OWN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coverage.roads.network import RoadNetwork
    from coverage.text import Lang

NEAR_M = 2_000.0
_KEPT = tuple(name.removeprefix("roads/roads") for name in OWN["roads"])
# The names under which pyogrio's readers know the same formats.
_SAME = {".geoparquet": ".parquet", ".pq": ".parquet"}
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
class RoadsImport:
    """What became of a file of roads.

    Attributes:
        file: Name of the file.
        report: What cleaning found.
        fit: How it serves the city.
        written: The workspace's file, `None` in a dry run.
        replaced: Files of roads that it took the place of.
        notes: What to know before using it.
    """

    file: str
    report: CleaningReport
    fit: CityFit
    written: Path | None
    replaced: tuple[Path, ...]
    notes: tuple[Said, ...]

    def lines(self, lang: Lang) -> list[str]:
        """The report in lines."""
        return [said.to(lang) for said in (*_about(self), *self.notes)]


def import_roads(
    path: Path,
    folder: Path,
    *,
    edges: Path | None = None,
    crs: str | None = None,
    dry_run: bool = False,
) -> RoadsImport:
    """Check a file of roads and make it the workspace's own.

    Args:
        path: ``.osm.pbf``, ``.osm``, ``.graphml``, ``.gpkg``, ``.parquet``, ``.shp``,
            ``.geojson``, ``.fgb``, or ``.csv`` of nodes with `edges`.
        folder: The workspace.
        edges: The table of edges beside a CSV of nodes.
        crs: Projected CRS in metres; by default the UTM zone of the network's middle.
        dry_run: Write nothing.

    Raises:
        InputError: If the folder is no workspace, the file cannot be read, holds no roads, or
            none of them near the city.
    """
    city = City.open(folder)
    path = Path(path)
    if not path.is_file():
        reason = "文件不存在 · the file does not exist"
        raise InputError(Problem(reason, str(path)))
    report = check_roads(path, edges=edges, crs=crs)
    skipped = report.count("bad_row") > 0
    network = (
        _lenient(path, edges, crs) if skipped else load(path, edges=edges, crs=crs, cache=False)
    )
    fit = fit_to_city(network, city, report)
    if fit.near == 0 and fit.inside_share in {0.0, None} and fit.seats:
        reason = (
            f"路网不在{city.name}：没有一个乡镇驻地 {NEAR_M / 1000:g} 公里内有路 · "
            "no road of the file lies near the city"
        )
        raise InputError(Problem(reason, path.name))
    notes = _notes(fit, city, report)
    if dry_run:
        return RoadsImport(path.name, report, fit, None, (), notes)
    written, converted = _put(path, folder, network, as_is=not skipped)
    if converted:
        said = Said(
            f"清理后存为 {written.name}",
            f"cleaned and kept as {written.name}",
        )
        notes = (*notes, said)
    replaced = remove_previous(folder, written)
    named = city.workspace.files.get("roads") if city.workspace else None
    if named is not None and named.resolve() != written.resolve():
        said = Said(
            f"city.toml 的 [files] 指定了另一个路网 {named.name}，请改为 roads/{written.name}",
            f"city.toml names other roads ({named.name}): change it to roads/{written.name}",
        )
        notes = (*notes, said)
    return RoadsImport(path.name, report, fit, written, replaced, notes)


def _lenient(path: Path, edges: Path | None, crs: str | None) -> RoadNetwork:
    """The network without its bad rows, for which a strict reader refuses the file."""
    if path.suffix == ".graphml":
        from coverage.roads.convert import read_graphml

        return clean(read_graphml(path, modes=None, crs=crs, report=CleaningReport()))[0]
    from coverage.roads.tables import read_tables

    network, _ = read_tables(path, edges, modes=None, highway="road", crs=crs, skip_bad=True)
    return clean(network)[0]


def fit_to_city(network: RoadNetwork, city: City, report: CleaningReport) -> CityFit:
    """How a network lies in a city, and how much of it hangs together."""
    import numpy as np
    import pyproj
    import shapely

    seats = [unit for unit in city.units.townships if unit.placed]
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)
    x, y = to_plane.transform([u.lon for u in seats], [u.lat for u in seats])
    nodes = np.column_stack([network.x, network.y])
    ends = np.stack([nodes[network.tail], nodes[network.head]], axis=1)
    streets = np.asarray(shapely.linestrings(ends), np.object_)
    near = np.zeros(len(seats), bool)
    if seats and len(streets):
        tree = shapely.STRtree(streets)
        found, _ = tree.query_nearest(shapely.points(x, y), max_distance=NEAR_M)
        near[found] = True
    once = _once(network)
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


def _once(network: RoadNetwork) -> NDArray[np.intp]:
    """One directed edge of every street."""
    import numpy as np

    low, high = np.minimum(network.tail, network.head), np.maximum(network.tail, network.head)
    key = np.stack([low, high, np.round(network.length_m).astype(np.int64)])
    return np.asarray(np.unique(key, axis=1, return_index=True)[1], np.intp)


def _inside(network: RoadNetwork, city: City, once: NDArray[np.intp]) -> float | None:
    """Share of the length whose middle lies in the counties, else in the townships."""
    import json

    import numpy as np
    import shapely
    from shapely.geometry import shape

    from coverage.demand.ground import onto
    from coverage.tables import decode

    path = city.find("counties") or city.find("townships")
    if path is None or not len(once):
        return None
    features = json.loads(decode(path))["features"]
    outlines = np.array([shape(f["geometry"]) for f in features], dtype=object)
    area = shapely.union_all(shapely.make_valid(onto(outlines, "EPSG:4326", network.crs)))
    shapely.prepare(area)
    tail, head = network.tail[once], network.head[once]
    x, y = (network.x[tail] + network.x[head]) / 2, (network.y[tail] + network.y[head]) / 2
    inside = shapely.contains_xy(area, x, y)
    lengths = network.length_m[once]
    total = float(lengths.sum())
    return float(lengths[inside].sum()) / total if total else None


def _put(path: Path, folder: Path, network: RoadNetwork, *, as_is: bool) -> tuple[Path, bool]:
    """Copy the file, or write the network as GraphML; the goal appears whole or not at all."""
    known = next((s for s in _KEPT if path.name.endswith(s)), _SAME.get(path.suffix, ""))
    suffix = known if as_is else ""
    goal = folder / "roads" / f"roads{suffix or '.graphml'}"
    goal.parent.mkdir(exist_ok=True)
    if not suffix:
        write_graphml(network, goal)
        return goal, True
    handle, temporary = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name}.")
    try:
        with os.fdopen(handle, "wb") as out, path.open("rb") as source:
            shutil.copyfileobj(source, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(goal)
    except OSError as error:
        reason = f"写不进去 · the file cannot be written ({error.strerror or error})"
        raise InputError(Problem(reason, str(goal))) from error
    finally:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
    return goal, False


def remove_previous(folder: Path, written: Path) -> tuple[Path, ...]:
    """Remove the workspace's previous roads, which might otherwise be read instead."""
    gone = []
    for name in OWN["roads"]:
        other = folder / name
        if other != written and other.is_file():
            other.unlink()
            gone.append(other)
    return tuple(gone)


def _about(found: RoadsImport) -> list[Said]:
    fit, report = found.fit, found.report
    lines = [
        Said(
            f"{found.file}：街道 {fit.length_km:,.0f} 公里；{fit.near}/{fit.seats} 个乡镇驻地"
            f" {NEAR_M / 1000:g} 公里内有路",
            f"{found.file}: {fit.length_km:,.0f} km of streets; {fit.near} of {fit.seats} township "
            f"seats have a road within {NEAR_M / 1000:g} km",
        )
    ]
    if fit.inside_share is not None:
        share = 100 * fit.inside_share
        lines.append(
            Said(
                f"路网 {share:.0f}% 在本市范围内", f"{share:.0f} % of the network lies in the city"
            )
        )
    for mode, share in fit.largest.items():
        count, name = fit.islands[mode], _MODE_NAMES.get(mode, mode)
        zh = f"{name}：{count} 个连通片，最大的占 {100 * share:.1f}%"
        en = (
            f"{mode}: {fit.islands[mode]} islands, the largest has {100 * share:.1f} % of the nodes"
        )
        lines.append(Said(zh, en))
    for row in report.findings:
        if row.count:
            text = f"{row.check} ({row.action}) × {row.count}"
            lines.append(Said(f"清理：{text}", f"cleaning: {text}"))
    return lines


def _notes(fit: CityFit, city: City, report: CleaningReport) -> tuple[Said, ...]:
    notes = []
    if fit.far:
        shown = fit.far[:10]
        zh, en = "、".join(shown), ", ".join(shown)
        more = len(fit.far) - len(shown)
        notes.append(
            Said(
                f"附近无路的驻地：{zh}" + (f" 等 {len(fit.far)} 个" if more else ""),
                f"seats without a road near: {en}" + (f" and {more} more" if more else ""),
            )
        )
    if fit.inside_share is not None and fit.inside_share < _FEW:
        notes.append(
            Said(
                f"大部分路网在{city.name}之外，读取较慢；可先裁剪",
                "most of the network lies outside the city: cutting it first saves time",
            )
        )
    torn = [mode for mode, share in fit.largest.items() if share < _ISLANDS]
    if torn:
        notes.append(
            Said(
                "路网断成多片，片与片之间算作走不通：请检查路口是否相接",
                f"the network is torn for {', '.join(torn)}: between islands nobody gets through",
            )
        )
    count = report.count("bad_row")
    if count:
        notes.append(
            Said(f"略去坏行（{count} 处问题）", f"bad rows are left out ({count} problems)")
        )
    return tuple(notes)
