"""Commands as processes, as users run them, without the wait for Python to import everything.

One process has imported the house, and each command runs in a fork of it: with arguments, folder,
environment and streams of its own, and killed, held to limits or left to run like any other.
What concerns the start of the interpreter itself (its language, what it imports, signals) is
tested with interpreters of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WAIT_S = 180
# What rooms import late.
_LATE = (
    *("docx", "folium", "geopandas", "highspy", "jinja2", "matplotlib.figure", "networkx"),
    *("openpyxl", "osmium", "pptx", "rasterio", "scipy.sparse.csgraph", "shapely"),
)


@dataclass(frozen=True)
class Limits:
    """What a process may use: a killed one ends with a negative code."""

    seconds: int | None = None
    file_bytes: int | None = None


@dataclass(frozen=True)
class Ended:
    """How a process ended, what it printed, and what it used."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    megabytes: float


@dataclass
class Process:
    """A process that runs."""

    pid: int
    _line: socket.socket
    _out: IO[bytes]
    _err: IO[bytes]

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = WAIT_S) -> Ended:
        """Wait for its end.

        Raises:
            TimeoutError: If it does not end in time; it is killed.
        """
        self._line.settimeout(timeout)
        try:
            told = json.loads(_read_line(self._line))
        except TimeoutError:
            self.kill()
            raise
        finally:
            self._line.close()
        out, err = (_text(stream) for stream in (self._out, self._err))
        return Ended(told[0], out, err, told[1], told[2])


def run(
    *args: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    code: str = "",
    timeout: float = WAIT_S,
) -> Ended:
    """Run the command line with `args`, and wait for its end; or `code`, with `args` as its own."""
    return start(*args, cwd=cwd, env=env, limits=limits, code=code).wait(timeout)


def start(
    *args: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    code: str = "",
) -> Process:
    """Start the command line with `args`; or `code`, with `args` as its own.

    Args:
        args: Arguments, without the name of the program.
        cwd: The folder it runs in; this process's own if there is none.
        env: What its environment has beside this process's own.
        limits: What it may use.
        code: Python to run instead of the command line.
    """
    request = {
        "args": args,
        "cwd": str(cwd or Path.cwd()),
        "env": {**os.environ, **(env or {})},
        "seconds": limits and limits.seconds,
        "file_bytes": limits and limits.file_bytes,
        "code": code,
    }
    line = socket.socket(socket.AF_UNIX)
    line.connect(_house())
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 -- read at the end
    with Path(os.devnull).open("rb") as nothing:
        fds = [nothing.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(line, [b"!"], fds)
    line.sendall(json.dumps(request).encode() + b"\n")
    return Process(int(_read_line(line)), line, out, err)


@cache
def _house() -> str:
    """Where the process listens that has imported the house: made once, gone with this one."""
    folder = tempfile.TemporaryDirectory(prefix="coverage-tests-")
    path = str(Path(folder.name) / "house")
    command = [sys.executable, __file__, path]
    house = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ})

    def leave() -> None:
        house.kill()
        house.wait()
        folder.cleanup()

    atexit.register(leave)
    while not Path(path).exists():
        assert house.poll() is None, "the house could not be imported"
        time.sleep(0.02)
    return path


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    with stream:
        return stream.read().decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def _read_line(line: socket.socket) -> bytes:
    read = bytearray()
    while not read.endswith(b"\n"):
        part = line.recv(1 << 16)
        if not part:
            raise ConnectionError("the process that forks is gone")
        read += part
    return bytes(read)


# -- in the process that has imported the house ---------------------------------------------------


def _serve(path: str) -> None:
    import importlib
    import pkgutil
    import select

    import coverage

    rooms = (one.name for one in pkgutil.walk_packages(coverage.__path__, "coverage."))
    for name in (*_LATE, *rooms):
        importlib.import_module(name)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path + ".new")
    server.listen(128)
    Path(path + ".new").rename(path)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([server, sys.stdin], [], [])
        if sys.stdin in ready:  # whoever asked for it is gone
            return
        line, _ = server.accept()
        if not os.fork():
            server.close()
            _watch(line)
        line.close()


def _watch(line: socket.socket) -> NoReturn:
    """Fork once more, and tell who asked: the process first, then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, fds, _, _ = socket.recv_fds(line, 1, 3)
    request = json.loads(_read_line(line))
    child = os.fork()
    if not child:
        line.close()
        _be(request, fds)
    line.sendall(b"%d\n" % child)
    _, status, used = os.wait4(child, 0)
    told = [os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
    with contextlib.suppress(OSError):  # who asked may be gone
        line.sendall(json.dumps(told).encode() + b"\n")
    os._exit(0)


def _be(request: dict[str, object], fds: Sequence[int]) -> NoReturn:
    """Be the process that was asked for."""
    import resource
    import traceback

    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[call-overload]
    time.tzset()
    os.chdir(str(request["cwd"]))
    for kind, most in (("CPU", request["seconds"]), ("FSIZE", request["file_bytes"])):
        if most:
            resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (int(str(most)),) * 2)
    for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
        stream = open(number, "w", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    code = 0
    try:
        _command(list(request["args"]), str(request["code"]))  # type: ignore[call-overload]
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001 -- as the interpreter does at the very end
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _command(args: list[str], code: str) -> None:
    if code:
        sys.argv = ["-c", *args]
        exec(code, {"__name__": "__main__"})
        return
    from coverage.cli.main import main

    sys.argv = ["coverage", *args]
    main(args)


if __name__ == "__main__":
    _serve(sys.argv[1])
