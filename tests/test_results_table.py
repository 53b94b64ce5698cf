"""One table, printed alike everywhere: exact numbers to the last step, in both languages."""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction

import pytest

from coverage.messages import Said
from coverage.results.table import (
    Column,
    Noted,
    Table,
    columns,
    named,
    printed,
    shown,
    to_csv,
    to_html,
    to_markdown,
    to_rich,
)
from coverage.results.vocabulary import HEADS, SHORT_NAMES, STATUS

TABLE = Table(
    Said("各县", "Counties"),
    (
        Column(HEADS["county"]),
        Column(HEADS["number"], "count"),
        Column("%", "percent"),
        Column("value", "decimal"),
        Column(HEADS["status"]),
    ),
    (
        ("清城区", 1204, Fraction(1, 8), Fraction(1, 8), Said("已达标", "met")),
        ("a|b\n[c]", None, None, None, Said("未达标", "not met")),
        ("<i>", Fraction(7), Fraction(245, 20), Fraction(1, 3), "—"),
    ),
    name="counties",
    marks=("met", "not_met", ""),
)


def test_cells_read_as_planners_print_them() -> None:
    assert TABLE.texts()[0] == ["清城区", "1,204", "0.1%", "0.1", "已达标"]
    assert TABLE.texts()[1] == ["a|b\n[c]", "—", "—", "—", "未达标"]
    assert TABLE.shown(2, 2) == "12.3%", "a half goes up: the number was exact until here"
    assert [shown(n, "change") for n in (Fraction(3, 2), -2, 0)] == ["+1.5", "−2", "0"]
    assert shown(Noted("名", "id")) == "名\nid"


def test_both_languages_come_from_one_table() -> None:
    english = Table(TABLE.title, TABLE.columns, TABLE.rows, "en")
    assert (TABLE.caption, english.caption) == ("各县", "Counties")
    assert english.heads[:2] == ["county", "number"]
    assert english.texts()[0][-1] == "met"
    assert [c.head.to("zh") for c in named(serial=1, beds=2) if isinstance(c.head, Said)] == [
        "序号",
        "床位",
    ]


def test_markdown_keeps_its_columns() -> None:
    lines = to_markdown(TABLE)
    assert lines[1] == "|---|---:|---:|---:|---|"
    assert lines[3].startswith("| a\\|b [c] | — |")
    assert len(lines) == 2 + len(TABLE.rows)


def test_csv_has_numbers_and_no_grouping() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows[1] == ["清城区", "1204", "0.125", "0.1250", "已达标"]
    assert rows[3][3] == "0.3333", "four decimals, rounded once"


def test_html_is_text_and_not_markup() -> None:
    page = to_html(TABLE, "表1　")
    assert "<i>" not in page
    assert "&lt;i&gt;" in page
    assert "表1　各县" in page
    assert page.count('class="n"') == 3 * len(TABLE.rows)
    assert page.count('class="status ') == 2


def test_a_terminal_prints_brackets_of_names() -> None:
    text = printed(lambda to: to.print(to_rich(TABLE)))
    assert "[c]" in text, "a name in brackets is no style of the terminal"
    assert "1,204" in text


def test_a_narrow_column_keeps_numbers_whole() -> None:
    table = Table("", (Column("", width=12),), (("专业持证社工2365人",),))
    assert "2365人" in printed(lambda to: to.print(to_rich(table)))


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_the_first_rows_keep_their_marks(rows: int) -> None:
    first = TABLE.first(rows)
    assert len(first.rows) == len(first.marks) == min(rows, 3)
    assert columns(["a", "b"], "lr")[1].flush_right


@pytest.mark.parametrize("said", [*STATUS.values(), *SHORT_NAMES.values(), *HEADS.values()])
def test_every_word_of_the_vocabulary_is_in_both_languages(said: Said) -> None:
    assert re.search("[\u4e00-\u9fff]", said.zh)
    assert said.en
    assert not re.search("[\u4e00-\u9fff]", said.en)
