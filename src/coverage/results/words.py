"""The words of a report in both languages, each in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.groups import people_of
from coverage.kinds import UNITS
from coverage.messages import Lang, Said
from coverage.results.ranges import printed_gap, printed_likely, printed_range, undecided
from coverage.results.vocabulary import SHORT_NAMES
from coverage.text import cut, number, precise, width
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from fractions import Fraction

    from coverage.assessment import IndicatorResult, Report
    from coverage.indicators import CountyShare
    from coverage.plans import Baseline, PlanIndicator
    from coverage.verdicts import TargetResult

PAUSE, COMMA = Said("、", ", "), Said("，", ", ")
ILLUSTRATIVE = Said("含示意数据", "ILLUSTRATIVE DATA")


def short_name(result: IndicatorResult, lang: Lang) -> str:
    """A name that fits a column head; it says so where its value is a straight-line estimate."""
    said = SHORT_NAMES.get(result.indicator.id)
    short = said.to(lang) if said else cut(_plain_name(result, lang), 14)
    return short + mark_of(result.measurement.off_road).to(lang)


def label(short: str, whole: str) -> str:
    """The short name of an indicator where it has one, else the whole; never a cut one."""
    return whole if short.endswith("…") else short


def name(result: IndicatorResult, lang: Lang) -> str:
    """Name of an indicator; it says so where its value is a straight-line estimate."""
    return _plain_name(result, lang) + mark_of(result.measurement.off_road).to(lang)


def _plain_name(result: IndicatorResult, lang: Lang) -> str:
    indicator = result.indicator
    return indicator.name if lang == "zh" else indicator.name_en or indicator.name


def heading(report: Report, lang: Lang) -> str:
    """Title line of a report; it says so where example rows are counted."""
    mark = f"（{ILLUSTRATIVE.zh}）" if report.illustrative else ""
    if lang == "zh":
        return f"{report.city.name}民政设施覆盖报告 · {report.year} 年目标{mark}"
    mark = f" — {ILLUSTRATIVE.en}" if report.illustrative else ""
    label = report.city.label
    return f"{label.english} ({label.name}): facility coverage against {report.year} targets{mark}"


def subheading(report: Report, lang: Lang) -> str:
    """The plan and the rows that were counted."""
    from coverage.kinds import PROVENANCES

    plan = report.city.plan
    rows = [
        f"{PROVENANCES[p] if lang == 'zh' else p} {n:,}" for p, n in report.provenance.most_common()
    ]
    if lang == "zh":
        listed = "、".join(rows) or "无"
        return f"{plan.title} · 登记册 {report.register.file}：{listed}"
    listed = ", ".join(rows) or "none"
    return f"{plan.title_en or plan.title} · register {report.register.file}: {listed}"


def is_percent(unit: str) -> bool:
    """Whether a unit is percent."""
    return unit.strip() in {"%", "％"}


def percent_or_number(value: Fraction, unit: str) -> str:
    """A value with its unit: 38.8%, 31.8, 7,824."""
    return f"{number(value)}%" if is_percent(unit) else number(value)


def exactly(value: Fraction, unit: str) -> str:
    """A number of the plan, or of the user, with every decimal that was given."""
    return f"{precise(value)}%" if is_percent(unit) else precise(value)


def current(result: IndicatorResult, lang: Lang) -> str:
    """The value and what it is made of: ``40/85 47.1%``."""
    found = result.measurement
    if found.value is None:
        return "未知" if lang == "zh" else "not known"
    if found.denominator is None:
        exact = found.basis in {"supplied", "stated"}
        shown = (exactly if exact else percent_or_number)(found.value, result.indicator.unit)
        return shown + between(result, lang)
    shown = percent_or_number(found.value, result.indicator.unit)
    pair = f"{number(found.numerator or 0)}/{number(found.denominator)}"
    return f"{pair} {shown}{between(result, lang)}"


def between(result: IndicatorResult, lang: Lang) -> str:
    """The range of a value, or its likely range where it was drawn, to stand behind it."""
    percent = is_percent(result.indicator.unit)
    if result.draws is not None:
        return printed_likely(result.draws.p5, result.draws.p95, lang)
    return printed_range(result.measurement.range, lang, percent=percent)


def unit_of(indicator: PlanIndicator, lang: Lang) -> str:
    """The unit that an indicator is counted in."""
    return indicator.unit if lang == "zh" else UNITS.get(indicator.unit, indicator.unit)


def baseline(base: Baseline | None, lang: Lang = "zh") -> str:
    """What the plan states for its start."""
    if base is None:
        return ""
    return base.said.to(lang) or (number(base.value) if base.value is not None else "")


def short_baseline(result: IndicatorResult, columns: int, lang: Lang) -> str:
    """The baseline as printed if it fits, else its number, else its beginning."""
    base = result.indicator.baseline
    text = baseline(base, lang)
    if width(text) <= columns or base is None:
        return text
    if base.value is not None:
        return exactly(base.value, result.indicator.unit)
    return cut(text, columns)


def target(result: IndicatorResult, target_result: TargetResult, lang: Lang = "zh") -> str:
    """A target with its comparison: ``>60%``."""
    t = target_result.target
    if t.op is None or t.value is None:
        return t.said.to(lang)
    return f"{t.op}{exactly(t.value, result.indicator.unit)}"


def gap(result: IndicatorResult, target_result: TargetResult, lang: Lang) -> str:
    """What is missing to a target, in points and in whole units."""
    what, why = result.measurement.gap_unit.to(lang), target_result.undecided
    units = printed_gap(target_result.gap_units, target_result.gap_range, what, lang)
    if target_result.met is None:
        told = undecided(why.to(lang), lang) if why and target_result.due else ""
        return COMMA.to(lang).join(filter(None, (told, units if told else "")))
    if target_result.met:
        return "—"
    parts = [units] if units else []
    percent = is_percent(result.indicator.unit)
    if target_result.gap_points is not None and (percent or not parts):
        unit = (
            ("点" if lang == "zh" else " pts") if percent else f" {unit_of(result.indicator, lang)}"
        )
        parts.append(f"{number(target_result.gap_points)}{unit}")
    return ("，" if lang == "zh" else ", ").join(parts)


def county_share(share: CountyShare, lang: Lang) -> str:
    """One county's part of a ratio; people only in percent."""
    if share.numerator is None:
        return "未知" if lang == "zh" else "not known"
    value = f" {number(share.value):>5}%" if share.value is not None else ""
    if share.denominator > 9999:
        return value.strip()
    return f"{share.numerator}/{share.denominator}{value}"


def illustrative(result: IndicatorResult) -> bool:
    """Whether the value counts an example row."""
    return result.measurement.provenance["illustrative"] > 0


def unit_name(report: Report, code: str) -> str:
    """Name of a unit, with its county where the city has two of that name."""
    units = report.city.units
    unit, county = units.get(code), units.county_of(code)
    if unit is None:
        return code
    twin = unit.level == "township" and sum(u.name == unit.name for u in units.townships) > 1
    return f"{county.name}{unit.name}" if twin and county else unit.name


def group_counted(report: Report, result: IndicatorResult, lang: Lang) -> str:
    """Whose number stands beside a missing unit, and whether it is a model's."""
    from coverage.indicators import affected_group

    group = affected_group(result.indicator)
    if report.city.population.base_year(group) is None:
        group = "all"
    zh, en = people_of(group)
    codes = (result.measurement.missing or ())[:1]
    found = [report.city.population.people(code, group) for code in codes]
    modelled = any(p is not None and p.provenance == "modelled" for p in found)
    return (zh + ("，推算" if modelled else "")) if lang == "zh" else en + ", modelled" * modelled


def people(count: int | None) -> str:
    """A number of people, a dash where it is not known."""
    return "—" if count is None else f"{count:,}"
