"""What may stand where: candidate sites and the rules on them.

Everything is checked once, here, and every problem found is named in one
`InputError`. Candidates are the rows of every matrix, demand points the
columns; both are meant by their position, from 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coverage.errors import InputError, Problem, refusal
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scipy.sparse import csr_array

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
        wrong = [*_no_numbers(self), *_misplaced(self)] if self.count > 0 else []
        wrong = wrong or [*_too_many(self)]
        if wrong:
            raise InputError(map(Problem, wrong))

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


_ASKED = Said(
    "要求{0} {2} 处，而候选点只有 {3} 个",
    "{2} {1} sites are asked for and there are {3} candidates",
)
_COSTS = {
    "costs": Said("建设成本", "costs"),
    "closing_costs": Said("关闭成本", "closing costs"),
}
_ANY = (-math.inf, "", "")


def _no_numbers(sites: Sites) -> Iterator[Said]:
    """Every number that cannot be meant."""
    count = sites.count
    for name, (zh, en) in _NUMBERS.items():
        value = getattr(sites, name)
        if value is not None and not (value >= 0 and math.isfinite(value) and value == int(value)):
            yield Said(
                f"{zh}须为不小于 0 的整数，现为 {value}",
                f"{en} must be a whole number of at least 0, not {value}",
            )
    if sites.budget is not None and not sites.budget >= 0:
        yield Said(
            f"预算须为不小于 0 的数，现为 {sites.budget}",
            f"the budget must be a number of at least 0, not {sites.budget}",
        )
    for name, (zh, en) in _COSTS.items():
        costs = getattr(sites, name) or ()
        if costs and len(costs) != count:
            yield Said(
                f"{count} 个候选点给出了 {len(costs)} 个{zh}",
                f"{len(costs)} {en} are given for {count} candidates",
            )
        least, *at_least = (0.0, "不小于 0 的", " of at least 0") if name == "costs" else _ANY
        bad = [i for i, cost in enumerate(costs) if not math.isfinite(cost) or cost < least]
        if bad:
            yield Said(
                f"{zh}须为{at_least[0]}数；候选点 {bad[0]} 的是 {costs[bad[0]]}",
                f"{en} must be numbers{at_least[1]}; that of site {bad[0]} is {costs[bad[0]]}",
            )
    if sites.budget is not None and sites.costs is None:
        yield Said("给出了预算，却没有各点的成本", "a budget is given but no costs of the sites")


def _misplaced(sites: Sites) -> Iterator[Said]:
    """Every reason why what is said of single sites cannot be meant."""
    count = sites.count
    places = {name: set(getattr(sites, name, ())) for name in _STANDS}
    places["spacing"] = {i for pair in sites.apart for i in pair}
    places["group"] = {i for limit in sites.limits for i in limit.members}
    for name, members in places.items():
        zh, en = _STANDS[name]
        for wrong in sorted(i for i in members if not 0 <= i < count)[:1]:
            yield Said(
                f"{zh}点 {wrong} 不在 {count} 个候选点之中",
                f"{en} site {wrong} is none of the {count} candidates",
            )
    for one, other in _EXCLUSIVE:
        for both in sorted(places[one] & places[other])[:1]:
            yield Said(
                f"候选点 {both} 既为{_STANDS[one].zh}又为{_STANDS[other].zh}",
                f"site {both} is both {one} and {other}",
            )
    for number, limit in enumerate(sites.limits):
        if limit.most < 0:
            name = limit.name or str(number)
            yield Said(
                f"分组“{name}”的上限 {limit.most} 须不小于 0",
                f"the group {name} allows {limit.most} sites; it must be 0 or more",
            )
    for i in [i for i, k in sites.apart if i == k][:1]:
        yield Said(f"候选点 {i} 不能与自身保持间距", f"site {i} cannot keep a distance from itself")


def _too_many(sites: Sites) -> Iterator[Said]:
    """More sites are asked for than there are candidates, or there are none."""
    count, new = sites.count, sites.count - len(sites.existing)
    if count < 1:
        yield Said("没有剩下任何候选点", "there is no candidate site left to choose from")
    elif sites.max_new is not None and sites.max_new > new + len(sites.movable):
        yield _ASKED.fill("新建", "new", sites.max_new, new)
    elif sites.max_open is not None and sites.max_open > count:
        yield _ASKED.fill("开放", "open", sites.max_open, count)


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
        raise refusal("每个候选点须有两个坐标（米）", "every site needs two coordinates in metres")
    if not metres >= 0:
        raise refusal(
            f"最小间距须不小于 0 米，现为 {metres}",
            f"the spacing must be at least 0 metres, not {metres}",
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


def entry_rows(matrix: csr_array) -> Ints:
    """Row of every stored entry, as `indices` are their columns."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def opened(count: int, sites: Any) -> Bools:
    """(count,) whether each of so many candidates is one of some."""
    chosen = np.zeros(count, dtype=bool)
    chosen[sites] = True
    return chosen
