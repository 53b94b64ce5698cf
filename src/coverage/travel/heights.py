"""Heights at nodes, the grade of every directed edge, and the slope of the ground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.datum import transform
from coverage.errors import InputError, Problem
from coverage.formats.rasters import open_raster
from coverage.messages import Said

if TYPE_CHECKING:
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
                Said(
                    "每个节点须有一个高程：{} 个节点，形状 {}",
                    "one height a node is needed: {} nodes, shape {}",
                ).fill(network.node_count, height.shape)
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
    with open_raster(path) as raster:
        height = _sampled(raster, network.x, network.y, network.crs)
    if network.node_count and np.isnan(height).all():
        said = Said("栅格没有盖住路网的任何节点", "the raster covers no node of the network")
        raise InputError(Problem(said, path.name))
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
    with open_raster(path) as raster:
        cell = max(abs(raster.res[0]), abs(raster.res[1]))
        if raster.crs.is_geographic:
            cell *= _METRES_PER_DEGREE
        step = max(cell, _LEAST_STEP_M)
        east, west, north, south = (
            _sampled(raster, xy[:, 0] + dx * step, xy[:, 1] + dy * step, crs)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        )
    return np.asarray(np.hypot(east - west, north - south) / (2 * step), dtype=np.float64)


def _sampled(raster: Any, x: Floats, y: Floats, crs: str) -> Floats:
    east, north = transform(crs, raster.crs.to_wkt(), x, y)
    sampled = raster.sample(zip(east, north, strict=True), indexes=1, masked=True)
    return np.array(
        [np.nan if cell.mask.all() else float(cell[0]) for cell in map(np.ma.asarray, sampled)]
    )
