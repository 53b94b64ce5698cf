"""Indicators: what a register says about each row of a plan.

Every measure keeps its numerator and denominator, the units it covers and
misses, and the provenance of the rows it counted. Nothing is rounded here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from coverage.clauses import LEVELS
from coverage.messages import Said
from coverage.places.tiers import tier_of
from coverage.units import VILLAGE_CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from coverage.city import City
    from coverage.clauses import Match
    from coverage.facilities import Facility, Register
    from coverage.plans import PlanIndicator
    from coverage.travel.off_road import OffRoad
    from coverage.units import Unit, Units

    _Measure = Callable[[City, Register, PlanIndicator, int], "Measurement"]

Basis = Literal["register", "stated", "supplied", "none"]

MORE = Said("个", "more")
NO_ROWS = Said(
    "登记册中没有这类设施的数据，未计算（不等于没有设施）",
    "the register holds no facility of this kind: not computed (which is not the same as none)",
)
CODE_LENGTH = {"county": 6, "township": 9, "village": 12}


@dataclass(frozen=True)
class CountyShare:
    """One county's part of a ratio; no numerator where nothing is known of the county."""

    code: str
    name: str
    numerator: int | None
    denominator: int
    missing: tuple[str, ...]

    @property
    def value(self) -> Fraction | None:
        """Percent, exact; `None` for a county without such units."""
        if self.numerator is None or not self.denominator:
            return None
        return Fraction(100 * self.numerator, self.denominator)


@dataclass(frozen=True)
class Measurement:
    """A value and what it is made of.

    Attributes:
        numerator: Exact, `None` where nothing is known.
        denominator: Exact, `None` for a plain count and where nothing is known.
        scale: 100 for percent, 1000 for per mille, 1 for counts and areas.
        ceiling: The numerator cannot exceed it (shares).
        lowest: The value is no lower, where it is not known exactly; `None` for the value itself.
        highest: As `lowest`: the value is no higher.
        boundless: Nothing bounds the value from above: a size of which a part is not known.
        whole_known: Whether the denominator is the same whatever is not known: else a gap in units
            has no bounds.
        unsure: What is not known, where that keeps a verdict from being given.
        in_doubt: Codes of units of which it is not known whether they are covered.
        own_figure: Why the value follows from the figure it would be judged by: it is not judged.
        basis: ``register`` (counted from rows), ``stated`` (the plan's own
            count; which units is not known), ``supplied`` (given by the
            user), ``none``.
        covered: Codes of covered units, `None` where not known or no units.
        missing: Codes of missing units, most people affected first; as above.
        rows: Facilities counted.
        holders: Facilities by the unit they cover.
        gap_unit: What a whole unit of the gap is.
        counties: Shares of people by county, for a travel-time measure.
        partial: Counted from lists known to be partial: the true numerator can
            only be higher, and what they do not name is not known to be missing.
        off_road: What the people reached owe to ways off the road, for a travel-time measure.
        countable: Whether the numerator counts whole units, so that a gap has a
            number of them; not for a ratio that is only printed or supplied.
        notes: What a reader must know about this value.
    """

    numerator: Fraction | int | None = None
    denominator: Fraction | int | None = None
    scale: int = 1
    ceiling: int | None = None
    lowest: Fraction | None = None
    highest: Fraction | None = None
    boundless: bool = False
    whole_known: bool = True
    unsure: tuple[Said, ...] = ()
    in_doubt: tuple[str, ...] = ()
    own_figure: bool = False
    basis: Basis = "none"
    covered: tuple[str, ...] | None = None
    missing: tuple[str, ...] | None = None
    rows: tuple[Facility, ...] = ()
    holders: dict[str, tuple[Facility, ...]] = field(default_factory=dict)
    gap_unit: Said = MORE
    counties: tuple[CountyShare, ...] = ()
    partial: bool = False
    off_road: OffRoad | None = None
    countable: bool = True
    notes: tuple[Said, ...] = ()

    @property
    def value(self) -> Fraction | None:
        """``scale × numerator / denominator``, exact."""
        if self.numerator is None:
            return None
        if self.denominator is None:
            return Fraction(self.numerator) * self.scale
        if self.denominator == 0:
            return None
        return Fraction(self.numerator) * self.scale / Fraction(self.denominator)

    @property
    def bounds(self) -> tuple[Fraction, Fraction | None]:
        """Between what the value lies, for what is known; no upper bound is `None`."""
        value = Fraction(0) if self.value is None else self.value
        lowest = value if self.lowest is None else self.lowest
        if not (self.partial or self.boundless):
            return lowest, value if self.highest is None else self.highest
        if self.ceiling is None or not self.denominator:
            return lowest, None
        return lowest, Fraction(self.ceiling) * self.scale / Fraction(self.denominator)

    @property
    def range(self) -> tuple[Fraction, Fraction | None] | None:
        """The bounds where something is not known; `None` for an exact value, and for none."""
        lowest, highest = self.bounds
        return None if self.value is None or lowest == highest else (lowest, highest)

    @property
    def straight_estimate(self) -> bool:
        """Whether it is hardly more than straight lines."""
        return self.off_road is not None and self.off_road.straight_estimate

    @property
    def provenance(self) -> Counter[str]:
        """Rows counted, by provenance; the plan's own counts as ``stated``."""
        if self.basis in {"stated", "supplied"}:
            return Counter({self.basis: 1})
        return Counter(f.provenance for f in self.rows)


