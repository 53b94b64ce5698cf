"""What the office formats share: where the record lies in them, and how it is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.briefs import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CUSTOM_XML = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
PART = "/customXml/coverage.xml"


def embed(
    main: Any,
    properties: Any,
    document: Mapping[str, Any],
    part: Callable[[str, str, bytes], Any],
) -> None:
    """Put the record into a Word or slide file: a custom XML part and the properties.

    Args:
        main: The main part of the package (``document.part``, ``presentation.part``).
        properties: Its core properties.
        document: The result object.
        part: Makes a part of the package from name, type and content; the two
            libraries each have their own.
    """
    describe(properties, document)
    made = part(PART, "application/xml", record.xml(document["record"]))
    main.relate_to(made, _CUSTOM_XML)


def describe(properties: Any, document: Mapping[str, Any]) -> None:
    """Title, author, subject and a line of the record; Office cuts fields at 255 characters."""
    properties.title, properties.author = document["heading"], record.BY
    properties.subject = document["subheading"][:250]
    properties.comments = record.summary(document["record"])[:250]
