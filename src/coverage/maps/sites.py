"""Facilities as symbols: where they stand, what their pop-ups say, and what is kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.kinds import KINDS, PROVENANCES, SERVICES, STATUSES
from coverage.maps.view import Site
from coverage.reach.sites import standing
from coverage.text import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coverage.city import City
    from coverage.facilities import Facility
    from coverage.text import Lang

# Where children and people in need are sheltered: a precise place can put them in danger.
SENSITIVE = frozenset(
    {"child_protection_station", "child_protection_centre", "child_welfare", "rescue_station"}
)
MASKED = Said("位置已隐去，标在所属单元驻地", "place withheld: drawn at its unit's seat")
_AT_SEAT = Said("无坐标，标在所属单元驻地", "no coordinates: drawn at its unit's seat")
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
}


def sites_of(
    city: City,
    facilities: Iterable[Facility],
    year: int,
    *,
    lang: Lang,
    mask: bool = False,
    changes: Mapping[str, str],
) -> tuple[tuple[Site, ...], dict[str, tuple[str, ...]]]:
    """Facilities that can be drawn, and the names of those that cannot by the unit they are in.

    Args:
        city: The city.
        facilities: Of its register; closed ones are left out.
        year: Those that open later are drawn as not yet open.
        lang: Language.
        mask: Withhold name, source and place of the kinds of `SENSITIVE`:
            they stand at their county's or township's seat.
        changes: What a scenario did to a facility, by id.
    """
    found: list[Site] = []
    lost: dict[str, tuple[str, ...]] = {}
    for facility in facilities:
        if facility.status == "closed" and facility.id not in changes:
            continue
        masked = mask and facility.kind in SENSITIVE
        site = _site(city, facility, year, lang, changes.get(facility.id, ""), masked=masked)
        if site is None:
            code = facility.unit_code[:6]
            lost[code] = (*lost.get(code, ()), _name(facility, lang, masked=masked))
        else:
            found.append(site)
    return tuple(found), lost


def _name(facility: Facility, lang: Lang, *, masked: bool) -> str:
    kind = KINDS[facility.kind]
    return (kind.zh if lang == "zh" else kind.en) if masked else facility.name


def _site(
    city: City, facility: Facility, year: int, lang: Lang, change: str, *, masked: bool
) -> Site | None:
    place = standing(city, facility, own=not masked)
    if place is None:
        return None
    lon, lat, at_seat = place
    return Site(
        id="" if masked else facility.id,
        name=_name(facility, lang, masked=masked),
        kind=facility.kind,
        lon=lon,
        lat=lat,
        at_seat=at_seat,
        open=facility.counts_in(year),
        facts=tuple(_facts(city, facility, lang, at_seat=at_seat, masked=masked)),
        change=change,
    )


def _facts(
    city: City, facility: Facility, lang: Lang, *, at_seat: bool, masked: bool
) -> list[tuple[str, str]]:
    kind, zh = KINDS[facility.kind], lang == "zh"
    code = facility.unit_code[:6] if masked else facility.unit_code[:9]
    said: list[tuple[str, str]] = [("kind", kind.zh if zh else kind.en)]
    said.append(("unit", city.units.name(code) if code in city.units else city.name))
    if not masked:
        said += _services(facility, lang)
        said.append(("ownership", facility.ownership))
    if facility.status != "open" or facility.opened:
        opened = f" {facility.opened.isoformat()}" if facility.opened else ""
        said.append(("status", (STATUSES[facility.status] if zh else facility.status) + opened))
    if masked or at_seat:
        said.append(("place", (MASKED if masked else _AT_SEAT).to(lang)))
    said.append(("source", "" if masked else facility.source))
    provenance = PROVENANCES[facility.provenance] if zh else facility.provenance
    said.append(("provenance", provenance))
    return [(_LABELS[key].to(lang), value) for key, value in said if value]


def _services(facility: Facility, lang: Lang) -> list[tuple[str, str]]:
    names = sorted(
        facility.services, key=lambda s: (list(SERVICES).index(s) if s in SERVICES else 99, s)
    )
    listed = "、".join(names) if lang == "zh" else ", ".join(SERVICES.get(s, s) for s in names)
    beds = "" if facility.beds is None else f"{facility.beds:,}"
    nursing = "" if facility.nursing_beds is None else f"{facility.nursing_beds:,}"
    return [("beds", beds), ("nursing", nursing), ("services", listed)]
