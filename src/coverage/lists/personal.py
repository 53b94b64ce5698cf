"""What belongs to a person: ID numbers with their check digit, mobile numbers.

Institutions have numbers of 18 places too (the unified social credit code,
with its own check character); one that is valid is never taken for a person's.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.formats.grids import Cell

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?![0-9A-Za-z.])"
)
_LEAST = 11
_DIGIT = re.compile(r"\d")
_PREFIX = re.compile(r"[1-8]\d{5}")


def is_credit_code(text: str) -> bool:
    """Whether `text` is a unified social credit code (GB 32100) with a valid check character."""
    code = text.strip().upper()
    if len(code) != 18 or any(c not in _CREDIT for c in code):
        return False
    total = sum(_CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return _CREDIT[(31 - total % 31) % 31] == code[17]


def _born(digits: str) -> bool:
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    return 1880 <= born.year <= 2100


def is_id_number(text: str) -> bool:
    """Whether `text` is a citizen's number (GB 11643): region, birthday and check digit fit."""
    code = text.strip().upper()
    if not _ID.fullmatch(code) or not _PREFIX.match(code) or not _born(code):
        return False
    total = sum(w * int(c) for w, c in zip(_ID_WEIGHTS, code, strict=False))
    return _ID_CHECKS[total % 11] == code[17]


def personal_kind(cell: Cell) -> str:
    """What the whole cell is: ``id``, ``mobile`` or an empty string.

    A spreadsheet rounds an ID typed as a number to 15 digits; its check digit
    is then gone and its birthday is believed.
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if cell != cell or abs(cell) > 1e18 or cell != int(cell):  # noqa: PLR0124 - NaN
            return ""
        digits = str(int(cell))
        if len(digits) == 18 and _PREFIX.match(digits) and _born(digits):
            return "id"
        return "mobile" if _MOBILE.fullmatch(digits) else ""
    if not isinstance(cell, str) or len(cell) > 40:
        return ""
    text = cell.strip().lstrip("'")
    if is_id_number(text):
        return "id"
    return "mobile" if _MOBILE.fullmatch(text) else ""


def personal_share(cells: Iterable[Cell]) -> tuple[float, str]:
    """Share of cells that are wholly an ID or a mobile number, and which of them is meant."""
    counts = {"id": 0, "mobile": 0}
    total = 0
    for cell in cells:
        total += 1
        kind = personal_kind(cell)
        if kind:
            counts[kind] += 1
    if not total:
        return 0.0, ""
    most = max(counts, key=lambda k: counts[k])
    return (counts["id"] + counts["mobile"]) / total, most


def redact(text: str) -> tuple[str, int]:
    """`text` with ID and mobile numbers in it replaced by asterisks, and how many there were."""
    # Most cells of a large table are shorter than any such number, or hold no digit.
    if len(text) < _LEAST or not _DIGIT.search(text):
        return text, 0
    count = 0

    def hide(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return "*" * len(match[0])

    def hide_id(match: re.Match[str]) -> str:
        return hide(match) if is_id_number(match[0]) else match[0]

    return _MOBILE.sub(hide, _ID.sub(hide_id, text)), count
