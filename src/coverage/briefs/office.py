"""What the office formats share: where the record lies in them, and how it is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.briefs import record

if TYPE_CHECKING:
    from collections.abc import Mapping

_CUSTOM_XML = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
PART = "/customXml/coverage.xml"


def embed(main: Any, properties: Any, document: Mapping[str, Any]) -> None:
    """Put the record into a Word or slide file: a custom XML part and the properties.

    Args:
        main: The main part of the package (``document.part``, ``presentation.part``).
        properties: Its core properties.
        document: The result object.
    """
    describe(properties, document)
    blob = record.xml(document["record"])
    if type(main).__module__.startswith("docx"):
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part

        part = Part(PackURI(PART), "application/xml", blob, main.package)
    else:
        from pptx.opc.package import Part
        from pptx.opc.packuri import PackURI

        part = Part(PackURI(PART), "application/xml", main.package, blob)
    main.relate_to(part, _CUSTOM_XML)


def describe(properties: Any, document: Mapping[str, Any]) -> None:
    """Title, author, subject and a line of the record; Office cuts fields at 255 characters."""
    properties.title, properties.author = document["heading"], record.BY
    properties.subject = document["subheading"][:250]
    properties.comments = record.summary(document["record"])[:250]
