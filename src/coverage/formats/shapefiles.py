"""Shapefiles, with whatever is missing beside them, in whatever encoding their attributes are."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coverage.formats.encodings import Encoding, detect
from coverage.formats.gdal import read_one
from coverage.formats.safety import Limits, Meter, read_bytes
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.formats.features import Features
    from coverage.formats.grids import Cell

MARK = b"\x00\x00\x27\x0a"
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj")


def read_shapefile(
    path: Path, file: str, encoding: str | None, limits: Limits, meter: Meter
) -> Features:
    """A shapefile beside its ``.dbf``; a missing or wrong ``.cpg`` is made good by detection."""
    import pyogrio

    beside = {
        p.suffix.lower(): p
        for p in sorted(path.parent.iterdir())
        if p.stem.lower() == path.stem.lower() and p.suffix.lower() in PARTS
    }
    with tempfile.TemporaryDirectory() as folder:
        for suffix, part in beside.items():
            if suffix != ".cpg":
                (Path(folder) / f"layer{suffix}").write_bytes(read_bytes(part, limits))
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
        try:
            made = read_one(Path(folder) / "layer.shp", file, meter, latin=True)
        finally:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})
    made.crs = made.crs if {".prj", ".qpj"} & set(beside) else None
    if ".shx" not in beside:
        made.notes.append(Said("缺 .shx，已重建", "the .shx is missing and was rebuilt"))
    if ".dbf" not in beside:
        made.notes.append(Said("缺 .dbf，没有属性", "the .dbf is missing: there are no attributes"))
    stated = read_bytes(beside[".cpg"], limits)[:64] if ".cpg" in beside else b""
    _decode_table(made, stated.decode("ascii", errors="ignore").strip(), encoding)
    return made


def _decode_table(made: Features, said: str, encoding: str | None) -> None:
    """Turn the Latin-1 reading of a ``.dbf`` back into bytes, and those into text."""
    texts = [c for cells in made.columns.values() for c in cells if isinstance(c, str)]
    raw = "\n".join([*made.columns, *texts]).encode("latin-1", errors="replace")
    name = encoding or _code_page(said)
    if name and _holds(raw, name, certain=bool(encoding)):
        made.encoding = Encoding(name, 1.0)
    else:
        found = detect(raw) or Encoding("latin-1", 0.1)
        made.encoding = found
        if name:
            made.notes.append(
                Said(
                    f"属性表自称 {encoding or said}，实际按 {found.name} 读",
                    f"the text is not what .cpg says ({encoding or said}): read as {found.name}",
                )
            )
        elif found.name != "utf-8":
            sure = f"{found.confidence:.2f}"
            made.notes.append(
                Said(
                    f"属性表没有写明编码，按 {found.name} 读（把握 {sure}），请核对文字",
                    "the attribute table does not say its encoding and was read as "
                    f"{found.name} (confidence {sure}): check the text",
                )
            )

    def text(cell: Cell) -> Cell:
        if not isinstance(cell, str):
            return cell
        assert made.encoding is not None  # noqa: S101 -- set above
        return cell.encode("latin-1", errors="replace").decode(made.encoding.name, "replace")

    made.columns = {str(text(n)): [text(c) for c in cells] for n, cells in made.columns.items()}


def _holds(raw: bytes, encoding: str, *, certain: bool) -> bool:
    """Whether the text can be in an encoding that is stated."""
    try:
        raw.decode(encoding)
    except (LookupError, ValueError):  # a name with a NUL in it is no value at all
        return False
    # Anything decodes as a single-byte code; Chinese text in one is mojibake.
    single = encoding.lower().startswith(("iso", "latin", "cp125", "ascii"))
    return certain or raw.isascii() or not single


def _code_page(said: str) -> str:
    """Python's name for what a ``.cpg`` says: UTF-8, GBK, 936, CP936, OEM 936, ANSI 936."""
    known = {"936": "gb18030", "gb": "gb18030", "950": "big5", "big5": "big5", "65001": "utf-8"}
    lower = said.lower().replace("oem ", "cp").replace("ansi ", "cp")
    plain_name = next((name for mark, name in known.items() if mark in lower), lower)
    return f"cp{plain_name}" if plain_name.isdecimal() else plain_name
