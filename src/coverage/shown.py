"""What a result shows of itself in a notebook: one line, a table, a frame."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

_LONGEST = 500  # characters of a line
_MOST_ROWS = 10  # of the table below it


class Shown:
    """A result that prints as one short line and becomes a table of its rows.

    A subclass says its line in `_headline` and gives its rows, each a mapping of the same
    columns, in `_rows`. A column named ``geometry`` holds points of lon and lat (WGS84).
    """

    _columns: tuple[str, ...] | None = None  # where there may be no row to tell them

    def _headline(self) -> str:
        raise NotImplementedError

    def _rows(self) -> Iterable[Mapping[str, Any]]:
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """Its rows as a DataFrame, or a GeoDataFrame in EPSG:4326 where rows have places."""
        import pandas as pd

        frame = pd.DataFrame(list(self._rows()), columns=self._columns)
        if "geometry" not in frame:
            return frame
        import geopandas as gpd

        placed: pd.DataFrame = gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")
        return placed

    def __repr__(self) -> str:
        text = f"<{type(self).__name__} {self._headline()}>"
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]}…>"

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        shown: Any = frame.head(_MOST_ROWS).drop(columns="geometry", errors="ignore")
        rest = len(frame) - len(shown)
        more = f"<p>… +{rest:,}</p>" if rest else ""
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, border=0)}{more}"
