"""Thousands of generated files, broken and whole: nothing but `InputError`, and no row is lost."""

from __future__ import annotations

import csv
import io
import random
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coverage.errors import InputError
from coverage.lists.columns import understand
from coverage.lists.reading import read_file
from coverage.lists.rows import Row, take_rows
from helpers import run

if TYPE_CHECKING:
    from coverage.lists.sheets import RawSheet

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(
    p for p in CORPUS.iterdir() if p.is_file() and p.suffix != ".py" and p.name != "bomb.xlsx"
)
SLOW = {".gpkg", ".zip"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken")


def _all(path: Path) -> list[RawSheet]:
    """Read a file and go through every later step; what is not `InputError` fails the test."""
    try:
        sheets = read_file(path)
    except InputError as error:
        refusal = error
        sheets = []
    if not sheets:
        assert len(refusal.problems) == 1
        assert "\n" not in str(refusal)
    for sheet in sheets:
        taken = take_rows(sheet, understand(sheet), Row)
        assert [t.row for t in taken] == [r.number for r in sheet.rows]
        assert all((t.outcome == "rejected") == bool(t.reasons) for t in taken)
    return sheets


def _numbers(sheets: list[RawSheet], name: str = "") -> list[int]:
    return [row.number for sheet in sheets if sheet.sheet == name for row in sheet.rows]


@pytest.mark.parametrize("length", [4_000, 4_001, 200_000])
def test_a_cell_that_no_sheet_holds_is_refused(folder: Path, length: int) -> None:
    path = folder / "long.csv"
    path.write_text(f"机构名称,镇街\n甲,石角镇\n{'长' * length},石角镇\n", encoding="utf-8")
    if length == 4_000:
        assert _numbers(_all(path)) == [1, 2, 3]
        return
    with pytest.raises(InputError) as caught:
        read_file(path)
    assert caught.value.problems[0].row == 3


def test_an_outline_written_out_stops_no_list(folder: Path) -> None:
    path = folder / "wkt.csv"
    outline = f"POLYGON (({', '.join(f'{n} {n}' for n in range(2000))}))"
    path.write_text(f'机构名称,镇街,边界\n甲,石角镇,"{outline}"\n', encoding="utf-8")
    (sheet,) = _all(path)
    assert sheet.rows[1].cells[:2] == ("甲", "石角镇")


@pytest.mark.parametrize("sign", ["一", "万", "１", "9", "⑳", "113°", "2024/", "（"])
@pytest.mark.parametrize("kind", ["facilities", "population", "plan"])
def test_the_longest_cells_are_read_or_refused(
    folder: Path, kind: str, sign: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (sign * 4_000)[:4_000]
    path = folder / "long.csv"
    heads = {
        "facilities": "名称,类型,乡镇,床位数,经度,纬度",
        "population": "乡镇,60岁及以上",
        "plan": "指标,目标值,年份",
    }[kind]
    width = heads.count(",") + 1
    path.write_text(f"{heads}\n{','.join([text] * width)}\n", encoding="utf-8")
    space = str(folder / f"{kind}{ord(sign[0])}")
    assert run(capsys, "init", space, "--city", "清远").code == 0
    done = run(capsys, "import", kind, str(path), "--workspace", space)
    assert done.code in {0, 2}, done.err


def _mutated(raw: bytes, rng: random.Random) -> bytes:
    """The bytes cut, flipped, doubled, or with a piece taken out or put in."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        if not data:
            break
        at = rng.randrange(len(data))
        kind = rng.randrange(6)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at : at + rng.randint(1, 40)]
        elif kind == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 20)))
        elif kind == 4:
            data[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff"])
        else:
            data[at:at] = data[max(0, at - 30) : at]
    return bytes(data)


@pytest.mark.parametrize("source", FILES, ids=lambda p: p.name)
def test_damaged_files_of_the_corpus(source: Path, folder: Path) -> None:
    raw = source.read_bytes()
    rng = random.Random(source.name)
    path = folder / f"damaged{source.suffix}"
    for _ in range(6 if source.suffix in SLOW else 30):
        path.write_bytes(_mutated(raw, rng))
        _all(path)


@settings(max_examples=800)
@given(raw=st.binary(max_size=400), ending=st.sampled_from([".csv", ".xlsx", ".xls", ".geojson"]))
@example(raw=b"\xef\xbb\xbf", ending=".csv")
@example(raw=b"\xff\xfe", ending=".csv")
@example(raw=b"PK\x03\x04", ending=".xlsx")
@example(raw=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ending=".xls")
@example(raw=b"[[[[", ending=".geojson")
@example(raw=b"[" * 100_000, ending=".geojson")
@example(raw=b"{" * 100_000, ending=".csv")
@example(raw=b'"', ending=".csv")
def test_any_bytes(raw: bytes, ending: str, folder: Path) -> None:
    path = folder / f"bytes{ending}"
    path.write_bytes(raw)
    _all(path)


WORDS = st.sampled_from(
    [
        "机构名称",
        "名称",
        "所属乡镇",
        "床位数",
        "床位",
        "总数",
        "护理型",
        "经度",
        "纬度",
        "坐标",
        "联系电话",
        "身份证号",
        "全托",
        "日托",
        "备注",
        "序号",
        "类型",
        "太和镇敬老院",
        "石角长者饭堂",
        "康乐园",
        "太和镇",
        "石角镇",
        "合计",
        "小计",
        "总计：",
        "清城区小计",
        "注：说明",
        "填表人：甲",
        "一、公办",
        "80",
        "约80张",
        "60-80",
        "112.97",
        "23.73",
        "112.97,23.73",
        "13800138000",
        "2023.5.1",
        "44927",
        "有",
        "无",
        "√",
        "/",
        "—",
        "=1+1",
        "+86",
        "@x",
        "'",
        '"',
        "=cmd",
        "4.4E+11",
        "１２",
        "八十",
        "{0}",
        "%s",
        "养老机构名册",
        "在营",
        "停办",
    ]
)
CELL = st.one_of(st.just(""), st.just(""), WORDS, WORDS, st.text(max_size=12))
TABLE = st.lists(st.lists(CELL, max_size=8), min_size=1, max_size=25)


def _storable(cell: str, encoding: str) -> str:
    """The cell without what the encoding or a text file cannot hold."""
    kept = cell.replace("\x00", "").replace("\x1a", "")
    return kept.encode(encoding, errors="ignore").decode(encoding)


def _last(rows: list[list[str]]) -> int:
    return max((i for i, row in enumerate(rows, 1) if any(c.strip() for c in row)), default=0)


@settings(max_examples=1200)
@given(
    rows=TABLE,
    separator=st.sampled_from(",\t;|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
)
@example(rows=[["机构名称"], ["", ""]], separator="\t", encoding="utf-8", ends="\n")
@example(rows=[["机构名称"], ["", "\t"]], separator=",", encoding="utf-8", ends="\n")
def test_every_record_of_a_text_file_is_there_once(
    rows: list[list[str]], separator: str, encoding: str, ends: str, folder: Path
) -> None:
    rows = [[_storable(cell, encoding) for cell in row] for row in rows]
    if not _last(rows) or (rows[0] and rows[0][0].lower().startswith("sep=")):
        return
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=ends, quoting=csv.QUOTE_ALL).writerows(rows)
    path = folder / "table.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    try:
        sheets = read_file(path, encoding=encoding)
    except InputError as error:
        assert not _last(rows) or "kind of XML" in str(error)  # noqa: PT017
        return
    assert _numbers(sheets) == list(range(1, _last(rows) + 1))
    for sheet in sheets:
        assert len(take_rows(sheet, understand(sheet), Row)) == len(sheet.rows)


@settings(max_examples=600)
@given(rows=TABLE, encoding=st.sampled_from(["utf-8", "gb18030", "big5hkscs"]))
def test_lines_with_broken_quotes_are_all_there(
    rows: list[list[str]], encoding: str, folder: Path
) -> None:
    """Without quoting by the writer, quotes in cells are broken; lines must not vanish."""
    plain = [
        [_storable(" ".join(cell.split()), encoding).replace(",", "") for cell in row]
        for row in rows
    ]
    lines = [",".join(row) for row in plain]
    raw = "\n".join([*lines, ""]).encode(encoding)
    path = folder / "lines.csv"
    path.write_bytes(raw)
    sheets = _all(path)
    if not sheets or raw.startswith((b"{", b"[", b"<", b"sep=")):
        return
    found = _numbers(sheets)
    assert found == list(range(1, len(found) + 1))
    if "quotes do not match" in "\n".join(map(str, sheets[0].notes)) or '"' not in raw.decode(
        encoding
    ):
        # No line end is inside a cell then: one line is one row.
        assert len(found) == _last(plain)


VALUE = st.one_of(
    st.none(),
    st.none(),
    WORDS,
    st.integers(-10, 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.dates(date(1950, 1, 1), date(2050, 1, 1)),
)
BOX = st.tuples(st.integers(1, 20), st.integers(0, 4), st.integers(1, 6), st.integers(0, 4))


@settings(max_examples=400)
@given(
    rows=st.lists(st.lists(VALUE, max_size=6), min_size=1, max_size=20),
    boxes=st.lists(BOX, max_size=5),
    title=st.booleans(),
    header=st.booleans(),
    total=st.booleans(),
)
def test_every_row_of_a_workbook_is_there_once(
    rows: list[list[Any]],
    boxes: list[tuple[int, int, int, int]],
    title: bool,
    header: bool,
    total: bool,
    folder: Path,
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    content: list[list[Any]] = [["养老机构名册"]] if title else []
    content += [["乡镇", "机构名称", "床位数", "开业日期"]] if header else []
    content += rows
    content += [["合计", None, 5]] if total else []
    for number, row in enumerate(content, 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            cell.value = value
            if isinstance(value, str) and value.startswith("="):
                cell.data_type = "s"
    taken: set[tuple[int, int]] = set()
    for top, down, left, right in boxes:
        cells = {(r, c) for r in range(top, top + down + 1) for c in range(left, left + right + 1)}
        if len(cells) > 1 and not cells & taken:
            sheet.merge_cells(None, top, left, top + down, left + right)
            taken |= cells
    path = folder / "book.xlsx"
    book.save(path)
    try:
        sheets = read_file(path)
    except InputError as error:
        assert "no rows" in str(error)  # noqa: PT017
        held = [v for row in sheet.iter_rows(values_only=True) for v in row]  # what merging left
        assert not any(v not in {None, ""} for v in held if not isinstance(v, float))
        return
    numbers = _numbers(sheets, "Sheet")
    assert numbers == list(range(1, len(numbers) + 1))
    _compare(content, sheet, sheets)


def _compare(content: list[list[Any]], sheet: Any, sheets: list[RawSheet]) -> None:
    """Every value that the workbook holds is in its row."""
    kept = {row.number: row for s in sheets for row in s.rows}
    for number, row in enumerate(content, 1):
        for column, value in enumerate(row):
            merged_away = sheet.cell(number, column + 1).value is None
            if value is None or value == "" or merged_away:
                continue
            got = kept[number].get(column)
            want = ("TRUE" if value else "FALSE") if isinstance(value, bool) else value
            assert got == want or (isinstance(value, float) and got == pytest.approx(value))
    for s in sheets:
        assert len(take_rows(s, understand(s), Row)) == len(s.rows)


PIECES = st.sampled_from(
    [
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<td",
        "rowspan=3>",
        "<td",
        "colspan=99999>",
        "<th>",
        "80",
        "名称",
        "合计",
        "&nbsp;",
        "&#x4e2d;",
        "<script>",
        "</script>",
        "<br>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!x",
        "<?",
        "<td",
        "rowspan=-1>",
        "<td",
        "rowspan=9999999>",
    ]
)


@settings(max_examples=400)
@given(pieces=st.lists(PIECES, max_size=40))
def test_any_soup_of_tags(pieces: list[str], folder: Path) -> None:
    path = folder / "soup.xls"
    path.write_text("<html>" + "".join(pieces), encoding="utf-8")
    for sheet in _all(path):
        assert len({r.number for r in sheet.rows}) == len(sheet.rows)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["type", "features", "properties", "geometry", "coordinates", "名称", "crs", "name"]
            ),
            st.one_of(inner, st.sampled_from(["Feature", "Point", "Polygon", "FeatureCollection"])),
            max_size=5,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=600)
@given(features=st.lists(JSON, max_size=6))
def test_any_features(features: list[Any], folder: Path) -> None:
    import json

    path = folder / "features.geojson"
    path.write_text(json.dumps({"features": features}), encoding="utf-8")
    sheets = _all(path)
    if sheets:
        assert _numbers(sheets)[: len(features)] == list(range(1, len(_numbers(sheets)) + 1))
