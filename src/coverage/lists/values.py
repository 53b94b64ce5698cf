"""Cells as planners write them, turned into values or refused with a reason.

Every parser gives a `Parsed`: a value, what had to be changed to get it, or
why there is none. An empty cell is no value and no complaint.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from coverage.messages import Said
from coverage.text import INVISIBLE, cleaned

if TYPE_CHECKING:
    from coverage.formats.grids import Cell

T = TypeVar("T")


class Parsed(NamedTuple, Generic[T]):
    """What a cell was read as.

    Attributes:
        value: The value, `None` for an empty cell or one that is refused.
        changed: How the cell was corrected to get there.
        reason: Why it is refused.
    """

    value: T | None
    changed: Said | None = None
    reason: Said | None = None


def _refused(zh: str, en: str) -> Parsed[Any]:
    return Parsed(None, reason=Said(zh, en))


def _words(text: str) -> frozenset[str]:
    """The words of a line, so that lists of them stay readable."""
    return frozenset(text.split())


_EMPTY_WORDS = _words(
    "/ // \\ - -- --- — —— – 无数据 暂无 暂无数据 不详 未知 待定 未定 待核 待补 空 缺 "
    "n/a na nan null none #n/a #null! 。 . ? ？ … ......"
)
_ERRORS = ("#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#ERROR", "#GETTING_DATA")


def clean_text(cell: Cell) -> str:
    """Text of a cell: NFC, no invisible characters or tags, one blank where there were several.

    A whole number that a spreadsheet keeps as 12.0 loses the point; an
    apostrophe that marks text in a spreadsheet goes.
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        if not _UNCLEAN.search(cell) and unicodedata.is_normalized("NFC", cell):
            return cell
        text = cleaned(unicodedata.normalize("NFC", cell))
        return text[1:] if text[:1] == "'" and text[1:2] in _MARKED else text
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


_UNCLEAN = re.compile(f"[\\s'<]|{INVISIBLE.pattern}")
_MARKED = set("=+-@0123456789")


def is_empty(cell: Cell) -> bool:
    """Whether a cell says that there is nothing: blank, "/", "—", "暂无" or "n/a"."""
    if cell is None:
        return True
    if isinstance(cell, str):
        text = cell.strip().lower()
        return not text or text in _EMPTY_WORDS
    return isinstance(cell, float) and math.isnan(cell)


# --- numbers --------------------------------------------------------------------------------

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "○": 0, "两": 2, "兩": 2, "壹": 1, "贰": 2, "貳": 2, "叁": 3, "肆": 4, "伍": 5,
    "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_CHINESE = re.compile(f"[{''.join(_DIGITS)}{''.join(_UNITS)}万萬]+")
