"""One table of a scenario file, read field by field; what is wrong is kept, not raised."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.errors import Problem
from coverage.facilities import parse_day
from coverage.nearest import nearest as nearest_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest(word: str, known: Iterable[str], *, shown: int = 3) -> str:
    """The known words most like `word`, in quotation marks, or an empty text."""
    return "、".join(f"“{one}”" for one in nearest_names(word, known, shown=shown))


class Entry:
    """A TOML table with its place in the file.

    Args:
        problems: Where complaints go.
        file: Name of the file.
        table: Its name, such as ``[[add]]``.
        number: Which of the tables of that name, from 1; `None` if there is one only.
        line: Line on which it begins, as an editor counts.
        data: The values.
    """

    def __init__(
        self,
        problems: list[Problem],
        file: str,
        table: str,
        number: int | None,
        line: int | None,
        data: dict[str, Any],
    ) -> None:
        self.problems, self.file, self.table = problems, file, table
        self.number, self.line, self.data = number, line, data
        self._seen: set[str] = set()

    @property
    def label(self) -> str:
        """How the edit is named in a sentence: ``[[close]] 2``."""
        return self.table if self.number is None else f"{self.table} {self.number}"

    def bad(self, key: str, reason: str, value: object = None) -> None:
        """Keep a complaint about one field."""
        column = f"{self.label} {key}".strip()
        shown = None if value is None else str(value)
        self.problems.append(Problem(reason, self.file, self.line, column, shown))

    def has(self, key: str) -> bool:
        """Whether the field is given."""
        self._seen.add(key)
        return key in self.data

    def get(self, key: str) -> Any:
        """The field as it stands, `None` if it is not given."""
        self._seen.add(key)
        return self.data.get(key)

    def text(self, key: str, default: str = "", *, needed: bool = False) -> str:
        """A text; numbers are taken as written."""
        value = self.get(key)
        if value is None:
            if needed:
                self.bad(key, "缺这一项 · this is missing")
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.bad(key, "应为文字 · a text is needed", value)
            return default
        found = str(value).strip()
        if needed and not found:
            self.bad(key, "不能为空 · this must not be empty")
        return found

    def choice(self, key: str, known: Sequence[str], default: str, what: str) -> str:
        """A word of a fixed list."""
        value = self.text(key, default)
        if value in known:
            return value
        near = nearest(value, known) or "、".join(known)
        self.bad(key, f"没有这一项，可用：{near} · the {what} is not known", value)
        return default

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(dict.fromkeys(one.strip() for one in value if one.strip()))
        self.bad(key, '应为文字列表，如 ["全托", "日托"] · a list of texts is needed', value)
        return ()

    def number_of(self, key: str) -> Fraction | None:
        """A number, exact."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.bad(key, "应为数字 · a number is needed", value)
            return None
        if isinstance(value, Decimal) and not value.is_finite():
            self.bad(key, "不是有限的数 · not a finite number", value)
            return None
        return Fraction(value)

    def amount(self, key: str) -> Fraction | None:
        """A number of at least 0."""
        value = self.number_of(key)
        if value is not None and value < 0:
            self.bad(key, "不得为负 · this must not be negative", self.data[key])
            return None
        return value

    def count(self, key: str) -> int | None:
        """A whole number of at least 0."""
        value = self.amount(key)
        if value is not None and value.denominator != 1:
            self.bad(key, "应为整数 · a whole number is needed", self.data[key])
            return None
        return None if value is None else int(value)

    def positive(self, key: str) -> Fraction | None:
        """A number above 0."""
        value = self.amount(key)
        if value == 0:
            self.bad(key, "必须大于 0 · this must be above 0", self.data[key])
            return None
        return value

    def day(self, key: str) -> date | None:
        """A date: 2025, "2025-06" or 2025-06-01; a bare year is its first day."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        found = None if isinstance(value, bool) else parse_day(str(value).strip())
        if found is None:
            self.bad(key, '应为日期，如 2025、"2025-06" 或 2025-06-01 · a date is needed', value)
        return found

    def point(self, key: str) -> tuple[float, float] | None:
        """A place as ``[lon, lat]``."""
        value = self.get(key)
        pair = self.as_point(value)
        if pair is None:
            self.bad(key, "应为 [经度, 纬度] · a place as [lon, lat] is needed", value)
        return pair

    @staticmethod
    def as_point(value: object) -> tuple[float, float] | None:
        """``[lon, lat]`` as two finite numbers, `None` if it is not that."""
        if not isinstance(value, list) or len(value) != 2:
            return None
        if any(isinstance(v, bool) or not isinstance(v, int | Decimal) for v in value):
            return None
        lon, lat = float(value[0]), float(value[1])
        return (lon, lat) if math.isfinite(lon) and math.isfinite(lat) else None

    def inner(self, key: str) -> Entry:
        """A table inside this one; empty if it is not given, or is none."""
        value = self.get(key)
        if not isinstance(value, dict):
            if value is not None:
                self.bad(key, "应为表 { … } · a table { … } is needed", value)
            value = {}
        label = f"{self.label} {key}"
        return Entry(self.problems, self.file, label, None, self.line, value)

    def finish(self) -> None:
        """Complain of fields that nobody asked for: a slip that would be ignored in silence."""
        for key in self.data:
            if key not in self._seen:
                near = nearest(key, self._seen)
                hint = f"，是否为 {near}" if near else ""
                self.bad(key, f"没有这个字段{hint} · the field is not known", self.data[key])
