"""People on a grid: a GeoTIFF of people per cell, shared out to townships exactly.

A cell that lies in several townships, or partly outside the city, is split by
the exact fraction of it that each covers. Fractions are taken on the grid's
own plane, where its cells are rectangles. What is placed adds up to the
grid's sum over the city.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
import shapely.geometry

from coverage.datum import known_crs, transform
from coverage.demand.counties import shared_out
from coverage.demand.demand import Demand
from coverage.demand.townships import Townships, onto, people_by_township, read_townships
from coverage.errors import InputError, Problem
from coverage.formats.rasters import open_raster
from coverage.messages import Said
from coverage.population import MOST_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyproj
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from coverage.arrays import Floats, Int32s, Ints, Objects
    from coverage.city import City

Bounds = tuple[float, float, float, float]

_MOST_CELLS = 200_000_000
# Fractions come as 32-bit floats: what two neighbours leave between them below this is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Grid:
    """A window of a raster, north up.

    Attributes:
        file: Name of the file.
        crs: Its CRS.
        values: (rows, columns) float64 of the window, NaN where there is no data.
        west: Left edge of the window, units of the CRS.
        north: Upper edge.
        dx: Width of a cell.
        dy: Height of a cell.
        first_row: Row of the file in which the window begins, from 0.
        first_column: As `first_row`.
    """

    file: str
    crs: pyproj.CRS
    values: Floats
    west: float
    north: float
    dx: float
    dy: float
    first_row: int
    first_column: int

    @property
    def extent(self) -> Bounds:
        """Left, lower, right and upper edge."""
        rows, columns = self.values.shape
        return (
            self.west,
            self.north - rows * self.dy,
            self.west + columns * self.dx,
            self.north,
        )

    def place(self, cell: int) -> tuple[int, int]:
        """Row and column in the file, from 1, of a cell of the window."""
        row, column = divmod(cell, self.values.shape[1])
        return self.first_row + row + 1, self.first_column + column + 1


def read_grid(path: Path, bounds_in: Callable[[pyproj.CRS], Bounds]) -> Grid:
    """The window of a raster that covers an area.

    Args:
        path: A GeoTIFF of one band.
        bounds_in: Gives the bounds of the area in the CRS of the raster.

    Raises:
        InputError: If the file is unreadable or cut short, has no CRS, several bands, a
            turned grid or cells larger than the area, or does not overlap it.
    """
    with open_raster(path) as source:
        return _window(source, path.name, bounds_in)


def _window(source: Any, file: str, bounds_in: Callable[[pyproj.CRS], Bounds]) -> Grid:
    from rasterio.windows import Window

    crs = _crs(source, file)
    to = source.transform
    if source.count != 1:
        said = Said(
            f"文件有 {source.count} 个波段，只应有一个：每格人数",
            f"the file has {source.count} bands, expected one of people per cell",
        )
        raise InputError(Problem(said, file))
    if to.b or to.d or to.a <= 0 or to.e >= 0:
        said = Said(
            "栅格是斜的或上下颠倒，请先转为正北向上（可用 gdalwarp）",
            "the grid is turned or upside down: write it north up (gdalwarp does) and try again",
        )
        raise InputError(Problem(said, file))
    west, south, east, north = bounds_in(crs)
    if not all(map(math.isfinite, (west, south, east, north))):
        said = Said("栅格的坐标系够不到本市", "the CRS of the grid does not reach the city")
        raise InputError(Problem(said, file))
    _refuse_coarse(to.a, -to.e, (east - west, north - south), file)
    column = max(math.floor((west - to.c) / to.a), 0)
    row = max(math.floor((north - to.f) / to.e), 0)
    columns = min(math.ceil((east - to.c) / to.a), source.width) - column
    rows = min(math.ceil((south - to.f) / to.e), source.height) - row
    if columns <= 0 or rows <= 0:
        left, low, right, high = source.bounds
        said = Said(
            f"栅格与本市不相交：栅格东西 {left:g} 至 {right:g}、南北 {low:g} 至 {high:g}，"
            f"本市东西 {west:g} 至 {east:g}、南北 {south:g} 至 {north:g}",
            f"the grid does not overlap the city: it spans {left:g} to {right:g} east and "
            f"{low:g} to {high:g} north, the city {west:g} to {east:g} and {south:g} to {north:g}",
        )
        raise InputError(Problem(said, file))
    if rows * columns > _MOST_CELLS:
        count = f"{rows * columns:,}"
        said = Said(
            f"本市会占 {count} 格，请换用更粗的栅格",
            f"the city would take {count} cells: use a coarser grid",
        )
        raise InputError(Problem(said, file))
    band = source.read(1, window=Window(column, row, columns, rows), masked=True)
    values = np.asarray(band.filled(0), np.float64)
    values[np.ma.getmaskarray(band)] = np.nan
    return Grid(
        file=file,
        crs=crs,
        values=values * source.scales[0] + source.offsets[0],
        west=to.c + column * to.a,
        north=to.f + row * to.e,
        dx=to.a,
        dy=-to.e,
        first_row=row,
        first_column=column,
    )


def _refuse_coarse(dx: float, dy: float, city: tuple[float, float], file: str) -> None:
    """Refuse a grid of which one cell is larger than the city: whose people it holds is unknown."""
    part = dx * dy / (city[0] * city[1])
    if part > 1:
        said = Said(
            "栅格一格比全市还大（约为 {} 倍），说不出人在哪里，请换用更细的栅格",
            "one cell of the grid is larger than the city ({} times): it does not tell where "
            "people live: use a finer grid",
        )
        raise InputError(Problem(said.fill(f"{part:.3g}"), file))


def _crs(source: Any, file: str) -> pyproj.CRS:
    """The CRS of a raster, by its code where it has one."""
    code = source.crs.to_epsg()
    return known_crs(f"EPSG:{code}" if code else source.crs.to_wkt(), file)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Parts of cells: which cell, whose, and how much of it."""

    cell: Ints
    unit: Int32s
    part: Floats


