"""Kinds of facility and their services: one vocabulary for registers, plans and maps.

The words themselves stand in `kinds.toml`: a new kind is one table there,
with what lists call it.
"""

from __future__ import annotations

from dataclasses import dataclass

from coverage.packaged import packaged


@dataclass(frozen=True)
class Kind:
    """A kind of facility.

    Attributes:
        id: Name used in registers and plan files.
        zh: Name in Chinese.
        en: Name in English.
        system: The field of civil affairs it belongs to.
    """

    id: str
    zh: str
    en: str
    system: str


_WORDS = packaged("kinds.toml")

KINDS: dict[str, Kind] = {
    id_: Kind(id_, kind["zh"], kind["en"], kind["system"]) for id_, kind in _WORDS["kinds"].items()
}
SERVICES: dict[str, str] = _WORDS["services"]
STATUSES: dict[str, str] = _WORDS["statuses"]
PROVENANCES: dict[str, str] = _WORDS["provenances"]
TIERS: dict[str, tuple[str, str]] = {
    id_: (tier["zh"], tier["en"]) for id_, tier in _WORDS["tiers"].items()
}
# Tier by each word for it, the longest first, and by those words with 级 after them.
TIER_WORDS: dict[str, str] = dict(
    sorted(
        ((word, id_) for id_, tier in _WORDS["tiers"].items() for word in tier["words"].split()),
        key=lambda one: -len(one[0]),
    )
)
TIER_ALIASES: dict[str, str] = {
    name: id_ for word, id_ in TIER_WORDS.items() for name in (f"{word}级", word)
}
SYSTEMS: tuple[str, ...] = tuple(_WORDS["systems"])
# Units and natures of indicators, in English.
UNITS: dict[str, str] = _WORDS["units"]
NATURES: dict[str, str] = _WORDS["natures"]
# Kinds that do not say all: what other words of a row make of them.
TOLD: dict[str, dict[str, str]] = {
    id_: kind["told"] for id_, kind in _WORDS["kinds"].items() if "told" in kind
}
# Kinds that are of one tier by their nature.
KIND_TIERS: dict[str, str] = {
    id_: kind["tier"] for id_, kind in _WORDS["kinds"].items() if "tier" in kind
}
# What lists call these things; a register may use any of them for the id.
ALIASES: dict[str, str] = {
    word: id_
    for id_, kind in _WORDS["kinds"].items()
    for word in (*kind.get("aliases", ()), kind["zh"])
}
