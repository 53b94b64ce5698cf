"""Compute a brief again from its record: the same numbers, or what changed.

A record is read from `record.json` or out of any document of a brief.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coverage import __version__
from coverage.briefs import record as records
from coverage.briefs.pages import BY, NAMESPACE, PART
from coverage.briefs.request import Request
from coverage.briefs.writing import assessed, result
from coverage.errors import InputError, Problem
from coverage.formats.databases import open_database
from coverage.formats.nested import parse_json
from coverage.formats.safety import Limits, Meter, alone, open_package, read_bytes
from coverage.formats.workbooks import read_xlsx
from coverage.messages import Lang, Said
from coverage.results.document import Input, Outcome, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


_PAGE = re.compile(r'<script type="application/json" id="record">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Attributes:
        request: What was asked for.
        record: As it was read.
        changed: Inputs whose content differs now, by file.
        gone: Inputs that are not there any more.
        new: Inputs that the run reads now and did not then.
        unchecked: Inputs of which the record has no digest, or one whose key is not there.
        differing: By indicator, what it was and what it is.
        identical: Whether the whole result object is the same.
    """

    request: Request
    record: Record
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    unchecked: tuple[str, ...]
    differing: Mapping[str, tuple[Outcome | None, Outcome | None]]
    identical: bool

    @property
    def same(self) -> bool:
        """Whether inputs, as far as they can be checked, and numbers are all as they were."""
        return self.identical and not (self.changed or self.gone or self.new or self.differing)

    def said(self, lang: Lang) -> list[str]:
        """The outcome, a line for each thing that changed."""
        record = self.record
        count = (len(record.inputs) - len(self.unchecked), len(record.results))
        said = [
            Said(
                f"记录：{record.date}，版本 {record.version}",
                f"record: {record.date}, version {record.version}",
            )
        ]
        if record.version != __version__:
            said.append(Said(f"现在的版本是 {__version__}", f"this is version {__version__}"))
        for names, zh, en in (
            (self.changed, "输入已改动", "input changed"),
            (self.gone, "输入已不存在", "input gone"),
            (self.new, "新的输入", "new input"),
        ):
            said += [Said(f"{zh}：{name}", f"{en}：{name}") for name in names]
        if self.unchecked:
            said.append(
                Said(
                    f"无法核对这些输入是否改动（记录中没有校验值，或没有密钥）："
                    f"{'、'.join(self.unchecked)}",
                    f"cannot say whether these inputs changed (the record has no digest of them, "
                    f"or its key is not there): {', '.join(self.unchecked)}",
                )
            )
        changes = [
            f"{i}：{_brief(was)} → {_brief(now)}" for i, (was, now) in self.differing.items()
        ]
        said += [Said(line, line) for line in changes]
        if self.same:
            same = Said("一致：{} 个输入、{} 项指标都相同", "the same: {} inputs, {} indicators")
            said.append(same.fill(*count))
        elif self.identical:
            said.append(Said("数字都相同", "every number is the same"))
        elif not self.differing:
            said.append(
                Said("指标相同，其他内容有变", "indicators are the same, other content is not")
            )
        return [line.to(lang) for line in said]


def _brief(outcome: Outcome | None) -> str:
    if outcome is None:
        return "—"
    value = outcome.value
    shown = f"{value:g}" if isinstance(value, int | float) else value or "—"
    pair = f"{outcome.numerator}/{outcome.denominator} " * (outcome.denominator is not None)
    return f"{pair}{shown} {outcome.status}"


