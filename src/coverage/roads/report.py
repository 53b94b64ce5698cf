"""What was found wrong with a road network and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

_EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One kind of flaw.

    Attributes:
        check: What was looked for, such as ``duplicate_edge``.
        action: ``dropped``, ``changed``, ``merged`` or ``kept``.
        count: How many times it was found.
        metres: By how much the sum of `length_m` over all directed edges
            changed; negative where something was dropped.
        examples: The first few, in words.
    """

    check: str
    action: str
    count: int
    metres: float = 0.0
    examples: tuple[str, ...] = ()


@dataclass
class CleaningReport:
    """Everything that reading and cleaning found, in the order it was met.

    Attributes:
        findings: The flaws, each with its count; a check that found nothing
            is listed with a count of zero.
        islands: For each mode (n,) int32: the number of the island a node
            lies on, 0 for the largest, -1 where no edge of that mode ends.
            An island is a strongly connected component: inside it, everyone
            can get from everywhere to everywhere.
        length_before_m: Sum over all directed edges before cleaning.
        length_after_m: The same afterwards.
    """

    findings: list[Finding] = field(default_factory=list)
    islands: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    length_before_m: float = 0.0
    length_after_m: float = 0.0

    def add(
        self,
        check: str,
        action: str,
        examples: Iterable[str] = (),
        *,
        count: int | None = None,
        metres: float = 0.0,
    ) -> None:
        """Note a finding; `count` is the number of examples unless told."""
        words = tuple(examples)
        found = len(words) if count is None else count
        self.findings.append(Finding(check, action, found, float(metres) + 0.0, words[:_EXAMPLES]))

    def count(self, check: str) -> int:
        """How many times a check found its flaw."""
        return sum(found.count for found in self.findings if found.check == check)

    @property
    def clean(self) -> bool:
        """True if no check found anything."""
        return not any(found.count for found in self.findings)

    def rows(self) -> list[dict[str, Any]]:
        """One row a finding, for a table: check, action, count, metres, examples."""
        return [
            {
                "check": found.check,
                "action": found.action,
                "count": found.count,
                "metres": round(found.metres, 1),
                "examples": "; ".join(found.examples),
            }
            for found in self.findings
        ]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Counts and actions of what was found, for a network's `origin`."""
        return {
            f.check: {"action": f.action, "count": f.count, "metres": round(f.metres, 3)}
            for f in self.findings
            if f.count
        }
