"""How any server is asked: again if it is busy or silent, never without end, never half a file.

One set of manners for Overpass, WorldPop and geocoders: a fixed number of tries with pauses
that double, a refusal met at once, a transfer that breaks off asked for again, a size that is
borne and no more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from coverage.errors import NetworkUnreachableError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 120.0
_MIB = 1 << 20

Answer = TypeVar("Answer")


class TryAgainError(Exception):
    """The server refused for now; its text is the reason."""


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
    wait, reason = first_pause_s, ""
    for attempt in range(retries + 1):
        try:
            return question()
        except TryAgainError as error:
            reason = str(error)
        if attempt < retries:
            pause(wait)
            wait = min(2 * wait, longest_pause_s)
    raise NetworkUnreachableError(
        Said(
            f"{server}问了 {retries + 1} 次没有结果（{reason}）",
            f"asked {retries + 1} times without success: {reason}",
        )
    )


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def once(question: Callable[[], Answer], server: str) -> Answer:
    """Ask through `requests`, its errors turned into what `persist` understands.

    Raises:
        TryAgainError: If the server is silent or the connection broke.
        NetworkUnreachableError: If no connection came about, or the address is no good.
    """
    import requests

    try:
        return question()
    except requests.Timeout as error:
        raise TryAgainError("no answer in time") from error
    except requests.ConnectionError as error:
        if _no_way(error):
            raise NetworkUnreachableError(
                Said(
                    f"连不上 {server}",
                    "no connection to the server: check the network, or load a file instead",
                )
            ) from error
        raise TryAgainError("the connection broke") from error
    except requests.RequestException as error:
        raise NetworkUnreachableError(
            Said(f"{server}: 地址不对", "the address is no good")
        ) from error


def _no_way(error: Exception) -> bool:
    """True if no connection came about at all: asking again soon is no use."""
    from urllib3.exceptions import NewConnectionError

    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, NewConnectionError)


def judge(response: Any, server: str) -> None:
    """Whether an answer of `requests` stands.

    Raises:
        TryAgainError: If the server is busy.
        NetworkUnreachableError: If it refuses.
    """
    if response.status_code in BUSY:
        raise TryAgainError(f"the server is busy ({response.status_code})")
    if not response.ok:
        raise NetworkUnreachableError(
            Said(f"{server} 拒绝", f"refused: {response.status_code} {response.reason}")
        )


def get(url: str, *, timeout_s: float, retries: int, headers: dict[str, str] | None = None) -> Any:
    """An open answer of a web address, its content not read yet.

    Raises:
        NetworkUnreachableError: If there is no way to the server, or it refuses, or stays busy
            or silent.
    """
    import requests

    def ask() -> Any:
        answer = once(
            lambda: requests.get(url, headers=headers, stream=True, timeout=timeout_s), url
        )
        try:
            judge(answer, url)
        except BaseException:
            answer.close()
            raise
        return answer

    return persist(ask, server=url, retries=retries)


def download(
    url: str,
    path: Path,
    *,
    size: int,
    timeout_s: float,
    retries: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """A whole file of a known size; one that breaks off is asked for again.

    Args:
        url: Address.
        path: File to write.
        size: Bytes that it has; never more are written.
        timeout_s: Longest silence that is borne.
        retries: How often to ask again.
        progress: Told the bytes that came and `size`.

    Raises:
        NetworkUnreachableError: As `get`, or if the transfer never came to its end.
    """
    import requests

    def ask() -> None:
        got = 0
        try:
            with get(url, timeout_s=timeout_s, retries=retries) as answer, path.open("wb") as out:
                for chunk in answer.iter_content(_MIB):
                    got += len(chunk)
                    if got > size:
                        break
                    out.write(chunk)
                    if progress is not None:
                        progress(got, size)
        except requests.RequestException as error:
            raise TryAgainError(Said("下载中断", "the download broke off")) from error
        if got != size:
            raise TryAgainError(Said("下载中断", "the download broke off before its end"))

    persist(ask, server=url, retries=retries, longest_pause_s=FIRST_PAUSE_S)
