"""`coverage scenario check` and `run` refuse the same; check says everything at once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

GOOD = (
    'name = "{0}"\ncity = "珠山"\n[[add]]\nid = "x-1"\nname = "新中心"\nkind = "elder_care"\n'
    "lon = 117.21\nlat = 29.30\n"
)
SLIPS = {
    "kind": '[[add]]\nid = "x-2"\nname = "乙"\nkind = "养老所"\nlon = 117.21\nlat = 29.3\n',
    "facility": '[[close]]\nfacility = "没有这家"\n',
    "bridge": "[[road]]\nbridge = { from = [110.0, 20.0], to = [117.21, 29.30] }\n",
    "profile": '[limit]\nprofile = "飞"\n',
    "minutes": "[limit]\nminutes = -3\n",
    "syntax": "[[add\n",
}
# Broken scenarios, and what is broken on the command line beside them.
BROKEN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nothing": ((), ()),
    "year": ((), ("--year", "1999")),
    "minutes": ((), ("--minutes", "-1")),
    "roads": ((), ("--roads", "broken.osm")),
    "people": ((), ("--population", "broken.csv")),
    "register": ((), ("--facilities", "broken.csv")),
    "two files": (("kind", "facility"), ()),
    "file and year": (("kind",), ("--year", "1999")),
    "file, roads and people": (
        ("facility",), ("--roads", "broken.osm", "--population", "broken.csv"),
    ),
    "bridge": (("bridge",), ()),
    "profile and limit": (("profile", "minutes"), ()),
    "syntax and register": (("syntax", "kind"), ("--facilities", "broken.csv")),
    "all": (tuple(SLIPS), ("--year", "1999", "--minutes", "-1", "--roads", "broken.osm")),
}  # fmt: skip


def _written(folder: Path, slips: tuple[str, ...]) -> list[str]:
    """One scenario for each slip, and one without; the broken files beside them."""
    (folder / "broken.osm").write_text("<osm><way", encoding="utf-8")
    (folder / "broken.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    texts = {"good": ""} | {slip: SLIPS[slip] for slip in slips}
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(GOOD.format(name) + text, encoding="utf-8")
    return [f"{name}.toml" for name in texts]


def _sentences(err: str) -> set[str]:
    return {line for line in err.splitlines() if line.startswith("error: ")}


OPTIONS = {
    "--year": ("2025", "1999"),
    "--minutes": ("20", "-1"),
    "--roads": ("broken.osm", "missing.osm"),
    "--population": ("broken.csv",),
    "--facilities": ("broken.csv",),
    "--kind": ("elder_care", "养老所"),
    "--profile": ("drive", "飞"),
}


def _drawn(seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Some slips and some options, good and bad, by chance."""
    draw = random.Random(seed)
    slips = tuple(draw.sample(list(SLIPS), draw.choice((0, 0, 1, 2))))
    flags = draw.sample(list(OPTIONS), draw.randint(0, 3))
    return slips, tuple(word for flag in flags for word in (flag, draw.choice(OPTIONS[flag])))


@pytest.mark.parametrize("case", [*BROKEN, *range(24)])
def test_check_ends_as_run_does_and_says_all_that_it_says(
    case: str | int,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    slips, options = BROKEN[case] if isinstance(case, str) else _drawn(case)
    args = (*_written(tmp_path, slips), *options, "--lang", "en")
    ran, checked = run(capsys, "scenario", "run", *args), run(capsys, "scenario", "check", *args)
    assert checked.code == ran.code, (ran.err, checked.err)
    assert _sentences(ran.err) <= _sentences(checked.err)
    assert bool(_sentences(ran.err)) == (ran.code == 2)


def test_what_could_not_be_computed_is_said_where_a_run_is_accepted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    args = (*_written(tmp_path, ()), "--roads", "broken.osm", "--lang", "en")
    done = run(capsys, "scenario", "check", *args)
    assert done.code == 0
    assert "travel times are not computed: the file is damaged" in done.out


def test_every_file_is_named_whatever_stops_the_run_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = _written(tmp_path, ("kind", "facility"))
    options = ("--roads", "broken.osm", "--population", "broken.csv", "--year", "1999")
    done = run(capsys, "scenario", "check", *files, *options, "--minutes", "-1", "--lang", "en")
    assert done.code == 2
    told = "\n".join(_sentences(done.err))
    for named in ("kind.toml", "facility.toml", "broken.osm", "broken.csv", "1999", "-1"):
        assert named in told, told
