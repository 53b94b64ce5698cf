"""The report as one self-contained page: readable on a phone, printable, nothing fetched."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.briefs.pages import Figure, Pages, record_of, summary
from coverage.formats.webpage import sealed
from coverage.results.document import as_json
from coverage.results.table import STATUS_STYLE
from coverage.results.table import to_html as table_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.briefs.texts import Block

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_STYLE = Path(__file__).parent / "templates" / "page.css"


def write(path: Path, pages: Pages) -> None:
    """Write the page."""
    path.write_text(to_html(pages), encoding="utf-8")


def to_html(pages: Pages) -> str:
    """The page as text."""
    document = pages.document
    record, title = record_of(document), escape(document.heading)
    result = as_json(document)
    embedded = _script("record", result.pop("record")) + _script("result", result)
    return sealed(
        f'<!doctype html><html lang="{"zh-CN" if document.lang == "zh" else "en"}">'
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,'
        f'initial-scale=1"><title>{title}</title>'
        f'<meta name="generator" content="{escape(summary(record))}">'
        f'<meta name="date" content="{escape(record.date)}"><link rel="icon" href="data:,">'
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}{STATUS_STYLE}</style></head><body><main>"
        f"{_body(pages)}{embedded}</main></body></html>\n"
    )


def _script(id_: str, data: Any) -> str:
    # A facility called </script> must not end the page.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{id_}">{text}</script>'


def _body(pages: Pages) -> str:
    """Title and remarks, links to the parts, then everything from the first heading."""
    parts: list[str] = []
    listed, start = False, 0
    for index, (block, name) in enumerate(pages.numbered()):
        point = block.kind == "point"
        parts.append("<ul>" if point and not listed else "</ul>" if listed and not point else "")
        listed = point
        if block.kind == "heading" and block.level == 1:
            start = start or len(parts)
        parts.append(_block(pages, block, name, index))
    parts.append("</ul>" if listed else "")
    return "".join(parts[:start]) + _contents(pages.report) + "".join(parts[start:])


def _block(pages: Pages, block: Block, name: str, index: int) -> str:
    match block.kind:
        case "heading":
            tag = f"h{block.level + 1}"
            return f'<{tag} id="s{index}">{escape(block.text)}</{tag}>'
        case "table":
            return table_html(pages.table(block), name)
        case "figure":
            return _figure(pages.figures[block.text], name)
    tag = {"title": "h1", "point": "li"}.get(block.kind, "p")
    mark = ' class="small"' if block.kind == "small" else ""
    text = _BOLD.sub(r"<b>\1</b>", escape(block.text))
    return f"<{tag}{mark}>{text}</{tag}>"


def _contents(blocks: Sequence[Block]) -> str:
    links = [
        f'<a href="#s{index}">{escape(block.text)}</a>'
        for index, block in enumerate(blocks)
        if block.kind == "heading" and block.level == 1
    ]
    return f"<nav>{''.join(links)}</nav>" if links else ""


def _figure(figure: Figure, name: str) -> str:
    data = base64.b64encode(figure.path.read_bytes()).decode()
    caption = escape(figure.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{name}{caption}</figcaption></figure>"
    )