_ABOUT = re.compile(
    r"^(?:大约|大概|约有|约为|约|近似|共计|共有|共|合计|现有|ca\.?|about|approx\.?|~)\s*"
)
_AFTER = re.compile(r"\s*(?:左右|上下|余|多)$")
_RANGE = re.compile(r"\d\s*(?:-|—|–|~|～|至|到|/|、|或)\s*\d")
_BOUND = re.compile(
    r"^(?:>|<|≥|≤|＞|＜|不少于|不低于|不超过|至少|最多|超过|近)|(?:以上|以下|以内)$"
)
_SUM = re.compile(r"\d\s*[+＋]\s*\d")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[,'\u00a0 ]\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")


_DIGITS_AT_MOST = 40  # of a number that anybody writes
_BEYOND = 10**15  # nothing of a city is so many, and a float no longer tells two of them apart


def chinese_number(text: str) -> int | None:
    """八十, 一百二十, 两千零五, 一二〇 or 一万二 as a number; `None` if it is none."""
    if not 0 < len(text) <= _DIGITS_AT_MOST or not _CHINESE.fullmatch(text):
        return None
    if not set(text) & (set(_UNITS) | {"万", "萬"}):
        return int("".join(str(_DIGITS[c]) for c in text))
    total = section = digit = 0
    last = 1
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
            last = 1 if digit == 0 else last
        elif c in _UNITS:
            section += (digit or 1) * _UNITS[c]
            digit, last = 0, _UNITS[c]
        else:
            total = (total + section + digit) * 10_000
            section, digit, last = 0, 0, 10_000
    return total + section + digit * (last // 10 if last >= 100 else 1)


def parse_number(
    cell: Cell, units: tuple[str, ...] = (), wrong: tuple[str, ...] = ()
) -> Parsed[float]:
    """A number, with the words and units around it taken off.

    Args:
        cell: As in the file.
        units: Units that may follow, and change nothing.
        wrong: Units that mean another quantity; the cell is refused for them.
    """
    if is_empty(cell):
        return Parsed(None)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return Parsed(float(cell)) if abs(cell) < _BEYOND else _not_a_number(cell)
    if isinstance(cell, date):
        zh = "数字格里是日期，可能被表格软件改过"
        return _refused(zh, "a date stands where a number belongs")
    return _number_text(str(cell), units, wrong)


def _not_a_number(cell: Cell) -> Parsed[float]:
    return _refused("不是数字", f"{clean_text(cell)[:40]!r} is not a number")


@lru_cache(maxsize=65_536)
def _number_text(cell: str, units: tuple[str, ...], wrong: tuple[str, ...]) -> Parsed[float]:
    if cell.isascii() and cell.isdigit() and len(cell) < 16:
        return Parsed(float(cell))
    if cell.strip() in _ERRORS:
        return _refused("公式出错", "the formula in the cell failed")
    text = clean_text(unicodedata.normalize("NFKC", cell)).lower().lstrip("'")
    stripped, words = _without_words(text, units)
    for unit in wrong:
        if stripped.endswith(unit):
            return _refused(f"单位是“{unit}”，不是所要的量", "the unit is another quantity's")
    changed = words or text != cell
    scale = 1.0
    if stripped.endswith("万") and not _CHINESE.fullmatch(stripped):
        scale, stripped, changed = 10_000.0, stripped[:-1], True
    value = _plain(stripped)
    if value is None:
        count = chinese_number(stripped)
        value, changed = (None if count is None else float(count)), True
    if value is None:
        return _why_not(text)
    value *= scale
    if not abs(value) < _BEYOND:
        return _not_a_number(cell)
    said = Said(f"{cell.strip()!r} 读作 {value:g}", f"{cell.strip()!r} read as {value:g}")
    return Parsed(value, said if changed else None)


def _without_words(text: str, units: tuple[str, ...]) -> tuple[str, bool]:
    """Text without "about", "or so" and the units that may stand there."""
    before = text
    text = _ABOUT.sub("", text)
    changed = True
    while changed:
        changed = False
        shorter = _AFTER.sub("", text)
        for unit in units:
            if len(shorter) > len(unit) and shorter.endswith(unit):
                shorter = shorter[: -len(unit)].rstrip()
        if shorter != text:
            text, changed = shorter, True
    return text.strip(), text != before


def _plain(text: str) -> float | None:
    if _GROUPED.fullmatch(text):
        return float(re.sub(r"[,'\u00a0 ]", "", text))
    if _NUMBER.fullmatch(text):
        return float(text)
    return None


_WHY_NOT = (
    (_RANGE, Said("是范围或几个数，请只写一个数", "a range or several numbers: write one")),
    (_SUM, Said("是算式，请写合计", "a sum: write its result")),
    (_BOUND, Said("是界限，不是确数", "a bound and not a number")),
    (re.compile(r"\d\D+\d"), Said("格内不止一个数", "more than one number in the cell")),
)


def _why_not(text: str) -> Parsed[float]:
    why = next((why for marks, why in _WHY_NOT if marks.search(text)), None)
    return Parsed(None, reason=why) if why else _not_a_number(text)


def parse_beds(cell: Cell) -> Parsed[int]:
    """A count of beds: whole and not negative."""
    parsed = parse_number(
        cell, ("张床位", "张床", "床位", "张", "床", "个", "位"), ("间", "户", "家", "%")
    )
    return whole(parsed)


def whole(parsed: Parsed[float]) -> Parsed[int]:
    """A number that must be whole and not negative."""
    parsed = not_negative(parsed)
    if parsed.value is None:
        return Parsed(None, reason=parsed.reason)
    if parsed.value != int(parsed.value):
        return _refused("不是整数", "not a whole number")
    return Parsed(int(parsed.value), parsed.changed)


def not_negative(parsed: Parsed[float]) -> Parsed[float]:
    """A number that must not be negative."""
    if parsed.value is not None and parsed.value < 0:
        return _refused("数字为负", "the number is negative")
    return parsed


def parse_area(cell: Cell) -> Parsed[float]:
    """An area in square metres."""
    own = ("平方米", "平米", "平方", "㎡", "m²", "m2", "平")
    return not_negative(parse_number(cell, own, ("亩", "公顷", "ha", "平方公里", "km2")))


_LAND = {"亩": Fraction(2000, 3), "公顷": Fraction(10_000), "ha": Fraction(10_000)}


def parse_land(cell: Cell, column: str = "") -> Parsed[float]:
    """An area of land in m², from 亩 or hectares where the cell or its column says so."""
    text = clean_text(cell).lower() if isinstance(cell, str) else ""
    unit = next((u for u in _LAND if text.endswith(u)), "")
    if not unit and not re.search("平|㎡|m²|m2", text):
        unit = next((u for u in _LAND if re.search(f"[(（/]{u}[)）]?", column.lower())), "")
    if not unit:
        return parse_area(cell)
    read = not_negative(parse_number(cell, (unit,)))
    if read.value is None:
        return read
    area = round(float(Fraction(read.value) * _LAND[unit]), 2)
    zh = f"{read.value:g} {unit}，按 {area:,g} 平方米"
    return Parsed(area, Said(zh, f"{read.value:g} {unit} taken as {area:,g} m²"))


def parse_places(cell: Cell) -> Parsed[int]:
    """A count of graves or niches."""
    return whole(parse_number(cell, ("个", "穴", "格", "位", "座", "穴位", "格位", "墓位", "墓穴")))


# --- yes and no -----------------------------------------------------------------------------

_YES = _words(
    "有 是 √ ✓ ✔ ☑ 对 对的 y yes true t 1 1.0 开展 已开展 提供 具备 可 能 支持 已设 已建 设有 含 "
    "v on ● ■"
)
_NO = _words(
    "无 否 × ✗ ✘ ☒ ✕ 不 不是 没有 没 n no false f 0 0.0 x 未开展 不提供 未提供 不具备 不可 不支持 "
    "未设 未建 "
    "不含 off ○ □ ☐ 暂无 无此项"
)


def parse_bool(cell: Cell) -> Parsed[bool]:
    """Yes or no; a positive number counts as yes and is said to."""
    if cell is None or cell == "":
        return Parsed(None)
    text = unicodedata.normalize("NFKC", clean_text(cell)).lower()
    if text in _YES:
        return Parsed(True)
    if text in _NO:
        return Parsed(False)
    if is_empty(cell):
        return Parsed(None)
    number = parse_number(cell, ("张", "个", "人", "处", "次"))
    if number.value is not None and number.value > 0:
        return Parsed(True, Said(f"{text!r} 读作“有”", f"{text!r} read as yes"))
    return _refused("不是“有/无、是/否”", "neither yes nor no")


# --- dates ----------------------------------------------------------------------------------

_DATE = re.compile(
    r"(\d{4})\s*[-/.年,、]\s*(\d{1,2})(?:\s*[-/.月,、]\s*(\d{1,2})\s*[日号]?|\s*月)?"
    r"(?:[ T]\d{1,2}:\d{2}.*)?"
)
_YEAR = re.compile(r"(\d{4})\s*年?(?:初|底|末|开始)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_CHINESE_DATE = re.compile(
    r"([一二三四五六七八九〇零○]{4})年(?:([一二三四五六七八九十]{1,3})月)?(?:([一二三四五六七八九十]{1,3})[日号])?"
)
_FIRST, _LAST = 18264, 73415  # 1950-01-01 and 2101-01-01 as Excel counts days
_EPOCH = date(1899, 12, 30)


def parse_date(cell: Cell) -> Parsed[date]:
    """A day; a year counts from 1 January and a month from its first day, and is said to."""
    if isinstance(cell, datetime):
        return Parsed(cell.date())
    if isinstance(cell, date):
        return Parsed(cell)
    if is_empty(cell):
        return Parsed(None)
    if isinstance(cell, (int, float)):
        return _date_number(cell)
    text = clean_text(unicodedata.normalize("NFKC", str(cell))).lstrip("'")
    return _date_text(text)


def _not_a_date(what: str) -> Parsed[date]:
    return _refused("不是日期（如 2023-05-01、2023年5月）", f"{what[:40]!r} is not a date")


def _date_number(cell: float) -> Parsed[date]:
    if not math.isfinite(cell):
        return _not_a_date(str(cell))
    if cell == int(cell):
        return _date_text(str(int(cell)))
    if 1900 <= cell < 2101:
        text = f"{cell:.2f}"
        if text.endswith("0") and text[5:6] == "1":
            zh = f"{cell:g} 可能是 1 月或 10 月，请写全"
            return _refused(zh, f"{cell:g} is January or October? Write it out")
        return _date_text(text.rstrip("0"))
    return _date_text(str(int(cell))) if _FIRST <= cell <= _LAST else _not_a_date(f"{cell:g}")


@lru_cache(maxsize=65_536)
def _date_text(text: str) -> Parsed[date]:
    text = re.sub(r"^(?:于|自|约)", "", text).strip()
    try:
        match = _DATE.fullmatch(text)
        if match:
            return _day(match[1], match[2], match[3])
        return _date_words(text)
    except ValueError:
        return _refused("没有这一天", f"there is no such day as {text[:20]!r}")


def _date_words(text: str) -> Parsed[date]:
    """A year alone, digits without marks, or a date in Chinese numerals."""
    match = _YEAR.fullmatch(text)
    if match and 1900 <= int(match[1]) <= 2100:
        return _day(match[1], None, None)
    if text.isascii() and text.isdigit():
        return _digits(text)
    match = _CHINESE_DATE.fullmatch(text)
    if match:
        year = str(chinese_number(match[1]))
        month, day = (str(chinese_number(p)) if p else None for p in match.group(2, 3))
        return _day(year, month, day)
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{1,4}", text):
        zh = "年份不是四位或不在最前，读法不止一种"
        return _refused(zh, "a year of four digits must come first")
    return _not_a_date(text)


def _digits(text: str) -> Parsed[date]:
    if len(text) == 5 and _FIRST <= int(text) <= _LAST:
        found = _EPOCH + timedelta(days=int(text))
        zh = f"{text} 是 Excel 日期序号，读作 {found}"
        return Parsed(found, Said(zh, f"{text} is an Excel serial number, read as {found}"))
    match = _COMPACT.fullmatch(text)
    if match and 1900 <= int(match[1]) <= 2100:
        return _day(match[1], match[2], match[3])
    return _not_a_date(text)


def _day(year: str, month: str | None, day: str | None) -> Parsed[date]:
    found = date(int(year), int(month or 1), int(day or 1))
    if not 1900 <= found.year <= 2100:
        return _refused(f"年份 {year} 不合理", f"the year {year} is not plausible")
    if day is not None:
        return Parsed(found)
    zh, en = ("年份", "year") if month is None else ("年月", "month")
    return Parsed(found, Said(f"只有{zh}，从 {found} 起算", f"only the {en} is given: {found}"))
