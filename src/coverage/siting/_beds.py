"""The variants with capacities: a site serves no more people than it has beds.

`f_ij` are the people of point `j` served at site `i`: `sum_i f_ij <= w_j`,
`sum_j f_ij <= b_i y_i`. People of one point may go to different sites, unless
`single` keeps them together: then `f_ij = w_j x_ij` with `x_ij` 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import csr_array, eye_array

from coverage.siting._answer import WITHIN, Answer, Choice, Control, Inquiry, Result, gap_of
from coverage.siting._ask import TINY, Ask, tightened
from coverage.siting._bound import Knapsack, cover_bound, least_whole
from coverage.siting._explain import (
    ROUNDING,
    InfeasibleError,
    capacity_short,
    out_of_reach,
)
from coverage.siting._inputs import Target, scale_of, whole
from coverage.siting._order import Goal, flow_slack, in_turn, ordered, site_goals, slack_of
from coverage.siting._relief import rules_short
from coverage.siting._search import Walk, beginning
from coverage.siting._solver import WHOLE, Clock, Mip, Stack, solve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coverage.siting._rules import Rows
    from coverage.siting._sites import Bools, Floats, Ints

MANY = 5_000  # pairs, for which alternatives are first looked for without a model
TRIES = 12
ROOM = (1.0, 0.85, 0.7)  # of the beds; with less a site more is opened, for good measure
GRACE = 3.0  # seconds: a first answer a little late is better than none
NODES = 200  # of HiGHS's tree, where the people of a point stay together
ROUNDS = 200  # of the bound


@dataclass(frozen=True, eq=False)
class BedAsk:
    """A question with capacities in arrays.

    Attributes:
        i: (pairs,) site of every pair within reach.
        j: (pairs,) its point.
        weights: (points,) people.
        beds: (candidates,).
        rows: Rules.
        single: Whether the people of a point stay together.
        far: (pairs,) cost of a person's way, or None.
        all: Whether everybody must be served.
        targets: What must be met otherwise.
        cost: (candidates,) what is minimised, or None.
        offset: Added to it.
    """

    i: Ints
    j: Ints
    weights: Floats
    beds: Floats
    rows: Rows
    single: bool
    far: Floats | None = None
    all: bool = False
    targets: tuple[Target, ...] = ()
    cost: Floats | None = None
    offset: float = 0.0

    @property
    def minimises(self) -> bool:
        """Whether the goal is small, not large."""
        return self.cost is not None or self.far is not None

    @cached_property
    def reach(self) -> csr_array:
        """(candidates, points) 1 where within reach."""
        shape = (len(self.beds), len(self.weights))
        return csr_array((np.ones(len(self.i)), (self.i, self.j)), shape=shape)

    @cached_property
    def cover(self) -> Ask:
        """The cover question that is left where every site has room for all."""
        return Ask(self.reach, self.weights, self.rows)

    @property
    def needed(self) -> float:
        """People who must be served at least."""
        if self.all:
            return float(self.weights.sum())
        return max((target.needed for target in self.targets), default=0.0)

    @cached_property
    def step(self) -> float:
        """1 if all values are whole numbers: people and beds are, and flows then can be."""
        if self.cost is not None:
            costs = np.append(self.cost, self.offset)
            return float((costs == np.round(costs)).all())
        counted = whole(self.weights) and whole(np.minimum(self.beds, self.weights.sum()))
        if self.targets and not self.single:
            return 0.0
        if self.far is not None:
            return float(counted and (self.far == np.round(self.far)).all())
        return float(counted)

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
        self, *, without: Sequence[Bools] = (), limit: float | None = None, slack: bool = False
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
            blocks.append((first + len(self.targets), eye_array(points)))
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
        stack.under(self.rows, without)
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
            limit = limit - self.offset if self.minimises else -limit
        integer = np.arange(stack.size) < (first if self.single else sites)
        model = stack.model(goal, self.rows, integer, limit)
        if slack:
            model.upper[first : first + len(self.targets)] = np.inf
        return model

    def value(self, chosen: Bools, share: Floats) -> float:
        """The goal at open sites and served shares."""
        people = self.weights[self.j]
        if self.cost is not None:
            return float(self.cost @ chosen) + self.offset
        if self.far is not None:
            return float((self.far * people) @ share)
        return float(people @ share)

    def read(self, values: Floats) -> tuple[Bools, Floats]:
        """Open sites and the served share of every pair, rounding taken out."""
        sites = len(self.beds)
        share = np.clip(values[sites : sites + len(self.i)], 0.0, 1.0)
        share[share * np.maximum(self.weights[self.j], 1.0) < ROUNDING] = 0.0
        return values[:sites] > 0.5, np.round(share) if self.single else share

    def valued(self, values: Floats) -> Choice:
        """Open sites and the goal, from the variables of the model."""
        chosen, share = self.read(values)
        return chosen, self.value(chosen, share)

    def served(self, share: Floats) -> Floats:
        """(points,) people served."""
        people = self.weights[self.j] * share
        return np.bincount(self.j, people, minlength=len(self.weights)).astype(float)


def answer_beds(inquiry: Inquiry, ask: BedAsk) -> Answer:
    """Solve a question with capacities, look for alternatives, tell.

    Raises:
        InfeasibleError: If the beds, or the rules, do not do what is asked.
    """
    control = inquiry.control
    _check(ask)
    small, scale = ask.scaled()
    values, bound = _solved(ask, small, control)
    chosen, share = small.read(values)
    value = small.value(chosen, share)
    if small.minimises:
        bound = min(-tightened(-bound, small.step), value)
    else:
        bound = max(tightened(bound, small.step), value)
    inquiry.stands()
    result = _first_of_equals(small, Result(chosen, value, bound), values, inquiry)
    allotted = allot(small, result.chosen, control.later())
    if allotted is not None:
        chosen, share = small.read(allotted)
    slack = WITHIN * abs(value) + TINY
    limit = value + slack if small.minimises else value - slack

    def read(values: Floats, left: Clock) -> Choice:
        allotted = allot(small, values[: len(ask.beds)] > 0.5, left)
        return small.valued(values if allotted is None else allotted)

    people = ask.weights[ask.j] * share
    assigned = None
    if ask.single:
        assigned = np.full(len(ask.weights), -1)
        assigned[ask.j[share > 0.5]] = ask.i[share > 0.5]
    return inquiry.answer(
        replace(result, chosen=chosen, near=_without_one(small, chosen, limit, control)),
        people=ask.weights,
        reached=ask.served(share),
        other=lambda known: small.model(without=known, limit=limit),
        read=read,
        scale=scale,
        assigned=assigned,
        served=csr_array((people, (ask.i, ask.j)), shape=ask.reach.shape),
        details={"used_beds": np.bincount(ask.i, people, minlength=len(ask.beds)).tolist()},
    )


def _first_of_equals(ask: BedAsk, result: Result, values: Floats, inquiry: Inquiry) -> Result:
    """Of all answers as good the first by most people with a bed, money, closings, and the list."""
    sites, people = inquiry.sites, ask.weights[ask.j]
    if ask.cost is not None:
        slack = slack_of(result.value, whole=bool(ask.step))
    else:
        slack = flow_slack(people if ask.far is None else ask.far * people, result.value)
    limit = result.value + slack if ask.minimises else result.value - slack
    goals = site_goals(sites)
    if ask.cost is not None and not ask.all:
        goals.insert(0, Goal("people", np.concatenate([np.zeros(sites.count), -people])))
    model = ask.model(limit=limit)
    values, levels = in_turn(model, values, goals, sites.count, inquiry.control)
    return ordered(result, values[: sites.count] > 0.5, levels)


def _solved(asked: BedAsk, ask: BedAsk, control: Control) -> tuple[Floats, float]:
    """The variables of the model at the best answer, and its bound.

    Args:
        asked: The question, for messages.
        ask: The same in other units.
        control: How hard to try.
    """
    values, bound = bed_start(ask, control.clock), bed_bound(ask, control.clock)
    if values is not None and gap_of(ask.valued(values)[1], bound) <= control.gap:
        return values, bound
    found = solve(
        ask.model(),
        clock=control.clock,
        seed=control.seed,
        start=values,
        relative=control.gap,
        gap=WHOLE if ask.step else TINY * max(1.0, float(ask.weights.sum())),
    )
    if values is None and found.values is None:
        raise _impossible(asked, control.clock, sure=found.done)
    if found.values is not None or not found.done:
        sure = found.bound + ask.offset if ask.minimises else -found.bound
        bound = max(bound, sure) if ask.minimises else min(bound, sure)
    return cast("Floats", values if found.values is None else found.values), bound


def _without_one(ask: BedAsk, chosen: Bools, limit: float, control: Control) -> Iterator[Choice]:
    """Answers within the limit, found quickly by barring one open site; for large models."""
    near, clock = [], control.later()
    for site in np.flatnonzero(chosen & (ask.rows.lower == 0))[:TRIES]:
        if len(ask.i) < MANY or clock.over:
            break
        upper = ask.rows.upper.copy()
        upper[site] = 0.0
        values = bed_start(replace(ask, rows=replace(ask.rows, upper=upper)), clock)
        if values is not None:
            near.append(ask.valued(values))
    sign = 1.0 if ask.minimises else -1.0
    yield from sorted(
        (one for one in near if sign * one[1] <= sign * limit), key=lambda one: sign * one[1]
    )


def _check(ask: BedAsk) -> None:
    """Points out of reach, and beds that are short even if all sites were open.

    Raises:
        InfeasibleError: If there are any.
    """
    if not ask.all:
        return
    reached = ask.cover.reached(ask.rows.upper > 0) > 0
    lost = np.flatnonzero(~reached & (ask.weights > 0))
    if len(lost):
        raise InfeasibleError([out_of_reach(lost, float(ask.weights[lost].sum()))])
    beds = float(ask.beds[ask.rows.upper > 0].sum())
    if ask.needed > beds * (1 + TINY):
        raise InfeasibleError([capacity_short(ask.needed, beds)])


def _impossible(ask: BedAsk, clock: Clock, *, sure: bool) -> InfeasibleError:
    """Which beds are short, or which rule stands in the way."""
    late = clock if clock.left > 10.0 else Clock.of(10.0)
    rows = ask.rows.bounds()
    rows = replace(rows, lower=np.where(rows.upper > 0, 1.0, 0.0))
    everything = BedAsk(ask.i, ask.j, ask.weights, ask.beds, rows, single=False)
    found = solve(everything.model(), clock=late)
    if found.done and found.values is not None and -found.objective < ask.needed - ROUNDING:
        served = ask.served(everything.read(found.values)[1])
        short = np.flatnonzero(served < ask.weights - ROUNDING) if ask.all else ()
        most = round(-found.objective, 6)
        return InfeasibleError([capacity_short(ask.needed, most, points=short)])
    return rules_short(
        ask.model(slack=True),
        lambda found: [("", float(np.ceil(max(0.0, found.bound) - ROUNDING)), "people")],
        lambda rows: replace(ask, rows=rows).model(),
        ask.rows,
        late,
        sure=sure,
    )


# A first answer, so that a time limit never leaves none: sites are opened greedily by the people
# that would still find a bed there; who goes where is then settled exactly for these sites, by
# the transport problem.


def bed_start(ask: BedAsk, clock: Clock) -> Floats | None:
    """All variables of the model at a good first answer, or None if none is met.

    Args:
        ask: The question.
        clock: Time left; some seconds are taken even after its end.
    """
    late = clock if clock.left > GRACE else Clock.of(GRACE)
    chosen = beginning(ask.cover)
    if chosen is None:
        return None
    for room in ROOM:
        opened = _open(ask, chosen, room)
        values = allot(ask, opened, late)
        if values is not None:
            return values
        if late.over:
            break
    return None


def allot(ask: BedAsk, opened: Bools, clock: Clock) -> Floats | None:
    """All variables of the model where just these sites are open, or None if they cannot be.

    Args:
        ask: The question.
        opened: Sites.
        clock: Time left.
    """
    fixed = replace(ask.rows, lower=opened.astype(float), upper=opened.astype(float))
    most = replace(ask, rows=fixed, cost=None)  # their number is settled: most people find a bed
    return solve(most.model(), clock=clock, nodes=NODES).values


def _open(ask: BedAsk, chosen: Bools, room: float) -> Bools:
    """Open what serves most of those not served yet, while the rules and the goal let it."""
    walk, reach = Walk(ask.cover, chosen), ask.reach
    beds = np.minimum(ask.beds, ask.weights.sum()) * room
    left = ask.weights.copy()
    for site in np.flatnonzero(chosen):
        _serve(reach, left, int(site), float(beds[site]))
    price = np.ones(len(beds)) if ask.cost is None else np.maximum(ask.cost, 1e-3)
    while _short(ask, left):
        may = walk.addable()
        gain = np.where(may, np.minimum(reach @ left, beds) / price, -np.inf)
        best = int(gain.argmax())
        if not gain[best] > 0:
            break
        walk.flip(best)
        _serve(reach, left, best, float(beds[best]))
    return walk.chosen


def _short(ask: BedAsk, left: Floats) -> bool:
    """Whether more sites are wanted."""
    if ask.cost is None or ask.all:
        return bool(left.sum() > 0)
    served = ask.weights - left
    return any(not target.met(float(served[target.weights > 0].sum())) for target in ask.targets)


def _serve(reach: csr_array, left: Floats, site: int, beds: float) -> None:
    """Give the beds of a site to the points it reaches."""
    points = reach.indices[reach.indptr[site] : reach.indptr[site + 1]]
    taken = np.minimum(left[points].cumsum(), beds)
    left[points] -= np.diff(taken, prepend=0.0)


# Quick bounds, before any linear model is solved, of two relaxations: everyone may go anywhere
# (only the beds count: a knapsack), and every site has room for all (only the distance counts: a
# maximal cover).


def bed_bound(ask: BedAsk, clock: Clock) -> float:
    """What no answer is better than.

    Args:
        ask: The question.
        clock: Time left.
    """
    if ask.far is not None:
        return _nearest(ask)
    if ask.cost is None:
        return _most_served(ask, ask.rows, clock)
    least = np.where(ask.rows.lower > 0, ask.cost, np.minimum(ask.cost, 0.0))
    bound = float(least.sum()) + ask.offset
    if np.array_equal(ask.cost, ask.rows.places):
        needed = ask.needed if ask.all else max(t.least for t in ask.targets)
        bound = max(bound, _fewest(ask, needed, clock))
    return bound


def _nearest(ask: BedAsk) -> float:
    """Everyone at the nearest place that may be open."""
    open_to = ask.rows.upper[ask.i] > 0
    nearest = np.full(len(ask.weights), np.inf)
    if ask.far is not None:
        np.minimum.at(nearest, ask.j[open_to], ask.far[open_to])
    counted = ask.weights > 0
    return float((nearest[counted] * ask.weights[counted]).sum())


def _most_served(ask: BedAsk, rows: Rows, clock: Clock) -> float:
    """Most people that allowed sites serve."""
    bag = Knapsack.of(rows)
    use = np.minimum(ask.beds, ask.reach @ ask.weights) * (rows.upper > 0)
    by_beds, _ = bag.ceiling(use, bag.price(use)[0])
    by_reach = cover_bound(ask.cover, known=0.0, clock=clock, rounds=ROUNDS, rows=rows)
    return min(by_beds, by_reach.bound, float(ask.weights.sum()))


def _fewest(ask: BedAsk, needed: float, clock: Clock) -> float:
    """Fewest new sites for which the bound leaves `needed` possible, by halving."""
    low = float(ask.rows.places @ ask.rows.lower) - ask.rows.taken - 1
    return least_whole(
        low,
        float(ask.rows.places.sum()) - ask.rows.taken,
        lambda n: _most_served(ask, ask.rows.new_sites(n), clock) >= needed * (1 - 1e-9),
    )
