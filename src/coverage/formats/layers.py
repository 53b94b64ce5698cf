"""Polygons with their attributes from whatever the natural-resources bureau sends.

A shapefile (alone or zipped) whose attribute table is often GBK without
saying so, GeoJSON, GeoPackage. Geometries come as lon, lat in WGS84; nothing
is guessed about the CRS: the file says it or the user does.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from coverage.datum import check_datum_name, to_wgs84
from coverage.errors import InputError, Problem
from coverage.formats.encodings import detect
from coverage.formats.safety import Limits, open_archive, read_bytes, refuse
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ENDINGS = (".shp", ".geojson", ".json", ".gpkg")
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_MOST_CORNERS = 20_000_000


@dataclass(eq=False)
class Layer:
    """Features of one layer.

    Attributes:
        file: Name of the user's file.
        name: Of the layer.
        columns: By name the (n,) cells, as text; an empty string where there is none.
        shapes: (n,) shapely geometries in WGS84 as they stand, `None` where there is none.
        crs: What the coordinates were taken as.
        bad: By feature (from 0) why its coordinates cannot be used.
        said: What was odd.
    """

    file: str
    name: str
    columns: dict[str, list[str]]
    shapes: NDArray[np.object_]
    crs: str
    bad: dict[int, Said]
    said: list[Said]

    def __len__(self) -> int:
        return len(self.shapes)


def read_layer(path: Path, *, layer: str | None = None, crs: str | None = None) -> Layer:
    """Read the features of a file.

    Args:
        path: A ``.shp``, ``.geojson``, ``.json`` or ``.gpkg`` file, or a ``.zip`` with one.
        layer: Which layer, where the file has several.
        crs: What the user says the coordinates are: a datum of `coverage.datum` such as
            ``gcj02`` or ``gk3-38``, or anything pyproj understands. It goes before what the
            file says.

    Raises:
        InputError: If the file cannot be read, has several layers and none is named, or does
            not say its CRS and the user does not either.
    """
    raw = read_bytes(path, Limits())
    with _opened(path, raw) as (source, said):
        return _read(path.name, source, layer, crs, said)


@contextmanager
def _opened(path: Path, raw: bytes) -> Iterator[tuple[Path, list[Said]]]:
    """The file that GDAL may read: in a folder of its own, where nothing else can be reached."""
    suffix = path.suffix.lower()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if suffix == ".zip":
            yield _unpacked(raw, path.name, folder), []
            return
        if suffix not in ENDINGS:
            listed = "、".join((*ENDINGS, ".zip"))
            refuse(path.name, f"边界文件须为 {listed}", "boundaries come in one of these formats")
        copy = folder / f"layer{suffix}"
        copy.write_bytes(raw)
        if suffix == ".shp":
            for other in path.parent.iterdir():
                if other.stem == path.stem and other.suffix.lower() in _PARTS[1:]:
                    (folder / f"layer{other.suffix.lower()}").write_bytes(other.read_bytes())
        yield copy, []


def _unpacked(raw: bytes, file: str, folder: Path) -> Path:
    """The one layer of an archive, unpacked under plain names."""
    with open_archive(io.BytesIO(raw), file, Limits()) as archive:
        entries = [e for e in archive.infolist() if not e.is_dir()]
        # The archive of a Mac has a shadow of every file.
        inner = [e for e in entries if "__MACOSX" not in e.filename]
        found = [e for e in inner if PurePosixPath(e.filename).suffix.lower() in ENDINGS]
        if len(found) != 1:
            listed = "、".join(e.filename for e in found) or "无"
            refuse(
                file,
                f"压缩包内应有且只有一个边界文件（有：{listed}）",
                "the archive must hold exactly one file of boundaries",
            )
        suffix = PurePosixPath(found[0].filename).suffix.lower()
        stem = found[0].filename[: -len(suffix)]
        for entry in inner:
            ending = PurePosixPath(entry.filename).suffix.lower()
            same = entry.filename[: -len(ending)] == stem if ending else False
            if entry is found[0] or (suffix == ".shp" and same and ending in _PARTS):
                (folder / f"layer{ending}").write_bytes(archive.read(entry))
    return folder / f"layer{suffix}"


def _read(file: str, source: Path, layer: str | None, crs: str | None, said: list[Said]) -> Layer:
    import pyogrio
    import pyogrio.raw

    encoding = _encoding(source, said) if source.suffix == ".shp" else None
    try:
        with warnings.catch_warnings():
            # GDAL remarks on files of other programs; what is wrong is said below.
            warnings.simplefilter("ignore", RuntimeWarning)
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
            name = _choose(file, source, layer)
            options: dict[str, Any] = {"encoding": encoding} if encoding else {}
            meta, _, geometry, cells = pyogrio.raw.read(
                source, layer=name, force_2d=True, **options
            )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = Said("文件读不出来或已损坏", "the file cannot be read as a layer, or is damaged")
        raise InputError(Problem(reason, file)) from error
    if geometry is None or not len(geometry):
        refuse(file, "没有要素", "the layer has no features")
    shapes = np.asarray(shapely.from_wkb(geometry, on_invalid="ignore"), np.object_)
    if int(shapely.get_num_coordinates(shapes).sum()) > _MOST_CORNERS:
        refuse(file, "顶点超过两千万", "there are more than twenty million corners")
    stated = str(meta["crs"]) if meta["crs"] else None
    taken, shapes, bad = _to_degrees(file, shapes, stated, crs, said)
    columns = {
        str(field): [_text(cell) for cell in column.tolist()]
        for field, column in zip(meta["fields"], cells, strict=True)
    }
    return Layer(file, name, columns, shapes, taken, bad, said)


def _choose(file: str, source: Path, layer: str | None) -> str:
    import pyogrio

    listed = [(str(name), kind) for name, kind in pyogrio.list_layers(source) if kind is not None]
    areas = [n for n, kind in listed if "polygon" in kind.lower() or kind.lower() == "unknown"]
    names = areas or [n for n, _ in listed]
    if source.suffix in {".shp", ".geojson", ".json"} and len(listed) == 1:
        return listed[0][0]
    if layer is not None:
        if layer in {n for n, _ in listed}:
            return layer
        refuse(file, f"没有图层 {layer!r}，有：{'、'.join(names)}", "the file has no such layer")
    if len(names) != 1:
        crs = {n: pyogrio.read_info(source, layer=n)["crs"] or "无坐标系" for n in names}
        each = "、".join(f"{n}（{c}）" for n, c in crs.items()) or "无"
        mixed = "，坐标系不一" if len(set(crs.values())) > 1 else ""
        refuse(
            file,
            f"有 {len(names)} 个面图层{mixed}，请指明一个：{each}",
            "the file has several layers of polygons: say which"
            + (" (their CRSs differ)" if mixed else ""),
        )
    return names[0]


def _encoding(source: Path, said: list[Said]) -> str | None:
    """Encoding of a shapefile's attribute table, by its bytes where what it says is wrong."""
    table = source.with_suffix(".dbf")
    if not table.is_file():
        refuse(source.name, "缺 .dbf 属性表", "the attribute table (.dbf) is missing")
    raw = table.read_bytes()
    head = int.from_bytes(raw[8:10], "little")
    names = b" ".join(raw[i : i + 11].split(b"\0")[0] for i in range(32, head - 1, 32))
    text = names + b" " + raw[head:].replace(b"\0", b" ")
    code_page = source.with_suffix(".cpg")
    stated = code_page.read_text("ascii", "ignore").strip() if code_page.is_file() else ""
    if stated and _decodes(text, stated):
        return None
    found = detect(text)
    if found is None:
        refuse(
            source.name, "属性表的编码认不出", "the encoding of the attribute table is not known"
        )
    if stated:
        said.append(
            Said(
                f"属性表自称 {stated}，实际按 {found.name} 读。",
                f"The attribute table says {stated} and was read as {found.name}.",
            )
        )
    elif found.name != "utf-8" or found.confidence < 1:
        said.append(
            Said(
                f"属性表没有写明编码，按 {found.name} 读（把握 {found.confidence:.2f}）。",
                f"The attribute table does not say its encoding and was read as {found.name} "
                f"(confidence {found.confidence:.2f}).",
            )
        )
    return found.name


