"""A field and a question put to a model of siting, and the rows that it chose.

Facilities that stay are one row for the models in which only their union
counts. Where several answers are equally good in number of units, the one
for the most people is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from coverage.errors import InputError, Problem, refusal
from coverage.messages import Said
from coverage.proposals.candidates import distinct_names
from coverage.proposals.question import TRAVEL_MODELS, Question
from coverage.siting import (
    Alternative,
    Answer,
    Floor,
    InfeasibleError,
    Search,
    Sites,
    best_floor,
    per_group,
    run,
    too_near,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.proposals.field import Field
    from coverage.proposals.lists import Fixed

_UNION = ("threshold", "mclp", "lscp", "p_median", "p_center")
# Models that must serve everybody: people without a known place would make them impossible.
PLACED_ONLY = ("lscp", "backup", "capacitated_lscp", *TRAVEL_MODELS)
_MOST_TIMES = 60_000_000  # of a dense matrix of times: 480 MB
ALTERNATIVES = 5
FLOOR_SECONDS = 15.0  # for the best floor, where the one asked for cannot be kept


class ImpossibleFloorError(InfeasibleError):
    """A floor that cannot be kept; `floor` is the best that can."""

    def __init__(self, why: InfeasibleError, floor: Floor) -> None:
        super().__init__(why.shortfalls)
        self.floor = floor


@dataclass(frozen=True, eq=False)
class _Model:
    """The arrays of one model, smaller than the field.

    Attributes:
        rows: Rows of the field behind each row of the model.
        columns: Points of the field behind each column.
        sites: Rules on the model's rows.
    """

    rows: tuple[tuple[int, ...], ...]
    columns: NDArray[np.int64]
    sites: Sites

    def back(self, answer: Answer) -> Answer:
        """The answer in rows of the field."""

        def rows(one: Answer | Alternative, *names: str) -> dict[str, Any]:
            return {name: self.at(getattr(one, name)) for name in names}

        others = [
            replace(one, **rows(one, "chosen", "sites_in", "sites_out"))
            for one in answer.alternatives
        ]
        named = rows(answer, "chosen", "new", "closed", "common")
        return replace(answer, alternatives=tuple(others), **named)

    def at(self, rows: Sequence[int]) -> tuple[int, ...]:
        """Rows of the field behind rows of the model."""
        return tuple(sorted(row for i in rows for row in self.rows[i]))

    def why(self, error: InfeasibleError) -> InfeasibleError:
        """The error with its new sites in rows of the field."""
        return InfeasibleError(
            replace(one, ways=tuple(replace(way, new=self.at(way.new)) for way in one.ways))
            for one in error.shortfalls
        )


def solve(
    field: Field,
    question: Question,
    fixed: Sequence[Fixed],
    city: City,
    *,
    alternatives: int = ALTERNATIVES,
) -> tuple[Answer, tuple[Said, ...]]:
    """Have the question answered; in rows of the field, with what was left out of the model.

    Args:
        field: Who is reached from where.
        question: What is asked.
        fixed: What must, must not, stays or may go.
        city: For names in messages.
        alternatives: How many others nearly as good to look for.

    Raises:
        InputError: If the rules cannot be meant or the memory would not do.
        InfeasibleError: If no allowed sites do what is asked.
    """
    model = _model(field, question, fixed)
    notes: list[Said] = []
    beds = question.model.startswith("capacitated")
    matrix: Any
    if question.model in TRAVEL_MODELS:
        matrix, columns = _times(field, question, model)
        lost = float(field.people.sum() - field.people[columns].sum())
        if lost > 0.5:
            notes.append(
                Said(
                    f"{lost:,.0f} 人离已知道路太远或位置不详，未进入模型",
                    f"{lost:,.0f} people live too far from any known road, or nowhere known, and "
                    "are left out of the model",
                )
            )
        weight = field.people[columns]
    else:
        matrix = _rows_of(field.cover, model)[:, model.columns]
        weight = (field.people if beds else field.weight)[model.columns]
        unknown = sum(f.beds is None for f in field.existing) if beds else 0
        if unknown:
            notes.append(
                Said(
                    f"{unknown} 处现有设施床位数不详，按 0 张计",
                    f"{unknown} existing facilities do not state their beds, taken as 0",
                )
            )
    if beds:
        weight = weight * question.rules.need / 1000
    search = Search(question.rules.seconds, question.rules.seed, alternatives=alternatives)
    options = _options(field, question, model, city) | {"search": search}
    try:
        answer = run(question.model, matrix, weight, model.sites, **options)
    except InfeasibleError as error:
        if "floor" in options and not beds:
            floor = best_floor(
                matrix, weight, model.sites, groups=options["groups"], search=Search(FLOOR_SECONDS)
            )
            raise ImpossibleFloorError(model.why(error), floor) from error
        raise model.why(error) from error
    if question.model in TRAVEL_MODELS:
        answer = replace(answer, details=answer.details | _today(matrix, columns, weight, answer))
    return model.back(answer), tuple(notes)


def _options(field: Field, question: Question, model: _Model, city: City) -> dict[str, Any]:
    """What the model is told beside its arrays."""
    options: dict[str, Any] = {}
    if question.model.startswith("capacitated"):
        options["beds"] = _beds(field, question, model)
    if question.rules.cheapest:
        options["minimise"] = "cost"
    if question.form == "units" and question.model != "lscp":
        options["then"] = np.round(field.people[model.columns])
    if question.model == "threshold":
        options |= _shares(field, question, city)
    elif question.model in {"mclp", "capacitated_mclp"} and question.rules.floor is not None:
        options["groups"] = group_names(field, question.rules.each or "county", city)
        options["floor"] = question.rules.floor / 100
    elif question.model == "backup" and question.rules.max_new is not None:
        options["weight"] = Fraction(1, 2)
    return options


def _today(
    times: NDArray[np.float64],
    columns: NDArray[np.int64],
    people: NDArray[np.float64],
    answer: Answer,
) -> dict[str, Any]:
    """The longest and the mean way today, and who has the longest one, then and now."""
    had = times[sorted({*answer.chosen, *answer.closed} - {*answer.new})]
    has = times[list(answer.chosen)]
    out: dict[str, Any] = {}
    for name, rows in (("before", had), ("after", has)):
        ways = rows.min(axis=0, initial=np.inf)
        far = int(ways.argmax()) if len(ways) else 0
        total = float(people.sum())
        mean = float(people @ ways) / total if total and np.isfinite(ways).all() else np.inf
        out[name] = {
            "longest": float(ways.max(initial=0.0)),
            "mean": mean,
            "point": int(columns[far]) if len(ways) else -1,
        }
    return out


def _model(field: Field, question: Question, fixed: Sequence[Fixed]) -> _Model:
    """Rows and rules of the model."""
    standing, total = field.standing, field.matrix.shape[0]
    rule_of = {one.facility: one.rule for one in fixed if one.facility}
    rules = [rule_of.get(f.id, "keep") for f in field.existing]
    free = [i for i, rule in enumerate(rules) if rule != "keep"]
    stay = [i for i, rule in enumerate(rules) if rule == "keep"]
    rows: list[tuple[int, ...]] = [(i,) for i in stay]
    if question.model in _UNION and stay:
        rows = [tuple(stay)]
    count_fixed = len(rows)
    rows += [(i,) for i in (*free, *range(standing, total))]
    first = count_fixed + len(free)
    mandatory, forbidden = _wanted(field, fixed, first)
    named = question.rules
    new = range(first, len(rows))
    columns = np.arange(field.matrix.shape[1])
    if question.model in PLACED_ONLY:
        columns = columns[: field.placed]
    return _Model(
        rows=tuple(rows),
        columns=columns,
        sites=Sites(
            len(rows),
            max_new=named.max_new,
            budget=named.budget,
            costs=_costs(field, question, first),
            fixed=range(count_fixed),
            closable=[count_fixed + n for n, i in enumerate(free) if rules[i] == "closable"],
            movable=[count_fixed + n for n, i in enumerate(free) if rules[i] == "movable"],
            mandatory=mandatory,
            forbidden=forbidden,
            apart=_apart(field, named.spacing_m, first),
            limits=_per_township(field, named.per_township, first, new),
        ),
    )


def _wanted(field: Field, fixed: Sequence[Fixed], first: int) -> tuple[list[int], list[int]]:
    """Positions of mandatory and forbidden candidates.

    Raises:
        InputError: If a row of the table means no candidate, or several must be built.
    """
    wanted: dict[str, set[int]] = {"mandatory": set(), "forbidden": set()}
    problems = []
    for one in fixed:
        if one.facility:
            continue
        hits = np.flatnonzero(one.hits(field.candidates))
        if one.rule == "mandatory" and one.xy is not None and len(hits) > 1:
            far = np.hypot(*(field.candidates.xy[hits] - np.array(one.xy)).T)
            hits = hits[[int(far.argmin())]]
        if len(hits) == 1 or (len(hits) and one.rule == "forbidden"):
            wanted[one.rule] |= {first + int(i) for i in hits}
            continue
        said = Said("候选点中没有这一处", "none of the candidates is meant by this row")
        if len(hits):
            said = Said(
                f"有 {len(hits)} 个候选点符合，请写名称或坐标",
                f"{len(hits)} candidates are meant: give a name or a place",
            )
        problems.append(Problem(said, row=one.row, value=one.name or one.unit))
    if problems:
        raise InputError(problems)
    return sorted(wanted["mandatory"]), sorted(wanted["forbidden"])


def _costs(field: Field, question: Question, first: int) -> list[float] | None:
    """Cost of every row; `None` where some are not known and no budget asks for them."""
    costs = field.candidates.costs
    missing = np.flatnonzero(np.isnan(costs))
    if len(missing) and (question.rules.budget is not None or question.rules.cheapest):
        name = field.candidates.names[int(missing[0])]
        raise refusal(
            f"问到资金，但 {len(missing)} 个候选点没有造价（如 {name}），请加 --cost 或在名单中写",
            f"money is asked about but {len(missing)} candidates have no cost: add --cost",
        )
    return None if len(missing) else [0.0] * first + [float(cost) for cost in costs]


def _apart(field: Field, metres: float, first: int) -> tuple[tuple[int, int], ...]:
    """Pairs of candidates too near one another, in the model's rows."""
    if not metres:
        return ()
    known = np.isfinite(field.candidates.xy).all(axis=1)
    if not known.all():
        raise refusal(
            "有候选点位置不详，无法按间距选址",
            "some candidates have no place: no spacing can be kept",
        )
    return tuple((i + first, k + first) for i, k in too_near(field.candidates.xy, metres))


