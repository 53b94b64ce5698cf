"""The report as PDF, converted from Word by LibreOffice where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from coverage.errors import CoverageError
from coverage.messages import Said

_SECONDS = 180


class ConversionError(CoverageError, RuntimeError):
    """LibreOffice is there and did not convert; some installations lack its Writer."""


# Families that stand in for the official fonts, best first: a song type for 仿宋, 楷体 and
# 小标宋, which a fallback to any Chinese font would set like the 黑体 of the headings.
_STAND_INS = {
    ("仿宋", "楷体", "方正小标宋简体", "宋体"): ("Noto Serif CJK SC", "Source Han Serif SC"),
    ("黑体", "微软雅黑"): ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei"),
    ("Times New Roman",): ("Liberation Serif", "Noto Serif CJK SC"),
}
_FONTCONFIG = Path("/etc/fonts/fonts.conf")


def _fonts(folder: Path) -> dict[str, str]:
    """The environment with stand-ins for fonts that a Linux machine lacks.

    A font that is installed is used as it is: stand-ins come after it.
    """
    if not _FONTCONFIG.is_file():
        return dict(os.environ)
    aliases = "".join(
        f"<alias binding='same'><family>{name}</family><accept>"
        + "".join(f"<family>{other}</family>" for other in others)
        + "</accept></alias>"
        for names, others in _STAND_INS.items()
        for name in names
    )
    path = folder / "fonts.conf"
    path.write_text(
        "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig>"
        f"<include>{_FONTCONFIG}</include>{aliases}</fontconfig>",
        encoding="utf-8",
    )
    return {**os.environ, "FONTCONFIG_FILE": str(path)}


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
        raise ConversionError(Said("没有安装 LibreOffice", "LibreOffice is not installed"))
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
                command,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                env=_fonts(Path(folder)),
            )
        except subprocess.TimeoutExpired as error:
            raise ConversionError(
                Said(f"LibreOffice 超过 {_SECONDS} 秒没有完成转换", "the conversion took too long")
            ) from error
        made = Path(folder, source.stem + goal.suffix)
        if not made.is_file():
            said = (done.stderr or done.stdout).strip().splitlines()
            reason = said[-1] if said else f"exit {done.returncode}"
            raise ConversionError(Said("LibreOffice 转换失败", f"the conversion failed ({reason})"))
        shutil.copyfile(made, goal)
