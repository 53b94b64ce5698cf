"""Facilities as symbols: where they stand, and what their pop-ups say.

They come from the result (`coverage.results.document`), in which a
masked facility has lost its name, its source and its precise place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.kinds import SERVICES
from coverage.maps.view import Site
from coverage.messages import Lang, Said
from coverage.results import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coverage.results.document import Document, FacilityRow

_MASKED = Said("位置已隐去，标在乡镇驻地", "place withheld: drawn at its township's seat")
_AT_SEAT = Said("无坐标，标在乡镇驻地", "no coordinates: drawn at its township's seat")
_LABELS = {
    "kind": Said("类别", "kind"),
    "unit": Said("所在", "in"),
    "beds": Said("床位", "beds"),
    "nursing": Said("护理型床位", "nursing beds"),
    "services": Said("服务", "services"),
    "ownership": Said("性质", "ownership"),
    "status": Said("状态", "status"),
    "place": Said("位置", "place"),
    "source": Said("来源", "source"),
    "provenance": Said("数据性质", "provenance"),
    "note": Said("备注", "note"),
}


def sites_of(
    document: Document, *, lang: Lang, changes: Mapping[str, str]
) -> tuple[tuple[Site, ...], dict[str, tuple[tuple[str, str], ...]]]:
    """Facilities that can be drawn, and kind and name of those that cannot by county.

    Args:
        document: The result; its closed facilities are left out unless
            a scenario closed them.
        lang: Language.
        changes: What a scenario did to a facility, by id.
    """
    seats = {u.code: (u.lon, u.lat) for u in document.units if u.lon is not None}
    found: list[Site] = []
    lost: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in document.register:
        change = changes.get(row.id, "")
        if row.status == "closed" and not change:
            continue
        own = row.lon is not None and not row.masked
        lon, lat = (row.lon, row.lat) if own else seats.get(row.unit[:9], (None, None))
        if lon is None or lat is None:
            code = row.unit[:6]
            lost[code] = (*lost.get(code, ()), (row.kind, row.name))
            continue
        found.append(
            Site(
                id=row.id,
                name=row.name,
                kind=row.kind,
                lon=lon,
                lat=lat,
                at_seat=not own,
                open=row.counted,
                facts=tuple(_facts(row, lang, at_seat=not own)),
                change=change,
                number=sum(s.change == "added" for s in found) + 1 if change == "added" else 0,
            )
        )
    return tuple(found), lost


def _facts(row: FacilityRow, lang: Lang, *, at_seat: bool) -> Iterable[tuple[str, str]]:
    said = [
        ("kind", row.kind_name),
        ("unit", row.unit_name),
        ("beds", "" if row.beds is None else figures.shown(row.beds, lang)),
        (
            "nursing",
            "" if row.nursing_beds is None else figures.shown(row.nursing_beds, lang),
        ),
        ("services", _services(row.services, lang)),
        ("ownership", row.ownership),
        ("status", "" if row.counted else row.status_name),
        ("place", (_MASKED if row.masked else _AT_SEAT).to(lang) if at_seat else ""),
        ("source", row.source),
        ("provenance", row.provenance_name),
        # What a modelled row rests on; a register's own remarks are long and for the register.
        ("note", row.note if row.provenance == "modelled" else ""),
    ]
    return ((_LABELS[key].to(lang), value) for key, value in said if value)


def _services(names: Iterable[str], lang: Lang) -> str:
    """Services in the order of the vocabulary, unknown ones last."""
    order = list(SERVICES)
    ranked = sorted(names, key=lambda s: (order.index(s) if s in SERVICES else len(order), s))
    if lang == "zh":
        return "、".join(ranked)
    return ", ".join(SERVICES.get(s, s) for s in ranked)
