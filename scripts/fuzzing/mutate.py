"""Ways to spoil a file: by its bytes, its lines and cells, or by what it is made of inside."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import tempfile
import zipfile
import zlib
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Spoil = Callable[[bytes, Random], bytes]

_DEEP = 3_000
# A line that is a whole file, taken 500 times, twice over, would be more than a machine holds.
_MOST_REPEATED = 8_000_000
TOKENS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "0.5",
        "-0",
        "007",
        "1,000",
        "1_000",
        "1 000",
        "１２３",
        "²",
        "½",
        "٣",
    ),
    *("NaN", "nan", "inf", "-inf", "Infinity", "1e999", "-1e999", "1e-999", "1e308", "1e20"),
    *("9" * 30, "9" * 400, "9223372036854775808", "-9223372036854775809", "2147483648", "0x10"),
    *("true", "false", "null", "None", "是", "modelled", "published", "township", "441802008"),
    *("=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "'", '"', "\\", "\0", "\x1f", "\ufeff", "\u202e"),
    *("\ud800", "\U0001f600", "<img src=x onerror=alert(1)>", "../../x", "/etc/passwd", "a/b"),
    *("{{ 7*7 }}", "{% for", "%s", "${x}", "&amp;", "<!DOCTYPE x>", "]]>", "镇" * 300, "x" * 300),
    *(
        "113.1",
        "23.7",
        "154",
        "-91",
        "999",
        "113.1,23.7",
        "2026-02-30",
        "0000-00-00",
        "99999",
        "1e5",
    ),
    *("[" * _DEEP, "{" * _DEEP, "(" * _DEEP, "[]", "{}", "()", "[[1]]", "{}{}", "1" * 5_000),
    *("EPSG:4326", "EPSG:32649", "EPSG:0", "gcj02", "GEOMETRYCOLLECTION EMPTY", "POINT (1 2)"),
)
_TAKEN_APART = (csv.Error, sqlite3.Error, zipfile.BadZipFile, zlib.error, NotImplementedError)
_BOUNDARIES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(raw: bytes, suffix: str, rng: Random, others: tuple[bytes, ...] = ()) -> bytes:
    """`raw` spoilt in one to four ways that suit its kind, or spliced with another file."""
    kind = _kind(raw, suffix)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        if others and rng.random() < 0.03:
            raw = _splice(raw, rng.choice(others), rng)
            continue
        ways = _WAYS[kind] if rng.random() < 0.85 else _BYTES
        spoil = rng.choice(ways)
        # What an earlier way has broken cannot always be taken apart any more.
        with suppress(ValueError, LookupError, RecursionError, EOFError, *_TAKEN_APART):
            raw = spoil(raw, rng)
    return raw


def spoilt_words(words: list[str], rng: Random) -> list[str]:
    """A command line of which one word is another, or goes, or stands twice."""
    words = list(words)
    values = [i for i, word in enumerate(words) if i and not word.startswith("--")]
    at = rng.choice(values) if rng.random() < 0.8 else rng.randrange(len(words))
    token = rng.choice(TOKENS).replace("\0", "")
    whole = token.encode("utf-8", "replace").decode()[:5_000]
    words[at : at + 1] = rng.choice((*([whole],) * 8, [], [words[at], whole]))
    return words


def _kind(raw: bytes, suffix: str) -> str:
    if raw.startswith(b"PK"):
        return "zip"
    if raw.startswith(b"SQLite"):
        return "sqlite"
    if raw.startswith(b"<?xml"):
        return "xml"
    return _KINDS.get(suffix, "bytes")


_KINDS = {".json": "json", ".geojson": "json", ".csv": "csv", ".txt": "csv"} | {
    **dict.fromkeys((".osm", ".graphml", ".xml", ".html", ".rels"), "xml"),
    ".toml": "toml",
    ".j2": "j2",
}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="surrogateescape")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass" if "\ud800" in text else "surrogateescape")


def _spot(size: int, rng: Random) -> tuple[int, int]:
    begin = rng.randrange(size + 1)
    return begin, min(size, begin + rng.choice((1, 2, 4, 16, 64, 512)))


def _times(text: str, times: int) -> str:
    """A text several times, as often as a file may bear."""
    return text * min(times, _MOST_REPEATED // max(1, len(text)) + 1)


# Bytes.


def _flip(raw: bytes, rng: Random) -> bytes:
    made = bytearray(raw)
    for _ in range(rng.choice((1, 1, 4, 16))):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _cut(raw: bytes, rng: Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _drop(raw: bytes, rng: Random) -> bytes:
    begin, end = _spot(len(raw), rng)
    return raw[:begin] + raw[end:]


def _double(raw: bytes, rng: Random) -> bytes:
    begin, end = _spot(len(raw), rng)
    return raw[:end] + raw[begin:end] * rng.choice((1, 2, 100)) + raw[end:]


def _number(raw: bytes, rng: Random) -> bytes:
    size = rng.choice((1, 2, 4, 8))
    value = rng.choice(_BOUNDARIES) & ((1 << 8 * size) - 1)
    begin = rng.randrange(max(1, min(len(raw), rng.choice((64, 1024, len(raw) + 1)))))
    order = rng.choice(("little", "big"))
    return raw[:begin] + value.to_bytes(size, order) + raw[begin + size :]  # type: ignore[arg-type]


def _splice(raw: bytes, other: bytes, rng: Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)] + other[rng.randrange(len(other) + 1) :]


_BYTES: tuple[Spoil, ...] = (_flip, _cut, _drop, _double, _number)


# Lines, words and cells.


def _insert(raw: bytes, rng: Random) -> bytes:
    text = _text(raw)
    at = rng.randrange(len(text) + 1)
    return _raw(text[:at] + rng.choice(TOKENS) + text[at:])


def _lines(raw: bytes, rng: Random) -> bytes:
    lines = _text(raw).splitlines(keepends=True)
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.choice(("drop", "double", "swap", "many"))
    if way == "drop":
        del lines[i]
    elif way == "swap":
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines[i:i] = [_times(lines[j], 1 if way == "double" else 500)]
    return _raw("".join(lines))


def _word(raw: bytes, rng: Random) -> bytes:
    """Some number or word of a text becomes something else."""
    text = _text(raw)
    found = list(re.finditer(rng.choice((r"-?\d+(?:\.\d+)?", r"\w+", r"[^\w\s]")), text))
    one = rng.choice(found)
    new = rng.choice((*TOKENS, _times(one[0], 40), rng.choice(found)[0]))
    return _raw(text[: one.start()] + new + text[one.end() :])


_TEXT: tuple[Spoil, ...] = (_insert, _lines, _word, _word)


def _cells(raw: bytes, rng: Random) -> bytes:
    rows = list(csv.reader(io.StringIO(_text(raw))))
    row = rng.choice([row for row in rows if row])
    i, way = (
        rng.randrange(len(row)),
        rng.choice(("set", "set", "set", "set", "drop", "more", "swap")),
    )
    if way == "set":
        row[i] = rng.choice(TOKENS)
    elif way == "drop":
        del row[i]
    elif way == "more":
        row[i:i] = [rng.choice(TOKENS)] * rng.choice((1, 3, 2000))
    else:
        j = rng.randrange(len(row))
        for one in rows:
            if len(one) > max(i, j):
                one[i], one[j] = one[j], one[i]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return _raw(out.getvalue())


def _toml_value(raw: bytes, rng: Random) -> bytes:
    """A value of a TOML file becomes one of another type, or a key another."""
    text = _text(raw)
    one = rng.choice(list(re.finditer(r"^([\w.\"-]+) *= *(.+)$", text, re.MULTILINE)))
    token = rng.choice(TOKENS)
    values = (
        *("true", "-1", "0", "1e999", "nan", "inf", "2026-01-01", "07:32:00", "[]", "{}", '""'),
        *("9" * 30, "9" * 5_000, "1." + "3" * 500, "[[], [[]]]", "[1, 'a']", "{ a = { b = 1 } }"),
        "[" * _DEEP + "]" * _DEEP,
        json.dumps(token, ensure_ascii=False),
        token,
    )
    part = rng.choice((1, 2, 2, 2, 2))
    new = rng.choice(values) if part == 2 else rng.choice((token, ".".join("a" * 4_000), '"' * 3))
    return _raw(text[: one.start(part)] + new + text[one.end(part) :])


def _template(raw: bytes, rng: Random) -> bytes:
    """Something that costs, or breaks, in a template of Jinja2."""
    text = _text(raw)
    lines = text.splitlines(keepends=True)
    lines.insert(
        rng.randrange(len(lines) + 1),
        rng.choice(
            (
                "{% for i in range(10**9) %}x{% endfor %}",
                "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
                "{{ 'x' * 10**10 }}",
                "{{ 10**10**8 }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% include self %}",
                "{% include 'report.zh.md.j2' %}",
                "{% extends 'report.zh.md.j2' %}",
                "{{ '%99999999999d' % 1 }}",
                "{{ '{:>9999999999}'.format(1) }}",
                "{{ 'x'.ljust(10**10) }}",
                "{{ 'x'|center(10**10) }}",
                "{{ ''.__class__.__mro__ }}",
                "{{ table('missing', 10**400) }}",
                "{{ table([]) }}{{ figure({}) }}",
                "{{ city.x.y }}{{ 1/0 }}{{ none + 1 }}",
                "{{ lipsum(10000) }}",
                "{% set x = cycler(1) %}{{ x.next }}{{ joiner() }}",
                "{{ [1] * 10**9 }}",
                "{{ range(10**7)|list|join }}",
                "{{ " + "(" * 2_000 + "1" + ")" * 2_000 + " }}",
                "#" * 500 + " x\n" + "## x\n" * 300,
                "[[table missing 9" + "9" * 5000 + "]]",
            )
        )
        + "\n",
    )
    return _raw("".join(lines))


# What has parts inside.


def _json_part(raw: bytes, rng: Random) -> bytes:
    """Some value of a JSON file becomes another, goes, or stands twice."""
    top = json.loads(_text(raw))
    holder: Any = [top]
    key: Any = 0
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.85:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    values: tuple[Any, ...] = (
        *(None, True, -1, 0, 1e308, float("nan"), float("inf"), 10**30, 10**400, [], {}, [[]]),
        *({"type": "Feature"}, [None], [1, "a"], [{}], rng.choice(TOKENS), rng.choice(TOKENS)),
    )
    way = rng.choice(("set", "set", "set", "drop", "double", "deep"))
    if way == "set":
        holder[key] = rng.choice(values)
    elif way == "drop":
        del holder[key]
    elif way == "double" and isinstance(holder, list):
        most = _MOST_REPEATED // len(_text(raw)) + 1
        holder[key:key] = [holder[key]] * min(most, rng.choice((1, 50)))
    elif way == "double":
        holder[rng.choice(TOKENS)] = holder[key]
    else:
        holder[key] = "\0deep"
    # Python refuses to write out numbers of more than 4300 digits, and nests 1000 at most.
    text = json.dumps(top[0] if holder is top and way == "drop" else top, ensure_ascii=False)
    return _raw(text.replace('"\\u0000deep"', "[" * _DEEP + "]" * _DEEP))


def _attribute(raw: bytes, rng: Random) -> bytes:
    """An attribute or a text of an XML file becomes another."""
    text = _text(raw)
    one = rng.choice(list(re.finditer(r'(?:="([^"<>]*)")|(?:>([^<>]*)<)', text)))
    part = 1 if one[1] is not None else 2
    token = rng.choice(
        (*TOKENS, rng.choice(("[" * _DEEP, "[1, 2", "['a','b']", "(" * 99, "1" * 99)))
    )
    return _raw(text[: one.start(part)] + token + text[one.end(part) :])


def _element(raw: bytes, rng: Random) -> bytes:
    """An element of an XML file goes, stands again, or gets another name."""
    text = _text(raw)
    one = rng.choice(list(re.finditer(r"<(/?[\w:]+)[^<>]*>", text)))
    other = rng.choice(
        ("", one[0] * 2, _times(one[0], 2_000), one[0].replace(one[1], "x"), "<![CDATA[")
    )
    return _raw(text[: one.start()] + other + text[one.end() :])


def _entry(raw: bytes, rng: Random) -> bytes:
    """A file of an archive is spoilt, goes, or gets another name."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        held = [(info.filename, archive.read(info)) for info in archive.infolist()]
    i = rng.randrange(len(held))
    name, content = held[i]
    way = rng.choice(("spoil",) * 7 + ("drop", "name", "empty"))
    if way == "spoil":
        held[i] = name, mutate(content, Path(name).suffix, rng)
    elif way == "drop":
        del held[i]
    else:
        new = rng.choice(("../x", "x" * 300, "/x", "word/x.xml", name.upper(), "x.shp", "x.dbf"))
        held[i] = (name, b"") if way == "empty" else (new, content)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def _database(raw: bytes, rng: Random) -> bytes:
    """A value, row, column or table of an SQLite file is spoilt."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sqlite"
        path.write_bytes(raw)
        with closing(sqlite3.connect(path)) as base:
            names = [
                r[0] for r in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            for (trigger,) in base.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
                base.execute(f'DROP TRIGGER "{trigger}"')
            table = rng.choice(names)
            columns = [r[1] for r in base.execute(f'PRAGMA table_info("{table}")')]
            column = rng.choice(columns)
            token = rng.choice(TOKENS)
            value = rng.choice((None, -1, 2**40, 1e300, b"", b"GP\0\1" + b"\xff" * 20, token[:99]))
            one = f'rowid = (SELECT rowid FROM "{table}" LIMIT 1 OFFSET {rng.randrange(3)})'
            statement, *values = rng.choice(
                (
                    (f'UPDATE "{table}" SET "{column}" = ? WHERE {one}', value),
                    (f'UPDATE "{table}" SET "{column}" = ? WHERE {one}', value),
                    (f'UPDATE "{table}" SET "{column}" = ?', value),
                    (f'DELETE FROM "{table}" WHERE {one}',),
                    (f'DROP TABLE "{table}"',),
                    (f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "x"',),
                )
            )
            with suppress(UnicodeEncodeError):
                base.execute(statement, values)
            base.commit()
        return path.read_bytes()


_WAYS: dict[str, tuple[Spoil, ...]] = {
    "bytes": _BYTES,
    "csv": (*_TEXT, *[_cells] * 6),
    "toml": (*_TEXT, *[_toml_value] * 6),
    "j2": (*_TEXT, *[_template] * 4),
    "json": (*_TEXT, *[_json_part] * 8),
    "xml": (*_TEXT, *[_attribute] * 6, _element, _element),
    "zip": (*_BYTES, *[_entry] * 15),
    "sqlite": (*_BYTES, *[_database] * 10),
}
