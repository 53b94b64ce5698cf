"""Spreading a published total over townships, and how wrong that is.

A township-level row weighs one for every villagers' committee (and every
other village-level row) below it, and `w` for every residents' committee.
The weight `w` is the one that errs least where townships are published.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from .sources import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Twentieths, so that the weight and with it every share is an exact fraction.
GRID = tuple(Fraction(k, 20) for k in range(10, 401))


@dataclass(frozen=True)
class Observed:
    """A place whose population is published, for calibration.

    Attributes:
        name: Whose it is.
        residents: Residents' committees.
        others: Other village-level rows.
        people: Published people.
    """

    name: str
    residents: int
    others: int
    people: int


@dataclass(frozen=True)
class Calibration:
    """The weight and its errors (mean absolute relative errors).

    Attributes:
        weight: Weight of a residents' committee against a villagers' committee.
        fitted: Error on the places it was fitted to.
        left_out: Error when each place in turn is left out of the fit.
        equal: Error of spreading by plain number of committees (weight one).
        by_area: Error within each area at the chosen weight.
        crossed: Error in each area at the weight fitted without that area.
        worst: Name and relative error of the worst place.
        count: Number of places.
    """

    weight: Fraction
    fitted: float
    left_out: float
    equal: float
    by_area: dict[str, float]
    crossed: dict[str, float]
    worst: tuple[str, float]
    count: int


def largest_remainder(total: int, weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """Whole numbers in proportion to `weights` that sum to `total` exactly.

    Ties go to the lower code, so that the outcome does not depend on order.

    Raises:
        BuildError: If a positive total meets only zero weights.
    """
    whole = sum(Fraction(weight) for weight in weights.values())
    if not whole:
        if total:
            raise BuildError(f"{total} people cannot be spread over units without weight")
        return dict.fromkeys(weights, 0)
    exact = {code: total * Fraction(weight) / whole for code, weight in weights.items()}
    parts = {code: int(share) for code, share in exact.items()}
    order = sorted(exact, key=lambda code: (parts[code] - exact[code], code))
    for code in order[: total - sum(parts.values())]:
        parts[code] += 1
    return parts


def _errors(area: Sequence[Observed], weight: Fraction) -> list[float]:
    """Relative errors, signed, when the area's total is spread over its places."""
    w = float(weight)
    total = sum(place.people for place in area)
    weights = [w * place.residents + place.others for place in area]
    scale = total / sum(weights)
    return [own * scale / place.people - 1 for own, place in zip(weights, area, strict=True)]


def _mean_error(areas: Sequence[Sequence[Observed]], weight: Fraction, skip: str = "") -> float:
    errors = [
        abs(error)
        for area in areas
        for place, error in zip(area, _errors(area, weight), strict=True)
        if place.name != skip
    ]
    return sum(errors) / len(errors)


def _best(areas: Sequence[Sequence[Observed]], skip: str = "") -> Fraction:
    return min(GRID, key=lambda weight: (_mean_error(areas, weight, skip), weight))


def calibrate(areas: Mapping[str, Sequence[Observed]]) -> Calibration:
    """Choose the weight that errs least over all places of all areas."""
    groups = [areas[name] for name in sorted(areas)]
    weight = _best(groups)
    left = []
    for area in groups:
        for k, place in enumerate(area):
            left.append(abs(_errors(area, _best(groups, place.name))[k]))
    signed = [
        (place.name, error)
        for area in groups
        for place, error in zip(area, _errors(area, weight), strict=True)
    ]
    crossed = {
        name: _mean_error([areas[name]], _best([areas[n] for n in sorted(areas) if n != name]))
        for name in sorted(areas)
    }
    return Calibration(
        weight=weight,
        fitted=_mean_error(groups, weight),
        left_out=sum(left) / len(left),
        equal=_mean_error(groups, Fraction(1)),
        by_area={name: _mean_error([areas[name]], weight) for name in sorted(areas)},
        crossed=crossed,
        worst=max(signed, key=lambda pair: abs(pair[1])),
        count=len(signed),
    )
