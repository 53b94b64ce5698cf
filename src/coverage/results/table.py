"""One table for every page: titled columns of typed cells, and how each kind of page prints them.

A maker says once what a row holds. The terminal, Markdown, CSV and HTML print
it here; Word, slides and workbooks do in `coverage.briefs`. A cell keeps its
exact number to the end: how it reads follows from the kind of its column.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from coverage.formats.tables import csv_text
from coverage.messages import Lang, Said
from coverage.results.vocabulary import HEADS
from coverage.text import number, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console
    from rich.table import Table as RichTable


WIDTH = 100
Kind = Literal["text", "serial", "count", "percent", "change", "decimal"]
JUDGED = ("met", "not_met", "contested")
STATUS_COLOURS = {
    "met": "1B7F5C",
    "not_met": "B3401F",
    "contested": "9A6B00",
    "undecided": "4A5A6A",
}
_STYLES = {"met": "green", "not_met": "red", "contested": "yellow", "undecided": "cyan"}
_KINDS: dict[str, Kind] = {
    "serial": "serial",
    "change": "change",
    "beds": "count",
    "nursing_beds": "count",
    "number": "count",
}
_NARROW = 3  # a page's table of up to four columns fits a phone as it is


class Noted(NamedTuple):
    """A cell with a second, fainter line: a name and its id."""

    text: str
    note: str


Cell: TypeAlias = "str | Said | Noted | Fraction | int | float | None"


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        head: Its heading, in both languages or as it is.
        kind: What its cells are, and so how they read.
        weight: Its share of the width of a page.
        width: Columns of text that it takes in a terminal, as many as it needs if 0.
        right: Whether it stands flush right; numbers do by default.
    """

    head: Said | str
    kind: Kind = "text"
    weight: float = 1.0
    width: int = 0
    right: bool | None = None

    @property
    def flush_right(self) -> bool:
        """Whether its cells stand at the right edge."""
        return self.kind != "text" if self.right is None else self.right


