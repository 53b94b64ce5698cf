"""Heights at nodes, the grade of every directed edge, and the slope of the ground."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage.arrays import Floats
    from coverage.roads.network import RoadNetwork

_METRES_PER_DEGREE = 111_320.0
_LEAST_STEP_M = 30.0


def grades(network: RoadNetwork, elevation: str | Path | Floats) -> Floats:
    """Rise over length of each directed edge; 0 where a height is missing or the length is 0.

    A raster much coarser than the edges makes steps of single pixels look
    steep; the slope models cap grades at 45 %.

    Args:
        network: The road network.
        elevation: (n,) metres at the nodes, or the path of a raster.

    Raises:
        InputError: If there is not one height a node, or the raster covers no node.
    """
    if isinstance(elevation, str | Path):
        height = sample_heights(network, Path(elevation))
    else:
        height = np.asarray(elevation, dtype=np.float64)
        if height.shape != (network.node_count,):
            raise InputError(
                f"one height a node is needed: {network.node_count} nodes, shape {height.shape}"
            )
    rise = height[network.head] - height[network.tail]
    length = network.length_m
    known = np.isfinite(rise) & (length > 0)
    grade: Floats = np.zeros(network.edge_count)
    grade[known] = rise[known] / length[known]
    return grade


def sample_heights(network: RoadNetwork, path: Path) -> Floats:
    """Height of the raster cell under each node, NaN outside the raster and at missing cells.

    Raises:
        InputError: If the file cannot be read or covers no node.
    """
    with _opened(path) as raster:
        height = _sampled(raster, network.x, network.y, network.crs)
    if network.node_count and np.isnan(height).all():
        raise InputError(Problem("the raster covers no node of the network", file=path.name))
    return height


def slopes_at(xy: Floats, crs: str, path: Path) -> Floats:
    """Slope of the ground at places: rise over run of the plane through four neighbours.

    The neighbours lie one raster cell (at least 30 m) east, west, north and
    south. A coarse raster flattens what is steep.

    Args:
        xy: (k, 2) metres.
        crs: Of the places.
        path: Raster of heights in metres.

    Returns:
        (k,) rise over run, NaN where a neighbour has no height.

    Raises:
        InputError: If the file cannot be read.
    """
    with _opened(path) as raster:
        cell = max(abs(raster.res[0]), abs(raster.res[1]))
        if raster.crs.is_geographic:
            cell *= _METRES_PER_DEGREE
        step = max(cell, _LEAST_STEP_M)
        east, west, north, south = (
            _sampled(raster, xy[:, 0] + dx * step, xy[:, 1] + dy * step, crs)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        )
    return np.asarray(np.hypot(east - west, north - south) / (2 * step), dtype=np.float64)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The raster, open, with a CRS."""
    import rasterio

    try:
        raster = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(Problem(f"the raster cannot be read: {error}", file=path.name)) from error
    with raster:
        if raster.crs is None:
            raise InputError(Problem("the raster does not say its CRS", file=path.name))
        yield raster


def _sampled(raster: Any, x: Floats, y: Floats, crs: str) -> Floats:
    from pyproj import Transformer

    project = Transformer.from_crs(crs, raster.crs.to_wkt(), always_xy=True)
    sampled = raster.sample(zip(*project.transform(x, y), strict=True), indexes=1, masked=True)
    return np.array(
        [np.nan if cell.mask.all() else float(cell[0]) for cell in map(np.ma.asarray, sampled)]
    )
