"""One edit of a city in memory against the full evaluation, in one run.

    python benchmarks/scenario.py --check

On the synthetic prefecture of `netgen.py` (250,000 nodes, 300 facilities,
20,000 demand points) facilities are closed, added and moved one at a time.
**Full** is what `coverage.travel.times.nearest` takes for the same answer on
a network and demand points that are ready: legs of all facilities, one
search from all of them, the nearest of every point, and the people who gain
and who lose. **One edit** is the same through `LiveTimes`. Both are timed
edit by edit in turn, in CPU seconds of this process; every answer is
compared, bit for bit, outside the clock. `--check` exits with 1 where an
edit takes more than 1/50 of the full evaluation.
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
PROFILES = ("drive_streets", "older_walk")
LIMIT_S = 900.0
EDITS = ("close", "add", "move")


def people(before: Floats, after: Floats, weight: Floats) -> tuple[float, float]:
    """People who gain and who lose within the limit."""
    was, is_ = before <= LIMIT_S, after <= LIMIT_S
    return float(weight[~was & is_].sum()), float(weight[was & ~is_].sum())


def seconds_of(job: Callable[[], object]) -> float:
    """CPU seconds of a job."""
    start = time.process_time()
    job()
    return time.process_time() - start


class Side:
    """A city in memory, its facilities by slot, and one random edit after the other."""

    def __init__(self, case: netgen.Case, profile: str) -> None:
        self.case = case
        tn = prepare(case.network, load_profile(profile))
        self.points = Points.of(tn, case.demand)
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

    def run(self, what: str) -> tuple[float, float]:
        """CPU seconds of one edit, and of the full evaluation of what comes of it."""
        before = self.live.seconds
        weight = self.case.people
        change = self.edit(what)
        facilities = np.array([self.places[slot] for slot in sorted(self.places)])
        found: list[tuple[float, float]] = []

        def one() -> None:
            change()
            found.append(people(before, self.live.seconds, weight))

        def full() -> None:
            fresh = nearest(self.live.tn, facilities, self.points)
            found.append(people(before, fresh.seconds, weight))

        took = seconds_of(one), seconds_of(full)
        fresh = nearest(self.live.tn, facilities, self.points)
        same = (
            found[0] == found[1]
            and np.array_equal(self.live.seconds, fresh.seconds)
            and np.array_equal(self.live.facility, fresh.facility)
            and np.array_equal(self.live.node_seconds, fresh.node_seconds)
            and np.array_equal(self.live.node_facility, fresh.node_facility)
        )
        if not same:
            raise SystemExit(f"{what}: the edit and the full evaluation differ")
        return took


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="edits of each sort")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    case = netgen.load("prefecture")
    net = case.network
    print(
        f"{net.node_count:,} nodes, {net.edge_count:,} directed edges, "
        f"{len(case.facilities)} facilities, {len(case.demand):,} demand points"
    )
    print(f"{'edit':8} {'profile':16} {'one edit ms':>12} {'full ms':>9} {'ratio':>7}  bound")
    broken = False
    for profile in PROFILES:
        side = Side(case, profile)
        every: list[float] = []
        for what in EDITS:
            pairs = [side.run(what) for _ in range(options.runs)]
            ratios = [full / one for one, full in pairs]
            every += ratios
            one, full = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
            print(f"{what:8} {profile:16} {one:12.2f} {full:9.1f} {statistics.median(ratios):7.0f}")
        ratio = statistics.median(every)
        broken |= ratio < LEAST
        verdict = "BROKEN" if ratio < LEAST else "ok"
        print(f"{'all':8} {profile:16} {'':12} {'':9} {ratio:7.0f}  >= {LEAST:g} {verdict}")
    return int(options.check and broken)


if __name__ == "__main__":
    sys.exit(main())