@dataclass(frozen=True)
class Matched:
    """Facilities that count towards a clause, and those of which the register does not tell.

    Attributes:
        rows: They count.
        perhaps: They count if their tier, their place or their first day is what the clause
            asks for, which is not known.
    """

    rows: tuple[Facility, ...]
    perhaps: tuple[Facility, ...] = ()


def matching(register: Register, match: Match, year: int, city: City) -> Matched:
    """Facilities of the register that count towards `match`, open at the end of `year`."""
    asked = _Asked(match, city, year)
    found = [(f, asked.of(f)) for f in register.as_of(year).facilities]
    return Matched(
        tuple(f for f, counts in found if counts),
        tuple(f for f, counts in found if counts is None),
    )


class _Asked:
    """What a match asks of a facility, made ready for one city and year."""

    def __init__(self, match: Match, city: City, year: int) -> None:
        self.match, self.city, self.year = match, city, year
        self.kinds, self.services = frozenset(match.kinds), frozenset(match.services)
        self.inside = codes_of(match.inside, city)

    def of(self, f: Facility) -> bool | None:
        """Whether it counts; `None` where the register does not say."""
        match = self.match
        if not (
            f.kind in self.kinds
            and f.counts_in(self.year)
            and self.services <= f.services
            and (not match.categories or f.category in match.categories)
            and (not match.names or any(name in f.name for name in match.names))
        ):
            return False
        answers = (
            self._owned(f),
            self._tier(f),
            self._inside(f),
            self._place(f),
            self._opened(f),
        )
        return False if False in answers else None if None in answers else True

    def _owned(self, f: Facility) -> bool | None:
        if not self.match.ownership:
            return True
        return f.ownership in self.match.ownership if f.ownership else None

    def _tier(self, f: Facility) -> bool | None:
        tiers = self.match.tiers
        if not tiers:
            return True
        tier = tier_of(f, self.city.units)
        if tier:
            return tier in tiers
        # A register that knows the township of a facility and no village says: the township's.
        # Of a city without counties, what bears its code is the city's own.
        levels = {level_of(f.unit_code, self.city), *(("city",) * (f.unit_code == self.city.code))}
        return True if levels & set(tiers) else None

    def _inside(self, f: Facility) -> bool | None:
        if not self.match.inside:
            return True
        own = "" if level_of(f.unit_code, self.city) == "city" else f.unit_code
        if any(own.startswith(code) for code in self.inside):
            return True
        return None if any(code.startswith(own) for code in self.inside) else False

    def _place(self, f: Facility) -> bool | None:
        places = self.match.places
        if not places:
            return True
        units = [self.city.units.get(f.unit_code[:n]) for n in (9, 12)]
        if any(u is not None and u.category in places for u in units):
            return True
        finest = CODE_LENGTH["village" if set(places) & set(VILLAGE_CATEGORIES) else "township"]
        return None if len(f.unit_code) < finest else False

    def _opened(self, f: Facility) -> bool | None:
        if not self.match.opened:
            return True
        if f.opened is None:
            return None
        since = self.year if self.match.opened == "year" else self.city.plan.start
        return f.opened.year >= since


def level_of(code: str, city: City) -> str:
    """The level of the unit that a facility's code names."""
    if code == city.code and (city.units.get(code) is None or len(city.units.counties) > 1):
        return "city"
    return next((level for level, n in CODE_LENGTH.items() if n == len(code)), "")


def codes_of(names: Sequence[str], city: City) -> tuple[str, ...]:
    """Codes of units named by code or by name; of a name that several bear, all."""
    wanted = frozenset(names)
    return tuple(u.code for u in city.units if u.code in wanted or u.name in wanted)


def broader(tier: str, level: str) -> bool:
    """Whether a facility of a tier is that of a unit above a level: the county's, not a town's."""
    return bool(tier) and list(LEVELS).index(tier) < list(LEVELS).index(level)


