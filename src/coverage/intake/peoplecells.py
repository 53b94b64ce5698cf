"""Cells that count people: which group a header means, and what a number says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from coverage.groups import GROUPS, ages_in, holds, tiles
from coverage.lists.spec import Spec, normal
from coverage.messages import Said
from coverage.packaged import packaged
from coverage.places.names import simplified
from coverage.population import MOST_PEOPLE, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.formats.grids import Cell

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
        year: Year that the header states, 0 where it states none.
        also: Places of further columns to add: women beside men.
    """

    index: int
    name: str
    group: str
    scale: int
    year: int = 0
    also: tuple[int, ...] = ()


class Meaning(NamedTuple):
    """What a header says: see `Column`. `weak` is 合计 alone, which may count anything."""

    group: str
    scale: int
    year: int = 0
    weak: bool = False


_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:年(?:年?[末底初]|度)?|(?!\d))")
_CENSUS = re.compile(r"第?([三四五六七八])(?:次(?:全国)?人?口?普查|普)")
_CENSUSES = {"三": 1982, "四": 1990, "五": 2000, "六": 2010, "七": 2020, "八": 2030}
_SEX = re.compile(r"(?:^|(?<=[/(\s]))([男女])(?:性|子)?(?=$|[/)\s]|人口|人数|小计|合计|\d)")
_TABLE = re.compile(r"\s*(?:续?表)?\s*\d{1,2}[-.]\d{1,3}\s+(?!周?岁)")  # 1-6 人口: a title
_PARTS = re.compile(r"[/()（）【】\[\]{}、，,:：;；|]")


@cache
def _words(name: str) -> re.Pattern[str]:
    """A pattern of any of the words of a list in ``words.toml``, the longest first."""
    listed = sorted(packaged("lists/words.toml")["people"][name].split(), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, listed)))


@cache
def meaning_of(header: str) -> Meaning | None:
    """Whom a header counts, in what unit and of which year; `None` if it counts nobody.

    A header of several levels is joined with "/": 合计, 其中 and the like take the meaning of
    what stands above them, ages and years are taken from wherever they stand, and any other
    word (男, 汉族, 占比, 户数) makes it something else than people of an age.
    """
    wide = simplified(unicodedata.normalize("NFKC", header)).lower()
    text = "" if _TABLE.match(wide) else "".join(wide.split())
    years: set[int] = set()
    group, scale, counts, total, old = "", 1, False, False, False
    for part in filter(None, _PARTS.split(re.sub(r"[(]含(?:\d+周?岁?)?[)]", "", text))):
        census = census_year(part)
        years |= {census, *map(int, _YEAR.findall(part))} - {0}
        rest = _YEAR.sub("", _CENSUS.sub("", part))
        if ages := ages_in(rest):
            if group and group != ages[0] and not holds(group, ages[0]):
                return None
            group, rest = ages
        scale = 10_000 if "万" in rest else scale
        old = old or bool(_words("aged").search(rest))
        rest = _words("aged").sub("", rest)
        counts = counts or bool(census or _words("counts").search(rest))
        total = total or bool(_words("totals").search(rest))
        for name in ("counts", "totals", "around"):
            rest = _words(name).sub("", rest)
        if normal(rest) or len(years) > 1:
            return None
    if not group and (old or not (counts or total)):
        return None  # 老年人口 without an age may be of any
    return Meaning(group or "all", scale, sum(years), weak=not (group or counts))


def census_year(text: str) -> int:
    """The year of the census that a text names, 0 if it names none."""
    found = _CENSUS.search(text)
    return _CENSUSES[found[1]] if found else 0


def _field(header: str) -> str | None:
    if meaning_of(header) or _of_sex(header):
        return "people"
    return "year" if "年" in header and _YEAR.fullmatch(header) else None


PEOPLE = Spec("people", "units", also=_field, keys=("name", "county", "code"), even=False)


