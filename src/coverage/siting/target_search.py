"""Tabu search for threshold cover: the same targets met with one site less, again and again.

A site is shut and swaps lower what the targets are short of, the worst swap
included where none is better, until nothing is short any more. What was just
shut or opened stays so for a few steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.search import EPS, Landscape, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting.control import Control
    from coverage.siting.cover_mip import Ask
    from coverage.siting.problem import Bools, Floats, Ints

STEPS = 150  # without getting nearer to the targets
TENURE = 6  # steps for which a move is not taken back
LARGEST = 20_000_000  # numbers in the table of all swaps; beyond, the search is left out


class TargetWalk:
    """Open sites and how far each target is from being met, as shares of what it needs."""

    def __init__(self, ask: Ask, chosen: Bools) -> None:
        land = Landscape.of(ask.matrix, ask.once, ask.rows)
        self.walk = Walk(land, chosen)
        layers = [target.weights / target.least for target in ask.targets if target.least > 0]
        if ask.must is not None and ask.must.any():
            layers.append(ask.must / ask.must.sum())
        self.weights: Floats = np.column_stack([np.zeros(ask.matrix.shape[1]), *layers])

    @property
    def reached(self) -> Floats:
        """(targets,) share of what is needed that is reached."""
        return np.asarray(self.weights.T @ (self.walk.count > 0.5))

    def shortage(self, reached: Floats) -> Floats:
        """What is short in all, over the last axis; the first layer is no target."""
        short: Floats = np.maximum(0.0, 1.0 - reached[..., 1:]).sum(axis=-1)
        return np.where(short < EPS, 0.0, short)

    def closing(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and what would be short then."""
        out = np.flatnonzero(self.walk.chosen & (self.walk.rows.lower == 0))
        loss = self.walk.land.matrix[out] @ (self.weights * self._sole()[:, None])
        return out, self.shortage(self.reached - loss)

    def swaps(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and (sites, candidates) what is short after each swap."""
        land, count = self.walk.land, self.walk.count
        sole = self._sole()
        out = np.flatnonzero(self.walk.chosen & (self.walk.rows.lower == 0))
        part = land.matrix[out]
        gain = land.matrix @ (self.weights * (count < 0.5)[:, None])
        loss = part @ (self.weights * sole[:, None])
        after = self.reached + gain[None] - loss[:, None]
        for layer in range(1, self.weights.shape[1]):
            worth = self.weights[:, layer] * sole
            inner = csr_array((worth[part.indices], part.indices, part.indptr), shape=part.shape)
            after[:, :, layer] += (inner @ land.by_point).toarray()
        short = self.shortage(after)
        for k, site in enumerate(out):
            short[k, ~self.walk.addable(int(site))] = np.inf
        return out, short

    def _sole(self) -> Bools:
        count = self.walk.count
        return np.asarray((count > 0.5) & (count < 1.5))


def with_fewer(
    ask: Ask, start: Bools, prune: Callable[[Ask, Bools], Bools], control: Control
) -> Bools:
    """The fewest sites met that keep all targets, from `start` down.

    Args:
        ask: Fewest sites for some targets.
        start: Open sites that meet them.
        prune: Shuts what is not needed.
        control: How hard to try.
    """
    best = start
    layers = len(ask.targets) + 2
    while best.sum() * ask.matrix.shape[0] * layers <= LARGEST and not control.clock.over:
        walk = TargetWalk(ask, best)
        out, short = walk.closing()
        order = [
            int(site)
            for site in out[np.argsort(short, kind="stable")]
            if ask.rows.places[site] and _may_close(ask, best, int(site))
        ]
        if not order:
            break
        walk.walk.flip(order[0])
        found = _tabu(walk, control)
        if found is None or not ask.fits(found):
            break
        best = prune(ask, found)
    return best


def _may_close(ask: Ask, chosen: Bools, site: int) -> bool:
    left = chosen.copy()
    left[site] = False
    return ask.rows.hold(left)


def _tabu(walk: TargetWalk, control: Control) -> Bools | None:
    """Swap until nothing is short; None if that does not come about."""
    rng = np.random.default_rng(control.seed)
    inner = walk.walk
    barred = np.zeros(len(inner.chosen), dtype=np.int64)  # until that step
    best, since, step = np.inf, 0, 0
    while since < STEPS and not control.clock.over:
        step, since = step + 1, since + 1
        out, short = walk.swaps()
        if not short.size:
            return None
        held = barred > step
        free = np.where(held[out][:, None] | held[None, :], np.inf, short)
        if short.min() < best - EPS:  # better than ever: nothing is barred
            free = short
        if not np.isfinite(free.min()):
            continue
        ties = np.argwhere(free <= free.min() + EPS)
        k, i = ties[int(rng.integers(len(ties)))]
        inner.flip(int(out[k]))
        inner.flip(int(i))
        barred[out[k]] = step + TENURE + int(rng.integers(TENURE))
        barred[i] = step + TENURE // 2 + int(rng.integers(TENURE))
        if free[k, i] <= 0.0:
            return inner.chosen.copy()
        if free[k, i] < best - EPS:
            best, since = float(free[k, i]), 0
    return None
