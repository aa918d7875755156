/** A film of a training: the plane, the curves and the weights at an epoch, with a scrubber. */

import { html, setText, svg, table } from "./dom.js";
import { short } from "./numbers.js";
import { Scrubber } from "./scrubber.js";

/**
 * @typedef {{ epoch: number, weights?: (number | null)[], plane?: string, taken?: number[] }} Frame
 * @typedef {{
 *   frames: Frame[], epochs: number[], curves: [string, (number | null)[]][], weights: string[],
 *   points: [number, number, number][], axes: [number, number, number][], classes: string[],
 * }} FilmData
 */

const SIDE = 360;
const COLOURS = 8;
const SHAPES = ["circle", "square", "diamond", "triangle"];

class Film {
  /**
   * @param {FilmData} data
   * @param {HTMLElement} place
   */
  constructor(data, place) {
    this.data = data;
    const parts = [];
    if (data.points.length > 0) parts.push(this.#plane());
    parts.push(this.#curves());
    if (data.weights.length > 0) parts.push(this.#network());
    const scrubber = new Scrubber(data.frames.length, "Epoch", {
      show: (index) => this.#show(data.frames[index]),
      at: (index) => `epoch ${data.frames[index].epoch} of ${data.epochs.at(-1)}`,
      told: (index) => this.#told(data.frames[index]),
    });
    place.replaceChildren(scrubber.element, html("div", { class: "film" }, ...parts));
    scrubber.update();
  }

  /**
   * What is measured at the epoch of a frame.
   * @param {Frame} frame
   */
  #told({ epoch }) {
    const at = this.data.epochs.indexOf(epoch);
    const parts = this.data.curves.map(
      ([name, column]) => `${name} ${column[at] === null ? "none" : short(Number(column[at]))}`,
    );
    return `Epoch ${epoch}: ${parts.join(", ")}`;
  }

  /** @param {Frame} frame */
  #show(frame) {
    this.#updatePlane(frame);
    this.#updateCurves(frame);
    this.#updateNetwork(frame);
  }

  // ---------------------------------------------------------------------------------------------------- the plane

  #plane() {
    const { axes, points, classes } = this.data;
    const [[left, right, columns], [low, high, rows]] = axes;
    const [w, h] = [SIDE / columns, SIDE / rows];
    this.cells = Array.from({ length: columns * rows }, (_, i) =>
      svg("rect", { x: (i % columns) * w, y: Math.floor(i / columns) * h, width: w, height: h }),
    );
    this.marks = points.map(([a, b, c]) => {
      const [x, y] = [((a - left) / (right - left)) * SIDE, ((high - b) / (high - low)) * SIDE];
      return svg("path", { class: `mark class${c % COLOURS}`, d: outline(SHAPES[c % SHAPES.length], x, y) });
    });
    const all = [...new Set(points.map(([, , c]) => c))].sort((x, y) => x - y);
    const legend = all.map((c) =>
      html(
        "span",
        { class: "legend" },
        svg(
          "svg",
          { width: 16, height: 16, "aria-hidden": true },
          svg("path", { class: `mark class${c % COLOURS}`, d: outline(SHAPES[c % SHAPES.length], 8, 8) }),
        ),
        ` ${classes[c] ?? `class ${c}`} `,
      ),
    );
    const picture = svg(
      "svg",
      {
        class: "plane",
        viewBox: `0 0 ${SIDE} ${SIDE}`,
        role: "img",
        "aria-label": "What the network takes each point for",
      },
      ...this.cells,
      ...this.marks,
    );
    this.right = html("p", {});
    return html("section", {}, html("h2", {}, "Decision boundary"), picture, html("p", {}, ...legend), this.right);
  }

