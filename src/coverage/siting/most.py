"""The most that can be reached: the engine of cover models that maximise."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.answer import WITHIN, Result
from coverage.siting.bound import cover_bound
from coverage.siting.breed import Relaxed, breed, relaxation
from coverage.siting.control import TINY, step_of, tightened, worth_beating
from coverage.siting.cover_mip import cover_model, full_values
from coverage.siting.explain import InfeasibleError
from coverage.siting.mip import WHOLE, Clock, solve
from coverage.siting.reduce import undominated
from coverage.siting.search import Landscape, Pool, Walk, beginning, iterate, simple_rules
from coverage.siting.shortage import explain_cover

if TYPE_CHECKING:
    from coverage.siting.control import Control
    from coverage.siting.cover_mip import Ask
    from coverage.siting.problem import Bools, Floats

ROUNDS = (300, 1500)  # of the bound, at first and before anything that takes longer
KICKS = (6, 80, 25)  # at first, among what is not settled, where little is
PENALTIES = 8
RELAXABLE = 300_000  # pairs of sites and points that an interior point method takes a second for
EASY = 20_000  # pairs that HiGHS may try before anything that takes longer
TRIAL = 200  # nodes
MOSTLY = 0.9  # of all sites
FEW = 150  # sites that HiGHS settles without a better start


def most(ask: Ask, control: Control) -> Result:
    """Sites that reach the most: reductions, search, Lagrangian bound, then HiGHS on the rest.

    Raises:
        InfeasibleError: If the targets or rules cannot be met.
    """
    ask = ask.merged()
    pool = Pool(1.0 - WITHIN)
    plain = ask.twice is None and not ask.targets and ask.must is None
    if plain:
        keep = undominated(ask.matrix, ask.rows, np.zeros(ask.matrix.shape[0]))
        small = replace(ask.only(keep)).merged()
    else:
        keep, small = np.arange(ask.matrix.shape[0]), ask
    work = Most(small, control, pool)
    work.run()
    if work.best is None:
        if work.done:
            raise InfeasibleError(explain_cover(ask, control.clock))
        raise InfeasibleError(explain_cover(ask, Clock.of(20.0), unsure=True))
    size = ask.matrix.shape[0]
    near = []
    for found, value in sorted(pool.found.items(), key=lambda item: (-item[1], item[0])):
        chosen = np.zeros(size, dtype=bool)
        chosen[keep[list(found)]] = True
        if value >= work.value - WITHIN * abs(work.value) and (plain or ask.fits(chosen)):
            near.append((chosen, value))
    best = np.zeros(size, dtype=bool)
    best[keep[work.best]] = True
    return Result(best, work.value, max(work.value, work.bound), tuple(near))


class Most:
    """The search for the most, step by step; `best`, `value` and `bound` always hold."""

    def __init__(self, ask: Ask, control: Control, pool: Pool, floor: float = -np.inf) -> None:
        self.ask, self.control, self.pool, self.floor = ask, control, pool, floor
        self.step = step_of(ask)
        self.land = Landscape.of(ask.matrix, ask.once, ask.rows, ask.twice)
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
        plain = not self.ask.targets and self.ask.must is None and self.ask.twice is None
        if plain and not self.closed and not self.control.clock.over:
            if self._hard():
                self._search(KICKS[2], anew=True)
            else:
                self._search_live(KICKS[1])  # a better answer settles more and quickens the bound
                self._bound(ROUNDS[1])
        if plain and not self.closed and not self.control.clock.over:
            self._relax()
        if not self.closed and not self.done and not self.control.clock.over:
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
            self.land,
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
        known = self.known
        if not np.isfinite(known):
            known = 0.0
        rows = replace(self.ask.rows, upper=np.where(self.shut, 0.0, self.ask.rows.upper))
        found = cover_bound(
            self.land.matrix,
            self.land.by_point,
            self.ask.once,
            rows,
            known=known,
            clock=self.control.clock,
            rounds=rounds,
            u=self._u,
            first_scale=1.0 if self._u is None else 0.5,
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
            rows = self.ask.rows.only(live)
            ask = self.ask.only(live, replace(rows, lower=self.must[live].astype(float)))
            relaxed = relaxation(ask, self.control.clock)
            if relaxed is not None:
                share[live], self._u = relaxed.share, relaxed.u
                self._bound(1)
        if self._few_left():
            return
        if not (simple_rules(self.ask.rows) and self.ask.rows.matrix.shape[0] == 1):
            return
        left = (1.0 if self._hard() else 0.85) * self.control.clock.left
        found = breed(
            self.ask,
            Relaxed(share, self._u if self._u is not None else np.zeros_like(self.ask.once)),
            self.best,
            seed=self.control.seed,
            clock=Clock(min(self.control.clock.end, time.perf_counter() + left)),
            pool=self.pool,
            enough=self._enough,
            whole=bool(self.step),
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
            Landscape.of(small.matrix, small.once, small.rows),
            kicks=kicks,
            seed=self.control.seed,
            clock=self.control.clock,
            pool=pool,
            start=self.best[live],
        )
        for some, value in pool.found.items():
            self.pool.add(live[list(some)], value)
        if found is not None:
            chosen = np.zeros(len(self.best), dtype=bool)
            chosen[live[found]] = True
            self.take(chosen)

    def _exact(self, nodes: int | None = None) -> None:
        """HiGHS over the sites that are not settled; at most some nodes of its tree."""
        if (self.shut & self.must).any():
            self.bound = min(self.bound, self.known)
            return
        live = np.flatnonzero(~self.shut)
        rows = self.ask.rows.only(live)
        rows = replace(rows, lower=self.must[live].astype(float))
        ask = self.ask.only(live, rows)
        sure, ask = _without_sure(ask)
        keep = np.arange(len(live))
        if not self.ask.targets and self.ask.must is None and self.ask.twice is None:
            keep = undominated(ask.matrix, ask.rows, np.zeros(len(live)))
            ask = ask.only(keep)
        ask = ask.merged()
        start = None
        if self.best is not None:
            inside = self.best[live[keep]]
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
            chosen = np.zeros(len(self.shut), dtype=bool)
            chosen[live[keep[found.values[: len(keep)] > 0.5]]] = True
            if self.ask.fits(chosen):
                self.take(chosen)
                self.pool.add(np.flatnonzero(chosen), self.ask.value(chosen))
        ceiling = sure - found.bound
        # What was settled holds for better answers only: the known one stays possible.
        if np.isfinite(known):
            ceiling = max(ceiling, self.value if self.best is not None else known)
        self.bound = min(self.bound, ceiling)
        self.done = found.done


def _without_sure(ask: Ask) -> tuple[float, Ask]:
    """Take out the points that sites which must be open reach; their value, and the rest."""
    if ask.targets or ask.must is not None or ask.twice is not None:
        return 0.0, ask
    reached = ask.reached(ask.rows.lower > 0) > 0
    return float(ask.once @ reached), replace(
        ask, matrix=csr_array(ask.matrix[:, ~reached]), once=ask.once[~reached]
    )


def penalised(ask: Ask, control: Control, kicks: int, pool: Pool) -> list[Bools]:
    """Answers that meet all targets: what is short counts more and more."""
    out = []
    start = enough_sites(ask)
    if start is not None:
        out.append(start)
    layers = [target.weights for target in ask.targets]
    least = [target.least for target in ask.targets]
    if ask.must is not None:
        layers.append(ask.must.astype(float))
        least.append(float(ask.must.sum()))
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
        land = Landscape.of(ask.matrix, once, ask.rows, ask.twice)
        found = iterate(
            land,
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
    lands = Landscape.of(ask.matrix, ask.once, ask.rows)
    chosen = beginning(lands)
    if chosen is None:
        return None
    walk = Walk(lands, chosen)
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
