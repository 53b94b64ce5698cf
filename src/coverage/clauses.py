"""What a clause asks: which facilities count, of which units, and what it promises by when.

`Match` says what is measured, `Target` what is promised. Both are data, read
from the tables of a plan's file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from coverage.fields import unknown
from coverage.gaps import OPS, Op, meets
from coverage.kinds import KINDS
from coverage.messages import Said

if TYPE_CHECKING:
    from fractions import Fraction

    from coverage.fields import Fields

MEASURES: dict[str, tuple[str, str]] = {
    "unit_share": ("有设施的单元占比", "share of units with at least n matching facilities"),
    "count": ("设施数量", "count of facilities"),
    "bed_ratio": ("床位比率", "ratio of beds"),
    "area_per_100_households": ("每百户建筑面积", "floor area per 100 households"),
    "facility_share": ("具备某服务的设施占比", "share of facilities that have a service"),
    "size": ("设施规模合计", "total size of facilities"),
    "network": ("逐级齐备的单元占比", "share of units with a facility at every tier above them"),
    "people_within": ("时间内可达人口占比", "share of people within a travel time"),
    "hours_to_all": ("到达最远处的时间", "hours to the people farthest away"),
    "reported": ("填报", "reported, not computed"),
}
COMPUTED = tuple(m for m in MEASURES if m != "reported")
OF_ONE_YEAR = tuple(m for m in COMPUTED if m not in {"count", "size"})  # these do not add up
NO_SUM = Said("只有数量和规模能逐年累计", "only a count or a size of several years adds up")
BY_ROAD = ("people_within", "hours_to_all")
LEVELS = ("city", "county", "township", "village")
SIZES = ("beds", "nursing_beds", "floor_area", "land_area", "capacity_total")
OPENED = ("year", "plan")
RULES: dict[str, tuple[Op, ...]] = {
    "at_least": ("≥", ">"),
    "exactly": ("=",),
    "at_most": ("≤", "<"),
    "size": ("=",),
}
_CONDITION = re.compile(r"\s*(\S+?)\s*(>=|<=|[>≥=≤<])\s*(\d+)\s*")


@dataclass(frozen=True)
class Condition:
    """What makes a clause bind a unit: ``all ≥ 1000000``, a county of a million and more."""

    group: str
    op: Op
    count: int

    def holds(self, people: int) -> bool:
        """Whether a unit of so many people of the group is bound."""
        return meets(people, self.op, self.count)


def condition_of(text: str) -> Condition | None:
    """The condition that a text states, `None` if it states none."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        return None
    op = {">=": "≥", "<=": "≤"}.get(found[2], found[2])
    group = "all" if found[1] == "people" else found[1]
    return Condition(group, cast("Op", op), int(found[3]))


@dataclass(frozen=True)
class Match:
    """Which facilities count towards an indicator, and of which units.

    Attributes:
        kinds: Any of these kinds.
        services: All of these services.
        categories: Any of these categories, if any are named.
        ownership: Any of these, if any are named.
        names: Any of these stands in the facility's name, if any are named (a named project).
        tiers: Levels the facility itself is of, any if none is named.
        inside: Units, by name or code, in one of which it must stand.
        places: Categories of the unit in which it must stand (社区, 街道).
        opened: ``year``, opened in the year asked for; ``plan``, since the plan began.
        at_least: Facilities a unit needs to be covered.
        units: Categories of units counted, all of the level if empty; of `people_within` those
            whose people are counted.
        when: A condition on the units, ``all >= 1000000``.
        share: ``nursing``, ``per_1000_60plus`` or ``per_person`` for `bed_ratio`.
        size: One of `SIZES`, for `size`.
        services_of: Services the numerator of `facility_share` needs.
        ownership_of: Ownership of the numerator, any of these.
        grades_of: Grades of the numerator, any of these.
        beside: Kinds of which one stands in the same village, or within `metres`.
        metres: Straight distance to what stands beside.
        paired: Whether the numerator needs a partner institution.
        minutes: Travel-time limit of `people_within`.
        profile: Travel profile of measures by road; the usual one if empty.
        group: Population group of `people_within`, or of ``per_person``.
        bound: The value is of a wider class than the clause: above the target proves nothing.
    """

    kinds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    ownership: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    opened: str = ""
    at_least: int = 1
    units: tuple[str, ...] = ()
    when: str = ""
    share: str = ""
    size: str = ""
    services_of: tuple[str, ...] = ()
    ownership_of: tuple[str, ...] = ()
    grades_of: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    metres: float | None = None
    paired: bool = False
    minutes: float | None = None
    profile: str = ""
    group: str = "all"
    bound: bool = False

    @property
    def plain(self) -> bool:
        """Whether kind and services alone say which facilities count."""
        more = (self.categories, self.ownership, self.names, self.tiers, self.inside, self.places)
        return not (any(more) or self.opened)

    @property
    def condition(self) -> Condition | None:
        """The condition on units."""
        return condition_of(self.when)


