"""A view as one self-contained page: a folium map whose scripts, styles and data lie inside.

Nothing is asked of the network unless a base map is chosen. The map is an
ordinary `folium.Map`, to which an analyst may add layers of their own before
it is saved.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from coverage.atomic import replacing
from coverage.errors import InputError
from coverage.formats.webpage import sealed
from coverage.maps.payload import patterns, payload, words
from coverage.messages import Said
from coverage.settings import PACKAGE_DIR

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.maps.view import View

TILES = ("none", "osm", "tianditu", "amap")
_ROOM = PACKAGE_DIR / "maps"
_LIBRARY = ("leaflet", "leaflet.markercluster")
_SCRIPTS = ("layers.js", "panel.js", "tools.js")
# A style sheet's pictures lie beside it in its package; this page has its own symbols.
_ELSEWHERE = re.compile(r"url\((?!['\"]?(?:data:|#))[^)]*\)")
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def write(view: View, path: Path, *, tiles: str = "none", key: str | None = None) -> None:
    """Write the page, all at once.

    Args:
        view: What is shown.
        path: ``.html``.
        tiles: Base map: ``none``, ``osm``, ``tianditu`` or ``amap``; with the
            last every place is moved to GCJ-02, so that it fits.
        key: Key for Tianditu; ``COVERAGE_TIANDITU_KEY`` by default.

    Raises:
        InputError: If the base map is not known or lacks its key, or the file
            cannot be written.
    """
    base, _ = base_map(tiles, key)
    text = folium_map(view, tiles=tiles, key=key).get_root().render()
    with replacing(path) as temporary:
        temporary.write_text(sealed(text, images=_hosts(base)), encoding="utf-8")


def _hosts(base: dict[str, Any] | None) -> list[str]:
    """Where a base map's pictures come from, as a policy names it: ``https://*.tianditu.gov.cn``."""
    if base is None:
        return []
    scheme, _, rest = base["url"].partition("://")
    return [f"{scheme}://{re.sub(r'^[^.]*{s}', '*', rest.partition('/')[0])}"]


def folium_map(view: View, *, tiles: str = "none", key: str | None = None) -> Any:
    """The view as a `folium.Map` with everything inside; arguments as in `write`."""
    base, datum = base_map(tiles, key)
    import folium
    from branca.element import Element

    class OfflineMap(folium.Map):
        """A folium map that links to nothing: its library is in the page."""

        default_js: list[tuple[str, str]] = []  # noqa: RUF012 -- as its base declares it
        default_css: list[tuple[str, str]] = []  # noqa: RUF012

    south, west = view.bounds[1], view.bounds[0]
    made = OfflineMap(location=[south, west], zoom_start=8, tiles=None, zoom_snap=0.25)
    # The parameter of this name belongs to tiles, of which there are none.
    made.options["max_zoom"] = 18
    # A name of its own instead of a random one: the same view gives the same page.
    made._id = "city"  # noqa: SLF001 -- branca has no public way to set it
    root: Any = made.get_root()
    root.title = _escaped(view.title)
    data = json.dumps(
        payload(view, datum=datum, tiles=base), ensure_ascii=False, separators=(",", ":")
    )
    for name, text in _header().items():
        root.header.add_child(_raw(Element, text), name=name)
    root.html.add_child(_raw(Element, _skeleton(view)), name="panel")
    # A closing tag in a facility's name must not end the script.
    block = f'<script type="application/json" id="coverage-data">{_harmless(data)}</script>'
    root.html.add_child(_raw(Element, block), name="data")
    call = (
        'addEventListener("DOMContentLoaded", () => '
        f"coverageMap({made.get_name()}, "
        'JSON.parse(document.getElementById("coverage-data").textContent)));'
    )
    root.script.add_child(_raw(Element, call), name="start")
    return made


def base_map(tiles: str, key: str | None) -> tuple[dict[str, Any] | None, str]:
    """Address and options of a base map, and the datum that it is drawn in.

    Raises:
        InputError: If it is not known, or Tianditu's key is missing.
    """
    if tiles == "none":
        return None, "wgs84"
    if tiles == "osm":
        return _tiles(
            "https://tile.openstreetmap.org/{z}/{x}/{y}.png", "", "© OpenStreetMap contributors"
        ), "wgs84"
    if tiles == "amap":
        address = (
            "https://webrd0{s}.is.autonavi.com/appmaptile"
            "?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
        )
        return _tiles(address, "1234", "© 高德地图"), "gcj02"
    if tiles != "tianditu":
        listed = "、".join(TILES)
        raise InputError(Said(f"没有底图 {tiles!r}，可用 {listed}", "the base map is not known"))
    key = key or os.environ.get("COVERAGE_TIANDITU_KEY")
    if not key or not re.fullmatch(r"[0-9A-Za-z]+", key):
        raise InputError(
            Said(
                "天地图底图需要密钥：--tianditu-key 或 COVERAGE_TIANDITU_KEY（会写进网页）",
                "Tianditu needs a key, which will stand in the page",
            )
        )
    address = (
        "https://t{s}.tianditu.gov.cn/vec_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        "&LAYER=vec&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
        f"&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
    )
    return _tiles(address, "01234567", "© 天地图"), "wgs84"


def _tiles(url: str, subdomains: str, attribution: str) -> dict[str, Any]:
    return {
        "url": url,
        "options": {"subdomains": subdomains, "attribution": attribution, "maxZoom": 18},
    }


def _header() -> dict[str, str]:
    """Styles and scripts of the page, by name, each in its element."""
    vendor, own = _ROOM / "vendor", _ROOM / "web"
    found = {
        "viewport": '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Without an icon of its own a page asks its server for one.
        '<link rel="icon" href="data:,">'
    }
    for name in _LIBRARY:
        css = (vendor / f"{name}.css").read_text(encoding="utf-8")
        script = (vendor / f"{name}.js").read_text(encoding="utf-8")
        found[f"{name}_css"] = f"<style>{_ELSEWHERE.sub('none', css)}</style>"
        found[name] = f"<script>{_SOURCE_MAP.sub('', script)}</script>"
    for name in _SCRIPTS:
        found[name] = f"<script>{(own / name).read_text(encoding='utf-8')}</script>"
    found["page_css"] = f"<style>{(own / 'page.css').read_text(encoding='utf-8')}</style>"
    return found


def _skeleton(view: View) -> str:
    """The panel before the script fills it."""
    said = words(view.lang)
    mark = f'<span class="mark">{_escaped(view.mark)}</span>' if view.mark else ""
    return (
        f"{patterns()}"
        f'<button id="open-panel" type="button" aria-controls="panel">'
        f'<span class="title">{_escaped(view.title)}</span>☰ {said["open"]}{mark}</button>'
        '<aside id="panel"><div class="panel-head"></div>'
        f'<button id="close-panel" type="button" title="{said["close"]}" '
        f'aria-label="{said["close"]}">×</button>'
        '<div class="panel-body"></div></aside>'
    )


def _raw(element: Any, text: str) -> Any:
    """An element whose text is no template: braces of scripts stay braces."""
    made = element("{{ this.text }}")
    made.text = text
    return made


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _harmless(data: str) -> str:
    return data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
