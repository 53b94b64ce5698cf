"""Charts that planners read: progress to targets, counties, times to the nearest, before and after.

Each takes a result (`coverage.results.document`, `coverage.results.circles`),
or less of it, and writes one picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.errors import InputError
from coverage.kinds import KINDS
from coverage.maps import labels
from coverage.maps.bars import Bar, bars
from coverage.maps.paper import DPI, Sheet, drawing
from coverage.maps.styles import ACCENT, BORDER, FILLS, INK, PAPER, QUIET, SCALE
from coverage.messages import Lang, Said
from coverage.outputs import PICTURES, check_ending
from coverage.results import figures
from coverage.results.document import Document, Indicator
from coverage.text import cut, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.results.circles import Circles, NearestRow

WIDTH_MM = 160.0
_ROW_MM = 9.0
_BLUE = FILLS["covered"].colour
_WORDS = {
    "targets": Said("指标完成情况", "Progress to targets"),
    "targets_sub": Said(
        "条形为现状占目标的比例（深色已达标），竖线为目标",
        "bars: value as a share of the target (dark: met); line: the target",
    ),
    "counties": Said("分县覆盖率", "Coverage by county"),
    "whole": Said("全市", "whole city"),
    "nearest": Said("到最近设施的时间", "Time to the nearest facility"),
    "minutes": Said("分钟", "minutes"),
    "metres": Said("米", "metres"),
    "share": Said("人口累计比例（%）", "cumulative share of people (%)"),
    "before_after": Said("调整前后对比", "Before and after"),
    "before": Said("调整前", "before"),
    "after": Said("调整后", "after"),
    "target": Said("目标", "target"),
    "illustrative": Said("含示意数据", "ILLUSTRATIVE DATA"),
    "nothing": Said("没有可画的数据", "nothing to draw"),
}


_Line = tuple[str, list[float], list[float]]


def targets(document: Document, path: Path, *, lang: Lang = "zh", dpi: float = DPI) -> None:
    """Every indicator with a value and a numeric target as a bar towards the target.

    Args:
        document: A report's result.
        path: ``.png``, ``.pdf`` or ``.svg``.
        lang: Language.
        dpi: Of a PNG.

    Raises:
        InputError: If no indicator has both, no Chinese font is found, or the
            file cannot be written.
    """
    found = bars(document, lang)
    _some(found)
    with _chart(path, document, "targets", len(found), lang, dpi, sub="targets_sub") as (
        sheet,
        axes,
    ):
        for row, bar in enumerate(found):
            done = min(float(bar.value / bar.aim), 1.15)
            axes.barh(row, 1.0, height=0.62, color="#eef1f4", zorder=1)
            colour = {True: _BLUE, False: SCALE[2], None: BORDER}[bar.met]
            axes.barh(row, done, height=0.62, color=colour, edgecolor=INK, linewidth=0.4, zorder=2)
            _between(axes, row, bar)
            axes.text(1.18, row, bar.text, va="center", size=7.5, color=INK, clip_on=False)
        axes.axvline(1.0, color=ACCENT, linewidth=1.2, zorder=3)
        axes.set_xlim(0, 1.16)
        _names(axes, [bar.name for bar in found])
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
        sheet.save(path, dpi=dpi)


def _between(axes: Any, row: int, bar: Bar) -> None:
    """Between what the value lies: a line, a bar with its middle where it was drawn."""
    if bar.ends is None:
        return
    span = [min(float(end / bar.aim), 1.15) for end in bar.ends]
    if bar.likely is None:
        axes.plot(span, [row, row], color=INK, linewidth=1.1, marker="|", zorder=4)
        return
    axes.plot(span, [row, row], color=INK, linewidth=4.5, solid_capstyle="butt", zorder=4)
    middle = min(float(bar.likely / bar.aim), 1.15)
    axes.plot([middle], [row], color="white", marker="|", markersize=6, zorder=5)


def counties(
    document: Document,
    path: Path,
    *,
    indicator: str | None = None,
    lang: Lang = "zh",
    dpi: float = DPI,
) -> None:
    """One indicator by county, the highest first, beside the whole city and its targets.

    Args:
        document: A report's result.
        path: ``.png``, ``.pdf`` or ``.svg``.
        indicator: Its id; the first with counties by default.
        lang: Language.
        dpi: Of a PNG.

    Raises:
        InputError: If the indicator is not known by county, no Chinese font is
            found, or the file cannot be written.
    """
    found = [i for i in document.indicators if i.by_county]
    chosen = next((i for i in found if indicator in {None, i.id}), None)
    if chosen is None:
        raise InputError(
            Said(
                f"没有分县数据：{indicator or document.city.name}",
                "nothing is known by county",
            )
        )
    rows = sorted(chosen.by_county, key=lambda r: figures.exact(r.value) or -1, reverse=True)
    whole = figures.exact(chosen.value)
    with _chart(path, document, "counties", len(rows), lang, dpi, sub=chosen.name) as (
        sheet,
        axes,
    ):
        for place, row in enumerate(rows):
            value = figures.exact(row.value)
            axes.barh(
                place,
                float(value or 0),
                height=0.62,
                color=_BLUE,
                edgecolor=INK,
                linewidth=0.4,
                hatch=None if value is not None else "....",
            )
            axes.text(102, place, figures.pair(row, lang), va="center", size=7.5, clip_on=False)
        if whole is not None:
            axes.axvline(float(whole), color=INK, linewidth=1, linestyle="--")
            _flag(axes, float(whole), _WORDS["whole"].to(lang), INK)
        for one, said in chosen.numbers_due()[:1]:
            if one.value is not None and chosen.percent and one.value != whole:
                axes.axvline(float(one.value), color=ACCENT, linewidth=1.2)
                text = f"{_WORDS['target'].to(lang)} {said.target}"
                _flag(axes, float(one.value), text, ACCENT, low=True)
        axes.set_xlim(0, 100)
        _names(axes, [row.name for row in rows])
        axes.set_xticks(range(0, 101, 20), [f"{n}%" for n in range(0, 101, 20)])
        sheet.save(path, dpi=dpi)


def nearest(
    reaches: Sequence[tuple[str, Circles]],
    path: Path,
    *,
    lang: Lang = "zh",
    dpi: float = DPI,
) -> None:
    """Time to the nearest facility by percentile of people: the city, its counties pale.

    Args:
        reaches: Label and result of circles, one or before and after; counties
            are drawn where there is one only.
        path: ``.png``, ``.pdf`` or ``.svg``.
        lang: Language.
        dpi: Of a PNG.

    Raises:
        InputError: If nobody reaches any facility, no Chinese font is found,
            or the file cannot be written.
    """
    lines = [(label, *_curve(row)) for label, data in reaches for row in _city_rows(data)]
    _some([line for line in lines if line[1]])
    data = reaches[0][1]
    unit = "metres" if data.nearest[0].unit == "m" else "minutes"
    counties = [row for row in data.nearest if row.level == "county"]
    shown = [(row.name, *_curve(row)) for row in counties if len(reaches) == 1]
    with _chart(path, data, "nearest", 9, lang, dpi, sub=_asked(data, lang), names=False) as (
        sheet,
        axes,
    ):
        furthest = max(max(x) for _, x, _ in (*lines, *shown) if x)
        _pale(axes, [line for line in shown if line[1]], lines, furthest)
        looks = ((QUIET, "--", "s"), (_BLUE, "-", "o")) if len(lines) > 1 else ((_BLUE, "-", "o"),)
        for (label, x, y), (colour, style, mark) in zip(lines, looks, strict=False):
            axes.plot(
                x, y, style, color=colour, marker=mark, ms=4, linewidth=1.8, label=label, zorder=3
            )
            for at, percent in zip(x, y, strict=True):
                axes.annotate(
                    f"{at:,.0f}", (at, percent), (4, -9), textcoords="offset points", size=7
                )
        axes.set_ylim(0, 100)
        axes.set_xlabel(_WORDS[unit].to(lang), size=8)
        axes.set_ylabel(_WORDS["share"].to(lang), size=8)
        axes.grid(color="#e4e7eb", linewidth=0.6)
        axes.legend(loc="lower right", fontsize=8, frameon=False)
        sheet.save(path, dpi=dpi)


def _asked(reach: Circles, lang: Lang) -> str:
    """Which facilities, and how people travel."""
    from coverage.profiles import load_profile

    names = [KINDS[kind].zh if lang == "zh" else KINDS[kind].en for kind in reach.kinds]
    try:
        profile = load_profile(reach.profile)
    except InputError:
        way = reach.profile
    else:
        way = profile.zh if lang == "zh" else profile.en
    return f"{('、' if lang == 'zh' else ', ').join(names)} · {way}"


def _along(lines: Sequence[_Line], furthest: float) -> list[tuple[float, float, float, float]]:
    """Small boxes along the main lines, in millimetres of the axes, that no name may cover."""
    found = []
    for _, x, y in lines:
        for a, b, c, d in zip(x, x[1:], y, y[1:], strict=False):
            for step in range(21):
                at = (a + (b - a) * step / 20) / furthest * (WIDTH_MM - 24.0)
                up = (c + (d - c) * step / 20) / 100 * 9 * _ROW_MM
                found.append((at - 1, up - 1, at + 1, up + 1))
    return found


def _pale(axes: Any, lines: Sequence[_Line], main: Sequence[_Line], furthest: float) -> None:
    """Thin lines of the counties with their names at the upper ends, where there is room."""
    # Names are placed in millimetres of the axes.
    wide, high = WIDTH_MM - 24.0, 9 * _ROW_MM
    axes.set_xlim(0, furthest * 1.15)
    wanted = [
        labels.Label(
            name,
            x[-1] / (furthest * 1.15) * wide,
            y[-1] / 100 * high,
            em=6.3 * 25.4 / 72,
            gap=0.8,
        )
        for name, x, y in lines
    ]
    spots = labels.place(wanted, taken=_along(main, furthest * 1.15), within=(0, 0, wide, high))
    for (_, x, y), label, spot in zip(lines, wanted, spots, strict=True):
        axes.plot(x, y, color=BORDER, linewidth=0.8, alpha=0.8, zorder=1)
        if spot is not None:
            axes.text(
                spot[0] / wide,
                spot[1] / high,
                label.text,
                size=6.3,
                color=QUIET,
                ha="center",
                va="center",
                transform=axes.transAxes,
            )


def _city_rows(reach: Circles) -> list[NearestRow]:
    return [row for row in reach.nearest if row.level == "city" and row.code]


def _curve(row: NearestRow) -> tuple[list[float], list[float]]:
    """Minutes (or metres) and percent of people; percentiles that reach nothing are left out."""
    per = 1.0 if row.unit == "m" else 60.0
    found = [
        (float(value) / per, float(percent))
        for percent, value in row.percentiles.items()
        if value is not None
    ]
    return [x for x, _ in found], [y for _, y in found]


def before_after(
    before: Document,
    after: Document,
    path: Path,
    *,
    indicators: Sequence[str] = (),
    lang: Lang = "zh",
    dpi: float = DPI,
) -> None:
    """Indicators in percent before and after a scenario, with their targets.

    Args:
        before: A report's result.
        after: The same after the scenario.
        path: ``.png``, ``.pdf`` or ``.svg``.
        indicators: Ids; those that change by default, or all if none does.
        lang: Language.
        dpi: Of a PNG.

    Raises:
        InputError: If no indicator has both values, no Chinese font is found,
            or the file cannot be written.
    """
    found = pairs(before, after, indicators)
    _some(found)
    with _chart(path, before, "before_after", len(found), lang, dpi) as (sheet, axes):
        for row, (old, new) in enumerate(found):
            a, b = (float(figures.exact(i.value) or 0) for i in (old, new))
            axes.plot([0, 100], [row, row], color="#e4e7eb", linewidth=5, zorder=1)
            axes.annotate(
                "", (b, row), (a, row), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.3}
            )
            axes.plot(a, row, "s", ms=6, mfc="white", mec=QUIET, mew=1.3, zorder=3)
            axes.plot(b, row, "o", ms=7, mfc=_BLUE, mec=INK, mew=0.6, zorder=4)
            for one, _ in new.numbers_due()[:1]:
                aim = float(one.value or 0)
                axes.plot([aim, aim], [row - 0.35, row + 0.35], color=ACCENT, linewidth=2, zorder=2)
            text = " → ".join(figures.shown(i.value, lang, percent=True) for i in (old, new))
            axes.text(104, row, text, va="center", size=7.5, clip_on=False)
        axes.set_xlim(-1, 101)
        _names(axes, [old.name for old, _ in found])
        axes.set_xticks(range(0, 101, 20), [f"{n}%" for n in range(0, 101, 20)])
        _keys(axes, lang)
        sheet.save(path, dpi=dpi)


def pairs(
    before: Document, after: Document, ids: Sequence[str] = ()
) -> list[tuple[Indicator, Indicator]]:
    """What `before_after` draws: those asked for, else those that change, else all in percent."""
    later = {i.id: i for i in after.indicators}
    both = [
        (old, later[old.id])
        for old in before.indicators
        if old.id in later
        and old.percent
        and figures.exact(old.value) is not None
        and figures.exact(later[old.id].value) is not None
    ]
    if ids:
        return [(old, new) for old, new in both if old.id in ids]
    changed = [(old, new) for old, new in both if old.value != new.value]
    return changed or both


def _keys(axes: Any, lang: Lang) -> None:
    from matplotlib.lines import Line2D

    keys = [
        Line2D([], [], marker="s", mfc="white", mec=QUIET, linestyle="", ms=6),
        Line2D([], [], marker="o", mfc=_BLUE, mec=INK, linestyle="", ms=7),
        Line2D([], [], color=ACCENT, linewidth=2),
    ]
    names = [_WORDS[key].to(lang) for key in ("before", "after", "target")]
    axes.legend(
        keys, names, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=7.5, frameon=False
    )


class _chart:  # noqa: N801 -- reads as a function in a with statement
    """A sheet with a heading and one axes, in the settings that all pictures share."""

    def __init__(
        self,
        path: Path,
        document: Document | Circles,
        key: str,
        rows: int,
        lang: Lang,
        dpi: float,
        *,
        sub: str = "",
        names: bool = True,
    ) -> None:
        check_ending(path, PICTURES)
        self.document, self.key, self.lang = document, key, lang
        self.rows, self.sub, self.names = rows, sub, names
        self.settings = drawing(dpi=dpi)

    def __enter__(self) -> tuple[Sheet, Any]:
        self.settings.__enter__()
        lang = self.lang
        city, year = _city(self.document, lang), self.document.year
        sub = _WORDS[self.sub].to(lang) if self.sub in _WORDS else self.sub
        head = 19.0
        sheet = Sheet(WIDTH_MM, head + self.rows * _ROW_MM + 12.0)
        dash = "—" if lang == "zh" else ": "
        title = (
            f"{city}{_WORDS[self.key].to(lang)}"
            if lang == "zh"
            else f"{city}{dash}{_WORDS[self.key].to(lang)}"
        )
        sheet.text(
            4,
            4,
            f"{title}（{year} 年）" if lang == "zh" else f"{title} ({year})",
            size=12,
            bold=True,
        )
        if self.document.illustrative:
            mark = _WORDS["illustrative"].to(lang)
            sheet.text(WIDTH_MM - 4, 4.5, mark, size=8.5, colour=ACCENT, bold=True, right=True)
        if sub:
            sheet.text(4, 10.5, cut(sub, 92), size=8, colour=QUIET)
        left = 58.0 if self.names else 16.0
        right = 34.0 if self.names else 8.0
        axes = sheet.axes(left, head, WIDTH_MM - left - right, self.rows * _ROW_MM)
        axes.set_facecolor(PAPER if not self.names else "white")
        for side in ("top", "right", *(["left"] if self.names else [])):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=7.5, length=2)
        return sheet, axes

    def __exit__(self, *error: object) -> None:
        self.settings.__exit__(*error)  # type: ignore[arg-type]


def _city(result: Document | Circles, lang: Lang) -> str:
    if isinstance(result, Document):
        return result.city.name if lang == "zh" else result.city.english
    return result.city["name"]


def _names(axes: Any, names: Sequence[str]) -> None:
    """Names of rows at the left, the first on top, in at most two lines each."""
    axes.set_ylim(len(names) - 0.45, -0.55)
    said = []
    for name in names:
        lines = wrap(name, 38)
        said.append("\n".join([lines[0], cut("".join(lines[1:]), 38)]) if len(lines) > 1 else name)
    axes.set_yticks(range(len(names)), said, size=7.2)
    axes.tick_params(axis="y", length=0)


def _flag(axes: Any, x: float, text: str, colour: str, *, low: bool = False) -> None:
    """A word at the upper end of a vertical line; `low` sets it below the axis's first line."""
    side = "right" if x > 80 else "left"
    shift = -2 if side == "right" else 2
    axes.annotate(
        text,
        (x, -0.55),
        (shift, 9 if low else 1),
        textcoords="offset points",
        size=7,
        color=colour,
        ha=side,
        annotation_clip=False,
    )


def _some(rows: Sequence[Any]) -> None:
    if not rows:
        raise InputError(_WORDS["nothing"])
