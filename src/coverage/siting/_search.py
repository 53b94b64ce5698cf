"""Greedy, swaps and iterated local search for cover models, on sparse arrays.

The value of open sites is `once @ [reached] + twice @ [reached by two]`. One
step looks at every swap at once: what a candidate gains, less what a site
loses, less what both reach. All rules hold at every step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting._sites import Bools, Floats, Ints, entry_rows

if TYPE_CHECKING:
    from coverage.siting._ask import Ask
    from coverage.siting._rules import Rows
    from coverage.siting._solver import Clock

EPS = 1e-9
KEPT = 400  # answers remembered for the alternatives
AROUND = 60  # neighbours of a good answer that are remembered too


@dataclass(eq=False)
class Pool:
    """The best answers met, each once, by value.

    Attributes:
        share: Only answers of at least this share of the best are remembered.
    """

    share: float = 0.99
    found: dict[tuple[int, ...], float] = field(default_factory=dict)
    best: float = -np.inf

    def add(self, sites: Ints, value: float) -> None:
        """Remember an answer, if it is good enough."""
        self.best = max(self.best, value)
        if value >= self.share * self.best - EPS:
            self.found[tuple(sorted(int(i) for i in sites))] = value
        if len(self.found) > 4 * KEPT:
            self.found = dict(self.ranked()[:KEPT])

    def add_around(self, chosen: Bools, out: Ints, brings: Floats, value: float) -> None:
        """Remember the neighbours of a good answer: they are answers too, nearly as good."""
        if value < self.best - EPS:
            return
        self.best = max(self.best, value)
        flat, inside = brings.ravel(), np.flatnonzero(chosen)
        some = min(AROUND, flat.size)
        for at in np.argpartition(-flat, some - 1)[:some]:
            if np.isfinite(flat[at]):
                k, i = divmod(int(at), brings.shape[1])
                self.add(np.append(inside[inside != out[k]], i), value + float(flat[at]))

    def ranked(self) -> list[tuple[tuple[int, ...], float]]:
        """All of them, the best first."""
        return sorted(self.found.items(), key=lambda item: (-item[1], item[0]))


class Climb(ABC):
    """Open sites under way from one answer to a better one."""

    chosen: Bools

    @property
    @abstractmethod
    def value(self) -> float:
        """Value of the open sites; greater is better."""

    @abstractmethod
    def gains(self) -> Floats:
        """(candidates,) what opening each would add."""

    @abstractmethod
    def addable(self, without: int = -1) -> Bools:
        """Candidates that may be opened (in place of `without`)."""

    @abstractmethod
    def swaps(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and (sites, candidates) what each swap brings; -inf if barred."""

    @abstractmethod
    def flip(self, *sites: int) -> None:
        """Open what is shut of some sites, and shut what is open."""

    @abstractmethod
    def good(self, gain: Floats, top: int) -> Ints:
        """Candidates of which one is opened at random: the `top` by gain that gain anything."""

    def open_best(self, rng: np.random.Generator | None = None, top: int = 1) -> bool:
        """Open what adds most, or one of the `top` best; whether anything adds to the value."""
        if not len(self.chosen):
            return False
        gain = np.where(self.addable(), self.gains(), -np.inf)
        best = int(gain.argmax())
        if not gain[best] > EPS:
            return False
        self.flip(best if rng is None else int(rng.choice(self.good(gain, top))))
        return True

    def fill(self, rng: np.random.Generator | None = None, top: int = 1) -> None:
        """Open what adds most, again and again, while anything adds to the value."""
        while self.open_best(rng, top):
            pass

    def climb(self, pool: Pool, clock: Clock) -> float:
        """Swap and fill while that is better; the value reached."""
        self.fill()
        value = self.value
        while not clock.over:
            out, brings = self.swaps()
            if not brings.size:
                break
            pool.add_around(self.chosen, out, brings, value)
            k, i = np.unravel_index(int(brings.argmax()), brings.shape)
            if not brings[k, i] > EPS * max(1.0, abs(value)):
                break
            self.flip(int(out[k]), int(i))
            self.fill()
            value = self.value
        pool.add(np.flatnonzero(self.chosen), value)
        return value


