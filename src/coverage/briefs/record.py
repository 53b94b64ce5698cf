"""The record that every output carries: inputs by hash, parameters, version, date, results.

It stands beside the documents (`record.json`) and inside each of them, so that
a page that has lost its folder still says what it was made from.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from coverage import __version__
from coverage.alike import today
from coverage.atomic import REPLACED, opened
from coverage.briefs.keys import Digests, made_key, read_key
from coverage.briefs.pages import BY
from coverage.errors import InputError, Problem
from coverage.formats.nested import read_json
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
_OBSTACLES = Said("离路不穿越的图层", "what no way off the road crosses")
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
    digests = digests_of(city, request, make_key=True)
    return Record(
        by=BY,
        version=__version__,
        date=today(request.dated).isoformat(),
        parameters=request.to_dict(folder),
        inputs=tuple(inputs(city, request, digests)),
        results=results(document),
        result_sha256=digest(document),
        note=digests.note.to(request.lang) if digests.note else "",
    )


def digests_of(city: City, request: Request, *, make_key: bool = False) -> Digests:
    """How the inputs of a request are written down, or are compared with what was.

    Raises:
        InputError: If the key of the workspace is damaged.
    """
    key = None
    if request.protected and city.workspace is not None:
        key = (made_key if make_key else read_key)(city.workspace.folder)
    return Digests(request.protected, key)


def check_beside(request: Request, folder: Path) -> None:
    """Refuse to put briefs together of which one keeps something back that the other does not.

    What a brief replaces stays in its folder, and whoever gets the folder subtracts one from the
    other.

    Raises:
        InputError: Naming the record of the other brief.
    """
    if request.protected and (folder / CONFIG).is_file():
        said = Said(
            "这是工作区，里面有原始数据和密钥；隐去小数目的材料请另选 --out",
            "this is a workspace, which holds the data and the key: choose another --out for a "
            "brief that keeps something back",
        )
        raise InputError(Problem(said, str(folder)))
    ours = (request.suppress_below, request.mask_sensitive)
    stem, suffix = NAME.split(".")
    for path in (folder / NAME, *sorted((folder / REPLACED).glob(f"{stem}-*.{suffix}"))):
        if not path.is_file():
            continue
        try:
            then = read_json(path)["parameters"]
            theirs = (then["suppress_below"], then["mask_sensitive"])
        except (InputError, OSError, ValueError, KeyError, TypeError):
            continue  # none of ours
        if theirs != ours and (request.protected or any(theirs)):
            said = Said(
                "文件夹里有隐去得不同的材料，放在一起可以互相推算；请另选 --out",
                "the folder holds a brief that keeps back less, more or otherwise: together they "
                "tell what is kept back; choose another --out",
            )
            raise InputError(Problem(said, str(path)))


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


def inputs(city: City, request: Request, digests: Digests) -> Iterator[Input]:
    """Every file that the run read: role, name, where it came from, digest.

    Raises:
        InputError: If one of them cannot be read any more.
    """
    lang = request.lang
    for role, (zh, en) in ROLE_NAMES.items():
        if role == "facilities" and request.facilities is not None:
            continue
        for path in _role_files(city, role):
            yield _input(city, role, Said(zh, en).to(lang), path, lang, digests)
    if city.workspace is not None:
        yield _input(city, "city", CONFIG, city.workspace.folder / CONFIG, lang, digests)
    for path in city.obstacles:
        yield _input(city, "obstacles", _OBSTACLES.to(lang), path, lang, digests)
    given = list(request.files().items())
    if request.templates is not None:
        given += [("templates", path) for path in sorted(request.templates.glob("*.j2"))]
    for name, path in given:
        yield _input(city, name, _GIVEN[name].to(lang), path, lang, digests, given=True)


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
    city: City,
    role: str,
    name: str,
    path: Path,
    lang: Any,
    digests: Digests,
    *,
    given: bool = False,
) -> Input:
    with opened(path) as file:
        found = digests.of(file.read())
    own = city.workspace.folder if city.workspace else None
    if given:
        origin, shown = "given", path.name
    elif own is not None and path.is_relative_to(own):
        origin, shown = "own", path.relative_to(own).as_posix()
    else:
        origin, shown = "shipped", path.relative_to(city.folder).as_posix()
    return Input(role, name, shown, origin, _ORIGINS[origin].to(lang), **found)


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
