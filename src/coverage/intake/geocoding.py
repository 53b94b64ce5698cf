"""Rows that have an address and no coordinates, placed by a map service the user has chosen.

A service is asked only when the user names one. What it answers is marked in the row, in the
report and in the register, with its precision; an answer for a whole township or more, or one
outside the city, is not used, and the row stays at its township's seat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coverage.download.geocode import QuotaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.download.geocode import Geocoded, Geocoder
    from coverage.intake.judged import Judged

# Answers that are a place; from a township on they are that of a whole area.
PRECISE = {
    "address": "门牌",
    "poi": "地名",
    "street": "道路",
    "village": "村居",
}
_MARGIN_DEGREES = 0.5


def city_bounds(city: City) -> tuple[float, float, float, float] | None:
    """West, south, east and north of the township seats with a margin, in degrees."""
    seats = [(u.lon, u.lat) for u in city.units.township_rows if u.lon is not None]
    if not seats:
        return None
    lon, lat = np.array(seats, dtype=np.float64).T
    margin = _MARGIN_DEGREES
    return lon.min() - margin, lat.min() - margin, lon.max() + margin, lat.max() + margin


def geocode(rows: Sequence[Judged], city: City, geocoder: Geocoder) -> None:
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
    spent = ""
    for row in rows:
        address = str(row.taken.fields.get("address") or "").strip()
        if row.place == "coordinates" or not address:
            continue
        if spent:
            row.corrections.append(f"未地理编码：{spent}")
            continue
        question = _question(row, city, address)
        if question not in known:
            try:
                known[question] = geocoder.geocode(question)
            except QuotaError as error:
                spent = str(error)
                row.corrections.append(f"未地理编码：{spent}")
                continue
        _settle(row, known[question], bounds)


def _question(row: Judged, city: City, address: str) -> str:
    """The address with the city, county and township before it, as far as it does not say them."""
    names = [city.name, city.units.name(row.unit_code[:6]), city.units.name(row.unit_code[:9])]
    known = [n for n in names if not n.isdecimal() and n.rstrip("市县区镇乡") not in address]
    return "".join(dict.fromkeys([*known, address]))


def _settle(
    row: Judged, found: Geocoded | None, bounds: tuple[float, float, float, float] | None
) -> None:
    said = ""
    if found is None:
        said = "地图服务不认识这个地址"
    elif found.precision not in PRECISE:
        said = f"地图服务只答到 {found.precision}，未采用"
    elif bounds and not (
        bounds[0] <= found.lon <= bounds[2] and bounds[1] <= found.lat <= bounds[3]
    ):
        said = f"地图服务答在市外（{found.lon:.4f},{found.lat:.4f}），未采用"
    if said or found is None:
        row.corrections.append(f"{said} · no use was made of the geocoder's answer")
        return
    score = "" if found.score is None else f"，得分 {found.score:g}"
    mark = f"地理编码（{found.service}，{PRECISE[found.precision]}{score}）"
    row.lon, row.lat, row.place = round(found.lon, 7), round(found.lat, 7), "geocoded"
    # It said that the row stands at the seat, which is no longer so.
    row.corrections = [c for c in row.corrections if "按乡镇驻地" not in c]
    row.corrections.append(f"按地址{mark}，{found.datum} 换算为 WGS84 · placed by its address")
    fields = row.taken.fields
    fields["note"] = "；".join(filter(None, (str(fields.get("note") or ""), mark)))