class Walk(Climb):
    """Open sites of a cover question, with how often each point is reached."""

    def __init__(self, ask: Ask, chosen: Bools) -> None:
        self.ask, self.rows = ask, ask.rows
        self.column = csr_array(ask.rows.matrix.T)
        # With one "at most so many" over all free sites every swap is allowed.
        self.simple = simple_rules(ask.rows)
        self.reset(chosen)

    def reset(self, chosen: Bools) -> None:
        """Begin anew from `chosen`."""
        self.chosen = chosen.copy()
        self.count = self.ask.reached(chosen)
        self.load = self.rows.matrix @ chosen.astype(float)

    @property
    def value(self) -> float:
        """Value of the open sites."""
        value = float(self.ask.once @ (self.count > 0))
        if self.ask.twice is not None:
            value += float(self.ask.twice @ (self.count > 1))
        return value

    def good(self, gain: Floats, top: int) -> Ints:
        """As `Climb.good`, by position."""
        some = np.argpartition(-gain, min(top, len(gain) - 1))[:top]
        return np.sort(some[gain[some] > EPS])

    def flip(self, *sites: int) -> None:
        """Open or shut some sites."""
        a, c = self.ask.matrix, self.column
        for i in sites:
            sign = -1.0 if self.chosen[i] else 1.0
            self.count[a.indices[a.indptr[i] : a.indptr[i + 1]]] += sign
            part = slice(c.indptr[i], c.indptr[i + 1])
            self.load[c.indices[part]] += sign * c.data[part]
            self.chosen[i] = not self.chosen[i]

    def gains(self) -> Floats:
        """(candidates,) what each would add."""
        return np.asarray(self.ask.matrix @ self._worth())

    def _worth(self) -> Floats:
        worth = self.ask.once * (self.count < 0.5)
        if self.ask.twice is not None:
            worth = worth + self.ask.twice * ((self.count > 0.5) & (self.count < 1.5))
        return np.asarray(worth)

    def _missed(self) -> Floats:
        """(points,) what is lost at a point when one of its sites is shut."""
        missed = self.ask.once * ((self.count > 0.5) & (self.count < 1.5))
        if self.ask.twice is not None:
            missed = missed + self.ask.twice * ((self.count > 1.5) & (self.count < 2.5))
        return np.asarray(missed)

    def losses(self, out: Ints) -> Floats:
        """What is lost when one of `out` is shut."""
        return np.asarray(self.ask.matrix[out] @ self._missed())

    def addable(self, without: int = -1) -> Bools:
        """Candidates that may be opened (in place of `without`)."""
        open_to = ~self.chosen & (self.rows.upper > 0)
        if self.simple:
            full = self.load[0] > self.rows.high[0] - 0.5 if len(self.load) else False
            return open_to if without >= 0 or not full else np.zeros_like(open_to)
        load = self.load.copy()
        if without >= 0:
            part = slice(self.column.indptr[without], self.column.indptr[without + 1])
            load[self.column.indices[part]] -= self.column.data[part]
        return open_to & self._fits(load)

    def _fits(self, load: Floats) -> Bools:
        high = self.rows.high + EPS * np.maximum(1.0, np.abs(self.rows.high))
        low = self.rows.low - EPS * np.maximum(1.0, np.abs(self.rows.low))
        broken = (load > high) | (load < low)
        if len(self.column.indices) == 0:
            return np.full(len(self.chosen), not broken.any())
        r, coef = self.column.indices, self.column.data
        after = load[r] + coef
        change = ((after > high[r]) | (after < low[r])).astype(float) - broken[r]
        site = entry_rows(self.column)
        left = np.bincount(site, weights=change, minlength=len(self.chosen)) + broken.sum()
        return np.asarray(left < 0.5)

    def swaps(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and (sites, candidates) what each swap brings; -inf if barred."""
        out = np.flatnonzero(self.chosen & (self.rows.lower == 0))
        brings = self.shared(out) + self.gains()[None, :] - self.losses(out)[:, None]
        if self.simple:
            in_rule = self.ask.rows.places > 0
            if in_rule.all():
                brings[:, ~self.addable(0)] = -np.inf
                return out, brings
        for k, site in enumerate(out):
            brings[k, ~self.addable(int(site))] = -np.inf
        return out, brings

    def shared(self, out: Ints) -> Floats:
        """(sites, candidates) worth of the points that both reach and that would not be lost."""
        ask = self.ask
        worth = self._missed()
        if ask.twice is not None:
            worth = np.where(self.count > 0.5, worth - self._worth(), 0.0)
        part = ask.matrix[out]
        keep = worth[part.indices] != 0
        k = entry_rows(part)[keep]
        points = part.indices[keep]
        inner = csr_array((worth[points], (k, points)), shape=part.shape)
        return np.asarray((inner @ ask.by_point).toarray())


def simple_rules(rows: Rows) -> bool:
    """Whether the only rule is a number of sites."""
    if rows.matrix.shape[0] == 0:
        return True
    plain = np.isneginf(rows.low).all() and (rows.matrix.data == 1.0).all()
    in_rule = np.diff(csr_array(rows.matrix.T).indptr) > 0
    free = rows.lower < rows.upper
    return bool(rows.matrix.shape[0] == 1 and plain and in_rule[free].all())


def beginning(ask: Ask) -> Bools | None:
    """Open sites that keep every rule: what must be open, and existing ones as far as they may."""
    rows = ask.rows
    chosen = rows.lower > 0
    standing = (rows.upper > 0) & ~chosen & rows.standing
    chosen |= standing
    walk = Walk(ask, chosen)
    while not rows.hold(walk.chosen):
        out = np.flatnonzero(walk.chosen & (rows.lower == 0))
        if not len(out):
            return None
        order = out[np.argsort(walk.losses(out), kind="stable")]
        walk.flip(int(order[0]))
    return walk.chosen


def iterate(
    ask: Ask,
    *,
    kicks: int,
    seed: int,
    clock: Clock,
    pool: Pool,
    enough: float = np.inf,
    start: Bools | None = None,
) -> Bools | None:
    """Iterated local search: climb, shake a little, climb again, keep the better.

    Args:
        ask: The question; only rules and what is reached count.
        kicks: How often to shake.
        seed: Of the shaking.
        clock: Time left.
        pool: Where answers met are remembered.
        enough: Stop at this value.
        start: Where to begin; the greedy answer otherwise.

    Returns:
        The best open sites, or None if no beginning keeps the rules.
    """
    rng = np.random.default_rng(seed)
    chosen = beginning(ask) if start is None else start
    if chosen is None:
        return None
    walk = Walk(ask, chosen)
    best = walk.climb(pool, clock)
    kept = walk.chosen.copy()
    here, at = best, kept
    for kick in range(kicks):
        if clock.over or best >= enough - EPS:
            break
        walk.reset(at)
        _shake(walk, rng, kick)
        value = walk.climb(pool, clock)
        if value > best + EPS:
            best, kept = value, walk.chosen.copy()
        if value >= here - 2e-4 * abs(here) * (kick % 3 == 0):
            here, at = value, walk.chosen.copy()
        if kick % 12 == 11:
            here, at = best, kept
    return kept


def _shake(walk: Walk, rng: np.random.Generator, kick: int) -> None:
    """Shut a few sites (near one another, every other time) and open others at random."""
    out = np.flatnonzero(walk.chosen & (walk.rows.lower == 0))
    if not len(out):
        return
    size = min(len(out), 2 + kick % 3 + (len(out) // 20 if kick % 4 == 3 else 0))
    if kick % 2:
        seed_site = int(rng.choice(out))
        near = np.asarray((walk.ask.matrix[out] @ walk.ask.matrix[[seed_site]].T).toarray())
        order = np.argsort(-near.ravel() + rng.random(len(out)) * 0.5, kind="stable")
        some = out[order[:size]]
    else:
        some = rng.choice(out, size, replace=False)
    for site in some:
        walk.flip(int(site))
        if not walk.simple and not walk.rows.hold(walk.chosen):
            walk.flip(int(site))
    gain = np.where(walk.addable(), walk.gains(), -np.inf)
    gain[some] = -np.inf
    good = np.flatnonzero(gain > EPS)
    if len(good):
        top = good[np.argsort(-gain[good], kind="stable")[: 4 * size + 4]]
        walk.flip(int(rng.choice(top)))
    walk.fill(rng, top=2)
