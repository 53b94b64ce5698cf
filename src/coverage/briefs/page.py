"""The report as one self-contained page: readable on a phone, printable, nothing fetched."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

from coverage.briefs import record
from coverage.briefs.tables import STATUS_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from coverage.briefs.figures import Figure
    from coverage.briefs.tables import Table
    from coverage.briefs.texts import Block

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_NARROW = 3  # a table of up to four columns fits a phone as it is
_STYLE = """
:root{color-scheme:light;--ink:#1d2733;--soft:#5b6775;--line:#d5dde5;--head:#1f4e79;--tint:#eef3f7}
*{box-sizing:border-box}
body{margin:0;background:#f4f6f8;color:var(--ink);line-height:1.75;overflow-wrap:anywhere;
 font:17px/1.75 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:860px;margin:0 auto;background:#fff;padding:28px clamp(16px,5vw,56px) 56px}
h1{font-size:1.6em;line-height:1.35;text-align:center;color:var(--head);margin:.4em 0}
h2{font-size:1.22em;color:var(--head);border-bottom:2px solid var(--tint);padding-bottom:.2em;
 margin:1.8em 0 .6em}
h3{font-size:1.06em;margin:1.3em 0 .4em}h4{font-size:1em;margin:1em 0 .3em}
p{margin:.55em 0}.small{color:var(--soft);font-size:.88em;text-align:center}
ul{padding-left:1.3em;margin:.4em 0}li{margin:.25em 0}
nav{background:var(--tint);border-radius:8px;padding:.7em 1.1em;margin:1.2em 0;font-size:.93em}
nav a{color:var(--head);text-decoration:none;display:inline-block;margin:.15em 1.1em .15em 0}
figure{margin:1.2em 0;text-align:center}figure img{max-width:100%;height:auto}
figcaption,caption{color:var(--soft);font-size:.88em;padding:.4em 0;caption-side:top}
.scroll{overflow-x:auto;margin:1em 0}
table{border-collapse:collapse;width:100%;font-size:.86em;line-height:1.5}
caption{text-align:left}
th,td{overflow-wrap:break-word;border-bottom:1px solid var(--line);padding:.42em .6em;
 text-align:left;vertical-align:top}
th{background:var(--tint);position:sticky;top:0;white-space:nowrap}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td{white-space:pre-line}.note{color:var(--soft);font-size:.84em;margin-top:-.6em}
@media(max-width:600px){body{font-size:16px}table.wide{min-width:38em}h1{font-size:1.35em}}
@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}nav{display:none}
 .scroll{overflow:visible}table{min-width:0}thead{display:table-header-group}
 tr,figure{break-inside:avoid}}
"""


def write(
    path: Path,
    blocks: Sequence[Block],
    tables: Mapping[str, Table],
    figures: Mapping[str, Figure],
    document: Mapping[str, Any],
) -> None:
    """Write the page; the arguments are those of `coverage.briefs.word.write`."""
    path.write_text(to_html(blocks, tables, figures, document), encoding="utf-8")


def to_html(
    blocks: Sequence[Block],
    tables: Mapping[str, Table],
    figures: Mapping[str, Figure],
    document: Mapping[str, Any],
) -> str:
    """The page as text."""
    lang = "zh-CN" if document["lang"] == "zh" else "en"
    found = document["record"]
    title = escape(document["heading"])
    head = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f'<meta name="generator" content="{escape(record.summary(found))}">'
        f'<meta name="date" content="{escape(found["date"])}">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head><body><main>'
    )
    embedded = _script("record", found) + _script(
        "result", {k: v for k, v in document.items() if k != "record"}
    )
    return (
        f"{head}{_body(blocks, tables, figures, document['lang'])}{embedded}</main></body></html>\n"
    )


def _script(id_: str, data: Any) -> str:
    # A facility called </script> must not end the page.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{id_}">{text}</script>'


def _body(
    blocks: Sequence[Block],
    tables: Mapping[str, Table],
    figures: Mapping[str, Figure],
    lang: str,
) -> str:
    zh = lang == "zh"
    parts: list[str] = []
    count = {"table": 0, "figure": 0}
    listed = False
    for index, block in enumerate(blocks):
        if listed and block.kind != "point":
            parts.append("</ul>")
            listed = False
        if block.kind == "point":
            parts.append(("" if listed else "<ul>") + f"<li>{_inline(block.text)}</li>")
            listed = True
        elif block.kind == "heading":
            tag = f"h{block.level + 1}"
            parts.append(f'<{tag} id="s{index}">{escape(block.text)}</{tag}>')
        elif block.kind == "table":
            count["table"] += 1
            name = f"表{count['table']}　" if zh else f"Table {count['table']}  "
            table = tables[block.text]
            parts.append(_table(table.head(block.rows) if block.rows else table, name))
        elif block.kind == "figure":
            count["figure"] += 1
            name = f"图{count['figure']}　" if zh else f"Figure {count['figure']}  "
            parts.append(_figure(figures[block.text], name))
        else:
            tag, mark = {"title": ("h1", ""), "small": ("p", ' class="small"')}.get(
                block.kind, ("p", "")
            )
            parts.append(f"<{tag}{mark}>{_inline(block.text)}</{tag}>")
    if listed:
        parts.append("</ul>")
    return _contents(blocks).join(_after_head(parts))


def _after_head(parts: list[str]) -> list[str]:
    """The page in two halves: title and remarks, then everything from the first heading."""
    first = next((i for i, part in enumerate(parts) if part.startswith("<h2")), 0)
    return ["".join(parts[:first]), "".join(parts[first:])]


def _contents(blocks: Sequence[Block]) -> str:
    links = [
        f'<a href="#s{index}">{escape(block.text)}</a>'
        for index, block in enumerate(blocks)
        if block.kind == "heading" and block.level == 1
    ]
    return f"<nav>{''.join(links)}</nav>" if links else ""


def _inline(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", escape(text))


def _table(table: Table, name: str) -> str:
    heads = "".join(f"<th>{escape(column.head)}</th>" for column in table.columns)
    rows = []
    last = len(table.columns) - 1
    for row in range(len(table.rows)):
        cells = []
        for index, column in enumerate(table.columns):
            mark = "" if column.kind == "text" else ' class="n"'
            colour = STATUS_COLOURS.get(table.marks[row]) if table.marks and index == last else None
            if colour:
                mark = f' style="color:#{colour};font-weight:600;white-space:nowrap"'
            cells.append(f"<td{mark}>{escape(table.shown(row, index))}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    wide = ' class="wide"' if last > _NARROW else ""
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="scroll"><table id="t-{table.name}"{wide}><caption>{name}{escape(table.title)}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def _figure(figure: Figure, name: str) -> str:
    data = base64.b64encode(figure.path.read_bytes()).decode()
    caption = escape(figure.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{name}{caption}</figcaption></figure>"
    )
