"use strict";
// The panel beside the map: title, search, theme, legend, layers, notes.

function coveragePanel(map, data, layers) {
  const { el } = layers;
  const words = data.words;
  const root = document.getElementById("panel");
  const openers = document.getElementById("open-panel");
  const body = root.querySelector(".panel-body");

  function section(title, id) {
    const box = el("section");
    if (id) box.id = id;
    if (title) box.append(el("h2", "", title));
    body.append(box);
    return box;
  }

  function choice(type, name, label, checked, onChange, lead, count) {
    const line = el("label", "choice");
    const input = el("input");
    Object.assign(input, { type, name, checked });
    input.addEventListener("change", () => onChange(input.checked));
    line.append(input);
    if (lead) line.append(lead);
    line.append(el("span", "label", label));
    if (count !== undefined) line.append(el("span", "count", count));
    return line;
  }

  function swatch(fill, className) {
    const found = el("span", "swatch " + (className || ""));
    if (fill.startsWith("url(")) {
      // A pattern lives in the page's SVG; a swatch is a small piece of it.
      found.innerHTML = '<svg width="22" height="14"><rect width="22" height="14"></rect></svg>';
      found.querySelector("rect").setAttribute("fill", fill);
    } else {
      found.style.background = fill;
    }
    return found;
  }

  // Title ----------------------------------------------------------------------

  const head = root.querySelector(".panel-head");
  head.append(el("h1", "", data.title), el("p", "quiet", data.subtitle));
  if (data.mark) head.append(el("p", "mark", data.mark));

  function open(on) {
    document.body.classList.toggle("panel-closed", !on);
    openers.setAttribute("aria-expanded", String(on));
    map.invalidateSize({ animate: false });
  }
  openers.addEventListener("click", () => open(true));
  root.querySelector("#close-panel").addEventListener("click", () => open(false));

  const searchBox = section("", "search");

  // Stage, theme, level ----------------------------------------------------------

  const themes = section(words.theme, "themes");
  if (data.stages.length > 1) {
    const row = el("div", "segments");
    data.stages.forEach((one, index) => {
      const button = el("button", "", one.label);
      button.type = "button";
      button.dataset.stage = one.id;
      button.addEventListener("click", () => {
        layers.select({ stage: index });
        draw();
      });
      row.append(button);
    });
    themes.append(row);
  }
  const picker = el("select");
  picker.id = "theme";
  picker.setAttribute("aria-label", words.theme);
  data.stages[0].themes.forEach((one, index) => {
    const option = el("option", "", one.title);
    option.value = index;
    picker.append(option);
  });
  picker.addEventListener("change", () => {
    layers.select({ theme: Number(picker.value) });
    draw();
  });
  themes.append(picker);
  const title = el("p", "theme-title");
  const headline = el("p", "headline");
  headline.id = "headline";
  const levels = el("div", "segments");
  levels.id = "levels";
  themes.append(title, headline, levels);
  const legend = section("", "legend");
  const layerBox = section(words.layers, "layers");
  const kindBox = section(words.facilities, "facilities");

  function drawThemes() {
    const { state } = layers;
    title.textContent = layers.theme().title;
    headline.textContent = layers.theme().headline;
    themes.querySelectorAll("[data-stage]").forEach((button, index) => {
      button.setAttribute("aria-pressed", String(index === state.stage));
    });
    levels.replaceChildren();
    const found = layers.theme().shadings;
    if (found.length > 1) {
      for (const one of found) {
        const button = el("button", "", words.levels[one.level]);
        button.type = "button";
        button.dataset.level = one.level;
        button.setAttribute("aria-pressed", String(one.level === state.level));
        button.addEventListener("click", () => {
          layers.select({ level: one.level });
          draw();
        });
        levels.append(button);
      }
    }
  }

  function drawLegend() {
    legend.replaceChildren();
    const found = layers.shading();
    if (!found) return;
    legend.append(el("h2", "", found.title));
    for (const one of found.classes) {
      const line = el("div", "class");
      line.dataset.class = one.id;
      const count = one.count === null ? "" : String(one.count);
      line.append(swatch(one.fill), el("span", "label", one.label), el("span", "count", count));
      legend.append(line);
    }
    if (found.unplaced.length) {
      legend.append(el("p", "quiet", words.unplaced + found.unplaced.join(words.comma)));
    }
  }

  function drawLayers() {
    const { shown } = layers;
    const stage = layers.stage();
    layerBox.replaceChildren(el("h2", "", words.layers));
    const set = (key) => (on) => {
      shown[key] = on;
      layers.refresh();
    };
    stage.rings.forEach((ring, index) => {
      const change = (on) => {
        if (on) shown.rings.add(index);
        else shown.rings.delete(index);
        layers.refresh();
      };
      const line = choice(
        "checkbox", "ring", words.ring + ring.label, shown.rings.has(index), change,
        swatch(ring.colour), ""
      );
      layerBox.append(line, el("p", "quiet indent", ring.text));
    });
    if (stage.crowd) {
      const dot = el("span", "swatch dot");
      layerBox.append(
        choice("checkbox", "crowd", stage.crowd.title, shown.crowd, set("crowd"), dot, ""),
        el("p", "quiet indent", stage.crowd.text)
      );
      const sizes = el("p", "quiet indent sizes");
      stage.crowd.labels.forEach((label, index) => {
        const sample = el("span", "sample");
        const across = 2 * data.crowdRadii[index] + "px";
        Object.assign(sample.style, { width: across, height: across });
        sizes.append(sample, el("span", "", label));
      });
      layerBox.append(sizes);
    }
    const proposed = stage.sites.filter((site) => site.number).length;
    if (proposed) {
      const lead = el("span", "swatch square", "1");
      layerBox.append(
        choice("checkbox", "proposals", words.proposals, shown.proposals, set("proposals"), lead,
          String(proposed))
      );
    }
    layerBox.append(
      choice("checkbox", "roads", words.roads, shown.roads, set("roads"), el("span", "swatch road"))
    );
    if (data.uncrossed.length) {
      const line = el("p", "choice indent");
      line.append(el("span", "swatch water"), el("span", "label", words.uncrossed));
      layerBox.append(line);
    }
    layerBox.append(
      choice("checkbox", "names", words.names, shown.names, set("names"), el("span", "swatch none"))
    );
  }

  function drawKinds() {
    kindBox.replaceChildren(el("h2", "", words.facilities));
    const counts = new Map();
    for (const site of layers.stage().sites) {
      if (!site.number) counts.set(site.kind, (counts.get(site.kind) || 0) + 1);
    }
    for (const [kind, look] of Object.entries(data.kinds)) {
      if (!counts.has(kind)) continue;
      const lead = el("span", "symbol", look.symbol);
      lead.style.setProperty("--field", look.colour);
      const change = (on) => {
        if (on) layers.shownKinds.add(kind);
        else layers.shownKinds.delete(kind);
        layers.refresh();
      };
      kindBox.append(
        choice("checkbox", kind, look.name, layers.shownKinds.has(kind), change, lead,
          String(counts.get(kind)))
      );
    }
    if (layers.theme().counting) kindBox.append(el("p", "quiet", words.pale));
  }

  function draw() {
    drawThemes();
    drawLegend();
    drawLayers();
    drawKinds();
  }

  // Notes and title block ----------------------------------------------------------

  const about = section(words.about, "about");
  about.append(layers.facts(data.facts));
  for (const [title, lines] of [[words.notes, data.notes], [words.sources, data.sources]]) {
    const fold = el("details");
    const list = el("ul");
    lines.forEach((line) => list.append(el("li", "", line)));
    fold.append(el("summary", "", title), list);
    about.append(fold);
  }
  if (window.matchMedia("(max-width: 700px)").matches) open(false);
  return { draw, searchBox, open };
}
