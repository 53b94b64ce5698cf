"""What a record says of a file's content: a digest, and in a protected brief one with a key.

Whoever has the digest of a file and all of the file but a few small counts tries the counts one
after the other until the digest fits. Beside counts that are kept back stands therefore only a
digest that nobody can compute without the key, or none where there is no place for a key.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from coverage.atomic import opened
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.workspace import check_inside

if TYPE_CHECKING:
    from pathlib import Path

KEY = "keep-secret.key"
_BYTES = 32
KEYED = Said(
    f"输入文件的校验值是带密钥的（HMAC-SHA256）；密钥在工作区的 {KEY}，不得随材料外传",
    f"the digests of the input files are keyed (HMAC-SHA256); the key is {KEY} in the workspace "
    "and must not be sent along",
)
KEYLESS = Said(
    "这份材料隐去了数字或位置，又没有能存放密钥的工作区，因此不记输入文件的校验值",
    "counts or places are kept back and there is no workspace that can hold a key: the digests of "
    "the input files are left out",
)


@dataclass(frozen=True)
class Digests:
    """How the content of files is written down.

    Attributes:
        protected: Whether a plain digest would confirm a guess at what is kept back.
        key: Of a keyed digest, if there is one.
    """

    protected: bool
    key: bytes | None = None

    @property
    def note(self) -> Said | None:
        """What the record says of its digests, nothing if they are plain."""
        return (KEYED if self.key else KEYLESS) if self.protected else None

    def of(self, content: bytes) -> dict[str, str]:
        """The digest of a file, under the name of what it is; nothing without a key."""
        if not self.protected:
            return {"sha256": sha256(content).hexdigest()}
        return {"hmac_sha256": hmac.digest(self.key, content, "sha256").hex()} if self.key else {}


def read_key(folder: Path) -> bytes | None:
    """The key of a workspace, `None` if it has none.

    Raises:
        InputError: If the file of the key holds something else, cannot be read, or lies elsewhere.
    """
    path = folder / KEY
    check_inside(folder, path)
    if not path.exists():
        return None
    with opened(path) as file:
        raw = file.read(4 * _BYTES)
    try:
        key = bytes.fromhex(raw.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        said = Said(
            "密钥文件已损坏，请恢复原来的文件，或删除后重新生成（旧材料将无法复核输入）",
            "the file of the key is damaged: restore it, or delete it to have a new one made "
            "(inputs of earlier briefs can then not be checked)",
        )
        raise InputError(Problem(said, str(path)))
    return key


def made_key(folder: Path) -> bytes | None:
    """The key of a workspace, made at first need; `None` where nothing can be written.

    The file comes whole or not at all, so that of two runs side by side both take the same key.

    Raises:
        InputError: As `read_key`.
    """
    if (key := read_key(folder)) is not None:
        return key
    half = folder / f".{KEY}.{secrets.token_hex(8)}"
    try:
        # Nobody else may read it, from its first byte on.
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
        if not (folder / KEY).exists():
            (folder / KEY).hardlink_to(half)
    except FileExistsError:
        pass  # another run was faster
    except OSError:
        return None
    finally:
        half.unlink(missing_ok=True)
    return read_key(folder)
