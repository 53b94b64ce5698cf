"""What draws cost beside one evaluation, and how often their range holds a made truth.

    python benchmarks/draws.py cost              # 200 draws of 清远 against one evaluation
    python benchmarks/draws.py hold [FROM TO [built]]    # made cities by seed; 0 to 200 by default

`cost` prints seconds of the processor and the highest resident size. `hold` makes cities of which
every place is known (`tests/synthetic_cities.py`, or `tests/built_cities.py`), hides the places,
and counts how often the true share within the limit lies between P5 and P95 of 200 draws.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

import coverage as cov
from coverage.draws.run import draws_of

N = 200
MOST = 25.0


def cost() -> None:
    """200 draws against one evaluation, by both profiles."""
    city = cov.City.load("清远")
    for profile in ("older_walk", "drive"):
        kinds = ["elder_care", "day_care"]
        cov.travel_time(city, kind=kinds, profile=profile)  # the ground is made ready
        begun = time.process_time()
        times = cov.travel_time(city, kind=kinds, profile=profile)
        cov.people_reached(times, group="60+")
        one = time.process_time() - begun
        begun = time.process_time()
        draws_of(times, "60+", n=N, seed=1)
        many = time.process_time() - begun
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{profile}: one evaluation {one:.3f} s, {N} draws {many:.2f} s: "
            f"{many / one:.1f} times (at most {MOST:g}), {size:,.0f} MB"
        )


def hold(first: int, last: int, *, built: bool = False) -> None:
    """How often P5 to P95 holds the truth of made cities."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from built_cities import built_city
    from synthetic_cities import made_city

    found: dict[str, list[tuple[float, ...]]] = {"older_walk": [], "drive": []}
    for seed in range(first, last):
        made = built_city(seed) if built else made_city(seed)
        for profile, minutes in (("older_walk", 15), ("drive", 5)):
            known = cov.travel_time(made.known, profile=profile, minutes=minutes)
            hidden = cov.travel_time(made.hidden, profile=profile, minutes=minutes)
            truth = cov.people_reached(known, group="all")[0].share or 0.0
            one = draws_of(hidden, "all", n=N, seed=seed)
            found[profile].append((truth, one.point, one.p5, one.p50, one.p95))
    for profile, rows in found.items():
        truth_, point, p5, p50, p95 = np.array(rows).T
        inside = ((p5 <= truth_) & (truth_ <= p95)).mean()
        print(
            f"{profile}: {len(rows)} cities, {100 * inside:.1f} % inside, "
            f"{100 * (truth_ < p5).mean():.1f} % below, {100 * (truth_ > p95).mean():.1f} % above; "
            f"mean truth {truth_.mean():.1f}, figure {point.mean():.1f}, P50 {p50.mean():.1f}; "
            f"mean error of the figure {np.abs(point - truth_).mean():.1f}, "
            f"of P50 {np.abs(p50 - truth_).mean():.1f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["hold"]:
        seeds = map(int, sys.argv[2:4]) if len(sys.argv) > 3 else (0, 200)
        hold(*seeds, built="built" in sys.argv)
    else:
        cost()
