"""Why a question has no answer, in the planner's own names."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import Problem
from coverage.messages import Said, joined
from coverage.proposals.candidates import distinct_names
from coverage.proposals.solving import PLACED_ONLY, ImpossibleFloorError, group_names
from coverage.siting import InfeasibleError, Shortfall, short_said
from coverage.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.proposals.field import Field
    from coverage.proposals.question import Question

_NAMED = 12


def explained(
    error: InfeasibleError, field: Field, question: Question, city: City
) -> list[Problem]:
    """One sentence for every reason of the model's."""
    out = []
    for one in error.shortfalls:
        if one.kind == "out_of_reach":
            out.append(Problem(_out_of_reach(one, field, question, city)))
        elif one.kind == "rules":
            out.append(Problem(_rules_short(one, field, question, city)))
        else:
            out.append(Problem(one.said))
    if isinstance(error, ImpossibleFloorError):
        out = [*out[:-1], Problem(joined([out[-1].reason, _best_floor(error, question)]))]
    return out


def _best_floor(error: ImpossibleFloorError, question: Question) -> Said:
    """The floor that can be promised instead, rounded down to a tenth of a percent."""
    shares = error.floor.share, error.floor.bound
    least, most = (f"{math.floor(1000 * share + 1e-6) / 10:g}%" for share in shares)
    shown = least if least == most else f"{least}–{most}"
    every = ("乡镇", "township") if question.rules.each == "township" else ("县", "county")
    return Said(
        f"按现有规则，每个{every[0]}至多可保证 {shown}",
        f"with these rules every {every[1]} can be promised {shown} at most",
    )


def _rules_short(short: Shortfall, field: Field, question: Question, city: City) -> Said:
    """What the rules leave missing, in units where these are counted; new sites by county."""
    parts = short.parts
    if question.form == "units":  # the models speak of people
        parts = tuple((name, float(round(missing)), "units") for name, missing, _ in parts)

    def where(sites: Sequence[int]) -> Said:
        counts = Counter(field.candidates.unit[row - field.standing][:6] for row in sites)
        names = [(county.name, counts[county.code]) for county in city.units.counties]
        told = [f"{name} {number(count)}" for name, count in names if count]
        return Said("、".join(told), ", ".join(told))

    return short_said(parts, short.ways, where)


def _asked(question: Question) -> tuple[str, str]:
    """What is asked of everybody or of each group."""
    floor = question.rules.floor
    if floor is not None:
        return f"底线 {number(floor)} %", f"a floor of {number(floor)} %"
    if question.value is not None:
        return question.target_text, question.target_text
    return "全部可达", "everyone reached"


def _out_of_reach(short: Shortfall, field: Field, question: Question, city: City) -> Said:
    """How far a target is possible, and the townships with the most people out of reach."""
    possible = np.zeros(len(field.weight), dtype=bool)
    possible[np.unique(field.cover.indices)] = True
    inside = np.ones(len(field.weight), dtype=bool)
    if question.model in PLACED_ONLY:
        inside[field.placed :] = False
    if short.group:
        level = question.rules.each or "county"
        inside = np.array([name == short.group for name in group_names(field, level, city)])
    total = float(field.weight[inside].sum())
    best = float(field.weight[inside & possible].sum())
    what = ("个单元", "units") if question.form == "units" else ("人", "people")
    names = _lost(field, inside & ~possible, city)
    where = f"{short.group}：" if short.group else ""
    there = f" in {short.group}" if short.group else ""
    listed, listed_en = "、".join(names), ", ".join(names)
    percent = f"{100 * best / total:.1f}%" if total else "—"
    asked = _asked(question)
    return Said(
        f"{where}要求 {asked[0]}，而全部 {len(field.candidates)} 个候选点加现有设施最多覆盖 "
        f"{number(round(best))}/{number(round(total))} {what[0]}（{percent}）；没有候选点可达的"
        f"最多的乡镇：{listed}",
        f"{asked[1]} is asked for{there}, and all {len(field.candidates)} candidates with what "
        f"stands reach {number(round(best))} of {number(round(total))} {what[1]} ({percent}) at "
        f"most; most of those out of reach live in {listed_en}",
    )


def _lost(field: Field, lost: NDArray[np.bool_], city: City) -> list[str]:
    """Units (or townships) with the most people out of reach, and how many there are."""
    if field.names:
        at = np.flatnonzero(lost)
        order = at[np.argsort(-field.people[at], kind="stable")]
        named = [field.names[i] for i in order]
    else:
        rows = city.units.township_rows
        names = dict(zip((u.code for u in rows), distinct_names(city, rows), strict=True))
        sums: dict[str, float] = {}
        for i in np.flatnonzero(lost):
            code = field.unit[i][:9]
            sums[code] = sums.get(code, 0.0) + float(field.weight[i])
        named = [
            f"{names.get(code, '?')}({number(round(sums[code]))})"
            for code in sorted(sums, key=lambda code: -sums[code])
            if sums[code] >= 1
        ]
    more = [f"…({len(named)})"] if len(named) > _NAMED else []
    return [*named[:_NAMED], *more]
