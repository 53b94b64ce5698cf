"""Tables of words and rules that come with the package, beside the code that uses them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def packaged(name: str) -> dict[str, Any]:
    """A table of the package: ``kinds.toml``, ``lists/words.toml``.

    Example:
        >>> sorted(packaged("lists/words.toml")["rules"])
        ['closable', 'forbidden', 'keep', 'mandatory', 'movable']
    """
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
