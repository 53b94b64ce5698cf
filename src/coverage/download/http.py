"""How any server is asked: again if it is busy or silent, never without end, never half a file.

One set of manners for Overpass, WorldPop and geocoders: a fixed number of tries with pauses
that double, a refusal met at once, a transfer that breaks off asked for again, a size that is
borne and no more, a moment by which the whole of an answer must be there.
"""

from __future__ import annotations

import codecs
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

from coverage.errors import NetworkUnreachableError
from coverage.formats.safety import Limits
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 120.0
_MIB = 1 << 20
# How many bytes of an answer are borne, unpacked: streets of 2,500 km², which one question asks
# for at most, have some 100 MiB in the densest cities; other things a tenth of that.
MOST_OF_ROADS, MOST_OF_THINGS = 192 * _MIB, 32 * _MIB
_BEGINNING = 1 << 12
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")
# The whole of an answer may take this many times the silence that is borne.
_PATIENCE = 5
_MOST_TURNS = 5
_SLOWEST = 20_000  # bytes a second of a large file

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Server:
    """How to ask a server.

    Attributes:
        endpoint: Its address; the public one by default.
        cache: Folder for raw answers, by default the user's own.
        timeout_s: Longest silence that is borne.
        retries: How often to ask again.
    """

    endpoint: str | None = None
    cache: Path | None = None
    timeout_s: float = 180.0
    retries: int = 3


class TryAgainError(Exception):
    """The server refused for now, for the reason that is said, and may have said for how long."""

    def __init__(self, said: Said, wait_s: float = 0.0) -> None:
        self.said, self.wait_s = said, wait_s
        super().__init__(said)


_SILENT = Said("超时", "no answer in time")
_BROKE = Said("连接中断", "the connection broke")
_TOO_SLOW = Said("回答迟迟没有传完", "the answer did not come to an end in time")
_BROKE_OFF = Said("下载中断", "the download broke off before its end")


def persist(
    question: Callable[[], Answer],
    *,
    server: str,
    retries: int,
    first_pause_s: float = FIRST_PAUSE_S,
    longest_pause_s: float = LONGEST_PAUSE_S,
) -> Answer:
    """What a server answers, asked again after growing pauses while it says "not now".

    Args:
        question: Asks once; raises `TryAgainError` if asking again is of use. Anything else that
            it raises is the last word.
        server: Whom the complaint names.
        retries: How often to ask again.
        first_pause_s: Pause before the second try; each further one is twice as long.
        longest_pause_s: And never longer than this.

    Raises:
        NetworkUnreachableError: If no answer came after all tries.
    """
    wait, asked_for, reason = first_pause_s, 0.0, _SILENT
    for attempt in range(retries + 1):
        try:
            return question()
        except TryAgainError as error:
            reason, asked_for = error.said, error.wait_s
        if attempt < retries:
            pause(min(max(wait, asked_for), longest_pause_s))
            wait = min(2 * wait, longest_pause_s)
    raise NetworkUnreachableError(
        Said(
            f"{server}问了 {retries + 1} 次没有结果（{reason.zh}）",
            f"{server} was asked {retries + 1} times without success: {reason.en}",
        )
    )


def named(url: str) -> str:
    """An address as it is said and recorded: without name, password, question and fragment.

    Example:
        >>> named("https://who:secret@a.example/grid.tif?key=secret")
        'https://a.example/grid.tif'
    """
    try:
        scheme, place, path = urlsplit(url)[:3]
    except ValueError:  # no address at all, which whoever asks will say
        return url.rpartition("@")[2].partition("?")[0]
    return urlunsplit((scheme, place.rpartition("@")[2], path, "", ""))


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def once(
    question: Callable[[], Answer], server: str, timeout_s: float, more_s: float = 0.0
) -> Answer:
    """Ask through `requests`, its errors turned into what `persist` understands.

    Args:
        question: Asks and reads the whole answer.
        server: Whom complaints name.
        timeout_s: Longest silence that is borne; five times that for the whole answer.
        more_s: Time beyond that, for a large file.

    Raises:
        TryAgainError: If the server is silent, too slow, or the connection broke.
        NetworkUnreachableError: If no connection came about, or the address is no good.
    """
    import requests

    # The address may hold a key: what `requests` says of it goes no further.
    try:
        return _in_time(question, _PATIENCE * timeout_s + more_s)
    except requests.Timeout:
        raise TryAgainError(_SILENT) from None
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
        raise TryAgainError(_BROKE_OFF) from None
    except requests.ConnectionError as error:
        if not _no_way(error):
            raise TryAgainError(_BROKE) from None
    except requests.RequestException:
        raise NetworkUnreachableError(
            Said(f"{server}：地址不对", f"{server}: the address is no good")
        ) from None
    raise NetworkUnreachableError(
        Said(
            f"连不上 {server}，请检查网络，或改为导入文件",
            f"{server}: no connection to the server: check the network, or load a file instead",
        )
    )


def _in_time(question: Callable[[], Answer], longest_s: float) -> Answer:
    """An answer, unless it takes too long: a server that sends a byte now and then is left.

    The question is put in a thread of its own, for only so can a read be left that never ends.
    """
    done: list[Answer] = []
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            done.append(question())
        except BaseException as error:  # noqa: BLE001 -- raised again by whoever waits
            failed.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(longest_s)
    if failed:
        raise failed[0]
    if not done:
        raise TryAgainError(_TOO_SLOW)
    return done[0]


