"""Commands as processes that are held to seconds and megabytes.

One process imports the house, and each command runs in a fork of it: what a command costs is its
own, and hundreds of them do not import everything again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SECONDS = 10
MEGABYTES = 500
_STUCK = 60  # a command that waits for ever uses no seconds of the processor
_FORKS = """
import json, os, resource, signal, sys, tempfile
import openpyxl, networkx, shapely, pandas, pyogrio, pyproj, rasterio
import coverage.city, coverage.intake.people, coverage.reach.service
from coverage.cli.main import main
SECONDS, STUCK = int(sys.argv[1]), int(sys.argv[2])
for line in sys.stdin:
    out = tempfile.TemporaryFile()
    child = os.fork()
    if not child:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
        signal.alarm(STUCK)
        code = 0
        try:
            main(json.loads(line))
        except SystemExit as error:
            code = int(error.code or 0)
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    out.seek(0)
    said = out.read().decode("utf-8", "replace")
    ended = [os.waitstatus_to_exitcode(status), said, used.ru_utime + used.ru_stime]
    print(json.dumps([*ended, used.ru_maxrss / 1024]), file=sys.__stdout__, flush=True)
"""


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
    listed = [list(args) for args in all_args]
    done = subprocess.run(
        [sys.executable, "-c", _FORKS, str(SECONDS), str(_STUCK)],
        input="".join(json.dumps(args) + "\n" for args in listed),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=env,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [Ended(args, *one) for args, one in zip(listed, found, strict=True)]
