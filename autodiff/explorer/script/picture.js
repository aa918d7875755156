/** The picture: drawn once from where Python placed everything, then patched by the ids of boxes and arrows. */

import { setAttribute, setText, svg } from "./dom.js";
import { short, signed } from "./numbers.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {ReturnType<import("./views.js").Views["shown"]>} View
 * @typedef {{ element: SVGGElement, value: SVGTextElement, gradient: SVGTextElement, name: string }} Shown
 * @typedef {{ element: SVGGElement, slope: SVGTextElement | null, edge: number, node: number, position: number }} Drawn
 */

const LINE = 17;
const PAD = 9;
const LEAST = 0.76; // letters of 12 pixels are 9 then

export class Picture {
  /**
   * @param {Model} model
   * @param {number} number of the view
   */
  constructor(model, number) {
    this.model = model;
    this.view = model.views.shown(number);
    /** @type {Map<number, Shown>} */
    this.nodes = new Map();
    /** @type {Map<number, Shown>} */
    this.groups = new Map();
    /** @type {Drawn[]} */
    this.arrows = [];
    const { width, height, arrows, boxes } = this.view;
    this.element = svg(
      "svg",
      {
        class: "scene",
        viewBox: `-5 -5 ${width + 10} ${height + 10}`,
        role: "group",
        "aria-label": "The graph: each box a value, each arrow an operand. Arrow keys go from box to box.",
      },
      ...arrows.map((arrow) => this.#arrow(arrow)),
      ...boxes.map((box) => this.#box(box)),
    );
    // As wide as the page, but no wider than drawn, and no narrower than its letters can be read; then it scrolls.
    this.element.style.width = "100%";
    this.element.style.maxWidth = `${width + 10}px`;
    this.element.style.minWidth = `${LEAST * (width + 10)}px`;
  }

  /** @param {View["boxes"][number]} box */
  #box({ key, at: [x, y, w, h], outside, name: title }) {
    const { model } = this;
    const group = typeof key === "string";
    const node = group ? -1 : key;
    const kind = group ? "group" : model.kind(node);
    const corner = kind === "operation" || kind === "output" ? 8 : group ? 2 : 0;
    const frame = { x, y, width: w, height: h, rx: corner };
    /** @type {(i: number, word: string) => [SVGTextElement, SVGTextElement]} */
    const row = (i, word) => [
      svg("text", { class: "word", x: x + PAD, y: y + (i + 1) * LINE - 1 }, word),
      svg("text", { class: "figure", x: x + w - PAD, y: y + (i + 1) * LINE - 1 }),
    ];
    const [first, value] = row(1, group ? "values" : "data");
    const [second, gradient] = row(2, group ? "‖grad‖" : "grad");
    const says = group || model.graph.rule[node] < 0 ? "" : ` = ${model.formula(node)}`;
    const name = group ? title || model.views.name(Number(key.slice(1))) : model.names[node];
    const element = svg(
      "g",
      { id: group ? key : `b${node}`, class: `box ${kind}${outside ? " outside" : ""}`, role: "button", tabindex: -1 },
      svg("rect", frame),
      ...(kind === "output" ? [svg("rect", { x: x + 3, y: y + 3, width: w - 6, height: h - 6, rx: 5 })] : []),
      ...(kind === "parameter" || group ? [svg("path", { class: "fold", d: `M${x + w - 9},${y}v9h9` })] : []),
      svg("text", { class: "name", x: x + PAD, y: y + LINE - 2 }, name, svg("tspan", { class: "says" }, clipped(says))),
      ...[first, value, second, gradient].flatMap((part) => [" ", part]), // apart for who hears them read
    );
    (group ? this.groups : this.nodes).set(group ? Number(key.slice(1)) : node, {
      ...{ element, value, gradient },
      name: `${name}${clipped(says)}`,
    });
    return element;
  }

  /** @param {View["arrows"][number]} arrow */
  #arrow({ head, position, middle, line, tip }) {
    const element = svg("g", { class: "arrow" });
    const single = typeof head === "number" && position >= 0;
    if (single) element.id = `a${head}-${position}`;
    if (line) {
      const { x, y, down } = tip;
      const points = down
        ? `${x},${y} ${x - 5},${y - 10} ${x + 5},${y - 10}`
        : `${x},${y} ${x - 10},${y - 5} ${x - 10},${y + 5}`;
      element.append(svg("path", { d: line }), svg("polygon", { points }));
    }
    const slope = single && middle ? svg("text", { class: "slope", x: middle[0], y: middle[1] + 4 }) : null;
    if (slope) element.append(slope);
    if (single)
      this.arrows.push({ element, slope, node: head, position, edge: this.model.graph.edgeAt(head, position) });
    else element.classList.add("many");
    return element;
  }

