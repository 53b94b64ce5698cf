"""A sheet of paper measured in millimetres: what charts and printed maps are set on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coverage.atomic import replacing
from coverage.errors import InputError
from coverage.maps import fonts
from coverage.maps.styles import INK, QUIET, Fill, fill
from coverage.messages import Said
from coverage.text import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


SIZES_MM = {"A4": (297.0, 210.0), "A3": (420.0, 297.0)}
DPI = 300.0
_PT_MM = 25.4 / 72
_LEADING = 1.38
_HATCHES = {"": "", "lines": "/////", "dots": "...."}


def paper_size(size: str) -> tuple[float, float]:
    """Width and height of a sheet lying on its long side, in millimetres.

    Raises:
        InputError: If the size is not known.
    """
    if size.upper() not in SIZES_MM:
        listed = "、".join(SIZES_MM)
        raise InputError(Said(f"没有纸张 {size!r}，可用 {listed}", "the paper size is not known"))
    return SIZES_MM[size.upper()]


class Sheet:
    """A figure whose positions are millimetres from the upper left corner.

    Attributes:
        figure: The matplotlib figure.
        width: Of the sheet.
        height: Of the sheet.
        zoom: Letters and lines are this much larger than on A4.
    """

    def __init__(self, width: float, height: float, *, zoom: float = 1.0) -> None:
        from matplotlib.figure import Figure

        self.width, self.height, self.zoom = width, height, zoom
        self.figure = Figure(figsize=(width / 25.4, height / 25.4), facecolor="white")

    def axes(self, left: float, top: float, width: float, height: float) -> Any:
        """Axes in a box."""
        box = (left / self.width, 1 - (top + height) / self.height)
        return self.figure.add_axes((*box, width / self.width, height / self.height))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 8,
        colour: str = INK,
        bold: bool = False,
        right: bool = False,
    ) -> None:
        """One line whose upper edge is at `y`; `right` ends it at `x`."""
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            text,
            size=size * self.zoom,
            color=colour,
            weight="bold" if bold else "normal",
            ha="right" if right else "left",
            va="top",
            parse_math=False,
        )

    def columns(self, width: float, size: float) -> int:
        """How many half-width characters of a size fit in a width."""
        return max(int(width / (0.515 * size * self.zoom * _PT_MM)), 4)

    def line_height(self, size: float) -> float:
        """Distance from one line to the next."""
        return size * self.zoom * _PT_MM * _LEADING

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        *,
        size: float = 8,
        colour: str = INK,
        bold: bool = False,
        lines: int | None = None,
    ) -> float:
        """Wrapped text; gives the y below it. More than `lines` are cut with an ellipsis."""
        found = wrap(text, self.columns(width, size))
        if lines is not None and len(found) > lines:
            found = [*found[: lines - 1], found[lines - 1][:-1] + "…"]
        for line in found:
            self.text(x, y, line, size=size, colour=colour, bold=bold)
            y += self.line_height(size)
        return y

    def swatch(self, x: float, y: float, width: float, height: float, look: Fill) -> None:
        """A filled box of a legend."""
        self.patch(x, y, width, height, **area_style(look), linewidth=0.5 * self.zoom)

    def patch(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """A rectangle."""
        from matplotlib.patches import Rectangle

        corner = (x / self.width, 1 - (y + height) / self.height)
        size = (width / self.width, height / self.height)
        self.figure.add_artist(Rectangle(corner, *size, transform=self.figure.transFigure, **style))

    def line(self, x0: float, y0: float, x1: float, y1: float, **style: Any) -> None:
        """A line."""
        from matplotlib.lines import Line2D

        xs, ys = (x0 / self.width, x1 / self.width), (1 - y0 / self.height, 1 - y1 / self.height)
        self.figure.add_artist(Line2D(xs, ys, transform=self.figure.transFigure, **style))

    def texts(self) -> list[str]:
        """Every text on the sheet."""
        from matplotlib.text import Text

        return [found.get_text() for found in self.figure.findobj(Text)]

    def save(self, path: Path, *, dpi: float = DPI) -> None:
        """Write the sheet, all at once.

        Raises:
            InputError: If a character has no font, or the file cannot be written.
        """
        fonts.check(self.texts())
        kind = path.suffix.lower().removeprefix(".")
        # Nothing of the machine or the hour: the same view gives the same file.
        metadata = {
            "png": {"Software": None},
            "pdf": {"Creator": "facility-coverage", "Producer": None, "CreationDate": None},
            "svg": {"Date": None, "Creator": "facility-coverage"},
        }[kind]
        with replacing(path) as temporary:
            self.figure.savefig(temporary, format=kind, dpi=dpi, metadata=metadata)


def area_style(look: Fill) -> dict[str, Any]:
    """Face, edge and hatch of an area as matplotlib takes them."""
    from coverage.maps.styles import HATCH_INK

    hatched = look.hatch == "lines"
    return {
        "facecolor": look.colour,
        "edgecolor": HATCH_INK if hatched else QUIET,
        "hatch": _HATCHES[look.hatch] or None,
    }


def look_of(style: str) -> dict[str, Any]:
    """As `area_style`, by the name of a class's style."""
    return area_style(fill(style))


@contextmanager
def drawing(*, dpi: float | None = None) -> Iterator[None]:
    """The settings under which everything here is drawn."""
    found: Any = fonts.settings(dpi=dpi)
    import matplotlib as mpl

    with mpl.rc_context(found):
        yield
