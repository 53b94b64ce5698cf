"""An indicator of a report as classes of townships and counties with their numbers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from coverage.maps.view import Class, Mark, Shading, Theme
from coverage.messages import Lang, Said
from coverage.results import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

    from coverage.city import City
    from coverage.results.document import Indicator

_STATUS = {
    "covered": Said("有（已覆盖）", "has one (covered)"),
    "missing": Said("缺（未覆盖）", "missing"),
    "unknown": Said("未知", "not known"),
    "outside": Said("不计入（统计单元等）", "not counted (statistical units)"),
}
_SURE = 0.8
_WORST_TEN = Said("可达率最低的十个乡镇（街道）", "The ten townships served least")
_CHANCE = Said("{}的抽样在最低的十个之中", "among the ten served least in {} of the draws")
_WORST = {
    "likely": Said("多半在其中（>80%）", "likely among them (>80 %)"),
    "perhaps": Said("尚难判断（20–80%）", "open (20–80 %)"),
    "unlikely": Said("多半不在（<20%）", "likely not (<20 %)"),
}
_TOWNSHIPS = Said("乡镇（街道）", "Townships")
_COUNTIES = Said("县（市、区）", "Counties")
_LEVELS = {"township": _TOWNSHIPS, "county": _COUNTIES}
# The first scale whose top the values exceed is taken, so that low shares are told apart.
_SCALES = ((20, 40, 60, 80), (10, 20, 30, 40), (5, 10, 15, 20), (2, 4, 6, 8))


def mappable(indicator: Indicator) -> bool:
    """Whether anything is known of an indicator by township or county."""
    listed = indicator.covered is not None and indicator.level in _LEVELS
    drawn = indicator.draws is not None and bool(indicator.draws["among_worst"])
    return bool(indicator.by_county) or listed or drawn


def scale_for(values: Iterable[Fraction | None]) -> tuple[int, ...]:
    """Breaks in percent that suit the values of every stage of a map."""
    top = max((v for v in values if v is not None), default=100)
    best = _SCALES[0]
    for breaks in _SCALES[1:]:
        if top < breaks[-1] + (breaks[1] - breaks[0]):
            best = breaks
    return best


def value_class(value: Fraction | None, breaks: Sequence[int]) -> str:
    """Class of a share: its step, with 100 % a step of its own; ``unknown`` without a value."""
    if value is None:
        return "unknown"
    if value >= 100:
        return f"scale-{len(breaks) + 1}"
    return f"scale-{sum(value >= b for b in breaks)}"


def value_classes(marks: Mapping[str, Mark], breaks: Sequence[int], lang: Lang) -> list[Class]:
    """The legend of shares: every step with its count, unknown ones last."""
    count = Counter(mark.class_ for mark in marks.values())
    labels = [
        f"<{breaks[0]}%",
        *(f"{a}–<{b}%" for a, b in pairwise(breaks)),
        f"{breaks[-1]}–<100%",
        "100%",
    ]
    found = [
        Class(f"scale-{n}", label, count[f"scale-{n}"], f"scale-{n}")
        for n, label in enumerate(labels)
    ]
    if count["unknown"]:
        unknown = figures.NOT_KNOWN.to(lang)
        found.append(Class("unknown", unknown, count["unknown"], "unknown"))
    return found


def theme(
    city: City,
    indicator: Indicator,
    *,
    lang: Lang,
    outlined: frozenset[str],
    breaks: Sequence[int],
) -> Theme:
    """An indicator as a map shows it.

    Args:
        city: The city.
        indicator: One of the report's.
        lang: Language.
        outlined: Codes of the units with an outline.
        breaks: Breaks of the county scale in percent.
    """
    shadings = []
    if indicator.level in _LEVELS:
        shadings.append(_status(city, indicator, lang, outlined))
    if indicator.by_county:
        rows = {row.code: row for row in indicator.by_county}
        marks = {
            code: Mark(value_class(figures.exact(row.value), breaks), figures.pair(row, lang))
            for code, row in rows.items()
        }
        shadings.append(value_shading("county", marks, breaks, lang, city, outlined))
    if indicator.measure == "people_within":
        shadings = shadings[-1:]
    if indicator.draws is not None and indicator.draws["among_worst"]:
        shadings.insert(0, _worst(city, indicator.draws["among_worst"], lang, outlined))
    return Theme(
        id=indicator.id,
        title=indicator.name,
        headline=figures.headline(indicator, lang),
        status=indicator.status,
        kinds=indicator.kinds,
        illustrative=bool(indicator.provenance.get("illustrative")),
        shadings=tuple(shadings),
        counting=frozenset(indicator.rows) if indicator.basis == "register" else None,
        notes=indicator.notes,
    )


def value_shading(
    level: str,
    marks: dict[str, Mark],
    breaks: Sequence[int],
    lang: Lang,
    city: City,
    outlined: frozenset[str],
) -> Shading:
    """Units shaded by a share of theirs."""
    word = _LEVELS[level].to(lang)
    title = f"{word}覆盖比例" if lang == "zh" else f"{word} by share covered"
    classes = tuple(value_classes(marks, breaks, lang))
    return Shading(level, title, classes, marks, _unplaced(city, marks, outlined))


def _status(city: City, indicator: Indicator, lang: Lang, outlined: frozenset[str]) -> Shading:
    """Units that have one, lack one, or of which nothing is known."""
    level = indicator.level
    counted = city.units.at(level, city.indicator(indicator.id).match.units)
    found = dict.fromkeys((unit.code for unit in counted), "unknown")
    found |= dict.fromkeys(indicator.missing or (), "missing")
    found |= dict.fromkeys(indicator.covered or (), "covered")
    found |= dict.fromkeys((c for c in indicator.in_doubt if c in found), "unknown")
    rows = city.units.township_rows if level == "township" else city.units.counties
    rest = [unit.code for unit in rows if unit.code not in found and unit.code in outlined]
    found |= dict.fromkeys(rest, "outside")
    waiting = enumerate(indicator.missing or (), start=1)
    rank = {code: n for n, code in waiting if found[code] == "missing"}
    marks = {
        code: Mark(class_, _status_text(class_, rank.get(code), lang))
        for code, class_ in found.items()
    }
    count = Counter(found.values())
    if indicator.missing is None or indicator.covered is None:
        # Which units is not known, or is left out on purpose: a count would tell.
        count = Counter({"unknown": count["unknown"], "outside": count["outside"]})
    classes = tuple(
        Class(id_, said.to(lang), count[id_], id_)
        for id_, said in _STATUS.items()
        if count[id_] or id_ in {"covered", "missing"}
    )
    title = _LEVELS[level].to(lang)
    return Shading(level, title, classes, marks, _unplaced(city, found, outlined))


def _worst(city: City, often: Mapping[str, float], lang: Lang, outlined: frozenset[str]) -> Shading:
    """Townships by how likely each is among the ten whose people are served least."""
    shares = {unit.code: often.get(unit.code, 0.0) for unit in city.units.townships}
    marks = {
        code: Mark(
            "likely" if share > _SURE else "perhaps" if share >= 1 - _SURE else "unlikely",
            _CHANCE.fill(f"{100 * share:.0f}%").to(lang),
        )
        for code, share in shares.items()
    }
    count = Counter(mark.class_ for mark in marks.values())
    classes = tuple(Class(id_, said.to(lang), count[id_], id_) for id_, said in _WORST.items())
    return Shading(
        "township", _WORST_TEN.to(lang), classes, marks, _unplaced(city, marks, outlined)
    )


def _status_text(class_: str, rank: int | None, lang: Lang) -> str:
    text = _STATUS[class_].to(lang)
    if rank is None:
        return text
    return (
        f"{text}，按等候人数排第 {rank}"
        if lang == "zh"
        else f"{text}, no. {rank} by people waiting"
    )


def _unplaced(city: City, codes: Iterable[str], outlined: frozenset[str]) -> tuple[str, ...]:
    return tuple(city.units.name(code) for code in codes if code not in outlined)
