"""Heights at nodes and the grade of every directed edge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.roads.network import RoadNetwork


def grades(
    network: RoadNetwork, elevation: str | Path | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rise over length of each directed edge; 0 where a height is missing or the length is 0.

    A raster much coarser than the edges makes steps of single pixels look
    steep; the slope models cap grades at 45 %.

    Args:
        network: The road network.
        elevation: (n,) metres at the nodes, or the path of a raster.

    Raises:
        InputError: If there is not one height a node, or the raster covers no node.
        MissingDependencyError: If a raster is given and rasterio is missing.
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
    grade: NDArray[np.float64] = np.zeros(network.edge_count)
    grade[known] = rise[known] / length[known]
    return grade


def sample_heights(network: RoadNetwork, path: Path) -> NDArray[np.float64]:
    """Height of the raster cell under each node, NaN outside the raster and at missing cells.

    Raises:
        InputError: If the file cannot be read or covers no node.
        MissingDependencyError: If rasterio is missing.
    """
    try:
        import rasterio
    except ImportError as error:
        from coverage.errors import MissingDependencyError

        raise MissingDependencyError(
            "heights are read with rasterio: install facility-coverage[raster]"
        ) from error
    from pyproj import Transformer

    try:
        raster = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(Problem(f"the raster cannot be read: {error}", file=path.name)) from error
    with raster:
        if raster.crs is None:
            raise InputError(Problem("the raster does not say its CRS", file=path.name))
        project = Transformer.from_crs(network.crs, raster.crs.to_wkt(), always_xy=True)
        x, y = project.transform(network.x, network.y)
        sampled = raster.sample(zip(x, y, strict=True), indexes=1, masked=True)
        height = np.array(
            [np.nan if cell.mask.all() else float(cell[0]) for cell in map(np.ma.asarray, sampled)]
        )
    if network.node_count and np.isnan(height).all():
        raise InputError(Problem("the raster covers no node of the network", file=path.name))
    return height
