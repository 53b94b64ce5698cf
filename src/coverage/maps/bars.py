"""Indicators as bars towards their targets, and between what each value lies."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from coverage.messages import Lang, Said
from coverage.results import figures

if TYPE_CHECKING:
    from coverage.results.document import Document, Indicator

_NO_TARGET = Said("无目标（按 100% 画）", "no target (of 100 %)")


class Bar(NamedTuple):
    """One indicator against its target."""

    name: str
    value: Fraction
    aim: Fraction
    text: str
    met: bool | None
    ends: tuple[Fraction, Fraction] | None = None
    likely: Fraction | None = None


def bars(document: Document, lang: Lang) -> list[Bar]:
    """What a chart of targets draws: indicators with a value and a number to hold it against."""
    return [bar for i in document.indicators if (bar := _bar(i, lang)) is not None]


def _bar(indicator: Indicator, lang: Lang) -> Bar | None:
    value, due = figures.exact(indicator.value), indicator.numbers_due()
    if value is None or indicator.status in {"reported", "unknown"}:
        return None
    shown = figures.shown(indicator.value, lang, percent=indicator.percent)
    shown += figures.between(indicator, lang)
    if indicator.draws is not None and indicator.percent and not due:
        # What was drawn is shown where the plan has no number for it, too: beside all people.
        text = f"{shown}\n{_NO_TARGET.to(lang)}"
        return _spread(Bar(indicator.name, value, Fraction(100), text, None), indicator)
    if not due:
        return None
    one, said = due[0]
    aim = one.value
    if not aim or one.op not in {">", "≥", "=", ">=", "=="}:
        return None
    apart = "\n" if figures.between(indicator, lang) else "  "
    text = f"{shown}{apart}{said.target}"
    return _spread(Bar(indicator.name, value, aim, text, indicator.status == "met"), indicator)


def _spread(bar: Bar, indicator: Indicator) -> Bar:
    """A bar with the ends between which its value lies."""
    ends = figures.ends(indicator)
    if ends is None:
        return bar
    low, high = ends
    likely = None if indicator.draws is None else Fraction(indicator.draws["p50"])
    return bar._replace(ends=(low, bar.aim * 2 if high is None else high), likely=likely)
