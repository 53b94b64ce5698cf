"""The most that can be reached: the engine of cover models that maximise."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from coverage.siting._answer import WITHIN, Control, Result
from coverage.siting._ask import (
    TINY,
    Ask,
    cover_model,
    full_values,
    tightened,
    undominated,
    worth_beating,
)
from coverage.siting._bound import cover_bound
from coverage.siting._breed import breed, relaxation
from coverage.siting._relief import impossible
from coverage.siting._search import Pool, Walk, beginning, iterate, simple_rules
from coverage.siting._sites import Bools, Floats, opened
from coverage.siting._solver import WHOLE, Clock, solve

ROUNDS = (300, 1500)  # of the bound, at first and before anything that takes longer
KICKS = (6, 80, 25)  # at first, among what is not settled, where little is
PENALTIES = 8
RELAXABLE = 300_000  # pairs of sites and points that an interior point method takes a second for
EASY = 20_000  # pairs that HiGHS may try before anything that takes longer
TRIAL = 200  # nodes
MOSTLY = 0.9  # of all sites
FEW = 150  # sites that HiGHS settles without a better start


def most(ask: Ask, control: Control, start: Bools | None = None) -> Result:
    """Sites that reach the most: reductions, search, Lagrangian bound, then HiGHS on the rest.

    Args:
        ask: The question.
        control: How hard to try.
        start: Sites that answer it, if some are known.

    Raises:
        InfeasibleError: If the targets or rules cannot be met.
    """
    ask = ask.merged()
    pool, size = Pool(1.0 - WITHIN), ask.matrix.shape[0]
    keep, small = np.arange(size), ask
    if ask.plain:
        keep = undominated(ask.matrix, ask.rows, np.zeros(size))
        small = ask.only(keep).merged()
    work = Most(small, control, pool)
    if start is not None and start[keep].sum() == start.sum():
        work.take(start[keep])
    work.run()
    if work.best is None and start is not None:
        value = ask.value(start)
        return Result(start, value, max(value, work.bound))
    if work.best is None:
        raise impossible(ask, control.clock, sure=work.done)
    least = work.value - WITHIN * abs(work.value)
    near = [
        (opened(size, keep[list(found)]), value) for found, value in pool.ranked() if value >= least
    ]
    if not ask.plain:
        near = [one for one in near if ask.fits(one[0])]
    best, value = opened(size, keep[work.best]), work.value
    if start is not None and ask.value(start) >= value:
        best, value = start, ask.value(start)
    return Result(best, value, max(value, work.bound), near)


class Most:
    """The search for the most, step by step; `best`, `value` and `bound` always hold."""

    def __init__(self, ask: Ask, control: Control, pool: Pool, floor: float = -np.inf) -> None:
        self.ask, self.control, self.pool, self.floor = ask, control, pool, floor
        self.step = ask.step
        self.best: Bools | None = None
        self.value = -np.inf
        self.bound = np.inf
        self.done = False
        self.shut = ask.rows.upper == 0
        self.must = ask.rows.lower > 0
        self._u: Floats | None = None
        self._share: Floats = np.zeros(ask.matrix.shape[0])

    @property
    def known(self) -> float:
        """Only answers greater than this are of interest."""
        known = -np.inf if self.best is None else worth_beating(self.value, self.step)
        return max(known, self.floor - TINY * max(1.0, abs(self.floor)))

    @property
    def closed(self) -> bool:
        """Whether nothing better can exist, or what was found is good enough."""
        if self.best is not None and self.floor > -np.inf:
            return True
        if self.bound <= self.known:
            return True
        return self.best is not None and (
            self.bound - self.value <= self.control.gap * abs(self.value)
        )

    @property
    def _over(self) -> bool:
        """Whether nothing is left to be done, or no time to do it."""
        return self.closed or self.control.clock.over

    def take(self, chosen: Bools) -> None:
        """Keep an answer if it is the best one."""
        value = self.ask.value(chosen)
        if value > self.value and value >= self.floor - TINY * max(1.0, abs(self.floor)):
            self.best, self.value = chosen.copy(), value

    def run(self) -> None:
        """Search, bound, relax, breed, and HiGHS on what is left."""
        self._search(KICKS[0])
        if self.ask.twice is None:
            self._bound(ROUNDS[0])
        if self.ask.plain and not self._over:
            if self._hard():
                self._search(KICKS[2], anew=True)
            else:
                self._search_live(KICKS[1])  # a better answer settles more and quickens the bound
                self._bound(ROUNDS[1])
        if self.ask.plain and not self._over:
            self._relax()
        if not self.done and not self._over:
            self._exact()
        self.done = self.done or self.closed
        self.bound = tightened(self.bound, self.step)
        if self.best is not None:
            self.bound = max(self.bound, self.value)

    def _search(self, kicks: int, *, anew: bool = False) -> None:
        enough = self.floor if np.isfinite(self.floor) else self.bound
        if self.ask.targets or self.ask.must is not None:
            for chosen in penalised(self.ask, self.control, kicks // 4 + 1, self.pool):
                self.take(chosen)
            return
        found = iterate(
            self.ask,
            kicks=kicks,
            seed=self.control.seed + kicks,
            clock=self.control.clock,
            pool=self.pool,
            enough=enough,
            start=None if anew else self.best,
        )
        if found is not None:
            self.take(found)

    def _bound(self, rounds: int) -> None:
        rows = replace(self.ask.rows, upper=np.where(self.shut, 0.0, self.ask.rows.upper))
        found = cover_bound(
            self.ask,
            known=self.known if np.isfinite(self.known) else 0.0,
            clock=self.control.clock,
            rounds=rounds,
            u=self._u,
            scale=1.0 if self._u is None else 0.5,
            rows=rows,
        )
        self._u = found.u
        if rounds > 1:
            self._share = found.share
        self.bound = min(self.bound, found.bound)
        if np.isfinite(self.known):
            self.shut |= found.shut
            self.must |= found.must

    def _hard(self) -> bool:
        """Whether hardly anything is settled yet and the linear relaxation is within reach."""
        live = ~self.shut
        size = np.diff(self.ask.matrix.indptr)[live].sum()
        return bool(live.sum() > MOSTLY * len(live) and live.sum() > FEW and size <= RELAXABLE)

    def _relax(self) -> None:
        """The linear relaxation of what is not settled: a sharp bound, and where to search."""
        live = np.flatnonzero(~self.shut)
        if len(live) <= FEW or self.best is None:
            return
        if not self._hard():
            self._search_live(KICKS[1])
            self._bound(1)
        live = np.flatnonzero(~self.shut)
        if self._few_left():
            return
        size = np.diff(self.ask.matrix.indptr)[live].sum()
        if size <= EASY:
            self._exact(nodes=TRIAL)
            if self.closed or self.done:
                return
        share = np.where(self.shut, 0.0, self._share)
        if size <= RELAXABLE:
            relaxed = relaxation(self.ask.only(live, self.must), self.control.clock)
            if relaxed is not None:
                share[live], self._u = relaxed
                self._bound(1)
        if self._few_left():
            return
        if not (simple_rules(self.ask.rows) and self.ask.rows.matrix.shape[0] == 1):
            return
        left = (1.0 if self._hard() else 0.85) * self.control.clock.left
        found = breed(
            self.ask,
            share,
            self.best,
            seed=self.control.seed,
            clock=Clock(min(self.control.clock.end, time.perf_counter() + left)),
            pool=self.pool,
            enough=self._enough,
        )
        self.take(found)
        self._bound(1)

    def _few_left(self) -> bool:
        """Whether HiGHS can do the rest."""
        return self.closed or int((~self.shut).sum()) <= FEW

    def _enough(self, chosen: Bools) -> bool:
        """Whether a better answer settles so much that HiGHS can do the rest."""
        self.take(chosen)
        self._bound(1)
        return self._few_left()

    def _search_live(self, kicks: int) -> None:
        """Search among the sites that are not settled."""
        if self.best is None:
            return
        live = np.flatnonzero(~self.shut | self.best)
        small = self.ask.only(live).merged()
        pool = Pool(self.pool.share)
        found = iterate(
            small,
            kicks=kicks,
            seed=self.control.seed,
            clock=self.control.clock,
            pool=pool,
            start=self.best[live],
        )
        for some, value in pool.found.items():
            self.pool.add(live[list(some)], value)
        if found is not None:
            self.take(opened(len(self.best), live[found]))

    def _exact(self, nodes: int | None = None) -> None:
        """HiGHS over the sites that are not settled; at most some nodes of its tree."""
        if (self.shut & self.must).any():
            self.bound = min(self.bound, self.known)
            return
        live = np.flatnonzero(~self.shut)
        ask = self.ask.only(live, self.must)
        sure = 0.0
        if ask.plain:  # what must be open anyway is taken out with all that it reaches
            reached = ask.reached(ask.rows.lower > 0) > 0
            sure = float(ask.once @ reached)
            ask = replace(ask, matrix=csr_array(ask.matrix[:, ~reached]), once=ask.once[~reached])
            keep = undominated(ask.matrix, ask.rows, np.zeros(len(live)))
            live, ask = live[keep], ask.only(keep)
        ask = ask.merged()
        start = None
        if self.best is not None:
            inside = self.best[live]
            if inside.sum() == self.best.sum() and ask.fits(inside):
                start = full_values(ask, inside)
        known = self.known
        found = solve(
            cover_model(ask),
            clock=self.control.clock,
            seed=self.control.seed,
            start=start,
            cutoff=sure - known if np.isfinite(known) and start is None else np.inf,
            gap=WHOLE if self.step else TINY * max(1.0, abs(self.value)),
            relative=self.control.gap,
            first=np.isfinite(self.floor),
            nodes=nodes,
        )
        if found.values is not None:
            chosen = opened(len(self.shut), live[found.values[: len(live)] > 0.5])
            if self.ask.fits(chosen):
                self.take(chosen)
                self.pool.add(np.flatnonzero(chosen), self.ask.value(chosen))
        ceiling = sure - found.bound
        # What was settled holds for better answers only: the known one stays possible.
        if np.isfinite(known):
            ceiling = max(ceiling, self.value if self.best is not None else known)
        self.bound = min(self.bound, ceiling)
        self.done = found.done


def penalised(ask: Ask, control: Control, kicks: int, pool: Pool) -> list[Bools]:
    """Answers that meet all targets: what is short counts more and more."""
    out = []
    start = enough_sites(ask)
    if start is not None:
        out.append(start)
    wanted = ask.wanted
    layers, least = [weights for weights, _ in wanted], [low for _, low in wanted]
    total = float(ask.once.sum()) + (float(ask.twice.sum()) if ask.twice is not None else 0.0)
    weight = np.zeros(len(layers))
    unit = [max(total, 1.0) / max(float(layer.sum()), 1.0) for layer in layers]
    for turn in range(PENALTIES):
        if control.clock.over:
            break
        once = ask.once + sum(
            (w * u * layer for w, u, layer in zip(weight, unit, layers, strict=True)),
            np.zeros(len(ask.once)),
        )
        found = iterate(
            replace(ask, once=once),
            kicks=kicks,
            seed=control.seed + turn,
            clock=control.clock,
            pool=Pool(),
            start=start if turn == PENALTIES - 1 else None,
        )
        if found is None:
            break
        count = ask.reached(found) > 0
        short = np.array(
            [float(layer @ count) < low for layer, low in zip(layers, least, strict=True)]
        )
        if not short.any():
            out.append(found)
            pool.add(np.flatnonzero(found), ask.value(found))
            weight *= 0.5
            if turn > 1:
                break
        weight[short] = 2.0 * weight[short] + 0.25
    return out


def enough_sites(ask: Ask) -> Bools | None:
    """Greedy: sites that meet every target and reach every point that must be, or None."""
    once = replace(ask, twice=None)
    chosen = beginning(once)
    if chosen is None:
        return None
    walk = Walk(once, chosen)
    cost = np.ones(len(chosen)) if ask.cost is None else np.maximum(ask.cost, 1e-3)
    must = np.zeros(ask.matrix.shape[1], dtype=bool) if ask.must is None else ask.must
    while True:
        missed = walk.count < 0.5
        gain = np.asarray(ask.matrix @ (must & missed).astype(float))
        short = bool((must & missed).any())
        for target in ask.targets:
            left = target.least - float(target.weights @ ~missed)
            if left > 0:
                short = True
                gain += np.minimum(ask.matrix @ (target.weights * missed), left) / target.least
        if not short:
            return walk.chosen
        gain = np.where(walk.addable(), gain / cost, -np.inf)
        best = int(gain.argmax())  # there is a candidate: something is reachable and short
        if not gain[best] > 0:
            return None
        walk.flip(best)
