"""Commands as processes that are held to seconds and megabytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SECONDS = 10
MEGABYTES = 500


@dataclass(frozen=True)
class Ended:
    """How a command ended: killed (a negative code) where it took too long."""

    args: Sequence[str]
    code: int
    said: str
    seconds: float
    megabytes: float

    @property
    def sentences(self) -> list[str]:
        """What it said, by line."""
        return self.said.strip().splitlines()

    def refused(self, file: str) -> bool:
        """Whether it refused `file` in sentences that name it, and soon."""
        named = bool(self.sentences) and all(
            one.startswith(("错误 error", "共 ")) for one in self.sentences
        )
        cheap = self.seconds < SECONDS and self.megabytes < MEGABYTES
        return self.code == 2 and named and file in self.said and cheap


def commands(
    all_args: Iterable[Sequence[str]], *, env: Mapping[str, str] | None = None
) -> list[Ended]:
    """Run commands one after the other."""
    limits = processes.Limits(seconds=SECONDS)
    found = []
    for args in all_args:
        done = processes.run(*args, env=env, limits=limits)
        said = done.stdout + done.stderr
        found.append(Ended(args, done.returncode, said, done.seconds, done.megabytes))
    return found
