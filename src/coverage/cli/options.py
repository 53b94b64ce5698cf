"""Kinds of value that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.city import City


class _Minutes(click.ParamType):  # type: ignore[type-arg]
    """A comma-separated list of limits in minutes."""

    name = "minutes"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(float(part) for part in str(value).replace("，", ",").split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of minutes such as 5,10,15", param, ctx)


class _Place(click.ParamType):  # type: ignore[type-arg]
    """A place as lon,lat in degrees."""

    name = "lon,lat"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, float]:
        try:
            lon, lat = (float(part) for part in str(value).replace("，", ",").split(","))
        except ValueError:
            self.fail(f"{value!r} is not a place such as 113.05,23.68 (lon,lat)", param, ctx)
        return lon, lat


MINUTES = _Minutes()
PLACE = _Place()


def city_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--city`` and ``--workspace``: every command that speaks of a city takes both."""
    command = click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Your own folder ('coverage init'); found by itself when you are inside one.",
    )(command)
    return click.option("--city", metavar="NAME", help="清远, 清远市, qingyuan or 441800.")(command)


def chosen_city(name: str | None, workspace: Path | None) -> City:
    """The city that a command means."""
    from coverage.city import City

    return City.choose(name, workspace, Path.cwd())