@dataclass(frozen=True)
class Table:
    """Rows under titled columns.

    Attributes:
        title: Caption, in both languages or as it is.
        columns: From left to right.
        rows: Cells, whose numbers are exact; `None` reads as a dash in a column of numbers.
        lang: Language in which it is printed.
        name: Name in templates.
        marks: By row, the status that colours its last cell; may be empty.
        note: A line below the table.
    """

    title: Said | str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    lang: Lang = "zh"
    name: str = ""
    marks: tuple[str, ...] = ()
    note: str = ""

    @property
    def caption(self) -> str:
        """The title in the table's language."""
        return _text(self.title, self.lang)

    @property
    def heads(self) -> list[str]:
        """The headings in the table's language."""
        return [_text(column.head, self.lang) for column in self.columns]

    def shown(self, row: int, column: int) -> str:
        """A cell as it is printed."""
        return shown(self.rows[row][column], self.columns[column].kind, self.lang)

    def texts(self) -> list[list[str]]:
        """Every row as it is printed."""
        return [
            [shown(c, column.kind, self.lang) for c, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]

    def mark(self, row: int) -> str:
        """The status that colours a row's last cell, empty for none."""
        return self.marks[row] if self.marks else ""

    def first(self, rows: int) -> Table:
        """The table with only its first rows."""
        return replace(self, rows=self.rows[:rows], marks=self.marks[:rows])


def named(**weights: float) -> tuple[Column, ...]:
    """Columns of `HEADS` by name, each with its share of the width of a page."""
    return tuple(Column(HEADS[n], _KINDS.get(n, "text"), w) for n, w in weights.items())


def columns(heads: Sequence[Said | str], sides: str) -> tuple[Column, ...]:
    """Columns by their headings; for each an ``l`` if it holds words, an ``r`` if figures."""
    return tuple(Column(head, right=side == "r") for head, side in zip(heads, sides, strict=True))


def _text(text: Said | str, lang: Lang) -> str:
    return text.to(lang) if isinstance(text, Said) else text


def shown(value: Cell, kind: Kind = "text", lang: Lang = "zh") -> str:
    """A number as planners print it; text as it is."""
    if value is None:
        return "" if kind == "text" else "—"
    if isinstance(value, Noted):
        return f"{value.text}\n{value.note}"
    if isinstance(value, str | Said):
        return _text(value, lang)
    exact = Fraction(value)
    if kind == "percent":
        return f"{number(exact)}%"
    if kind == "change":
        sign = "+" if exact > 0 else "−" if exact < 0 else ""
        return f"{sign}{number(abs(exact))}"
    return number(exact)


def plain(value: Fraction | float | None) -> float | int | None:
    """An exact number as the nearest JSON number; whole ones stay whole."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value


# The terminal.


def console(*, terminal: bool | None = None, file: io.TextIOBase | None = None) -> Console:
    """A console of 100 columns that writes no control codes into a pipe."""
    from rich.console import Console

    made = Console(file=file, force_terminal=terminal, highlight=False)  # type: ignore[arg-type]
    # Also on a narrower terminal: it then breaks lines, and nothing is lost.
    made.width = WIDTH
    return made


def printed(draw: Callable[[Console], None]) -> str:
    """What `draw` prints, as plain text for files."""
    out = io.StringIO()
    draw(console(terminal=False, file=out))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def say(
    to: Console,
    text: str,
    style: str = "",
    *,
    first: str = "",
    rest: str = "",
    columns: int = WIDTH - 4,
) -> None:
    """Print a text as wide as the tables, its lines begun with `first` and `rest`."""
    from rich.text import Text

    for index, line in enumerate(wrap(text, columns)):
        to.print(Text(f"{rest if index else first}{line}", style=style), soft_wrap=True)


def bullet(to: Console, text: str, style: str = "") -> None:
    """Print a remark as wide as the tables, its further lines indented."""
    say(to, text, style, first=" · ", rest="   ")


def to_rich(
    table: Table, *, edge: bool = False, padding: tuple[int, ...] = (0, 1, 0, 0)
) -> RichTable:
    """The table as a terminal shows it.

    Args:
        table: The table.
        edge: Whether an empty line stands above and below it.
        padding: Spaces around a cell: above, right, below, left.
    """
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    made = RichTable(
        title=table.caption or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=edge,
        padding=padding,  # type: ignore[arg-type]
        pad_edge=False,
    )
    for head, column in zip(table.heads, table.columns, strict=True):
        justify: Literal["left", "right"] = "right" if column.flush_right else "left"
        made.add_column(head, width=column.width or None, justify=justify, overflow="fold")
    for index, row in enumerate(table.rows):
        cells = []
        for cell, column in zip(row, table.columns, strict=True):
            text = shown(cell.text if isinstance(cell, Noted) else cell, column.kind, table.lang)
            cells.append(Text(_wrapped(text, column.width)))
            if isinstance(cell, Noted):
                cells[-1].append(f"\n{cell.note}", style="dim")
        if table.marks:
            cells[-1].stylize(_STYLES.get(table.mark(index), "dim"))
        made.add_row(*cells)
    return made


def _wrapped(text: str, width: int) -> str:
    """Lines of at most `width`, Latin words whole."""
    if not width:
        return text
    return "\n".join(line for part in text.split("\n") for line in wrap(part, width))


# Files.


def to_markdown(table: Table) -> list[str]:
    """The table as lines of Markdown."""
    sides = ["---:" if column.flush_right else "---" for column in table.columns]
    rows = [_markdown_row(row) for row in [table.heads, *table.texts()]]
    return [rows[0], f"|{'|'.join(sides)}|", *rows[1:]]


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(c.replace("\n", " ").replace("|", "\\|") for c in cells) + " |"


def to_csv(table: Table, *, bom: bool = False) -> str:
    """The table as CSV; numbers of kind ``decimal`` with four decimals, others with all."""
    rows = [
        [_csv_cell(c, at.kind, table.lang) for c, at in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    return csv_text(table.heads, rows, bom=bom)


def _csv_cell(cell: Cell, kind: Kind, lang: Lang) -> object:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, Noted | Said):
        return shown(cell, kind, lang)
    return number(Fraction(cell), 4).replace(",", "") if kind == "decimal" else plain(cell)


STATUS_STYLE = "td.status{font-weight:600;white-space:nowrap}" + "".join(
    f"td.{status}{{color:#{colour}}}" for status, colour in STATUS_COLOURS.items()
)


def to_html(table: Table, label: str = "") -> str:
    """The table as a page shows it, `label` before its title; `STATUS_STYLE` colours it."""
    heads = "".join(f"<th>{escape(head)}</th>" for head in table.heads)
    rows = []
    last = len(table.columns) - 1
    for row, texts in enumerate(table.texts()):
        marks = ["" if column.kind == "text" else ' class="n"' for column in table.columns]
        if table.mark(row) in STATUS_COLOURS:
            marks[last] = f' class="status {table.mark(row)}"'
        cells = "".join(
            f"<td{mark}>{escape(text)}</td>" for mark, text in zip(marks, texts, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    wide = ' class="wide"' if last > _NARROW else ""
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="scroll"><table id="t-{table.name}"{wide}><caption>{label}'
        f"{escape(table.caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}"
    )
