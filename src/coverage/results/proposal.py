"""A siting answer as tables and as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.text import Text

from coverage.kinds import KINDS
from coverage.messages import Lang, Said
from coverage.proposals.question import MODELS, TRAVEL_MODELS
from coverage.results.table import bullet, data_table
from coverage.text import number
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from coverage.proposals.propose import Change, Proposal, Share

_SHOWN_SITES = 30
_SHOWN_NAMES = 4


def to_dict(proposal: Proposal, lang: Lang = "zh") -> dict[str, Any]:
    """Everything as plain data; people unrounded to a thousandth."""
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
            "bound": answer.bound if math.isfinite(answer.bound) else None,
            "gap": None if math.isinf(answer.gap) else answer.gap,
            "optimal": answer.optimal,
            "seconds": round(answer.seconds, 3),
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
                "reaches": round(site.reaches, 3),
                "gains": round(site.gains, 3),
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
                "reached": round(rival.reached, 3),
                "people": round(rival.people, 3),
                "sites_in": list(rival.sites_in),
                "sites_out": list(rival.sites_out),
            }
            for rival in proposal.rivals
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
                "reached": round(share.reached, 3),
                "total": round(share.total, 3),
                "percent": _rounded(share.percent),
                "points": share.points,
                "points_total": share.points_total,
            }
            for when, share in (("before", change.before), ("after", change.after))
        },
        "gained": round(change.gained, 3),
    }


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def heading(proposal: Proposal, lang: Lang) -> str:
    """City, what is built, target; says so where example rows are counted."""
    question, city = proposal.question, proposal.city
    zh = lang == "zh"
    illustrative = any(f.provenance == "illustrative" for f in proposal.field.existing)
    target = question.target_text
    estimate = mark_of(proposal.off_road).to(lang)
    if zh:
        mark = estimate + "（含示意数据）" * illustrative
        aim = f" · 目标 {target}" if target else ""
        return f"{city.name}选址：{question.indicator.name}{aim}{mark}"
    mark = estimate + " — ILLUSTRATIVE DATA" * illustrative
    aim = f", target {target}" if target else ""
    name = question.indicator.name_en or question.indicator.name
    return f"{city.label.english}, where to build: {name}{aim}{mark}"


def show(proposal: Proposal, to: Console, lang: Lang) -> None:
    """Print the answer: today first, then what is built, who gains, what rivals it, notes."""
    to.print(Text(heading(proposal, lang), style="bold"))
    for line in _summary(proposal, lang):
        bullet(to, line)
    title, head, rows = _site_rows(proposal, lang)
    if rows:
        to.print(data_table(title, head, rows, left=3))
    if proposal.closed:
        names = "、".join(f.name for f in proposal.closed)
        bullet(to, f"关闭：{names}" if lang == "zh" else f"closed: {names}")
    title, head, rows = _county_rows(proposal, lang)
    to.print(data_table(title, head, rows, left=1))
    title, head, rows = _rival_rows(proposal, lang)
    if rows:
        to.print(data_table(title, head, rows, left=1))
    for line in _rival_words(proposal, lang):
        bullet(to, line)
    for note in proposal.notes:
        bullet(to, note.to(lang), "yellow" if "示意" in note.zh else "dim")


def _summary(proposal: Proposal, lang: Lang) -> list[str]:
    """Today, afterwards, and what the number of sites rests on."""
    zh = lang == "zh"
    question, change = proposal.question, proposal.city_change
    before, after = change.before, change.after
    gained = change.gained
    lines = []
    if question.form == "people":
        who = f"{question.group}，{proposal.sources.profile}，{question.minutes:g} 分钟内"
        who_en = f"{question.group}, {proposal.sources.profile}, {question.minutes:g} minutes"
        lines.append(f"人群与时限：{who}" if zh else f"who: {who_en}")
    lines += [
        f"目标：{question.target_text or '无'}（{question.said.zh}）"
        if zh
        else f"target: {question.target_text or 'none'} ({question.said.en})",
        f"现状：{_share_text(before, proposal, lang)}"
        if zh
        else f"today: {_share_text(before, proposal, lang)}",
        f"新建 {len(proposal.sites)} 处后：{_share_text(after, proposal, lang)}"
        if zh
        else f"with {len(proposal.sites)} new sites: {_share_text(after, proposal, lang)}",
    ]
    more = "个单元" if question.form == "units" else "人"
    more_en = "units" if question.form == "units" else "people"
    met = {
        None: ("", ""),
        True: ("，目标达成", ", the target is met"),
        False: ("，目标未达成", ", the target is NOT met"),
    }[proposal.met]
    lines.append(
        f"增加 {number(round(gained))} {more}{met[0]}"
        if zh
        else f"gained: {number(round(gained))} {more_en}{met[1]}"
    )
    lines.append(_proof(proposal, lang))
    return lines


def _share_text(share: Share, proposal: Proposal, lang: Lang) -> str:
    percent = "—" if share.percent is None else f"{share.percent:.1f}%"
    text = f"{number(round(share.reached))}/{number(round(share.total))} = {percent}"
    if proposal.question.form == "units":
        return text
    points = f"{share.points:,}/{share.points_total:,}"
    return f"{text} 人（需求点 {points}）" if lang == "zh" else f"{text} people ({points} points)"


def _proof(proposal: Proposal, lang: Lang) -> str:
    """Model, objective, bound, gap, time."""
    answer, model = proposal.answer, MODELS[proposal.question.model]
    unit = _OBJECTIVES[proposal.question.model].to(lang)
    if proposal.question.form == "units" and proposal.question.model == "mclp":
        unit = "单元" if lang == "zh" else "units"
    value, bound = (_objective(proposal, value) for value in (answer.objective, answer.bound))
    gap = "—" if math.isinf(answer.gap) else f"{100 * answer.gap:.2f}%"
    if lang == "zh":
        how = "已证明最优" if answer.optimal else "尚未证明最优"
        return (
            f"模型 {model.zh}：目标函数 {value} {unit}，已证明的界 {bound}，差距 {gap}，{how}，"
            f"用时 {answer.seconds:.1f} 秒"
        )
    how = "proven optimal" if answer.optimal else "not proven optimal"
    return (
        f"{model.en}: objective {value} {unit}, proven bound {bound}, gap {gap}, {how}, "
        f"{answer.seconds:.1f} s"
    )


_OBJECTIVES = {
    "threshold": Said("处", "new sites"),
    "lscp": Said("处", "new sites"),
    "mclp": Said("人", "people"),
    "backup": Said("人（第二处也可达者，限定数量时与可达者各计一半）", "people, see the model"),
    "p_median": Said("分钟/人（平均）", "minutes a person"),
    "p_center": Said("分钟（最远者）", "minutes for the farthest"),
    "capacitated_mclp": Said("人有床位", "people with a bed"),
    "capacitated_lscp": Said("处", "new sites"),
    "capacitated_p_median": Said("人·分钟（合计）", "person-minutes"),
}


def _objective(proposal: Proposal, value: float) -> str:
    """A value of the model's goal in the unit of `_OBJECTIVES`."""
    if not math.isfinite(value):
        return "—"
    model, mean = proposal.question.model, proposal.answer.details.get("mean")
    travel = proposal.field.travel
    if model not in TRAVEL_MODELS or travel is None:
        return number(round(value))
    per = 1.0 if travel.network.profile.measure == "distance" else 60.0
    if model == "p_median" and mean and proposal.answer.objective:
        value *= mean / proposal.answer.objective
    return f"{value / per:,.1f}"


