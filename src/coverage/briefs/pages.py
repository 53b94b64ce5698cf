"""What the writers of a brief's documents share: its parts, their numbers, and their record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from coverage.messages import Said
from coverage.results.document import Document, Record, as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from coverage.briefs.texts import Block
    from coverage.city import City
    from coverage.results.table import Table

BY = "facility-coverage"
NAMESPACE = "urn:facility-coverage:record"
PART = "/customXml/coverage.xml"
_CUSTOM_XML = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
_LABELS = {"table": Said("表{0}　", "Table {0}  "), "figure": Said("图{0}　", "Figure {0}  ")}


@dataclass(frozen=True)
class Figure:
    """A picture of a brief.

    Attributes:
        path: A PNG file.
        caption: What it shows.
        width_mm: Width on a page of A4.
    """

    path: Path
    caption: str
    width_mm: float = 156


@dataclass
class Pages:
    """What every writer of a document takes.

    Attributes:
        document: The result, as it may be published.
        city: Whose outlines and roads are drawn; every number comes from `document`.
        tables: By name.
        figures: By name.
        report: The text of Word, PDF and the page.
        slides: The text of the slides; every title begins one.
        template: The bureau's own presentation.
    """

    document: Document
    city: City
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    report: Sequence[Block] = ()
    slides: Sequence[Block] = ()
    template: Path | None = None

    def table(self, block: Block) -> Table:
        """The table that a block names, with as many rows as it wants."""
        found = self.tables[block.text]
        return found.first(block.rows) if block.rows else found

    def numbered(self) -> Iterator[tuple[Block, str]]:
        """The blocks of the report, tables and figures with their number in words."""
        count = dict.fromkeys(_LABELS, 0)
        for block in self.report:
            name = ""
            if block.kind in count:
                count[block.kind] += 1
                name = _LABELS[block.kind].fill(count[block.kind]).to(self.document.lang)
            yield block, name


def record_of(document: Document) -> Record:
    """The record of a result that is published."""
    assert document.record is not None  # noqa: S101 -- whatever is written carries one
    return document.record


def json_text(data: object) -> str:
    """A result or a record as it is embedded and written."""
    return json.dumps(as_json(data), ensure_ascii=False, indent=1) + "\n"


def summary(record: Record) -> str:
    """One line for the properties of an office file."""
    hashes = "; ".join(f"{i.file} {i.digest[:12]}".strip() for i in record.inputs)
    return f"{BY} {record.version} {record.date} | {hashes}"


def embed(
    main: Any, properties: Any, document: Document, part: Callable[[str, str, bytes], Any]
) -> None:
    """Put the record into a Word or slide file: a custom XML part and the properties.

    Args:
        main: The main part of the package (``document.part``, ``presentation.part``).
        properties: Its core properties.
        document: The result.
        part: Makes a part of the package from name, type and content; the two
            libraries each have their own.
    """
    describe(properties, document)
    body = escape(json_text(record_of(document)))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    text = f'{head}\n<record xmlns="{NAMESPACE}">{body}</record>'
    main.relate_to(part(PART, "application/xml", text.encode()), _CUSTOM_XML)


def describe(properties: Any, document: Document) -> None:
    """Title, author, subject and a line of the record; Office cuts fields at 255 characters."""
    note = summary(record_of(document))[:250]
    values = {"title": document.heading, "subject": document.subheading[:250]}
    # The libraries of Word and slides call these by other names than that of workbooks.
    values |= dict.fromkeys(("author", "creator", "last_modified_by", "lastModifiedBy"), BY)
    values |= dict.fromkeys(("comments", "description"), note)
    for name, value in values.items():
        if hasattr(type(properties), name):
            setattr(properties, name, value)
