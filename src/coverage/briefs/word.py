"""The report as a Word document in the official style of GB/T 9704-2012 (公文格式).

A4, margins 37/35/28/26 mm, title in 小标宋 二号, body in 仿宋 三号 at 28 points,
headings in 黑体 and 楷体 as real heading styles (Word's navigation shows them),
page numbers “— 1 —”. Tables repeat their header row, rows do not break. Every
font is named for Chinese and for Latin text, with substitutes for machines
that lack it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Emu, Mm, Pt, RGBColor

from coverage.briefs.pages import Figure, Pages, embed
from coverage.results.table import STATUS_COLOURS, Table

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.briefs.texts import Block

BODY, TITLE, FIRST, SECOND = "仿宋", "方正小标宋简体", "黑体", "楷体"
LATIN = "Times New Roman"
# What a machine without the official fonts puts in their place.
_SUBSTITUTES = {
    BODY: "FangSong,仿宋_GB2312,STFangsong,Noto Serif CJK SC",
    TITLE: "SimSun,宋体,STSong,Noto Serif CJK SC",
    FIRST: "SimHei,STHeiti,Noto Sans CJK SC",
    SECOND: "KaiTi,楷体_GB2312,STKaiti,Noto Serif CJK SC",
}
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_TEXT_WIDTH = Mm(210 - 28 - 26)
_SIDES = {"serial": WD_ALIGN_PARAGRAPH.CENTER}


def write(path: Path, pages: Pages) -> None:
    """Write the report."""
    _Writer(pages).write(path)


class _Writer:
    """Writes blocks one after the other."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.zh = pages, pages.document.lang == "zh"
        self.doc = Document()
        self.annex = False

    def write(self, path: Path) -> None:
        _page(self.doc)
        _styles(self.doc, zh=self.zh)
        _fonts(self.doc)
        for block, name in self.pages.numbered():
            self._block(block, name)
        _numbers(self.doc, zh=self.zh)
        package = self.doc.part.package
        embed(
            self.doc.part,
            self.doc.core_properties,
            self.pages.document,
            lambda name, type_, blob: Part(PackURI(name), type_, blob, package),
        )
        self.doc.save(str(path))

    def _block(self, block: Block, name: str) -> None:
        body = "Brief Annex" if self.annex else "Normal"
        match block.kind:
            case "title":
                self.doc.add_paragraph(block.text, style="Title")
            case "heading":
                self._heading(block)
            case "small":
                self.doc.add_paragraph(block.text, style="Brief Small")
            case "table":
                self._table(self.pages.table(block), name)
            case "figure":
                self._figure(self.pages.figures[block.text], name)
            case "point" if self.annex:
                _runs(self.doc.add_paragraph(style=body), f"· {block.text}")
            case _:
                _runs(self.doc.add_paragraph(style=body), block.text)

    def _heading(self, block: Block) -> None:
        annex = block.level == 1 and block.text.startswith(("附", "Annex"))
        self.annex = self.annex or annex
        made = self.doc.add_heading(block.text, level=block.level)
        made.paragraph_format.page_break_before = annex or None

    def _table(self, table: Table, name: str) -> None:
        made = self.doc.add_paragraph(name + table.caption, style="Caption")
        made.paragraph_format.keep_with_next = True
        _grid(self.doc, table)
        self.doc.add_paragraph(table.note, style="Brief Note")

    def _figure(self, figure: Figure, name: str) -> None:
        made = self.doc.add_paragraph(style="Brief Figure")
        made.paragraph_format.keep_with_next = True
        width = min(_TEXT_WIDTH, Mm(figure.width_mm))
        shape = made.add_run().add_picture(str(figure.path), width=width)
        # The alternative text that a screen reader says in the place of a picture.
        shape._inline.docPr.set("descr", figure.caption)  # noqa: SLF001 -- no other way
        self.doc.add_paragraph(name + figure.caption, style="Caption")


def _runs(paragraph: Any, text: str) -> None:
    for index, part in enumerate(_BOLD.split(text)):
        if part:
            paragraph.add_run(part).bold = True if index % 2 else None


def _page(doc: Any) -> None:
    section = doc.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)


def _fonts(doc: Any) -> None:
    """Name the substitutes of each official font in the font table."""
    table = next(p for p in doc.part.package.iter_parts() if p.partname == "/word/fontTable.xml")
    entries = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/>'
        f'<w:family w:val="auto"/><w:pitch w:val="variable"/></w:font>'
        for name, others in _SUBSTITUTES.items()
    )
    table._blob = table.blob.replace(b"</w:fonts>", f"{entries}</w:fonts>".encode())  # noqa: SLF001


def _font(style: Any, chinese: str, size: float, *, bold: bool = False) -> None:
    style.font.name, style.font.size, style.font.bold = LATIN, Pt(size), bold
    style.font.italic = False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), chinese)