def from_raster(
    path: Path,
    city: City,
    *,
    group: str = "all",
    shares: Mapping[str, Mapping[str, float]] | None = None,
) -> Demand:
    """People of a city from a GeoTIFF of people per cell, in any CRS.

    Each cell with people becomes a point at its centre, several of them at the same place if
    it lies in several townships. People inside the counties and outside every township cell
    have the unit -1 and count. A cell without data counts nobody, and a note says how many
    of them the city has.

    Args:
        path: The file: one band, north up.
        city: The city.
        group: The group that the cells count.
        shares: Other groups as parts of ``all`` by township code; by default the population
            table's figures divided, `{}` for none. Used for a grid of ``all`` only. Where a
            township has no part of its own, that of all townships together is taken.

    Raises:
        InputError: If the file is unreadable or cut short, has no CRS, several bands or a
            turned grid, does not overlap the city, has nobody in it, cells larger than the city
            or that cannot be people; or if a part is not between 0 and 1.
    """
    townships = read_townships(city)
    areas = np.append(np.array([townships.city], np.object_), townships.cells)
    grid = read_grid(path, lambda crs: tuple(shapely.total_bounds(onto(areas, townships.crs, crs))))
    own = onto(areas, townships.crs, grid.crs)
    inside, *found = _fractions(grid, own)
    if not len(inside[0]):
        nowhere = Said(f"栅格与{city.name}不相交", f"the grid does not overlap {city.name}")
        raise InputError(Problem(nowhere, grid.file))
    _check_cells(grid, inside[0])
    pieces = _pieces(grid, townships, inside, found)
    people = np.nan_to_num(grid.values.ravel()[pieces.cell], nan=0.0) * pieces.part
    some = np.flatnonzero(people > 0)
    if not len(some):
        nobody = Said(f"栅格在{city.name}里一个人也没有", f"the grid has nobody in {city.name}")
        raise InputError(Problem(nobody, grid.file))
    divided = shared_out(city, townships, pieces.unit[some])
    some, unit = some[divided.row], divided.unit
    cell, people = pieces.cell[some], people[some] * divided.part
    x, y = _centres(grid, cell, townships.crs)
    notes = [
        *_about_grid(grid, city, townships, group, float(people.sum())),
        *_about_gaps(grid, inside, own[0]),
        *divided.notes,
    ]
    counted = {group: people}
    if group == "all":
        parts, more = _parts(city, townships, shares)
        counted |= {other: people * part[unit] for other, part in parts.items()}
        notes += more
    return Demand(
        crs=townships.crs,
        x=x,
        y=y,
        people=counted,
        unit=unit,
        unit_codes=townships.unit_codes,
        not_placed={name: {} for name in counted},
        provenance="modelled",
        source=grid.file,
        notes=tuple(notes),
    )


