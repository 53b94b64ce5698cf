"""What a siting question is made of: sites and their rules, people, who reaches whom.

Everything is checked once, here, and every problem found is named in one
`InputError`. Candidates are the rows of every matrix, demand points the
columns; both are meant by their position, from 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, issparse

from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Limit:
    """At most `most` of the `members` may be open, for instance in one township.

    Attributes:
        members: Positions of candidates.
        most: How many of them.
        name: What planners call the group; only for messages.
    """

    members: tuple[int, ...]
    most: int
    name: str = ""


@dataclass(frozen=True)
class Sites:
    """What may stand where: the candidates and the rules on them.

    Existing facilities are candidates too (rows of the matrix). `fixed` ones
    stay open; `closable` ones may be closed; `movable` ones may be closed where a new
    site takes their place, which does not count as a further one. All other candidates are new.

    Attributes:
        count: How many candidates there are.
        max_new: At most so many new sites, beside those that replace moved ones.
        max_open: At most so many open sites in all, existing ones included.
        budget: What new sites and closings may cost in all.
        costs: (count,) cost of building; nothing is paid for existing ones.
        closing_costs: (count,) cost of closing, negative where closing saves money.
        fixed: Existing facilities that stay.
        closable: Existing facilities that may be closed.
        movable: Existing facilities that may be closed in exchange for a new site.
        max_moved: At most so many movable ones are closed.
        mandatory: New sites that must be built.
        forbidden: Candidates that must not be open.
        apart: Pairs of candidates too near one another, see `too_near`; two
            existing ones may be, they stand already.
        limits: At most so many of a group, see `per_group`.

    Raises:
        InputError: With every rule that cannot be meant.
    """

    count: int
    max_new: int | None = None
    max_open: int | None = None
    budget: float | None = None
    costs: Sequence[float] | None = None
    closing_costs: Sequence[float] | None = None
    fixed: Sequence[int] = ()
    closable: Sequence[int] = ()
    movable: Sequence[int] = ()
    max_moved: int | None = None
    mandatory: Sequence[int] = ()
    forbidden: Sequence[int] = ()
    apart: Sequence[tuple[int, int]] = ()
    limits: Sequence[Limit] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        for one in fields(self):  # arrays are welcome; plain tuples are kept, compared and replayed
            value = getattr(self, one.name)
            if one.name == "apart":
                value = tuple((int(i), int(k)) for i, k in value)
            elif one.name == "limits":
                value = tuple(value)
            elif one.name in {"costs", "closing_costs"}:
                value = None if value is None else tuple(np.asarray(value, dtype=float).tolist())
            elif one.name not in {"count", "max_new", "max_open", "budget", "max_moved"}:
                value = tuple(np.asarray(value, dtype=np.int64).ravel().tolist())
            object.__setattr__(self, one.name, value)
        problems = [Problem(reason) for reason in _site_problems(self)]
        if problems:
            raise InputError(problems)

    @property
    def existing(self) -> tuple[int, ...]:
        """Facilities that stand today."""
        return tuple(sorted((*self.fixed, *self.closable, *self.movable)))

    def building_costs(self) -> Floats:
        """(count,) cost of every candidate as a new site, 1 if none are given; existing ones 0."""
        costs = np.ones(self.count) if self.costs is None else np.asarray(self.costs, dtype=float)
        costs = costs.copy()
        costs[list(self.existing)] = 0.0
        return costs

    def to_dict(self) -> dict[str, Any]:
        """What differs from the defaults, ready for JSON; `from_dict` reads it back."""
        out: dict[str, Any] = {"count": self.count}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "limits":
                value = [vars(limit) | {"members": list(limit.members)} for limit in value]
            elif isinstance(value, tuple):
                value = [list(item) if isinstance(item, tuple) else item for item in value]
            if value is not None and value != []:
                out[one.name] = value
        return out

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Sites:
        """The sites that `to_dict` wrote."""
        limits = [
            Limit(tuple(one["members"]), one["most"], one.get("name", ""))
            for one in content.get("limits", ())
        ]
        return cls(**{**content, "limits": limits})


_NUMBERS = {
    "max_new": Said("新建数量", "the number of new sites"),
    "max_open": Said("设施总数", "the number of open sites"),
    "max_moved": Said("迁移数量", "the number of moved sites"),
}
_STANDS = {
    "fixed": Said("保留", "fixed"),
    "closable": Said("可关闭", "closable"),
    "movable": Said("可迁移", "movable"),
    "mandatory": Said("必建", "mandatory"),
    "forbidden": Said("禁建", "forbidden"),
    "spacing": Said("间距", "spacing"),
    "group": Said("分组", "group"),
}
_EXCLUSIVE = (
    ("fixed", "closable"),
    ("fixed", "movable"),
    ("closable", "movable"),
    ("mandatory", "forbidden"),
    ("fixed", "forbidden"),
)


def _site_problems(sites: Sites) -> list[str]:
    """Every reason why the rules cannot be meant, as sentences."""
    if sites.count < 1:
        return ["没有剩下任何候选点 · there is no candidate site left to choose from"]
    out = []
    for name, (zh, en) in _NUMBERS.items():
        value = getattr(sites, name)
        if value is not None and not (value >= 0 and math.isfinite(value) and value == int(value)):
            out.append(
                f"{zh}须为不小于 0 的整数，现为 {value} · "
                f"{en} must be a whole number of at least 0, not {value}"
            )
    if sites.budget is not None and not sites.budget >= 0:
        out.append(
            f"预算须为不小于 0 的数，现为 {sites.budget} · "
            f"the budget must be a number of at least 0, not {sites.budget}"
        )
    out += _cost_problems(sites)
    places = {name: getattr(sites, name) for name in list(_STANDS)[:5]}
    places["spacing"] = tuple(i for pair in sites.apart for i in pair)
    places["group"] = tuple(i for limit in sites.limits for i in limit.members)
    for name, members in places.items():
        wrong = sorted({i for i in members if not 0 <= i < sites.count})
        if wrong:
            zh, en = _STANDS[name]
            out.append(
                f"{zh}点 {wrong[0]} 不在 {sites.count} 个候选点之中 · "
                f"{en} site {wrong[0]} is none of the {sites.count} candidates"
            )
    out += _contradictions(places)
    for number, limit in enumerate(sites.limits):
        if limit.most < 0:
            name = limit.name or str(number)
            out.append(
                f"分组“{name}”的上限 {limit.most} 须不小于 0 · "
                f"the group {name} allows {limit.most} sites; it must be 0 or more"
            )
    out += [
        f"候选点 {i} 不能与自身保持间距 · site {i} cannot keep a distance from itself"
        for i, k in sites.apart
        if i == k
    ][:1]
    return out or _too_many(sites)


def _too_many(sites: Sites) -> list[str]:
    """More sites than there are candidates."""
    new = sites.count - len(sites.existing)
    if sites.max_new is not None and sites.max_new > new + len(sites.movable):
        asked, there, zh, en = sites.max_new, new, "新建", "new"
    elif sites.max_open is not None and sites.max_open > sites.count:
        asked, there, zh, en = sites.max_open, sites.count, "开放", "open"
    else:
        return []
    reason = (
        f"要求{zh} {asked} 处，而候选点只有 {there} 个 · "
        f"{asked} {en} sites are asked for and there are {there} candidates"
    )
    return [reason]


def _cost_problems(sites: Sites) -> list[str]:
    out = []
    kinds = (
        (Said("建设成本", "costs"), sites.costs, 0.0),
        (Said("关闭成本", "closing costs"), sites.closing_costs, -math.inf),
    )
    for (zh, en), costs, least in kinds:
        if costs is None:
            continue
        if len(costs) != sites.count:
            out.append(
                f"{sites.count} 个候选点给出了 {len(costs)} 个{zh} · "
                f"{len(costs)} {en} are given for {sites.count} candidates"
            )
        bad = [i for i, cost in enumerate(costs) if not math.isfinite(cost) or cost < least]
        if bad:
            zh_least, en_least = ("不小于 0 的", " of at least 0") if least == 0 else ("", "")
            out.append(
                f"{zh}须为{zh_least}数；候选点 {bad[0]} 的是 {costs[bad[0]]} · "
                f"{en} must be numbers{en_least}; that of site {bad[0]} is {costs[bad[0]]}"
            )
    if sites.budget is not None and sites.costs is None:
        out.append("给出了预算，却没有各点的成本 · a budget is given but no costs of the sites")
    return out


def _contradictions(places: Mapping[str, tuple[int, ...]]) -> list[str]:
    out = []
    for one, other in _EXCLUSIVE:
        both = sorted(set(places[one]) & set(places[other]))
        if both:
            out.append(
                f"候选点 {both[0]} 既为{_STANDS[one].zh}又为{_STANDS[other].zh} · "
                f"site {both[0]} is both {one} and {other}"
            )
    return out


def too_near(xy: ArrayLike, metres: float) -> tuple[tuple[int, int], ...]:
    """Pairs of sites less than `metres` apart, for `Sites.apart`.

    Args:
        xy: (count, 2) metres on a plane.
        metres: The least distance; two sites exactly so far apart are allowed.

    Raises:
        InputError: If a coordinate is missing or the distance is negative.
    """
    from scipy.spatial import KDTree

    points = np.asarray(xy, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise InputError(
            Said("每个候选点须有两个坐标（米）", "every site needs two coordinates in metres")
        )
    if not metres >= 0:
        raise InputError(
            Said(
                f"最小间距须不小于 0 米，现为 {metres}",
                f"the spacing must be at least 0 metres, not {metres}",
            )
        )
    pairs = KDTree(points).query_pairs(metres, output_type="ndarray")
    far = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    return tuple(sorted((int(i), int(k)) for i, k in pairs[far < metres]))


def per_group(groups: Sequence[Any], most: int | Mapping[Any, int]) -> tuple[Limit, ...]:
    """At most so many sites in every group, for `Sites.limits`.

    Args:
        groups: Group of every candidate, for instance its township; None for none.
        most: How many, the same everywhere or by group (groups not named are free).
    """
    members: dict[Any, list[int]] = {}
    for i, group in enumerate(groups):
        if group is not None:
            members.setdefault(group, []).append(i)
    allowed = most if not isinstance(most, int) else dict.fromkeys(members, most)
    return tuple(
        Limit(tuple(members[group]), allowed[group], str(group))
        for group in members
        if group in allowed
    )


# Matrices and people.


def covering(coverage: Any, sites: Sites) -> csr_array:
    """A coverage matrix, checked: (candidates, points), sorted, 1.0 where a site reaches a point.

    Raises:
        InputError: If its shape is not that of the sites, or a value is not a number.
    """
    matrix = (
        csr_array(cast("Any", coverage))
        if issparse(coverage)
        else csr_array(np.atleast_2d(coverage))
    )
    if matrix.shape[0] != sites.count:
        raise InputError(
            Said(
                f"{sites.count} 个候选点的覆盖矩阵有 {matrix.shape[0]} 行",
                f"the coverage matrix has {matrix.shape[0]} rows for {sites.count} candidates",
            )
        )
    if matrix.data.dtype.kind == "f" and np.isnan(matrix.data).any():
        raise InputError(
            Said("覆盖矩阵中有空值", "the coverage matrix holds values that are not numbers")
        )
    out = csr_array(
        ((matrix.data != 0).astype(float), matrix.indices.copy(), matrix.indptr.copy()),
        shape=matrix.shape,
    )
    out.sum_duplicates()
    out.eliminate_zeros()
    out.data[:] = 1.0
    out.sort_indices()
    return out


def people_of(people: Any, points: int) -> Floats:
    """People at every demand point, checked; None is one each.

    Raises:
        InputError: If a number is missing or negative, or there are too many or too few.
    """
    if people is None:
        return np.ones(points)
    weights = np.asarray(people, dtype=float).ravel()
    if len(weights) != points:
        raise InputError(
            Said(
                f"{points} 个需求点给出了 {len(weights)} 个人数",
                f"{len(weights)} numbers of people are given for {points} demand points",
            )
        )
    bad = np.flatnonzero(~np.isfinite(weights) | (weights < 0))
    if len(bad):
        value = weights[bad[0]]
        raise InputError(
            f"人数须为不小于 0 的数；{len(bad)} 个需求点有误，第一个是需求点 {bad[0]}：{value:g} · "
            f"people must be numbers of at least 0; demand point {bad[0]} has {value:g}"
            + (f", and {len(bad) - 1} others are wrong too" if len(bad) > 1 else "")
        )
    return weights


def times_of(times: Any, sites: Sites) -> Floats:
    """Travel times or distances, dense (candidates, points), infinite where there is no way.

    In a sparse matrix what is not stored is out of reach; a stored 0 is a time of 0.

    Raises:
        InputError: If the shape is not that of the sites, or a time is NaN or negative.
    """
    if issparse(times):
        coo = coo_array(cast("Any", times))
        out = np.full(coo.shape, np.inf)
        rows, cols = coo.coords
        np.minimum.at(out, (rows, cols), coo.data.astype(float))
    else:
        out = np.array(times, dtype=float, ndmin=2)
    if out.shape[0] != sites.count:
        raise InputError(
            Said(
                f"{sites.count} 个候选点的时间矩阵有 {out.shape[0]} 行",
                f"the times have {out.shape[0]} rows for {sites.count} candidates",
            )
        )
    if np.isnan(out).any() or (out < 0).any():
        i, j = np.argwhere(np.isnan(out) | (out < 0))[0]
        raise InputError(
            Said(
                f"时间须为不小于 0 的数；候选点 {i} 到需求点 {j} 的是 {out[i, j]:g}",
                f"times must be numbers of at least 0; from site {i} to point {j} "
                f"it is {out[i, j]:g}",
            )
        )
    return out


def entry_rows(matrix: csr_array) -> Ints:
    """Row of every stored entry, as `indices` are their columns."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
