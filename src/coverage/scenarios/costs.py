"""What a scenario costs: each edit's own figure, else the unit costs of its file."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.scenarios.apply import due
from coverage.scenarios.outcome import Cost, CostItem

if TYPE_CHECKING:
    from coverage.facilities import Register
    from coverage.scenarios.edits import Scenario


def cost_of(scenario: Scenario, register: Register, year: int) -> Cost:
    """The cost of what is due by the end of a year, 万元.

    New facilities, planned ones that open, upgrades, moves and bridges cost
    money; where nobody says how much, the amount is not known. A closure
    costs what its edit says, and nothing where it says nothing.
    """
    rows = {f.id: f for f in register.facilities}
    items: list[CostItem] = []
    for add in scenario.adds:
        if due(add.opened, year):
            own = _building(scenario, add.kind, add.beds)
            items.append(CostItem(add.name, own if add.cost is None else add.cost))
    for one in scenario.opens:
        if due(one.on, year):
            row = rows[one.facility]
            beds = row.beds if one.beds is None else one.beds
            own = _building(scenario, row.kind, beds)
            items.append(CostItem(row.name, own if one.cost is None else one.cost))
    for upgrade in scenario.upgrades:
        if due(upgrade.on, year):
            row = rows[upgrade.facility]
            more = None if upgrade.beds is None else max(0, upgrade.beds - (row.beds or 0))
            new = [s for s in upgrade.services if s not in row.services]
            own = _parts(
                [scenario.costs.service.get(service) for service in new],
                scenario.costs.bed.get(row.kind),
                more,
            )
            items.append(CostItem(row.name, own if upgrade.cost is None else upgrade.cost))
    items += [CostItem(rows[m.facility].name, m.cost) for m in scenario.moves if due(m.on, year)]
    items += [
        CostItem(rows[c.facility].name, c.cost)
        for c in scenario.closes
        if due(c.on, year) and c.cost is not None
    ]
    items += [
        CostItem(r.name or r.action, r.cost)
        for r in scenario.roads
        if due(r.on, year) and (r.action == "bridge" or r.cost is not None)
    ]
    return Cost(tuple(items))


def _building(scenario: Scenario, kind: str, beds: int | None) -> Fraction | None:
    """A new facility by unit costs; `None` where neither is given."""
    costs = scenario.costs
    if kind not in costs.site and (kind not in costs.bed or beds is None):
        return None
    return costs.site.get(kind, Fraction(0)) + costs.bed.get(kind, Fraction(0)) * (beds or 0)


def _parts(
    services: list[Fraction | None], bed: Fraction | None, more: int | None
) -> Fraction | None:
    """Services and beds added; `None` where one of them has no price."""
    parts = [*services, *([] if not more else [None if bed is None else bed * more])]
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None
