"""How someone travels, as data: speeds, roads, access legs, limits.

A profile is a TOML file. Those that ship lie in `data/profiles`; users add
their own and name them by path. Nothing in the code knows a profile by name,
so that a bureau can set its own walking speed without touching a program.

```toml
name = "older_walk"          # optional, otherwise the file's name
zh = "老年人步行"
en = "older person on foot"
mode = "foot"                # foot, bicycle, car: which edges may be used
measure = "time"             # or "distance": one metre costs one second
ignore_oneway = true
tracks = false               # whether a car uses field tracks that no tag closes
resolution_m = 25            # lattice cell of service circles
slope = "tobler"             # or "minetti"; used only where heights are given
source = "…"                 # where the numbers come from
[speed]
unit = "m/s"                 # or "km/h"; holds for every speed in the file
default = 0.80
maxspeed_factor = 0.8        # signed limits cap the class speed, times this
exclude_classes = ["motorway"]
[speed.classes]
steps = 0.4
[speed.ages]
"65-74" = 0.80
"85+" = 0.71
[access]                     # the legs off the road, and the direct way
speed = 0.80
detour = 1.3
max_access_m = 100           # on a network with its streets
max_direct_m = 100
max_single_leg_m = 1000      # of a place that has no street nearer
no_access_classes = ["motorway"]
[access.main_roads]          # instead, where only main roads are known: stands for the rest
speed = 0.80
detour = 1.4
max_access_m = 3000
max_direct_m = 3000
[crossing]
seconds = 5                  # at every node where three or more streets meet
[limit]
distance_m = 1000            # for measure = "distance"
```
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from coverage.clauses import unfit_minutes
from coverage.errors import InputError, Problem, UnknownNameError, refusal
from coverage.fields import Fields, read_toml, unknown
from coverage.messages import Said
from coverage.settings import data_dir

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


SlopeModel: TypeAlias = Literal["tobler", "minetti"]
Mode: TypeAlias = Literal["foot", "bicycle", "car"]
Measure: TypeAlias = Literal["time", "distance"]

_KMH = 1 / 3.6
_TO_MAIN_ROAD_M = 3000.0
_MOST = 100_000.0  # of every number of a profile: metres, seconds, km/h and factors
_AGE = re.compile(r"[0-9]{1,3}")
_WHAT = Said("这一项", "value")
_MEANINGLESS = Said(
    'measure = "distance" 时没有意义', 'this has no meaning with measure = "distance"'
)
_STEEPEST = 0.45  # the range in which Minetti measured; short edges on a coarse raster exceed it


@dataclass(frozen=True)
class LegLimits:
    """How someone travels off the road.

    Attributes:
        speed_mps: Speed in metres per second.
        detour: A way is this many times the straight line.
        max_access_m: Longest straight access leg, inclusive.
        max_direct_m: Longest straight way without any road, inclusive.
    """

    speed_mps: float
    detour: float
    max_access_m: float
    max_direct_m: float


@dataclass(frozen=True)
class Profile:
    """How someone travels; every speed in metres per second.

    Attributes:
        name: Short name, such as ``older_walk``.
        zh: Name in Chinese.
        en: Name in English.
        mode: Which edges of a road network may be used.
        source: Where the numbers come from.
        speed_mps: Speed on a road whose class is not in `class_speeds`.
        class_speeds: Speed by road class, as pairs sorted by class.
        age_speeds: Speed by age, as ``(from, to, speed)``; the last age
            group is open and its ``to`` is 999.
        access_speed_mps: Speed off the road.
        detour: Off the road, a way is this many times the straight line.
        max_access_m: Longest straight access leg, inclusive.
        max_direct_m: Longest straight way without any road, inclusive.
        max_single_leg_m: Longest leg of a facility or a home that has no street
            within `max_access_m`: one, to the nearest street; inclusive.
        ignore_oneway: Both directions of every usable street are open.
        tracks: Whether a car uses field tracks that no tag closes or opens.
        maxspeed_factor: A signed limit times this caps the class speed;
            None ignores signs.
        exclude_classes: Road classes never used.
        no_access_classes: Road classes that may be used, but not entered or
            left between their nodes.
        crossing_s: Seconds at every node where three or more streets meet.
        measure: ``distance`` makes one metre cost one second, on the road
            and off it, so that limits are metres.
        distance_limit_m: The limit of a ``distance`` profile.
        resolution_m: Cell of the lattice from which circles are drawn.
        slope: Slope model, used only where heights are given.
        note: Anything a reader of a report should know.
        main_roads: Legs off the road where only main roads are known, which
            stand for the streets that are not; None for the profile's own
            pace up to 3 km: so near to a main road most villages lie (the
            median in 清远 is 1.2 km).
    """

    name: str
    zh: str
    en: str
    mode: Mode
    source: str
    speed_mps: float
    class_speeds: tuple[tuple[str, float], ...] = ()
    age_speeds: tuple[tuple[int, int, float], ...] = ()
    access_speed_mps: float = 1.0
    detour: float = 1.0
    max_access_m: float = 300.0
    max_direct_m: float = 300.0
    max_single_leg_m: float = 0.0
    ignore_oneway: bool = False
    tracks: bool = False
    maxspeed_factor: float | None = None
    exclude_classes: tuple[str, ...] = ()
    no_access_classes: tuple[str, ...] = ()
    crossing_s: float = 0.0
    measure: Measure = "time"
    distance_limit_m: float | None = None
    resolution_m: float = 25.0
    slope: SlopeModel | None = None
    note: str = ""
    main_roads: LegLimits | None = None

    def on_main_roads(self) -> Profile:
        """The same profile for a network that holds the main roads only."""
        legs = self.main_roads or LegLimits(
            self.access_speed_mps,
            self.detour,
            max(self.max_access_m, _TO_MAIN_ROAD_M),
            max(self.max_direct_m, _TO_MAIN_ROAD_M),
        )
        return replace(
            self,
            access_speed_mps=legs.speed_mps,
            detour=legs.detour,
            max_access_m=legs.max_access_m,
            max_direct_m=legs.max_direct_m,
        )

    def limit_s(self, minutes: float | None = None) -> float:
        """The limit in the unit of the travel times: seconds, or metres for ``distance``.

        Args:
            minutes: Limit of a ``time`` profile. A ``distance`` profile has
                its own limit and takes none.

        Raises:
            InputError: If minutes are missing, given where metres rule, or
                no limit (see `coverage.clauses.unfit_minutes`).
        """
        if self.measure == "distance":
            if minutes is not None:
                raise InputError(
                    Said(
                        f"出行方式 {self.name} 按米限定，不按分钟",
                        f"profile {self.name} is limited by metres, not by minutes",
                    )
                )
            return float(self.distance_limit_m or 0)
        if minutes is None:
            raise refusal(
                f"出行方式 {self.name} 须给分钟数", f"profile {self.name} needs a limit in minutes"
            )
        if unfit := unfit_minutes(minutes):
            raise InputError(unfit)
        return 60.0 * minutes

    def access_seconds(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Seconds of a straight leg off the road."""
        straight: NDArray[np.float64] = np.asarray(distance_m, dtype=np.float64)
        return straight * (self.detour / self.access_speed_mps)

    def for_age(self, age: int) -> Profile:
        """The same profile at the pace of an age; speeds all shrink in the same proportion.

        Raises:
            InputError: If the profile has no speed for this age.
        """
        for lowest, highest, speed in self.age_speeds:
            if lowest <= age <= highest:
                ratio = speed / self.speed_mps
                legs = self.main_roads
                return replace(
                    self,
                    name=f"{self.name}@{age}",
                    speed_mps=speed,
                    class_speeds=tuple((k, v * ratio) for k, v in self.class_speeds),
                    access_speed_mps=self.access_speed_mps * ratio,
                    main_roads=legs and replace(legs, speed_mps=legs.speed_mps * ratio),
                )
        raise InputError(
            Said(
                f"出行方式 {self.name} 没有 {age} 岁的速度",
                f"profile {self.name} has no speed for age {age}",
            )
        )


