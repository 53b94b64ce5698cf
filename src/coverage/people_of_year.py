"""People of the year that a facility count is of: one rule for every ratio to people.

The published figure of that year holds; else the plan's own forecast; else a modelled
figure of that year; else the straight line between the years before and after. Where only
another year is known its figure stands, the value says so, and a verdict that hangs on the
difference is not given.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.population import People

# A group may grow or shrink by so much a year: more than a census has found of any city's.
MOST_A_YEAR = Fraction(5, 100)


@dataclass(frozen=True)
class PeopleOfYear:
    """People of a group in a year.

    Attributes:
        count: People.
        year: Year of the figure itself.
        how: How it is known, in words.
        lowest: As few as they may be in the year asked for.
        highest: As many.
        derived: Whether the figure was derived from the plan's own ratio.
    """

    count: int
    year: int
    how: Said
    lowest: int
    highest: int
    derived: bool = False


def people_of_year(
    city: City, group: str, year: int, *, unit: str | None = None
) -> PeopleOfYear | None:
    """People of a group in a year, by the rule of this module; `None` where no year is known.

    Args:
        city: The city.
        group: As in its table of people; ``households`` is one too.
        year: The year.
        unit: Code of a unit of the city instead of the whole.
    """
    code = unit or city.code
    wanted = ("county", "township", "village") if unit else ("city", "county")
    rows = [r for r in city.population.rows if (r.unit_code, r.group) == (code, group)]
    rows = [r for r in rows if r.level in wanted]
    same = [r for r in rows if r.year == year]
    for row in sorted(same, key=lambda r: (r.provenance != "published", r.level != "city")):
        if row.provenance == "published":
            return _exact(row, Said("公布", "published"))
        break
    if unit is None:
        for f in city.plan.forecasts:
            if (f.group, f.year) == (group, year):
                said = Said(f"规划预测（{f.clause}）", f"the plan's own forecast ({f.clause})")
                return PeopleOfYear(f.count, year, said, f.count, f.count)
    if same:
        row = same[0]
        return _exact(row, Said(row.note or "推算", "modelled"))
    return _between(rows, year) or _nearest(rows, year)


def _exact(row: People, how: Said) -> PeopleOfYear:
    return PeopleOfYear(row.count, row.year, how, row.count, row.count, row.derived)


def _between(rows: list[People], year: int) -> PeopleOfYear | None:
    own = [r for r in rows if not r.derived]
    before = max((r for r in own if r.year < year), key=lambda r: r.year, default=None)
    after = min((r for r in own if r.year > year), key=lambda r: r.year, default=None)
    if before is None or after is None:
        return None
    share = Fraction(year - before.year, after.year - before.year)
    count = round(before.count + share * (after.count - before.count))
    said = Said(
        f"按 {before.year} 年与 {after.year} 年之间直线推算",
        f"on the straight line from {before.year} to {after.year}",
    )
    return PeopleOfYear(count, year, said, count, count)


def _nearest(rows: list[People], year: int) -> PeopleOfYear | None:
    row = min(rows, key=lambda r: (r.derived, abs(r.year - year), r.year), default=None)
    if row is None:
        return None
    off = min(Fraction(1), MOST_A_YEAR * abs(row.year - year))
    said = Said(
        f"{year} 年人数未知，暂用 {row.year} 年",
        f"{year} is not known: the figure of {row.year} stands in for it",
    )
    lowest, highest = round(row.count * (1 - off)), round(row.count * (1 + off))
    return PeopleOfYear(row.count, row.year, said, lowest, highest, row.derived)
