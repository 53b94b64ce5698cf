"""The one reader of layers: geometries in lon, lat (WGS84), checked, with their attributes.

The CRS is what the file says or the user states; nothing is guessed. Coordinates must be
finite, on earth, in the unit of the CRS and, where a city is given, near it; what is not is
named by feature, and lon and lat the wrong way round are called that.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely

from coverage.datum import check_datum_name, known_crs, to_wgs84, transform
from coverage.errors import InputError, Problem
from coverage.formats import databases
from coverage.formats.features import NOT_FINITE, Features
from coverage.formats.gdal import read_gpkg, read_one, unreadable
from coverage.formats.geojson import read_json
from coverage.formats.safety import Limits, Meter, alone, open_archive, read_bytes, refuse
from coverage.formats.shapefiles import MARK, PARTS, read_shapefile
from coverage.messages import Said
from coverage.settings import CHINA, WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj
    from numpy.typing import NDArray

    from coverage.formats.grids import Cell

ENDINGS = (".shp", ".geojson", ".json", ".gpkg", ".fgb")
_FGB = b"fgb\x03fgb"
Bounds: TypeAlias = tuple[float, float, float, float]
NEAR_DEGREES = 1.0  # a layer wholly beyond this around a city is a slip
_MOST_CORNERS = 20_000_000
_MEETINGS, _SOME_MEETINGS = 20, 2_000


@dataclass(eq=False)
class Layer:
    """Features of one layer.

    Attributes:
        file: Name of the user's file.
        name: Of the layer.
        columns: By name the (n,) cells as text; an empty string where there is none.
        cells: By name the (n,) cells as they stand.
        shapes: (n,) shapely geometries in WGS84 as they stand, `None` where there is none.
        numbers: Number of each feature as the user finds it.
        crs: What the coordinates were taken as.
        bad: By feature (from 0) why its coordinates cannot be used.
        said: What was odd.
    """

    file: str
    name: str
    columns: dict[str, list[str]]
    cells: dict[str, list[Cell]]
    shapes: NDArray[np.object_]
    numbers: Sequence[int]
    crs: str
    bad: dict[int, Said]
    said: list[Said]

    def __len__(self) -> int:
        return len(self.shapes)

    def problem(self, i: int, said: Said, column: str = "geometry") -> Problem:
        """A complaint about feature `i`."""
        return Problem(said, self.file, self.numbers[i], column)


def read_features(
    path: Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> list[Features]:
    """Every layer of a file, or the one that is named.

    Args:
        path: ``.geojson``, ``.json``, ``.gpkg``, ``.shp``, ``.fgb``, or a ``.zip`` of those.
        layer: Only this one.
        encoding: Of text, where the user states it.
        limits: What the file may cost.

    Raises:
        InputError: If it cannot be read, is none of these, or is too large.
    """
    limits = limits or Limits()
    raw = read_bytes(path, limits)
    if raw.startswith(b"PK\x03\x04"):
        return _zipped(raw, path.name, layer, limits)
    return _by_kind(path, raw, path.name, layer, encoding, limits)


def _by_kind(
    path: Path, raw: bytes, file: str, layer: str | None, encoding: str | None, limits: Limits
) -> list[Features]:
    meter = Meter(file, limits)
    suffix = path.suffix.lower()
    if raw.startswith(MARK):
        return [read_shapefile(path, file, encoding, limits, meter)]
    if raw.startswith(databases.MARK):
        return read_gpkg(raw, file, meter, layer)
    if suffix in {".geojson", ".json"}:
        return [read_json(raw, file, meter, encoding)]
    if raw.startswith(_FGB):
        with alone(raw, ".fgb") as copy:
            return [read_one(copy, file, meter)]
    listed = "、".join((*ENDINGS, ".zip"))
    said = Said(
        f"图层文件须为 {listed}，这个不是或已损坏",
        f"the file cannot be read as a layer, or is damaged: expected {listed}",
    )
    raise InputError(Problem(said, file))


def _zipped(raw: bytes, file: str, layer: str | None, limits: Limits) -> list[Features]:
    """The layers of a zip archive, each unpacked under a plain name into a folder of its own."""
    with (
        open_archive(raw, file, limits) as archive,
        tempfile.TemporaryDirectory() as place,
    ):
        found: dict[Path, str] = {}
        stems: dict[str, Path] = {}
        for entry in archive.infolist():
            inner = PurePosixPath(entry.filename.replace("\\", "/"))
            ending = inner.suffix.lower()
            # The archive of a Mac has a shadow of every file.
            if ending not in {*PARTS, *ENDINGS} or "__MACOSX" in inner.parts or entry.is_dir():
                continue
            folder = Path(place) / str(len(stems))
            folder = stems.setdefault(str(inner.with_suffix("")).lower(), folder)
            folder.mkdir(exist_ok=True)
            goal = folder / f"layer{ending}"
            try:
                goal.write_bytes(archive.read(entry))
            except Exception as error:  # zipfile raises struct, zlib, zip and runtime errors
                raise unreadable(file, error, "zip archive") from error
            if ending in ENDINGS:
                found[goal] = inner.stem
        if not found:
            refuse(
                file,
                "压缩包里没有图层（shapefile、GeoJSON、GeoPackage），请先解压再导入",
                "the archive holds no layer (shapefile, GeoJSON, GeoPackage): unpack it and "
                "import what is inside",
            )
        layers = []
        for goal, stem in found.items():
            for own in _by_kind(goal, goal.read_bytes(), file, layer, None, limits):
                own.name = own.name or stem
                layers.append(own)
        return layers


def read_layer(
    path: Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    near: Bounds | None = None,
    whole: bool = False,
    areas: bool = True,
    widest: float | None = None,
) -> Layer:
    """Read the features of a file.

    Args:
        path: A ``.shp``, ``.geojson``, ``.json``, ``.gpkg`` or ``.fgb`` file, or a ``.zip``
            with one.
        layer: Which layer, where the file has several.
        crs: What the user says the coordinates are: a datum of `coverage.datum` such as
            ``gcj02`` or ``gk3-38``, or anything pyproj understands. It goes before what the
            file says.
        near: Bounds of a city in degrees: features that all lie far from it are refused.
        areas: Of several layers take the one of polygons.
        whole: Refuse the file for any feature without usable coordinates; by default only if
            all are such.
        widest: Degrees that one feature may span: a slip in one corner makes it span a continent.

    Raises:
        InputError: If the file cannot be read, has several layers and none is named, or does
            not say its CRS and the user does not either; for features as said above.
    """
    own = _choose(read_features(path, layer=layer), path.name, areas=areas)
    if own.shapes is None or not len(own):
        refuse(path.name, "没有要素", "the layer has no features")
    if int(shapely.get_num_coordinates(own.shapes).sum()) > _MOST_CORNERS:
        refuse(path.name, "顶点超过两千万", "there are more than twenty million corners")
    _refuse_tangles(own.shapes, path.name)
    said = list(own.notes)
    text = {name: [_text(cell) for cell in cells] for name, cells in own.columns.items()}
    taken, shapes, bad = _to_degrees(own, crs, said)
    if widest is not None:
        west, south, east, north = shapely.bounds(shapes).T
        _blame(bad, np.flatnonzero(np.fmax(east - west, north - south) > widest), _WIDE)
    made = Layer(path.name, own.name, text, own.columns, shapes, own.numbers, taken, bad, said)
    _refuse_bad(made, near, whole=whole)
    return made


def _refuse_tangles(shapes: NDArray[np.object_], file: str) -> None:
    """Refuse polygons whose borders cross without end; mending them takes minutes and gigabytes.

    Borders meet their neighbours; where they meet `_MEETINGS` others on the average, they are
    no drawing of a place.
    """
    wrong = np.isin(shapely.get_type_id(shapes), _AREAS) & ~shapely.is_valid(shapes)
    rings = shapely.get_rings(shapely.get_parts(shapes[wrong]))
    corners, of = shapely.get_coordinates(rings, return_index=True)
    one, other = corners[:-1], corners[1:]
    same = (of[1:] == of[:-1]) & np.isfinite(one + other).all(axis=1)
    low, high = np.minimum(one, other)[same], np.maximum(one, other)[same]
    boxes = shapely.box(*low.T, *high.T)
    tree, left = shapely.STRtree(boxes), _MEETINGS * len(boxes) + _SOME_MEETINGS
    for start in range(0, len(boxes), 100):
        left -= tree.query(boxes[start : start + 100]).shape[1]
        if left < 0:
            refuse(file, "多边形的边界反复自相交", "the borders of its polygons cross all over")


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell == int(cell) else str(cell).strip()


_AREAS, _LINES = (3, 6), (1, 2, 5)  # types of geometries as shapely numbers them


def read_areas(
    path: Path, near: Bounds | None = None, *, lines: bool = False, widest: float | None = None
) -> Layer:
    """A layer of polygons, or of polygons and `lines`, and nothing else, each valid.

    Raises:
        InputError: As `read_layer`, and naming every feature that is none.
    """
    made = read_layer(path, near=near, whole=True, areas=not lines, widest=widest)
    taken = (*_AREAS, *_LINES) if lines else _AREAS
    fit = np.isin(shapely.get_type_id(made.shapes), taken) & ~shapely.is_empty(made.shapes)
    if not fit.all():
        said = Said("须为多边形", "the feature must be a polygon")
        if lines:
            said = Said("须为面或线", "the feature must be a polygon or a line")
        raise InputError(made.problem(int(i), said) for i in np.flatnonzero(~fit))
    broken = ~shapely.is_valid(made.shapes)
    made.shapes[broken] = shapely.make_valid(made.shapes[broken])
    return made


def _choose(layers: list[Features], file: str, *, areas: bool) -> Features:
    """The one layer with geometries; of several, the one of polygons."""
    shaped = [own for own in layers if own.shapes is not None]
    flat = [own for own in shaped if (shapely.get_dimensions(own.shapes) == 2).any()]
    names = (flat if areas else []) or shaped or layers
    if len(names) > 1:
        crs = [short_name(own.crs) if own.crs else None for own in names]
        each = [(own.name, c) for own, c in zip(names, crs, strict=True)]
        zh = "、".join(f"{name}（{c or '无坐标系'}）" for name, c in each)
        en = ", ".join(f"{name} ({c or 'no CRS'})" for name, c in each)
        mixed = len(set(crs)) > 1
        refuse(
            file,
            f"有 {len(names)} 个图层{'，坐标系不一' if mixed else ''}，请指明一个：{zh}",
            f"the file has {len(names)} layers{' of different CRSs' if mixed else ''}, expected "
            f"one: {en}",
        )
    return names[0]


# -- coordinates --------------------------------------------------------------------------

_SWAPPED = Said("经纬度写反了（应先经度、后纬度）", "lon and lat are swapped: lon comes first")
_NOT_ON_EARTH = Said("坐标不在地球上", "the coordinates are not on earth")
_WIDE = Said(
    "跨度超过任何县区，多半有一个顶点写错",
    "it spans more than any county does: one of its corners is probably wrong",
)
_UNIT = Said(
    "坐标的单位与坐标系不符（度与米混用？）",
    "the coordinates are not in the unit of the CRS (degrees mixed with metres?)",
)
_ALL_UNIT = Said(
    "坐标不是所写坐标系的数字（度写成米，或相反）；请写明坐标系",
    "the coordinates are metres and the CRS is in degrees, or the other way round: state the CRS",
)
_OUTSIDE = Said("坐标超出坐标系的范围", "the coordinates are outside the file's CRS")


def _to_degrees(
    own: Features, crs: str | None, said: list[Said]
) -> tuple[str, NDArray[np.object_], dict[int, Said]]:
    """Geometries in WGS84, what their CRS was taken for, and why features do not fit it."""
    file, stated, shapes = own.file, own.crs, own.shapes
    assert shapes is not None  # noqa: S101 -- the caller has looked
    if crs is None and stated is None:
        refuse(
            file,
            "没有坐标系（缺 .prj 或未定义），请用 --crs 写明，如 EPSG:4490、gk3-38、gcj02",
            "the file does not say its CRS: state it with --crs (WGS84 is EPSG:4326), or set it "
            "and save again",
        )
    taken = crs or str(stated)
    datum = _datum(taken) if crs else None
    if crs and stated and (datum or not same_crs(crs, stated, file)):
        said.append(
            Said(
                f"文件自称坐标系 {short_name(stated)}，按您写明的 {crs} 读。",
                f"The file says its CRS is {short_name(stated)}; it was read as {crs}, as you "
                "state.",
            )
        )
    flat = datum not in {"gcj02", "bd09"} if datum else not _is_degrees(taken, file)
    bad = dict(own.bad)
    corners, of = shapely.get_coordinates(shapes, return_index=True)
    _blame(bad, of[~np.isfinite(corners).all(axis=1)], NOT_FINITE)
    small = (np.abs(corners) <= 400).all(axis=1)
    _blame(bad, np.setdiff1d(of[small], of[~small]) if flat else of[~small], _UNIT)
    usable = np.array([i not in bad for i in range(len(shapes))], bool)
    moved = shapes.copy()
    moved[usable] = to_degrees(shapes[usable], taken, file)
    corners, of = shapely.get_coordinates(moved[usable], return_index=True)
    of = np.flatnonzero(usable)[of]
    finite = np.isfinite(corners).all(axis=1)
    _blame(bad, of[~finite], _OUTSIDE)
    beyond = finite & (np.abs(corners) > (180.0, 90.0)).any(axis=1)
    west, south, east, north = CHINA
    turned = (corners >= (south, west)).all(axis=1) & (corners <= (north, east)).all(axis=1)
    _blame(bad, of[beyond & turned], _SWAPPED)
    _blame(bad, of[beyond], _NOT_ON_EARTH)
    if len(bad) == len(shapes) and set(bad.values()) == {_UNIT}:
        bad = dict.fromkeys(bad, _ALL_UNIT)
    return crs or short_name(taken), moved, bad


def _blame(bad: dict[int, Said], of: NDArray[np.intp], said: Said) -> None:
    for i in np.unique(of).tolist():
        bad.setdefault(i, said)


def _refuse_bad(made: Layer, near: Bounds | None, *, whole: bool) -> None:
    """Refuse what lies nowhere, or nowhere near a city."""
    if near is not None:
        west, south, east, north = near
        room = (
            west - NEAR_DEGREES,
            south - NEAR_DEGREES,
            east + NEAR_DEGREES,
            north + NEAR_DEGREES,
        )
        placed = [
            i for i, s in enumerate(made.shapes) if i not in made.bad and s and not s.is_empty
        ]
        far = [i for i in placed if not _meet(made.shapes[i].bounds, room)]
        for i in far:
            x0, y0, x1, y1 = made.shapes[i].bounds
            if _meet((y0, x0, y1, x1), room):
                made.bad[i] = _SWAPPED
        if far and len(far) == len(placed) and not made.bad:
            x0, y0, x1, y1 = shapely.total_bounds(made.shapes[placed])
            where = f"{x0:.3f},{y0:.3f} – {x1:.3f},{y1:.3f}"
            refuse(
                made.file,
                f"全部在本市 100 公里以外（{where}），请核对坐标系和经纬度顺序",
                f"everything lies far from the city ({where}): check the CRS and the order of lon "
                "and lat",
            )
    if made.bad and len(set(made.bad.values())) == 1 and len(made.bad) == len(made):
        raise InputError(Problem(next(iter(made.bad.values())), made.file))
    if made.bad and (whole or len(made.bad) == len(made)):
        raise InputError(made.problem(i, said) for i, said in sorted(made.bad.items()))


def _meet(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def degrees(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str, file: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of a CRS or datum that the user states, as lon and lat in WGS84.

    Raises:
        InputError: If the CRS is not known.
    """
    moved = to_degrees(np.asarray(shapely.points(x, y), np.object_), crs, file)
    return np.asarray(shapely.get_x(moved)), np.asarray(shapely.get_y(moved))