def slope_factor(grade: ArrayLike, model: SlopeModel = "tobler") -> NDArray[np.float64]:
    """How many times longer a slope takes than the flat, in the direction walked.

    Args:
        grade: Rise over run, positive uphill; steeper than 45 % counts as
            45 %.
        model: ``tobler`` is Tobler's hiking function, fastest at 5 % down
            (0.84). ``minetti`` takes the energy of walking after Minetti et
            al. (2002) at an even effort; it never falls below 1, because
            the energy saved downhill does not become speed.

    Raises:
        InputError: If the model is unknown.
    """
    i = np.clip(np.asarray(grade, dtype=np.float64), -_STEEPEST, _STEEPEST)
    if model == "tobler":
        return np.asarray(np.exp(3.5 * (np.abs(i + 0.05) - 0.05)), dtype=np.float64)
    if model == "minetti":
        cost = np.polynomial.polynomial.polyval(i, (2.5, 19.6, 51.9, -76.8, -58.7, 280.5))
        return np.asarray(np.maximum(cost / 2.5, 1.0), dtype=np.float64)
    raise InputError(
        Said(
            f"没有坡度模型 {model!r}，可用 tobler、minetti",
            f"unknown slope model {model!r}: tobler or minetti",
        )
    )


def profile_names() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(path.stem for path in (data_dir() / "profiles").glob("*.toml"))


