"""People as whole persons, so that everything printed adds up.

The people of a point of the map may be a fraction of a person; nobody prints that. Those of the
city are rounded, and shared out to its townships by the largest remainders: first all people,
then those without a place, then those of the others who are meant (reached, gained, lost), nowhere
more than there are. A county is the sum of its townships, a difference that of two whole numbers;
and where nobody gains, no number says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from coverage.arrays import Bools, Floats, Ints
    from coverage.demand.demand import Demand

# A half is a half whatever order the parts of a sum were added up in.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class WholePeople:
    """People of one group by township.

    Attributes:
        codes: Townships in order; the empty code, of points outside all of them, is the first.
        of_point: (points,) number of the township of each point.
        weight: (points,) people there, fractions allowed.
        total: (townships,) all people. They are rounded so that the sum of the first few is
            never half a person off: published totals of counties and of the city stand.
        placed: (townships,) those with a place.
    """

    codes: tuple[str, ...]
    of_point: Ints
    weight: Floats
    total: Ints
    placed: Ints

    @classmethod
    def of(
        cls,
        unit_codes: Sequence[str],
        unit: NDArray[np.signedinteger],
        weight: Floats,
        nowhere: Mapping[str, float],
    ) -> WholePeople:
        """From points and from people without a place.

        Args:
            unit_codes: Townships, or finer units of them.
            unit: (points,) number in them, negative outside all.
            weight: (points,) people.
            nowhere: People without a place by township.

        Example:
            >>> import numpy as np
            >>> from coverage.reach.whole import WholePeople
            >>> people = np.array([2.5, 2.5, 2.4])
            >>> towns = ["441802001", "441802002"]
            >>> whole = WholePeople.of(towns, np.array([0, 0, 1]), people, {})
            >>> whole.counted(np.array([True, False, True])).tolist()
            [0, 3, 2]
        """
        own = [code[:9] for code in unit_codes]
        codes = tuple(sorted({"", *own, *(code[:9] for code in nowhere)}))
        number = {code: n for n, code in enumerate(codes)}
        of_point = np.array([*(number[code] for code in own), 0], np.int64)[unit]
        lost = np.zeros(len(codes))
        for code, people in nowhere.items():
            lost[number[code[:9]]] += people
        placed = np.bincount(of_point, weight, minlength=len(codes))
        total = np.diff(_rounded(np.cumsum(placed + lost)), prepend=0)
        most = np.where(lost > _ROUNDING, total, 0)
        unplaced = _shared_out(lost, most, np.where(placed > _ROUNDING, 0, most))
        return cls(codes, of_point, weight, total, total - unplaced)

    @classmethod
    def of_demand(cls, demand: Demand, group: str) -> WholePeople:
        """People of one group as the city's demand has them."""
        nowhere = demand.not_placed.get(group, {})
        return cls.of(demand.unit_codes, demand.unit, demand.people[group], nowhere)

    def counted(self, meant: Bools, *, after: Bools | None = None) -> Ints:
        """(townships,) whole people of the points `meant`.

        Args:
            meant: (points,) which of them.
            after: Those that were meant before: where nobody came there are no more of them now,
                where nobody went no fewer.
        """
        exact = self.exactly(meant)
        most = np.where(exact > _ROUNDING, self.placed, 0)
        least = np.where(self.some(~meant), 0, most)
        if after is not None:
            before = self.counted(after)
            least = np.where(self.some(after & ~meant), least, np.maximum(least, before))
            most = np.where(self.some(meant & ~after), most, np.minimum(most, before))
        return _shared_out(exact, most, least)

    def some(self, meant: Bools) -> Bools:
        """(townships,) whether there is anybody among the points `meant`."""
        return self.exactly(meant) > _ROUNDING

    def exactly(self, meant: Bools) -> Floats:
        """(townships,) people of the points `meant`, fractions and all."""
        people = np.bincount(self.of_point[meant], self.weight[meant], minlength=len(self.codes))
        return people.astype(np.float64)

    def same_people(self, other: WholePeople) -> bool:
        """Whether the same people live at the same points."""
        return (
            self.codes == other.codes
            and np.array_equal(self.of_point, other.of_point)
            and np.array_equal(self.weight, other.weight)
        )


def _rounded(people: NDArray[Any]) -> Ints:
    return np.floor(people + (0.5 + _ROUNDING)).astype(np.int64)


def _shared_out(exact: Floats, most: Ints, least: Ints) -> Ints:
    """(townships,) whole numbers near the exact ones, whose sum is that of the exact ones, rounded.

    Args:
        exact: People, fractions allowed.
        most: No township has more.
        least: Nor fewer.
    """
    goal = int(np.clip(_rounded(exact.sum()), least.sum(), most.sum()))
    whole = np.clip(np.floor(exact + _ROUNDING).astype(np.int64), least, most)
    # Remainders to a millionth: sums of floats in another order must not decide.
    order = np.lexsort((np.arange(len(whole)), -np.round(exact - whole, 6)))
    while more := goal - int(whole.sum()):
        if more > 0:
            whole[order[whole[order] < most[order]][:more]] += 1
        else:
            whole[order[whole[order] > least[order]][more:]] -= 1
    return whole
