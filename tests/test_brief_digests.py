"""No digest that leaves confirms a guess at what is kept back."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
import zipfile
import zlib
from base64 import b64encode
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from coverage.briefs.keys import KEY
from coverage.results.document import HIDDEN
from helpers import SMALL, centre, run, small_workspace, write_register

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROTECTED = ("--suppress-below", "10", "--mask-sensitive")
_FORMATS = ("--formats", "docx,pptx,xlsx,html,gpkg")
_TABLE = "population/population.csv"


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    small_workspace(tmp_path / "w")
    write_register(tmp_path / "f.csv", [centre(1, "441802006")])
    return tmp_path


def _brief(
    capsys: pytest.CaptureFixture[str], space: Path, out: str, *more: str, formats: bool = False
) -> None:
    asked = ("--workspace", str(space / "w"), "--facilities", str(space / "f.csv"), *more)
    done = run(
        capsys,
        *("brief", *asked, "--out", str(space / out)),
        *(_FORMATS if formats else ("--formats", "html")),
    )
    assert done.code == 0, done.err


def _contents(content: bytes) -> Iterator[bytes]:
    """A file and everything packed into it."""
    yield content
    if zipfile.is_zipfile(BytesIO(content)):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _contents(archive.read(name))


def _published(folder: Path) -> bytes:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"\n".join(part for path in files for part in _contents(path.read_bytes()))


def _digests(content: bytes) -> Iterator[bytes]:
    """What a reader can compute of a guessed file, as it might be written; or of its text."""
    for form in {content, content.removeprefix(b"\xef\xbb\xbf"), content.replace(b"\r\n", b"\n")}:
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            raw = hashlib.new(name, form).digest()
            yield from (raw[:12].hex().encode(), raw[:6], b64encode(raw)[:16])
        yield hmac.digest(b"", form, "sha256")[:6].hex().encode()
        yield f"{zlib.crc32(form):08x}".encode()


def _confirmed(published: bytes, content: bytes) -> list[bytes]:
    """Digests of a guess that stand in what is published."""
    lower = published.lower()
    return [d for d in _digests(content) if d in published or d[:12].lower() in lower]


def test_a_guess_at_a_hidden_pair_is_confirmed_by_nothing(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    """The reader has the whole table but the hidden pair of one sum, and tries every pair."""
    _brief(capsys, space, "open")
    _brief(capsys, space, "closed", *_PROTECTED, formats=True)
    table = (space / "w" / _TABLE).read_bytes()
    published = json.loads((space / "closed" / "result.json").read_text(encoding="utf-8"))
    hidden = {u["code"] for u in published["units"] if u["people"]["60+"] == HIDDEN}
    assert SMALL in hidden
    guesses = [_with_count(table, count) for count in range(1, 10)]
    assert table in guesses, "the truth is among the guesses"
    opened = [g for g in guesses if _confirmed(_published(space / "open"), g)]
    assert opened == [table], "a brief that keeps nothing back is no secret: the attack works"
    closed = _published(space / "closed")
    sources = [p for p in (space / "w").rglob("*") if p.is_file() and p.name != KEY]
    for content in (*guesses, *(p.read_bytes() for p in (*sources, space / "f.csv"))):
        assert _confirmed(closed, content) == []
    key = (space / "w" / KEY).read_text(encoding="ascii").strip()
    for form in (key.encode(), bytes.fromhex(key), b64encode(bytes.fromhex(key))):
        assert form not in closed


def _with_count(table: bytes, count: int) -> bytes:
    line = re.search(rb"(?m)^%s,.*60\+.*$" % SMALL.encode(), table)
    assert line is not None
    guess = re.sub(rb",7,", b",%d," % count, line[0], count=1)
    return table.replace(line[0], guess)


def test_with_the_key_a_replay_tells_what_changed_and_without_it_what_it_cannot(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    _brief(capsys, space, "o", *_PROTECTED, formats=True)
    key, record = space / "w" / KEY, space / "o" / "record.json"
    assert key.stat().st_mode & 0o777 == 0o600
    made = json.loads(record.read_text(encoding="utf-8"))
    content = (space / "w" / _TABLE).read_bytes()
    (own,) = (one for one in made["inputs"] if one["file"] == _TABLE)
    secret = bytes.fromhex(key.read_text(encoding="ascii"))
    assert own["hmac_sha256"] == hmac.new(secret, content, "sha256").hexdigest()
    assert {one["sha256"] for one in made["inputs"]} == {""}
    assert KEY in made["note"]
    for name in ("record.json", "brief.docx", "brief.gpkg"):
        done = run(capsys, "replay", str(space / "o" / name))
        assert done.code == 0, done.out
        assert "无法核对" not in done.out
    (space / "w" / _TABLE).write_bytes(content + b"\n")
    assert f"输入已改动：{_TABLE}" in run(capsys, "replay", str(record)).out
    kept = key.read_bytes()
    key.unlink()
    done = run(capsys, "replay", str(record), "--lang", "en")
    assert done.code == 0, done.out
    assert "cannot say whether these inputs changed" in done.out
    assert _TABLE in done.out
    assert not key.exists(), "a check makes no key"
    key.write_bytes(kept[:20])
    done = run(capsys, "replay", str(record))
    assert done.code == 2
    assert KEY in done.err


def test_without_a_workspace_no_digest_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    register = write_register(tmp_path / "f.csv", [centre(1, "360203001")])
    args = ("--city", "珠山", "--facilities", str(register), "--mask-sensitive")
    out = tmp_path / "o"
    assert run(capsys, "brief", *args, "--formats", "xlsx", "--out", str(out)).code == 0
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    assert {one["sha256"] + one["hmac_sha256"] for one in record["inputs"]} == {""}
    assert "没有能存放密钥的工作区" in record["note"]
    assert _confirmed(_published(out), register.read_bytes()) == []
    done = run(capsys, "replay", str(out / "brief.xlsx"))
    assert done.code == 0, done.out
    assert "无法核对" in done.out
    assert "f.csv" in done.out


def test_two_briefs_of_a_workspace_take_one_key(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    _brief(capsys, space, "a", *_PROTECTED)
    key = (space / "w" / KEY).read_bytes()
    _brief(capsys, space, "b", *_PROTECTED)
    assert (space / "w" / KEY).read_bytes() == key
    a, b = (json.loads((space / o / "record.json").read_text("utf-8")) for o in "ab")
    assert a["inputs"] == b["inputs"]


def test_what_is_kept_back_does_not_lie_beside_what_is_not(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    """What a brief replaces stays in its folder."""
    base = ("brief", "--city", "珠山", "--formats", "html", "--out", str(space / "o"))
    assert run(capsys, *base, "--suppress-below", "5").code == 0
    assert run(capsys, *base, "--suppress-below", "5").code == 0
    other = run(capsys, *base, "--suppress-below", "10")
    assert other.code == 2
    assert "--out" in other.err
    assert run(capsys, *base).code == 2, "an open one would lie beside it"
    report = run(capsys, "report", "--city", "珠山", "--out", str(space / "o"))
    assert report.code == 2, "so would any other result"
    first = str(space / "first")
    assert run(capsys, "report", "--city", "珠山", "--out", first).code == 0
    beside = run(capsys, *base[:-1], first, "--suppress-below", "5")
    assert beside.code == 2
    assert "other results lie in the folder" in beside.err


def test_a_workspace_is_no_place_for_what_is_sent(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    at = str(space / "w")
    done = run(
        capsys, "brief", "--workspace", at, "--formats", "html", "--out", at,
        "--suppress-below", "5",
    )  # fmt: skip
    assert done.code == 2
    assert "holds the data and the key" in done.err
    assert not (space / "w" / "brief.html").exists()


def test_nothing_of_a_package_of_layers_was_deleted_only(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    _brief(capsys, space, "o", *_PROTECTED, formats=True)
    with closing(sqlite3.connect(space / "o" / "brief.gpkg")) as base:
        assert base.execute("PRAGMA freelist_count").fetchone() == (0,)