@dataclass(frozen=True)
class Target:
    """One promise: a year, a comparison, a number, and the clause.

    Attributes:
        year: Year by whose end it is due.
        op: `None` for a target in words (``text``), which is shown and never judged.
        value: The number, in the indicator's unit.
        text: As printed.
        clause: Where the plan says so.
        nature: 约束性 or 预期性, if not the indicator's.
        text_en: `text` in English; as printed if empty.
        every: ``year`` for a yearly duty: it is then one target of each year of the plan.
        sum: Whether the values of the plan's years together are meant (五年累计).
        rule: One of `RULES`; by the comparison if the plan's file does not say. A ``size`` is
            what a project is to be: it agrees to two digits or not, and more is not better.
        scope: What the clause is of, where that is not the indicator's own scope: then it is
            shown and not judged by the indicator's value.
    """

    year: int
    op: Op | None
    value: Fraction | None = None
    text: str = ""
    clause: str = ""
    nature: str = ""
    text_en: str = ""
    every: str = ""
    sum: bool = False
    rule: str = ""
    scope: str = ""

    @property
    def said(self) -> Said:
        """The target in words, as the plan prints it."""
        return Said(self.text, self.text_en or self.text)

    @property
    def judged(self) -> bool:
        """Whether it is a number for the indicator's own scope."""
        return self.op is not None and not self.scope


MOST_MINUTES = 1_440  # a day: nobody is served beyond it, and a search has to end somewhere


def unfit_minutes(minutes: float) -> Said | None:
    """Why this is no limit in minutes; `None` if it is one.

    Example:
        >>> from coverage.clauses import unfit_minutes
        >>> unfit_minutes(15), unfit_minutes(1e5).en
        (None, 'a limit in minutes is above 0 and at most 1440 (a day), not 100000')
    """
    if 0 < minutes <= MOST_MINUTES:
        return None
    return Said(
        f"时限应为大于 0、不超过 {MOST_MINUTES}（一天）的分钟数，不是 {minutes:g}",
        f"a limit in minutes is above 0 and at most {MOST_MINUTES} (a day), not {minutes:g}",
    )


def check_minutes(fields: Fields, minutes: float | None) -> None:
    """Complain of the field ``minutes`` where it is no limit."""
    if minutes is not None and (unfit := unfit_minutes(minutes)):
        fields.bad("minutes", unfit)


def match_of(fields: Fields, measure: str) -> Match:
    """The match of an indicator, from its table; what is wrong with it is complained of."""
    match = Match(**fields.read(Match))
    check_minutes(fields, match.minutes)
    for key, words, known, what in (
        ("kinds", match.kinds, KINDS, Said("这种设施", "kind")),
        ("beside", match.beside, KINDS, Said("这种设施", "kind")),
        ("tiers", match.tiers, LEVELS, Said("这一级", "level")),
        ("opened", (match.opened,), ("", *OPENED), Said("这种期间", "period")),
        ("size", (match.size,), ("", *SIZES), Said("这种规模", "size")),
    ):
        for word in words:
            if word not in known:
                fields.bad(key, unknown(what, word, known), word)
    if match.when and match.condition is None:
        said = 'this is not a condition such as "all >= 1000000"'
        fields.bad("when", Said("不是条件，应如 all >= 1000000", said))
    if measure == "size" and not match.size:
        fields.bad("size", Said("须写明哪种规模", "say which size is added up"))
    if measure == "network" and not match.tiers:
        fields.bad("tiers", Said("须写明有哪几级", "say which tiers the network has"))
    if measure in COMPUTED and not match.kinds:
        said = "a computed indicator needs kinds to match"
        fields.bad("kinds", Said("要计算的指标须写明设施类别", said))
    return match


def each_year(target: Target, start: int) -> tuple[Target, ...]:
    """A yearly duty as a target of every year of the plan; any other target as it is."""
    if not target.every:
        return (target,)
    return tuple(replace(target, year=year) for year in range(start, target.year + 1))


def target_of(fields: Fields) -> Target:
    """A target from its table; what is wrong with it is complained of."""
    values = fields.read(Target, needed=("clause",))
    what = Said("这种比较", "comparison")
    op = fields.choice("op", (*OPS, "text"), what=what, needed=True)
    if op != "text" and not fields.has("value"):
        fields.bad("value", Said("有比较而没有数", "there is a comparison but no number"))
    rule = fields.choice("rule", ("", *RULES), what=Said("这种规则", "rule"))
    if rule and op not in RULES.get(rule, (op,)):
        said = f"the rule {rule} does not go with the comparison {op}"
        fields.bad("rule", Said(f"规则 {rule} 与比较 {op} 不合", said))
    fields.choice("every", ("", "year"), what=Said("这种周期", "period"))
    own = rule or next((r for r, ops in RULES.items() if op in ops), "")
    made: Op | None = None if op == "text" else cast("Op", op)
    return Target(**values | {"op": made, "rule": own})