  /** @param {Frame} frame */
  #updatePlane(frame) {
    const { cells, marks, right } = this;
    if (!frame.plane || !frame.taken || !cells || !marks || !right) return;
    [...frame.plane].forEach((c, i) => {
      cells[i].setAttribute("class", c === "-" ? "none" : `class${Number.parseInt(c, 36) % COLOURS}`);
    });
    let count = 0;
    this.data.points.forEach(([, , c], i) => {
      const good = frame.taken?.[i] === c;
      count += Number(good);
      marks[i].classList.toggle("missed", !good);
    });
    setText(right, `${count} of ${marks.length} samples right; those it gets wrong have a thick rim.`);
  }

  // ---------------------------------------------------------------------------------------------------- the curves

  #curves() {
    const { curves, epochs } = this.data;
    const [last, width, height] = [Math.max(epochs.at(-1) ?? 1, 2), SIDE, 220];
    this.at = (/** @type {number} */ epoch) => 10 + ((epoch - 1) / (last - 1)) * (width - 20);
    this.line = svg("path", { class: "now" });
    const lines = curves.map(([name, column], i) => {
      const numbers = column.filter((x) => x !== null);
      const [least, most] = name.endsWith("loss") ? [0, Math.max(...numbers, 1e-12)] : [Math.min(0, ...numbers), 1];
      const steps = column.map((x, k) =>
        x === null
          ? ""
          : `${this.at?.(epochs[k]).toFixed(1)},${(height - 10 - ((x - least) / (most - least)) * (height - 20)).toFixed(1)}`,
      );
      return svg("polyline", { class: `curve curve${i % 4}`, points: steps.filter(Boolean).join(" ") });
    });
    const keys = curves.map(([name], i) =>
      html(
        "span",
        { class: "legend" },
        svg(
          "svg",
          { width: 28, height: 10, "aria-hidden": true },
          svg("polyline", { class: `curve curve${i % 4}`, points: "0,5 28,5" }),
        ),
        ` ${name} `,
      ),
    );
    const label = `${curves.map(([name]) => name).join(", ")} by epoch; the loss from 0 up, the others up to 1`;
    const picture = svg(
      "svg",
      { class: "curves", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      ...lines,
      this.line,
    );
    return html("section", {}, html("h2", {}, "By epoch"), picture, html("p", {}, ...keys));
  }

  /** @param {Frame} frame */
  #updateCurves(frame) {
    const x = this.at?.(frame.epoch).toFixed(1);
    this.line?.setAttribute("d", `M${x},0V220`);
  }

  // ---------------------------------------------------------------------------------------------------- the weights

  #network() {
    const places = this.data.weights.map(placeOf);
    const layers = Math.max(0, ...places.map((place) => place?.[2] ?? 0));
    const sizes = Array.from({ length: layers + 1 }, (_, layer) =>
      Math.max(
        1,
        ...places.map((place) => (place?.[2] === layer + 1 ? place[0] : place?.[2] === layer ? place[1] : 0)),
      ),
    );
    const drawn = layers > 0 && Math.max(...sizes) <= 24 && places.some(Boolean);
    this.list = html("div", {});
    const more = html("details", {}, html("summary", {}, "The numbers"), this.list);
    if (!drawn) return html("section", {}, html("h2", {}, "Weights"), more);
    const [width, height] = [SIDE, 300];
    const at = (/** @type {number} */ layer, /** @type {number} */ i) => [
      20 + (layer / layers) * (width - 40),
      (i - 0.5) * (height / sizes[layer]),
    ];
    this.lines = places.map((place) => {
      if (!place || place[0] === 0) return null;
      const [from, to, layer] = place;
      const [[x, y], [u, v]] = [at(layer - 1, from), at(layer, to)];
      return svg("path", { class: "weight", d: `M${x.toFixed(1)},${y.toFixed(1)}L${u.toFixed(1)},${v.toFixed(1)}` });
    });
    const dots = sizes.flatMap((size, layer) =>
      Array.from({ length: size }, (_, i) => {
        const [x, y] = at(layer, i + 1);
        return svg("circle", { class: "neuron", cx: x, cy: y, r: 6 });
      }),
    );
    const label = "Each weight a line: the wider the larger, dashed where it is negative";
    const lines = this.lines.filter((line) => line !== null);
    const picture = svg(
      "svg",
      { class: "network", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      ...lines,
      ...dots,
    );
    return html("section", {}, html("h2", {}, "Weights"), picture, html("p", {}, `${label}.`), more);
  }

  /** @param {Frame} frame */
  #updateNetwork(frame) {
    const { weights } = frame;
    if (!weights || !this.list) return;
    const largest = Math.max(...weights.map((x) => Math.abs(x ?? 0)), 1e-300);
    this.lines?.forEach((line, i) => {
      if (!line) return;
      const x = weights[i] ?? 0;
      line.setAttribute("class", `weight ${x < 0 ? "negative" : "positive"}`);
      line.style.setProperty("--width", (0.3 + (4 * Math.abs(x)) / largest).toFixed(2));
    });
    const rows = weights.map((x, i) => [this.data.weights[i], x === null ? "nan" : short(x)]);
    this.list.replaceChildren(table(`At epoch ${frame.epoch}`, ["parameter", "number"], rows));
  }
}

/**
 * Where a weight of `nn` stands by its label: from, to and layer; from is 0 for a bias.
 * @param {string} label
 * @returns {[number, number, number] | null}
 */
function placeOf(label) {
  const match = /^(?:w_(?:(\d)(\d)|(\d+),(\d+))|b_(\d+))\^\((\d+)\)$/.exec(label);
  if (!match) return null;
  const [, a, b, c, d, bias, layer] = match;
  return [Number(a ?? c ?? 0), Number(b ?? d ?? bias), Number(layer)];
}

/**
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 */
function outline(shape, x, y) {
  const r = 4.5;
  const corners = {
    square: [-r, -r, r, -r, r, r, -r, r],
    diamond: [0, -6, 6, 0, 0, 6, -6, 0],
    triangle: [0, -6, 5.5, 4, -5.5, 4],
  }[shape];
  if (!corners) return `M${(x - r).toFixed(1)},${y.toFixed(1)}a${r},${r} 0 1 0 9,0a${r},${r} 0 1 0 -9,0z`;
  const points = [];
  for (let i = 0; i < corners.length; i += 2)
    points.push(`${(x + corners[i]).toFixed(1)},${(y + corners[i + 1]).toFixed(1)}`);
  return `M${points.join("L")}z`;
}

const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "");
new Film(data, /** @type {HTMLElement} */ (document.getElementById("page")));
document.documentElement.dataset.ready = "yes";