def _site_rows(proposal: Proposal, lang: Lang) -> tuple[str, list[str], list[list[str]]]:
    zh = lang == "zh"
    units = proposal.question.form == "units"
    kind = KINDS[proposal.question.kind]
    count, left = len(proposal.sites), len(proposal.sites) - _SHOWN_SITES
    more = (f"（前 {_SHOWN_SITES} 处，另有 {left} 处）", f" (first {_SHOWN_SITES} of {count})")
    title = f"一、拟建 {count} 处{kind.zh}" if zh else f"{count} new: {kind.en}"
    if left > 0:
        title += more[0] if zh else more[1]
    head = (
        ["点位", "县（市、区）", "经度,纬度", "覆盖人口", "新增人口", "各方案均有"]
        if zh
        else ["site", "county", "lon,lat", "reaches", "gains", "in all"]
    )
    if units:
        head.append("可改造" if zh else "upgrade")
    rows = []
    for site in proposal.sites[:_SHOWN_SITES]:
        place = "—" if site.lon is None or site.lat is None else f"{site.lon:.4f},{site.lat:.4f}"
        row = [
            site.name,
            site.county_name,
            place,
            number(round(site.reaches)),
            number(round(site.gains)),
            ("是" if zh else "yes") if site.always else "",
        ]
        if units:
            row.append(str(len(site.instead) or ""))
        rows.append(row)
    return title, head, rows


