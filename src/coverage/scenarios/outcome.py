"""What a scenario changes, as data: indicators, people, times, money, and how scenarios compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from coverage.reach.people import off_road_of
from coverage.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coverage.assessment import IndicatorResult, Report
    from coverage.city import City
    from coverage.draws.summary import Draws
    from coverage.messages import Said
    from coverage.reach.people import NearestTime
    from coverage.reach.service import ServiceTimes
    from coverage.scenarios.edits import Scenario
    from coverage.scenarios.live import Question
    from coverage.travel.off_road import OffRoad


@dataclass(frozen=True)
class PeopleChange:
    """People of one group in one unit, before and after, whole (`coverage.reach.whole`).

    Those who gain and lose, and those nearer and farther, are counted as
    they live there afterwards, so that a change of population is neither;
    where there are some and fewer than one, it is a fraction below a half.

    Attributes:
        code: Unit.
        name: Its name.
        group: Population group.
        total_before: All people of the group, placed or not.
        total: The same afterwards.
        reached_before: People within the limit before.
        reached: People within the limit afterwards.
        gained: People who were not within the limit and are.
        lost: People who were within the limit and are not.
        nearer: People whose nearest facility takes less time, whatever the limit.
        farther: People whose nearest facility takes more time.
    """

    code: str
    name: str
    group: str
    total_before: int
    total: int
    reached_before: int
    reached: int
    gained: float
    lost: float
    nearer: float
    farther: float

    @property
    def beyond(self) -> int:
        """People who are still not within the limit, or whose place is not known."""
        return self.total - self.reached


@dataclass(frozen=True, eq=False)
class Access:
    """Travel times to the facilities of one question, before and after.

    Attributes:
        question: Which facilities.
        before: Travel times before, with the one limit that counts.
        after: Travel times afterwards, likewise.
        people: The whole city, by group; the question's own group first.
        counties: The question's own group by county.
        times: Percentiles of the nearest time before and after, by unit; the city first.
        worst: Townships with the longest median time afterwards, at most ten.
        unplaced_new: Names of edited facilities that count now and have no place, so that
            nobody is known to gain by them.
        unplaced_gone: Names of those that counted before and had none, so that nobody is
            known to lose by them.
        draws: Likely ranges of the share within the limit before and after, if they were drawn.
    """

    question: Question
    before: ServiceTimes
    after: ServiceTimes
    people: tuple[PeopleChange, ...]
    counties: tuple[PeopleChange, ...]
    times: tuple[tuple[NearestTime | None, NearestTime], ...]
    worst: tuple[tuple[NearestTime | None, NearestTime], ...]
    unplaced_new: tuple[str, ...] = ()
    unplaced_gone: tuple[str, ...] = ()
    draws: tuple[Draws, Draws] | None = None

    @cached_property
    def off_road(self) -> OffRoad | None:
        """What those reached afterwards owe to ways off the road."""
        return off_road_of(self.after, self.main.group)

    @property
    def main(self) -> PeopleChange:
        """The question's own group in the whole city."""
        return self.people[0]


@dataclass(frozen=True)
class IndicatorChange:
    """One indicator before and after."""

    before: IndicatorResult
    after: IndicatorResult

    @property
    def newly_covered(self) -> tuple[str, ...]:
        """Codes of units that were missing and are covered."""
        return self._left(self.before.measurement.covered, self.after.measurement.covered)

    @property
    def no_longer_covered(self) -> tuple[str, ...]:
        """Codes of units that were covered and are missing."""
        return self._left(self.after.measurement.covered, self.before.measurement.covered)

    @staticmethod
    def _left(less: tuple[str, ...] | None, more: tuple[str, ...] | None) -> tuple[str, ...]:
        """Units of the second that the first lacks; none where either is not known."""
        if more is None:
            return ()
        return tuple(sorted(set(more) - set(less or ())))

    @property
    def changed(self) -> bool:
        """Whether value, status or units differ."""
        return (
            self.before.value != self.after.value
            or self.before.status != self.after.status
            or bool(self.newly_covered or self.no_longer_covered)
            or [t.target for t in self.before.targets] != [t.target for t in self.after.targets]
        )

    @property
    def unmet(self) -> bool:
        """Whether a target in force is missed afterwards."""
        return self.after.status in {"not_met", "contested"}


