"""A scenario in plain words: who gains, who loses, what is still unmet, what it costs.

Losses stand in the text whether there are any or not, and never without
their number. Every figure is one of the outcome's own; people are whole,
and fewer than one is said as such and not rounded away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.groups import persons_of
from coverage.messages import Lang, Said
from coverage.scenarios.edits import EDIT_KINDS
from coverage.scenarios.people import NOISE
from coverage.text import number, precise, spaced
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.scenarios.outcome import Access, IndicatorChange, Outcome

_NAMED = 6


def heads(people: float, lang: Lang = "zh") -> str:
    """A number of people; what is less than half of one is not nothing."""
    if people < NOISE:
        return "0"
    if people < 0.5:
        return "不足 1" if lang == "zh" else "fewer than 1"
    return f"{round(people):,}"


def limit_name(access: Access, lang: Lang, *, after: bool = True) -> str:
    """The limit in minutes or metres."""
    times = access.after if after else access.before
    if not times.minutes:
        return f"{times.limits_s[0]:,.0f} 米" if lang == "zh" else f"{times.limits_s[0]:,.0f} m"
    minutes = times.minutes[0]
    return f"{minutes:g} 分钟" if lang == "zh" else f"{minutes:g} minutes"


def sentences(outcome: Outcome) -> list[Said]:
    """The paragraph, sentence by sentence."""
    said = [_what(outcome)]
    for access in outcome.access:
        people, unplaced = access.main, _unplaced(access)
        if unplaced or max(people.gained, people.lost, people.nearer, people.farther) >= NOISE:
            said += [_gains(access), *unplaced, _losses(access), _beyond(access)]
        else:
            said.append(_nothing(access))
    if not outcome.access:
        said.append(
            Said(
                "未计算出行时间，谁更近、谁更远不详。",
                "Travel times are not computed: who is nearer and who is farther is not known.",
            )
        )
    said += [_beds(outcome), _townships(outcome), *_values(outcome), _targets(outcome)]
    return [*said, _unmet(outcome), _money(outcome)]


def paragraph(outcome: Outcome, lang: Lang) -> str:
    """Who gains, who loses, what is still unmet."""
    return ("" if lang == "zh" else " ").join(one.to(lang) for one in sentences(outcome))


def _what(outcome: Outcome) -> Said:
    scenario = outcome.scenario
    said = [kind.counted.fill(len(edits)) for kind in EDIT_KINDS if (edits := scenario.of(kind))]
    zh = "、".join(one.zh for one in said) or "无改动"
    en = ", ".join(one.en for one in said) or "no edits"
    later = outcome.later
    return Said(
        f"情景“{scenario.name}”（{outcome.year} 年）：{zh}"
        + (f"，其中 {later} 项晚于 {outcome.year} 年、未计" if later else "")
        + "。",
        f"Scenario “{scenario.name}” ({outcome.year}): {en}"
        + (f", of which {later} are dated after {outcome.year} and left out" if later else "")
        + ".",
    )


def _who(access: Access) -> Said:
    return persons_of(access.main.group)


def _of(people: float, who: Said) -> str:
    """So many of them, in Chinese; a figure keeps its distance from the one before."""
    return f"{heads(people)} 名{spaced(who.zh)}"


def _where(access: Access) -> Said:
    name = access.question.name
    return Said(f"到“{name.zh}”", f"to “{name.en}”").then(mark_of(access.off_road))


def _gains(access: Access) -> Said:
    people, who, where = access.main, _who(access), _where(access)
    zh, en = limit_name(access, "zh"), limit_name(access, "en")
    if max(people.gained, people.nearer) < NOISE:
        return Said(
            f"{where.zh}，没有人因此进入 {zh}时限，也没有人更近。",
            f"Travelling {where.en}, nobody comes within {en} and nobody is nearer.",
        )
    return Said(
        f"{where.zh}，{_of(people.gained, who)}由超出时限变为 {zh}内可达，"
        f"{heads(people.nearer)} 人到最近设施更快。",
        f"Travelling {where.en}, {heads(people.gained, 'en')} {who.en} come within {en}, and "
        f"{heads(people.nearer, 'en')} are nearer to a facility.",
    )


def _nothing(access: Access) -> Said:
    """A question that the edits do not bear on."""
    where, still = _where(access), _beyond(access)
    zh, en = limit_name(access, "zh"), limit_name(access, "en")
    return Said(
        f"{where.zh}没有变化：没有人更近，没有人因此失去 {zh}内的服务或更远；{still.zh}",
        f"Travelling {where.en} nothing changes: Nobody loses service within {en}, and nobody is "
        f"nearer or farther. {still.en}",
    )


def _losses(access: Access) -> Said:
    people, who = access.main, _who(access)
    zh, en = limit_name(access, "zh"), limit_name(access, "en")
    if max(people.lost, people.farther) < NOISE:
        if access.unplaced_gone:
            return Said(
                f"其余改动没有人因此失去 {zh}内的服务，也没有人更远。",
                f"By the other edits nobody loses service within {en}, and nobody is farther.",
            )
        return Said(
            f"没有人因此失去 {zh}内的服务，也没有人更远。",
            f"Nobody loses service within {en}, and nobody is farther.",
        )
    worst = sorted((c for c in access.counties if c.lost >= 0.5), key=lambda c: -c.lost)[:3]
    where_zh = "、".join(f"{c.name} {heads(c.lost)} 人" for c in worst)
    where_en = ", ".join(f"{c.name} {heads(c.lost, 'en')}" for c in worst)
    return Said(
        f"受损：{_of(people.lost, who)}由 {zh}内可达变为超出时限"
        + (f"（最多的在{where_zh}）" if worst else "")
        + f"，{heads(people.farther)} 人到最近设施更远。",
        f"Losses: {heads(people.lost, 'en')} {who.en} are no longer within {en}"
        + (f" (most of them in {where_en})" if worst else "")
        + f", and {heads(people.farther, 'en')} are farther from a facility.",
    )


def _unplaced(access: Access) -> list[Said]:
    """Edited facilities that stand nowhere: whom they serve, or served, is not known."""
    said = []
    if access.unplaced_new:
        name = _names(access.unplaced_new)
        said.append(
            Said(
                f"{name.zh}没有具体位置，谁会因此更近算不出来。",
                f"{name.en}: without a place it cannot be told who is nearer.",
            )
        )
    if access.unplaced_gone:
        name = _names(access.unplaced_gone)
        said.append(
            Said(
                f"{name.zh}原址不详，谁会因此失去服务或更远算不出来，受损人数只会更多。",
                f"{name.en}: where it stood is not known, so that it cannot be told who loses; "
                "there can only be more of them.",
            )
        )
    return said


def _names(names: Sequence[str]) -> Said:
    """The first few of some names, and how many there are."""
    shown = names[:3]
    more = len(names) > len(shown)
    return Said(
        "、".join(f"“{name}”" for name in shown) + (f"等 {len(names)} 处" if more else ""),
        ", ".join(shown) + (f" and others, {len(names)} in all" if more else ""),
    )


def _beds(outcome: Outcome) -> Said:
    more, fewer = outcome.beds_gained, outcome.beds_lost
    if not more and not fewer:
        return Said("写明的床位没有增减。", "The beds that are stated stay as many.")
    return Said(
        f"写明的床位增加 {more:,} 张、减少 {fewer:,} 张。",
        f"Of the beds that are stated, {more:,} are added and {fewer:,} are lost.",
    )


def _values(outcome: Outcome) -> list[Said]:
    """Indicators whose value changes, the worse ones by themselves."""
    moved = [(c, _worse(c)) for c in outcome.indicators]
    said = []
    for worse, zh, en in ((False, "指标好转", "Better"), (True, "指标变差", "Worse")):
        some = [c for c, how in moved if how is worse]
        if some:
            said.append(
                Said(
                    f"{zh} {len(some)} 项："
                    + "、".join(f"“{c.after.indicator.name}”{_from_to(c)}" for c in some)
                    + "。",
                    f"{en} by {len(some)} indicators: "
                    + "; ".join(f"“{_name_en(c)}” {_from_to(c)}" for c in some)
                    + ".",
                )
            )
    return said


def _worse(change: IndicatorChange) -> bool | None:
    """Whether a value moved away from what is wanted, `None` where none is seen to move."""
    before, after = change.before.value, change.after.value
    if before is None or after is None or number(before, 2) == number(after, 2):
        return None
    least = any(t.op in {"≤", "<"} for t in change.after.indicator.targets)
    return (after > before) if least else (after < before)


def _from_to(change: IndicatorChange) -> str:
    unit = "%" if change.after.indicator.unit.strip() in {"%", "％"} else ""
    values = (change.before.value, change.after.value)
    return " → ".join("?" if v is None else f"{number(v, 2)}{unit}" for v in values)


def _beyond(access: Access) -> Said:
    people, who = access.main, _who(access)
    share = 100 * people.beyond / people.total if people.total else 0.0
    zh, en = limit_name(access, "zh"), limit_name(access, "en")
    return Said(
        f"仍有 {_of(people.beyond, who)}（{share:.1f}%）在 {zh}之外或位置不详。",
        f"Still {heads(people.beyond, 'en')} {who.en} ({share:.1f} %) are beyond {en} or have no "
        "known place.",
    )


def _townships(outcome: Outcome) -> Said:
    new, gone = outcome.newly_covered, outcome.no_longer_covered
    if not new and not gone:
        return Said(
            "没有乡镇（县）因此新覆盖或失去覆盖。",
            "No township or county becomes covered or ceases to be.",
        )
    return Said(
        f"新覆盖 {len(new)} 个乡镇（县）{_listed(outcome, new, '、')}；"
        f"失去覆盖 {len(gone)} 个{_listed(outcome, gone, '、')}（按指标逐项计）。",
        f"Newly covered, indicator by indicator: {len(new)}{_listed(outcome, new, ', ')}; "
        f"no longer covered: {len(gone)}{_listed(outcome, gone, ', ')}.",
    )


def _listed(outcome: Outcome, units: Sequence[tuple[IndicatorChange, str]], joint: str) -> str:
    if not units:
        return ""
    names = list(dict.fromkeys(outcome.after.city.units.name(code) for _, code in units))
    more = "…" if len(names) > _NAMED else ""
    return f"（{joint.join(names[:_NAMED])}{more}）"


def _targets(outcome: Outcome) -> Said:
    won = [c for c in outcome.indicators if c.after.status == "met" and c.before.status != "met"]
    lost = [c for c in outcome.indicators if c.before.status == "met" and c.after.status != "met"]
    if not won and not lost:
        return Said(
            f"达标的指标仍为 {outcome.met} 项。",
            f"Indicators that meet their targets: {outcome.met}, as before.",
        )
    return Said(
        f"达标的指标由 {outcome.met_before} 项变为 {outcome.met} 项"
        + "".join(f"；“{c.after.indicator.name}”新达标" for c in won)
        + "".join(f"；“{c.after.indicator.name}”不再达标" for c in lost)
        + "。",
        f"Indicators that meet their targets: {outcome.met_before} before, {outcome.met} after"
        + "".join(f"; “{_name_en(c)}” is now met" for c in won)
        + "".join(f"; “{_name_en(c)}” is no longer met" for c in lost)
        + ".",
    )


def _name_en(change: IndicatorChange) -> str:
    indicator = change.after.indicator
    return indicator.name_en or indicator.name


def _unmet(outcome: Outcome) -> Said:
    unmet = [c for c in outcome.indicators if c.unmet]
    if not unmet:
        return Said(
            "算得出的指标没有未达标的。", "No indicator that can be computed misses its target."
        )
    shown = unmet[:_NAMED]
    zh = "、".join(f"“{c.after.indicator.name}”{_short(c, 'zh')}" for c in shown)
    en = "; ".join(f"“{_name_en(c)}”{_short(c, 'en')}" for c in shown)
    more = len(unmet) > len(shown)
    return Said(
        f"仍未达标 {len(unmet)} 项：{zh}{'等' if more else ''}。",
        f"Targets still missed: {len(unmet)}: {en}{' and others' if more else ''}.",
    )


def _short(change: IndicatorChange, lang: Lang) -> str:
    """How much is missing to the targets in force."""
    gaps = [t for t in change.after.targets if t.due and t.met is False]
    units = {t.gap_units for t in gaps if t.gap_units is not None}
    if units:
        unit = change.after.measurement.gap_unit.to(lang)
        return f"差 {max(units):,} {unit}" if lang == "zh" else f" lacks {max(units):,} {unit}"
    points = [t.gap_points for t in gaps if t.gap_points is not None]
    if not points:
        return ""
    return f"差 {number(max(points))}" if lang == "zh" else f" lacks {number(max(points))}"


def _money(outcome: Outcome) -> Said:
    cost = outcome.cost
    if not cost.items:
        return Said("没有计价的改动。", "No edit bears a cost.")
    unknown = len(cost.unknown)
    if unknown == len(cost.items):
        return Said(
            f"费用不详（{unknown} 项未写）。",
            f"The cost is not known ({unknown} edits state none).",
        )
    return Said(
        f"费用 {precise(cost.known)} 万元" + (f"，另有 {unknown} 项未计价。" if unknown else "。"),
        f"The cost is {precise(cost.known)} × 10,000 yuan"
        + (f", and {unknown} edits state none." if unknown else "."),
    )
