"""Capacities as a mixed-integer model, and why beds are short."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.control import TINY, scale_of
from coverage.siting.cover_mip import exclusions, rules
from coverage.siting.explain import (
    InfeasibleError,
    capacity_short,
    not_found,
    out_of_reach,
    rules_contradict,
    rules_in_the_way,
)
from coverage.siting.mip import Clock, Stack, solve
from coverage.siting.shortage import kinds_of, without_kind
from coverage.siting.targets import whole

if TYPE_CHECKING:
    from coverage.siting.mip import Mip
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.rows import Rows
    from coverage.siting.targets import Target

SERVED = 1e-6  # people; less is rounding


@dataclass(frozen=True, eq=False)
class BedAsk:
    """A question with capacities in arrays.

    Attributes:
        i: (pairs,) site of every pair within reach.
        j: (pairs,) its point.
        far: (pairs,) cost of a person's way, or None.
        weights: (points,) people.
        beds: (candidates,).
        rows: Rules.
        all: Whether everybody must be served.
        targets: What must be met otherwise.
        cost: (candidates,) what is minimised, or None.
        offset: Added to it.
        single: Whether the people of a point stay together.
    """

    i: Ints
    j: Ints
    far: Floats | None
    weights: Floats
    beds: Floats
    rows: Rows
    all: bool
    targets: tuple[Target, ...]
    cost: Floats | None
    offset: float
    single: bool

    @property
    def minimises(self) -> bool:
        """Whether the goal is small, not large."""
        return self.cost is not None or self.far is not None

    def scaled(self) -> tuple[BedAsk, float]:
        """The same in units that tolerances are made for, and the factor of its values."""
        people = scale_of(self.weights)
        weights, beds = self.weights * people, self.beds * people
        targets = tuple(
            replace(t, weights=t.weights * people, needed=t.needed * people, least=t.least * people)
            for t in self.targets
        )
        ask = replace(self, weights=weights, beds=beds, targets=targets)
        if self.cost is not None:
            price = scale_of(np.append(self.cost, self.offset))
            return replace(ask, cost=self.cost * price, offset=self.offset * price), price
        if self.far is not None:
            way = scale_of(self.far)
            return replace(ask, far=self.far * way), people * way
        return ask, people

    def model(
        self, *, without: list[Bools] | None = None, limit: float | None = None, slack: bool = False
    ) -> Mip:
        """The model: sites first, then the served share of every pair's point.

        Args:
            without: Sets of sites to leave out.
            limit: Value that must be kept.
            slack: Instead of the goal: what is missing, as little as can be; the last
                variables, one a target and one for those who must be served.
        """
        sites, points, pairs = len(self.beds), len(self.weights), len(self.i)
        every, people = np.arange(pairs), self.weights[self.j]
        extra = len(self.targets) + points if slack else 0
        first = sites + pairs
        stack = Stack(size=first + extra)
        served = csr_array((np.ones(pairs), (self.j, every)), shape=(points, pairs))
        blocks: list[tuple[int, Any]] = [(sites, served)]
        if slack:
            eye = csr_array(
                (np.ones(points), (np.arange(points), np.arange(points))), shape=(points, points)
            )
            blocks.append((first + len(self.targets), eye))
        stack.add(blocks, (self.weights > 0) & self.all, 1.0)
        load = csr_array((people, (self.i, every)), shape=(sites, pairs))
        full = csr_array((-self.beds, (np.arange(sites), np.arange(sites))), shape=(sites, sites))
        stack.add([(0, full), (sites, load)], -np.inf, 0.0)
        opened = csr_array((-np.ones(pairs), (every, self.i)), shape=(pairs, sites))
        used = csr_array((np.ones(pairs), (every, every)), shape=(pairs, pairs))
        stack.add([(0, opened), (sites, used)], -np.inf, 0.0)
        for k, target in enumerate(self.targets):
            row = csr_array(target.weights[self.j][None, :])
            short = [(first + k, csr_array([[1.0]]))] if slack else []
            stack.add([(sites, row), *short], target.least, np.inf)
        rules(stack, self.rows)
        exclusions(stack, self.rows, without or [])
        goal = np.zeros(stack.size)
        if slack:
            goal[first : first + len(self.targets)] = 1.0
            goal[first + len(self.targets) :] = self.weights
        elif self.cost is not None:
            goal[:sites] = self.cost
        elif self.far is not None:
            goal[sites:first] = self.far * people
        else:
            goal[sites:first] = -people
        if limit is not None:
            size = max(1.0, float(np.abs(goal).max(initial=0.0)))
            most = (limit - self.offset) if self.minimises else -limit
            stack.add([(0, csr_array(goal[None, :] / size))], -np.inf, most / size)
        lower, upper = np.zeros(stack.size), np.ones(stack.size)
        lower[:sites], upper[:sites] = self.rows.lower, self.rows.upper
        upper[first : first + len(self.targets)] = np.inf if slack else 1.0
        integer = np.arange(stack.size) < (first if self.single else sites)
        return stack.model(goal, lower, upper, integer)

    def value(self, chosen: Bools, share: Floats) -> float:
        """The goal at open sites and served shares."""
        people = self.weights[self.j]
        if self.cost is not None:
            return float(self.cost @ chosen) + self.offset
        if self.far is not None:
            return float((self.far * people) @ share)
        return float(people @ share)


def bed_step(ask: BedAsk) -> float:
    """1 if all values are whole numbers: people and beds are, and flows then can be."""
    if ask.cost is not None:
        costs = np.append(ask.cost, ask.offset)
        return float((costs == np.round(costs)).all())
    counted = whole(ask.weights) and whole(np.minimum(ask.beds, ask.weights.sum()))
    if ask.targets and not ask.single:
        return 0.0
    if ask.far is not None:
        return float(counted and (ask.far == np.round(ask.far)).all())
    return float(counted)


def read_beds(ask: BedAsk, values: Floats) -> tuple[Bools, Floats]:
    """Open sites and the served share of every pair, rounding taken out."""
    sites = len(ask.beds)
    share = np.clip(values[sites : sites + len(ask.i)], 0.0, 1.0)
    share[share * np.maximum(ask.weights[ask.j], 1.0) < SERVED] = 0.0
    if ask.single:
        share = np.round(share)
    return values[:sites] > 0.5, share


def check_beds(ask: BedAsk) -> None:
    """Points out of reach, and beds that are short even if all sites were open.

    Raises:
        InfeasibleError: If there are any.
    """
    if not ask.all:
        return
    open_to = ask.rows.upper[ask.i] > 0
    reached = np.bincount(ask.j[open_to], minlength=len(ask.weights)) > 0
    lost = np.flatnonzero(~reached & (ask.weights > 0))
    if len(lost):
        raise InfeasibleError([out_of_reach(lost, float(ask.weights[lost].sum()))])
    beds = float(ask.beds[ask.rows.upper > 0].sum())
    if ask.weights.sum() > beds * (1 + TINY):
        raise InfeasibleError([capacity_short(float(ask.weights.sum()), beds)])


def why_short(ask: BedAsk, clock: Clock, *, unsure: bool) -> list[Any]:
    """Which beds are short, and which rule stands in the way."""
    late = clock if clock.left > 10.0 else Clock.of(10.0)
    everything = replace(
        ask,
        all=False,
        targets=(),
        cost=None,
        far=None,
        single=False,
        rows=replace(
            ask.rows,
            lower=np.where(ask.rows.upper > 0, 1.0, 0.0),
            low=np.full(len(ask.rows.low), -np.inf),
            high=np.full(len(ask.rows.high), np.inf),
        ),
    )
    found = solve(everything.model(), clock=late)
    most = -found.objective
    needed = (
        float(ask.weights.sum())
        if ask.all
        else max((target.needed for target in ask.targets), default=0.0)
    )
    if found.done and most < needed - SERVED:
        _, share = read_beds(everything, found.values if found.values is not None else np.zeros(0))
        served = np.bincount(ask.j, weights=ask.weights[ask.j] * share, minlength=len(ask.weights))
        short = np.flatnonzero(served < ask.weights - SERVED)
        return [capacity_short(needed, round(most, 6), points=short if ask.all else ())]
    missing = solve(ask.model(slack=True), clock=late)
    if missing.values is None and missing.done:
        return [rules_contradict()]
    short_by = max(0.0, missing.bound)
    if unsure and short_by <= SERVED:
        return [not_found()]
    kinds = []
    for kind in kinds_of(ask.rows):
        freed = replace(ask, rows=without_kind(ask.rows, kind))
        if solve(freed.model(), clock=Clock.of(5.0), first=True).values is not None:
            kinds.append(kind)
    return rules_in_the_way([("", float(np.ceil(short_by - SERVED)), "people")], kinds)
