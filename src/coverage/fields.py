"""Fields that a person filled in, read strictly: every slip is kept and told, none is met alone.

`Fields` reads the keys of a TOML or JSON table, `Cells` the cells of a row
of a CSV file. Both know where they stand, so that each complaint names file,
row, column and value; a key that nobody asked for is a complaint too, with
the known key that it is most like.

Example:
    >>> fields = Fields({"beds": "many", "kidn": "day_care"}, [])
    >>> fields.whole("beds"), fields.text("kind", needed=True), fields.finish()
    (None, '', None)
    >>> print(*fields.problems, sep=chr(10))
    column beds, value 'many': 应为整数 · this is not a whole number
    column kind: 缺这一项，应为文字 · this is missing: a text is needed
    column kidn, value 'day_care': 没有这个字段，是否为“kind” · unknown key; did you mean kind?
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.toml import load_toml
from coverage.messages import Said
from coverage.nearest import nearest
from coverage.text import cut, unseen

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.formats.tables import Record

TEXT = Said("文字", "a text")
NUMBER = Said("数字", "a number")
WHOLE = Said("整数", "a whole number")
DEGREES = Said("数字（度）", "a number of degrees")

_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?")
_SEPARATORS = re.compile(r"[;；,，、|/\s]+")
_SHOWN = 60  # columns of a value in a complaint
_FEW = 8  # fewer known words than these are all listed
_DIGITS = 30  # before or after the point: more is a slip, and exact fractions of it would not end
_STANDS = object()  # the value that stands in the file


def parse_day(text: str) -> date | None:
    """The day that `text` names, the first of a bare year or month, `None` if it names none."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None


def words_in(text: str) -> list[str]:
    """The words of a cell or option that lists several, whatever parts them."""
    return [word for word in _SEPARATORS.split(text) if word]


def hint(word: str, known: Iterable[str]) -> Said:
    """The known words most like `word`, else the first few known, to be put after a complaint."""
    words = list(dict.fromkeys(known))
    if near := nearest(word, words):
        listed = "、".join(f"“{one}”" for one in near)
        return Said(f"，是否为{listed}", f"; did you mean {' or '.join(near)}?")
    if not words:
        return Said("", "")
    shown = words if len(words) <= _FEW else [*words[:3], "…"]
    return Said(f"，可用：{'、'.join(shown)}", f"; known: {', '.join(shown)}")


def unknown(what: Said, word: str, known: Iterable[str]) -> Said:
    """That a word is none of those known, with those most like it.

    Args:
        what: What it should name, in Chinese with its measure word: ``这种设施``, ``kind``.
        word: The word.
        known: Those known.
    """
    return Said(f"没有{what.zh}", f"the {what.en} is not known").then(hint(word, known))


def read_toml(path: Path, *, loose: bool = False) -> Fields:
    """The fields of a TOML file; numbers with a point are exact decimals.

    Args:
        path: The file.
        loose: As of `Fields`.

    Raises:
        InputError: If the file cannot be read, or is not TOML.
    """
    data, lines = load_toml(path)
    return Fields(data, [], file=path.name, loose=loose, lines=lines)


