"""`coverage report` and its neighbours as a user meets them: output, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from coverage.city import City
from coverage.results.from_report import schema
from coverage.text import width
from helpers import centre, run, write_register

CITIES = ("清远", "中山", "阳江", "江门", "珠山")
INTEGRATED = "elder_care.integrated_township"
TOWNSHIPS = [u.code for u in City.load("清远").units.townships]


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tables_fit_100_columns(capsys: pytest.CaptureFixture[str], city: str, lang: str) -> None:
    done = run(capsys, "report", "--city", city, "--lang", lang)
    assert done.code == 0
    assert max(width(line) for line in done.out.splitlines()) <= 100
    assert "\x1b" not in done.out, "a pipe gets no control codes"
    heading = done.out.splitlines()[0]
    assert ("含示意数据" if lang == "zh" else "ILLUSTRATIVE") in heading


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("more", [(), ("--provenance", "published,surveyed"), ("--lang", "en")])
def test_json_follows_the_published_schema(
    capsys: pytest.CaptureFixture[str], city: str, more: tuple[str, ...]
) -> None:
    done = run(capsys, "report", "--city", city, "--format", "json", *more)
    assert done.code == 0
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(done.data, schema())
    assert len({i["id"] for i in done.data["indicators"]}) == len(done.data["indicators"])


def test_the_schema_refuses_a_broken_report(capsys: pytest.CaptureFixture[str]) -> None:
    data = run(capsys, "report", "--city", "珠山", "--format", "json").data
    data["indicators"][0]["status"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema())


def test_four_names_of_one_city(capsys: pytest.CaptureFixture[str]) -> None:
    outs = {
        run(capsys, "report", "--city", name, "--format", "json").out
        for name in ("清远", "清远市", "qingyuan", "441800")
    }
    assert len(outs) == 1


def test_40_centres_are_12_short(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = write_register(tmp_path / "r.csv", [centre(n, c) for n, c in enumerate(TOWNSHIPS[:40])])
    args = ("--facilities", str(path), "--indicator", INTEGRATED, "--format", "json")
    (found,) = run(capsys, "report", "--city", "清远", *args).data["indicators"]
    assert (found["numerator"], found["denominator"]) == (40, 85)
    assert found["value"] == pytest.approx(4000 / 85, abs=1e-12)
    gaps = {(t["year"], t["op"]): t["gap_units"] for t in found["targets"]}
    assert gaps[2025, ">"] == 12
    assert gaps[2025, "≥"] == 11
    assert len(found["missing"]) == 45
    assert found["provenance"] == {"surveyed": 40}
    assert sum(c["denominator"] for c in found["by_county"]) == 85


def test_out_writes_table_json_and_a_csv_per_indicator(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "报告"
    done = run(capsys, "report", "--city", "清远", "--out", str(out))
    assert done.code == 0
    data = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (out / "report.txt").read_text(encoding="utf-8").startswith("清远市")
    for indicator in data["indicators"]:
        raw = (out / f"{indicator['id']}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 by its byte order mark"
    text = (out / f"{INTEGRATED}.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert "示意" in ",".join(rows[0])
    missing = [r[1] for r in rows[1:] if r[4] == "missing"]
    found = next(i for i in data["indicators"] if i["id"] == INTEGRATED)
    assert missing == found["missing"]
    assert len(rows) == 1 + 85


def test_out_may_be_written_again_but_never_over_another_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(capsys, "report", "--city", "珠山", "--out", str(out)).code == 0
    assert run(capsys, "report", "--city", "珠山", "--out", str(out)).code == 0
    (out / "report.md").write_text("my own notes", encoding="utf-8")
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    done = run(capsys, "report", "--city", "珠山", "--lang", "en", "--out", str(out))
    assert done.code == 2
    assert "report.md" in done.err
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before

    other = tmp_path / "other"
    other.mkdir()
    (other / "summary.csv").write_text("keep me", encoding="utf-8")
    done = run(capsys, "report", "--city", "珠山", "--out", str(other))
    assert done.code == 2
    assert [p.name for p in other.iterdir()] == ["summary.csv"], "nothing half-written"


def test_out_respects_folders_links_and_other_cities(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    (taken / "report.json").mkdir(parents=True)
    assert run(capsys, "report", "--city", "珠山", "--out", str(taken)).code == 2
    assert [p.name for p in taken.iterdir()] == ["report.json"]

    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "report.txt").symlink_to(tmp_path / "nowhere")
    assert run(capsys, "report", "--city", "珠山", "--out", str(linked)).code == 2
    assert (linked / "report.txt").is_symlink()

    again = tmp_path / "again"
    assert run(capsys, "report", "--city", "中山", "--out", str(again)).code == 0
    assert run(capsys, "report", "--city", "珠山", "--out", str(again)).code == 0
    data = json.loads((again / "report.json").read_text(encoding="utf-8"))
    tables = {p.stem for p in again.glob("*.*.csv")}
    assert tables == {i["id"] for i in data["indicators"]}, "no table of the other city is left"


def test_a_narrow_terminal_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = run(capsys, "report", "--city", "清远").out
    monkeypatch.setenv("COLUMNS", "40")
    assert run(capsys, "report", "--city", "清远").out == wide


def test_targets_are_printed_with_every_decimal(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "report", "--city", "清远").out
    assert "0.0235" in out
    assert "0.46" in out


def test_bad_options_are_named_together(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--year", "1999", "--provenance", "x", "--indicator", "a.b", "--facilities", "no.csv")
    done = run(capsys, "report", "--city", "清远", *args)
    assert done.code == 2
    assert all(said in done.err for said in ("1999", "'x'", "a.b", "no.csv"))


def test_csv_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(
        csv.DictReader(io.StringIO(run(capsys, "report", "--city", "清远", "--format", "csv").out))
    )
    last = list(rows[0])[-1]
    assert "示意" in last
    aims = [r for r in rows if r["id"] == INTEGRATED and r["target_year"] == "2025"]
    assert {r["op"] for r in aims} == {">", "≥"}
    assert all(r["clause"] for r in aims)
    text = run(capsys, "report", "--city", "清远", "--format", "markdown").out
    assert text.startswith("# 清远市")
    assert "含示意数据" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--city", "广州"), "广州"),
        (("--city", "清远", "--indicator", "elder_care.nothing"), "elder_care.nothing"),
        (("--city", "清远", "--year", "1999"), "1999"),
        (("--city", "清远", "--year", "soon"), "soon"),
        (("--city", "清远", "--provenance", "hearsay"), "hearsay"),
        (("--city", "清远", "--facilities", "no-such-file.csv"), "no-such-file.csv"),
        (("--city", "清远", "--format", "pdf"), "pdf"),
        ((), "--city"),
    ],
)
def test_bad_input_says_what_and_exits_with_2(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    done = run(capsys, "report", *args)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


def test_every_bad_row_is_named_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [
        centre(1, TOWNSHIPS[0]),
        centre(1, TOWNSHIPS[1]),
        centre(3, "440106001"),
        centre(4, TOWNSHIPS[1], beds="-5"),
        centre(5, TOWNSHIPS[1], beds="5", nursing_beds="6"),
    ]
    path = write_register(tmp_path / "台账.csv", rows)
    out = tmp_path / "out"
    done = run(capsys, "report", "--city", "清远", "--facilities", str(path), "--out", str(out))
    assert done.code == 2
    for number, column in ((3, "id"), (4, "unit_code"), (5, "beds"), (6, "nursing_beds")):
        assert f"台账.csv, row {number}, column {column}" in done.err
    assert not out.exists()


def test_cities_plan_sources_version(capsys: pytest.CaptureFixture[str]) -> None:
    cities = run(capsys, "cities", "--format", "json").data
    assert {c["code"] for c in cities} == {"441800", "442000", "441700", "440700", "360203"}
    plan = run(capsys, "plan", "--city", "清远")
    assert plan.code == 0
    assert INTEGRATED in plan.out
    assert max(width(line) for line in plan.out.splitlines()) <= 100
    assert "≥60" in plan.out
    assert ">60" in plan.out
    listed = run(capsys, "plan", "--city", "珠山", "--format", "csv", "--lang", "en")
    assert "child.township_station" in listed.out
    sources = run(capsys, "sources", "--format", "json").data
    assert all(s["licence"] and s["origin"] for s in sources)
    data = Path(__file__).parents[1] / "data"
    files = {str(p.relative_to(data)) for p in data.rglob("*.*") if p.is_file()}
    assert files - {"sources.csv", "README.md"} <= {s["file"] for s in sources}
    assert run(capsys, "--version").out.startswith("facility-coverage 0.")


def test_a_slip_in_a_command_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "reprot")
    assert done.code == 2
    assert "Did you mean 'report'" in done.err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert "coverage report --city 清远" in run(capsys, "--help").out
    assert "--provenance published,surveyed" in run(capsys, "report", "--help").out


def test_a_closed_pipe_is_no_error() -> None:
    """`coverage report | head -1` ends quietly."""
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'coverage.cli.main', 'report', '--city',"
        " '江门', '--format', 'json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "p.stdout.read(10); p.stdout.close(); err = p.stderr.read(); p.wait()\n"
        "print(p.returncode, b'Traceback' in err)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]


def test_a_plain_terminal_locale_prints_chinese() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coverage.cli.main", "cities"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    )
    assert "清远市" in done.stdout.decode("utf-8")


def test_a_value_stands_where_the_register_tells_none_and_nowhere_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "v.csv"
    asked = ("report", "--city", "清远", "--values", str(file), "--format", "json")
    file.write_text("id,value\nchild.township_station,55\n", encoding="utf-8")
    done = run(capsys, *asked)
    (one,) = [i for i in done.data["indicators"] if i["id"] == "child.township_station"]
    assert (one["value"], one["status"]) == (55, "met")
    file.write_text("id,value\nelder_care.integrated_township,55\n", encoding="utf-8")
    done = run(capsys, *asked)
    assert done.code == 2
    assert "elder_care.integrated_township" in done.err
    assert "不能填报" in done.err
