"""Sums of counties and of the city; and figures that whole counties have alone.

These are taken for the counties, and spread over their townships by committees as
`coverage.demand.model` weighs them, to the person, and marked as modelled: what a bureau counted
stands at the county, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from coverage.groups import GROUPS
from coverage.population import People

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coverage.units import Units

SUMMED = "相加"
SPREAD = "县合计按村居委会数分摊"


def spread(
    counties: Mapping[tuple[str, str, int], int], units: Units, source: str
) -> tuple[list[People], list[People]]:
    """Rows of counties as they are told, and of their townships as the model has them.

    Args:
        counties: Figures by county, group and year.
        units: The city's units.
        source: Where the figures come from.
    """
    told, modelled = [], []
    for (county, group, year), count in counties.items():
        level = "city" if county.endswith("00") else "county"
        told.append(People(county, level, group, year, count, "surveyed", source))
        for code, part in _shares(county, count, units).items():
            modelled.append(People(code, "township", group, year, part, "modelled", source, SPREAD))
    return told, modelled


def _shares(county: str, count: int, units: Units) -> dict[str, int]:
    """Whole people of each township-level row, their sum kept (largest remainders)."""
    from coverage.demand.spread import RESIDENTS_WEIGHT

    weights: dict[str, float] = {}
    kinds = Counter((v.parent, v.category) for v in units.villages)
    inside = [u for u in units.township_rows if u.parent == county]
    for unit in inside:
        weight = RESIDENTS_WEIGHT * kinds[unit.code, "社区"] + kinds[unit.code, "村"]
        weights[unit.code] = weight or float(unit.committees or 0)
    if not any(weights.values()):
        weights = {unit.code: 1.0 for unit in inside}
    whole = sum(weights.values())
    exact = {code: count * weight / whole for code, weight in weights.items()}
    shares = {code: int(part) for code, part in exact.items()}
    rest = count - sum(shares.values())
    for code in sorted(exact, key=lambda c: (shares[c] - exact[c], c))[:rest]:
        shares[code] += 1
    return shares


def with_sums(
    people: dict[tuple[str, str, int], int],
    units: Units,
    source: str,
    counties: Mapping[tuple[str, str, int], int] | None = None,
) -> tuple[list[People], list[tuple[str, str, int]]]:
    """Rows of townships, and sums of counties and of the city where all townships are there.

    Returns:
        The rows in the order of the shipped tables, and what could not be summed: county (or
        city), group and year.
    """
    counties = counties or {}
    told, modelled = spread(counties, units, source)
    rows = [
        People(code, "township", group, year, count, "surveyed", source)
        for (code, group, year), count in people.items()
    ]
    rows += [*told, *modelled]
    all_of = people | {(r.unit_code, r.group, r.year): r.count for r in modelled}
    gaps = []
    for group, year in sorted({(g, y) for _, g, y in all_of}):
        own = {code: n for (code, g, y), n in all_of.items() if (g, y) == (group, year)}
        uppers = [(u, u.code) for u in units.counties if (u.code, group, year) not in counties]
        if units.city is not None and all(u.code != units.city.code for u in units.counties):
            uppers.append((units.city, ""))
        for upper, start in uppers:
            inside = [u for u in units.townships if not start or u.parent == start]
            if any(u.code not in own for u in inside):
                if any(code.startswith(start) for code in own):
                    gaps.append((upper.code, group, year))
                continue
            total = sum(n for code, n in own.items() if code.startswith(start))
            # A city without counties has one row, at the level that the shipped table uses.
            level = "city" if upper.code.endswith("00") else "county"
            rows.append(People(upper.code, level, group, year, total, "surveyed", source, SUMMED))
    order = {group: place for place, group in enumerate(GROUPS)}
    rows.sort(key=lambda r: (len(r.unit_code), r.unit_code, order.get(r.group, 9), r.year))
    return rows, gaps