def _fractions(grid: Grid, polygons: Objects) -> list[tuple[Ints, Floats]]:
    """Cells that each polygon touches, row by row from the north, and the part inside."""
    # A grid of zeros, because cells without data would be left out.
    blank = np.zeros(grid.values.shape, np.uint8)
    return [
        (np.asarray(found["cell_id"], np.int64), np.asarray(found["coverage"], np.float64))
        for found in _extract(blank, grid, polygons, ["cell_id", "coverage"])
    ]


def _extract(
    values: NDArray[Any], grid: Grid, polygons: Objects, wanted: list[str]
) -> list[dict[str, Any]]:
    """What exactextract finds in each polygon; the polygons are on the grid's plane."""
    from exactextract import exact_extract
    from exactextract.feature import JSONFeatureSource
    from exactextract.raster import NumPyRasterSource

    features = [
        {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)}
        for polygon in polygons
    ]
    nodata = math.nan if values.dtype.kind == "f" else None
    source = NumPyRasterSource(values, *grid.extent, nodata=nodata)
    done = exact_extract(source, JSONFeatureSource(features), wanted)
    return [feature["properties"] for feature in done]


def _check_cells(grid: Grid, cells: Ints) -> None:
    """Refuse a grid with cells of the city that cannot be people."""
    values = grid.values.ravel()[cells]
    judged = (
        (values < 0, Said("小于零", "below zero")),
        (np.isinf(values), Said("为无穷", "infinite")),
        (values > MOST_PEOPLE, Said("超过任何一个市的人数", "more than any city has")),
    )
    for wrong, what in judged:
        if wrong.any():
            first = int(cells[wrong][0])
            row, column = grid.place(first)
            said = Said(
                f"市内有 {int(wrong.sum())} 格{what.zh}，第一格在栅格第 {row} 行第 {column} 列；"
                "若该值表示无数据，请在文件里写明",
                f"{int(wrong.sum())} cells of the city are {what.en}, the first in row {row}, "
                f"column {column} of the grid; if the value means 'no data', say so in the file",
            )
            value = f"{grid.values.ravel()[first]:g}"
            raise InputError(Problem(said, grid.file, row, str(column), value))


def _pieces(
    grid: Grid,
    townships: Townships,
    inside: tuple[Ints, Floats],
    found: list[tuple[Ints, Floats]],
) -> _Pieces:
    """The part of each cell that is the city's, shared out so that nothing is lost or doubled."""
    size = grid.values.size
    city = np.zeros(size)
    city[inside[0]] = inside[1]
    cell = np.concatenate([np.empty(0, np.int64), *(cells for cells, _ in found)])
    part = np.concatenate([np.empty(0), *(parts for _, parts in found)])
    unit = np.repeat(townships.cell_unit, [len(cells) for cells, _ in found])
    shared = np.bincount(cell, part, minlength=size)
    rest = city - shared
    # Borders that were rounded apart may overlap by a hair, and two 32-bit parts need not make
    # one whole: then the townships' parts are stretched to the city's. A real rest is nobody's.
    nobody = np.flatnonzero((rest > _ROUNDING) | ((city > 0) & (shared <= 0)))
    rest_part = rest[nobody]
    stretch = np.divide(city, shared, out=np.zeros(size), where=shared > 0)
    stretch[nobody] = 1.0
    return _Pieces(
        np.concatenate([cell, nobody]),
        np.concatenate([unit, np.full(len(nobody), -1)]).astype(np.int32),
        np.concatenate([part * stretch[cell], rest_part]),
    )


def _centres(grid: Grid, cell: Ints, crs: str) -> tuple[Floats, Floats]:
    """Centres of cells on the city's plane."""
    row, column = np.divmod(cell, grid.values.shape[1])
    x = grid.west + (column + 0.5) * grid.dx
    y = grid.north - (row + 0.5) * grid.dy
    return transform(grid.crs, crs, x, y)


