"""The record that every output carries: inputs by hash, parameters, version, date, results.

It stands beside the documents (`record.json`) and inside each of them, so that
a page that has lost its folder still says what it was made from.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from coverage import __version__
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.units import find_city
from coverage.workspace import CONFIG, ROLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from coverage.briefs.request import Request
    from coverage.city import City

BY = "facility-coverage"
NAME = "record.json"
NAMESPACE = "urn:facility-coverage:record"
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
_RESULT_KEYS = ("numerator", "denominator", "value", "status")


def make(
    city: City,
    request: Request,
    document: Mapping[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """The record of one run.

    Args:
        city: Whose files were read.
        request: What was asked for.
        document: The result object as it is published; only what it shows is
            written down or enters a hash.
        folder: Where the record will stand.
    """
    return {
        "by": BY,
        "version": __version__,
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "parameters": request.to_dict(folder),
        "inputs": list(inputs(city, request)),
        "results": results(document),
        "result_sha256": digest(document),
    }


def results(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers of every indicator, by id."""
    return {i["id"]: {key: i[key] for key in _RESULT_KEYS} for i in document["indicators"]}


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the whole result object without its record."""
    bare = {key: value for key, value in document.items() if key != "record"}
    text = json.dumps(bare, ensure_ascii=False, sort_keys=True)
    return sha256(text.encode()).hexdigest()


def inputs(city: City, request: Request) -> Iterator[dict[str, str]]:
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
) -> dict[str, str]:
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
    return {
        "role": role,
        "name": name,
        "file": shown,
        "origin": origin,
        "origin_name": _ORIGINS[origin].to(lang),
        "sha256": found,
    }


def text(record: Mapping[str, Any]) -> str:
    """The record as it is embedded and written."""
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def summary(record: Mapping[str, Any]) -> str:
    """One line for the properties of an office file."""
    hashes = "; ".join(f"{i['file']} {i['sha256'][:12]}" for i in record["inputs"])
    return f"{BY} {record['version']} {record['date']} | {hashes}"


def xml(record: Mapping[str, Any]) -> bytes:
    """The record as a custom XML part of an office file."""
    from xml.sax.saxutils import escape

    body = escape(text(record))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}\n<record xmlns="{NAMESPACE}">{body}</record>'.encode()


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
