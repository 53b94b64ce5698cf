"""What a brief was asked for: the parameters that a record keeps and that replay it."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from datetime import date  # noqa: TC003 -- a reader of fields takes it by its annotation
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from coverage.errors import InputError, Problem
from coverage.fields import Fields
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Mapping


FORMATS = ("docx", "pptx", "xlsx", "html", "pdf", "gpkg")
_PATHS = ("workspace", "facilities", "values", "scenario", "template", "templates")


@dataclass(frozen=True)
class Request:
    """Everything that decides what a brief says.

    Attributes:
        city: Name or code, `None` inside a workspace.
        workspace: A planner's own folder.
        year: Targets in force in this year; the plan's last if `None`.
        indicators: Ids, all if empty.
        provenance: Rows of these provenances, all if empty.
        facilities: A register of the user's own.
        values: Values of reported indicators.
        scenario: A scenario to compare with.
        lang: Language.
        formats: Of `FORMATS`; all that this machine can make if empty.
        suppress_below: Counts about protected people below this are kept back.
        mask_sensitive: Whether precise places of sensitive sites are kept back.
        template: A bureau's own slides.
        templates: A folder of the bureau's own texts.
        dated: The day that the documents bear; today if `None`.
        draws: How many draws of a likely range; none if `None`.
        seed: Of the draws.
    """

    city: str | None = None
    workspace: Path | None = None
    year: int | None = None
    indicators: tuple[str, ...] = ()
    provenance: tuple[str, ...] = ()
    facilities: Path | None = None
    values: Path | None = None
    scenario: Path | None = None
    lang: Lang = "zh"
    formats: tuple[str, ...] = ()
    suppress_below: int | None = None
    mask_sensitive: bool = False
    template: Path | None = None
    templates: Path | None = None
    dated: date | None = None
    draws: int | None = None
    seed: int = 1

    @property
    def protected(self) -> bool:
        """Whether something is kept back."""
        return self.suppress_below is not None or self.mask_sensitive

    def files(self) -> dict[str, Path]:
        """The single files that were named, by parameter."""
        named = ("facilities", "values", "scenario", "template")
        return {n: path for n in named if (path := getattr(self, n)) is not None}

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """The parameters as plain data, paths as seen from `folder`.

        A document travels; a path from the root would tell strangers about
        the machine it was made on, and mean nothing elsewhere.
        """
        made: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _PATHS and value is not None:
                value = _relative(value, folder)
            made[field.name] = list(value) if isinstance(value, tuple) else value
        made["dated"] = None if self.dated is None else self.dated.isoformat()
        return made

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], folder: Path) -> Request:
        """The request that `to_dict` wrote down, read in the record's `folder`.

        Raises:
            InputError: If a parameter is unknown or of the wrong type.
        """
        given = Fields(data, [])
        made = given.read(cls, but=_PATHS)
        made |= {name: folder / path for name in _PATHS if (path := given.text(name))}
        made["lang"] = given.choice("lang", get_args(Lang), "zh", what=Said("语言", "language"))
        given.check()
        return cls(**made)


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        # Windows: another drive has no way from here to there.
        return path.name


def parse_formats(text: str) -> tuple[str, ...]:
    """Formats named in a comma-separated list.

    Raises:
        InputError: If one is not known or none is named.
    """
    names = [n.strip().lower() for n in text.replace("，", ",").split(",") if n.strip()]
    problems = [
        Problem(Said(f"没有格式 {n!r}，可用 {', '.join(FORMATS)}", "the format is not known"))
        for n in names
        if n not in FORMATS
    ]
    if problems or not names:
        raise InputError(
            problems or Said(f"没有指定格式，可用 {', '.join(FORMATS)}", "no format is named")
        )
    return tuple(dict.fromkeys(names))
