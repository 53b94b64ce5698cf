"""HiGHS behind one function: a sparse model, a start, a time limit, an honest bound."""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coverage.siting._rules import Rows
    from coverage.siting._sites import Bools, Floats

_MAKING = threading.Lock()
PRESOLVED = 20_000  # entries of a model for which a second of presolving is granted
TRUSTED = 1e-5  # by so much, relatively, a solver's tolerances and sums may be off
WHOLE = 1.0 - 1e-4  # a gap below this closes when only whole numbers are possible


@dataclass(frozen=True)
class Clock:
    """Seconds that are left; `Clock.of(None)` never ends."""

    end: float

    @classmethod
    def of(cls, seconds: float | None) -> Clock:
        """A clock that runs from now."""
        return cls(math.inf if seconds is None else time.perf_counter() + seconds)

    @property
    def left(self) -> float:
        """Seconds left, not below zero."""
        return max(0.0, self.end - time.perf_counter())

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return time.perf_counter() >= self.end


@dataclass(frozen=True, eq=False)
class Mip:
    """`min cost @ x` with `low <= matrix @ x <= high`, `lower <= x <= upper`, some `x` whole."""

    cost: Floats
    lower: Floats
    upper: Floats
    whole: Bools
    matrix: csr_array
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Found:
    """What HiGHS came back with.

    Attributes:
        values: The best solution, None if there is none.
        objective: Its cost, infinite if there is none.
        bound: No solution costs less; infinite if there is none.
        done: Whether the search ended by itself.
    """

    values: Floats | None
    objective: float
    bound: float
    done: bool


@dataclass(eq=False)
class Stack:
    """Puts a model together from blocks of variables and rows."""

    size: int
    rows: list[coo_array] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)

    def add(self, blocks: Sequence[tuple[int, Any]], low: Any, high: Any) -> None:
        """Rows made of matrices, each beginning at a column; bounds are broadcast."""
        count = blocks[0][1].shape[0]
        parts = [(first, coo_array(block)) for first, block in blocks]
        r = np.concatenate([part.coords[0] for _, part in parts])
        c = np.concatenate([part.coords[1] + first for first, part in parts])
        data = np.concatenate([part.data.astype(float) for _, part in parts])
        self.rows.append(coo_array((data, (r, c)), shape=(count, self.size)))
        self.low.append(np.broadcast_to(np.asarray(low, dtype=float), count))
        self.high.append(np.broadcast_to(np.asarray(high, dtype=float), count))

    def under(self, rows: Rows, sets: Sequence[Bools] = ()) -> None:
        """The rules on sites, which come first; from each of `sets` at least one must be shut."""
        if rows.matrix.shape[0]:
            self.add([(0, rows.matrix)], rows.low, rows.high)
        if sets:
            members = np.array(sets, dtype=float) * (rows.lower == 0)
            self.add([(0, csr_array(members))], -np.inf, members.sum(axis=1) - 1.0)

    def model(self, cost: Floats, rows: Rows, whole: Bools, at_most: float | None = None) -> Mip:
        """The whole model: sites within their bounds, all other variables from 0 to 1.

        Args:
            cost: What is minimised.
            rows: Rules on the sites.
            whole: What must be whole.
            at_most: Cost that must be kept.
        """
        if at_most is not None:
            size = max(1.0, float(np.abs(cost).max(initial=0.0)))
            self.add([(0, csr_array(cost[None, :] / size))], -np.inf, at_most / size)
        sites = len(rows.lower)
        lower, upper = np.zeros(self.size), np.ones(self.size)
        lower[:sites], upper[:sites] = rows.lower, rows.upper
        matrix = csr_array(vstack(self.rows, format="csr"))
        low, high = np.concatenate(self.low), np.concatenate(self.high)
        return Mip(cost, lower, upper, whole, matrix, low, high)


def solve(
    model: Mip,
    *,
    clock: Clock,
    seed: int = 0,
    start: Floats | None = None,
    cutoff: float = math.inf,
    gap: float = 0.0,
    relative: float = 0.0,
    first: bool = False,
    nodes: int | None = None,
) -> Found:
    """Solve a model.

    Objective, rows, bounds and whole numbers of the answer are computed anew. Where they
    contradict what HiGHS says, it is asked again without the start; where they still do, the
    answer counts as found but not proven.

    Args:
        model: What to solve.
        clock: The time left; HiGHS looks at it now and then only, and may take longer.
        seed: Of HiGHS.
        start: A solution to begin with.
        cutoff: Only solutions that cost less are of interest; then `bound` is infinite if
            there is none.
        gap: Absolute gap at which to stop.
        relative: The same as a share of the objective.
        first: Stop at the first solution found.
        nodes: Most nodes of the tree.
    """
    if model.lower.size and (model.lower > model.upper).any():
        return Found(None, math.inf, math.inf, done=True)
    if clock.over:
        return Found(None, math.inf, -math.inf, done=False)
    options: dict[str, Any] = {
        "mip_abs_gap": max(gap, 1e-9),
        "mip_rel_gap": relative,
        "random_seed": int(seed) % 2**31,
        "mip_feasibility_tolerance": 1e-7,
    }
    if math.isfinite(cutoff):
        options["objective_bound"] = cutoff
    if first:
        options["mip_max_improving_sols"] = 1
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    known = math.inf  # cost of the start, if it is a solution
    if start is not None and _feasible(model, start):
        known = float(model.cost @ start)
    said = _run(model, options, clock, start)
    if start is not None and not _holds(model, said, known):
        said = _run(model, options, clock, None)
    if _holds(model, said, known):
        return said
    values = said.values
    if values is None or not _feasible(model, values):
        values = start if math.isfinite(known) else None
    cost = math.inf if values is None else float(model.cost @ values)
    return Found(values, cost, -math.inf, done=False)


