"""How far one goes off the road, how much rests on it, and when that is a straight-line estimate.

This is the one place that decides it: every page, table, map and document
asks the share off the road of its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coverage.messages import Said
from coverage.workspace import STREETS_REMEDY

if TYPE_CHECKING:
    from coverage.profiles import Profile
    from coverage.roads.network import RoadNetwork

STRAIGHT = Said("直线估算", "straight-line estimate")
REMEDY = Said("要真实街道：", "for real streets: ").then(STREETS_REMEDY)
_HARDLY = Said(
    "，道路几乎没有用上，不与直线圆比较",
    ": roads are hardly used, and no straight circle is compared",
)
_LONGER = Said(
    "，{}% 的人住处附近没有街道，只靠一段长接驳可达",
    "; {} % live where no street is near and are reached by one longer leg only",
)
_MOST = 50.0  # percent of the people reached


@dataclass(frozen=True)
class OffRoad:
    """What the people reached owe to ways off the road.

    Attributes:
        alone: Percent of them who are reached only so: their whole way is off the road.
        time: Percent of their time that is spent off the road.
        longer: Percent of them who are reached by one leg longer than legs usually go, because
            their home stands alone.
        straight_estimate: Whether the result is hardly more than straight lines.
    """

    alone: float
    time: float
    straight_estimate: bool
    longer: float = 0.0

    @classmethod
    def of(
        cls, reached: float, alone: float, weighted: float, longer: float = 0.0
    ) -> OffRoad | None:
        """From people reached, those wholly off the road, all by their share of it, lone homes.

        Returns:
            `None` where nobody is reached.
        """
        if not reached > 0:
            return None
        alone_, time, long = (100 * min(part / reached, 1.0) for part in (alone, weighted, longer))
        return cls(alone_, time, alone_ > _MOST, long)

    def said(self) -> Said:
        """The shares in a sentence; `mark_of` says in a name what is a straight-line estimate."""
        said = Said(
            f"可达者中 {self.alone:.1f}% 全程不走道路，路程时间的 {self.time:.1f}% 在路外",
            f"{self.alone:.1f} % of the people reached come wholly off the road, "
            f"{self.time:.1f} % of their time is spent off it",
        )
        if self.longer:
            said = said.then(_LONGER.fill(f"{self.longer:.1f}"))
        return said.then(_HARDLY) if self.straight_estimate else said


def said_of(found: OffRoad | None) -> tuple[Said, ...]:
    """What a result says of its ways off the road, with the remedy where it is but an estimate."""
    if found is None:
        return ()
    return (found.said(), REMEDY) if found.straight_estimate else (found.said(),)


def mark_of(found: OffRoad | None) -> Said:
    """What is put behind the name of a result that is a straight-line estimate."""
    if found is None or not found.straight_estimate:
        return Said("", "")
    return Said(f"（{STRAIGHT.zh}）", f" ({STRAIGHT.en})")


def fit_to_roads(profile: Profile, road: RoadNetwork) -> tuple[Profile, tuple[Said, ...]]:
    """Let people go farther off the road where only main roads are known, and say how far.

    Main roads leave out every street and path; a village 1 km from one is
    not cut off. Walking straight, at the profile's access speed and detour,
    then competes with the road, and the share of it is reported. How far is
    the profile's to say, never the limit's: a time is the same number
    whatever limit is asked for.
    """
    if not road.main_roads_only:
        said = Said(
            f"路网含街巷：离路至多 {profile.max_access_m:,.0f} 米",
            f"the roads hold the streets: at most {profile.max_access_m:,.0f} m off the road",
        )
        return profile, (said,)
    fitted = profile.on_main_roads()
    far, detour = fitted.max_direct_m, fitted.detour
    said = Said(
        f"路网只有主要公路：允许离路直行至 {far:,.0f} 米（按绕行系数 {detour:g} 计），"
        "结果为粗略估计",
        f"only main roads are known: up to {far:,.0f} m off the road (detour factor "
        f"{detour:g}) are allowed, a rough estimate",
    )
    return fitted, (said, REMEDY)
