"""Figures of a result in words, as maps and charts print them.

They take the result and not the report, because what may be shown of it can
be less than what was computed: a figure left out reads as unknown, and one
that is kept back, or a range put in its place (``<10``), is printed as it stands.
"""

from __future__ import annotations

from fractions import Fraction

from coverage.messages import Lang, Said
from coverage.results.document import Aim, County, Figure, Hidden, Indicator
from coverage.results.ranges import printed_gap, printed_likely, printed_range
from coverage.text import number

NOT_KNOWN = Said("未知", "not known")
_UNITS = {
    "county": Said("个县", "counties"),
    "township": Said("个乡镇", "townships"),
    "village": Said("个村居", "villages"),
}


def exact(value: Figure | float) -> Fraction | None:
    """A number, a measured one as its decimals stand; `None` where it is unknown or kept back."""
    if value is None or isinstance(value, Hidden):
        return None
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def shown(value: Figure | float | str, lang: Lang, *, percent: bool = False) -> str:
    """A figure as printed: 47.1%, 7,824, the words of a range, or that it is not known."""
    if isinstance(value, str):
        return str(value)
    found = exact(value)
    return NOT_KNOWN.to(lang) if found is None else number(found) + "%" * percent


def pair(row: Indicator | County, lang: Lang, *, percent: bool = True) -> str:
    """Numerator, denominator and value of a row, and its range: ``40/85 47.1%（47.1–61.2%）``."""
    value = shown(row.value, lang, percent=percent)
    if isinstance(row, Indicator):
        value += between(row, lang)
    if row.denominator is None or row.numerator is None:
        return value
    return f"{shown(row.numerator, lang)}/{shown(row.denominator, lang)} {value}"


def between(indicator: Indicator, lang: Lang) -> str:
    """The likely range of a value where it was drawn, else its range, to stand behind it."""
    if indicator.draws is not None:
        return printed_likely(indicator.draws["p5"], indicator.draws["p95"], lang)
    if indicator.range is None:
        return ""
    return printed_range(indicator.range.ends, lang, percent=indicator.percent)


def ends(indicator: Indicator) -> tuple[Fraction, Fraction | None] | None:
    """Between what a value lies, as `between` prints it: P5 and P95 where it was drawn."""
    if indicator.draws is not None:
        return Fraction(indicator.draws["p5"]), Fraction(indicator.draws["p95"])
    return None if indicator.range is None else indicator.range.ends


def gap(indicator: Indicator, aim: Aim, lang: Lang) -> str:
    """What is missing to a target, in whole units if it has them, else in points; empty if met."""
    if aim.met is not False:
        return ""
    zh = lang == "zh"
    what = _UNITS.get(indicator.level, Said("", "")).to(lang)
    if aim.gap_range is not None:
        short = printed_gap(None, aim.gap_range.ends, what, lang).rstrip()
        return short if zh else f"{short} short"
    if aim.gap_units is not None:
        text = shown(aim.gap_units, lang)
        return f"差 {text} {what}".rstrip() if zh else f"{text} {what} short".strip()
    text = shown(aim.gap_points, lang)
    return f"差 {text} 点" if zh else f"{text} points short"


def headline(indicator: Indicator, lang: Lang) -> str:
    """Value, targets and gaps in one line: ``40/85 47.1%，目标 >60%，差 12 个乡镇``."""
    parts = [pair(indicator, lang, percent=indicator.percent)]
    for aim, said in indicator.numbers_due():
        parts.append(f"{'目标' if lang == 'zh' else 'target'} {said.target}")
        parts.append(gap(indicator, aim, lang))
    return ("，" if lang == "zh" else ", ").join(dict.fromkeys(filter(None, parts)))