def unit_share(
    rows: Iterable[Facility], units: Sequence[Unit], city: City, *, at_least: int = 1
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[Facility, ...]]]:
    """Units that hold at least `at_least` of the facilities, and those that do not.

    A facility belongs to the unit whose code begins its own: a village's
    facility covers its township and county. One that is a unit's further up covers none
    below: the city's own centre does not cover the county whose code it bears.

    Returns:
        Covered codes, missing codes, and the facilities by unit.
    """
    held: dict[str, list[Facility]] = {unit.code: [] for unit in units}
    levels = {unit.level for unit in units}
    lengths = {len(code) for code in held}
    whole = next((unit.code for unit in units if unit.level == "city"), None)
    for row in rows:
        if whole is not None:
            held[whole].append(row)
            continue
        tier = tier_of(row, city.units)
        if any(broader(tier, level) for level in levels):
            continue
        for length in lengths:
            code = row.unit_code[:length]
            if len(row.unit_code) >= length and code in held:
                held[code].append(row)
    covered = tuple(code for code, found in held.items() if len(found) >= at_least)
    missing = tuple(code for code, found in held.items() if len(found) < at_least)
    return covered, missing, {code: tuple(found) for code, found in held.items() if found}


def coverable(
    rows: Iterable[Facility], units: Sequence[Unit], city: City, *, held: Mapping[str, int]
) -> tuple[Facility, ...]:
    """Facilities known only by a unit above those of a level, and that may stand in one of these.

    Args:
        rows: Facilities that count.
        units: Units of one level.
        city: The city.
        held: Facilities that each unit holds for certain.
    """
    if not units:
        return ()
    length = CODE_LENGTH.get(units[0].level, 0)
    found = []
    for row in rows:
        whole = level_of(row.unit_code, city) == "city"
        if broader(tier_of(row, city.units), units[0].level):
            continue
        if len(row.unit_code) < length or (whole and units[0].level != "city"):
            above = "" if whole else row.unit_code
            if any(code.startswith(above) for code in held):
                found.append(row)
    return tuple(found)


def most_covered(
    roaming: Iterable[Facility],
    units: Sequence[Unit],
    city: City,
    *,
    held: Mapping[str, int],
    at_least: int,
) -> tuple[int, tuple[str, ...]]:
    """How many more units the facilities of `coverable` can cover at most, and which may be.

    Places known by a unit above lie within one another or apart, so those known best choose
    first, each for the unit that lacks least: no other choice covers more where one facility
    covers a unit; where several are needed, facilities are taken for free to go anywhere.
    """
    lacking = {u.code: at_least - held.get(u.code, 0) for u in units}
    lacking = {code: n for code, n in lacking.items() if n > 0}
    places = ["" if level_of(f.unit_code, city) == "city" else f.unit_code for f in roaming]
    doubted = {c for c in lacking for place in places if c.startswith(place)}
    if at_least > 1:
        left, covered = len(places), 0
        for need in sorted(lacking[code] for code in doubted):
            if need <= left:
                left, covered = left - need, covered + 1
        return covered, tuple(sorted(doubted))
    free, covered = set(doubted), 0
    for place in sorted(places, key=len, reverse=True):
        taken = next((code for code in sorted(free) if code.startswith(place)), None)
        if taken is not None:
            free.remove(taken)
            covered += 1
    return covered, tuple(sorted(doubted))


def affected_group(indicator: PlanIndicator) -> str:
    """Population group whose members wait for this indicator."""
    return {"大养老": "60+", "大儿童保障": "0-14"}.get(indicator.system, "all")


def people_affected(city: City, code: str, indicator: PlanIndicator) -> int | None:
    """People of the indicator's group in a unit, all people where the group is not known.

    The group is the same for every unit of a city, so that ranks compare like
    with like; villages have no figures.
    """
    group = affected_group(indicator)
    population = city.population
    if population.base_year(group) is None:
        group = "all"
    found = population.people(code, group)
    return found.count if found else None


def rank_missing(city: City, codes: Iterable[str], indicator: PlanIndicator) -> tuple[str, ...]:
    """Codes with the most people affected first; units without a figure last, by code."""

    def key(code: str) -> tuple[int, str]:
        people = people_affected(city, code, indicator)
        if people is None and len(code) == CODE_LENGTH["village"]:
            people = people_affected(city, code[:9], indicator)
        return (-(people if people is not None else -1), code)

    return tuple(sorted(codes, key=key))


def by_county(
    units: Units, result: Measurement, level: str, categories: Iterable[str] = ()
) -> tuple[CountyShare, ...]:
    """The breakdown of a ratio of townships, villages or people by county, in code order."""
    if result.counties:
        return result.counties
    if result.covered is None or result.missing is None:
        return ()
    covered = Counter(code[:6] for code in result.covered)
    known = {row.unit_code[:6] for row in result.rows}
    missing: dict[str, list[str]] = {}
    for code in result.missing:
        missing.setdefault(code[:6], []).append(code)
    sizes = Counter(unit.code[:6] for unit in units.at(level, categories))
    return tuple(
        CountyShare(
            county.code,
            county.name,
            None if result.partial and county.code not in known else covered[county.code],
            sizes[county.code],
            tuple(missing.get(county.code, ())),
        )
        for county in units.counties
    )
