"""The rules on sites as linear rows over open sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.sparse import csr_array, vstack

from coverage.errors import InputError, Problem, refusal
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.siting._sites import Bools, Floats, Ints, Sites

COUNTED = ("new", "open", "budget", "moved")  # rules that allow a number
LIMIT_SLACK = 1e-9  # relative, for sums of costs that were added in another order


@dataclass(frozen=True, eq=False)
class Rows:
    """The rules as linear rows `low <= matrix @ y <= high` over open sites `y`, and bounds on `y`.

    Attributes:
        matrix: (rows, count).
        low: (rows,), minus infinity where there is none.
        high: (rows,), infinity where there is none.
        names: What every row is: new, open, budget, moved, replaced, apart, group.
        lower: (count,) 1 where a site must be open.
        upper: (count,) 0 where it must not.
        places: (count,) 1 for sites that count as new ones (movable ones included).
        taken: How many of these stand today.
        standing: (count,) whether a site stands today.
        paid: What closing all that may be closed would cost: the row of the budget leaves it out.
    """

    matrix: csr_array
    low: Floats
    high: Floats
    names: tuple[str, ...]
    lower: Floats
    upper: Floats
    places: Floats
    taken: int
    standing: Bools
    paid: float = 0.0

    @classmethod
    def of(cls, sites: Sites) -> Rows:
        """The rows of some rules; see `Sites` for what they mean.

        Raises:
            InputError: If what must be open breaks a rule already.
        """
        count = sites.count
        lower, upper = np.zeros(count), np.ones(count)
        lower[[*sites.fixed, *sites.mandatory]] = 1.0
        upper[list(sites.forbidden)] = 0.0
        places = np.ones(count)
        places[[*sites.fixed, *sites.closable]] = 0.0
        content = list(_rows(sites, places))
        names, columns, numbers, low, high = zip(*content, strict=True) if content else ([],) * 5
        ends = np.cumsum([0, *(len(one) for one in columns)])
        matrix = csr_array(
            (
                np.concatenate([np.zeros(0), *numbers]),
                np.concatenate([np.zeros(0, dtype=np.int64), *columns]),
                ends,
            ),
            shape=(len(content), count),
        )
        matrix.sort_indices()
        rows = cls(
            matrix,
            np.array(low, dtype=float),
            np.array(high, dtype=float),
            tuple(names),
            lower,
            upper,
            places,
            len(sites.movable),
            np.isin(np.arange(count), sites.existing),
            money(sites)[1],
        )
        rows.check_forced()
        return rows

    def check_forced(self) -> None:
        """Raise one sentence for every rule that the sites which must be open break.

        Raises:
            InputError: If there is any.
        """
        least, most = self._range(self.lower, self.upper)
        wrong = np.flatnonzero((least > _up(self.high)) | (most < _down(self.low)))
        said: dict[str, Said] = {}  # one sentence a kind of rule, however many pairs are too near
        for k in wrong:
            kind, _, group = self.names[k].partition(":")
            pair = " – ".join(str(i) for i in self.matrix[[k]].indices)
            said.setdefault(self.names[k], _FORCED[kind].fill(pair if kind == "apart" else group))
        if said:
            raise InputError(map(Problem, said.values()))

    def _range(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        """Least and greatest value of every row within the bounds."""
        positive = self.matrix.maximum(0.0)
        negative = self.matrix.minimum(0.0)
        return (
            positive @ lower + negative @ upper,
            positive @ upper + negative @ lower,
        )

    def hold(self, chosen: Bools) -> bool:
        """Whether open sites keep every rule."""
        y = chosen.astype(float)
        if (y < self.lower).any() or (y > self.upper).any():
            return False
        value = self.matrix @ y
        return bool((value <= _up(self.high)).all() and (value >= _down(self.low)).all())

    def only(self, keep: Ints) -> Rows:
        """The same rules over some of the candidates; the others are shut."""
        return replace(
            self,
            matrix=csr_array(self.matrix[:, keep]),
            lower=self.lower[keep],
            upper=self.upper[keep],
            places=self.places[keep],
            standing=self.standing[keep],
        )

    def narrowed(self, live: Ints, must: Bools) -> Rows:
        """The same over some candidates, some of which must be open."""
        return replace(self.only(live), lower=must[live].astype(float))

    def without(self, *kinds: str) -> Rows:
        """The rules less those of some kinds."""
        kept = [k for k, name in enumerate(self.names) if kind_of(name) not in kinds]
        return replace(
            self,
            matrix=csr_array(self.matrix[kept]),
            low=self.low[kept],
            high=self.high[kept],
            names=tuple(self.names[k] for k in kept),
        )

    def bounds(self) -> Rows:
        """Only what must be open and what must not, no other rule."""
        return replace(self.without(*map(kind_of, self.names)), taken=0)

    def new_sites(self, most: float) -> Rows:
        """The same rules with at most `most` new sites (net of moved ones)."""
        return self.without("new").at_most("new", self.places, most + self.taken)

    def at_most(self, name: str, weights: Floats, most: float) -> Rows:
        """The same rules and one more: `weights @ y <= most`."""
        row = csr_array(weights[None, :])
        return replace(
            self,
            matrix=csr_array(vstack([self.matrix, row], format="csr")),
            low=np.append(self.low, -np.inf),
            high=np.append(self.high, most),
            names=(*self.names, name),
        )

    def counted(self, kind: str) -> tuple[Floats, float, float] | None:
        """What a rule of numbers counts: weights, what is added to them, and what is allowed.

        None where a kind of rule is no one number (spacing, groups) or is not in force.
        """
        if kind not in COUNTED or kind not in self.names:
            return None
        at = self.names.index(kind)
        weights = self.matrix[[at]].toarray()[0]
        if kind == "moved":  # written as how many stay
            return -weights, float(self.taken), self.taken - float(self.low[at])
        more = {"new": -float(self.taken), "budget": self.paid, "open": 0.0}[kind]
        return weights, more, float(self.high[at]) + more


def kind_of(name: str) -> str:
    """Kind of a rule by the name of its row, which may hold a group's."""
    return name.partition(":")[0]


