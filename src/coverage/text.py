"""Chinese and English text in fixed columns: widths, cuts, numbers as planners print them."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from coverage.messages import Said

# A Latin word or number with its space, or one wide character with the opening marks before it
# and the closing marks after it.
_PIECES = re.compile(
    r"[“‘（《]+[^\x00-\u2e7f][，。；：、）》”’！？…]*\s*|"
    r"[\x21-\x7e\u00a0-\u2e7f]+[，。；：、）》”’！？…]*\s*|.[，。；：、）》”’！？…]*\s*",
    re.DOTALL,
)

# Signs that show nothing, turn the text round them, or steer a terminal; and what is a tag.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_ENDLESS = re.compile(r"[!-~]{1000,}")
_ID = re.compile(r"[a-z0-9_-](?:[a-z0-9_.-]{0,62}[a-z0-9_-])?")
_LONGEST = 64  # characters of a name: three times as many bytes still name a file
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.DOTALL)


def unseen(text: str) -> Said | None:
    """Why a text is not what it looks like: it has invisible signs or markup.

    Example:
        >>> unseen("太和镇<b>"), unseen("<60%")
        (Said(zh='含有网页标记，请删去', en='there is markup in it: take it out'), None)
    """
    if MARKUP.search(text):
        return Said("含有网页标记，请删去", "there is markup in it: take it out")
    if INVISIBLE.search(text):
        said = "there are control or invisible characters in it: type it anew"
        return Said("含有控制字符或不可见字符，请重新键入", said)
    return None


def no_id(text: str) -> Said | None:
    """Why a text cannot be an id, which may become the name of a file on any system.

    Example:
        >>> no_id("elder.beds") is None, no_id("../x") is None, no_id("con") is None
        (True, False, False)
    """
    if _ID.fullmatch(text) and not _DEVICE.fullmatch(text):
        return None
    return Said(
        "编号只能用小写字母、数字和 _ - .，首尾不能是点，最多 64 个字符，不能是系统保留名",
        "an id has small letters, digits and _ - . only, no dot at its ends, at most 64 of them, "
        "and is no name that systems reserve, as con or nul",
    )


def no_file_name(text: str) -> Said | None:
    """Why a name of data cannot be the name of a file as well."""
    strange = re.search(r'[/\\:*?"<>|\x00-\x1f]|^\.', text) or _DEVICE.fullmatch(text.lower())
    if not strange and len(text) <= _LONGEST:
        return None
    return Said(
        '不能作文件名：不能含 / \\ : * ? " < > |，不能以点开头，最多 {} 个字，也不能是系统保留名',
        'it cannot name a file: no / \\ : * ? " < > |, no dot at its beginning, at most {} '
        "characters, and no name that systems reserve, as con or nul",
    ).fill(_LONGEST)


def cleaned(text: str) -> str:
    """A text without invisible signs, its blanks single, tags made harmless.

    Example:
        >>> cleaned(" 太和 \u200b镇<b>")
        '太和 镇＜b>'
    """
    return MARKUP.sub("＜", " ".join(INVISIBLE.sub("", text).split()))


def width(text: str) -> int:
    """Columns that `text` takes in a terminal; wide and full-width characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def readable(text: str) -> str:
    """A sentence whose words of a thousand letters and more are cut, so that it stays one.

    Example:
        >>> readable(f"there is no kind {'x' * 100_000}")[:24], len(readable("y" * 5000))
        ('there is no kind xxxxxxx', 201)
    """
    return _ENDLESS.sub(lambda word: f"{word[0][:200]}…", text)


def cut(text: str, columns: int) -> str:
    """`text` shortened to at most `columns` columns, ending in an ellipsis if anything went."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for c in text:
        used += width(c)
        if used > columns - 1:
            break
        kept += c
    return kept + "…"


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns` columns; Chinese breaks anywhere, Latin words stay whole.

    A line never begins with a closing mark of punctuation.
    """
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if line and width(line) + width(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        while width(piece) > columns:
            head = cut(piece, columns + 1).removesuffix("…")
            lines.append(head)
            piece = piece[len(head) :]  # noqa: PLW2901
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def round_half_up(value: Fraction, digits: int = 1) -> Fraction:
    """`value` rounded as planners round: halves go up, 12.25 becomes 12.3.

    Python's own rounding goes to even and works on binary floats; a share
    of 12.5 must not print as 12.
    """
    scale = 10**digits
    scaled = abs(value) * scale
    whole = scaled.numerator // scaled.denominator
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    return Fraction(whole if value >= 0 else -whole, scale)


def number(value: Fraction | int, digits: int = 1) -> str:
    """`value` grouped by thousands, with `digits` decimals unless it is whole: 60, 38.8, 7,824."""
    if Fraction(value).denominator == 1:
        return f"{int(value):,}"
    return f"{float(round_half_up(Fraction(value), digits)):,.{digits}f}"


def spaced(words: str) -> str:
    """Words that follow Chinese ones: a figure keeps its distance."""
    return f" {words}" if words[:1].isdigit() else words


def precise(value: Fraction | int) -> str:
    """`value` with every decimal it has, up to six: 0.0235, 60, 7,824."""
    text = f"{float(value):,.6f}"
    return text.rstrip("0").rstrip(".")
