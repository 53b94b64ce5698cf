"""What a siting model answers: sites, value, proven bound, alternatives, how to replay it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import csr_array, issparse

from coverage.siting.mip import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coverage.siting.problem import Bools, Ints, Sites

WITHIN = 0.01  # an alternative is at most this share worse than the best
EXACT = 2e-9  # relative difference below which two sums of floats are one


@dataclass(frozen=True)
class Alternative:
    """Another answer nearly as good.

    Attributes:
        objective: Its value.
        chosen: Its open sites.
        sites_in: Open here and not in the best answer.
        sites_out: Open in the best answer and not here.
    """

    objective: float
    chosen: tuple[int, ...]
    sites_in: tuple[int, ...]
    sites_out: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer of a model.

    Attributes:
        model: Its name, one of `solve.MODELS`.
        objective: Value of the model's goal.
        bound: No allowed sites are better than this: proven.
        gap: Their difference as a share of the objective; 0 if optimal.
        optimal: Whether the two agree.
        seconds: Of the wall clock, alternatives included.
        proof_seconds: Of these, until the best answer and its bound stood.
        chosen: Open sites, existing ones included.
        new: Of these, those that are built.
        closed: Existing sites that are shut.
        people_covered: People reached (or served, where there are beds).
        people_total: All people.
        points_covered: Demand points reached.
        points_total: All demand points.
        alternatives: Others at most 1 % worse, the best first, then those that differ most.
        every_alternative: Whether these are all there are: proven.
        common: Sites open in the best answer and in every alternative.
        assigned: (points,) open site that serves the point, -1 for none; None where
            the model does not assign.
        served: (candidates, points) people by site, where there are capacities.
        parameters: What replays it, see `solve.replay`.
        details: What else the model tells, by name.
    """

    model: str
    objective: float
    bound: float
    gap: float
    optimal: bool
    seconds: float
    proof_seconds: float
    chosen: tuple[int, ...]
    new: tuple[int, ...]
    closed: tuple[int, ...]
    people_covered: float
    people_total: float
    points_covered: int
    points_total: int
    alternatives: tuple[Alternative, ...]
    every_alternative: bool
    common: tuple[int, ...]
    assigned: Ints | None
    served: csr_array | None
    parameters: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """What a solver found, before it is told.

    Attributes:
        chosen: (candidates,) open sites.
        value: Of the goal.
        bound: Proven.
        near: Other answers met on the way, with their values.
    """

    chosen: Bools
    value: float
    bound: float
    near: tuple[tuple[Bools, float], ...] = ()


def gap_of(value: float, bound: float) -> float:
    """Difference as a share of the value; infinite without a bound."""
    if not math.isfinite(bound) or not math.isfinite(value):
        return math.inf
    far = abs(bound - value)
    return 0.0 if far <= EXACT * max(1.0, abs(value)) else far / max(abs(value), EXACT)


def digest(*arrays: Any) -> str:
    """Fingerprint of the arrays that were asked about, in any order of storage."""
    done = hashlib.sha256()
    for array in arrays:
        if array is None:
            done.update(b"none")
            continue
        if issparse(array):
            matrix = csr_array(cast("Any", array), copy=True)
            matrix.sum_duplicates()
            matrix.sort_indices()
            parts = [matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)]
            parts.append(matrix.data.astype(float))
        else:
            parts = [np.ascontiguousarray(np.asarray(array, dtype=float))]
        for part in parts:
            done.update(str(part.shape).encode())
            done.update(part.tobytes())
    return done.hexdigest()


def parameters(
    model: str,
    sites: Sites,
    asked: tuple[float | None, int, float, int],
    options: Mapping[str, Any],
    inputs: Sequence[Any],
) -> dict[str, Any]:
    """What replays an answer; the arrays are told by their fingerprint."""
    seconds, seed, gap, want = asked
    return {
        "model": model,
        "sites": sites.to_dict(),
        "options": {
            **{name: value for name, value in options.items() if value is not None},
            "seconds": seconds,
            "seed": seed,
            "gap": gap,
            "alternatives": want,
        },
        "input": digest(*inputs),
    }


def written(share: Any) -> Any:
    """A share as it can be written to a file and read back exactly."""
    if share is None or isinstance(share, int | float | str):
        return share
    if hasattr(share, "items"):
        return {name: written(value) for name, value in share.items()}
    return str(share)