class Fields:
    """The fields of one table, asked for by key; what is wrong with them goes to `problems`.

    Whatever a field holds, asking for it never raises: a field that cannot
    be used counts as not given, once it has been complained of.

    Args:
        data: The values by key.
        problems: Where complaints go.
        file: Name of the file, if there is one.
        row: Row or line on which the table begins, as an editor counts.
        prefix: What stands before a key to name it: ``speed.``, ``[[add]] 2``.
        loose: Whether a number will do where a text is needed: codes need no quotes then.
        lines: Lines on which tables begin, by their names, if they are known.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        problems: list[Problem],
        *,
        file: str | None = None,
        row: int | None = None,
        prefix: str = "",
        loose: bool = False,
        lines: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.data, self.problems, self.file, self.row = data, problems, file, row
        self.prefix, self.loose, self._lines = prefix, loose, lines or {}
        self._asked: dict[str, None] = {}
        self._inside: list[Fields] = []

    @property
    def label(self) -> str:
        """How the table is named in a sentence: ``[[close]] 2``."""
        return self.prefix.rstrip(" .")

    def bad(self, key: str, reason: Said, value: object = _STANDS) -> None:
        """Keep a complaint about one field, or about the whole table if `key` is empty."""
        shown = self.data.get(key) if value is _STANDS else value
        column = f"{self.prefix}{key}" if key else self.label
        said = None
        if not (shown is None or isinstance(shown, Mapping | list)):
            said = cut(_plain(shown), _SHOWN)
        self.problems.append(Problem(reason, self.file, self.row, column or None, said))

    def check(self) -> None:
        """Raise what has been kept, with the keys that nobody asked for.

        Raises:
            InputError: With every problem, in the order of the file.
        """
        self.finish()
        if self.problems:
            raise InputError(sorted(self.problems, key=lambda p: p.row or 0))

    def finish(self) -> None:
        """Complain of fields that nobody asked for: slips that would be ignored in silence."""
        for key in self.data:
            if key not in self._asked:
                near = hint(key, nearest(key, self._asked))
                self.bad(key, Said("没有这个字段", "unknown key").then(near))
        for table in self._inside:
            table.finish()

    # What stands there.

    def has(self, key: str) -> bool:
        """Whether the field is given."""
        return self.get(key) is not None

    def get(self, key: str) -> Any:
        """The field as it stands, `None` if it is not given."""
        self._asked[key] = None
        return self.data.get(key)

    def _missing(self, what: Said) -> Said:
        return Said(f"缺这一项，应为{what.zh}", f"this is missing: {what.en} is needed")

    def _absent(self, key: str, what: Said, *, needed: bool) -> bool:
        if self.has(key):
            return False
        if needed:
            self.bad(key, self._missing(what))
        return True

    # Texts.

    def text(self, key: str, default: str = "", *, needed: bool = False) -> str:
        """A text without blanks at its ends."""
        value = self.get(key)
        if isinstance(value, str) and (found := value.strip()):
            if (reason := unseen(found)) is None:
                return found
            self.bad(key, reason)
            return default
        if self._absent(key, TEXT, needed=needed):
            return default
        number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if self.loose and number:
            return _plain(value)
        if not isinstance(value, str):
            self.bad(key, Said("应为文字", "a text is needed here"))
            return default
        if needed:
            self.bad(key, Said("不能为空", "this must not be empty: a text is needed"))
        return ""

    def choice(
        self,
        key: str,
        known: Collection[str],
        default: str = "",
        *,
        what: Said,
        aliases: Mapping[str, str] | None = None,
        needed: bool = False,
    ) -> str:
        """A word of a fixed list, or what another name for it stands for.

        Args:
            key: The field.
            known: The list.
            default: Where nothing is given, or nothing that is known.
            what: What the word names, as `unknown` takes it.
            aliases: Words of the list by their other names.
            needed: Whether it must be given.
        """
        word = self.text(key, default, needed=needed)
        found = (aliases or {}).get(word, word)
        for value in (found, found.lower()):
            if value in known or (value == default and not needed):
                return value
        if word:
            listed = list(known)
            if len(listed) > _FEW:
                reason = unknown(what, word, {**(aliases or {}), **dict.fromkeys(listed)})
            else:
                reason = Said(
                    f"没有{what.zh}，可用：{'、'.join(listed)}",
                    f"the {what.en} is not known: it must be one of {', '.join(listed)}",
                )
            self.bad(key, reason)
        return default

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts, each once."""
        value = [] if self._absent(key, TEXT, needed=False) else self.data[key]
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(dict.fromkeys(one.strip() for one in value if one.strip()))
        self.bad(key, Said('应为文字列表，如 ["全托", "日托"]', "a list of texts is needed"))
        return ()

    def flag(self, key: str) -> bool:
        """True or false; false where nothing is given."""
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.bad(key, Said("应为 true 或 false", "this must be true or false"))
        return value is True

    # Numbers.

    def number(
        self,
        key: str,
        *,
        least: float | None = None,
        above: float | None = None,
        most: float | None = None,
        needed: bool = False,
        what: Said = NUMBER,
    ) -> Fraction | None:
        """A number, exact.

        Args:
            key: The field.
            least: It must not be below this.
            above: It must be above this.
            most: It must not be above this.
            needed: Whether it must be given.
            what: What kind of number, for the complaint.
        """
        if self._absent(key, what, needed=needed):
            return None
        exact = self._exact(self.data[key])
        if exact is None:
            reason = Said(f"应为{what.zh}", f"this is not {what.en}")
        elif isinstance(exact, Decimal) and not exact.is_finite():
            reason = Said("不是有限的数", "this is not a finite number")
        elif _endless(exact):
            reason = Said("数太大或位数太多", "the number is too large or has too many digits")
        elif above is not None and exact <= above:
            reason = Said(f"必须大于 {above:g}", f"this must be above {above:g}")
        elif least == 0 and exact < 0:
            reason = Said("不得为负", "this is negative: it must be 0 or more")
        elif least is not None and exact < least:
            reason = Said(f"不得小于 {least:g}", f"this must be {least:g} or more")
        elif most is not None and exact > most:
            reason = Said(f"不得大于 {most:g}", f"this must be {most:g} or less")
        else:
            return Fraction(exact)
        self.bad(key, reason)
        return None

    @staticmethod
    def _exact(value: object) -> int | Decimal | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, float):
            return Decimal(repr(value))
        return value if isinstance(value, int | Decimal) else None

    def whole(self, key: str, *, least: int = 0, needed: bool = False) -> int | None:
        """A whole number."""
        value = self.number(key, least=least, needed=needed, what=WHOLE)
        if value is not None and value.denominator != 1:
            self.bad(key, Said("应为整数", "this is not a whole number"))
            return None
        return None if value is None else int(value)

    # Days and places.

    def day(self, key: str) -> date | None:
        """A date: 2025, 2025-06 or 2025-06-01; a bare year or month is its first day."""
        value = self.get(key)
        if isinstance(value, datetime):
            return value.date()
        if value is None or isinstance(value, date):
            return value
        found = None if isinstance(value, bool) else parse_day(_plain(value).strip())
        if found is None:
            like = "2025、2025-06 或 2025-06-01"
            en = "this is not a date such as 2025, 2025-06 or 2025-06-01"
            self.bad(key, Said(f"应为日期，如 {like}", en))
        return found

    def point(self, key: str) -> tuple[float, float] | None:
        """A place that must be given as ``[lon, lat]``."""
        pair = self._pair(self.get(key))
        if pair is None:
            self.bad(key, Said("应为 [经度, 纬度]", "a place as [lon, lat] is needed"))
        return pair

    def points(self, key: str) -> tuple[tuple[float, float], ...]:
        """The corners of an area, three at least; none after a complaint."""
        value = self.get(key)
        pairs = [self._pair(one) for one in value] if isinstance(value, list) else []
        found = tuple(pair for pair in pairs if pair is not None)
        if len(found) < max(3, len(pairs)):
            said = "at least three corners [lon, lat] are needed"
            self.bad(key, Said("应为至少三个 [经度, 纬度]", said))
            return ()
        return found

    def _pair(self, value: object) -> tuple[float, float] | None:
        if not isinstance(value, list) or len(value) != 2:
            return None
        pair = [self._exact(one) for one in value]
        lon, lat = (None if one is None or _endless(one) else float(one) for one in pair)
        if lon is None or lat is None or not (math.isfinite(lon) and math.isfinite(lat)):
            return None
        return lon, lat

    def lonlat(self) -> tuple[float, float] | None:
        """The fields lon and lat, in degrees: both or neither."""
        lon, lat = (self.number(key, what=DEGREES) for key in ("lon", "lat"))
        if lon is not None and lat is not None:
            return float(lon), float(lat)
        for key, other in (("lon", lat), ("lat", lon)):
            if other is not None and not self.has(key):  # else it is no number, which was said
                self.bad(key, Said("经纬度缺一不可", "a place needs both lon and lat"))
        return None

    # Tables.

    def read(
        self, kind: type, *, but: Collection[str] = (), needed: Collection[str] = ()
    ) -> dict[str, Any]:
        """What is given for the fields of a dataclass, each read as its annotation says.

        A field without a default must be given, unless it is a text, which may be empty.

        Args:
            kind: The dataclass, its fields texts, numbers, days, flags or lists of texts.
            but: Fields that are not read here.
            needed: Texts that must be given.
        """
        found = {}
        for name, read, must in _plan_of(kind):
            if name not in but and (must or name in needed or self.get(name) is not None):
                found[name] = read(self, name, name in needed or must is True)
        return found

    def table(self, key: str) -> Fields:
        """A table inside this one; empty if it is not given, or is none."""
        value = self.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.bad(key, Said("应为表 { … }", "this must be a table { … }"))
            value = None
        return self._within(value or {}, f"{self.prefix}{key}.", self.row)

    def tables(self, key: str) -> list[Fields]:
        """The tables of a list, ``[[key]]``."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            self.bad(key, Said(f"应写成 [[{key}]]", "this must be a list of tables"))
            return []
        at = self._lines.get(key, [])
        rows = at if len(at) == len(value) else [self.row] * len(value)
        return [
            self._within(one, f"{self.prefix}[[{key}]] {n} ", row)
            for n, (one, row) in enumerate(zip(value, rows, strict=True), start=1)
        ]

    def _within(self, data: Mapping[str, Any], prefix: str, row: int | None) -> Fields:
        made = Fields(data, self.problems, file=self.file, row=row, prefix=prefix, loose=self.loose)
        self._inside.append(made)
        return made


class Cells(Fields):
    """The cells of one row of a CSV file: all are texts, and an empty one is not given."""

    @classmethod
    def of(cls, record: Record, problems: list[Problem], *, file: str | None) -> Cells:
        """The cells of a record of `coverage.formats.tables`."""
        return cls(record.cells, problems, file=file, row=record.row)

    def get(self, key: str) -> Any:
        """The cell as it stands, `None` if it is empty."""
        self._asked[key] = None
        return self.data.get(key) or None

    def _missing(self, what: Said) -> Said:
        del what
        return Said("单元格为空", "the cell is empty")

    def names(self, key: str) -> tuple[str, ...]:
        """The words of a cell, each once."""
        return tuple(dict.fromkeys(words_in(self.text(key))))

    @staticmethod
    def _exact(value: object) -> int | Decimal | None:
        # Python alone reads 1_000 as a number.
        cell = str(value).replace(",", "").replace("_", "x")
        try:
            number = Decimal(cell)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None


_READ: dict[str, Callable[[Fields, str, bool], Any]] = {
    "str": lambda f, key, needed: f.text(key, needed=needed),
    "int": lambda f, key, needed: f.whole(key, needed=needed),
    "float": lambda f, key, needed: _float(f.number(key, needed=needed)),
    "Fraction": lambda f, key, needed: f.number(key, needed=needed),
    "bool": lambda f, key, _: f.flag(key),
    "date": lambda f, key, _: f.day(key),
    "tuple[str, ...]": lambda f, key, _: f.names(key),
}


@cache
def _plan_of(kind: type) -> list[tuple[str, Callable[[Fields, str, bool], Any], bool | str]]:
    """Name, reader and need of each field that can be read; a text may be empty, but is there."""
    made = []
    for one in dataclasses.fields(kind):
        text = str(one.type).removesuffix(" | None")
        bare = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        if text in _READ:
            made.append((one.name, _READ[text], "text" if bare and text == "str" else bare))
    return made


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _plain(value: object) -> str:
    """`value` as a text; Python refuses to write out numbers of thousands of digits."""
    try:
        return str(value)
    except ValueError:
        return "…"


def _endless(value: int | Decimal) -> bool:
    if isinstance(value, int):
        return bool(abs(value) >= 10**_DIGITS)
    exponent = value.as_tuple().exponent
    return not isinstance(exponent, int) or exponent < -_DIGITS or value.adjusted() >= _DIGITS
