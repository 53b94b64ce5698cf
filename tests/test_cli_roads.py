"""`coverage roads fetch`: a download that ends in a file, or in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.roads.sources import load
from helpers import run
from test_roads_fetch import GOOD, overpass, pauses  # noqa: F401 -- fixtures

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from test_roads_fetch import Overpass


def test_a_download_becomes_a_file_that_loads(
    capsys: pytest.CaptureFixture[str],
    overpass: Overpass,  # noqa: F811
    tmp_path: Path,
) -> None:
    overpass.say((200, GOOD))
    out = tmp_path / "roads.graphml"
    args = ("--endpoint", overpass.url, "--cache", str(tmp_path / "cache"), "--out", str(out))
    done = run(capsys, "roads", "fetch", "--city", "清远", *args)
    assert done.code == 0, done.err
    assert "OpenStreetMap" in done.err
    assert load(out, cache=False).edge_count > 0


def test_no_network_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    pauses: list[float],  # noqa: F811, ARG001
) -> None:
    args = ("--endpoint", "http://127.0.0.1:9/api", "--cache", str(tmp_path / "c"))
    out = tmp_path / "x.graphml"
    done = run(capsys, "roads", "fetch", "--city", "清远", *args, "--out", str(out))
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1
    assert not out.exists()