@dataclass(frozen=True)
class CostItem:
    """What one edit costs in 万元; `None` where nobody said."""

    label: str
    amount: Fraction | None


@dataclass(frozen=True, repr=False)
class Cost:
    """What a scenario costs, as far as it is known."""

    items: tuple[CostItem, ...] = ()

    @property
    def known(self) -> Fraction:
        """Sum of what is known, 万元."""
        return sum((i.amount for i in self.items if i.amount is not None), Fraction(0))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Edits that nobody has priced."""
        return tuple(i.label for i in self.items if i.amount is None)

    @property
    def total(self) -> Fraction | None:
        """The whole cost, `None` where part of it is not known."""
        return None if self.unknown else self.known


@dataclass(frozen=True, eq=False)
class Outcome:
    """One scenario at the end of one year.

    Attributes:
        scenario: The edits.
        year: The year.
        before: The report without them.
        after: The report with them.
        indicators: Every computed indicator and every other with targets, in the plan's order.
        access: Travel times by question; empty where they cannot be computed.
        gained: People who gain in at least one question, each question's own group.
        lost: People who lose in at least one question; one may gain in one and lose in another.
        beds_gained: Beds added at facilities that state theirs.
        beds_lost: Beds that such facilities lose, closures included.
        cost: Money.
        later: How many edits are dated after the year and left out.
        notes: What was assumed.
    """

    scenario: Scenario
    year: int
    before: Report
    after: Report
    indicators: tuple[IndicatorChange, ...]
    access: tuple[Access, ...]
    gained: float
    lost: float
    beds_gained: int
    beds_lost: int
    cost: Cost
    later: int = 0
    notes: tuple[Said, ...] = ()

    @property
    def uncertain(self) -> bool:
        """Whether an edited facility has no place, so that more people may gain or lose."""
        return not self.access or any(a.unplaced_new or a.unplaced_gone for a in self.access)

    @cached_property
    def newly_covered(self) -> tuple[tuple[IndicatorChange, str], ...]:
        """Townships and counties that are covered now, by indicator."""
        return tuple((c, code) for c in self._levels for code in c.newly_covered)

    @cached_property
    def no_longer_covered(self) -> tuple[tuple[IndicatorChange, str], ...]:
        """Townships and counties that are missing now, by indicator."""
        return tuple((c, code) for c in self._levels for code in c.no_longer_covered)

    @property
    def _levels(self) -> list[IndicatorChange]:
        return [c for c in self.indicators if c.after.indicator.level in {"township", "county"}]

    @property
    def met(self) -> int:
        """Indicators whose targets in force are met afterwards."""
        return sum(c.after.status == "met" for c in self.indicators)

    @property
    def met_before(self) -> int:
        """Indicators whose targets in force are met before."""
        return sum(c.before.status == "met" for c in self.indicators)


@dataclass(frozen=True, eq=False)
class Comparison(Shown):
    """Scenarios side by side.

    Attributes:
        city: The city.
        year: The year.
        before: The report without any edit.
        outcomes: Best first by the criterion.
        criterion: What they are ranked by (`coverage.scenarios.ranking.CRITERIA`).
        dominated: By name of a dominated scenario, what is better than it in every respect:
            another scenario's name, or an empty text for leaving things as they are.
        notes: What holds for all of them.
    """

    city: City
    year: int
    before: Report
    outcomes: tuple[Outcome, ...]
    criterion: str
    dominated: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Said, ...] = ()

    def _headline(self) -> str:
        names = ", ".join(outcome.scenario.name for outcome in self.outcomes)
        return f"{self.city.name} {self.year}, by {self.criterion}: {names}"

    def _rows(self) -> Iterator[dict[str, Any]]:
        """One row a scenario, best first."""
        for rank, one in enumerate(self.outcomes, start=1):
            yield {
                "rank": rank,
                "scenario": one.scenario.name,
                "gained": one.gained,
                "lost": one.lost,
                "beds_gained": one.beds_gained,
                "beds_lost": one.beds_lost,
                "dominated": one.scenario.name in self.dominated,
            }