def to_degrees(shapes: NDArray[np.object_], crs: str, file: str) -> NDArray[np.object_]:
    """Geometries of a CRS or datum in WGS84.

    Raises:
        InputError: If the CRS is not known.
    """
    if crs == WGS84:
        return shapes
    datum = _datum(crs)
    if datum is None and same_crs(crs, WGS84, file):
        return shapes
    turn: Any = partial(to_wgs84, datum=datum or "")
    if datum is None:
        turn = partial(transform, named_crs(crs, file), WGS84)
    return np.asarray(
        shapely.transform(shapes, lambda corners: np.column_stack(turn(*corners.T))), np.object_
    )


def _datum(crs: str) -> str | None:
    """A datum that only this toolkit knows, `None` for what pyproj shall read."""
    if crs.strip().upper().startswith("EPSG"):
        return None
    try:
        name = check_datum_name(crs)
    except InputError:
        return None
    return name if name not in {"wgs84", "cgcs2000"} else None


def named_crs(text: str, file: str) -> pyproj.CRS:
    """The CRS that a text names.

    Raises:
        InputError: If there is none such.
    """
    plain = {"wgs84": WGS84, "cgcs2000": "EPSG:4490"}.get(text.strip().lower(), text)
    return known_crs(plain, file)


def same_crs(one: str, other: str, file: str) -> bool:
    """Whether two texts name one CRS, whatever the order of its axes."""
    if one == other:
        return True
    return named_crs(one, file).equals(named_crs(other, file), ignore_axis_order=True)


def _is_degrees(crs: str, file: str) -> bool:
    return crs == WGS84 or named_crs(crs, file).is_geographic


def short_name(crs: str) -> str:
    """A CRS by its code, or else by its name."""
    if crs.startswith("EPSG:"):
        return crs
    import pyproj

    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return crs[:60]
    code = known.to_epsg()
    return f"EPSG:{code}" if code else known.name
