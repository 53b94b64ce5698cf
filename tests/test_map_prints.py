"""Maps and charts on paper: sizes, formats, letters, grey copies, and what goes wrong."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from coverage.assessment import assess
from coverage.city import City
from coverage.errors import InputError
from coverage.maps import charts, fonts, paper, prints, styles
from coverage.maps.before_after import Wanted, now
from coverage.maps.compose import build
from coverage.maps.paper import Sheet, drawing
from coverage.results.document import HIDDEN
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.maps.view import View
    from coverage.results.circles import Circles
    from coverage.results.document import Document

INTEGRATED = "elder_care.integrated_township"


@cache
def _view(lang: Any = "zh") -> View:
    report = assess(City.load("清远"))
    return build(City.load("清远"), now(report, Wanted(lang=lang)), lang=lang)


@cache
def _data() -> tuple[Document, Circles]:
    (moment,) = now(assess(City.load("清远")), Wanted())
    assert moment.reach is not None
    return moment.document, moment.reach


@pytest.fixture(autouse=True)
def _needs_a_font() -> None:
    if len(fonts.families()) == 1:
        pytest.skip("needs a Chinese font: apt install fonts-noto-cjk")


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Sheet]:
    """Sheets as they were when they were written."""
    found: list[Sheet] = []
    plain = Sheet.save

    def save(sheet: Sheet, path: Path, *, dpi: float = 300) -> None:
        found.append(sheet)
        plain(sheet, path, dpi=dpi)

    monkeypatch.setattr(Sheet, "save", save)
    return found


@pytest.mark.parametrize(("size", "inches"), [("A4", (11.693, 8.268)), ("A3", (16.535, 11.693))])
def test_a_picture_has_the_size_of_its_paper(
    tmp_path: Path, size: str, inches: tuple[float, float]
) -> None:
    path = tmp_path / "清远.png"
    prints.draw(_view(), path, size=size, dpi=60)
    high, wide = imread(path).shape[:2]
    assert wide == pytest.approx(inches[0] * 60, abs=1)
    assert high == pytest.approx(inches[1] * 60, abs=1)
    assert list(tmp_path.iterdir()) == [path]


def test_300_dpi_by_default() -> None:
    assert paper.DPI == 300


def test_pdf_and_svg(tmp_path: Path) -> None:
    prints.draw(_view(), tmp_path / "m.pdf", dpi=60)
    raw = (tmp_path / "m.pdf").read_bytes()
    assert raw.startswith(b"%PDF")
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", raw)
    assert box is not None
    assert float(box[1]) == pytest.approx(841.89, abs=0.1)
    prints.draw(_view(), tmp_path / "m.svg", dpi=60)
    text = (tmp_path / "m.svg").read_text(encoding="utf-8")
    assert text.count("<path") > 500
    assert "<text" not in text, "letters are shapes: no font is needed to read it"
    assert "/tmp" not in text


def test_the_same_view_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        prints.draw(_view(), tmp_path / name, dpi=50)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("size", ["A4", "A3"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_words_cover_each_other_or_leave_the_sheet(
    tmp_path: Path, saved: list[Sheet], size: str, lang: str
) -> None:
    """Measured by the drawing library itself, not by the estimate that placed them."""
    prints.draw(_view(lang), tmp_path / "m.png", size=size, dpi=72)
    figure = saved[0].figure
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    names = [t for axes in figure.axes for t in axes.texts if t.get_gid() == "name"]
    assert len(names) > 70
    boxes = [t.get_window_extent(renderer) for t in names]
    plain = [t.get_window_extent(renderer) for t in figure.texts if t.get_text().strip()]
    for found, slack in ((boxes, 1.0), (plain, 2.5)):
        for n, one in enumerate(found):
            for other in found[n + 1 :]:
                wide = min(one.x1, other.x1) - max(one.x0, other.x0)
                high = min(one.y1, other.y1) - max(one.y0, other.y0)
                assert not (wide > slack and high > slack), (one, other)
    page = figure.bbox
    for one in (*boxes, *plain):
        assert page.x0 - 1 <= one.x0
        assert one.x1 <= page.x1 + 1
        assert page.y0 - 1 <= one.y0
        assert one.y1 <= page.y1 + 1


def test_the_legend_has_the_reports_counts(tmp_path: Path, saved: list[Sheet]) -> None:
    prints.draw(_view(), tmp_path / "m.png", dpi=50)
    words = saved[0].texts()
    found = _data()[0].indicator(INTEGRATED)
    assert str(len(found.covered or ())) in words
    assert str(len(found.missing or ())) in words
    assert any(f"{found.numerator}/{found.denominator}" in text for text in words)
    for row in found.by_county:
        assert any(text.startswith(f"{row.numerator}/{row.denominator} ") for text in words)
    for word in ("示意图·含示意数据", "县界", "北", "主要道路", "5 分钟"):
        assert word in words
    assert any("资料来源" in text for text in words)
    assert any(text.endswith(" km") for text in words)


@pytest.mark.parametrize("level", ["township", "county"])
@pytest.mark.parametrize("theme", [None, "reach", "social_work.township_station"])
def test_every_theme_and_level(tmp_path: Path, theme: str | None, level: str) -> None:
    prints.draw(_view(), tmp_path / "m.png", theme=theme, level=level, crowd=True, dpi=50)


def test_colours_survive_a_grey_copy_and_colour_blindness() -> None:
    covered, missing = styles.fill("covered"), styles.fill("missing")
    assert abs(styles.luminance(covered.colour) - styles.luminance(missing.colour)) > 0.4
    assert missing.hatch == "lines"
    assert styles.fill("unknown").hatch == "dots"
    steps = [styles.luminance(colour) for colour in styles.SCALE]
    assert all(a - b > 0.05 for a, b in pairwise(steps))
    for matrix in _BLIND.values():
        a, b = (_seen(matrix, look.colour) for look in (covered, missing))
        assert np.abs(a - b).max() > 0.25


# Viénot, Brettel and Mollon (1999), linear RGB.
_BLIND = {
    "protan": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
    "deutan": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
}


def _seen(matrix: Any, colour: str) -> Any:
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]) ** 2.2
    return np.array(matrix) @ rgb


def test_charts_say_what_the_data_says(tmp_path: Path, saved: list[Sheet]) -> None:
    document, reach = _data()
    found = document.indicator(INTEGRATED)
    better = replace(found, value=Fraction(60))
    indicators = tuple(better if i is found else i for i in document.indicators)
    after = replace(document, indicators=indicators)
    charts.targets(document, tmp_path / "targets.png", dpi=60)
    charts.counties(document, tmp_path / "counties.svg", indicator=INTEGRATED, dpi=60)
    charts.nearest([("现状", reach)], tmp_path / "nearest.pdf", dpi=60)
    charts.before_after(document, after, tmp_path / "both.png", dpi=60)
    targets, counties, nearest, both = (_words(sheet.figure) for sheet in saved)
    assert "47.1%  >60%" in targets
    for row in found.by_county:
        assert any(t.startswith(f"{row.numerator}/{row.denominator} ") for t in counties)
    city = next(r for r in reach.nearest if r.level == "city")
    for seconds in city.percentiles.values():
        assert seconds is None or f"{seconds / 60:,.0f}" in nearest
    assert "47.1% → 60%" in both
    for words in (targets, counties, nearest, both):
        assert "含示意数据" in words
    assert len(list(tmp_path.iterdir())) == 4


def _words(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def test_what_is_kept_back_is_not_drawn(tmp_path: Path) -> None:
    document = _data()[0]
    hidden = (replace(i, value=HIDDEN, numerator=HIDDEN) for i in document.indicators)
    document = replace(document, indicators=tuple(hidden))
    with pytest.raises(InputError, match="没有可画的数据"):
        charts.targets(document, tmp_path / "t.png")
    assert not list(tmp_path.iterdir())


def test_without_a_chinese_font_there_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fonts, "_installed", tuple)
    done = run(capsys, "map", "--city", "珠山", "--out", str(tmp_path / "m.png"), "--dpi", "50")
    assert done.code == 2
    assert done.err.count("错误 error") == 1
    assert "中文字体" in done.err
    assert "fonts-noto-cjk" in done.err
    assert not list(tmp_path.iterdir())


def test_a_character_that_no_font_has_is_named(tmp_path: Path) -> None:
    with drawing():
        sheet = Sheet(50, 20)
        sheet.text(2, 2, "清远\U0010fffd")
        with pytest.raises(InputError, match="缺字：\U0010fffd"):
            sheet.save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_a_named_font_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from matplotlib import get_data_path

    monkeypatch.setenv("COVERAGE_FONT", f"{get_data_path()}/fonts/ttf/DejaVuSerif.ttf")
    assert fonts.families()[0] == "DejaVu Serif"
    broken = tmp_path / "x.ttf"
    broken.write_bytes(b"no font")
    monkeypatch.setenv("COVERAGE_FONT", str(broken))
    with pytest.raises(InputError, match="字体文件"):
        fonts.families()


def _full(*_args: Any, **_options: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["m.png", "m.html"])
@pytest.mark.parametrize("trouble", ["full", "folder", "file"])
def test_what_cannot_be_written_is_said_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    trouble: str,
) -> None:
    out = tmp_path / name
    if trouble == "full":
        out.write_text("earlier", encoding="utf-8")
        monkeypatch.setattr(Figure, "savefig", _full)
        monkeypatch.setattr("pathlib.Path.write_text", _full)
    elif trouble == "folder":
        out.mkdir()
    else:
        (tmp_path / "file").write_text("x", encoding="utf-8")
        out = tmp_path / "file" / name
    done = run(capsys, "map", "--city", "珠山", "--out", str(out), "--dpi", "50")
    assert done.code == 2
    assert done.err.count("错误 error") == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {out.name if trouble != "file" else "file"}
    if trouble == "full":
        assert out.read_text(encoding="utf-8") == "earlier"


_WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--indicator", "no.such"), "no.such"),
    (("--indicator", "social_org.hub_count"), "不能上图"),
    (("--out", "map.docx"), ".docx"),
    (("--kind", "castle"), "castle"),
    (("--minutes", "0"), "0"),
    (("--tiles", "tianditu"), "密钥"),
    (("--roads", "none.osm.pbf"), "none.osm.pbf"),
    (("--scenario", "none.toml"), "none.toml"),
    (("--suppress-below", "1"), "--suppress-below"),
]


@pytest.mark.parametrize(("wrong", "word"), _WRONG, ids=str)
def test_a_wrong_question_is_answered_by_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: tuple[str, ...],
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COVERAGE_TIANDITU_KEY", raising=False)
    done = run(capsys, "map", "--city", "清远", *wrong)
    assert done.code == 2
    assert word in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("city", ["中山", "阳江", "江门", "珠山"])
def test_every_city_has_a_map(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    city: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(capsys, "map", "--city", city)
    assert done.code == 0, done.err
    page = tmp_path / "maps" / f"{City.load(city).label.short_name}.html"
    beside = {path.name for path in page.parent.iterdir()} - {page.name}
    assert beside <= {".coverage-file.json"}, "only what guards the page stands beside it"
    assert page.stat().st_size < 5_000_000
