"""Beside a printed map: figures, legend, notes, title block; below it: scale, north, sources."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from coverage.kinds import KINDS
from coverage.maps.outlines import UNCROSSED
from coverage.maps.styles import (
    ACCENT,
    BORDER,
    CROWD,
    CROWD_RADII,
    FIELDS,
    INK,
    QUIET,
    RINGS,
    ROAD,
    SYMBOLS,
    WATER,
    Fill,
    fill,
)
from coverage.messages import Said
from coverage.text import width, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.maps.paper import Sheet
    from coverage.maps.view import Shading, Stage, Theme, View

_WORDS = {
    "legend": Said("图例", "Legend"),
    "rings": Said("服务圈", "Service circles"),
    "county": Said("县界", "county boundary"),
    "township": Said("乡镇近似格（示意）", "township cell (approximate)"),
    "official": Said("乡镇界", "township boundary"),
    "ground": Said("示意范围（不是县界）", "ground shown (no boundary)"),
    "uncrossed": UNCROSSED,
    "several": Said("数字：同处多个设施", "a number: several at one place"),
    "proposal": Said("建议点（按顺序）", "proposed site, in order"),
    "notes": Said("说明", "Notes"),
    "unplaced": Said("无位置、未上图", "without a place, not drawn"),
    "north": Said("北", "N"),
    "sources": Said("资料来源：", "Sources: "),
    "unnamed": Said("{n} 个乡镇名因过密未标。", "{n} township names left out for lack of room. "),
    "counties": Said("分县", "By county"),
    "loose": Said("另有 {n} 处只知所在县，未上图", "{n} more known by county only, not drawn"),
    "counting": Said("计入本指标", "counts towards this"),
    "other": Said("同类，不计入", "of the kind, does not count"),
}


def furniture(
    sheet: Sheet,
    view: View,
    left: float,
    bottom: float,
    width: float,
    scale: float,
    *,
    unnamed: int,
) -> None:
    """North arrow, scale bar and source line in the strip below a map of `scale` metres a mm."""
    zoom, lang = sheet.zoom, view.lang
    top = bottom - 11.0 * zoom
    _north(sheet, left + 3 * zoom, top, _WORDS["north"].to(lang))
    begin = left + 10 * zoom
    length = _nice(scale * 38 * zoom)
    long = length / scale
    for part, colour in ((0, INK), (1, "white"), (2, INK), (3, "white")):
        sheet.patch(
            begin + part * long / 4,
            top + 4.5 * zoom,
            long / 4,
            1.3 * zoom,
            facecolor=colour,
            edgecolor=INK,
            linewidth=0.5 * zoom,
        )
    for share in (0, 0.5, 1):
        text = f"{share * length / 1000:g}" + (" km" if share == 1 else "")
        sheet.text(begin + share * long - 0.8 * zoom, top + 1 * zoom, text, size=6)
    start = begin + long + 12 * zoom
    note = _WORDS["unnamed"].to(lang).format(n=unnamed) if unnamed else ""
    text = note + _WORDS["sources"].to(lang) + "；".join(view.sources)
    sheet.paragraph(start, top, left + width - start, text, size=5.2, colour=QUIET, lines=4)


def _nice(metres: float) -> float:
    """The roundest length up to this one: 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(metres))
    return float(max(step * power for step in (1, 2, 5) if step * power <= metres))


def _north(sheet: Sheet, x: float, y: float, word: str) -> None:
    from matplotlib.patches import Polygon

    zoom = sheet.zoom

    def at(right: float, down: float) -> tuple[float, float]:
        return (x + right * zoom) / sheet.width, 1 - (y + down * zoom) / sheet.height

    for side, colour in ((-1.6, INK), (1.6, "white")):
        sheet.figure.add_artist(
            Polygon(
                [at(0, 2.6), at(side, 9.6), at(0, 8.2)],
                closed=True,
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.5 * zoom,
                transform=sheet.figure.transFigure,
            )
        )
    sheet.text(x - 1.2 * zoom, y - 0.6 * zoom, word, size=6.5, bold=True)


