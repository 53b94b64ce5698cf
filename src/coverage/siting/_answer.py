"""How hard a question is to be tried, and its answer: value, proven bound, alternatives, replay."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from scipy.sparse import csr_array, issparse

from coverage.errors import refusal
from coverage.siting._solver import Clock, Mip, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coverage.siting._sites import Bools, Floats, Ints, Sites

WITHIN = 0.01  # an alternative is at most this share worse than the best
EXACT = 2e-9  # relative difference below which two sums of floats are one
NODES = 500  # of HiGHS's tree, for one alternative: a count, so that any machine finds the same
PATIENCE = 60.0  # seconds for alternatives to very large models where no time limit is given

Choice: TypeAlias = "tuple[Bools, float]"  # open sites and their value


@dataclass(frozen=True)
class Search:
    """How hard a model is to be tried.

    Attributes:
        seconds: Time limit, None for none; the best found and its bound are given then.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the time limit is not above 0.
    """

    seconds: float | None = None
    seed: int = 0
    gap: float = 0.0
    alternatives: int = 3

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise refusal(
                f"时限须大于 0 秒，现为 {self.seconds}",
                f"the time limit must be above 0 seconds, not {self.seconds}",
            )


EXACTLY = Search()  # no time limit, no gap


@dataclass(frozen=True)
class Control:
    """A search under way.

    Attributes:
        clock: Time left.
        seed: Of all that is random.
        gap: Relative gap that is good enough.
    """

    clock: Clock
    seed: int = 0
    gap: float = 0.0

    def later(self) -> Clock:
        """Time for alternatives, once the answer stands."""
        return self.clock if math.isfinite(self.clock.end) else Clock.of(PATIENCE)


@dataclass(frozen=True)
class Level:
    """What came of one goal in the order of goals.

    Attributes:
        goal: `asked`, then `people` (reached, the most), `money` (the least; new sites, where no
            costs are known), `closed` (standing places shut or moved, the fewest), `listed` (the
            sites first in the list; its value is 0 if that is settled), for `p_center` first
            `next` (all ways after the longest; 0 if they are settled).
        value: Of the answer.
        bound: No answer as good in all goals before is better in this one.
    """

    goal: str
    value: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether nothing better is possible."""
        return gap_of(self.value, self.bound) == 0.0


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
        model: Its name, one of `MODELS`.
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
        parameters: What replays it, see `replay`.
        assigned: (points,) open site that serves the point, -1 for none; None where
            the model does not assign.
        served: (candidates, points) people by site, where there are capacities.
        order: What came of each goal in the order of goals, what was asked first.
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
    parameters: dict[str, Any]
    assigned: Ints | None = None
    served: csr_array | None = None
    order: tuple[Level, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether the whole order of goals is proven: there is no answer as good as this one."""
        return bool(self.order) and all(level.proven for level in self.order)


@dataclass(frozen=True, eq=False)
class Result:
    """What a solver found, before it is told.

    Attributes:
        chosen: (candidates,) open sites.
        value: Of the goal.
        bound: Proven.
        near: Other answers met on the way, with their values, the best first.
        order: What came of each goal.
    """

    chosen: Bools
    value: float
    bound: float
    near: Iterable[Choice] = ()
    order: tuple[Level, ...] = ()


def gap_of(value: float, bound: float) -> float:
    """Difference as a share of the value; infinite without a bound."""
    if not math.isfinite(bound) or not math.isfinite(value):
        return math.inf
    far = float(abs(bound - value))
    return 0.0 if far <= EXACT * max(1.0, abs(value)) else far / max(abs(float(value)), EXACT)


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


def serialise(option: Any) -> Any:
    """An option as it can be written to a file and read back exactly; fractions become text."""
    if option is None or isinstance(option, int | float | str | list):
        return option
    if hasattr(option, "items"):
        return {name: serialise(value) for name, value in option.items()}
    return str(option)


class Inquiry:
    """One question put to a model: what was asked, the time it takes, the answer in the end.

    Args:
        model: Its name.
        sites: The candidates and their rules.
        search: How hard to try.
        inputs: The arrays that are asked about, as they were given.
        options: Of the model; those that are None are not recorded.
    """

    def __init__(
        self, model: str, sites: Sites, search: Search, inputs: Sequence[Any], **options: Any
    ) -> None:
        self.model, self.sites, self.search = model, sites, search
        self.inputs, self.options = inputs, options
        self.begun, end = time.perf_counter(), math.inf
        if search.seconds is not None:  # a little early: HiGHS looks at the clock now and then only
            end = self.begun + search.seconds - min(1.0, 0.08 * search.seconds)
        self.control = Control(Clock(end), search.seed, search.gap)
        self.stood: float | None = None

    def stands(self) -> None:
        """Say that the best value and its bound stand; what follows decides between equals."""
        self.stood = time.perf_counter() - self.begun

    @property
    def parameters(self) -> dict[str, Any]:
        """What replays the answer; the arrays are told by their fingerprint."""
        options = {n: serialise(value) for n, value in self.options.items() if value is not None}
        return {
            "model": self.model,
            "sites": self.sites.to_dict(),
            "options": options | asdict(self.search),
            "input": digest(*self.inputs),
        }

    def answer(
        self,
        result: Result,
        *,
        people: Floats,
        reached: Floats | Bools,
        other: Callable[[list[Bools]], Mip | None],
        read: Callable[[Floats, Clock], Choice | None],
        scale: float = 1.0,
        **more: Any,
    ) -> Answer:
        """Look for alternatives and put the answer together.

        Args:
            result: What was found.
            people: (points,).
            reached: (points,) booleans, or people served.
            other: The model of an answer within 1 % that differs from all given; None if it
                would be too large.
            read: Open sites and value from its variables; None if rounding spoilt them.
            scale: By which all values were multiplied, see `_inputs.scale_of`.
            more: `assigned`, `served` and `details` of the answer.
        """
        if self.stood is None:
            self.stands()
        best, standing = result.chosen, np.zeros(self.sites.count, dtype=bool)
        standing[list(self.sites.existing)] = True
        others, every = self._alternatives(result, other, read)
        common = best.copy()
        for one, _ in others:
            common &= one
        covered = people * reached if reached.dtype == bool else reached
        gap = gap_of(result.value, result.bound)
        return Answer(
            model=self.model,
            objective=result.value / scale,
            bound=float(result.value if gap == 0.0 else result.bound) / scale,
            gap=gap,
            optimal=gap == 0.0,
            seconds=time.perf_counter() - self.begun,
            proof_seconds=self.stood or 0.0,
            chosen=_at(best),
            new=_at(best & ~standing),
            closed=_at(standing & ~best),
            people_covered=float(covered.sum()),
            people_total=float(people.sum()),
            points_covered=int((reached > 0).sum()),
            points_total=len(people),
            alternatives=tuple(
                Alternative(value / scale, _at(one), _at(one & ~best), _at(best & ~one))
                for one, value in others
            ),
            every_alternative=every,
            common=_at(common),
            order=_told(result, scale),
            parameters=self.parameters,
            **more,
        )

    def _alternatives(
        self,
        result: Result,
        other: Callable[[list[Bools]], Mip | None],
        read: Callable[[Floats, Clock], Choice | None],
    ) -> tuple[list[Choice], bool]:
        """At least as many alternatives as are wanted, if there are, and whether these are all."""
        want, clock, best = self.search.alternatives, self.control.later(), result.chosen
        if want <= 0:
            return [], False
        met: dict[bytes, Choice] = {}
        for chosen, value in result.near:
            if (best & ~chosen).any():
                met.setdefault(chosen.tobytes(), (chosen, value))
        picked = _spread(best, list(met.values()), want)
        while len(picked) < want and not clock.over:
            half = Clock.of(clock.left / 2)  # a solver may look at the clock late
            model = other([best, *(chosen for chosen, _ in picked)])
            if model is None:
                break
            found = solve(model, clock=half, seed=self.search.seed, first=True, nodes=NODES)
            if found.values is None:
                return picked, found.done
            choice = read(found.values, half)
            if choice is None:
                break
            picked.append(choice)
        return picked, False


def _told(result: Result, scale: float) -> tuple[Level, ...]:
    """The order of goals; what was asked in its own unit."""
    if not result.order:
        return ()
    asked, *rest = result.order
    return (Level(asked.goal, asked.value / scale, asked.bound / scale), *rest)


def _spread(best: Bools, found: list[Choice], want: int) -> list[Choice]:
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


def _at(chosen: Bools) -> tuple[int, ...]:
    """Positions of what is open."""
    return tuple(np.flatnonzero(chosen).tolist())
