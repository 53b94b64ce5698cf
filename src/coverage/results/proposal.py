"""A siting answer as tables and as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.text import Text

from coverage.kinds import KINDS
from coverage.messages import Lang, Said
from coverage.proposals.goal import bound_of, goal_of, unit_of
from coverage.proposals.question import CHEAPEST, MODELS
from coverage.results.proposal_words import (
    money_said,
    order_said,
    rules_said,
    ways_of,
    ways_said,
)
from coverage.results.table import Column, Table, bullet, to_rich
from coverage.text import number
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from coverage.proposals.propose import Change, Proposal, Share
    from coverage.results.table import Cell

_SHOWN_SITES = 30
_SHOWN_NAMES = 4


def to_dict(proposal: Proposal, lang: Lang = "zh") -> dict[str, Any]:
    """Everything as plain data."""
    question, answer, off = proposal.question, proposal.answer, proposal.off_road
    return {
        "city": {"code": proposal.city.code, "name": proposal.city.name},
        "question": {
            "indicator": question.indicator.id,
            "form": question.form,
            "kind": question.kind,
            "year": question.year,
            "target": question.target_text or None,
            "target_source": question.said.to(lang),
            "model": question.model,
            "group": question.group if question.form == "people" else None,
            "minutes": question.minutes if question.form == "people" else None,
            "profile": proposal.sources.profile if question.form == "people" else None,
        },
        "candidates": {
            "source": proposal.field.candidates.source.to(lang),
            "count": len(proposal.field.candidates),
            "removed": [
                {"reason": one.said.to(lang), "count": one.count}
                for one in proposal.field.candidates.removed
            ],
        },
        "result": {
            "new_sites": len(proposal.sites),
            "closed": len(proposal.closed),
            "objective": answer.objective,
            "bound": _finite(answer.bound),
            "gap": None if math.isinf(answer.gap) else answer.gap,
            "optimal": answer.optimal,
            "seconds": round(answer.seconds, 3),
            "spent": proposal.spent,
            "left": proposal.left,
            "without_cost": proposal.unpriced,
            "ways": ways_of(proposal),
            "needed": proposal.needed or None,
            "target_met": proposal.met,
            "off_road_percent": _rounded(off.time if off else None),
            "wholly_off_road": _rounded(off.alone if off else None),
            "straight_estimate": off is not None and off.straight_estimate,
        },
        "city_change": _plain(proposal.city_change),
        "counties": [_plain(change) for change in proposal.counties],
        "sites": [
            {
                "name": site.name,
                "unit_code": site.unit,
                "unit": site.unit_name,
                "county": site.county_name,
                "lon": _rounded(site.lon, 6),
                "lat": _rounded(site.lat, 6),
                "reaches": site.reaches,
                "gains": site.gains,
                "cost": site.cost,
                "could_upgrade": [f.id for f in site.instead],
                "in_all_alternatives": site.always,
            }
            for site in proposal.sites
        ],
        "closed_facilities": [{"id": f.id, "name": f.name} for f in proposal.closed],
        "alternatives": [
            {
                "objective": rival.objective,
                "reached": rival.reached,
                "people": rival.people,
                "sites_in": list(rival.sites_in),
                "sites_out": list(rival.sites_out),
            }
            for rival in proposal.rivals
        ],
        "curve": [
            {
                "allowed": one.allowed,
                "built": one.built,
                "reached": one.reached,
                "bound": one.bound,
                "proven": one.proven,
            }
            for one in proposal.curve
        ],
        "order": [
            {"goal": one.goal, "value": _finite(one.value), "proven": one.proven}
            for one in answer.order
        ],
        "these_are_all": proposal.answer.every_alternative,
        "in_all_alternatives": proposal.always,
        "parameters": {name: value for name, value in answer.parameters.items() if name != "sites"}
        | {"rules": _rules(proposal)},
        "notes": [one.to(lang) for one in proposal.notes],
    }


def _rules(proposal: Proposal) -> dict[str, Any]:
    rules = proposal.question.rules
    return {
        name: str(value) if value is not None and not isinstance(value, int | float) else value
        for name, value in vars(rules).items()
        if value not in (None, "")
    }


def _plain(change: Change) -> dict[str, Any]:
    return {
        "code": change.code,
        "name": change.name,
        "new_sites": change.new_sites,
        **{
            when: {
                "reached": share.reached,
                "total": share.total,
                "percent": _rounded(share.percent),
                "points": share.points,
                "points_total": share.points_total,
            }
            for when, share in (("before", change.before), ("after", change.after))
        },
        "gained": change.gained,
    }


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def heading(proposal: Proposal, lang: Lang) -> str:
    """City, what is built, target; says so where example rows are counted."""
    question, city = proposal.question, proposal.city
    illustrative = any(f.provenance == "illustrative" for f in proposal.field.existing)
    what = Said(question.indicator.name, question.indicator.name_en or question.indicator.name)
    said = Said(f"{city.name}选址：{what.zh}", f"{city.label.english}, where to build: {what.en}")
    if target := question.target_text:
        said = said.then(Said(f" · 目标 {target}", f", target {target}"))
    said = said.then(mark_of(proposal.off_road))
    if illustrative:
        said = said.then(Said("（含示意数据）", " — ILLUSTRATIVE DATA"))
    return said.to(lang)


def show(proposal: Proposal, to: Console, lang: Lang) -> None:
    """Print the answer: today first, then what is built, who gains, what rivals it, notes."""
    to.print(Text(heading(proposal, lang), style="bold"))
    for line in _summary(proposal):
        bullet(to, line.to(lang))
    _print(to, _site_table(proposal, lang))
    if proposal.closed:
        names = "、".join(f.name for f in proposal.closed)
        bullet(to, Said(f"关闭：{names}", f"closed: {names}").to(lang))
    _print(to, _county_table(proposal, lang))
    _print(to, _rival_table(proposal, lang))
    _print(to, _curve_table(proposal, lang))
    bullet(to, _rivals_said(proposal).to(lang))
    for note in proposal.notes:
        bullet(to, note.to(lang), "yellow" if "示意" in note.zh else "dim")


def _print(to: Console, table: Table) -> None:
    if table.rows:
        to.print(to_rich(table, edge=True, padding=(0, 1)))


def _summary(proposal: Proposal) -> list[Said]:
    """Today, afterwards, and what the number of sites rests on."""
    question, change, count = proposal.question, proposal.city_change, len(proposal.sites)
    people = question.form == "people"
    lines = []
    if people:
        who = f"{question.group}{{0}}{proposal.sources.profile}{{0}}{question.minutes:g} "
        lines.append(
            Said(f"人群与时限：{who.format('，')}分钟内", f"who: {who.format(', ')}minutes")
        )
    target, gained = question.target_text, number(change.gained)
    before, after = (_share_said(share, people) for share in (change.before, change.after))
    met = {
        None: Said("", ""),
        True: Said("，目标达成", ", the target is met"),
        False: Said("，目标未达成", ", the target is NOT met"),
    }[proposal.met]
    return [
        *lines,
        Said(
            f"目标：{target or '无'}（{question.said.zh}）",
            f"target: {target or 'none'} ({question.said.en})",
        ),
        Said("现状：", "today: ").then(before),
        Said(f"新建 {count} 处后：", f"with {count} new sites: ").then(after),
        Said(f"增加 {gained} ", f"gained: {gained} ")
        .then(Said("人", "people") if people else Said("个单元", "units"))
        .then(met),
        *ways_said(proposal),
        *money_said(proposal),
        *rules_said(proposal),
        _proof(proposal),
        *order_said(proposal),
    ]


def _share_said(share: Share, people: bool) -> Said:
    text = f"{number(share.reached)}/{number(share.total)}"
    part = _percent(share)
    if not people:
        return Said(f"{text} = {part}", f"{text} = {part}")
    points = f"{share.points:,}/{share.points_total:,}"
    return Said(
        f"{text} 人 = {part}（需求点 {points}）", f"{text} people = {part} ({points} points)"
    )


def _proof(proposal: Proposal) -> Said:
    """Model, objective, bound, gap, time."""
    answer, asked = proposal.answer, proposal.question
    model = (CHEAPEST if asked.rules.cheapest else MODELS)[asked.model]
    unit, value, bound = unit_of(proposal), goal_of(proposal), bound_of(proposal)
    gap = "—" if math.isinf(answer.gap) else f"{100 * answer.gap:.2f}%"
    proven = (
        Said("已证明最优", "proven optimal")
        if answer.optimal
        else Said("尚未证明最优", "not proven optimal")
    )
    return Said(
        f"模型 {model.zh}：目标函数 {value} {unit.zh}，已证明的界 {bound}，差距 {gap}，"
        f"{proven.zh}，用时 {answer.seconds:.1f} 秒",
        f"{model.en}: objective {value} {unit.en}, proven bound {bound}, gap {gap}, "
        f"{proven.en}, {answer.seconds:.1f} s",
    )


def _site_table(proposal: Proposal, lang: Lang) -> Table:
    units, kind = proposal.question.form == "units", KINDS[proposal.question.kind]
    count, left = len(proposal.sites), len(proposal.sites) - _SHOWN_SITES
    title = Said(f"一、拟建 {count} 处{kind.zh}", f"{count} new: {kind.en}")
    if left > 0:
        title = title.then(
            Said(f"（前 {_SHOWN_SITES} 处，另有 {left} 处）", f" (first {_SHOWN_SITES} of {count})")
        )
    rows: list[tuple[Cell, ...]] = []
    for site in proposal.sites[:_SHOWN_SITES]:
        place = "—" if site.lon is None or site.lat is None else f"{site.lon:.4f},{site.lat:.4f}"
        rows.append(
            (
                *(site.name, site.county_name, place),
                *(site.reaches, site.gains, _YES if site.always else ""),
                *((str(len(site.instead) or ""),) if units else ()),
            )
        )
    return Table(title, _SITES if units else _SITES[:-1], tuple(rows), lang)


_YES = Said("是", "yes")
_SITES = (
    Column(Said("点位", "site")),
    Column(Said("县（市、区）", "county")),
    Column(Said("经度,纬度", "lon,lat")),
    Column(Said("覆盖人口", "reaches"), "count"),
    Column(Said("新增人口", "gains"), "count"),
    Column(Said("各方案均有", "in all"), right=True),
    Column(Said("可改造", "upgrade"), right=True),
)
_COUNTIES = (
    Column(Said("县（市、区）", "county")),
    Column(Said("新建", "new"), right=True),
    Column(Said("现状", "today"), "count"),
    Column(Said("之后", "after"), "count"),
    Column(Said("总数", "of"), "count"),
    Column(Said("现状%", "today %"), right=True),
    Column(Said("之后%", "after %"), right=True),
    Column(Said("增加", "gained"), "count"),
)
_CURVE = (
    Column(Said("新建", "new"), right=True),
    Column(Said("覆盖", "reached"), right=True),
    Column(Said("占比", "share"), right=True),
    Column(Said("比上一行多", "more than above"), right=True),
    Column(Said("已证明的界", "proven bound"), right=True),
    Column(Said("已证明最优", "proven"), right=True),
)
_RIVALS = (
    Column(Said("方案", "plan")),
    Column(Said("目标函数", "objective"), right=True),
    Column(Said("覆盖人口", "reached"), "count"),
    Column(Said("改建于", "builds"), right=True),
    Column(Said("不建于", "drops"), right=True),
)


def _county_table(proposal: Proposal, lang: Lang) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *(one.name, str(one.new_sites or "")),
            *(one.before.reached, one.after.reached, one.after.total),
            *(_percent(one.before), _percent(one.after), one.gained),
        )
        for one in (*proposal.counties, proposal.city_change)
    )
    return Table(Said("二、各县变化", "By county"), _COUNTIES, rows, lang)


def _curve_table(proposal: Proposal, lang: Lang) -> Table:
    """What each further site brings; the gain of the first is to today's value."""
    before, rows = proposal.city_change.before, list[tuple["Cell", ...]]()
    last = before.reached
    for one in proposal.curve:
        if one.reached is None:
            rows.append((str(one.allowed), "—", "—", "—", "", ""))
            continue
        percent = f"{100 * one.reached / before.total:.1f}%" if before.total else "—"
        gain = number(one.reached - last)
        bound = "—" if one.bound is None else number(one.bound)
        proven = _YES if one.proven else ""
        rows.append((str(one.allowed), number(one.reached), percent, gain, bound, proven))
        last = one.reached
    return Table(
        Said("四、每多建一处的作用", "What each further site brings"), _CURVE, tuple(rows), lang
    )


