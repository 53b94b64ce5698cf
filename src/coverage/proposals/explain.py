"""Why a question has no answer, in the planner's own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import Problem
from coverage.proposals.candidates import distinct_names
from coverage.proposals.solving import group_names
from coverage.text import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.proposals.field import Field
    from coverage.proposals.question import Question
    from coverage.siting.explain import InfeasibleError, Shortfall

_NAMED = 12


def explained(
    error: InfeasibleError, field: Field, question: Question, city: City
) -> list[Problem]:
    """One sentence for every reason of the model's."""
    out = []
    for one in error.shortfalls:
        if one.kind == "out_of_reach":
            out.append(Problem(_out_of_reach(one, field, question, city)))
        else:
            out.append(Problem(f"{one.said.zh} · {one.said.en}"))
    return out


def _out_of_reach(short: Shortfall, field: Field, question: Question, city: City) -> str:
    """How far a target is possible, and the townships with the most people out of reach."""
    possible = np.zeros(len(field.weight), dtype=bool)
    possible[np.unique(field.cover.indices)] = True
    inside = np.ones(len(field.weight), dtype=bool)
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
    asked = (question.target_text, question.target_text) if question.value is not None else (
        "全部可达", "everyone reached"
    )  # fmt: skip
    return (
        f"{where}要求 {asked[0]}，而全部 {len(field.candidates)} 个候选点加现有设施最多覆盖 "
        f"{number(round(best))}/{number(round(total))} {what[0]}（{percent}）；没有候选点可达的"
        f"最多的乡镇：{listed} · {asked[1]} is asked for{there}, and all "
        f"{len(field.candidates)} candidates with what stands reach {number(round(best))} of "
        f"{number(round(total))} {what[1]} ({percent}) at most; most of those out of reach live "
        f"in {listed_en}"
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
