"""The pictures of a brief: where they lie and what stands below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coverage.assessment import Report


@dataclass(frozen=True)
class Figure:
    """A picture of a brief.

    Attributes:
        path: A PNG file.
        caption: What it shows.
        width_mm: Width on a page of A4.
    """

    path: Path
    caption: str
    width_mm: float = 150


def draw(report: Report, document: Mapping[str, Any], folder: Path) -> dict[str, Figure]:
    """Every picture of a result, by the name that templates use."""
    return {}
