"""GeoParquet: lines and their attributes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError, MissingDependencyError
from coverage.formats.features import Features
from coverage.formats.gdal import unreadable
from coverage.formats.safety import Limits, Meter, read_bytes, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

_BATCH = 256


def read_parquet(path: Path, limits: Limits | None = None) -> Features:
    """The features of a file.

    Raises:
        InputError: If it cannot be read or is too large.
        MissingDependencyError: If pyarrow is not installed.
    """
    import geopandas as gpd

    limits = limits or Limits()
    raw = read_bytes(path, limits)
    try:
        _weigh(raw, path.name, limits)
        frame = gpd.read_parquet(io.BytesIO(raw))
        plain = frame.drop(columns=frame.geometry.name)
        # Only now are texts looked at, which may be in no encoding.
        columns = {str(name): plain[name].tolist() for name in plain.columns}
    except InputError:
        raise
    except ImportError as error:
        raise MissingDependencyError(
            Said(
                "读取 GeoParquet 需要 pyarrow：pip install 'facility-coverage[parquet]'",
                "reading GeoParquet needs pyarrow: pip install 'facility-coverage[parquet]'",
            )
        ) from error
    except Exception as error:  # pyarrow's, pandas' and shapely's errors are no one family
        raise unreadable(path.name, error, "GeoParquet file") from error
    shapes = np.asarray(frame.geometry.to_numpy(), np.object_)
    crs = None if frame.crs is None else frame.crs.to_wkt()
    return Features(path.name, "lines", columns, shapes, range(1, len(frame) + 1), crs)


def _weigh(raw: bytes, file: str, limits: Limits) -> None:
    """Refuse what is small in the file and endless once it is read: repeated values are packed."""
    from pyarrow import parquet

    source: Any = parquet.ParquetFile(io.BytesIO(raw))
    about = source.metadata
    Meter(file, limits).rows(about.num_rows)
    left = limits.most_unpacked(len(raw))
    left -= sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    batches = source.iter_batches(batch_size=_BATCH)
    while left >= 0 and (batch := next(batches, None)) is not None:
        left -= batch.nbytes
    if left < 0:
        refuse(file, "文件解开后太大（疑似压缩炸弹）", "it would unpack to far more than its size")
