"""A reader who wants the counts that are kept back, and has everything that was published.

It opens every file of a folder and what is packed into it, takes the numbers, and solves for the
hidden counts: the least and the greatest that each can be, by linear programming over every sum,
share and bound that the published results state, of several results together.
"""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
import zlib
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from coverage.results.document import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

Cell = tuple[str, ...]
_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\d.])\d+(?:\.\d+)?(?![\d])")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_EMBEDDED = re.compile(rb"data:[\w/+.-]+;base64,([\w+/=]+)")


def parts(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file and everything packed into it: archives, streams of a PDF, pictures in a page."""
    from base64 import b64decode

    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield f"{name}!", archive.comment
            for inner in archive.infolist():
                yield f"{name}/{inner.filename}!", inner.comment + inner.extra
                yield from parts(f"{name}/{inner.filename}", archive.read(inner))
    elif content.startswith(b"%PDF"):
        for number, stream in enumerate(_STREAM.findall(content)):
            try:
                yield f"{name}/{number}", zlib.decompress(stream)
            except zlib.error:
                continue
    elif content.startswith(b"\x89PNG"):
        # Only what is not the picture: its texts, its time, its EXIF.
        yield f"{name}/chunks", b" ".join(_chunks(content))
    for number, data in enumerate(_EMBEDDED.findall(content)):
        yield from parts(f"{name}/data{number}", b64decode(data))


def _chunks(png: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] != b"IDAT":
            yield png[at + 4 : at + 8] + b" " + png[at + 8 : at + 8 + size]
        at += size + 12


def numbers(folder: Path) -> dict[str, set[float]]:
    """Every number of every file in a folder, by the part that it stands in."""
    found: dict[str, set[float]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        for name, content in parts(path.name, path.read_bytes()):
            if content.startswith((b"\x89PNG", b"PK", b"%PDF", b"SQLite", b"\xff\xd8")):
                continue
            text = content.decode("utf-8", "replace")
            found[name] = {float(n.replace(",", "")) for n in _NUMBER.findall(text)}
        if path.suffix == ".gpkg":
            found |= {f"{path.name}/{t}": n for t, n in _tables(path)}
    return found


def _tables(path: Path) -> Iterator[tuple[str, set[float]]]:
    with closing(sqlite3.connect(path)) as base:
        names = [n for (n,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name.startswith("rtree_"):
                continue  # outlines only, in pages that take a module to read
            rows = base.execute(f'SELECT * FROM "{name}"')
            # Rows are counted through, which says nothing of people.
            kept = [at for at, column in enumerate(rows.description) if column[0] != "fid"]
            cells = [row[at] for row in rows for at in kept]
            yield name, {float(c) for c in cells if isinstance(c, int | float)}


class Attack:
    """What several published results, as JSON has them, leave of the hidden counts."""

    def __init__(self, published: Sequence[Mapping[str, Any]]) -> None:
        self.columns: dict[Cell, int] = {}
        self.known: dict[Cell, float] = {}
        self.equal: list[tuple[dict[Cell, float], float]] = []
        self.least: list[tuple[dict[Cell, float], float]] = []
        for number, document in enumerate(published):
            self._read(document, str(number))
        for document in published[:1]:
            self._sums(document["units"])

    def _see(self, cell: Cell, value: object) -> Cell:
        self.columns.setdefault(cell, len(self.columns))
        if isinstance(value, int | float):
            self.known[cell] = float(value)
        return cell

    def _read(self, document: Mapping[str, Any], which: str) -> None:
        for unit in document["units"]:
            for group, people in unit["people"].items():
                if people is not None:
                    self._see(("people", unit["code"], unit["level"], group), people)
        city = next(u for u in document["units"] if u["level"] == "city")
        for one in document["indicators"]:
            whole = ("people", city["code"], "city", one["group"])
            if one["measure"] == "people_within" and one["denominator"] is not None:
                self._shares(one, whole, which)
            elif one["measure"] == "bed_ratio" and one["scale"] == 1000:
                self._see(whole, one["denominator"])
            waiting, missing = one["missing_people"], one["missing"] or ()
            cells: dict[Cell, float] = {
                ("people", code, {9: "township", 6: "county"}[len(code)], one["group"]): 1.0
                for code in missing
                if len(code) in {6, 9}
            }
            if isinstance(waiting, int | float) and len(cells) == len(missing):
                self.equal.append((cells, float(waiting)))

    def _shares(self, one: Mapping[str, Any], whole: Cell, which: str) -> None:
        total = self._see(("reached", one["id"], "", which), one["numerator"])
        self._see(whole, one["denominator"])
        inside = {total: -1.0}
        rows = [(total, whole)]
        for county in one["by_county"]:
            people = ("people", county["code"], "county", one["group"])
            self._see(people, county["denominator"])
            cell = self._see(("reached", one["id"], county["code"], which), county["numerator"])
            inside[cell] = 1.0
            rows.append((cell, people))
            share = county["value"]
            if isinstance(share, int | float) and people in self.known:
                self.known[cell] = round(share * self.known[people] / 100)
        self.equal.append((inside, 0.0))
        self.least += [({people: 1.0, cell: -1.0}, 0.0) for cell, people in rows]

    def _sums(self, units: Sequence[Mapping[str, Any]]) -> None:
        for unit in units:
            for group in unit["people"]:
                cell: Cell = ("people", unit["code"], unit["level"], group)
                within: dict[Cell, float] = {
                    part: 1.0
                    for other in units
                    if _inside(other, unit)
                    and (part := ("people", other["code"], other["level"], group)) in self.columns
                }
                if cell in self.columns and within:
                    self.equal.append(({**within, cell: -1.0}, 0.0))
            code, level = unit["code"], unit["level"]
            groups: list[Cell] = [("people", code, level, g) for g in ("60+", "0-14")]
            some = [cell for cell in groups if cell in self.columns]
            if ("people", code, level, "all") in self.columns and some:
                self.least.append(
                    ({("people", code, level, "all"): 1.0, **dict.fromkeys(some, -1.0)}, 0.0)
                )

    def range_of(self, *cells: Cell) -> tuple[int, int]:
        """The least and the greatest that a cell can be, or the first without the second."""
        aim = np.zeros(len(self.columns))
        for cell, sign in zip(cells, (1.0, -1.0), strict=False):
            aim[self.columns[cell]] = sign
        bounds = [
            (v, v) if (v := self.known.get(c)) is not None else (0, None) for c in self.columns
        ]
        ends = []
        for sign in (1.0, -1.0):
            done = linprog(
                sign * aim,
                A_ub=self._matrix((row, bound) for row, bound in self.least) * -1.0
                if self.least
                else None,
                b_ub=np.zeros(len(self.least)) if self.least else None,
                A_eq=self._matrix(self.equal) if self.equal else None,
                b_eq=[bound for _, bound in self.equal] if self.equal else None,
                bounds=bounds,
            )
            if done.status == 3:  # unbounded: nothing says how many
                ends.append(10**9)
                continue
            assert done.success, done.message
            ends.append(round(sign * float(done.fun or 0.0)))
        return ends[0], ends[1]

    def _matrix(self, rows: Iterable[tuple[Mapping[Cell, float], float]]) -> Any:
        entries = [
            (at, self.columns[cell], value)
            for at, (row, _) in zip(count(), rows, strict=False)
            for cell, value in row.items()
        ]
        at, column, value = zip(*entries, strict=True)
        return coo_array((value, (at, column)), shape=(max(at) + 1, len(self.columns))).tocsr()


def _inside(unit: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    below = {"city": "county", "county": "township"}.get(whole["level"])
    return bool(unit["level"] == below and (below == "county" or unit["county"] == whole["code"]))


def hidden_numbers(truth: Any, published: Any) -> Iterator[float]:
    """Every number of a result that the published one hides."""
    if published == HIDDEN:
        if isinstance(truth, int | float) and not isinstance(truth, bool):
            yield float(truth)
    elif isinstance(truth, dict) and isinstance(published, dict):
        for key in truth.keys() & published.keys():
            yield from hidden_numbers(truth[key], published[key])
    elif isinstance(truth, list) and isinstance(published, list) and len(truth) == len(published):
        for one, other in zip(truth, published, strict=True):
            yield from hidden_numbers(one, other)
