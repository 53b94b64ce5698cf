"""Outlines of counties and townships by code, as polygons in degrees (WGS84)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coverage.errors import InputError, Problem
from coverage.formats.layers import read_areas
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from coverage.arrays import Objects

WIDEST = 15.0  # degrees; the widest city of the country, 巴音郭楞, spans 11


class Boundaries(NamedTuple):
    """Polygons of units as a workspace, the package or a frame keeps them.

    Attributes:
        codes: Code of each unit.
        shapes: Valid polygons in degrees.
        quality: ``published``, ``approximate`` or ``surveyed``; the first where a file does not
            say.
        source: Where each comes from, empty where the file does not say.
        file: Name of the file, or of the frame.
    """

    codes: list[str]
    shapes: Objects
    quality: list[str]
    source: list[str]
    file: str

    @property
    def approximate(self) -> tuple[bool, ...]:
        """(n,) whether a polygon is a cell around a seat, and no border that somebody answers for.

        Published borders are official, and so are a planner's own.
        """
        return tuple(quality == "approximate" for quality in self.quality)

    def by_code(self) -> dict[str, BaseGeometry]:
        """Polygons by code."""
        return dict(zip(self.codes, self.shapes, strict=True))


def read_boundaries(path: Path) -> Boundaries:
    """The polygons of a file of boundaries.

    Raises:
        InputError: If the file is no layer of polygons that have a code, or they lie nowhere
            on earth.
    """
    layer = read_areas(path, widest=WIDEST)
    if "code" not in layer.columns:
        reason = Said("缺属性 code", "the polygons lack the property 'code'")
        raise InputError(Problem(reason, path.name))
    blank = [""] * len(layer)
    quality = [one or "published" for one in layer.columns.get("quality", blank)]
    source = layer.columns.get("source", blank)
    return Boundaries(layer.columns["code"], layer.shapes, quality, source, path.name)