  /** Show the numbers as they are at this step. */
  update() {
    const { model } = this;
    const { step, active } = model;
    for (const [node, { element, value, gradient, name }] of this.nodes) {
      const [data, grad] = [model.valueAt(node), model.gradientAt(node)];
      setText(value, data === null ? "…" : short(data));
      setText(gradient, grad === null ? "—" : short(grad));
      element.classList.toggle("now", active.includes(node));
      element.classList.toggle("ahead", data === null);
      element.classList.toggle("asked", model.asked === node);
      setAttribute(element, "aria-label", `${name} data ${value.textContent} grad ${gradient.textContent}`);
    }
    for (const [view, { element, value, gradient, name }] of this.groups) {
      const members = model.views.members[view];
      setText(value, String(members.length));
      setText(gradient, this.#length(members));
      element.classList.toggle(
        "now",
        active.some((node) => model.views.holds(view, node)),
      );
      const told = `${name} values ${value.textContent} ‖grad‖ ${gradient.textContent}`;
      setAttribute(element, "aria-label", `${told}: go in`);
    }
    let largest = 0;
    const sizes = this.arrows.map(({ edge }) => {
      const passed = model.passedAt(edge);
      const size = passed === null ? 0 : Math.abs(passed);
      if (Number.isFinite(size)) largest = Math.max(largest, size);
      return size;
    });
    this.arrows.forEach(({ element, slope, edge, node, position }, i) => {
      const known = model.valueAt(node) !== null;
      const local = edge < 0 ? 0 : model.graph.slopes[edge];
      const passed = model.passedAt(edge);
      const sign = passed === null ? "neutral" : local > 0 ? "positive" : local < 0 ? "negative" : "neutral";
      const now = step.kind === "edge" && step.edge.node === node && step.edge.position === position;
      const lit = model.lit.has(`${node}-${position}`);
      const states = [now && "now", lit && "lit", edge < 0 && "still", !known && "ahead"].filter(Boolean);
      setAttribute(element, "class", ["arrow", sign, ...states].join(" "));
      const width = passed === null || largest === 0 ? 1 : 0.8 + 3 * Math.min(sizes[i] / largest, 1);
      setAttribute(element, "stroke-width", (Number.isFinite(width) ? width : 3.8).toFixed(2));
      if (slope) setText(slope, known && edge >= 0 ? signed(local) : "");
    });
  }

  /**
   * The length of the gradient with respect to the leaves of a group; of all its values, where it has no leaf.
   * @param {number[]} members
   */
  #length(members) {
    const { model } = this;
    const leaves = members.filter((node) => model.graph.rule[node] < 0);
    let squares = 0;
    for (const node of leaves.length > 0 ? leaves : members) {
      const gradient = model.gradientAt(node);
      if (gradient === null) return "—";
      squares += gradient * gradient;
    }
    return short(Math.sqrt(squares));
  }

  /** The picture as a file of its own, with the style sheet of the page. */
  file() {
    const copy = /** @type {SVGSVGElement} */ (this.element.cloneNode(true));
    copy.removeAttribute("style");
    setAttribute(copy, "width", String(this.view.width + 10));
    setAttribute(copy, "height", String(this.view.height + 10));
    const rules = [...document.styleSheets[0].cssRules].map(({ cssText }) => cssText);
    copy.prepend(svg("title", {}, document.title), svg("style", {}, rules.join("\n")));
    return new XMLSerializer().serializeToString(copy);
  }
}

/** @param {string} text */
function clipped(text) {
  const characters = [...text];
  return characters.length > 37 ? `${characters.slice(0, 36).join("")}…` : text;
}
