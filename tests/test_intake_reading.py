"""Every awkward file of the corpus: every row has the outcome written down for it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from coverage.errors import InputError
from coverage.lists.columns import understand
from coverage.lists.reading import read_file
from coverage.lists.rows import Row, take_rows

CORPUS = Path(__file__).parent / "corpus"
EXPECTED: dict[str, Any] = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
READ = [name for name, case in EXPECTED.items() if "sheets" in case]
REFUSED = [name for name, case in EXPECTED.items() if "refused" in case]


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", READ)
def test_every_row_has_its_expected_outcome(name: str) -> None:
    sheets = read_file(CORPUS / name)
    wanted = EXPECTED[name]["sheets"]
    assert [(s.sheet, s.part, s.hidden, s.header if s.rows else "none") for s in sheets] == [
        (w["sheet"], w["part"], w["hidden"], w["header"]) for w in wanted
    ]
    for sheet, want in zip(sheets, wanted, strict=True):
        understanding = understand(sheet)
        if sheet.header != "none":
            assert understanding.fields == want["fields"]
        assert list(understanding.personal) == want["personal"]
        assert want.get("note", "") in "\n".join(map(str, sheet.notes))
        assert sheet.encoding.startswith(want.get("encoding", ""))
        if "crs" in want:
            assert sheet.crs == want["crs"]
        taken = take_rows(sheet, understanding, Row)
        assert [(t.row, t.outcome.replace("corrected", "accepted")) for t in taken] == [
            (row["row"], row["outcome"]) for row in want["rows"]
        ], [t.reasons for t in taken]
        for t, row in zip(taken, want["rows"], strict=True):
            got = {field: _plain(t.values.get(field)) for field in row.get("fields", {})}
            assert got == row.get("fields", {})
            reasons = "\n".join(str(reason) for reason in t.reasons)
            assert bool(reasons) == (t.outcome == "rejected")
            assert row.get("because", "") in reasons
            assert ("because" in row) == (t.outcome == "rejected")


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_file(CORPUS / name)
    assert len(caught.value.problems) == 1
    assert EXPECTED[name]["refused"] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_corpus_is_large_and_explained() -> None:
    assert len(EXPECTED) >= 40
    assert all(len(case["why"]) > 8 for case in EXPECTED.values())
    assert all(("sheets" in case) != ("refused" in case) for case in EXPECTED.values())


def test_the_script_and_the_folder_agree(tmp_path: Path) -> None:
    """The committed files are those of the script: all by name, text and expectations by byte."""
    from corpus import make_corpus

    cases = make_corpus.gather()
    files = {p.name for p in CORPUS.iterdir() if p.suffix not in {".py", ".md"} and p.is_file()}
    assert files - {"expected.json", "outcomes.json"} == {case.file for case in cases}
    assert make_corpus.expected() == EXPECTED
    for case in cases:
        if case.text and not case.file.endswith((".xlsx", ".zip")):
            case.make(tmp_path / case.file)
            made, kept = (tmp_path / case.file).read_bytes(), (CORPUS / case.file).read_bytes()
            assert made == kept or made.startswith(b"PK"), case.file


def test_reading_changes_no_file(tmp_path: Path) -> None:
    for name in ("layers.gpkg", "shape_bare.zip", "merged_township.xlsx"):
        copy = tmp_path / name
        copy.write_bytes((CORPUS / name).read_bytes())
        read_file(copy)
        assert copy.read_bytes() == (CORPUS / name).read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {
        "layers.gpkg",
        "shape_bare.zip",
        "merged_township.xlsx",
    }
