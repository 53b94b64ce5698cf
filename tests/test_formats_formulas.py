"""Cells that a spreadsheet would run: guarded when written, whole when read back."""

from __future__ import annotations

import csv
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.formats.formulas import guarded, runs, unguarded
from coverage.formats.tables import csv_text, read_table

if TYPE_CHECKING:
    from pathlib import Path

LIVE = [
    "=1+1",
    "+86 x",
    "-cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\tx",
    "\r=1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "  =1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u00a0@SUM(A1)",
    "\u2060\u200d =1",
    "\x01=1",
    "-2+3",
    '=HYPERLINK("http://127.0.0.1/x","y")',
]
STILL = ["-5", "+3.2", "-0.5", "-", "--", "甲", "'s-Gravenhage", "甲=乙", "1-2", "", " ", "—"]


@pytest.mark.parametrize("text", LIVE)
def test_what_would_run_is_guarded(text: str) -> None:
    assert runs(text)
    assert guarded(text) == "'" + text
    assert unguarded("'" + text) == text


@pytest.mark.parametrize("cell", [*STILL, -5, -5.5, None])
def test_what_would_not_is_left(cell: object) -> None:
    assert not runs(cell)
    assert guarded(cell) == cell


_SIGNS = st.text(st.sampled_from("'=+-@＝－ \t\r\u200b\ufeff\u00a05.x甲"), max_size=8)


@given(_SIGNS | st.text(max_size=30))
def test_nothing_is_lost_by_the_guard(text: str) -> None:
    kept = guarded(text)
    assert isinstance(kept, str)
    assert not runs(kept)
    assert unguarded(kept) == text


@given(
    st.lists(
        _SIGNS.map(str.strip) | st.text(max_size=20).map(lambda t: t.replace("\0", "").strip()),
        min_size=1,
        max_size=5,
    )
)
def test_a_table_of_ours_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    written = csv_text(["n", "name"], [(n, text) for n, text in enumerate(texts)])
    path.write_bytes(written.encode("utf-8", "surrogatepass"))
    assert [record.get("name") for record in read_table(path).records] == texts


def test_heads_are_guarded_too(tmp_path: Path) -> None:
    text = csv_text(["=1+1", "甲"], [("a", "b")])
    assert text.startswith("'=1+1,")
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert read_table(path).columns == ("=1+1", "甲")


@pytest.mark.slow
def test_an_office_computes_nothing(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    live = [text for text in LIVE if "\r" not in text]
    (tmp_path / "t.csv").write_text(csv_text(["v"], [[t] for t in live], bom=True), "utf-8")
    to = ["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true"]
    home = f"-env:UserInstallation=file://{tmp_path / 'office'}"
    command = [
        office,
        home,
        "--headless",
        "--infilter=CSV:44,34,76",
        *to,
        "--outdir",
        str(tmp_path / "out"),
        "t.csv",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    with (tmp_path / "out" / "t.csv").open(encoding="utf-8", newline="") as file:
        cells = [row[0] for row in csv.reader(file)][1:]
    assert [cell.lstrip("'").strip() for cell in cells] == [text.strip() for text in live]
