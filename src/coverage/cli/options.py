"""Kinds of value that several commands take."""

from __future__ import annotations

from typing import Any

import click


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
