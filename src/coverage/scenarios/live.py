"""A city in memory: one question about nearest facilities, answered anew after every edit.

`LiveCity` holds the travel times of a city's people to one kind of facility.
It follows a register from edit to edit and updates only what an edit touches
(`coverage.travel.live`); what it answers equals a full computation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.fields import unknown
from coverage.indicators import affected_group
from coverage.kinds import ALIASES, KINDS, SERVICES
from coverage.messages import Said
from coverage.reach.service import ServiceTimes, kinds_of
from coverage.reach.sites import Sites, check_sites, place
from coverage.travel.live import LiveTimes
from coverage.travel.times import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.arrays import Floats
    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.plans import PlanIndicator
    from coverage.reach.ground import TravelSetup

_NAMED_KINDS = 2
_NEW = (np.nan, np.nan)  # where a facility was that was not there
_MANY = 64  # changes that take as long, one by one, as all times at once


@dataclass(frozen=True)
class Question:
    """Which facilities people travel to, and whose people.

    Attributes:
        kinds: Any of these kinds.
        services: With all of these services.
        group: Population group that is meant.
        indicators: Ids of the indicators that count the same facilities.
    """

    kinds: tuple[str, ...]
    services: tuple[str, ...] = ()
    group: str = "all"
    indicators: tuple[str, ...] = ()

    @property
    def name(self) -> Said:
        """Kinds and services in words."""
        kinds = [KINDS[kind] for kind in self.kinds[:_NAMED_KINDS]]
        more = len(self.kinds) - len(kinds)
        zh = "、".join(kind.zh for kind in kinds) + (f"等 {len(self.kinds)} 类" if more else "")
        en = ", ".join(kind.en for kind in kinds) + (f" and {more} kinds more" if more else "")
        if self.services:
            zh += "·" + "、".join(self.services)
            en += " with " + ", ".join(SERVICES.get(s, s) for s in self.services)
        return Said(zh, en)

    def counts(self, facility: Facility, year: int) -> bool:
        """Whether a facility is one of those meant."""
        return (
            facility.kind in self.kinds
            and facility.counts_in(year)
            and set(self.services) <= facility.services
        )


def question_of(kinds: str | Sequence[str], services: Sequence[str], group: str) -> Question | None:
    """The question that kinds and services ask, `None` if neither is named.

    Raises:
        InputError: Naming every kind or service that is not known.
    """
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not kinds and not services:
        return None
    what = Said("这项服务", "service")
    slips = [Problem(unknown(what, s, SERVICES), value=s) for s in services if s not in SERVICES]
    if slips:
        raise InputError(slips)
    named = [ALIASES.get(kind, kind) for kind in kinds] or ["elder_care"]
    return Question(kinds_of(named), tuple(services), group)


def questions_of(
    indicators: Iterable[PlanIndicator], register: Register, edited: Sequence[Register], year: int
) -> tuple[Question, ...]:
    """What the edits of some registers bear on: one question for each set of facilities.

    Every indicator whose facilities an edit adds, takes away or moves asks
    for the nearest of those facilities; indicators that count the same share
    a question, and a kind that no indicator counts has one of its own. Where
    no facility changes (roads, people, limits), the indicators of travel time
    ask, or elder care if there is none.
    """
    listed = [i for i in indicators if i.computed]
    pairs = [pair for one in edited for pair in _changed(register, one)]
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[PlanIndicator]] = {}
    for indicator in listed:
        match = indicator.match
        asked = Question(match.kinds, match.services)
        touched = (
            any(asked.counts(f, year) for pair in pairs for f in pair if f is not None)
            and not match.categories + match.ownership
        )
        if touched or (not pairs and indicator.measure == "people_within"):
            found.setdefault((match.kinds, match.services), []).append(indicator)
    questions = [
        Question(kinds, services, affected_group(who[0]), tuple(i.id for i in who))
        for (kinds, services), who in found.items()
    ]
    covered = {kind for question in questions for kind in question.kinds}
    rest = [f.kind for pair in pairs for f in pair if f is not None and f.counts_in(year)]
    rest = [kind for kind in dict.fromkeys(rest) if kind not in covered]
    questions += [Question((kind,)) for kind in rest]
    return tuple(questions) or (Question(("elder_care",), group="60+"),)


def _changed(before: Register, after: Register) -> list[tuple[Facility | None, Facility | None]]:
    """Facilities that differ between two registers, each before and after."""
    old, new = ({f.id: f for f in one.facilities} for one in (before, after))
    return [
        (old.get(id_), new.get(id_))
        for id_ in dict.fromkeys([*old, *new])
        if old.get(id_) != new.get(id_)
    ]


class LiveCity:
    """Travel times of a city's people to the facilities of one question, kept up to date.

    Args:
        city: The city.
        setup: Its people and roads, made ready (`coverage.reach.ground.set_up_travel`).
        question: Which facilities.
        register: The facilities to begin with.
        year: Those open at the end of this year count.

    Raises:
        InputError: If a facility lies outside the city.
    """

    def __init__(
        self, city: City, setup: TravelSetup, question: Question, register: Register, year: int
    ) -> None:
        self.city, self.setup, self.question = city, setup, question
        self.year = year
        # A facility keeps its number, so that ties are decided as in the register's own order.
        self._number = {f.id: n for n, f in enumerate(register.facilities)}
        self.sites = self._placed(register, year)
        self._share: Floats | None = None
        self._live = self._made(self.sites)

    def _made(self, sites: Sites) -> LiveTimes:
        """The times to all of these facilities, made at once."""
        slots = np.array(self._slots(sites), dtype=np.int64)
        order = np.argsort(slots)
        network, points = self.setup.network, self.setup.points
        return LiveTimes(network, sites.xy[order], points, slots=slots[order])

    def _placed(self, register: Register, year: int) -> Sites:
        question, network = self.question, self.setup.network
        services = frozenset(question.services)
        sites = place(self.city, register, question.kinds, services, year, network.crs, some=False)
        if not sites.facilities:
            return sites
        return check_sites(self.city, sites, network, register=register, skip_bad=False)[0]

    def follow(self, register: Register, year: int) -> int:
        """Go over to another register or year; the number of facilities that changed.

        Raises:
            InputError: As the class; nothing has changed then.
        """
        new = self._placed(register, year)
        for facility in register.facilities:
            self._number.setdefault(facility.id, len(self._number))
        there = dict(zip(self._slots(self.sites), self.sites.xy, strict=True))
        wanted = dict(zip(self._slots(new), new.xy, strict=True))
        gone = there.keys() - wanted.keys()
        moved = {s: xy for s, xy in wanted.items() if not np.array_equal(there.get(s, _NEW), xy)}
        changes = len(gone) + len(moved)
        if changes > _MANY:
            self._live = self._made(new)
        else:
            for slot in gone:
                self._live.remove(slot)
            for slot, xy in moved.items():
                if slot in there:
                    self._live.move(slot, xy)
                else:
                    self._live.add(xy, slot=slot)
        self.sites, self.year = new, year
        if changes:
            self._share = None
        return changes

    def _slots(self, sites: Sites) -> list[int]:
        return [self._number[f.id] for f in sites.facilities]

    def times(self) -> ServiceTimes:
        """What is known now, as the other measures take it.

        The share of each way that is spent off the road is not kept up: it is taken anew where
        something has changed.
        """
        seconds = self._live.seconds
        slots = np.array(self._slots(self.sites), dtype=np.int64)
        order = np.argsort(slots)
        facility = self._live.facility
        index = np.append(order, -1)[facility].astype(np.int32)
        if self._share is None:
            self._share = np.full(len(seconds), np.nan)
            if self.sites.facilities:
                found = nearest(self.setup.network, self.sites.xy, self.setup.points)
                self._share = found.share_on_access
        return ServiceTimes(
            city=self.city,
            kinds=self.question.kinds,
            year=self.year,
            setup=self.setup,
            sites=self.sites,
            seconds=seconds,
            facility=index,
            share_on_access=self._share,
        )
