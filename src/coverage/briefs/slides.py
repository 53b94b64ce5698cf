"""The slides: native tables and charts that can be edited, on the bureau's own template.

A template's own title, fonts and colours stay as they are; without one the
slides are 16:9 in the look of this module.
"""

from __future__ import annotations

import io
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE, PP_PLACEHOLDER
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from coverage.briefs import charts
from coverage.briefs.pages import Figure, Pages, embed
from coverage.errors import CoverageError, InputError, Problem
from coverage.formats.safety import open_package, read_bytes
from coverage.messages import Said
from coverage.results.table import STATUS_COLOURS, Table
from coverage.text import cut, width
from coverage.travel.off_road import REMEDY, STRAIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from coverage.briefs.texts import Block

FONT = "微软雅黑"
_INK, _HEAD, _SOFT, _TINT = "1D2733", "1F4E79", "5B6775", "EEF3F7"
# What a presentation may keep of its template.
_LOOKS = {
    *("slideMaster", "notesMaster", "handoutMaster", "theme", "tableStyles", "font"),
    *("presProps", "viewProps"),
}
_TITLES = {PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE}
_TWO_COLUMNS = 9  # rows from which a narrow table stands in two halves


@dataclass
class _Slide:
    """The blocks of one slide by kind."""

    title: str
    small: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    visuals: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class _Box:
    """A rectangle in EMU."""

    left: int
    top: int
    width: int
    height: int


def open_template(path: Path) -> Any:
    """A bureau's own presentation, of which masters and layouts are used.

    Raises:
        InputError: If it is not a presentation, or has no layout with a title.
    """
    with _usable(path):
        raw = read_bytes(path)
        open_package(raw, path.name).close()
        found = Presentation(io.BytesIO(raw))
        layouts = [layout for layout in found.slide_layouts if _has_title(layout)]
    if not layouts:
        reason = Said("模板中没有带标题的版式", "the template has no layout with a title")
        raise InputError(Problem(reason, path.name))
    return found


@contextmanager
def _usable(path: Path, but: type[Exception] = CoverageError) -> Iterator[None]:
    """What goes wrong with a template, as one sentence about it."""
    try:
        yield
    except (CoverageError, but):
        raise
    except Exception as error:
        # A broken package fails in a hundred ways, few of them named.
        reason = Said(
            "不是能用的 PowerPoint 模板（.pptx）",
            "the file is not a PowerPoint template that can be used ("
            f"{str(error)[:80] or type(error).__name__})",
        )
        raise InputError(Problem(reason, path.name)) from error


def _has_title(layout: Any) -> bool:
    return any(p.placeholder_format.type in _TITLES for p in layout.placeholders)


def write(path: Path, pages: Pages) -> None:
    """Write the slides; charts are drawn natively.

    Raises:
        InputError: If the template cannot be used.
    """
    with nullcontext() if pages.template is None else _usable(pages.template, OSError):
        _Deck(pages).write(path, _grouped(pages.slides))


def _grouped(blocks: Sequence[Block]) -> list[_Slide]:
    made: list[_Slide] = []
    for block in blocks:
        if block.kind == "title" or not made:
            made.append(_Slide(block.text))
        elif block.kind == "small":
            made[-1].small.append(block.text)
        elif block.kind in {"table", "figure"}:
            made[-1].visuals.append(block)
        else:
            made[-1].points.append(block.text.replace("**", ""))
    return made


