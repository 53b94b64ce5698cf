"use strict";
// Search, measure, print, the way home, and where the mouse is.

function coverageTools(map, data, layers, panel) {
  const { el } = layers;
  const words = data.words;

  // Search -----------------------------------------------------------------------

  const input = el("input");
  Object.assign(input, { type: "search", placeholder: words.search, autocomplete: "off" });
  input.setAttribute("aria-label", words.search);
  const list = el("ul", "results");
  list.setAttribute("aria-live", "polite");
  panel.searchBox.append(input, list);

  function matches(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return [];
    const found = [];
    for (const area of data.areas) {
      if (area.name.toLowerCase().includes(wanted)) {
        const go = () => layers.openArea(area.level, area.code);
        found.push({ name: area.name, where: area.county || words.county, go });
      }
    }
    layers.stage().sites.forEach((site, index) => {
      if (site.name.toLowerCase().includes(wanted)) {
        const go = () => layers.openSite(index);
        found.push({ name: site.name, where: data.kinds[site.kind].name, go });
      }
    });
    // Facilities known by county only lead to the county, whose pop-up lists them.
    for (const [code, names] of Object.entries(layers.stage().loose)) {
      const county = data.areas.find((area) => area.level === "county" && area.code === code);
      for (const name of names.filter((one) => one.toLowerCase().includes(wanted))) {
        const where = (county ? county.name : data.city) + words.somewhere;
        found.push({ name, where, go: () => county && layers.openArea("county", code) });
      }
    }
    return found;
  }

  function showMatches() {
    list.replaceChildren();
    const found = matches(input.value);
    for (const one of found.slice(0, 12)) {
      const item = el("li");
      const button = el("button", "", one.name);
      button.type = "button";
      button.append(el("span", "quiet", one.where));
      button.addEventListener("click", () => {
        list.replaceChildren();
        input.value = one.name;
        if (window.matchMedia("(max-width: 700px)").matches) panel.open(false);
        one.go();
      });
      item.append(button);
      list.append(item);
    }
    if (found.length > 12) {
      list.append(el("li", "quiet", words.more.replace("{n}", found.length - 12)));
    }
    if (input.value.trim() && !found.length) list.append(el("li", "quiet", words.nothing));
  }
  input.addEventListener("input", showMatches);
  input.addEventListener("keydown", (event) => {
    const first = list.querySelector("button");
    if (event.key === "Enter" && first) first.click();
    if (event.key === "Escape") {
      input.value = "";
      showMatches();
    }
  });

  // Buttons ------------------------------------------------------------------------

  function button(id, sign, title, onClick) {
    const link = el("a");
    // Drawn, because no font has every sign.
    link.innerHTML =
      '<svg width="18" height="18" viewBox="0 0 16 16" fill="none" stroke="currentColor" ' +
      'stroke-width="1.4" aria-hidden="true"><path></path></svg>';
    link.querySelector("path").setAttribute("d", sign);
    link.id = id;
    link.href = "#";
    link.title = title;
    link.setAttribute("role", "button");
    link.setAttribute("aria-label", title);
    L.DomEvent.disableClickPropagation(link);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      onClick(link);
    });
    return link;
  }

  const Bar = L.Control.extend({
    options: { position: "topright" },
    onAdd() {
      const bar = el("div", "leaflet-bar tools");
      bar.append(
        button("home", "M2 8 8 3l6 5M4 7v6h8V7", words.home, () => map.fitBounds(data.bounds, { animate: false })),
        button("measure", "M1 5h14v6H1zM4 5v3M7 5v2M10 5v3M13 5v2", words.measure, (link) => measure.toggle(link)),
        button("print", "M4 6V2h8v4M4 12H2V6h12v6h-2M4 9h8v5H4z", words.print, () => window.print())
      );
      return bar;
    },
  });
  new Bar().addTo(map);
  map.attributionControl.setPrefix("Leaflet");
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);

  // Measure ------------------------------------------------------------------------

  const measure = {
    points: [],
    on: false,
    line: L.polyline([], { color: data.accent, weight: 3, dashArray: "6 5", interactive: false }),
    dots: L.layerGroup(),
    total() {
      return this.points
        .slice(1)
        .reduce((sum, point, n) => sum + map.distance(this.points[n], point), 0);
    },
    toggle(link) {
      this.on = !this.on;
      this.link = link;
      link.setAttribute("aria-pressed", String(this.on));
      map.getContainer().classList.toggle("measuring", this.on);
      this.points = [];
      this.dots.clearLayers();
      this.line.setLatLngs([]);
      if (this.on) {
        this.line.addTo(map);
        this.dots.addTo(map);
        map.doubleClickZoom.disable();
        read.textContent = words.measuring;
      } else {
        this.line.remove();
        this.dots.remove();
        map.doubleClickZoom.enable();
        read.textContent = "";
      }
    },
    add(point) {
      this.points.push(point);
      this.line.setLatLngs(this.points);
      this.dots.addLayer(
        L.circleMarker(point, { radius: 4, color: data.accent, fillOpacity: 1, interactive: false })
      );
      const metres = this.total();
      const text = metres < 1000 ? `${metres.toFixed(0)} m` : `${(metres / 1000).toFixed(2)} km`;
      read.textContent = `${words.length} ${text}`;
    },
  };
  // Caught before the areas see it, so that measuring opens no pop-ups.
  map.getContainer().addEventListener(
    "click",
    (event) => {
      if (!measure.on || event.target.closest(".leaflet-control")) return;
      event.stopPropagation();
      measure.add(map.mouseEventToLatLng(event));
    },
    true
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && measure.on) measure.toggle(measure.link);
  });

  // Mouse position --------------------------------------------------------------------

  const Position = L.Control.extend({
    options: { position: "bottomright" },
    onAdd() {
      const box = el("div", "position");
      box.append(el("span", "length"), el("span", "place"));
      return box;
    },
  });
  const box = new Position().addTo(map).getContainer();
  const [read, place] = box.children;
  map.on("mousemove", (event) => {
    const { lat, lng } = event.latlng;
    place.textContent = `${lng.toFixed(5)}, ${lat.toFixed(5)}${data.datum}`;
  });
  map.on("mouseout", () => {
    place.textContent = "";
  });
}

function coverageMap(map, data) {
  document.documentElement.lang = data.lang === "zh" ? "zh-CN" : "en";
  if (data.tiles) L.tileLayer(data.tiles.url, data.tiles.options).addTo(map);
  map.fitBounds(data.bounds, { animate: false });
  const layers = coverageLayers(map, data);
  const panel = coveragePanel(map, data, layers);
  coverageTools(map, data, layers, panel);
  layers.onLevel = panel.draw;
  layers.select({ stage: data.stages.length - 1, theme: 0 });
  panel.draw();
  map.fitBounds(data.bounds, { animate: false });
  layers.placeNames();
  return layers;
}