def _per_township(field: Field, most: int | None, first: int, new: range) -> tuple[Any, ...]:
    if most is None:
        return ()
    groups: list[str | None] = [None] * first
    groups += [field.candidates.unit[i - first][:9] or None for i in new]
    return per_group(groups, most)


def _rows_of(cover: csr_array, model: _Model) -> csr_array:
    """The model's rows: 1.0 where any of the rows behind one reaches."""
    at = np.array([row for rows in model.rows for row in rows])
    into = np.repeat(np.arange(len(model.rows)), [len(rows) for rows in model.rows])
    gather = csr_array((np.ones(len(at)), (into, at)), shape=(len(model.rows), cover.shape[0]))
    return csr_array(gather @ cover)


def _shares(field: Field, question: Question, city: City) -> dict[str, Any]:
    """Targets in whole people or units, overall and in every group, as exact shares."""
    options: dict[str, Any] = {"share": _share(question, round(float(field.weight.sum())))}
    if question.rules.each:
        groups = group_names(field, question.rules.each, city)
        sums = _sums(groups, field.weight)
        options["groups"] = groups
        options["group_share"] = {n: _share(question, round(v)) for n, v in sums.items() if v > 0}
    return options


def _share(question: Question, total: int) -> Fraction:
    return Fraction(min(question.whole_needed(total), total), total) if total else Fraction(0)


