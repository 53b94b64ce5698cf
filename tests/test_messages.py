"""Every sentence that a user can meet is made through one type, in both languages."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from coverage.errors import InputError, MissingDependencyError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = ROOT / "src" / "coverage"
CHINESE = re.compile(r"[\u3400-\u9fff]")
# Words of Latin letters that stand in Chinese sentences: what the reader types or meets in files.
TYPED = re.compile(
    r"`[^`]*`|'[^']*'|--[\w-]+|coverage( [a-z]+)*|(pip|apt) install \S+|\.\w+|\w+\.\w+"
    r"|[A-Z][\w-]*|\b[a-z]+_[a-z_]+\b|\b[\w-]*\d[\w-]*\b"
)
# Lower-case words that are names of columns, fields, files, libraries or commands.
NAMES = set(
    """
    all area away bridge brief capacity chmod check circle city close code column columns county
    csv data days demand drop edges factor false fetch file files from geojson gpkg group grid
    growth height heights highway http import jinja lat left length lines lon map measure minetti
    minutes name nodes open osm osmium part pbf pdf people plan png population published pyarrow
    read reason roads rule scenario seat service shp site sites slope source surveyed svg tobler
    township townships true unit units village water width xlsx year distance facilities
    boundaries report each split dissolve gdalwarp replaced kind crs yes node osmid inf chunk
    threads toml
    """.split()  # noqa: SIM905
)


class Sentence(NamedTuple):
    """A call that makes a message: where it stands and its arguments as text."""

    where: str
    name: str
    texts: list[str | None]


def _text(node: ast.expr) -> str | None:
    """The literal text of an expression, what is filled in left blank; `None` for other ones."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else " " for p in node.values)
    return None


def _sentences() -> list[Sentence]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                where = f"{path.relative_to(SOURCE)}:{node.lineno}"
                found.append(Sentence(where, name, [_text(a) for a in node.args]))
    return found


SENTENCES = _sentences()
SAID = [s for s in SENTENCES if s.name == "Said" and len(s.texts) == 2]


def _errors() -> set[str]:
    """Exceptions that carry a sentence: all that descend from the toolkit's own, and problems."""
    parents: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {b.id for b in node.bases if isinstance(b, ast.Name)}
                parents.setdefault(node.name, set()).update(bases)
    found = {"CoverageError"}
    while more := {n for n, bases in parents.items() if bases & found} - found:
        found |= more
    return found | {"Problem"}


def test_no_sentence_is_made_of_a_bare_string() -> None:
    errors = _errors()
    assert {"InputError", "MissingDependencyError", "NetworkUnreachableError"} <= errors
    bare = [s.where for s in SENTENCES if s.name in errors and s.texts and s.texts[0] is not None]
    assert not bare


def test_there_are_sentences_to_look_at() -> None:
    assert len(SAID) > 900
    assert sum(zh is not None and en is not None for _, _, (zh, en) in SAID) > 800


def test_english_halves_hold_no_chinese() -> None:
    assert not [s.where for s in SAID if s.texts[1] and CHINESE.search(s.texts[1])]


def test_chinese_halves_are_chinese() -> None:
    """But for names, options, commands, files and columns, which are typed as they are."""
    foreign = {}
    for said in SAID:
        zh = said.texts[0] or ""
        words = re.findall(r"\b[a-z]{3,}\b", TYPED.sub(" ", zh))
        left = [word for word in words if word not in NAMES]
        if left or (re.search(r"[A-Za-z]{3}", TYPED.sub(" ", zh)) and not CHINESE.search(zh)):
            foreign[said.where] = left or zh
    assert not foreign


def test_nothing_is_said_in_both_languages_at_once() -> None:
    """A literal "中文 · English" would reach a reader of one language whole."""
    both = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        spoken = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if id(node) in spoken or not isinstance(node, ast.expr):
                continue
            text = _text(node)
            zh, mark, en = (text or "").partition(" · ")
            if mark and CHINESE.search(zh) and re.match(r"[a-z]{2,} [a-z]", en):
                both.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    assert not both


def test_a_problem_speaks_one_language_or_both() -> None:
    problem = Problem(Said("不是数字", "not a number"), "表.csv", 3, "床位", "八")
    assert problem.to("zh") == "表.csv，第 3 行，列 床位，值 '八'：不是数字"
    assert problem.to("en") == "表.csv, row 3, column 床位, value '八': not a number"
    assert str(problem) == "表.csv, row 3, column 床位, value '八': 不是数字 · not a number"
    error = InputError([problem, Problem(Said("空", "empty"))])
    assert str(error).count("\n") == 1
    missing = MissingDependencyError(Said("缺", "missing"))
    assert (missing.to("zh"), missing.to("en"), str(missing)) == ("缺", "missing", "缺 · missing")


@given(st.text(), st.text())
def test_a_sentence_keeps_its_halves(zh: str, en: str) -> None:
    said = Said(zh, en)
    assert (said.to("zh"), said.to("en")) == (zh, en)
    assert str(said) == said.to(None) == f"{said}" == f"{zh} · {en}"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_places_in_a_sentence_are_filled_in_both(lang: str) -> None:
    said = Said("第 {} 行：{}", "row {}: {}").fill(3, "空")
    assert said.to("zh" if lang == "zh" else "en").endswith("空")


def test_files_that_are_read_say_sentences_of_the_one_type(tmp_path: Path) -> None:
    from coverage.formats.tables import read_table

    path = tmp_path / "a.csv"
    path.write_text("id,id\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert all(isinstance(problem.reason, Said) for problem in caught.value.problems)
