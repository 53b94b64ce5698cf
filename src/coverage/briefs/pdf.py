"""The report as PDF, converted from Word by LibreOffice where that is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from coverage.errors import CoverageError

_SECONDS = 180


class ConversionError(CoverageError, RuntimeError):
    """LibreOffice is there and did not convert; some installations lack its Writer."""


def office() -> str | None:
    """The LibreOffice program, `None` if there is none."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def convert(source: Path, goal: Path) -> None:
    """Write `source` (Word, slides or a workbook) as the file `goal`, whose suffix says as what.

    LibreOffice runs with a profile of its own: one that is open on the
    desktop would otherwise take the order and do nothing.

    Raises:
        ConversionError: If LibreOffice fails or takes longer than three minutes.
    """
    program = office()
    if program is None:
        raise ConversionError("没有安装 LibreOffice · LibreOffice is not installed")
    with tempfile.TemporaryDirectory(prefix="coverage-office-") as folder:
        command = [
            program,
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            goal.suffix.removeprefix("."),
            "--outdir",
            folder,
            str(source),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ConversionError(
                f"LibreOffice 超过 {_SECONDS} 秒没有完成转换 · the conversion took too long"
            ) from error
        made = Path(folder, source.stem + goal.suffix)
        if not made.is_file():
            said = (done.stderr or done.stdout).strip().splitlines()
            reason = said[-1] if said else f"exit {done.returncode}"
            raise ConversionError(f"LibreOffice 转换失败 · the conversion failed ({reason})")
        shutil.copyfile(made, goal)