def _sums(groups: Sequence[str | None], values: NDArray[np.float64]) -> dict[str, float]:
    """What the values of every group come to."""
    sums: dict[str, float] = {}
    for group, value in zip(groups, values.tolist(), strict=True):
        if group is not None:
            sums[group] = sums.get(group, 0.0) + value
    return sums


def group_names(field: Field, level: str, city: City) -> list[str | None]:
    """Name of the county or township of every point, told apart where two share one."""
    rows = city.units.counties if level == "county" else city.units.township_rows
    names = dict(zip((u.code for u in rows), distinct_names(city, rows), strict=True))
    length = {"county": 6, "township": 9}[level]
    return [names.get(code[:length]) for code in field.unit]


def _times(
    field: Field, question: Question, model: _Model
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A dense matrix of times, of people who can get to a road only, and which points these are."""
    size = len(model.rows) * field.placed
    if size > _MOST_TIMES:
        raise refusal(
            f"模型 {question.model} 要 {len(model.rows):,} × {field.placed:,} 个时间，超过 "
            f"{_MOST_TIMES:,} 个；请减少候选点（如 townships）",
            "the model needs too many times: use fewer candidates",
        )
    times = np.full((len(model.rows), field.placed), np.inf)
    matrix = field.matrix
    for n, rows in enumerate(model.rows):
        for row in rows:
            part = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
            at = matrix.indices[part]
            times[n, at] = np.minimum(times[n, at], matrix.data[part])
    # Who can get to no road reaches only what stands beside the door: no model of all
    # people's times has an answer with them.
    some = np.isfinite(times).sum(axis=0)
    columns = np.flatnonzero(some > max(1, 0.5 * len(model.rows)))
    return times[:, columns], columns


def _beds(field: Field, question: Question, model: _Model) -> list[float]:
    first = len(model.rows) - len(field.candidates)
    standing = [float(field.existing[rows[0]].beds or 0) for rows in model.rows[:first]]
    return [*standing, *([float(question.rules.beds or 0)] * len(field.candidates))]
