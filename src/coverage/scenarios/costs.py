"""What a scenario costs: each edit's own figure, else the unit costs of its file."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.scenarios.apply import due
from coverage.scenarios.outcome import Cost, CostItem

if TYPE_CHECKING:
    from datetime import date

    from coverage.facilities import Facility, Register
    from coverage.scenarios.edits import Scenario, Upgrade


def cost_of(scenario: Scenario, register: Register, year: int) -> Cost:
    """The cost of what is due by the end of a year, 万元.

    New facilities, planned ones that open, upgrades, moves and bridges cost
    money; where nobody says how much, the amount is not known. A closure
    costs what its edit says, and nothing where it says nothing.
    """
    rows = {f.id: f for f in register.facilities}
    # Day, what, cost by the unit costs, and cost that the edit states.
    each: list[tuple[date | None, str, Fraction | None, Fraction | None]] = [
        (add.opened, add.name, _building(scenario, add.kind, add.beds), add.cost)
        for add in scenario.adds
    ]
    for one in scenario.opens:
        row = rows[one.facility]
        beds = row.beds if one.beds is None else one.beds
        each.append((one.on, row.name, _building(scenario, row.kind, beds), one.cost))
    for upgrade in scenario.upgrades:
        row = rows[upgrade.facility]
        each.append((upgrade.on, row.name, _added(scenario, row, upgrade), upgrade.cost))
    each += [(m.on, rows[m.facility].name, None, m.cost) for m in scenario.moves]
    each += [
        (c.on, rows[c.facility].name, None, c.cost) for c in scenario.closes if c.cost is not None
    ]
    each += [
        (r.on, r.name or r.action, None, r.cost)
        for r in scenario.roads
        if r.action == "bridge" or r.cost is not None
    ]
    return Cost(
        tuple(
            CostItem(what, own if stated is None else stated)
            for day, what, own, stated in each
            if due(day, year)
        )
    )


def _building(scenario: Scenario, kind: str, beds: int | None) -> Fraction | None:
    """A new facility by unit costs; `None` where neither is given."""
    costs = scenario.costs
    if kind not in costs.site and (kind not in costs.bed or beds is None):
        return None
    return costs.site.get(kind, Fraction(0)) + costs.bed.get(kind, Fraction(0)) * (beds or 0)


def _added(scenario: Scenario, row: Facility, upgrade: Upgrade) -> Fraction | None:
    """Services and beds added, by unit costs; `None` where one of them has no price."""
    costs = scenario.costs
    parts = [costs.service.get(s) for s in upgrade.services if s not in row.services]
    more = max(0, (upgrade.beds or 0) - (row.beds or 0))
    if more:
        bed = costs.bed.get(row.kind)
        parts.append(None if bed is None else bed * more)
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None