def run(found: Record, folder: Path, *, workspace: Path | None = None) -> Replay:
    """Compute what a record describes and compare.

    Args:
        found: The record.
        folder: Where it was found: its paths are seen from there.
        workspace: Where its workspace is now, if it moved.

    Raises:
        InputError: If it cannot be computed again, saying which file is missing.
    """
    request = Request.from_dict(found.parameters, folder)
    if workspace is not None:
        request = replace(request, workspace=workspace)
    missing = [path for path in request.files().values() if not path.is_file()]
    if missing:
        reason = Said("记录用到的文件不在原处", "a file of the record is not there")
        raise InputError([Problem(reason, str(path)) for path in missing])
    city, made = assessed(request, folder)
    published = result(request, made)
    digests = records.digests_of(city, request)
    now = {(i.role, i.file): i for i in records.inputs(city, request, digests)}
    then = {(i.role, i.file): i for i in found.inputs}
    both = [k for k in then if k in now]
    checked = [k for k in both if then[k].comparable(now[k])]
    results, was = records.results(published), found.results
    return Replay(
        request=request,
        record=found,
        changed=tuple(k[1] for k in checked if now[k].digest != then[k].digest),
        gone=tuple(k[1] for k in then if k not in now),
        new=tuple(k[1] for k in now if k not in then),
        unchecked=tuple(k[1] for k in both if k not in checked),
        differing={
            id_: (was.get(id_), results.get(id_))
            for id_ in dict.fromkeys([*was, *results])
            if was.get(id_) != results.get(id_)
        },
        identical=records.digest(published) == found.result_sha256,
    )


def read(path: Path) -> Record:
    """The record in a file: `record.json` itself or a document that carries one.

    Raises:
        InputError: If the file cannot be read or carries no record.
    """
    raw = read_bytes(path)
    try:
        text = _READERS.get(path.suffix.lower(), _plain)(raw, path.name)
        found = _record(parse_json(text, path.name))
    except Exception as error:
        # A broken document fails in a hundred ways, few of them named.
        raise _none(path) from error
    if found.by != BY:
        raise _none(path)
    return found


def _record(data: Mapping[str, Any]) -> Record:
    """A record from its JSON, with exactly the parts that it was written with."""
    inputs = tuple(Input(**_texts(one)) for one in data["inputs"])
    results = {id_: _outcome(one) for id_, one in data["results"].items()}
    parameters = dict[str, Any](data["parameters"])
    bare = {k: v for k, v in data.items() if k not in {"inputs", "results", "parameters"}}
    return Record(inputs=inputs, results=results, parameters=parameters, **_texts(bare))


def _outcome(data: Mapping[str, Any]) -> Outcome:
    found = Outcome(**data)
    for value in (found.numerator, found.denominator, found.value):
        if not (value is None or isinstance(value, str) or math.isfinite(value)):
            raise ValueError(value)
    _texts({"status": found.status})
    return found


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """The same, all of whose values must be texts."""
    if not all(isinstance(value, str) for value in data.values()):
        raise TypeError(data)
    return dict(data)


def _none(path: Path) -> InputError:
    reason = Said(
        "里面没有记录",
        "the file carries no record: name a record.json or a document that 'coverage brief' wrote",
    )
    return InputError(Problem(reason, str(path)))


def _plain(raw: bytes, _: str) -> str:
    return raw.decode("utf-8")


def _archived(raw: bytes, file: str) -> str:
    from xml.etree import ElementTree as ET

    with open_package(raw, file) as archive:
        data = archive.read(PART.removeprefix("/"))
    if b"<!" in data:
        # Our own part declares nothing; entities are somebody else's trick.
        raise ValueError(file)
    return ET.fromstring(data).text or ""  # noqa: S314 -- declarations were refused above


def _workbook(raw: bytes, file: str) -> str:
    from coverage.briefs.workbook import RECORD_SHEET

    limits = Limits()
    sheets = read_xlsx(raw, file, limits, Meter(file, limits))
    sheet = next(s for s in sheets if s.name in {RECORD_SHEET.zh, RECORD_SHEET.en})
    return "\n".join(str(cells[0]) for _, cells in sheet.rows if cells)


def _page(raw: bytes, file: str) -> str:
    found = _PAGE.search(raw.decode("utf-8"))
    if found is None:
        raise ValueError(file)
    return found[1]


def _package(raw: bytes, file: str) -> str:
    with alone(raw, ".gpkg") as copy, open_database(copy, file) as base:
        row = base.execute(
            "SELECT metadata FROM gpkg_metadata WHERE md_standard_uri = ?", (NAMESPACE,)
        ).fetchone()
    return str(row[0])


_READERS: dict[str, Callable[[bytes, str], str]] = {
    ".docx": _archived,
    ".pptx": _archived,
    ".xlsx": _workbook,
    ".html": _page,
    ".gpkg": _package,
}