def content(answer: Any, server: str, most: int) -> bytes | bytearray:
    """What an answer holds, unpacked, as UTF-8 if it is text in another encoding.

    The answer itself keeps it, so that others read it as they are used to. It is held once: an
    answer without end costs no more than is borne. Of what does not begin as JSON no more than
    the beginning is read, for its reader to complain of.

    Args:
        answer: Of `requests`, its content not read yet.
        server: Whom complaints name.
        most: Bytes that are borne, unpacked.

    Raises:
        NetworkUnreachableError: If it is larger than is borne, or than what came can honestly hold.
    """
    raw = bytearray()
    for chunk in answer.iter_content(1 << 16):
        raw += chunk
        borne = min(most, Limits().most_unpacked(answer.raw.tell()))
        if len(raw) > borne:
            answer.close()
            size = f"{borne / _MIB:,.4g} MiB"
            raise NetworkUnreachableError(
                Said(f"{server} 的回答超过 {size}", f"{server}: the answer is larger than {size}")
            )
        if len(raw) > _BEGINNING and not _JSON.match(raw):
            answer.close()
            break
    kind = str(answer.headers.get("Content-Type", ""))
    made: bytes | bytearray = raw
    if "json" in kind or "text" in kind or raw.startswith((b"{", b"[")):
        made = _as_utf8(raw, kind)
        answer.encoding = "utf-8"
    answer._content = made  # noqa: SLF001 -- requests has no other way to hand it on
    return made


def _as_utf8(raw: bytearray, kind: str) -> bytes | bytearray:
    """Text in UTF-8, whatever its server speaks and forgets to say; itself where it is."""
    if _is_utf8(raw):
        return raw
    stated = kind.lower().partition("charset=")[2].strip(" \"';")
    for encoding in (*([stated] if stated else []), "gb18030"):
        with suppress(UnicodeDecodeError, LookupError):
            return raw.decode(encoding).encode()
    return raw


def _is_utf8(raw: bytearray) -> bool:
    """Whether it is, told piece by piece: the text of all of it would weigh up to four times."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with suppress(UnicodeDecodeError), memoryview(raw) as view:
        for first in range(0, len(raw), _MIB):
            decoder.decode(view[first : first + _MIB])
        decoder.decode(b"", final=True)
        return True
    return False


def _no_way(error: Exception) -> bool:
    """True if no connection came about at all: asking again soon is no use."""
    from urllib3.exceptions import NewConnectionError

    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, NewConnectionError)


def judge(response: Any, server: str, busy: Collection[int] = BUSY) -> None:
    """Whether an answer of `requests` stands.

    Raises:
        TryAgainError: If the server is busy.
        NetworkUnreachableError: If it refuses, or points elsewhere and is not to be followed.
    """
    code = response.status_code
    if code in busy:
        wait = str(response.headers.get("Retry-After", ""))
        wait_s = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else 0.0
        raise TryAgainError(Said(f"HTTP {code}", f"the server is busy ({code})"), wait_s)
    if code >= 300:
        raise NetworkUnreachableError(
            Said(
                f"{server}拒绝了请求（HTTP {code}）", f"{server} refused: {code} {response.reason}"
            )
        )


def asked(
    url: str, server: str, *, timeout_s: float, busy: Collection[int] = BUSY, **how: Any
) -> Any:
    """An open answer of a web address, asked for once, its content not read yet.

    Args:
        url: Address.
        server: Whom complaints name.
        timeout_s: Longest silence that is borne.
        busy: Codes with which the server says "not now".
        how: What else `requests.get` takes.

    Raises:
        TryAgainError: As `once` and `judge`.
        NetworkUnreachableError: Likewise.
    """
    import requests

    def ask() -> Any:
        at = url
        for _ in range(1 if "params" in how else _MOST_TURNS):
            try:
                answer = requests.get(
                    at, stream=True, timeout=timeout_s, allow_redirects=False, **how
                )
                to = urljoin(at, answer.headers.get("Location", "")) if answer.is_redirect else at
            except requests.RequestException:
                raise
            except ValueError as error:  # of an answer that leads to what is no address
                raise requests.exceptions.InvalidURL(str(error)) from error
            # Another host is not the one that was meant; a key is told to no second address.
            if to == at or urlsplit(to)[:2] != urlsplit(at)[:2]:
                break
            answer.close()
            at = to
        return answer

    answer = once(ask, server, timeout_s)
    try:
        judge(answer, server, busy)
    except BaseException:
        answer.close()
        raise
    return answer


def get(url: str, *, timeout_s: float, retries: int, headers: dict[str, str] | None = None) -> Any:
    """As `asked`, again while the server is busy or silent.

    Raises:
        NetworkUnreachableError: If there is no way to the server, or it refuses, or stays busy
            or silent.
    """
    return persist(
        lambda: asked(url, named(url), timeout_s=timeout_s, headers=headers),
        server=named(url),
        retries=retries,
    )


def download(
    url: str,
    path: Path,
    *,
    size: int,
    timeout_s: float,
    retries: int,
) -> None:
    """A whole file of a known size; one that breaks off is asked for again.

    Args:
        url: Address.
        path: File to write.
        size: Bytes that it has; never more are written.
        timeout_s: Longest silence that is borne.
        retries: How often to ask again.

    Raises:
        NetworkUnreachableError: As `get`, or if the transfer never came to its end.
    """

    def ask() -> None:
        got = 0
        with get(url, timeout_s=timeout_s, retries=retries) as answer, path.open("wb") as out:
            for chunk in answer.iter_content(_MIB):
                got += len(chunk)
                if got > size:
                    break
                out.write(chunk)
        if got != size:
            raise TryAgainError(_BROKE_OFF)

    persist(
        lambda: once(ask, named(url), timeout_s, size / _SLOWEST),
        server=named(url),
        retries=retries,
        longest_pause_s=FIRST_PAUSE_S,
    )
