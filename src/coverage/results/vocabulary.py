"""The words of results in both languages: statuses, short names, headings, groups.

They stand in `words.toml`: a new indicator's short name is a line there.
"""

from __future__ import annotations

from coverage.groups import people_of
from coverage.messages import Said
from coverage.packaged import packaged

_FOUND = packaged("results/words.toml")

STATUS, SHORT_NAMES, HEADS = (
    {key: Said(*said) for key, said in _FOUND[name].items()}
    for name in ("statuses", "short_names", "heads")
)
# No other group is given: with 15-59 a hidden group would be the rest of a sum.
GROUPS = {group: people_of(group) for group in ("all", "60+", "0-14")}