def _county_rows(proposal: Proposal, lang: Lang) -> tuple[str, list[str], list[list[str]]]:
    zh = lang == "zh"
    head = (
        ["县（市、区）", "新建", "现状", "之后", "总数", "现状%", "之后%", "增加"]
        if zh
        else ["county", "new", "today", "after", "of", "today %", "after %", "gained"]
    )
    rows = [
        [
            one.name,
            str(one.new_sites or ""),
            number(round(one.before.reached)),
            number(round(one.after.reached)),
            number(round(one.after.total)),
            _percent(one.before),
            _percent(one.after),
            number(round(one.gained)),
        ]
        for one in (*proposal.counties, proposal.city_change)
    ]
    return ("二、各县变化" if zh else "By county"), head, rows


def _percent(share: Share) -> str:
    return "—" if share.percent is None else f"{share.percent:.1f}%"


def _rival_rows(proposal: Proposal, lang: Lang) -> tuple[str, list[str], list[list[str]]]:
    zh = lang == "zh"
    units = proposal.question.form == "units"
    head = (
        ["方案", "目标函数", "覆盖人口", "改建于", "不建于"]
        if zh
        else ["plan", "objective", "reached", "builds", "drops"]
    )
    rows = [
        [
            f"{chr(ord('A') + n)}",
            _objective(proposal, rival.objective),
            number(round(rival.people if units else rival.reached)),
            _names(rival.sites_in, lang),
            _names(rival.sites_out, lang),
        ]
        for n, rival in enumerate(proposal.rivals)
    ]
    return ("三、1% 以内的其他方案" if zh else "Others within 1 %"), head, rows


def _names(names: Sequence[str], lang: Lang) -> str:
    shown = ("、" if lang == "zh" else ", ").join(names[:_SHOWN_NAMES]) or "—"
    return shown + (f" …({len(names)})" if len(names) > _SHOWN_NAMES else "")


def _rival_words(proposal: Proposal, lang: Lang) -> list[str]:
    zh = lang == "zh"
    count = len(proposal.rivals)
    if not count:
        if proposal.answer.every_alternative:
            return ["1% 以内没有其他方案（已证明）" if zh else "none other within 1 % (proven)"]
        return [
            "时限内没有找到 1% 以内的其他方案"
            if zh
            else "none other within 1 % was found in the time given"
        ]
    all_ = (
        ("，且只有这些", ", and these are all") if proposal.answer.every_alternative else ("", "")
    )
    return [
        f"{len(proposal.sites)} 处中 {proposal.always} 处为各方案所共有{all_[0]}"
        if zh
        else f"{proposal.always} of the {len(proposal.sites)} sites are in all of them{all_[1]}"
    ]
