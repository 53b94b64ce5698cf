"""The texts of a brief: Jinja2 templates that a bureau can change, read as blocks.

A template is plain text, one block a line::

    # Title            the title; on slides, the head of a new slide
    ## Heading         numbered 一、二、三 (a heading that begins with 附 or Annex is not)
    ### Heading        numbered （一）（二）
    #### Heading       numbered 1. 2.
    - item             a point
    > line             a small line: subtitle, remark, the notes of a slide
    {{ table("missing") }}   {{ figure("map") }}
    anything else      a paragraph; **bold** within

A variable that is not there is an error that names template, line and variable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from coverage.briefs.rendering import Job, rendered

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from coverage.messages import Lang


BlockKind = Literal["title", "heading", "point", "small", "paragraph", "table", "figure"]

_CHINESE = "〇一二三四五六七八九十"
_MARK = re.compile(r"\[\[(table|figure) ([\w-]+)(?: (\d{1,9}))?\]\]")


@dataclass(frozen=True)
class Block:
    """One piece of a page.

    Attributes:
        kind: What it is.
        text: Its words, or the name of a table or figure.
        level: Of a heading, 1 to 3.
        rows: Of a table, at most so many rows; 0 for all.
    """

    kind: BlockKind
    text: str
    level: int = 0
    rows: int = 0


def template_name(part: str, lang: Lang) -> str:
    """File name of a template: ``report.zh.md.j2``."""
    return f"{part}.{lang}.md.j2"


def render(
    part: str,
    variables: Mapping[str, Any],
    *,
    lang: Lang,
    tables: Collection[str],
    figures: Collection[str],
    folder: Path | None = None,
) -> list[Block]:
    """The blocks of one text.

    Args:
        part: ``report`` or ``slides``.
        variables: What templates may use (`coverage.briefs.facts.facts`).
        lang: Language of the template.
        tables: Names of the tables that there are; others that exist in
            principle are left out, unknown names are refused.
        figures: As `tables`.
        folder: A bureau's own templates; what it lacks comes from the package.

    Raises:
        InputError: If a template cannot be read or uses what is not there.
    """
    job = Job(template_name(part, lang), variables, tables, figures, folder)
    return blocks(rendered(job), lang)


def blocks(text: str, lang: Lang) -> list[Block]:
    """Rendered text as blocks, headings numbered."""
    made: list[Block] = []
    counts = [0, 0, 0]
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            continue
        mark = _MARK.fullmatch(line)
        if mark:
            kind: BlockKind = "table" if mark[1] == "table" else "figure"
            made.append(Block(kind, mark[2], rows=int(mark[3] or 0)))
        elif line.startswith("#"):
            made.append(_heading(line, counts, lang))
        elif line.startswith("- "):
            made.append(Block("point", line[2:].strip()))
        elif line.startswith("> "):
            made.append(Block("small", line[2:].strip()))
        else:
            made.append(Block("paragraph", line))
    return made


def _heading(line: str, counts: list[int], lang: Lang) -> Block:
    marks = len(line) - len(line.lstrip("#"))
    words = line[marks:].strip()
    if marks == 1:
        counts[:] = [0, 0, 0]
        return Block("title", words)
    level = min(marks - 1, 3)
    if words.startswith(("附", "Annex")):
        counts[level - 1 :] = [0] * (4 - level)
        return Block("heading", words, level)
    counts[level - 1] += 1
    counts[level:] = [0] * (3 - level)
    return Block("heading", numbered(counts[level - 1], level, lang) + words, level)


def numbered(count: int, level: int, lang: Lang) -> str:
    """The number of a heading in official style: 一、（一）1. or, in English, 1. (1) a."""
    if lang == "en":
        return (f"{count}. ", f"({count}) ", f"{chr(96 + min(count, 26))}. ")[level - 1]
    return (f"{chinese(count)}、", f"（{chinese(count)}）", f"{count}. ")[level - 1]


def chinese(count: int) -> str:
    """A number from 1 to 99 in Chinese: 十一, 二十; beyond in digits."""
    if count > 99:
        return str(count)
    tens, ones = divmod(count, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return head + (_CHINESE[ones] if ones else "")
