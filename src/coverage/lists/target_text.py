"""Targets as planners write them (≥60, 60%以上, 达到100%, 全覆盖) as a comparison and a number.

A cell is judged only where its grammar is understood whole: a number beside a
word of comparison, or a number alone. Anything else stays a target in words,
which is shown and never judged, rather than a guess ("建成15分钟服务圈" is not ≥ 15).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.formats.grids import Cell
    from coverage.gaps import Op

_EMPTY = {
    "",
    "-",
    "--",
    "—",
    "——",
    "_",
    "＿",
    "…",
    "/",
    "\\",
    "无",
    "暂无",
    "未设",
    "none",
    "null",
    "nan",
    "n/a",
}
_BEFORE: tuple[tuple[str, Op], ...] = (
    (r"≥|>=|=>|大于等于|大于或等于|不低于|不少于|不小于|不得低于|不得少于|至少|最少", "≥"),
    (
        r"≤|<=|=<|小于等于|小于或等于|不高于|不超过|不大于|不多于|不得高于|不得超过|至多|最多|控制在",
        "≤",
    ),
    (r">|大于|超过|高于|多于|突破", ">"),
    (r"<|小于|低于|少于|不足", "<"),
    (r"=|等于", "="),
)
_AFTER: tuple[tuple[str, Op], ...] = (
    (r"以上\(不含\)|以上\(不含本数\)", ">"),
    (r"及以上|以上|或以上|\+", "≥"),
    (r"及以下|以下|以内|之内", "≤"),
)
_REACHING = r"达到|达|实现|保持在|保持|提高到|提高至|提升到|提升至|增加到|增加至|增至|升至|为|至|到"
_LONGEST = 18  # digits of a number that means something
_NUMBER = r"-?\d+(?:\.\d+)?"
_TAIL = r"(?:%|‰|万|亿)?"
_YEARS = re.compile(r"(?:至|到|截至)?\(?(?:19|20)\d\d年(?:底|末)?(?:之?前)?\)?(?:止|，|,|：|:)?")
_FULL = re.compile(r"全覆盖|全部覆盖|全面覆盖|覆盖全部|应救尽救|应保尽保|应养尽养|百分(?:之)?百")
_PERCENT = re.compile(r"百分之([\d.]+|[零一二三四五六七八九十百]+)")
# Every unit of a level has one: that is full coverage, whatever the number of units.
_EACH_ONE = re.compile(
    r"每(?:一|个|一个)?[^\d,，。;；]*?(?:至少|不少于|都?有|建有|建成|设)[^\d]*?1[个间座所处家]"
)
_COUNTED = re.compile(r"[个间座所处家名人张次户亩]")
_MEASURE = re.compile(r"[个间座所处家名人张次户亩㎡]|人次|平方米|m2|万人|小时|元")
_ABOUT = re.compile(r"左右|上下|大约|约|近")
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")}
_SIGNS = str.maketrans(
    {"≧": "≥", "⩾": "≥", "﹥": ">", "〉": ">", "≦": "≤", "⩽": "≤", "〈": "<", "～": "~", "%": "%"}
)
_TIMES = {"万": 10_000, "亿": 100_000_000}


@dataclass(frozen=True)
class Promise:
    """What one cell promises.

    Attributes:
        text: The cell as it stands.
        op: The comparison, `None` for a target in words.
        value: The number in the indicator's unit, `None` for a target in words.
        unit: ``%`` or ``‰`` where the cell says so and the row has no unit, else empty.
        bare: Whether the comparison is a convention, for the cell holds a number alone.
        changes: What was put right, in order.
        problem: Why the cell cannot be used at all.
    """

    text: str
    op: Op | None = None
    value: Fraction | None = None
    unit: str = ""
    bare: bool = False
    changes: tuple[Said, ...] = ()
    problem: Said | None = None


def cell_text(cell: Cell) -> str:
    """A cell as one line of text without control characters."""
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 - NaN
        return ""
    text = f"{cell:.12g}" if isinstance(cell, float) else str(cell)
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()


def is_empty(cell: Cell) -> bool:
    """Whether a cell says nothing: blank, a dash, 无."""
    return cell_text(cell).lower() in _EMPTY


def parse_promise(cell: Cell, unit: str = "") -> Promise:
    """Read one cell of targets.

    A number alone means "at least", 100 % alone means "exactly": that is how the shipped
    plans are entered, since nobody promises to stop at a number and nothing lies above 100 %.

    Args:
        cell: Text or number; a cell formatted as percent arrives as 0.6.
        unit: Unit of the row, empty if it has none.
    """
    shown = cell_text(cell)
    text = _normal(shown)
    text = _YEARS.sub("", text) or text
    found = re.findall(_NUMBER, text)
    if not found:
        return _without_number(shown, text, unit)
    if unit in {"", "%"} and len(found) == 1 and _EACH_ONE.search(text):
        said = Said("“每…至少一个”读作 100%", "one in every unit was read as 100 %")
        return Promise(shown, "=", Fraction(100), "" if unit else "%", changes=(said,))
    match = _read(text, unit) if len(found) == 1 and len(found[0]) <= _LONGEST else None
    if len(found) > 1 or match is None or _ABOUT.search(text):
        return Promise(shown, changes=(_in_words(),))
    ops, number, tail, plain = match
    if len(set(ops)) > 1:
        return Promise(
            shown, problem=Said("比较词互相矛盾", "two comparisons contradict each other")
        )
    value, own, changes, problem = _in_unit(Fraction(number), tail, unit, is_plain=plain)
    if problem:
        return Promise(shown, problem=problem)
    whole = value == 100 and (own or unit) == "%"
    op: Op = ops[0] if ops else "=" if whole else "≥"
    return Promise(shown, op, value, own, bare=not ops, changes=changes)


def parse_value(cell: Cell, unit: str = "") -> Promise:
    """Read a cell that holds one figure, such as a baseline; `Promise.op` says nothing here."""
    shown = cell_text(cell)
    text = re.sub(_ABOUT, "", _YEARS.sub("", _normal(shown)))
    found = re.findall(rf"({_NUMBER})({_TAIL})", text)
    if len(found) != 1 or len(found[0][0]) > _LONGEST:
        full = _FULL.search(text) and unit in {"", "%"}
        return Promise(shown, value=Fraction(100) if full else None)
    number, tail = found[0]
    plain = re.fullmatch(_NUMBER, text) is not None
    value, own, changes, problem = _in_unit(Fraction(number), tail, unit, is_plain=plain)
    return Promise(shown, None, value, own, changes=changes, problem=problem)


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    text = re.sub(r"\s+", "", text)
    text = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", text)
    return _PERCENT.sub(lambda m: f"{_chinese(m[1])}%", text)


def _chinese(text: str) -> str:
    """六十五 as 65; digits stay as they are."""
    if text[0].isdigit():
        return text
    if text in {"百", "一百"}:
        return "100"
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return str(_DIGITS.get(text, 0))
    return str(10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0))


def _in_words() -> Said:
    return Said(
        "含数字但读不成一个比较，按文字目标列出，不判定",
        "holds numbers but no one comparison: kept in words and not judged",
    )


def _without_number(shown: str, text: str, unit: str) -> Promise:
    if _FULL.search(text) and unit in {"", "%"} and not re.search("除外|基本|逐步|推进|推动", text):
        return Promise(shown, "=", Fraction(100), "" if unit else "%")
    return Promise(shown)


def _read(text: str, unit: str) -> tuple[list[Op], Decimal, str, bool] | None:
    """Comparisons, number, the sign behind it, and whether the cell is the number alone."""
    before = "|".join(f"(?P<b{i}>{words})" for i, (words, _) in enumerate(_BEFORE))
    match = re.search(
        rf"(?P<reach>{_REACHING})?(?:{before})?(?P<reach2>{_REACHING})?(?P<n>{_NUMBER})(?P<t>{_TAIL})",
        text,
    )
    if match is None:
        return None
    ops: list[Op] = [op for i, (_, op) in enumerate(_BEFORE) if match[f"b{i}"]]
    rest = text[match.end() :]
    # A unit of measure may stand between the number and the word behind it: 3座以上.
    for words, op in _AFTER:
        behind = re.match(rf"[^\d\W]{{0,4}}?(?:{words})", rest)
        if behind:
            rest = rest[behind.end() :]
            ops.append(op)
            break
    measured = bool(_COUNTED.match(rest)) or bool(re.match(r"[^\d\W]+以", text[match.end() :]))
    if (unit in {"%", "‰"} and not match["t"] and measured) or ("倍" in rest and "倍" not in unit):
        return None
    own = (unit[1:] if match["t"] in _TIMES and unit.startswith(match["t"]) else unit).strip("%‰")
    alone = match.start() == 0 and (not rest or rest == own or bool(_MEASURE.fullmatch(rest)))
    reached = bool(match["reach"] or match["reach2"])
    covered = match["t"] == "%" and match["n"] == "100" and "覆盖" in text
    if not (ops or alone or reached or covered):
        return None
    return ops, Decimal(match["n"]), match["t"], re.fullmatch(_NUMBER, text) is not None


def _in_unit(
    value: Fraction, tail: str, unit: str, *, is_plain: bool
) -> tuple[Fraction, str, tuple[Said, ...], Said | None]:
    """The number in the row's unit, the unit the cell gives, changes, and a contradiction."""
    if tail in _TIMES and not unit.startswith(tail):
        if unit.startswith(tuple(_TIMES)):
            return value, "", (), _contradicts(tail, unit)
        scaled = value * _TIMES[tail]
        said = Said(f"按{tail}换算为 {scaled}", f"{tail} turned into {scaled}")
        return scaled, "", (said,), None
    if tail in {"%", "‰"}:
        fits = not unit or tail in unit or (tail == "%" and unit == "百分比")
        return value, "" if unit else tail, (), None if fits else _contradicts(tail, unit)
    if is_plain and unit == "%" and 0 < value <= 1:
        # A cell formatted as percent arrives as a fraction of one.
        scaled = 100 * value
        shown = f"{float(scaled):.12g}"
        said = Said(
            f"{float(value):.12g} 按百分比格式读作 {shown}%（若确为这么小，请写上 %）",
            f"read as {shown} %: a cell formatted as percent (write the sign if you mean less)",
        )
        return scaled, "", (said,), None
    return value, "", (), None


def _contradicts(tail: str, unit: str) -> Said:
    return Said(f"写的是“{tail}”，单位却是“{unit}”", "the cell contradicts the unit")