_FORCED = {
    "new": Said(
        "必建点已超过新建数量上限",
        "the mandatory sites alone are more than the number of new sites allowed",
    ),
    "open": Said(
        "现有与必建设施已超过设施总数上限",
        "the existing and mandatory sites alone are more than the number of open sites allowed",
    ),
    "budget": Said("必建点的成本已超出预算", "the mandatory sites alone cost more than the budget"),
    "moved": Said(
        "禁止保留的可迁移设施多于允许迁移的数量",
        "more movable sites are forbidden than may be moved",
    ),
    "replaced": Said(
        "候选点不足以替换必须迁移的设施",
        "there are too few candidates to replace the sites that must be moved",
    ),
    "apart": Said(
        "必须开放的两处 {0} 小于最小间距",
        "the sites {0} must both be open and are nearer to one another than the spacing allows",
    ),
    "group": Said(
        "分组“{0}”中必须开放的设施超过其上限",
        "more sites must be open in the group {0} than it allows",
    ),
}


def _up(high: Floats) -> Floats:
    slack = LIMIT_SLACK * np.maximum(1.0, np.abs(np.where(np.isfinite(high), high, 0.0)))
    return np.where(np.isfinite(high), high + slack, high)


def _down(low: Floats) -> Floats:
    return -_up(-low)


Minimise = Literal["sites", "cost"]


def money(sites: Sites) -> tuple[Floats, float]:
    """What building and closing cost: `costs @ y + paid` for open sites `y`."""
    costs, paid = sites.building_costs(), 0.0
    free = [*sites.closable, *sites.movable]
    if sites.closing_costs is not None and free:
        closing = np.asarray(sites.closing_costs)
        costs[free] = -closing[free]
        paid = float(closing[free].sum())
    return costs, paid


def goal(sites: Sites, minimise: Minimise) -> tuple[Floats, float]:
    """What is minimised, as `money`: new sites net of moved ones, or money.

    Raises:
        InputError: If it is neither, or there are no costs.
    """
    if minimise == "sites":
        places = np.ones(sites.count)
        places[[*sites.fixed, *sites.closable]] = 0.0
        return places, -float(len(sites.movable))
    if minimise != "cost":
        raise refusal(
            f"只能最小化数量或成本，不能是 {minimise!r}",
            f"either sites or cost can be minimised, not {minimise!r}",
        )
    if sites.costs is None:
        raise refusal(
            "最小化成本需要各点的成本", "to minimise cost the costs of the sites are needed"
        )
    return money(sites)


Row: TypeAlias = "tuple[str, Ints, Floats, float, float]"


def _rows(sites: Sites, places: Floats) -> Iterable[Row]:
    """Name, columns, coefficients, low and high of every rule."""
    everyone = np.arange(sites.count)
    ones = np.ones(sites.count)
    movable = np.array(sites.movable, dtype=np.int64)
    if sites.max_new is not None:
        cols = np.flatnonzero(places)
        yield "new", cols, ones[cols], -np.inf, float(sites.max_new + len(movable))
    if sites.max_open is not None:
        yield "open", everyone, ones, -np.inf, float(sites.max_open)
    if sites.max_moved is not None and len(movable):
        yield "moved", movable, ones[movable], float(len(movable) - sites.max_moved), np.inf
    if len(movable):  # a moved site is a closed one with a new one in its stead
        cols = np.flatnonzero(places)
        yield "replaced", cols, ones[cols], float(len(movable)), np.inf
    if sites.budget is not None:
        costs, paid = money(sites)
        cols = np.flatnonzero(costs)
        yield "budget", cols, costs[cols], -np.inf, float(sites.budget) - paid
    standing = set(sites.existing)
    for i, k in sorted({(min(pair), max(pair)) for pair in sites.apart}):
        if not (i in standing and k in standing):
            yield "apart", np.array([i, k]), np.ones(2), -np.inf, 1.0
    for number, limit in enumerate(sites.limits):
        cols = np.unique(np.array(limit.members, dtype=np.int64))
        name = f"group:{limit.name or number}"
        yield name, cols, np.ones(len(cols)), -np.inf, float(limit.most)
