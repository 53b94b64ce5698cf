"""Maps for paper: PNG at 300 dpi, PDF and SVG, on A4 and A3, drawn from the same view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.maps.legend import draw_sidebar, furniture
from coverage.maps.panel import draw_panel
from coverage.maps.paper import DPI, Sheet, drawing, paper_size
from coverage.maps.styles import ACCENT, INK, QUIET
from coverage.outputs import PICTURES, check_ending
from coverage.text import cut

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.maps.view import Stage, View

_MARGIN, _HEAD, _FOOT, _SIDE = 9.0, 19.0, 13.0, 76.0
_GAP = 4.0


def draw(
    view: View,
    path: Path,
    *,
    size: str = "A4",
    dpi: float = DPI,
    theme: str | None = None,
    stage: str | None = None,
    level: str | None = None,
    crowd: bool = False,
) -> None:
    """Draw a view on paper.

    Args:
        view: What is shown.
        path: ``.png``, ``.pdf`` or ``.svg``.
        size: ``A4`` or ``A3``, lying on its long side.
        dpi: Dots per inch of a PNG, and of anything dense in the others.
        theme: Id of the indicator (or ``reach``); the view's first by default.
        stage: ``before`` or ``after`` alone; a view of both is drawn side by
            side by default.
        level: Shade ``township`` or ``county``; the finer by default.
        crowd: Draw the people not reached too.

    Raises:
        InputError: If the format or size is not known, no Chinese font is
            found, or the file cannot be written.
    """
    check_ending(path, PICTURES)
    width, height = paper_size(size)
    zoom = (width / 297.0) ** 0.8
    stages = view.stages if stage is None else (view.stage(stage),)
    with drawing(dpi=dpi):
        sheet = Sheet(width, height, zoom=zoom)
        _compose(sheet, view, stages, theme=theme, level=level, crowd=crowd)
        sheet.save(path, dpi=dpi)


def _compose(
    sheet: Sheet,
    view: View,
    stages: tuple[Stage, ...],
    *,
    theme: str | None,
    level: str | None,
    crowd: bool,
) -> None:
    zoom = sheet.zoom
    margin, side = _MARGIN * zoom, _SIDE * zoom
    head, foot, gap = _HEAD * zoom, _FOOT * zoom, _GAP * zoom
    _heading(sheet, view, margin)
    room = sheet.width - 2 * margin - side - gap
    each = (room - gap * (len(stages) - 1)) / len(stages)
    label = 7.0 * zoom if len(stages) > 1 else 0.0
    high = sheet.height - 2 * margin - head - foot - label
    scale = 0.0
    hidden = 0
    for number, stage in enumerate(stages):
        left = margin + number * (each + gap)
        top = margin + head + label
        if len(stages) > 1:
            sheet.text(left, margin + head, stage.label, size=11, bold=True)
        panel = draw_panel(
            sheet,
            view,
            stage,
            (left, top, each, high),
            theme=stage.theme(theme),
            level=level,
            crowd=crowd,
        )
        scale, hidden = panel.metres_per_mm, max(hidden, panel.unnamed)
    furniture(sheet, view, margin, sheet.height - margin, room, scale, unnamed=hidden)
    draw_sidebar(
        sheet,
        view,
        stages,
        (sheet.width - margin - side, margin + head, side, sheet.height - 2 * margin - head),
        theme=theme,
        level=level,
        crowd=crowd,
    )


def _heading(sheet: Sheet, view: View, margin: float) -> None:
    zoom = sheet.zoom
    sheet.text(margin, margin, view.title, size=17, bold=True)
    sheet.text(margin, margin + 9.5 * zoom, cut(view.subtitle, 90), size=8.5, colour=QUIET)
    if view.mark:
        right = sheet.width - margin
        sheet.text(
            right, margin + 1 * zoom, view.mark, size=11, colour=ACCENT, bold=True, right=True
        )
    line = margin + 14.5 * zoom
    sheet.line(margin, line, sheet.width - margin, line, color=INK, linewidth=0.8 * zoom)