def _holds(model: Mip, said: Found, known: float) -> bool:
    """Whether what the solver says agrees with its own values and with a known solution's cost.

    A release of HiGHS took the cost of a start for less than it is, and called that optimal.
    """
    least = known
    if said.values is not None:
        cost = float(model.cost @ said.values)
        size = max(1.0, float(np.abs(model.cost) @ np.abs(said.values)))
        if abs(cost - said.objective) > TRUSTED * size or not _feasible(model, said.values):
            return False
        least = min(known, cost)
    return not math.isfinite(least) or said.bound <= least + TRUSTED * max(1.0, abs(least))


def _feasible(model: Mip, values: Floats) -> bool:
    """Whether values keep the bounds, the rows, and are whole where they must be."""
    slack = TRUSTED * np.maximum(1.0, np.abs(values))
    if (values < model.lower - slack).any() or (values > model.upper + slack).any():
        return False
    if (np.abs(values - np.round(values))[model.whole] > TRUSTED).any():
        return False
    row = model.matrix @ values
    slack = TRUSTED * np.maximum(1.0, abs(model.matrix) @ np.abs(values))
    return bool((row >= model.low - slack).all() and (row <= model.high + slack).all())


def _run(model: Mip, options: dict[str, Any], clock: Clock, start: Floats | None) -> Found:
    """What HiGHS says, taken at its word."""
    h, solver = _solver(model)
    for name, value in options.items():
        solver.setOptionValue(name, value)
    if math.isfinite(clock.end):
        solver.setOptionValue("time_limit", clock.left)
        if model.matrix.nnz > PRESOLVED * clock.left:  # it does not look at the clock
            solver.setOptionValue("presolve", "off")
    if start is not None:
        given = h.HighsSolution()
        given.col_value = start.tolist()
        given.value_valid = True
        solver.setSolution(given)
    solver.run()
    return _read(h, solver)


def relax(model: Mip, *, clock: Clock) -> tuple[Floats, Floats] | None:
    """Solve a linear model by an interior point method; values and row duals, or None."""
    if clock.over:
        return None
    _, solver = _solver(model)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    if math.isfinite(clock.end):
        solver.setOptionValue("time_limit", clock.left)
    solver.run()
    solution = solver.getSolution()
    if not solution.value_valid or not solution.dual_valid:
        return None
    return np.array(solution.col_value), np.array(solution.row_dual)


@contextmanager
def _silenced() -> Iterator[None]:
    """Nothing that is written to file descriptor 1 meanwhile comes out.

    Some releases of HiGHS greet there while they are made, before they can be told to be
    quiet, and below `sys.stdout`. One thread at a time, so that what is put back is the
    descriptor that was there at first.
    """
    with _MAKING:
        try:
            kept = os.dup(1)
        except OSError:  # no standard output at all
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _solver(model: Mip) -> tuple[Any, Any]:
    """The solver's package, and a solver that holds the model."""
    import highspy

    h: Any = highspy
    lp = h.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.cost), model.matrix.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.low, model.high
    lp.a_matrix_.format_ = h.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = lp.num_col_, lp.num_row_
    lp.a_matrix_.start_ = model.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = model.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = model.matrix.data
    kinds = (h.HighsVarType.kContinuous, h.HighsVarType.kInteger)
    if model.whole.any():
        lp.integrality_ = [kinds[int(one)] for one in model.whole]
    with _silenced():
        solver = h.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(lp)
    return h, solver


def _read(h: Any, solver: Any) -> Found:
    status, info = solver.getModelStatus(), solver.getInfo()
    ends = h.HighsModelStatus
    if status == ends.kModelEmpty:
        return Found(np.zeros(0), 0.0, 0.0, done=True)
    if status in {ends.kInfeasible, ends.kUnboundedOrInfeasible, ends.kObjectiveBound}:
        return Found(None, math.inf, math.inf, done=True)
    done = status == ends.kOptimal
    solution = solver.getSolution()
    bound = float(info.mip_dual_bound)
    if info.primal_solution_status != 2 or not solution.value_valid:
        return Found(None, math.inf, bound if not done else math.inf, done=done)
    values = np.array(solution.col_value, dtype=float)
    objective = float(info.objective_function_value)
    if not math.isfinite(bound):
        bound = objective if done else -math.inf
    return Found(values, objective, min(bound, objective), done=done)
