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
max_access_m = 300
max_direct_m = 300
no_access_classes = ["motorway"]
[access.main_roads]          # instead, where only main roads are known: stands for the rest
speed = 0.80
detour = 1.4
max_access_m = 2000
max_direct_m = 2000
[crossing]
seconds = 5                  # at every node where three or more streets meet
[limit]
distance_m = 1000            # for measure = "distance"
```
"""

from __future__ import annotations

import difflib
import itertools
import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from coverage.errors import InputError, Problem, UnknownNameError
from coverage.settings import data_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

SlopeModel: TypeAlias = Literal["tobler", "minetti"]
Mode: TypeAlias = Literal["foot", "bicycle", "car"]
Measure: TypeAlias = Literal["time", "distance"]

_KMH = 1 / 3.6
_STEEPEST = 0.45  # the range in which Minetti measured; short edges on a coarse raster exceed it


@dataclass(frozen=True)
class OffRoad:
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
        ignore_oneway: Both directions of every usable street are open.
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
            stand for the streets that are not; None if they are the same.
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
    ignore_oneway: bool = False
    maxspeed_factor: float | None = None
    exclude_classes: tuple[str, ...] = ()
    no_access_classes: tuple[str, ...] = ()
    crossing_s: float = 0.0
    measure: Measure = "time"
    distance_limit_m: float | None = None
    resolution_m: float = 25.0
    slope: SlopeModel | None = None
    note: str = ""
    main_roads: OffRoad | None = None

    def on_main_roads(self) -> Profile:
        """The same profile for a network that holds the main roads only."""
        legs = self.main_roads
        if legs is None:
            return self
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
            InputError: If minutes are missing, or given where metres rule,
                or are not above zero.
        """
        if self.measure == "distance":
            if minutes is not None:
                raise InputError(f"profile {self.name} is limited by metres, not by minutes")
            return float(self.distance_limit_m or 0)
        if minutes is None or not (math.isfinite(minutes) and minutes > 0):
            raise InputError(
                f"profile {self.name} needs a limit in minutes above 0, not {minutes!r}"
            )
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
        raise InputError(f"profile {self.name} has no speed for age {age}")


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
    raise InputError(f"unknown slope model {model!r}: tobler or minetti")


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
            close = difflib.get_close_matches(str(name_or_path), names, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"
            raise UnknownNameError(f"unknown profile {str(name_or_path)!r}; {hint}")
        path = data_dir() / "profiles" / f"{name_or_path}.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UnknownNameError(Problem("there is no such profile file", file=str(path))) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(Problem(f"the profile cannot be read: {error}", file=path.name)) from error
    return _Reader(path.name, raw).profile(path.stem)


class _Reader:
    """Takes a profile's keys one by one and remembers what is wrong with each."""

    def __init__(self, file: str, raw: dict[str, Any]) -> None:
        self.file = file
        self.raw = raw
        self.problems: list[Problem] = []
        self.taken: set[str] = set()

    def bad(self, key: str, reason: str, value: object = None) -> None:
        shown = None if value is None else str(value)
        self.problems.append(Problem(reason, file=self.file, column=key, value=shown))

    def get(self, key: str) -> Any:
        """The value at a dotted key, None if absent."""
        self.taken.add(key)
        at: Any = self.raw
        for part in key.split("."):
            if not isinstance(at, dict):
                return None
            at = at.get(part)
        return at

    def text(self, key: str, default: str | None = None) -> str:
        value = self.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.bad(key, "a text is needed here", value)
            return default or ""
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None) -> Any:
        value = self.get(key)
        if value is None and default is not None:
            return default
        if value not in choices:
            self.bad(key, f"must be one of {', '.join(choices)}", value)
            return choices[0]
        return value

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.bad(key, "must be true or false", value)
        return bool(value)

    def number(
        self, key: str, default: float | None = None, *, above: float = -math.inf, least: float = 0
    ) -> float:
        value = self.get(key)
        if value is None and default is not None:
            return default
        return self.checked(key, value, above=above, least=least)

    def checked(self, key: str, value: object, *, above: float, least: float = 0) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.bad(key, "a number is needed here", value)
        elif not math.isfinite(value):
            self.bad(key, "must be a finite number", value)
        elif not value > above:
            self.bad(key, f"must be above {above:g}", value)
        elif value < least:
            self.bad(key, f"must be {least:g} or more", value)
        else:
            return float(value)
        return 1.0

    def names(self, key: str) -> tuple[str, ...]:
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.bad(key, "must be a list of road classes", value)
            return ()
        return tuple(sorted(value))

    def table(self, key: str) -> dict[str, Any]:
        value = self.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.bad(key, "must be a table", value)
            return {}
        self.taken |= {f"{key}.{name}" for name in value}
        return value

    def profile(self, stem: str) -> Profile:
        """The whole profile, or every problem at once."""
        measure = self.choice("measure", ("time", "distance"), "time")
        unit = self.choice("speed.unit", ("m/s", "km/h"), "m/s")
        to_mps = _KMH if unit == "km/h" else 1.0
        one = 1.0 if measure == "distance" else None
        default = self.number("speed.default", one, above=0) * (1.0 if one else to_mps)
        access = self.number("access.speed", one, above=0) * (1.0 if one else to_mps)
        classes = self.table("speed.classes")
        speeds = {
            key: self.checked(f"speed.classes.{key}", value, above=0) * to_mps
            for key, value in classes.items()
        }
        factor = self.get("speed.maxspeed_factor")
        made: dict[str, Any] = {
            "name": self.text("name", stem),
            "zh": self.text("zh"),
            "en": self.text("en"),
            "mode": self.choice("mode", ("foot", "bicycle", "car"), None),
            "source": self.text("source"),
            "note": self.text("note", ""),
            "measure": measure,
            "speed_mps": default,
            "class_speeds": tuple(sorted(speeds.items())),
            "age_speeds": self._ages(to_mps),
            "access_speed_mps": access,
            "detour": self.number("access.detour", 1.0, least=1),
            "max_access_m": self.number("access.max_access_m", 300.0),
            "max_direct_m": self.number("access.max_direct_m", 0.0),
            "ignore_oneway": self.flag("ignore_oneway"),
            "maxspeed_factor": (
                None if factor is None else self.number("speed.maxspeed_factor", above=0)
            ),
            "exclude_classes": self.names("speed.exclude_classes"),
            "no_access_classes": self.names("access.no_access_classes"),
            "crossing_s": self.number("crossing.seconds", 0.0),
            "resolution_m": self.number("resolution_m", 25.0, above=0),
            "slope": (
                None
                if self.get("slope") is None
                else self.choice("slope", ("tobler", "minetti"), None)
            ),
            "distance_limit_m": self._distance(measure),
            "main_roads": self._main_roads(to_mps),
        }
        self._distance_only(made)
        self._unknown(self.raw, "")
        if self.problems:
            raise InputError(self.problems)
        return Profile(**made)

    def _main_roads(self, to_mps: float) -> OffRoad | None:
        if self.get("access.main_roads") is None:
            return None
        return OffRoad(
            self.number("access.main_roads.speed", above=0) * to_mps,
            self.number("access.main_roads.detour", least=1),
            self.number("access.main_roads.max_access_m"),
            self.number("access.main_roads.max_direct_m"),
        )

    def _distance(self, measure: str) -> float | None:
        if measure == "time":
            if self.get("limit.distance_m") is not None:
                self.bad("limit.distance_m", 'is only for measure = "distance"')
            return None
        return self.number("limit.distance_m", above=0)

    def _distance_only(self, made: dict[str, Any]) -> None:
        """A metre is a metre: nothing may make it cost more or less than one second."""
        if made["measure"] == "time":
            return
        keys = ("speed.classes", "speed.ages", "speed.maxspeed_factor", "crossing", "slope")
        for key in (*keys, "access.main_roads"):
            if self.get(key) is not None:
                self.bad(key, 'has no meaning with measure = "distance"')
        for key in ("speed_mps", "access_speed_mps"):
            if made[key] != 1.0:
                where = "speed.default" if key == "speed_mps" else "access.speed"
                self.bad(where, 'has no meaning with measure = "distance"')

    def _ages(self, to_mps: float) -> tuple[tuple[int, int, float], ...]:
        ages: list[tuple[int, int, float]] = []
        for key, value in self.table("speed.ages").items():
            where = f"speed.ages.{key}"
            lowest, _, highest = key.partition("-")
            if key.endswith("+"):
                lowest, highest = key[:-1], "999"
            speed = self.checked(where, value, above=0) * to_mps
            if not (lowest.isascii() and lowest.isdigit() and highest.isdigit()):
                self.bad(where, 'ages are written "65-74" or "85+"')
            elif int(lowest) > int(highest):
                self.bad(where, "the first age is above the second")
            else:
                ages.append((int(lowest), int(highest), speed))
        ages.sort()
        for before, after in itertools.pairwise(ages):
            if after[0] <= before[1]:
                self.bad("speed.ages", f"age {after[0]} is in two groups")
        return tuple(ages)

    def _unknown(self, table: dict[str, Any], prefix: str) -> None:
        """Name every key nobody asked for: most are misspelt."""
        for key, value in table.items():
            dotted = f"{prefix}{key}"
            if dotted in self.taken:
                continue
            inside = any(known.startswith(f"{dotted}.") for known in self.taken)
            if inside and isinstance(value, dict):
                self._unknown(value, f"{dotted}.")
            elif inside:
                self.bad(dotted, "must be a table", value)
            else:
                leaves: Callable[[str], str] = lambda known: known.rpartition(".")[2]  # noqa: E731
                close = difflib.get_close_matches(key, map(leaves, sorted(self.taken)), n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                self.bad(dotted, f"unknown key{hint}")