def load_profile(name_or_path: str | Path) -> Profile:
    """Read a profile that ships by name, or any other by the path of its TOML file.

    Raises:
        UnknownNameError: If no profile has this name; similar names are told.
        InputError: If the file cannot be read or holds anything but a valid
            profile; every problem is named with file and key.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml" and len(path.parts) == 1:
        names = profile_names()
        if str(name_or_path) not in names:
            what = Said("这种出行方式", f"profile {str(name_or_path)!r}")
            raise UnknownNameError(unknown(what, str(name_or_path), names))
        path = data_dir() / "profiles" / f"{name_or_path}.toml"
    if not path.exists():
        said = Said("没有这个出行方式文件", "there is no such profile file")
        raise UnknownNameError(Problem(said, str(path)))
    fields = read_toml(path)
    made = _profile(fields, path.stem)
    fields.check()
    return Profile(**made)


def _profile(top: Fields, stem: str) -> dict[str, Any]:
    """The parts of a profile; what is wrong with them goes to the fields' problems."""
    distance = top.choice("measure", get_args(Measure), "time", what=_WHAT) == "distance"
    speed, access = top.table("speed"), top.table("access")
    unit = speed.choice("unit", ("m/s", "km/h"), "m/s", what=Said("这个单位", "unit"))
    to_mps = _KMH if unit == "km/h" else 1.0
    classes = speed.table("classes")
    factor = speed.number("maxspeed_factor", above=0, most=_MOST)
    made = {
        "name": top.text("name", stem),
        "zh": top.text("zh", needed=True),
        "en": top.text("en", needed=True),
        "mode": top.choice("mode", get_args(Mode), "foot", what=_WHAT, needed=True),
        "source": top.text("source", needed=True),
        "note": top.text("note"),
        "measure": "distance" if distance else "time",
        "class_speeds": tuple(
            sorted((key, _real(classes, key, above=0) * to_mps) for key in classes.data)
        ),
        "age_speeds": _ages(speed.table("ages"), to_mps),
        "detour": _real(access, "detour", 1.0, least=1),
        "max_access_m": _real(access, "max_access_m", 300.0),
        "max_direct_m": _real(access, "max_direct_m", 0.0),
        "max_single_leg_m": _real(access, "max_single_leg_m", 0.0),
        "ignore_oneway": top.flag("ignore_oneway"),
        "tracks": top.flag("tracks"),
        "maxspeed_factor": None if factor is None else float(factor),
        "exclude_classes": tuple(sorted(speed.names("exclude_classes"))),
        "no_access_classes": tuple(sorted(access.names("no_access_classes"))),
        "crossing_s": _real(top.table("crossing"), "seconds", 0.0),
        "resolution_m": _real(top, "resolution_m", 25.0, above=0),
        "slope": top.choice("slope", get_args(SlopeModel), what=_WHAT) or None,
        "main_roads": _main_roads(access, to_mps),
    }
    for part, key, name in ((speed, "default", "speed_mps"), (access, "speed", "access_speed_mps")):
        given = _real(part, key, 1.0 if distance else None, above=0)
        made[name] = given * (1.0 if distance else to_mps)
        if distance and given != 1:
            part.bad(key, _MEANINGLESS)
    limit = top.table("limit")
    if distance:
        made["distance_limit_m"] = _real(limit, "distance_m", above=0)
        # A metre is a metre: nothing may make it cost more or less than one second.
        for part, keys in (
            (speed, ("classes", "ages", "maxspeed_factor")),
            (top, ("crossing", "slope")),
            (access, ("main_roads",)),
        ):
            for key in keys:
                if part.has(key):
                    part.bad(key, _MEANINGLESS)
    elif limit.has("distance_m"):
        limit.bad(
            "distance_m",
            Said('只用于 measure = "distance"', 'this is only for measure = "distance"'),
        )
    return made


def _real(
    fields: Fields,
    key: str,
    default: float | None = None,
    *,
    least: float = 0,
    above: float | None = None,
    most: float = _MOST,
) -> float:
    """A number; where none is needed, `default` stands for it."""
    found = fields.number(key, least=least, above=above, most=most, needed=default is None)
    return float(found) if found is not None else 1.0 if default is None else default


def _main_roads(access: Fields, to_mps: float) -> LegLimits | None:
    if not access.has("main_roads"):
        return None
    legs = access.table("main_roads")
    return LegLimits(
        _real(legs, "speed", above=0) * to_mps,
        _real(legs, "detour", least=1),
        _real(legs, "max_access_m"),
        _real(legs, "max_direct_m"),
    )


def _ages(fields: Fields, to_mps: float) -> tuple[tuple[int, int, float], ...]:
    ages: list[tuple[int, int, float]] = []
    for key in fields.data:
        lowest, _, highest = key.partition("-")
        if key.endswith("+"):
            lowest, highest = key[:-1], "999"
        speed = _real(fields, key, above=0) * to_mps
        if not (_AGE.fullmatch(lowest) and _AGE.fullmatch(highest)):
            fields.bad(key, Said('年龄写作 "65-74" 或 "85+"', 'ages are written "65-74" or "85+"'))
        elif int(lowest) > int(highest):
            fields.bad(key, Said("起始年龄大于终止年龄", "the first age is above the second"))
        else:
            ages.append((int(lowest), int(highest), speed))
    ages.sort()
    for before, after in itertools.pairwise(ages):
        if after[0] <= before[1]:
            said = f"age {after[0]} is in two groups"
            fields.bad("", Said(f"{after[0]} 岁在两组里", said))
    return tuple(ages)