def draw_sidebar(
    sheet: Sheet,
    view: View,
    stages: Sequence[Stage],
    box: tuple[float, float, float, float],
    *,
    theme: str | None,
    level: str | None,
    crowd: bool,
) -> None:
    """Everything in words beside the maps, from the top of a box to its foot."""
    column = _Column(sheet, view, box)
    first = stages[0].theme(theme)
    column.title(first)
    for stage in stages:
        found = stage.theme(theme)
        column.headline(stage.label if len(stages) > 1 else "", found.headline)
    if first.shadings:
        column.shadings([(s, s.theme(theme).shading(level)) for s in stages])
    column.symbols(stages, first)
    if stages[-1].rings:
        column.rings(stages)
    if crowd and stages[-1].crowd is not None:
        column.crowd(stages[-1])
    column.lines()
    foot = column.facts()
    column.counties([s.theme(theme) for s in stages], foot)
    column.notes(foot)


class _Column:
    """A column of text that is filled downwards."""

    def __init__(self, sheet: Sheet, view: View, box: tuple[float, float, float, float]) -> None:
        self.sheet, self.view = sheet, view
        self.left, self.y, self.width, high = box
        self.foot = self.y + high
        self.zoom = sheet.zoom

    def _word(self, key: str) -> str:
        return _WORDS[key].to(self.view.lang)

    def title(self, theme: Theme) -> None:
        self.y = self.sheet.paragraph(
            self.left, self.y, self.width, theme.title, size=9.5, bold=True, lines=3
        )

    def headline(self, label: str, text: str) -> None:
        said = f"{label}：{text}" if label and self.view.lang == "zh" else f"{label} {text}".strip()
        self.y = self.sheet.paragraph(
            self.left, self.y + 0.6 * self.zoom, self.width, said, size=8.5, colour=ACCENT, lines=4
        )

    def _head(self, text: str) -> None:
        self.y += 1.8 * self.zoom
        self.y = self.sheet.paragraph(self.left, self.y, self.width, text, size=7.5, bold=True)
        self.y += 0.4 * self.zoom

    def _row(self, label: str, numbers: Sequence[str] = ()) -> None:
        """A line of a legend beside whatever was drawn at its beginning."""
        start, top = 9 * self.zoom, self.y + 0.1 * self.zoom
        # A single number may be long; several stand in narrow columns.
        wide = sum(2.2 + 0.62 * width(text) for text in numbers) if len(numbers) == 1 else 0
        room = self.width - start - max(wide, 11.5 * len(numbers)) * self.zoom
        end = self.sheet.paragraph(self.left + start, top, room, label, size=7, lines=2)
        for place, text in enumerate(reversed(numbers)):
            right = self.left + self.width - place * 11.5 * self.zoom
            self.sheet.text(right, top, text, size=7, right=True)
        self.y = max(self.y + 4.0 * self.zoom, end + 0.6 * self.zoom)

    def shadings(self, found: Sequence[tuple[Stage, Shading]]) -> None:
        """Classes with their numbers, a column a stage."""
        last = found[-1][1]
        self._head(last.title)
        if len(found) > 1:
            for place, (stage, _) in enumerate(reversed(found)):
                right = self.left + self.width - place * 11.5 * self.zoom
                self.sheet.text(right, self.y - 4 * self.zoom, stage.label, size=6.5, right=True)
        listed = {c.id: c for _, shading in found for c in shading.classes}
        for id_, one in listed.items():
            self._swatch(fill(one.style))
            counts = [
                str(next((c.count for c in shading.classes if c.id == id_), 0))
                for _, shading in found
            ]
            self._row(one.label, counts)
        if last.unplaced:
            text = f"{self._word('unplaced')}：{'、'.join(last.unplaced)}"
            self.y = self.sheet.paragraph(
                self.left, self.y, self.width, text, size=5.6, colour=QUIET, lines=3
            )

    def _swatch(self, look: Fill) -> None:
        z = self.zoom
        self.sheet.swatch(self.left, self.y + 0.1 * z, 6.5 * z, 2.9 * z, look)

    def symbols(self, stages: Sequence[Stage], theme: Theme) -> None:
        """Kinds of facility drawn, with how many."""
        zh = self.view.lang == "zh"
        for kind in theme.kinds:
            colour, symbol = FIELDS[KINDS[kind].system], SYMBOLS.get(kind, "·")
            name = KINDS[kind].zh if zh else KINDS[kind].en
            shown = [[s for s in stage.sites if s.kind == kind and s.open] for stage in stages]
            counted = [stage.theme(theme.id).counting for stage in stages]
            if not any(shown):
                continue
            if any(known is None for known in counted):
                self._disc(symbol, colour, solid=True)
                self._row(name, [str(len(found)) for found in shown])
                continue
            for solid, word in ((True, "counting"), (False, "other")):
                counts = [
                    sum((s.id in (known or ())) is solid for s in found)
                    for found, known in zip(shown, counted, strict=True)
                ]
                if any(counts):
                    self._disc(symbol, colour, solid=solid)
                    label = f"{name}：{self._word(word)}" if zh else f"{name}: {self._word(word)}"
                    self._row(label, [str(count) for count in counts])
        lost = [sum(k in theme.kinds for r in s.loose.values() for k, _ in r) for s in stages]
        if any(lost):
            text = self._word("loose").format(n=max(lost))
            self.sheet.text(self.left + 9 * self.zoom, self.y, text, size=5.8, colour=QUIET)
            self.y += 3.2 * self.zoom
        if any(stage.proposals for stage in stages):
            z = self.zoom
            self.sheet.patch(
                self.left + 1.7 * z, self.y + 0.1 * z, 3 * z, 3 * z, facecolor=ACCENT, edgecolor="w"
            )
            self.sheet.text(self.left + 2.6 * z, self.y + 0.4 * z, "1", size=6, colour="white")
            self._row(self._word("proposal"))

    def _disc(self, text: str, colour: str, *, solid: bool = False) -> None:
        from matplotlib.patches import Ellipse

        z, sheet = self.zoom, self.sheet
        middle = ((self.left + 3.2 * z) / sheet.width, 1 - (self.y + 1.6 * z) / sheet.height)
        sheet.figure.add_artist(
            Ellipse(
                middle,
                3.2 * z / sheet.width,
                3.2 * z / sheet.height,
                facecolor=colour if solid else "white",
                edgecolor=colour,
                linewidth=0.8 * z,
                transform=sheet.figure.transFigure,
            )
        )
        sheet.figure.text(
            *middle,
            text,
            size=5.2 * z,
            color="white" if solid else colour,
            weight="bold",
            ha="center",
            va="center_baseline",
        )

    def rings(self, stages: Sequence[Stage]) -> None:
        """Limits with the people they hold."""
        self._head(self._word("rings") + stages[-1].rings[0].mark)
        for ring in sorted(stages[-1].rings, key=lambda r: r.rank):
            self._swatch(Fill(RINGS[min(ring.rank, len(RINGS) - 1)]))
            same = [r for stage in stages for r in stage.rings if r.label == ring.label]
            self._row(ring.label, [ring.text] if len(stages) == 1 else [r.share for r in same])

    def crowd(self, stage: Stage) -> None:
        """Dots by how many people they stand for."""
        crowd = stage.crowd
        assert crowd is not None  # noqa: S101 -- the caller has looked
        self._head(f"{crowd.title} {crowd.text}")
        z, sheet = self.zoom, self.sheet
        from matplotlib.patches import Ellipse

        for label, radius in zip(crowd.labels, CROWD_RADII, strict=True):
            across = 2 * radius * 0.55 * z * 25.4 / 72
            sheet.figure.add_artist(
                Ellipse(
                    ((self.left + 3.2 * z) / sheet.width, 1 - (self.y + 1.6 * z) / sheet.height),
                    across / sheet.width,
                    across / sheet.height,
                    facecolor=CROWD,
                    alpha=0.6,
                    transform=sheet.figure.transFigure,
                )
            )
            self._row(label)

    def lines(self) -> None:
        """Boundaries and roads."""
        z = self.zoom
        approximate = any(area.approximate for area in self.view.townships)
        self.y += 1.2 * z
        sketched = any(area.approximate for area in self.view.counties)
        rows = [("ground" if sketched else "county", INK, 1.0, "-"), ("road", ROAD, 0.8, "-")]
        official = not all(area.approximate for area in self.view.townships)
        drawn = [rows[0]]
        drawn += [("township", BORDER, 0.6, "--")] if approximate else []
        drawn += [("official", BORDER, 0.5, "-")] if official or not approximate else []
        drawn += [rows[1]] if self.view.roads else []
        drawn += [("uncrossed", WATER, 0.8, "-")] if self.view.uncrossed else []
        for key, colour, thick, style in drawn:
            self.sheet.line(
                self.left,
                self.y + 1.6 * z,
                self.left + 6.5 * z,
                self.y + 1.6 * z,
                color=colour,
                linewidth=thick * z,
                linestyle=style,
            )
            self._row(self.view.road_name if key == "road" else self._word(key))

    def counties(self, themes: Sequence[Theme], foot: float) -> None:
        """Every county's figures, where there is room for all of them."""
        found = [s for t in themes for s in t.shadings if s.level == "county"]
        rows = list(found[0].marks) if found else []
        high = (len(rows) + 1) * 3.4 * self.zoom + 3 * self.zoom
        if not rows or self.y + high > foot:
            return
        names = {area.code: area.name for area in self.view.counties}
        self._head(self._word("counties"))
        for code in rows:
            self.sheet.text(self.left, self.y, names.get(code, code), size=6.6)
            for place, shading in enumerate(reversed(found)):
                right = self.left + self.width - place * 20 * self.zoom
                mark = shading.marks.get(code)
                self.sheet.text(right, self.y, mark.text if mark else "", size=6.6, right=True)
            self.y += 3.4 * self.zoom

    def facts(self) -> float:
        """The title block at the foot of the column; the y above it."""
        sheet, z, size = self.sheet, self.zoom, 6.2
        key = 15 * z if self.view.lang == "zh" else 20 * z
        lines = [
            (label, sheet.columns(self.width - key, size), value)
            for label, value in self.view.facts
        ]
        heights = [len(wrap(value, wide)) * sheet.line_height(size) for _, wide, value in lines]
        y = self.foot - sum(heights) - 1 * z
        sheet.line(
            self.left, y - 1.2 * z, self.left + self.width, y - 1.2 * z, color=BORDER, lw=0.5
        )
        top = y - 2.2 * z
        for (label, _, value), high in zip(lines, heights, strict=True):
            sheet.text(self.left, y, label, size=size, colour=QUIET)
            sheet.paragraph(self.left + key, y, self.width - key, value, size=size)
            y += high
        return top

    def notes(self, foot: float) -> None:
        """As many notes as there is room for."""
        size = 5.8
        room = int((foot - self.y - 5 * self.zoom) / self.sheet.line_height(size))
        if room < 2:
            return
        self._head(self._word("notes"))
        for note in self.view.notes:
            lines = len(wrap(f"· {note}", self.sheet.columns(self.width, size)))
            if lines > room:
                break
            self.y = self.sheet.paragraph(
                self.left, self.y, self.width, f"· {note}", size=size, colour=QUIET
            )
            room -= lines
