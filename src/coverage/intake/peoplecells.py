"""Cells that count people: which group a header means, and what a number says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.messages import Said
from coverage.population import MOST_PEOPLE, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.formats.grids import Cell

_FROM = re.compile(r"(\d{2,3})(?:周?岁)?(?:及以上|以上|\+|≥|含以上)|≥(\d{2,3})")
_BETWEEN = re.compile(r"(\d{1,3})(?:周?岁)?[-~至到—–～](\d{1,3})")
_ALL = re.compile(
    r"(总|常住|户籍|年末|总计|全部)*人口(总?数|总量|合计)?|总人数|人数|people|pop|population|total|all"
)
_LONGEST = 40  # characters of a number that anybody writes
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Column:
    """A column that counts people.

    Attributes:
        index: Place in the row.
        name: As written.
        group: Whom it counts.
        scale: People that one stands for: 10,000 where the header says 万人.
    """

    index: int
    name: str
    group: str
    scale: int


def group_of(header: str) -> tuple[str, int] | None:
    """Whom a column counts and in what unit: ``60岁及以上（万人）`` is (``60+``, 10000).

    Shares, growth and the like count nobody.
    """
    text = unicodedata.normalize("NFKC", header).lower().replace(" ", "").rpartition("/")[2]
    if re.search(
        r"占比|比例|比重|比率|%|率|增长|密度|户数|性别|男|女|流动|外来|城镇|乡村|农业", text
    ):
        return None
    scale = 10_000 if "万" in text else 1
    body = re.sub(r"[（(【\[].*?[)）】\]]", "", text) or text
    if match := _BETWEEN.search(text):
        first, last = int(match[1]), int(match[2])
        return (f"{first}-{last}", scale) if first < last else None
    if match := _FROM.search(text):
        return f"{int(match[1] or match[2])}+", scale
    return ("all", scale) if _ALL.fullmatch(body.removesuffix("万人").removesuffix("人")) else None


def people_columns(columns: Sequence[str]) -> tuple[list[Column], list[str]]:
    """Columns that count people, and others that count the same and were left aside.

    Residents (常住) go before those registered (户籍).
    """
    found: dict[str, Column] = {}
    aside = []
    order = sorted(range(len(columns)), key=lambda i: ("户籍" in columns[i], i))
    for i in order:
        group = group_of(columns[i]) if columns[i] else None
        if group is None:
            continue
        if group[0] in found:
            aside.append(columns[i])
        else:
            found[group[0]] = Column(i, columns[i], *group)
    return sorted(found.values(), key=lambda c: c.index), aside


def contradiction(figures: dict[str, int]) -> Said | None:
    """Why figures of one unit cannot all be right, or `None`."""
    for part, whole in (
        *((g, "all") for g in figures if g != "all"),
        *(("65+", "60+"), ("80+", "65+"), ("80+", "60+")),
    ):
        if part in figures and whole in figures and figures[part] > figures[whole]:
            return Said(
                f"{part} 的人数多于 {whole}", f"there are more people of {part} than of {whole}"
            )
    return None


def count_in(cell: Cell, scale: int) -> tuple[int | None, Said | None, Said | None]:
    """A number of people, how the cell was put right, and what is wrong with it."""
    if cell is None or (isinstance(cell, str) and cell.strip() in {"", "-", "—", "/", "无"}):
        return None, None, None
    said = None
    text = str(cell)
    if isinstance(cell, str):
        text = unicodedata.normalize("NFKC", cell).strip().lstrip("'")
        if text.endswith("万人") or (text.endswith("万") and scale == 1):
            scale = 10_000
        text = re.sub(r"[,\s]|万?人$|万$", "", text)
        if text != cell.strip():
            said = Said(f"“{cell.strip()}” 读作 {text}", f"'{cell.strip()}' read as {text}")
    if isinstance(cell, bool) or len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None, None, Said(f"“{cell}” 不是人数", f"'{cell}' is no number of people")
    value = Fraction(text) * scale
    if not 0 <= value <= MOST_PEOPLE:
        return None, None, Said("人数为负", "the number is negative") if value < 0 else TOO_MANY
    if value.denominator != 1:
        if scale == 1:
            return None, None, Said(f"{text} 不是整数", f"{text} is not a whole number")
        value = Fraction(round(value))
    if scale > 1:
        said = Said(
            f"{text} 万人读作 {int(value):,}", f"{text} ten thousand read as {int(value):,}"
        )
    return int(value), said, None
