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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from coverage.briefs.tables import MAKERS
from coverage.errors import InputError, Problem
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


FOLDER = Path(__file__).parent / "templates"
BlockKind = Literal["title", "heading", "point", "small", "paragraph", "table", "figure"]

_CHINESE = "〇一二三四五六七八九十"
_MARK = re.compile(r"\[\[(table|figure) ([\w-]+)(?: (\d+))?\]\]")
_UNKNOWN = re.compile(r"'([^']+)' is undefined|has no (?:attribute|element) '?([^']+)'?")


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
    text = _rendered(template_name(part, lang), variables, tables, figures, folder)
    return blocks(text, lang)


def _rendered(
    name: str,
    variables: Mapping[str, Any],
    tables: Collection[str],
    figures: Collection[str],
    folder: Path | None,
) -> str:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    folders = [folder, FOLDER] if folder is not None else [FOLDER]
    # Templates are passed around between bureaus: they may compute, and reach nothing else.
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The writers escape: this is text and not yet HTML.
        autoescape=False,
    )
    environment.globals.update(
        table=_marker("table", tables, MAKERS), figure=_marker("figure", figures, _FIGURES)
    )
    try:
        return environment.get_template(name).render(
            {**variables, "tables": sorted(tables), "figures": sorted(figures)}
        )
    except jinja2.TemplateSyntaxError as error:
        reason = Said("模板写法有误", f"the template is not valid ({error.message})")
        raise InputError(Problem(reason, error.name or name, error.lineno)) from error
    except jinja2.UndefinedError as error:
        found = _UNKNOWN.search(str(error))
        variable = (found[1] or found[2]) if found else str(error)
        reason = Said(
            f"模板用了没有的变量 {variable}",
            f"the template uses the variable {variable!r}, which there is not "
            "(docs/brief.md lists all)",
        )
        raise InputError(Problem(reason, *_place(error, name))) from error
    except InputError as error:
        problems = [Problem(p.reason, *_place(error, name)) for p in error.problems]
        raise InputError(problems) from error
    except (
        jinja2.TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        KeyError,
        OSError,
    ) as error:
        reason = Said("模板无法填写", f"the template cannot be filled in ({error})")
        raise InputError(Problem(reason, *_place(error, name))) from error


_FIGURES = frozenset({"headline", "map", "map_after", "targets", "counties", "before_after"})


def _marker(kind: str, present: Collection[str], known: Collection[str]) -> Any:
    def mark(name: str, rows: int = 0) -> str:
        if name in present:
            return f"\n[[{kind} {name} {int(rows)}]]\n"
        if name in known:
            return ""
        word = "表" if kind == "table" else "图"
        raise InputError(
            Said(
                f"没有名为 {name!r} 的{word}，可用：{'、'.join(sorted(known))}",
                f"there is no {kind} of this name",
            )
        )

    return mark


def _place(error: BaseException, name: str) -> tuple[str, int | None]:
    """Template and line that an error came from: Jinja2 puts them into the traceback."""
    place: tuple[str, int | None] = (name, None)
    step = error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            place = (Path(file).name, step.tb_lineno)
        step = step.tb_next
    return place


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
    """A number from 1 to 99 in Chinese: 十一, 二十."""
    tens, ones = divmod(count, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return head + (_CHINESE[ones] if ones else "")
