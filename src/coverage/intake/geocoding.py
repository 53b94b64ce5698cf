"""Rows that have an address and no coordinates, placed by a map service the user has chosen.

A service is asked only when the user names one. What it answers is marked in the row, in the
report and in the register, with its precision; an answer for a whole township or more, or one
outside the city, is not used, and the row stays at its township's seat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.download.geocode import QuotaError
from coverage.intake.locate import AT_SEAT, city_bounds
from coverage.intake.outcomes import bilingual
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.download.geocode import Geocoded, Geocoder
    from coverage.intake.outcomes import FacilityRow

# Answers that are a place; from a township on they are that of a whole area.
PRECISE = {
    "address": Said("门牌", "house number"),
    "poi": Said("地名", "named place"),
    "street": Said("道路", "street"),
    "village": Said("村居", "village"),
}


def geocode(rows: Sequence[FacilityRow], city: City, geocoder: Geocoder) -> None:
    """Place rows that state an address and lack coordinates; each answer is asked for once.

    Once the quota of the key is used up the rest stay where they are, and say why.

    Args:
        rows: Accepted rows; those placed get their place, and a word in corrections and note.
        city: Answers outside of it are not used.
        geocoder: Whom to ask.

    Raises:
        NetworkUnreachableError: If the service refuses or cannot be reached.
    """
    bounds = city_bounds(city)
    known: dict[str, Geocoded | None] = {}
    spent: Said | None = None
    for row in rows:
        address = str(row.taken.fields.get("address") or "").strip()
        if row.place == "coordinates" or not address:
            continue
        if spent is not None:
            row.correct(spent)
            continue
        question = _question(row, city, address)
        if question not in known:
            try:
                known[question] = geocoder.geocode(question)
            except QuotaError as error:
                why = bilingual(error.args[0])
                spent = Said(f"未地理编码：{why.zh}", f"not geocoded: {why.en}")
                row.correct(spent)
                continue
        _settle(row, known[question], bounds)


def _question(row: FacilityRow, city: City, address: str) -> str:
    """The address with the city, county and township before it, as far as it does not say them."""
    names = [city.name, city.units.name(row.unit_code[:6]), city.units.name(row.unit_code[:9])]
    known = [n for n in names if not n.isdecimal() and n.rstrip("市县区镇乡") not in address]
    return "".join(dict.fromkeys([*known, address]))


def _settle(
    row: FacilityRow, found: Geocoded | None, bounds: tuple[float, float, float, float] | None
) -> None:
    unused = None
    if found is None:
        unused = Said("地图服务不认识这个地址", "the map service does not know the address")
    elif found.precision not in PRECISE:
        unused = Said(
            f"地图服务只答到 {found.precision}，未采用",
            f"the map service answers for a whole {found.precision}: not used",
        )
    elif bounds and not (
        bounds[0] <= found.lon <= bounds[2] and bounds[1] <= found.lat <= bounds[3]
    ):
        place = f"{found.lon:.4f},{found.lat:.4f}"
        unused = Said(
            f"地图服务答在市外（{place}），未采用",
            f"the map service puts it outside the city ({place}): not used",
        )
    if unused is not None or found is None:
        row.correct(*filter(None, (unused,)))
        return
    score = "" if found.score is None else f"，得分 {found.score:g}"
    precision = PRECISE[found.precision]
    mark = f"地理编码（{found.service}，{precision.zh}{score}）"
    row.lon, row.lat, row.place = round(found.lon, 7), round(found.lat, 7), "geocoded"
    # It said that the row stands at the seat, which is no longer so.
    row.findings = [f for f in row.findings if f.said != AT_SEAT]
    row.correct(
        Said(
            f"按地址{mark}，{found.datum} 换算为 WGS84",
            f"placed by its address ({found.service}, {precision.en}), {found.datum} turned "
            "into WGS84",
        )
    )
    row.remark(mark)
