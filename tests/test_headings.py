"""An audit of headings: how many of the spellings in use are understood, and as what."""

from __future__ import annotations

import tomllib
from pathlib import Path

from coverage.lists.columns import understand
from coverage.lists.sheets import RawSheet

HEADINGS = Path(__file__).parent / "headings.toml"


def _meaning(heading: str) -> str | None:
    """Its field; ``personal`` or ``ignored`` for a column that is known and left out."""
    column = understand(RawSheet("a.csv", "", (heading,), ())).columns[0]
    if column.field is None and column.how == "left out":
        return "ignored" if column.score == 1 else None
    return column.field or column.how


def test_nearly_all_spellings_in_use_are_understood() -> None:
    wanted = {
        heading.replace("~", " "): field
        for field, text in tomllib.loads(HEADINGS.read_text(encoding="utf-8")).items()
        for heading in text.split()
    }
    missed = {h: (field, m) for h, field in wanted.items() if (m := _meaning(h)) != field}
    print(f"headings understood: {len(wanted) - len(missed)} of {len(wanted)}", missed)
    assert len(wanted) >= 250
    assert len(missed) <= 0.03 * len(wanted)


def test_what_another_operates_is_not_taken_for_the_facilitys_own() -> None:
    for heading in ("运营单位名称", "主管单位名称", "登记机关地址", "入住人数", "法定代表人"):
        assert _meaning(heading) in {None, "ignored", "personal"}, heading
