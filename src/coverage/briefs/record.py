"""The record that every output carries: inputs by hash, parameters, version, date, results.

It stands beside the documents (`record.json`) and inside each of them, so that
a page that has lost its folder still says what it was made from.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from coverage import __version__
from coverage.briefs.pages import BY
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.results.document import Document, Input, Outcome, Record, as_json
from coverage.units import find_city
from coverage.workspace import CONFIG, ROLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coverage.briefs.request import Request
    from coverage.city import City

NAME = "record.json"
_ORIGINS = {
    "shipped": Said("随附", "shipped"),
    "own": Said("工作区自有", "own"),
    "given": Said("本次指定", "given"),
}
_GIVEN = {
    "facilities": Said("设施登记册", "facility register"),
    "values": Said("填报值", "reported values"),
    "scenario": Said("方案", "scenario"),
    "template": Said("幻灯片模板", "slide template"),
    "templates": Said("文字模板", "text template"),
}


def make(city: City, request: Request, document: Document, folder: Path) -> Record:
    """The record of one run.

    Args:
        city: Whose files were read.
        request: What was asked for.
        document: The result as it is published; only what it shows is written
            down or enters a hash.
        folder: Where the record will stand.
    """
    return Record(
        by=BY,
        version=__version__,
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        parameters=request.to_dict(folder),
        inputs=tuple(inputs(city, request)),
        results=results(document),
        result_sha256=digest(document),
    )


def results(document: Document) -> dict[str, Outcome]:
    """The numbers of every indicator, by id."""
    return {
        i.id: Outcome(as_json(i.numerator), as_json(i.denominator), as_json(i.value), i.status)
        for i in document.indicators
    }


def digest(document: Document) -> str:
    """SHA-256 of the whole result without its record."""
    bare = as_json(replace(document, record=None))
    return sha256(json.dumps(bare, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def inputs(city: City, request: Request) -> Iterator[Input]:
    """Every file that the run read: role, name, where it came from, SHA-256.

    Raises:
        InputError: If one of them cannot be read any more.
    """
    lang = request.lang
    for role, (zh, en) in ROLE_NAMES.items():
        if role == "facilities" and request.facilities is not None:
            continue
        for path in _role_files(city, role):
            yield _input(city, role, Said(zh, en).to(lang), path, lang)
    if city.workspace is not None:
        yield _input(city, "city", CONFIG, city.workspace.folder / CONFIG, lang)
    named = dict(request.files())
    for name, path in named.items():
        yield _input(city, name, _GIVEN[name].to(lang), path, lang, given=True)
    if request.templates is not None:
        for path in sorted(request.templates.glob("*.j2")):
            yield _input(city, "templates", _GIVEN["templates"].to(lang), path, lang, given=True)


def _role_files(city: City, role: Any) -> list[Path]:
    path = city.find(role)
    found = [path] if path is not None else []
    if role == "roads" and path is not None and city.origin("roads") == "shipped":
        # Edges are nothing without their nodes.
        found.insert(0, path.with_name(path.name.replace("-edges", "-nodes")))
    if role == "plan":
        found.append(city.folder / "plans" / "reference.toml")
    return [p for p in found if p.is_file()]


def _input(
    city: City, role: str, name: str, path: Path, lang: Any, *, given: bool = False
) -> Input:
    try:
        found = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(
            Problem(Said("文件读不出来", f"the file cannot be read ({reason})"), path.name)
        ) from error
    own = city.workspace.folder if city.workspace else None
    if given:
        origin, shown = "given", path.name
    elif own is not None and path.is_relative_to(own):
        origin, shown = "own", path.relative_to(own).as_posix()
    else:
        origin, shown = "shipped", path.relative_to(city.folder).as_posix()
    return Input(role, name, shown, origin, _ORIGINS[origin].to(lang), found)


def city_of(request: Request, folder: Path) -> City:
    """The city of a replayed request.

    Raises:
        InputError: If its workspace is not where the record says.
    """
    from coverage.city import City

    if request.workspace is not None and not (request.workspace / CONFIG).is_file():
        reason = Said(
            "记录所用的工作区不在原处，请用 --workspace 指定",
            "the workspace of the record is not there; name it with --workspace",
        )
        raise InputError(Problem(reason, str(request.workspace)))
    if request.workspace is None and request.city is not None:
        find_city(request.city)
    return City.choose(request.city, request.workspace, folder)
