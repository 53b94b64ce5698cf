"""Names beside points so that none covers another: the most important first, each where it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.text import width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Where a name may stand beside its point, as multiples of half its size: right, left, above,
# below, then the corners.
_SPOTS = (
    (1, 0),
    (-1, 0),
    (0, 1),
    (0, -1),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
)
_LINE = 1.25  # height of a line in ems, with the gap that keeps names apart


@dataclass(frozen=True)
class Label:
    """A name to be written.

    Attributes:
        text: The name.
        x: Its point, in any unit of length.
        y: As `x`.
        em: Height of its letters in that unit.
        gap: Distance kept from the point.
        weight: Heavier ones are placed first.
        fixed: Whether it stands on its point, and may not move.
    """

    text: str
    x: float
    y: float
    em: float
    gap: float = 0.0
    weight: float = 0.0
    fixed: bool = False

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of its box."""
        return 0.53 * width(self.text) * self.em, _LINE * self.em


def place(
    labels: Sequence[Label],
    *,
    taken: Sequence[tuple[float, float, float, float]] = (),
    within: tuple[float, float, float, float] | None = None,
) -> list[tuple[float, float] | None]:
    """Middles of the labels' boxes, `None` for those that fit nowhere.

    Args:
        labels: The names.
        taken: Boxes (left, low, right, high) that no name may cover.
        within: Box that every name must stay in.
    """
    boxes = np.array(taken, dtype=np.float64).reshape(-1, 4)
    found: list[tuple[float, float] | None] = [None] * len(labels)
    order = sorted(range(len(labels)), key=lambda n: (-labels[n].weight, n))
    for n in order:
        label = labels[n]
        wide, high = label.size
        for x, y in _middles(label):
            box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
            if _outside(box, within) or _covers(boxes, box):
                continue
            found[n] = (x, y)
            boxes = np.vstack([boxes, box])
            break
    return found


def _middles(label: Label) -> list[tuple[float, float]]:
    if label.fixed:
        return [(label.x, label.y)]
    wide, high = label.size
    return [
        (
            label.x + right * (wide / 2 + label.gap * (1 if up == 0 else 0.3)),
            label.y + up * (high / 2 + label.gap * (1 if right == 0 else 0.3)),
        )
        for right, up in _SPOTS
    ]


def _outside(
    box: tuple[float, float, float, float], within: tuple[float, float, float, float] | None
) -> bool:
    if within is None:
        return False
    return box[0] < within[0] or box[1] < within[1] or box[2] > within[2] or box[3] > within[3]


def _covers(boxes: NDArray[np.float64], box: tuple[float, float, float, float]) -> bool:
    left, low, right, high = box
    return bool(
        np.any(
            (boxes[:, 0] < right)
            & (boxes[:, 2] > left)
            & (boxes[:, 1] < high)
            & (boxes[:, 3] > low)
        )
    )
