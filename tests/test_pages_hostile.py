"""Names that attack: on no page that the tool writes does anything from data run or fetch."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coverage.cli.main import main
from coverage.formats.webpage import sealed
from helpers import centre, run, write_register
from map_page import browser, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "data"
RUNS = "window.pwned=1"
HOSTILE = [
    f"太和镇<img src=x onerror={RUNS}>",
    f"</script><script>{RUNS}</script>",
    f"<svg/onload={RUNS}>",
    f"\"><iframe srcdoc='<script>parent.{RUNS}</script>'></iframe>",
    f"<a href='javascript:{RUNS}'>x</a><!--",
    "<style>@import url(http://127.0.0.1:9/x)</style>\u2028{{ 7*7 }}",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUNS}'>",
    "\u202egpj.exe",
]
PLAN = """
[[indicators]]
id = "x.y"
name = '{name}'
system = "大养老"
clause = '{name}'
level = "township"
measure = "unit_share"
note = '{name}'
[indicators.match]
kinds = ["elder_care"]
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strict readers let everything in, as if they had a hole."""
    monkeypatch.setattr("coverage.fields.unseen", lambda _: None)


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace whose units and facilities are called as an attacker would call them."""
    folder = tmp_path / "w"
    main(["init", str(folder), "--city", "珠山"])
    rows = list(csv.reader(io.StringIO((DATA / "units/360203.csv").read_text("utf-8-sig"))))
    place = rows[0].index("name")
    for number, row in enumerate(rows[1:]):
        row[place] = HOSTILE[number % len(HOSTILE)]
    with (folder / "units.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    code = next(row[0] for row in rows[1:] if len(row[0]) == 9)
    facilities = [centre(n, code, name=name, note=name) for n, name in enumerate(HOSTILE)]
    write_register(folder / "facilities.csv", facilities)
    return folder


def _provoke(page: Any) -> None:
    """Open every tooltip and popup, and type every name into the search."""
    page.run(
        """(async () => {
          const layers = [];
          (function walk(group) {
            group.eachLayer(l => { layers.push(l); if (l.eachLayer) walk(l); });
          })(map_city);
          for (const layer of layers) {
            if (layer.openTooltip) try { layer.openTooltip(); } catch (e) {}
            if (layer.openPopup) try { layer.openPopup(); } catch (e) {}
            await new Promise(done => setTimeout(done, 5));
          }
          const input = document.querySelector("#search input");
          for (const word of ["<", "script", "太", "x"]) {
            input.value = word;
            input.dispatchEvent(new Event("input"));
            const hits = [...document.querySelectorAll("#search .results button")];
            hits.slice(0, 5).forEach(hit => hit.click());
          }
        })()"""
    )


def _calm(page: Any) -> None:
    page.page.wait_for_timeout(150)
    assert page.run("window.pwned") is None
    assert page.requests == []
    assert [m for m in page.messages if "Content Security Policy" in m or "error" in m] == []


@pytest.mark.usefixtures("open_door")
def test_a_map(chromium: Any, space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = space / "map.html"
    done = run(capsys, "map", "--workspace", str(space), "--out", str(out))
    assert done.code == 0, done.err
    with opened(chromium, out) as page:
        _provoke(page)
        _calm(page)
        page.run("map_city.closePopup()")
        tooltips = page.run(
            "Object.values(map_city._layers).filter(l => l.getTooltip && l.getTooltip())"
            ".map(l => { l.openTooltip(); return l.getTooltip()._contentNode.innerText; })"
        )
        assert any("<img src=x" in text for text in tooltips), "the name is shown as it is"


@pytest.mark.usefixtures("open_door")
def test_a_map_of_a_scenario_and_a_brief(
    chromium: Any, space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "s.toml"
    scenario.write_text(
        f"name = '{HOSTILE[0]}'\nnote = '{HOSTILE[1]}'\ncity = '珠山'\n[[add]]\nid = 'new'\n"
        f"name = '{HOSTILE[2]} 2'\nkind = 'elder_care'\nlon = 117.21\nlat = 29.29\nbeds = 10\n",
        encoding="utf-8",
    )
    out = tmp_path / "map.html"
    done = run(
        capsys, "map", "--workspace", str(space), "--scenario", str(scenario), "--out", str(out)
    )
    assert done.code == 0, done.err
    with opened(chromium, out) as page:
        _provoke(page)
        _calm(page)
    made = run(
        capsys, "brief", "--workspace", str(space), "--scenario", str(scenario),
        "--formats", "html", "--out", str(tmp_path / "b"),
    )  # fmt: skip
    assert made.code == 0, made.err
    with opened(chromium, tmp_path / "b" / "brief.html", wait="main h1") as page:
        page.run("document.querySelectorAll('a').forEach(a => a.click())")
        _calm(page)
        assert page.run("[...document.scripts].every(s => s.type == 'application/json')")
        assert page.run("document.querySelector('iframe, main svg, main img[src=x]')") is None


def test_the_page_of_an_import(
    chromium: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = tmp_path / "w"
    main(["init", str(space), "--city", "珠山"])
    book = tmp_path / "名<img src=x onerror=window.pwned=1>.csv"
    rows = [["名称", "类型", "乡镇", f"<b onclick={RUNS}>备注"]]
    rows += [[name, name, name, name] for name in HOSTILE]
    with book.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    run(capsys, "import", "facilities", str(book), "--workspace", str(space))
    (made,) = (space / "intake").glob("*.html")
    with opened(chromium, made, wait="main") as page:
        page.run("document.querySelectorAll('main *').forEach(e => e.click())")
        _calm(page)
        assert page.run("document.querySelector('main img, main iframe, main script')") is None


def test_what_is_slipped_into_a_finished_page_does_not_run(
    chromium: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.html"
    assert run(capsys, "map", "--city", "珠山", "--out", str(out)).code == 0
    with opened(chromium, out) as page:
        page.run(
            "document.body.insertAdjacentHTML('beforeend', "
            f'`<img src=x onerror="{RUNS}"><a id=j href="javascript:{RUNS}">x</a>'
            f'<iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>`)'
        )
        page.run("document.getElementById('j').click()")
        page.page.wait_for_timeout(200)
        assert page.run("window.pwned") is None
        assert "Content Security Policy" in " ".join(page.messages)
        asked = page.run("fetch('https://example.org/').then(() => 'sent', e => String(e))")
        assert "TypeError" in asked
        assert not any("example.org" in url for url in page.requests)


def test_the_body_of_a_page_is_never_trusted() -> None:
    page = sealed(
        "<!doctype html><head><meta charset=utf-8><script>a()</script></head>"
        "<body><script>evil()</script><style>evil{}</style></body><script>b()</script></html>"
    )
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].count("'sha256-") == 2
    assert "style-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_door_names_file_row_and_column(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = write_register(tmp_path / "r.csv", [centre(1, "360203001", name=name)])
    done = run(capsys, "report", "--city", "珠山", "--facilities", str(register))
    assert done.code == 2
    assert "r.csv" in done.err
    assert "row 2" in done.err
    assert "name" in done.err


def test_the_door_of_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = tmp_path / "s.toml"
    scenario.write_text(f'name = "{HOSTILE[0]}"\n', encoding="utf-8")
    done = run(capsys, "scenario", "check", str(scenario), "--city", "珠山")
    assert done.code == 2
    assert "markup" in done.err


def test_an_import_cleans_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = tmp_path / "w"
    main(["init", str(space), "--city", "珠山"])
    source = tmp_path / "r.csv"
    names = ["曙光路养老<b>服务</b>中心", "曙光路\u202e养老服务二中心"]
    text = "名称,类型,乡镇\n" + "".join(f"{n},养老服务中心,石狮埠街道\n" for n in names)
    source.write_text(text, encoding="utf-8")
    done = run(capsys, "import", "facilities", str(source), "--workspace", str(space))
    assert done.code == 0
    (page,) = (space / "intake").glob("*.html")
    assert page.read_text(encoding="utf-8").count("去掉不可见字符或网页标记") == 2
    kept = (space / "facilities.csv").read_text(encoding="utf-8-sig")
    assert "<b>" not in kept
    assert "\u202e" not in kept
    shutil.rmtree(space)
