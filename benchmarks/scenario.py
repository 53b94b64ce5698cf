"""One edit of a city in memory against the full evaluation, in one run.

    python benchmarks/scenario.py --check

On the synthetic prefecture of `netgen.py` (250,000 nodes, 300 facilities,
20,000 demand points) facilities are closed, added and moved one at a time.
**Full** is what `coverage.travel.times.nearest` takes for the same answer on
a network and demand points that are ready: legs of all facilities, one
search from all of them, the nearest of every point, and the people who gain
and who lose. **One edit** is the same through `LiveTimes`; a move is a
closure and an addition. Series of edits, as a planner tries one after the
other, and full evaluations are timed in turn, in CPU seconds of this process;
after each series the answers are compared, bit for bit, outside the clock.
`--check` exits with 1 where an edit takes more than 1/50 of the full
evaluation, by the medians. For comparison, **from the sources** is what the
full evaluation takes if the roads and the demand points have to be made ready
first, as a run of the program that keeps nothing in memory must do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

import netgen
from coverage.profiles import load_profile
from coverage.travel.access import Points
from coverage.travel.live import LiveTimes
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 50.0
PROFILES = ("drive", "older_walk")
LIMIT_S = 900.0
EDITS = ("close", "add", "move")
SERIES = 10


def people(before: Floats, after: Floats, weight: Floats) -> tuple[float, float]:
    """People who gain and who lose within the limit."""
    was, is_ = before <= LIMIT_S, after <= LIMIT_S
    return float(weight[~was & is_].sum()), float(weight[was & ~is_].sum())


class Side:
    """A city in memory, its facilities by slot, and one random edit after the other."""

    def __init__(self, case: netgen.Case, profile: str) -> None:
        self.case = case
        start = time.process_time()
        tn = prepare(case.network, load_profile(profile))
        self.points = Points.of(tn, case.demand)
        nearest(tn, case.facilities, self.points)
        self.from_sources = time.process_time() - start
        self.live = LiveTimes(tn, case.facilities, self.points)
        self.places = dict(enumerate(case.facilities))
        self.rng = np.random.default_rng(3)
        # Laid out once, on the first edit; not part of any.
        self.live.remove(self.live.add(case.facilities[0]))

    def edit(self, what: str) -> Callable[[], object]:
        """An edit ready to be made; the list of places is that afterwards already."""
        place = self.case.demand[self.rng.integers(len(self.case.demand))]
        slot = int(self.rng.choice(list(self.places)))
        if what == "close":
            del self.places[slot]
            return lambda: self.live.remove(slot)
        if what == "move":
            self.places[slot] = place
            return lambda: self.live.move(slot, place)
        new = max(self.places) + 1
        self.places[new] = place
        return lambda: self.live.add(place, slot=new)

    def run(self, what: str) -> tuple[list[float], float]:
        """CPU seconds of each edit of a series, and of the full evaluation of what comes of it."""
        weight, took = self.case.people, []
        found = (0.0, 0.0)
        for _ in range(SERIES):
            before = self.live.seconds
            change = self.edit(what)
            start = time.process_time()
            change()
            found = people(before, self.live.seconds, weight)
            took.append(time.process_time() - start)
        facilities = np.array([self.places[slot] for slot in sorted(self.places)])
        start = time.process_time()
        fresh = nearest(self.live.tn, facilities, self.points)
        same = people(before, fresh.seconds, weight) == found
        full = time.process_time() - start
        pairs = (
            (self.live.seconds, fresh.seconds),
            (self.live.facility, fresh.facility),
            (self.live.node_seconds, fresh.node_seconds),
            (self.live.node_facility, fresh.node_facility),
        )
        if not same or not all(np.array_equal(one, other) for one, other in pairs):
            raise SystemExit(f"{what}: the edits and the full evaluation differ")
        return took, full


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="series of edits of each sort")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    case = netgen.load("prefecture")
    net = case.network
    print(
        f"{net.node_count:,} nodes, {net.edge_count:,} directed edges, "
        f"{len(case.facilities)} facilities, {len(case.demand):,} demand points; CPU ms"
    )
    print(f"{'edit':6} {'profile':14} {'one edit':>9} {'full':>7} {'ratio':>6}  bound")
    broken = False
    for profile in PROFILES:
        side = Side(case, profile)
        edits: list[float] = []
        fulls: list[float] = []
        for what in EDITS:
            series = [side.run(what) for _ in range(options.runs)]
            own = [second for took, _ in series for second in took]
            full = [second for _, second in series]
            print(line(what, profile, own, full))
            edits += own
            fulls += full
        ratio = statistics.median(fulls) / statistics.median(edits)
        broken |= ratio < LEAST
        verdict = "BROKEN" if ratio < LEAST else "ok"
        print(f"{line('all', profile, edits, fulls)}  >= {LEAST:g} {verdict}")
        print(f"from the sources, {profile}: {side.from_sources * 1000:,.0f}")
    return int(options.check and broken)


def line(what: str, profile: str, edits: list[float], fulls: list[float]) -> str:
    """A line of the table, in milliseconds."""
    one, full = statistics.median(edits) * 1000, statistics.median(fulls) * 1000
    return f"{what:6} {profile:14} {one:9.2f} {full:7.1f} {full / one:6.0f}"


if __name__ == "__main__":
    sys.exit(main())