def people_columns(
    columns: Sequence[str], titles: Sequence[str] = ()
) -> tuple[list[Column], list[str]]:
    """Columns that count people, and others that count the same and were left aside.

    Residents (常住) go before those registered (户籍), and a total of its own before 合计, which
    is everybody only where ages, sexes or a title say that people are counted. Where no header
    says whom it counts, years alone do if the title does.

    Args:
        columns: Their names.
        titles: What stands above the table, and what the sheet and the file are called.
    """
    meanings = {i: m for i, name in enumerate(columns) if name and (m := meaning_of(name))}
    about = " ".join(titles)
    sexes = {i: sex for i, name in enumerate(columns) if (sex := _of_sex(name))}
    told = any(_words(name).search(about) for name in ("counts", "aged"))
    told = told and not (_words("others").search(about) or _words("some").search(about))
    if _words("some").search(about):  # of 残疾人口 a number is everybody's only if it says so
        meanings = {i: m for i, m in meanings.items() if _words("whole").search(columns[i])}
        sexes = {}
    aged = any(m.group != "all" for m in meanings.values())
    if not (told or aged or sexes):
        meanings = {i: m for i, m in meanings.items() if not m.weak}
    if not meanings and told:
        meanings = {
            i: Meaning("all", 1, int(found[1]))
            for i, name in enumerate(columns)
            if (found := _YEAR.fullmatch("".join(name.split())))
        }
    taken: dict[tuple[str, int], Column] = {}
    aside = []
    for i in sorted(meanings, key=lambda i: (meanings[i].weak, "户籍" in columns[i], i)):
        group, scale, year, _ = meanings[i]
        if (group, year) in taken:
            aside.append(columns[i])
        else:
            taken[group, year] = Column(i, columns[i], group, scale, year)
    for column in _of_both(columns, sexes, told=told or bool(meanings)):
        taken.setdefault((column.group, column.year), column)
    return sorted(taken.values(), key=lambda c: c.index), aside


def _of_sex(name: str) -> tuple[str, Meaning] | None:
    """男 or 女, and whom a heading counts but for that."""
    text = simplified(unicodedata.normalize("NFKC", name))
    sex = _SEX.search(text)
    if sex is None:
        return None
    rest = text[: sex.start()] + text[sex.end() :]
    bare = not normal(rest)
    meaning = Meaning("all", 1, weak=True) if bare else meaning_of(rest.strip("/"))
    return (sex[1], meaning) if meaning else None


def _of_both(
    columns: Sequence[str], sexes: Mapping[int, tuple[str, Meaning]], *, told: bool
) -> list[Column]:
    """Men and women together, where both have a column: for tables without a total.

    Args:
        columns: All names.
        sexes: By place what `_of_sex` says.
        told: Whether it is known that the table counts people, for 男 and 女 alone.
    """
    pairs: dict[tuple[str, int, int], dict[str, int]] = {}
    for i, (sex, (group, scale, year, weak)) in sexes.items():
        if told or not weak:
            pairs.setdefault((group, scale, year), {}).setdefault(sex, i)
    return [
        Column(both["男"], columns[both["男"]], group, scale, year, (both["女"],))
        for (group, scale, year), both in pairs.items()
        if len(both) == 2
    ]


def with_tiles(figures: dict[str, int]) -> dict[str, int]:
    """Figures with those of the usual groups that others tile: 60+ of 60-64, 65-69 and 70+.

    Single years of age are for adding up and are no groups of their own.
    """
    added = dict(figures)
    for group in GROUPS:
        whole = "0+" if group == "all" else group
        if group not in figures and (parts := tiles(whole, figures)):
            added[group] = sum(figures[part] for part in parts)
    return {g: n for g, n in added.items() if g.partition("-")[0] != g.partition("-")[2]}


def disagreement(figures: dict[str, int]) -> Said | None:
    """Where the ages of a unit do not add up to what it says of everybody."""
    parts = tiles("0+", figures)
    total = sum(figures[part] for part in parts)
    if not parts or "all" not in figures or total == figures["all"]:
        return None
    return Said(
        f"各年龄段相加 {total:,}，合计 {figures['all']:,}",
        f"the ages add up to {total:,}, the total is {figures['all']:,}",
    )


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