def _decodes(raw: bytes, encoding: str) -> bool:
    name = f"cp{encoding}" if encoding.isdecimal() else encoding.replace("OEM ", "cp")
    try:
        raw.decode(name)
    except UnicodeDecodeError:
        return False
    except LookupError:
        return True  # GDAL may know it
    # Anything decodes as a single-byte code; Chinese text in one is mojibake.
    return not name.lower().startswith(("iso", "latin", "cp125", "ascii", "cp1252"))


def _text(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 -- NaN
        return ""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()


def _to_degrees(
    file: str, shapes: NDArray[np.object_], stated: str | None, crs: str | None, said: list[Said]
) -> tuple[str, NDArray[np.object_], dict[int, Said]]:
    """Geometries in WGS84, what their CRS was taken for, and the features that do not fit it."""
    if stated and stated.lower().startswith(("undefined", "unknown", "engcrs", "local_cs")):
        stated = None
    if crs is None and stated is None:
        refuse(
            file,
            "没有坐标系（缺 .prj 或未定义），请用 --crs 写明，如 EPSG:4490、gk3-38、gcj02",
            "the file does not say its CRS: state it with --crs",
        )
    datum = _datum(crs) if crs else None
    known = None if datum else _crs(file, crs or str(stated))
    if crs and stated and (datum or known != _crs(file, stated)):
        said.append(
            Said(
                f"文件自称坐标系 {_short(stated)}，按您写明的 {crs} 读。",
                f"The file says its CRS is {_short(stated)}; it was read as {crs}, as you state.",
            )
        )
    degrees = known.is_geographic if known is not None else datum in {"gcj02", "bd09"}
    bounds = shapely.bounds(shapes)
    bad: dict[int, Said] = {}
    looks = np.all(np.abs(bounds) <= 400, axis=1) | ~np.isfinite(bounds).all(axis=1)
    for i in np.flatnonzero(looks != degrees):
        if np.isfinite(bounds[i]).all():
            bad[int(i)] = Said(
                "坐标的单位与坐标系不符（度与米混用？）",
                "the coordinates are not in the unit of the CRS (degrees mixed with metres?)",
            )
    if len(bad) == len(shapes):
        refuse(
            file,
            "坐标不是所写坐标系的数字（度写成米，或相反）",
            "the coordinates are degrees and the CRS is in metres, or the other way round",
        )
    good = np.array([i not in bad for i in range(len(shapes))])
    moved = shapes.copy()
    moved[good] = _moved(shapes[good], datum, known)
    return crs or _short(str(stated)), moved, bad


def degrees(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str, file: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of a CRS or datum that the user states, as lon and lat in WGS84.

    Raises:
        InputError: If the CRS is not known.
    """
    datum = _datum(crs)
    points = shapely.points(x, y)
    moved = _moved(np.asarray(points, np.object_), datum, None if datum else _crs(file, crs))
    return np.asarray(shapely.get_x(moved)), np.asarray(shapely.get_y(moved))


def _moved(
    shapes: NDArray[np.object_], datum: str | None, known: pyproj.CRS | None
) -> NDArray[np.object_]:
    if known is not None and known.equals(
        pyproj.CRS.from_user_input(WGS84), ignore_axis_order=True
    ):
        return shapes
    transformer = (
        None if known is None else pyproj.Transformer.from_crs(known, WGS84, always_xy=True)
    )

    def move(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        if datum is not None:
            return np.column_stack(to_wgs84(corners[:, 0], corners[:, 1], datum))
        assert transformer is not None  # noqa: S101 -- one of the two is given
        return np.column_stack(transformer.transform(corners[:, 0], corners[:, 1]))

    return np.asarray(shapely.transform(shapes, move), np.object_)


def _datum(crs: str) -> str | None:
    """A datum that only this toolkit knows, `None` for what pyproj shall read."""
    if crs.strip().upper().startswith("EPSG"):
        return None
    try:
        name = check_datum_name(crs)
    except InputError:
        return None
    return name if name not in {"wgs84", "cgcs2000"} else None


def _crs(file: str, text: str) -> pyproj.CRS:
    plain = {"wgs84": WGS84, "cgcs2000": "EPSG:4490"}.get(text.strip().lower(), text)
    try:
        return pyproj.CRS.from_user_input(plain)
    except pyproj.exceptions.CRSError as error:
        reason = Said("坐标系不认识", "the CRS is not known")
        raise InputError(Problem(reason, file, value=_short(text))) from error


def _short(crs: str) -> str:
    try:
        own = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return crs[:60]
    code = own.to_epsg()
    return f"EPSG:{code}" if code else own.name