def _styles(doc: Any, *, zh: bool) -> None:
    styles = doc.styles
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    styles["Normal"].element.get_or_add_rPr().append(language)
    body = (16.0, 28.0) if zh else (11.0, 17.0)
    small = (10.5, 17.0) if zh else (9.5, 14.0)
    _paragraphs(styles["Normal"], BODY, *body, indent=2 if zh else 0)
    if not zh:
        styles["Normal"].paragraph_format.space_after = Pt(5)
    _title_style(styles["Title"])
    # Headings keep a little room above them; official style has none, a navigator's eye needs it.
    for level, (chinese, bold) in enumerate(
        ((FIRST, False), (SECOND, False), (BODY, True)), start=1
    ):
        style = styles[f"Heading {level}"]
        _paragraphs(
            style, chinese, *body, indent=2 if zh else 0, bold=bold or not zh, after=body[0] / 4
        )
        style.paragraph_format.keep_with_next = True
        style.paragraph_format.space_before = Pt(body[0] / 4)
    _paragraphs(styles["Caption"], FIRST, *small, centred=True)
    styles["Caption"].paragraph_format.space_before = Pt(6)
    for name, chinese, sizes, centred, indent in (
        ("Brief Small", SECOND, (14.0, 24.0) if zh else (10.0, 15.0), True, 0),
        ("Brief Annex", BODY, (12.0, 20.0) if zh else (9.5, 14.0), False, 2 if zh else 0),
        ("Brief Note", BODY, small, False, 0),
        ("Brief Cell", BODY, (10.5, 0.0) if zh else (9.0, 0.0), False, 0),
        ("Brief Figure", BODY, (10.5, 0.0), True, 0),
    ):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        _paragraphs(style, chinese, *sizes, centred=centred, indent=indent)


def _title_style(style: Any) -> None:
    _paragraphs(style, TITLE, 22, 34, centred=True)
    borders = style.element.pPr.find(qn("w:pBdr"))
    if borders is not None:
        style.element.pPr.remove(borders)
    style.paragraph_format.space_after = Pt(8)


def _paragraphs(
    style: Any,
    chinese: str,
    size: float,
    leading: float,
    *,
    centred: bool = False,
    indent: int = 0,
    bold: bool = False,
    after: float = 0,
) -> None:
    """Font and spacing of a style; `indent` in characters, `leading` 0 for single spacing."""
    _font(style, chinese, size, bold=bold)
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(0), Pt(after)
    form.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.JUSTIFY
    if leading:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(leading)
    else:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.SINGLE, 1.0
        form.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.LEFT
    form.first_line_indent = Pt(size * indent)
    ind = style.element.pPr.get_or_add_ind()
    ind.set(qn("w:firstLineChars"), str(100 * indent))


def _grid(doc: Any, table: Table) -> None:
    made = doc.add_table(rows=1 + len(table.rows), cols=len(table.columns))
    made.style = "Table Grid"
    made.alignment = WD_TABLE_ALIGNMENT.CENTER
    made.autofit = False
    total = sum(column.weight for column in table.columns)
    widths = [Emu(int(_TEXT_WIDTH * column.weight / total)) for column in table.columns]
    style = doc.styles["Brief Cell"].style_id
    for index, (row, texts) in enumerate(
        zip(made.rows, [table.heads, *table.texts()], strict=True)
    ):
        _whole(row, header=index == 0)
        runs = []
        for cell, text, width, column in zip(row.cells, texts, widths, table.columns, strict=True):
            cell.width = width
            paragraph = cell.paragraphs[0]
            paragraph._p.style = style  # noqa: SLF001 -- by name, all styles are read for each cell
            runs.append(paragraph.add_run(text))
            if index == 0:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                _shade(cell, "DCE6EE")
                runs[-1].bold = True
            elif column.kind != "text":
                paragraph.alignment = _SIDES.get(column.kind, WD_ALIGN_PARAGRAPH.RIGHT)
        colour = STATUS_COLOURS.get(table.mark(index - 1)) if index else None
        if colour:
            runs[-1].font.color.rgb = RGBColor.from_string(colour)
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width


def _whole(row: Any, *, header: bool) -> None:
    """A row that does not break over pages; the header stands on every page."""
    properties = row._tr.get_or_add_trPr()  # noqa: SLF001 -- python-docx has no other way
    properties.append(OxmlElement("w:cantSplit"))
    if header:
        properties.append(OxmlElement("w:tblHeader"))


def _shade(cell: Any, colour: str) -> None:
    fill = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{colour}"/>'
    cell._tc.get_or_add_tcPr().append(parse_xml(fill))  # noqa: SLF001


def _numbers(doc: Any, *, zh: bool) -> None:
    """Page numbers as “— 1 —”, centred."""
    paragraph = doc.sections[0].footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.first_line_indent = Pt(0)
    _font(doc.styles["Footer"], "宋体", 14 if zh else 10)
    paragraph.add_run("— ")
    run = paragraph.add_run()
    for kind, text in (("begin", ""), ("", " PAGE "), ("separate", ""), ("t", "1"), ("end", "")):
        if kind == "t":
            part = OxmlElement("w:t")
            part.text = text
        elif kind:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        else:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = text
        run._r.append(part)  # noqa: SLF001
    paragraph.add_run(" —")