def _about_grid(
    grid: Grid, city: City, townships: Townships, group: str, total: float
) -> list[Said]:
    notes = [
        Said(
            f"人口取自栅格{grid.file}，每格的值按人数读（不是每平方公里人数）；跨界的格按面积比例"
            f"分到各乡镇{townships.called.zh}。",
            f"People are those of the grid {grid.file}, whose values are read as people per cell "
            f"(not per square kilometre); cells on a border are shared out by area among the "
            f"townships by their {townships.called.en}.",
        )
    ]
    year = city.population.base_year(group)
    rows = city.population.rows
    chosen = [r for r in rows if (r.level, r.group, r.year) == ("township", group, year)]
    table = sum(row.count for row in chosen)
    if table:
        notes.append(
            Said(
                f"栅格在{city.name}合计{total:,.0f}人，人口表{year}年为{table:,}人。",
                f"The grid has {total:,.0f} people in {city.name}, the table of {year} {table:,}.",
            )
        )
    return notes


def _about_gaps(grid: Grid, inside: tuple[Ints, Floats], city: BaseGeometry) -> list[Said]:
    """What part of the city the grid does not reach or knows nothing of."""
    notes = []
    covered = 100 * float(inside[1].sum()) * grid.dx * grid.dy / city.area
    if covered < 99.99:
        notes.append(
            Said(
                f"栅格只盖住全市面积的{covered:.1f}%，其余地方无人口。",
                f"The grid covers {covered:.1f}% of the city's area; the rest has no people.",
            )
        )
    empty = np.isnan(grid.values.ravel()[inside[0]])
    if empty.any():
        count, part = int(empty.sum()), 100 * float(inside[1][empty].sum() / inside[1].sum())
        notes.append(
            Said(
                f"市域内有{count}格无数据（占{part:.1f}%），按无人计。",
                f"Cells of the city without data, which count as empty: {count} ({part:.1f}%).",
            )
        )
    return notes


def _parts(
    city: City, townships: Townships, shares: Mapping[str, Mapping[str, float]] | None
) -> tuple[dict[str, Floats], list[Said]]:
    """By group the part of ``all`` in each unit; the last one is for people of no unit."""
    notes: list[Said] = []
    overall: dict[str, float] = {}
    if shares is None:
        tables, overall, notes = _table_shares(city)
    else:
        tables = {group: dict(by_code) for group, by_code in shares.items()}
    parts = {}
    for group, by_code in tables.items():
        _check_shares(group, by_code, townships.unit_codes)
        typical = overall.get(group, math.fsum(by_code.values()) / len(by_code))
        parts[group] = np.array([by_code.get(c, typical) for c in townships.unit_codes] + [typical])
    if parts:
        groups = "、".join(parts)
        zh, en = ("人口表", "in the population table") if shares is None else ("给定", "as given")
        notes.append(
            Said(
                f"栅格只有总人口，{groups}按各乡镇{zh}占比推算。",
                f"The grid counts everyone; {groups} are modelled by each township's share {en}.",
            )
        )
    return parts, notes


def _check_shares(group: str, by_code: Mapping[str, float], known: tuple[str, ...]) -> None:
    empty = Said(f"{group} 的占比是空的", f"the shares of {group} are empty")
    problems = [] if by_code else [Problem(empty)]
    for code, part in by_code.items():
        if code not in known:
            said = Said(f"{group} 的占比：没有这个乡镇", f"shares of {group}: no such township")
            problems.append(Problem(said, value=code))
        if not 0 <= part <= 1:
            said = Said(
                f"{code} 的 {group} 占比不在 0 至 1", f"share of {group} in {code} is not in 0 to 1"
            )
            problems.append(Problem(said, value=str(part)))
    if problems:
        raise InputError(problems)


def _table_shares(
    city: City,
) -> tuple[dict[str, dict[str, float]], dict[str, float], list[Said]]:
    """Shares by group and township from the population table, and those of all townships."""
    try:
        figures, _ = people_by_township(city)
    except InputError:
        return {}, {}, []  # the grid itself does not need the table
    everyone = figures.pop("all")
    shares: dict[str, dict[str, float]] = {}
    overall: dict[str, float] = {}
    notes = []
    for group, by_code in figures.items():
        parts = {c: by_code[c] / count for c, count in everyone.items() if count}
        if not parts:
            continue
        if max(parts.values()) > 1:
            notes.append(
                Said(
                    f"人口表中有乡镇的{group}多于总人口，占比按1计。",
                    f"In the table some township has more people of {group} than people; its "
                    f"share is taken as 1.",
                )
            )
        shares[group] = {code: min(part, 1.0) for code, part in parts.items()}
        overall[group] = min(sum(by_code[c] for c in parts) / sum(everyone.values()), 1.0)
    return shares, overall, notes