def choose_alternatives(
    best: Bools,
    near: Iterable[tuple[Bools, float]],
    more: Any,
    *,
    want: int,
    clock: Clock,
) -> tuple[list[tuple[Bools, float]], bool]:
    """At least `want` alternatives if there are so many, and whether these are all.

    Args:
        best: (candidates,) the best answer.
        near: Answers nearly as good that are known already, and their values.
        more: Finds another one that differs from all it is given, None if there is
            none, or False if it ran out of time.
        want: How many.
        clock: Time left.
    """
    if want <= 0:
        return [], False
    found: dict[bytes, tuple[Bools, float]] = {}
    for chosen, value in near:
        if (best & ~chosen).any():
            found.setdefault(chosen.tobytes(), (chosen, value))
    picked = _spread(best, list(found.values()), want)
    while len(picked) < want:
        if clock.over:
            return picked, False
        half = Clock.of(clock.left / 2)  # a solver may look at the clock late
        another = more([best, *(chosen for chosen, _ in picked)], half)
        if another is None:
            return picked, True
        if another is False:
            return picked, False
        picked.append(another)
    return picked, False


def _spread(best: Bools, found: list[tuple[Bools, float]], want: int) -> list[tuple[Bools, float]]:
    """The best one, then again and again the one that differs most from all picked."""
    if len(found) <= want:
        return found
    sets = np.array([chosen for chosen, _ in found])
    far = (sets != best).sum(axis=1)
    at = 0  # they come best first
    picked = [at]
    while len(picked) < want:
        far = np.minimum(far, (sets != sets[at]).sum(axis=1))
        far[picked] = -1
        at = int(far.argmax())
        picked.append(at)
    return [found[k] for k in picked]


def told(
    model: str,
    result: Result,
    sites: Sites,
    *,
    people: Any,
    reached: Any,
    alternatives: tuple[list[tuple[Bools, float]], bool],
    parameters: dict[str, Any],
    seconds: tuple[float, float],
    assigned: Ints | None = None,
    served: csr_array | None = None,
    details: dict[str, Any] | None = None,
    scale: float = 1.0,
) -> Answer:
    """Put an answer together.

    Args:
        model: Name.
        result: What was found.
        sites: The question's.
        people: (points,).
        reached: (points,) booleans, or people served.
        alternatives: As `choose_alternatives` gives them.
        parameters: To replay.
        seconds: Until proven, and in all.
        assigned: See `Answer`.
        served: See `Answer`.
        details: See `Answer`.
        scale: By which all values were multiplied, see `control.scale_of`.
    """
    chosen = np.flatnonzero(result.chosen)
    standing = np.zeros(sites.count, dtype=bool)
    standing[list(sites.existing)] = True
    reached = np.asarray(reached)
    covered = people * reached if reached.dtype == bool else reached
    others = tuple(
        Alternative(
            value / scale,
            _plain(np.flatnonzero(other)),
            _plain(np.flatnonzero(other & ~result.chosen)),
            _plain(np.flatnonzero(result.chosen & ~other)),
        )
        for other, value in alternatives[0]
    )
    common = result.chosen.copy()
    for other, _ in alternatives[0]:
        common &= other
    gap = gap_of(result.value, result.bound)
    return Answer(
        model=model,
        objective=result.value / scale,
        bound=(result.value if gap == 0.0 else result.bound) / scale,
        gap=gap,
        optimal=gap == 0.0,
        seconds=seconds[1],
        proof_seconds=seconds[0],
        chosen=_plain(chosen),
        new=_plain(np.flatnonzero(result.chosen & ~standing)),
        closed=_plain(np.flatnonzero(standing & ~result.chosen)),
        people_covered=float(covered.sum()),
        people_total=float(people.sum()),
        points_covered=int((reached > 0).sum()),
        points_total=len(people),
        alternatives=others,
        every_alternative=alternatives[1],
        common=_plain(np.flatnonzero(common)),
        assigned=assigned,
        served=served,
        parameters=parameters,
        details=details or {},
    )


def _plain(positions: Ints) -> tuple[int, ...]:
    return tuple(int(i) for i in positions)
