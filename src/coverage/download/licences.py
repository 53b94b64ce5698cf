"""`origin.toml`: beside what was downloaded, where it comes from, under which licence, when.

A file's digest stands with it, so that one the planner has edited since is
known as the planner's own and is not replaced unasked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from coverage.atomic import file_digest, write_text
from coverage.formats.toml import load_toml, toml_value
from coverage.messages import Said
from coverage.workspace import ROLE_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City

FILE = "origin.toml"
_HEAD = """\
# 本文件夹中公开数据的来源、许可与日期（coverage fetch 写成）。引用时请注明。
# Source, licence and date of public data (by 'coverage fetch'). Quote them.
"""


@dataclass(frozen=True)
class Origin:
    """Where one file comes from.

    Attributes:
        title: What it is.
        source: Address it was asked from.
        licence: Licence of the data.
        attribution: How to quote it.
        date: Day of the download, ISO.
        data_date: Day or year that the data itself describes, if it says so.
        note: How it was derived.
        sha256: Digest of the file as it was written.
    """

    title: str
    source: str
    licence: str
    attribution: str
    date: str
    data_date: str = ""
    note: str = ""
    sha256: str = ""


def read_origins(folder: Path) -> dict[str, Origin]:
    """Origins by name of file, none if the folder has no such record.

    Raises:
        InputError: If the record is no TOML.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    data, _ = load_toml(path)
    known = set(Origin.__dataclass_fields__)
    return {
        name: Origin(
            **dict.fromkeys(("title", "source", "licence", "attribution", "date"), "")
            | {key: str(value) for key, value in row.items() if key in known}
        )
        for name, row in data.items()
        if isinstance(row, dict)
    }


def quoted(city: City) -> tuple[Said, ...]:
    """Whose public data a city's own files are, which every output of them must say."""
    notes = []
    for role, (zh, en) in ROLE_NAMES.items():
        path = city.find(role) if city.origin(role) == "own" else None
        record = read_origins(path.parent).get(path.name) if path else None
        if record is not None:
            of = f"{record.attribution}, {record.licence}"
            notes.append(Said(f"{zh}：{of}", f"{en}: {of}"))
    return tuple(notes)


def note_origin(path: Path, origin: Origin) -> Path:
    """Record the origin of a file that was just written; other files' stay recorded."""
    records = read_origins(path.parent)
    records[path.name] = Origin(**asdict(origin) | {"sha256": file_digest(path)})
    target = path.parent / FILE
    write_text(target, _text(records))
    return target


def forgotten(*paths: Path) -> dict[Path, bytes]:
    """The records without files that are to be replaced by the planner's own, if they had any."""
    found: dict[Path, bytes] = {}
    for folder in {path.parent for path in paths}:
        records = read_origins(folder)
        left = {name: one for name, one in records.items() if folder / name not in paths}
        if left != records:
            found[folder / FILE] = _text(left).encode("utf-8")
    return found


def _text(records: dict[str, Origin]) -> str:
    lines = [_HEAD]
    for name in sorted(records):
        lines.append(f"[{toml_value(name)}]")
        fields = asdict(records[name]).items()
        lines += [f"{key} = {toml_value(value)}" for key, value in fields if value]
        lines.append("")
    return "\n".join(lines)


def is_downloaded(path: Path) -> bool:
    """Whether a file stands as it was downloaded."""
    record = read_origins(path.parent).get(path.name)
    return record is not None and path.is_file() and record.sha256 == file_digest(path)