def _percent(share: Share) -> str:
    return "—" if share.percent is None else f"{share.percent:.1f}%"


def _rival_table(proposal: Proposal, lang: Lang) -> Table:
    units = proposal.question.form == "units"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *(chr(ord("A") + n), goal_of(proposal, rival)),
            rival.people if units else rival.reached,
            *map(_names, (rival.sites_in, rival.sites_out)),
        )
        for n, rival in enumerate(proposal.rivals)
    )
    return Table(Said("三、1% 以内的其他方案", "Others within 1 %"), _RIVALS, rows, lang)


def _names(names: Sequence[str]) -> Said:
    more = f" …({len(names)})" if len(names) > _SHOWN_NAMES else ""
    shown = names[:_SHOWN_NAMES]
    return Said(*((mark.join(shown) or "—") + more for mark in ("、", ", ")))


def _rivals_said(proposal: Proposal) -> Said:
    every = proposal.answer.every_alternative
    if proposal.rivals:
        count, always = len(proposal.sites), proposal.always
        said = Said(
            f"{count} 处中 {always} 处为各方案所共有",
            f"{always} of the {count} sites are in all of them",
        )
        return said.then(Said("，且只有这些", ", and these are all")) if every else said
    if every:
        return Said("1% 以内没有其他方案（已证明）", "none other within 1 % (proven)")
    return Said(
        "时限内没有找到 1% 以内的其他方案",
        "none other within 1 % was found in the time given",
    )
