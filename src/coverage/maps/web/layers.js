"use strict";
// What lies on the map: areas, roads, circles, people and facilities of one stage and theme.

function coverageLayers(map, data) {
  const words = data.words;
  const panes = { shade: 350, roads: 370, veil: 372, outline: 375, rings: 380, crowd: 390, names: 650 };
  for (const [name, z] of Object.entries(panes)) {
    const pane = map.createPane(name);
    pane.style.zIndex = z;
    // Only areas and symbols answer a click; what lies over an area lets it through.
    if (name !== "shade") pane.style.pointerEvents = "none";
  }
  const canvas = (pane) => L.canvas({ pane, padding: 0.4 });
  const svg = L.svg({ pane: "shade", padding: 0.6 });

  function el(tag, className, text) {
    const found = document.createElement(tag);
    if (className) found.className = className;
    if (text !== undefined) found.textContent = text;
    return found;
  }

  function facts(rows, className) {
    const list = el("dl", className || "facts");
    for (const [label, value] of rows) {
      list.append(el("dt", "", label), el("dd", "", value));
    }
    return list;
  }

  // Areas ------------------------------------------------------------------

  const areas = { township: new Map(), county: new Map() };
  const shades = { township: L.layerGroup(), county: L.layerGroup() };
  let state = { stage: 0, theme: 0, level: "township" };

  const stage = () => data.stages[state.stage];
  const theme = () => stage().themes[state.theme];
  const shading = () => theme().shadings.find((s) => s.level === state.level);

  function areaPopup(area) {
    const box = el("div", "popup");
    box.append(el("h3", "", area.name), el("p", "quiet", area.county || words.county));
    const rows = [];
    for (const one of stage().themes) {
      const found = one.shadings.find((s) => s.level === area.level);
      const mark = found && found.marks[area.code];
      if (mark) rows.push([one.title, mark[1]]);
    }
    box.append(facts(rows, "marks"));
    const loose = stage().loose[area.code];
    if (loose && area.level === "county") {
      box.append(el("p", "quiet", words.loose), el("p", "", loose.join(words.comma)));
    }
    if (area.approximate) box.append(el("p", "caution", words.approximate));
    return box;
  }

  for (const area of data.areas) {
    const shape = L.polygon(area.rings, {
      renderer: svg,
      pane: "shade",
      weight: area.level === "county" ? 1.6 : 0.8,
      color: area.level === "county" ? data.ink : "#5f6c7b",
      dashArray: area.approximate ? "4 3" : null,
      fillOpacity: data.tiles ? 0.72 : 1,
    });
    shape.bindPopup(() => areaPopup(area), { maxWidth: 330, minWidth: 220 });
    shape.bindTooltip(() => el("span", "", area.name), { sticky: true, direction: "top", opacity: 0.92 });
    areas[area.level].set(area.code, { area, shape });
    shades[area.level].addLayer(shape);
  }
  // Roads beyond the city stay as a faint context.
  const around = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
  const cityRings = data.areas.filter((a) => a.level === "county").flatMap((a) => a.rings);
  const veil = L.polygon([around, ...cityRings.map((part) => part[0])], {
    renderer: L.svg({ pane: "veil", padding: 1 }),
    pane: "veil",
    stroke: false,
    fillColor: data.ground,
    fillOpacity: data.tiles ? 0 : 0.72,
    interactive: false,
  });
  const borders = L.polyline(
    cityRings.flat(),
    { renderer: canvas("outline"), pane: "outline", color: data.ink, weight: 2, interactive: false }
  );

  function paint() {
    for (const level of ["township", "county"]) {
      if (level !== state.level) map.removeLayer(shades[level]);
    }
    map.addLayer(shades[state.level]);
    const found = shading();
    const styles = new Map((found ? found.classes : []).map((c) => [c.id, c.fill]));
    for (const [code, { shape }] of areas[state.level]) {
      const mark = found && found.marks[code];
      shape.setStyle({ fillColor: (mark && styles.get(mark[0])) || data.blank });
    }
  }

  // Names ------------------------------------------------------------------

  const names = L.layerGroup();
  const spots = data.areas
    .filter((area) => area.named)
    .map((area) => ({
      area,
      marker: L.marker(area.seat, {
        pane: "names",
        interactive: false,
        keyboard: false,
        icon: L.divIcon({
          className: "name name-" + area.level,
          html: el("span", "", area.name),
          iconSize: null,
        }),
      }),
    }));

  // Boxes of the symbols now on the map, as [left, top, right, bottom] in pixels.
  function symbolBoxes() {
    const found = [];
    const boxOf = (latlng, half) => {
      const at = map.latLngToContainerPoint(latlng);
      found.push([at.x - half, at.y - half, at.x + half, at.y + half]);
    };
    const here = stages[state.stage];
    here.cluster._featureGroup.eachLayer((marker) => boxOf(marker.getLatLng(), 12));
    if (shown.proposals) here.proposals.eachLayer((marker) => boxOf(marker.getLatLng(), 14));
    return found;
  }

  // Names appear where they find room, counties first, so that none covers another or a symbol.
  function placeNames() {
    const taken = symbolBoxes();
    const size = map.getSize();
    for (const { area, marker } of spots) {
      const county = area.level === "county";
      const spot = county || map.getZoom() >= 8.5 ? freeSpot(area, county, taken, size) : null;
      if (!spot) {
        names.removeLayer(marker);
        continue;
      }
      taken.push(spot.box);
      names.addLayer(marker);
      const text = marker._icon && marker._icon.firstChild;
      if (text) Object.assign(text.style, { left: spot.dx + "px", top: spot.dy + "px" });
    }
  }

  function freeSpot(area, county, taken, size) {
    const at = map.latLngToContainerPoint(area.seat);
    const em = county ? 15.5 : 12;
    const wide = [...area.name].reduce((sum, c) => sum + (c > "\u2e7f" ? em : em * 0.58), 2) / 2;
    const high = em * 0.66;
    const step = county ? high * 2 : high + 12;
    const sides = [[0, step], [wide + 13, 0], [-wide - 13, 0], [0, -step]];
    if (county) sides.unshift([0, 0], [0, 2 * step], [0, -2 * step]);
    for (const [dx, dy] of sides) {
      const [x, y] = [at.x + dx, at.y + dy];
      const box = [x - wide, y - high, x + wide, y + high];
      // A name at the edge of the map slides back into it.
      const slide = county ? Math.max(0, 2 - box[0]) - Math.max(0, box[2] - size.x + 2) : 0;
      if (Math.abs(slide) < wide) {
        box[0] += slide;
        box[2] += slide;
      }
      const free = taken.every(
        (o) => box[0] > o[2] || box[2] < o[0] || box[1] > o[3] || box[3] < o[1]
      );
      if (free) return { box, dx: dx + slide, dy };
    }
    return null;
  }
  map.on("zoomend viewreset moveend resize", () => placeNames());

  // Roads, circles, people ---------------------------------------------------

  const roadRenderer = canvas("roads");
  const roadLayer = (lines, color = data.road) =>
    L.polyline(lines, {
      renderer: roadRenderer,
      pane: "roads",
      color,
      weight: 1.1,
      opacity: 0.85,
      interactive: false,
    });
  const usualRoads = roadLayer(data.roads);
  const shores = roadLayer(data.uncrossed, data.water);

  const ringRenderer = canvas("rings");
  const crowdRenderer = canvas("crowd");
  const stages = data.stages.map((one) => {
    const rings = one.rings.map((ring) =>
      L.polygon(ring.rings, {
        renderer: ringRenderer,
        pane: "rings",
        color: data.ringEdge,
        weight: 0.8,
        fillColor: ring.colour,
        fillOpacity: 0.85,
        interactive: false,
      })
    );
    const crowd = L.layerGroup();
    for (const [lat, lon, class_] of one.crowd ? one.crowd.points : []) {
      crowd.addLayer(
        L.circleMarker([lat, lon], {
          renderer: crowdRenderer,
          pane: "crowd",
          radius: data.crowdRadii[class_],
          color: "#ffffff",
          weight: 0.6,
          fillColor: data.crowd,
          fillOpacity: 0.85,
          interactive: false,
        })
      );
    }
    const roads = L.layerGroup([shores, one.roads ? roadLayer(one.roads) : usualRoads]);
    return { rings, crowd, roads, ...siteLayers(one) };
  });

  // Facilities -----------------------------------------------------------------

  function sitePopup(site) {
    const box = el("div", "popup");
    box.append(el("h3", "", site.name));
    if (site.change) box.append(el("p", "caution", words.changes[site.change]));
    box.append(facts(site.facts));
    return box;
  }

  function kindIcon(site) {
    const kind = data.kinds[site.kind];
    const symbol = el("span", "", kind.symbol);
    symbol.style.setProperty("--field", kind.colour);
    const state = (site.open ? "" : " coming") + (site.change ? " " + site.change : "");
    return L.divIcon({ className: "site" + state, html: symbol, iconSize: [22, 22] });
  }

  // Proposed sites carry their number, and are never grouped.
  function numberIcon(site) {
    const number = el("span", "", String(site.number));
    return L.divIcon({ className: "proposal", html: number, iconSize: [26, 26] });
  }

  function siteLayers(one) {
    const cluster = L.markerClusterGroup({
      maxClusterRadius: 34,
      showCoverageOnHover: false,
      spiderLegPolylineOptions: { weight: 1, color: data.ink, opacity: 0.5 },
      iconCreateFunction: (group) =>
        L.divIcon({
          className: "cluster",
          html: el("span", "", String(group.getChildCount())),
          iconSize: [26, 26],
        }),
    });
    const kinds = new Map();
    const proposals = L.layerGroup();
    const markers = one.sites.map((site) => {
      const marker = L.marker([site.lat, site.lon], {
        title: site.name,
        alt: site.name,
        icon: site.number ? numberIcon(site) : kindIcon(site),
        zIndexOffset: site.number ? 1000 : 0,
      });
      marker.bindPopup(() => sitePopup(site), { maxWidth: 320 });
      if (site.number) {
        proposals.addLayer(marker);
      } else {
        if (!kinds.has(site.kind)) kinds.set(site.kind, []);
        kinds.get(site.kind).push(marker);
      }
      return marker;
    });
    return { cluster, kinds, markers, proposals };
  }

  const shownKinds = new Set();
  const shown = { roads: true, rings: new Set(), crowd: false, names: true, proposals: true };

  function counting() {
    const list = theme().counting;
    return list ? new Set(list) : null;
  }

  // Facilities of the theme's kinds that do not count towards it are drawn pale.
  function markCounting() {
    const counts = counting();
    stages[state.stage].markers.forEach((marker, index) => {
      const site = stage().sites[index];
      if (site.number) return;
      const pale = counts !== null && theme().kinds.includes(site.kind) && !counts.has(index);
      marker.options.icon.options.className = marker.options.icon.options.className
        .replace(" pale", "")
        .concat(pale ? " pale" : "");
      if (marker._icon) marker.setIcon(marker.options.icon);
    });
  }

  function toggle(layer, on) {
    if (on) map.addLayer(layer);
    else map.removeLayer(layer);
  }

  function refresh() {
    paint();
    markCounting();
    for (const { roads } of stages) map.removeLayer(roads);
    toggle(stages[state.stage].roads, shown.roads);
    toggle(names, shown.names);
    stages.forEach((one, index) => {
      const now = index === state.stage;
      one.rings.forEach((ring, n) => toggle(ring, now && shown.rings.has(n)));
      toggle(one.crowd, now && shown.crowd);
      toggle(one.proposals, now && shown.proposals);
      toggle(one.cluster, now);
      if (!now) return;
      one.cluster.clearLayers();
      for (const kind of shownKinds) one.cluster.addLayers(one.kinds.get(kind) || []);
    });
    map.addLayer(veil);
    map.addLayer(borders);
    placeNames();
  }

  function select(change) {
    Object.assign(state, change);
    if (change.theme !== undefined || change.stage !== undefined) {
      const levels = theme().shadings.map((s) => s.level);
      if (levels.length && !levels.includes(state.level)) state.level = levels[0];
    }
    if (change.theme !== undefined) {
      shownKinds.clear();
      theme().kinds.forEach((kind) => shownKinds.add(kind));
    }
    map.closePopup();
    refresh();
  }

  function openArea(level, code) {
    const { area, shape } = areas[level].get(code);
    if (state.level !== level) {
      select({ level });
      made.onLevel();
    }
    map.fitBounds(shape.getBounds(), { maxZoom: 12, animate: false });
    shape.openPopup(area.seat);
  }

  function openSite(index) {
    const here = stages[state.stage];
    const site = stage().sites[index];
    const marker = here.markers[index];
    if (site.number) shown.proposals = true;
    else shownKinds.add(site.kind);
    refresh();
    map.setView(marker.getLatLng(), Math.max(map.getZoom(), 12), { animate: false });
    if (site.number) marker.openPopup();
    else here.cluster.zoomToShowLayer(marker, () => marker.openPopup());
  }

  const made = {
    el, facts, state, stage, theme, shading, select, refresh, shown, shownKinds,
    openArea, openSite, placeNames, onLevel: () => {},
  };
  return made;
}
