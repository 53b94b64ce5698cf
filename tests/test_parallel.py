"""Commands side by side: nobody's report is lost, nobody meets a traceback."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import processes
from coverage.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

RUNS = 50
AT_ONCE = 4 * (os.cpu_count() or 2)
LIST = "名称,类型,乡镇,床位数\n{0}养老服务中心,养老服务中心,石狮埠街道,{1}\n"


def _all(commands: list[list[str]], folder: Path) -> list[processes.Ended]:
    def run(command: list[str]) -> processes.Ended:
        return processes.run(*command, cwd=folder)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(run, commands))
    for one in done:
        assert "Traceback" not in one.stderr
        assert one.returncode in {0, 2}, one.stderr
    return done


@pytest.mark.slow
def test_imports_reports_and_inits_side_by_side(tmp_path: Path) -> None:
    main(["init", str(tmp_path / "w"), "--city", "珠山"])
    commands = []
    for n in range(RUNS):
        (tmp_path / f"{n}.csv").write_text(LIST.format(n, n + 1), encoding="utf-8")
        match n % 5:
            case 3:
                commands.append(["report", "--city", "珠山", "--out", "out"])
            case 4:
                commands.append(["init", "new", "--city", "珠山"])
            case _:
                commands.append(["import", "facilities", f"{n}.csv", "--workspace", "w"])
    done = _all(commands, tmp_path)
    codes = {name: [d.returncode for c, d in zip(commands, done, strict=True) if c[0] == name]
             for name in ("import", "report", "init")}  # fmt: skip
    assert set(codes["import"]) == {0}
    assert set(codes["report"]) == {0}
    assert sorted(codes["init"]) == [0] + [2] * (RUNS // 5 - 1)
    reports = [json.loads(p.read_text("utf-8")) for p in (tmp_path / "w/intake").glob("*.json")]
    assert len(reports) == len(codes["import"]), "every import has its report"
    assert {r["file"] for r in reports} == {c[2] for c in commands if c[0] == "import"}
    register = (tmp_path / "w" / "facilities.csv").read_text("utf-8-sig").splitlines()
    assert len(register) == 2, "each list replaces the kind: the last one stands, whole"
    assert not [p for p in tmp_path.rglob(".coverage-*") if p.is_dir()]


@pytest.mark.slow
def test_lists_added_side_by_side_are_all_there(tmp_path: Path) -> None:
    main(["init", str(tmp_path / "w"), "--city", "珠山"])
    for n in range(12):
        (tmp_path / f"{n}.csv").write_text(LIST.format(f"第{n}", n + 1), encoding="utf-8")
    _all([["import", "facilities", f"{n}.csv", "--add", "--workspace", "w"] for n in range(12)],
         tmp_path)  # fmt: skip
    register = (tmp_path / "w" / "facilities.csv").read_text("utf-8-sig").splitlines()
    assert len(register) == 13, "none is lost between another's reading and writing"