class _Deck:
    """One presentation under construction."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.document, template = pages, pages.document, pages.template
        self.own = template is None
        self.deck: Any = _blank() if template is None else open_template(template)
        _empty(self.deck)
        self.width: int = self.deck.slide_width
        self.height: int = self.deck.slide_height

    def write(self, path: Path, slides: Sequence[_Slide]) -> None:
        for index, slide in enumerate(slides):
            made = self._cover(slide) if index == 0 else self._page(slide, index + 1)
            if slide.small:
                made.notes_slide.notes_text_frame.text = "\n".join(slide.small)
        package = self.deck.part.package
        embed(
            self.deck.part,
            self.deck.core_properties,
            self.document,
            lambda name, type_, blob: Part(PackURI(name), type_, package, blob),
        )
        self.deck.save(str(path))

    def _layout(self, *, cover: bool) -> Any:
        """The cover layout, or the one with a title and the fewest other places."""
        layouts = [layout for layout in self.deck.slide_layouts if _has_title(layout)]
        if cover:
            return layouts[0]
        return min(layouts[1:] or layouts, key=lambda layout: len(list(layout.placeholders)))

    def _add(self, *, cover: bool) -> Any:
        slide = self.deck.slides.add_slide(self._layout(cover=cover))
        for shape in list(slide.placeholders):
            kind = shape.placeholder_format.type
            wanted = kind in _TITLES or (cover and kind == PP_PLACEHOLDER.SUBTITLE)
            if not wanted:
                shape._element.getparent().remove(shape._element)  # noqa: SLF001
        return slide

    def _cover(self, content: _Slide) -> Any:
        slide = self._add(cover=True)
        slide.shapes.title.text_frame.text = content.title
        subtitle = next(
            (s for s in slide.placeholders if s.placeholder_format.type == PP_PLACEHOLDER.SUBTITLE),
            None,
        )
        if self.own:
            self._paint_cover(slide, subtitle)
        if subtitle is not None:
            subtitle.text_frame.text = "\n".join(content.small)
            size = 20 if self.own else None
            for paragraph in subtitle.text_frame.paragraphs:
                if self.own:
                    paragraph.alignment = PP_ALIGN.LEFT
                _style(paragraph, size=size, colour=_SOFT if self.own else None)
        _style(
            slide.shapes.title.text_frame.paragraphs[0],
            size=40 if self.own else None,
            colour=_HEAD if self.own else None,
            bold=self.own or None,
        )
        return slide

    def _paint_cover(self, slide: Any, subtitle: Any) -> None:
        _rectangle(slide, _Box(0, 0, self.width, int(self.height * 0.06)), _HEAD)
        _rectangle(
            slide,
            _Box(int(self.width * 0.08), int(self.height * 0.56), Inches(1.6), Inches(0.06)),
            "C8792B",
        )
        left, width = int(self.width * 0.08), int(self.width * 0.84)
        _place(slide.shapes.title, _Box(left, int(self.height * 0.3), width, Inches(1.7)))
        slide.shapes.title.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM
        slide.shapes.title.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
        if subtitle is not None:
            _place(subtitle, _Box(left, int(self.height * 0.6), width, Inches(1.6)))

    def _page(self, content: _Slide, number: int) -> Any:
        slide = self._add(cover=False)
        title = slide.shapes.title
        title.text_frame.text = content.title
        if self.own:
            _place(title, _Box(Inches(0.6), Inches(0.35), self.width - Inches(1.2), Inches(0.9)))
            title.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
            title.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
            _rectangle(slide, _Box(0, Inches(0.45), Inches(0.18), Inches(0.7)), _HEAD)
        _style(
            title.text_frame.paragraphs[0],
            size=28 if self.own else None,
            colour=_HEAD if self.own else None,
            bold=self.own or None,
        )
        top = title.top + title.height + Inches(0.1)
        foot = Inches(0.55)
        side = int(self.width * 0.045)
        body = _Box(side, top, self.width - 2 * side, self.height - top - foot)
        self._body(slide, content, body)
        straight = STRAIGHT.to(self.document.lang)
        if any(straight in text for shape in slide.shapes for text in _texts(shape)):
            content.small.append(REMEDY.to(self.document.lang))
        self._foot(slide, content, number, _Box(side, self.height - foot, body.width, foot))
        return slide

    def _body(self, slide: Any, content: _Slide, box: _Box) -> None:
        if not content.visuals:
            self._points(slide, content.points, box, size=24)
            return
        share = 0.58 if content.points else 1.0
        upper = _Box(box.left, box.top, box.width, int(box.height * share))
        each = upper.width // len(content.visuals)
        for index, block in enumerate(content.visuals):
            place = _Box(upper.left + index * each, upper.top, each - Inches(0.1), upper.height)
            self._visual(slide, block, place)
        if content.points:
            top = upper.top + upper.height + Inches(0.15)
            rest = box.height - upper.height - Inches(0.15)
            self._points(slide, content.points, _Box(box.left, top, box.width, rest), size=18)

    def _visual(self, slide: Any, block: Block, box: _Box) -> None:
        if block.kind == "table":
            self._table(slide, self.pages.table(block), box)
        elif block.text in self.pages.figures and block.text not in charts.NATIVE:
            self._picture(slide, self.pages.figures[block.text], box)
        elif block.text == "headline":
            self._cards(slide, charts.cards(self.document), box)
        else:
            charts.add(slide, block.text, self.document, (box.left, box.top, box.width, box.height))

    def _picture(self, slide: Any, figure: Figure, box: _Box) -> None:
        shape = slide.shapes.add_picture(str(figure.path), box.left, box.top, height=box.height)
        if shape.width > box.width:
            shape.height = int(shape.height * box.width / shape.width)
            shape.width = box.width
        shape.left = box.left + (box.width - shape.width) // 2
        shape._element._nvXxPr.cNvPr.set("descr", figure.caption)  # noqa: SLF001

    def _points(self, slide: Any, points: Sequence[str], box: _Box, *, size: int) -> None:
        if not points:
            return
        frame = slide.shapes.add_textbox(box.left, box.top, box.width, box.height).text_frame
        frame.word_wrap = True
        high, wide = box.height / Pt(1), box.width / Pt(1)
        while size > 12 and _height(points, wide, size) > high:
            size -= 1
        for index, point in enumerate(points):
            paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            paragraph.text = f"•  {point}"
            paragraph.space_after = Pt(size * 0.45)
            _style(paragraph, size=size, colour=_INK if self.own else None)

    def _cards(self, slide: Any, cards: Sequence[tuple[str, str, str]], box: _Box) -> None:
        gap = Inches(0.25)
        width = (box.width - gap * (len(cards) - 1)) // len(cards)
        height = min(box.height, Inches(2.4))
        for index, (value, label, colour) in enumerate(cards):
            place = _Box(box.left + index * (width + gap), box.top + Inches(0.1), width, height)
            shape = _rectangle(slide, place, _TINT)
            frame = shape.text_frame
            frame.word_wrap = True
            frame.vertical_anchor = MSO_ANCHOR.MIDDLE
            frame.paragraphs[0].text = value
            frame.paragraphs[0].alignment = PP_ALIGN.CENTER
            _style(frame.paragraphs[0], size=44, colour=colour, bold=True)
            below = frame.add_paragraph()
            below.text = label
            below.alignment = PP_ALIGN.CENTER
            _style(below, size=16, colour=_SOFT)

    def _table(self, slide: Any, table: Table, box: _Box) -> None:
        narrow = len(table.columns) <= 4 and len(table.rows) > _TWO_COLUMNS
        if not narrow:
            self._grid(slide, table, 0, len(table.rows), box)
            return
        half = -(-len(table.rows) // 2)
        width = (box.width - Inches(0.4)) // 2
        self._grid(slide, table, 0, half, _Box(box.left, box.top, width, box.height), half)
        left = box.left + width + Inches(0.4)
        place = _Box(left, box.top, width, box.height)
        self._grid(slide, table, half, len(table.rows), place, half)

    def _grid(
        self, slide: Any, table: Table, first: int, last: int, box: _Box, rows: int | None = None
    ) -> None:
        rows = (rows or last - first) + 1
        height = min(box.height // rows, Inches(0.5))
        size = _fitting(table, box.width / Pt(1), max(9, min(15, int(height / Pt(1) * 0.44))))
        shape = slide.shapes.add_table(
            last - first + 1, len(table.columns), box.left, box.top, box.width, height
        )
        grid = shape.table
        total = sum(column.weight for column in table.columns)
        for index, column in enumerate(table.columns):
            grid.columns[index].width = Emu(int(box.width * column.weight / total))
        for row, texts in enumerate([table.heads, *table.texts()[first:last]]):
            grid.rows[row].height = height
            for index, (text, column) in enumerate(zip(texts, table.columns, strict=True)):
                cell = grid.cell(row, index)
                room = _room(grid.columns[index].width / Pt(1), size)
                cell.text_frame.text = cut(_one_line(text), max(room, 6))
                colour = _INK if row else "FFFFFF"
                if row and table.marks and index == len(table.columns) - 1:
                    colour = STATUS_COLOURS.get(table.mark(first + row - 1), _SOFT)
                _cell(cell, size, colour, header=row == 0, stripe=row % 2 == 0)
                if row and column.kind != "text":
                    side = PP_ALIGN.CENTER if column.kind == "serial" else PP_ALIGN.RIGHT
                    cell.text_frame.paragraphs[0].alignment = side

    def _foot(self, slide: Any, content: _Slide, number: int, box: _Box) -> None:
        mark = Said("含示意数据，数字不得引用", "illustrative data, do not quote")
        marks = [mark.to(self.document.lang)] if self.document.illustrative else []
        parts = [*content.small, *marks]
        frame = slide.shapes.add_textbox(
            box.left, box.top, box.width - Inches(0.8), box.height
        ).text_frame
        frame.word_wrap = True
        frame.paragraphs[0].text = "　".join(parts)
        _style(frame.paragraphs[0], size=12, colour=_SOFT if self.own else None)
        right = slide.shapes.add_textbox(
            box.left + box.width - Inches(0.7), box.top, Inches(0.7), box.height
        ).text_frame
        right.paragraphs[0].text = str(number)
        right.paragraphs[0].alignment = PP_ALIGN.RIGHT
        _style(right.paragraphs[0], size=12, colour=_SOFT if self.own else None)


def _texts(shape: Any) -> Iterator[str]:
    """Every word that a shape shows: of a picture its description."""
    if shape.has_text_frame:
        yield shape.text_frame.text
    elif shape.has_table:
        yield from (cell.text_frame.text for row in shape.table.rows for cell in row.cells)
    elif shape.has_chart:
        yield from (str(label) for plot in shape.chart.plots for label in plot.categories)
    else:
        yield shape._element._nvXxPr.cNvPr.get("descr", "")  # noqa: SLF001


def _one_line(text: str) -> str:
    return text.replace("\n", "；").strip("；")


def _room(points: float, size: int) -> int:
    """Columns of text (`coverage.text.width`) that a cell of so many points takes in one line."""
    return int(points / size * 1.75) - 2


def _height(points: Sequence[str], wide: float, size: int) -> float:
    """Points of height that so many points of width need at a size of text."""
    lines = sum(-(-(width(point) + 4) * size // (2 * wide * 0.95)) for point in points)
    return lines * size * 1.35 + len(points) * size * 0.45


def _fitting(table: Table, points: float, size: int) -> int:
    """The largest size of at most `size`, and at least 12, at which no cell is cut."""
    total = sum(column.weight for column in table.columns)
    for smaller in range(size, 12, -1):
        if all(
            width(_one_line(text)) <= _room(points * column.weight / total, smaller)
            for texts in (table.heads, *table.texts())
            for column, text in zip(table.columns, texts, strict=True)
        ):
            return smaller
    return min(size, 12)


def _blank() -> Any:
    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    return deck


def _empty(deck: Any) -> None:
    """Leave of a template but its looks: no slides, and nothing of who made or used it.

    That is its properties and its company, who commented and changed what, the names of sections
    and of a printer, a picture of its first slide, and whatever add-ins put there.
    """
    part, package = deck.part, deck.part.package._rels  # noqa: SLF001 -- python-pptx drops no parts
    gone = {name for name, rel in part.rels.items() if _last(rel.reltype) not in _LOOKS}
    for element in list(deck.element.iter()):
        lists_them = element.tag.endswith("}extLst") and element.getparent() is deck.element
        if lists_them or element.get(qn("r:id")) in gone:
            element.getparent().remove(element)
    for name in gone:
        part.rels.pop(name)
    for name, rel in list(package.items()):
        if _last(rel.reltype) != "officeDocument":
            package.pop(name)


def _last(reltype: str) -> str:
    return reltype.rpartition("/")[2]


def _place(shape: Any, box: _Box) -> None:
    shape.left, shape.top, shape.width, shape.height = box.left, box.top, box.width, box.height


def _rectangle(slide: Any, box: _Box, colour: str) -> Any:
    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, box.left, box.top, box.width, box.height)
    shape.fill.solid()
    shape.fill.fore_color.rgb = charts.rgb(colour)
    shape.line.fill.background()
    shape.shadow.inherit = False
    return shape


def _style(
    paragraph: Any, *, size: int | None, colour: str | None, bold: bool | None = None
) -> None:
    """Font of a paragraph's runs, Chinese and Latin alike; `None` leaves the template's."""
    for run in paragraph.runs:
        if size is not None:
            run.font.size = Pt(size)
            run.font.name = FONT
            properties = run._r.get_or_add_rPr()  # noqa: SLF001 -- no other way to the Chinese font
            chinese = properties.find(qn("a:ea"))
            if chinese is None:
                chinese = properties.makeelement(qn("a:ea"), {})
                properties.find(qn("a:latin")).addnext(chinese)
            chinese.set("typeface", FONT)
        if colour is not None:
            run.font.color.rgb = charts.rgb(colour)
        if bold is not None:
            run.font.bold = bold


def _cell(cell: Any, size: int, colour: str, *, header: bool, stripe: bool) -> None:
    cell.margin_top = cell.margin_bottom = Inches(0.02)
    cell.margin_left = cell.margin_right = Inches(0.07)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.fill.solid()
    fill = _HEAD if header else _TINT if stripe else "FFFFFF"
    cell.fill.fore_color.rgb = charts.rgb(fill)
    _style(cell.text_frame.paragraphs[0], size=size, colour=colour, bold=header)
