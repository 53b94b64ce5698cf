"""Charts of the slides as PowerPoint's own, with their numbers inside for editing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt

from coverage.messages import Said
from coverage.results.document import Document, known
from coverage.results.figures import between, ends, shown
from coverage.results.table import plain

if TYPE_CHECKING:
    from collections.abc import Sequence


NATIVE = ("headline", "targets", "counties")
_DONE, _OPEN, _AIM, _RANGE = "2F6DA3", "D9A066", "8A94A0", "1F2933"
_FONT = "微软雅黑"
_MOST = 10


def cards(document: Document) -> list[tuple[str, str, str]]:
    """The headline numbers: value, label, colour."""
    lang, values, first = document.lang, document.valued(), document.lead()
    met = sum(i.status == "met" for i in values)
    unmet = sum(i.status == "not_met" for i in values)
    made = [
        (str(len(values)), Said("项指标可测", "indicators with a value").to(lang), "1F4E79"),
        (str(met), Said("项已达标", "met").to(lang), "1B7F5C"),
        (str(unmet), Said("项未达标", "not met").to(lang), "B3401F"),
    ]
    if first is not None:
        made.append((first.shown.value.rsplit(" ", 1)[-1], first.short_name, "9A6B00"))
    return made


class Progress(NamedTuple):
    """A share, its target, and between what it lies, in percent.

    Attributes:
        name: Its name; with its figures where a line between what it lies takes their room.
        value: The share.
        aim: What it is to be, `None` where the plan has no number.
        low: No less, or likely no less.
        high: No more.
    """

    name: str
    value: float
    aim: float | None
    low: float
    high: float


def progress(document: Document) -> list[Progress]:
    """Share indicators that have a number and a target in force, or a likely range."""
    made = []
    for i in document.valued():
        value = known(i.value)
        aim = max((t.value for t, _ in i.due() if t.due and t.value is not None), default=None)
        if not i.percent or value is None or (aim is None and i.draws is None):
            continue
        low, high = ends(i) or (value, value)
        high = 100 if high is None else high
        aimed = None if aim is None else float(aim)
        name = i.short_name
        if low < high:
            name += f" {shown(i.value, document.lang, percent=True)}{between(i, document.lang)}"
        made.append(Progress(name, float(value), aimed, float(low), float(high)))
    return sorted(made, key=lambda one: one.aim is None)[:_MOST]


def add(slide: Any, name: str, document: Document, box: tuple[int, int, int, int]) -> None:
    """Draw a chart into a box (left, top, width, height in EMU) of a slide."""
    {"targets": _targets, "counties": _counties}[name](slide, document, box)


def _targets(slide: Any, document: Document, box: tuple[int, int, int, int]) -> None:
    rows = progress(document)[::-1]
    if not rows:
        return
    lang = document.lang
    data: Any = _data('0.0"%"')
    data.categories = [row.name for row in rows]
    aim = Said(f"{document.year} 年目标", f"target of {document.year}").to(lang)
    data.add_series(aim, [None if row.aim is None else round(row.aim, 4) for row in rows])
    data.add_series(Said("现状", "now").to(lang), [round(row.value, 4) for row in rows])
    ends = [round(row.high, 4) if row.low < row.high else None for row in rows]
    if any(end is not None for end in ends):
        data.add_series(Said("区间（粗线）", "range (line)").to(lang), ends)
    chart = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *box, data).chart
    _look(chart, (_AIM, _DONE, _RANGE), gap=55)
    chart.value_axis.maximum_scale, chart.value_axis.minimum_scale = 110, 0
    if not any(row.low < row.high for row in rows):
        return
    _, now, between = chart.plots[0].series
    _as_lines(between, rows)
    labels = now.data_labels
    labels.show_value, labels.font.size = True, Pt(13)
    labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for n, row in enumerate(rows):
        if row.low < row.high:  # its figures stand in its name
            now.points[n].data_label.text_frame.text = " "


def _as_lines(series: Any, rows: Sequence[Progress]) -> None:
    """Show a series of upper ends as lines from the lower ends: error bars of invisible bars."""
    series.format.fill.background()
    series.data_labels.show_value = False
    listed = "".join(
        f'<c:pt idx="{n}"><c:v>{row.high - row.low:.4f}</c:v></c:pt>'
        for n, row in enumerate(rows)
        if row.low < row.high
    )
    lengths = (
        "<c:numLit><c:formatCode>General</c:formatCode>"
        f'<c:ptCount val="{len(rows)}"/>{listed}</c:numLit>'
    )
    bars = parse_xml(
        f'<c:errBars {nsdecls("c", "a")}><c:errBarType val="minus"/><c:errValType val="cust"/>'
        f'<c:noEndCap val="1"/><c:minus>{lengths}</c:minus><c:spPr><a:ln w="63500" cap="flat">'
        f'<a:solidFill><a:srgbClr val="{_RANGE}"/></a:solidFill></a:ln></c:spPr></c:errBars>'
    )
    series._element.find(qn("c:cat")).addprevious(bars)  # noqa: SLF001


def _counties(slide: Any, document: Document, box: tuple[int, int, int, int]) -> None:
    first, lang = document.lead(), document.lang
    if first is None:
        return
    valued = [(value, c.code, c) for c in first.by_county if (value := known(c.value)) is not None]
    rows = [c for _, _, c in sorted(valued, key=lambda row: row[:2], reverse=True)]
    done = [known(c.numerator) or 0 for c in rows]
    data: Any = _data("#,##0")
    data.categories = [c.name for c in rows]
    data.add_series(Said("已覆盖", "covered").to(lang), [plain(n) for n in done])
    rest = [plain((known(c.denominator) or 0) - n) for c, n in zip(rows, done, strict=True)]
    data.add_series(Said("未覆盖", "missing").to(lang), rest)
    chart = slide.shapes.add_chart(XL_CHART_TYPE.BAR_STACKED, *box, data).chart
    _look(chart, (_DONE, _OPEN), gap=45)
    for plot in chart.plots:
        plot.overlap = 100


def _data(number_format: str) -> Any:
    made: Any = CategoryChartData
    return made(number_format=number_format)


def rgb(colour: str) -> Any:
    """A colour from its six hexadecimal digits."""
    made: Any = RGBColor
    return made.from_string(colour)


def _look(chart: Any, colours: Sequence[str], *, gap: int) -> None:
    chart.has_title = False
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.TOP
    chart.legend.include_in_layout = False
    chart.font.size, chart.font.name = Pt(14), _FONT
    _chinese(chart)
    chart.value_axis.has_major_gridlines = False
    chart.value_axis.visible = False
    chart.category_axis.format.line.color.rgb = rgb("B8C2CC")
    chart.category_axis.has_major_gridlines = False
    plot = chart.plots[0]
    plot.gap_width = gap
    plot.has_data_labels = True
    plot.data_labels.show_value = True
    plot.data_labels.font.size = Pt(13)
    stacked = chart.chart_type == XL_CHART_TYPE.BAR_STACKED
    plot.data_labels.position = (
        XL_LABEL_POSITION.CENTER if stacked else XL_LABEL_POSITION.OUTSIDE_END
    )
    for series, colour in zip(plot.series, colours, strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = rgb(colour)


def _chinese(chart: Any) -> None:
    """Name the font for Chinese text too, which python-pptx leaves to the theme."""
    for properties in chart._chartSpace.iter(qn("a:defRPr")):  # noqa: SLF001
        latin = properties.find(qn("a:latin"))
        if latin is not None and properties.find(qn("a:ea")) is None:
            latin.addnext(properties.makeelement(qn("a:ea"), {"typeface": _FONT}))
