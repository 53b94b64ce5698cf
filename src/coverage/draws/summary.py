"""What many draws say of one figure: its likely range, its bias, and whose ignorance that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.draws.sources import NAMES, TO_BRING
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coverage.arrays import Floats

WORST = 10
_WHOLE_POINTS = 2.0


@dataclass(frozen=True)
class SourceShare:
    """How much of a spread one source makes.

    Attributes:
        share: Part of the variance, 0 to 1; those of all sources add up to 1.
        points: By how much P5 to P95 would shrink if it were known, in the figure's unit.
    """

    share: float
    points: float


@dataclass(frozen=True)
class Draws:
    """A figure under many draws.

    Attributes:
        n: How many.
        seed: Of the random numbers.
        point: The figure itself.
        p5: One in twenty draws lies below.
        p50: Half of them do.
        p95: One in twenty lies above.
        met_probability: Share of draws that meet the target in force, `None` without one.
        by_source: By source, the largest first.
        worst: By township, how often it is among the ten worst, largest first.
    """

    n: int
    seed: int
    point: float
    p5: float
    p50: float
    p95: float
    met_probability: float | None
    by_source: Mapping[str, SourceShare]
    worst: Mapping[str, float] = field(default_factory=dict)

    @property
    def bias(self) -> float:
        """The figure less the middle of the draws: negative where it is too low."""
        return self.point - self.p50

    @property
    def main_source(self) -> str | None:
        """What that a bureau could bring makes most of the spread, if anything does."""
        return next((name for name in self.by_source if name in TO_BRING), None)

    @property
    def likely(self) -> Said:
        """``约 10–15%``."""
        return likely(self.p5, self.p95)

    @property
    def said(self) -> Said:
        """``约 10–15%（点值 9.5% 偏低：设施坐标不详）``: what a planner reads."""
        off = Said("", "")
        if abs(self.bias) > (self.p95 - self.p5) / 4:
            off = Said(" 偏低", " is low") if self.bias < 0 else Said(" 偏高", " is high")
        why = Said("", "")
        if self.main_source is not None:
            name = NAMES[self.main_source]
            why = Said(f"：{name.zh}不详", f": {name.en} unknown")
        point = f"{self.point:.1f}%"
        return Said(
            f"{self.likely.zh}（点值 {point}{off.zh}{why.zh}；抽样 {self.n} 次，种子 {self.seed}）",
            f"{self.likely.en} (the figure, {point},{off.en or ' lies within'}{why.en}; "
            f"{self.n} draws, seed {self.seed})",
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; figures in the unit of the indicator."""
        return {
            "n": self.n,
            "seed": self.seed,
            "p5": _short(self.p5),
            "p50": _short(self.p50),
            "p95": _short(self.p95),
            "bias": _short(self.bias),
            "met_probability": self.met_probability,
            "by_source": {
                name: {"share": _short(one.share), "points": _short(one.points)}
                for name, one in self.by_source.items()
            },
            "among_worst": {code: _short(p) for code, p in self.worst.items()},
        }


def likely(low: float, high: float) -> Said:
    """``约 10–15%``, in whole points where they tell the ends apart, else in tenths."""
    digits = 0 if high - low >= _WHOLE_POINTS else 1
    ends = f"{low:.{digits}f}–{high:.{digits}f}%"
    return Said(f"约 {ends}", f"about {ends}")


def _short(value: float) -> float:
    """Four digits after the point: more would only show how sums of floats are rounded."""
    return round(float(value), 4) + 0.0


def by_source(values: Floats, others: Mapping[str, Floats]) -> dict[str, SourceShare]:
    """The parts of a spread.

    Args:
        values: (n,) the draws.
        others: By source, (n,) the same draws with that source alone drawn anew: half the mean
            square difference is the variance that is lost with it (Jansen 1999).
    """
    variance = float(values.var())
    low, high = np.percentile(values, (5, 95))
    lost = {name: float(((values - v) ** 2).mean()) / 2 for name, v in others.items()}
    total = sum(lost.values())
    if not (variance > 0 and total > 0):
        return {}
    made = {
        name: SourceShare(
            part / total, float(high - low) * (1 - max(0.0, 1 - part / variance) ** 0.5)
        )
        for name, part in lost.items()
        if part > 0
    }
    return dict(sorted(made.items(), key=lambda item: (-item[1].points, item[0])))


def among_worst(shares: Floats, codes: tuple[str, ...]) -> dict[str, float]:
    """How often each township is among the ten with the lowest share, or as low as the tenth.

    Args:
        shares: (n, u) by draw and township, NaN where nobody lives.
        codes: (u,) of the townships.
    """
    # All that share the tenth lowest share are: no order of codes decides between them.
    tenth = np.sort(shares, axis=1)[:, min(WORST, shares.shape[1]) - 1]
    often = (shares <= tenth[:, None]).mean(axis=0)
    order = np.argsort(-often, kind="stable")
    return {codes[i]: float(often[i]) for i in order if often[i] > 0}
