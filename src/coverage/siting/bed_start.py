"""A first answer to a question with capacities, so that a time limit never leaves none.

Sites are opened greedily by the people that would still find a bed there; who
goes where is then settled exactly for these sites, by the transport problem.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.mip import Clock, solve
from coverage.siting.search import Landscape, Walk, beginning

if TYPE_CHECKING:
    from coverage.siting.bed_model import BedAsk
    from coverage.siting.problem import Bools, Floats

ROOM = (1.0, 0.85, 0.7)  # of the beds; with less a site more is opened, for good measure
GRACE = 3.0  # seconds: an answer a little late is better than none
NODES = 200  # of HiGHS's tree, where the people of a point stay together


def bed_start(ask: BedAsk, clock: Clock) -> Floats | None:
    """All variables of the model at a good first answer, or None if none is met.

    Args:
        ask: The question.
        clock: Time left; some seconds are taken even after its end.
    """
    late = clock if clock.left > GRACE else Clock.of(GRACE)
    sites, points = len(ask.beds), len(ask.weights)
    reach = csr_array((np.ones(len(ask.i)), (ask.i, ask.j)), shape=(sites, points))
    chosen = beginning(Landscape.of(reach, ask.weights, ask.rows))
    if chosen is None:
        return None
    for room in ROOM:
        opened = _open(ask, reach, chosen, room)
        values = settled(ask, opened, late)
        if values is not None:
            return values
        if late.over:
            break
    return None


def settled(ask: BedAsk, opened: Bools, clock: Clock) -> Floats | None:
    """All variables of the model where just these sites are open, or None if they cannot be.

    Args:
        ask: The question.
        opened: Sites.
        clock: Time left.
    """
    fixed = replace(ask.rows, lower=opened.astype(float), upper=opened.astype(float))
    return solve(replace(ask, rows=fixed).model(), clock=clock, nodes=NODES).values


def _open(ask: BedAsk, reach: csr_array, chosen: Bools, room: float) -> Bools:
    """Open what serves most of those not served yet, while the rules and the goal let it."""
    walk = Walk(Landscape.of(reach, ask.weights, ask.rows), chosen)
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
