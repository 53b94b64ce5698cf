"""The words of results in both languages: statuses, short names, headings and groups.

They stand in `words.toml`: a new indicator's short name is a line there.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from coverage.messages import Said

_FOUND = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))

STATUS, SHORT_NAMES, HEADS, GROUPS = (
    {key: Said(*said) for key, said in _FOUND[name].items()}
    for name in ("statuses", "short_names", "heads", "groups")
)
