/** What can be done with the graph beside stepping through it: ask, move a leaf, follow paths, break it, share it. */

import { button, html, setText, table } from "./dom.js";
import { nonfinite } from "./nonfinite.js";
import { counted, factor, parsed, short, signed } from "./numbers.js";
import { same } from "./passes.js";
import { paths } from "./paths.js";
import { fsum } from "./primitives.js";
import { byGroup, through } from "./split.js";

/** @typedef {import("./page.js").Page} Page */

const MANY = 2000; // a list to choose from has no more entries
const LISTED = 50; // a table of contributions has no more rows
const SHOWN = 12; // so many leaves have a slider at once

/**
 * @param {string} title
 * @param {Node[]} children
 * @param {boolean} open
 */
function panel(title, children, open = false) {
  return html("details", { class: "panel", open }, html("summary", {}, html("h2", {}, title)), ...children);
}

/** A list of nodes to choose from, which is filled when it is about to be seen. */
class Chooser {
  /**
   * @param {Page} page
   * @param {string} label
   * @param {() => number[]} nodes
   * @param {(node: number | null) => void} chosen
   */
  constructor(page, label, nodes, chosen) {
    this.page = page;
    this.nodes = nodes;
    this.select = html("select", {});
    this.label = html("label", {}, `${label} `, this.select);
    this.select.addEventListener("change", () => chosen(this.value));
    for (const event of ["focus", "pointerdown"]) this.select.addEventListener(event, () => this.fill());
    this.filled = false;
  }

  fill() {
    if (this.filled) return;
    this.filled = true;
    const { value } = this;
    const nodes = this.nodes().slice(0, MANY);
    this.select.replaceChildren(...nodes.map((node) => this.#option(node)));
    this.value = value;
  }

  /** The node that is chosen; null for none. */
  get value() {
    return this.select.value === "" ? null : Number(this.select.value);
  }

  set value(node) {
    const text = node === null ? "" : String(node);
    this.select.value = text;
    if (this.select.value !== text || this.select.selectedIndex < 0) {
      this.select.prepend(this.#option(node ?? -1));
      this.select.selectedIndex = 0;
    }
  }

  /** @param {number} node */
  #option(node) {
    return html("option", { value: node < 0 ? "" : node }, node < 0 ? "none" : this.page.model.names[node]);
  }
}

/** A number's formula with the numbers put in, and what feeds it. */
export class Ask {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const nodes = () => [-1, ...[...page.model.names.keys()].reverse()];
    this.chooser = new Chooser(page, "Value", nodes, (node) => page.ask(node));
    this.body = html("div", {});
    const how = html("p", {}, "Click a box of the picture, or choose: ", this.chooser.label);
    this.element = panel("Ask a number", [how, this.body]);
    this.element.addEventListener("toggle", () => this.update());
  }

  update() {
    const { model } = this.page;
    const node = model.asked;
    if (!this.element.open) return;
    this.chooser.fill();
    this.chooser.value = node;
    if (node === null) return this.body.replaceChildren();
    const { graph, names } = model;
    const name = names[node];
    const value = short(graph.values[node]);
    const figures = model.figures(node);
    const lines =
      graph.operands[node].length > 0 ? [`${name} = ${model.formula(node)}`, `= ${figures}`] : [`${name} is a leaf`];
    if (figures !== value || graph.operands[node].length === 0) lines.push(`= ${value}`);
    const feeds = graph.operands[node].map((code) => [model.named(code), short(graph.at(code))]);
    const parts = model.changes(node).flatMap((index) => {
      const step = model.stepAt(index);
      if (step?.kind !== "edge") return [];
      const { edge, slope, above, contribution } = step;
      const { symbols } = model.slopeFormula(edge);
      return [[`from ${names[edge.node]}`, symbols, `${short(slope)} × ${factor(above)}`, short(contribution)]];
    });
    const total = `${name}.grad = ${short(model.gradients[node])}`;
    this.body.replaceChildren(
      html("p", { class: "total" }, lines.join(" ")),
      ...(feeds.length > 0 ? [table(`What ${name} is made of`, ["operand", "number"], feeds)] : []),
      ...(parts.length > 0
        ? [
            table(
              `What comes back to ${name}`,
              ["arrow", "local derivative", "× gradient", "contribution"],
              listed(parts),
            ),
          ]
        : [html("p", {}, node === graph.output ? "Its gradient is the seed, 1." : "No gradient reaches it.")]),
      ...this.#splits(node),
      html("p", { class: "total" }, total),
    );
  }

  /**
   * The gradient by groups that use the node, and by what its paths go through.
   * @param {number} node
   */
  #splits(node) {
    const { graph, views, gradients, cuts, names } = this.page.model;
    const row = (/** @type {[string, number]} */ [name, part]) => [name, short(part)];
    /** @type {[string, [string, number][]][]} */
    const splits = [["Where it is used", byGroup(graph, views, gradients, node)]];
    if (gradients[node] !== 0 && node !== graph.output)
      for (const { title, parts } of cuts) splits.push([title, through(graph, gradients, node, parts)]);
    return splits
      .filter(([, parts]) => parts.length > 0)
      .map(([title, parts]) => {
        const sum = ["the sum", short(fsum(parts.map(([, part]) => part)))];
        return table(`${names[node]}.grad: ${title}`, ["part", "contribution"], [...parts.map(row), sum]);
      });
  }
}

/** The first rows, and how many more there are. @param {string[][]} rows */
function listed(rows) {
  return rows.length > LISTED ? [...rows.slice(0, LISTED), [`and ${rows.length - LISTED} more`]] : rows;
}

/** Every leaf has a slider and a number; beside them what the gradient foretold, and what came. */
export class Leaves {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { model } = page;
    this.leaves = model.graph.leaves.filter((leaf) => !model.fixed.has(leaf));
    this.chooser = new Chooser(
      page,
      "Leaf",
      () => this.leaves,
      () => this.#build(),
    );
    this.chooser.value = this.leaves[0] ?? null;
    this.rows = html("div", { class: "leaves" });
    this.check = html("div", {});
    const reset = button("Back to the recorded numbers", "", () => page.move(new Map()));
    const kept =
      model.fixed.size > 0 ? "Leaves below an operation that Python alone can compute stay as they are." : "";
    const choice = this.leaves.length > SHOWN ? [html("p", {}, this.chooser.label)] : [];
    this.element = panel("Change a leaf", [...choice, this.rows, this.check, html("p", {}, reset, ` ${kept}`)], true);
    /** The leaf that was asked about, and so is the one to move. @type {number | null} */
    this.followed = null;
    /** @type {Map<number, { slider: HTMLInputElement, box: HTMLInputElement }>} */
    this.inputs = new Map();
    this.#build();
  }

  #build() {
    const { value } = this.chooser;
    const chosen = this.leaves.length > SHOWN && value !== null ? [value] : this.leaves;
    this.inputs.clear();
    this.rows.replaceChildren(...chosen.map((leaf) => this.#row(leaf)));
    this.update();
  }

  /** @param {number} leaf */
  #row(leaf) {
    const { model } = this.page;
    const start = model.start.values[leaf];
    const reach = Number.isFinite(start) ? 2 * Math.max(1, Math.abs(start)) : 2;
    const middle = Number.isFinite(start) ? start : 0;
    const name = model.names[leaf];
    const range = { min: middle - reach, max: middle + reach, step: "any" };
    const slider = html("input", { type: "range", ...range, "aria-label": `${name}, slider` });
    const box = html("input", {
      type: "text",
      inputmode: "decimal",
      "aria-label": `${name}, number`,
      autocomplete: "off",
    });
    slider.addEventListener("input", () => this.#set(leaf, Number(slider.value)));
    box.addEventListener("change", () => {
      const x = parsed(box.value);
      if (x !== null) this.#set(leaf, x);
      box.setAttribute("aria-invalid", String(x === null));
    });
    this.inputs.set(leaf, { slider, box });
    return html("div", { class: "leaf-row" }, html("span", { class: "leaf-name" }, name), slider, box);
  }

  /**
   * @param {number} leaf
   * @param {number} x
   */
  #set(leaf, x) {
    const { model } = this.page;
    const moved = new Map(model.graph.moved);
    if (x === model.start.values[leaf]) moved.delete(leaf);
    else moved.set(leaf, x);
    this.page.move(moved);
  }

  update() {
    const { model } = this.page;
    const { values, moved, output } = model.graph;
    const { asked } = model;
    if (this.leaves.length > SHOWN && asked !== null && asked !== this.followed && this.leaves.includes(asked)) {
      this.followed = this.chooser.value = asked;
      return this.#build();
    }
    for (const [leaf, { slider, box }] of this.inputs) {
      const x = values[leaf];
      slider.value = String(x);
      slider.setAttribute("aria-valuetext", short(x));
      if (document.activeElement !== box || parsed(box.value) !== x) box.value = String(Number(x.toPrecision(12)));
    }
    const f = model.names[output];
    if (moved.size === 0) {
      const text = `Move one: everything is computed anew, and the change of ${f} stands beside the one foretold.`;
      return this.check.replaceChildren(html("p", {}, text));
    }
    let foretold = 0;
    const rows = [...moved].slice(0, SHOWN).map(([leaf, x]) => {
      const [change, slope] = [x - model.start.values[leaf], model.start.gradients[leaf]];
      return [`${model.names[leaf]}`, signed(change), short(slope), signed(change * slope)];
    });
    for (const [leaf, x] of moved) foretold += (x - model.start.values[leaf]) * model.start.gradients[leaf];
    const came = values[output] - model.start.values[output];
    const [single] = moved.size === 1 ? moved : [];
    const quotient = single ? came / (single[1] - model.start.values[single[0]]) : 0;
    const verdict = single
      ? `The change of ${f} over that of the leaf is ${short(quotient)}; the gradient was ${rows[0][2]}. The smaller the move, the nearer they are.`
      : "The smaller the moves, the nearer they are.";
    this.check.replaceChildren(
      table("Foretold by the gradient", ["leaf", "moved by", "× its gradient", "foretold"], rows),
      html(
        "p",
        { class: "total" },
        `${f} was foretold to change by ${signed(foretold)}; it changed by ${signed(came)}.`,
      ),
      html("p", {}, verdict),
    );
  }
}

/** The paths between two nodes, the largest first, and their sum. */
export class Paths {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { model } = page;
    const { leaves, output } = model.graph;
    const all = () => [...model.names.keys()];
    const choose = () => {
      this.chosen = true;
      page.update();
    };
    this.from = new Chooser(page, "to input", () => [...new Set([...leaves, ...all()])], choose);
    this.to = new Chooser(page, "From output", () => all().reverse(), choose);
    this.from.value = leaves[0] ?? output;
    this.to.value = output;
    this.chosen = false;
    this.body = html("div", {});
    this.element = panel("Paths", [html("p", {}, this.to.label, " ", this.from.label), this.body]);
    this.element.addEventListener("toggle", () => this.update());
  }

  /** The two ends; null as long as nobody has chosen any. */
  get ends() {
    /** @type {[number, number]} */
    const ends = [Number(this.to.value), Number(this.from.value)];
    return this.chosen ? ends : null;
  }

  /** @param {[number, number]} ends */
  choose([output, input]) {
    [this.to.value, this.from.value] = [output, input];
    this.chosen = this.element.open = true;
  }

  update() {
    if (!this.element.open) return;
    const { model } = this.page;
    this.from.fill();
    this.to.fill();
    const [output, input] = [Number(this.to.value), Number(this.from.value)];
    const { count, largest, sum } = paths(model.graph, output, input);
    const [f, x] = [model.names[output], model.names[input]];
    const rows = largest.map((path) => {
      const route = [output, ...path.edges.map(({ operand }) => operand)].map((node) => model.names[node]);
      const keys = path.edges.map(({ node, position }) => `${node}-${position}`);
      const text =
        route.length > 9 ? `${route.slice(0, 4).join(" ← ")} ← … ← ${route.slice(-3).join(" ← ")}` : route.join(" ← ");
      const light = button(text, `Light the path ${text}`, () => this.#light(keys));
      light.className = "path";
      for (const event of ["mouseenter", "focus"]) light.addEventListener(event, () => this.#light(keys));
      for (const event of ["mouseleave", "blur"]) light.addEventListener(event, () => this.#light([]));
      const factors =
        path.slopes.length > 8 ? `${path.slopes.length} factors` : path.slopes.map(factor).join("·") || "1";
      return [light, factors, short(path.product)];
    });
    const listed = largest.reduce((total, { product }) => total + product, 0);
    const rest =
      count > BigInt(largest.length)
        ? [[`the other ${counted(count - BigInt(largest.length))}`, "", short(sum - listed)]]
        : [];
    const how = count === 1n ? "One path leads" : `${counted(count)} paths lead`;
    this.body.replaceChildren(
      html("p", {}, `${count === 0n ? "No path leads" : how} from ${f} to ${x}.`),
      ...(rows.length > 0
        ? [table("Largest first", ["path", "local derivatives", "product"], [...rows, ...rest])]
        : []),
      html("p", { class: "total" }, `∂${f}/∂${x} = ${short(sum)}${rows.length > 1 ? ", the sum over all paths" : ""}`),
    );
  }

  /** @param {string[]} keys */
  #light(keys) {
    this.page.model.lit = new Set(keys);
    this.page.picture.update();
  }
}

const SWITCHES = [
  [
    "recursion",
    "Recursion without order",
    "Each node passes its gradient on as soon as something has come.",
    "def backward(node):\n    for x, slope in zip(node.parents, node.local_derivatives):\n        x.grad += slope * node.grad\n        if x not in seen: seen.add(x); backward(x)  # others may still add to x.grad",
  ],
  ["assign", "= for +=", "What had come along other arrows is lost.", "x.grad = slope * node.grad"],
  ["twice", "backward() twice", "Leaves keep what they have, so all is added once more.", "f.backward()\nf.backward()"],
  [
    "dirty",
    "No zero_grad()",
    "An earlier pass, at the recorded numbers, is still in the leaves: move a leaf, as an optimiser does, and see.",
    "f.backward()\nw.data -= rate * w.grad\nf = forward()\nf.backward()",
  ],
];

/** Four mistakes to switch on: wrong beside right, and the first step where they part. */
export class BreakIt {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Map<string, HTMLInputElement>} */
    this.switches = new Map();
    const items = SWITCHES.map(([name, title, text, code]) => {
      const input = html("input", { type: "checkbox", role: "switch" });
      this.switches.set(name, input);
      input.addEventListener("change", () => page.breakIt(this.chosen));
      return html(
        "div",
        { class: "switch" },
        html("label", {}, input, ` ${title}`),
        html("p", {}, text),
        html("pre", {}, code),
      );
    });
    this.body = html("div", {});
    this.element = panel("Break it", [html("div", { class: "switches" }, ...items), this.body]);
    this.element.addEventListener("toggle", () => this.update());
  }

  get chosen() {
    return [...this.switches].filter(([, input]) => input.checked).map(([name]) => name);
  }

  /** @param {string[]} names */
  choose(names) {
    for (const [name, input] of this.switches) input.checked = names.includes(name);
    if (names.length > 0) this.element.open = true;
  }

  update() {
    if (!this.element.open) return;
    const { model } = this.page;
    if (!model.broken) return this.body.replaceChildren(html("p", {}, "All as it should be: switch a mistake on."));
    const wrong = [...model.names.keys()].filter((node) => !same(model.gradients[node], model.right[node]));
    const rows = wrong
      .slice(0, 20)
      .map((node) => [model.names[node], short(model.gradients[node]), short(model.right[node])]);
    const { firstWrong } = model.pass;
    const index = model.forward + firstWrong;
    const go = firstWrong < 0 ? [] : [button(`The first wrong step: ${index}`, "", () => this.page.go(index, true))];
    const more = wrong.length > rows.length ? `, and ${wrong.length - rows.length} more` : "";
    const text =
      wrong.length === 0
        ? "No gradient of this graph is wrong all the same: it takes a node that is used twice, or used again."
        : `${wrong.length} of ${model.names.length} gradients are wrong.`;
    this.body.replaceChildren(
      html("p", { class: wrong.length > 0 ? "wrong" : "" }, wrong.length > 0 ? `✗ ${text}` : text),
      ...(rows.length > 0 ? [table(`Gradients${more}`, ["of", "wrong", "right"], rows)] : []),
      html("p", {}, ...go),
    );
  }
}

/** Where a number stopped being finite; not there as long as all are. */
export class Trouble {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.element = html("div", { class: "panel trouble" });
  }

  update() {
    const { model } = this.page;
    const finding = nonfinite(model.graph, model.names);
    this.element.hidden = finding === null;
    if (finding === null) return this.element.replaceChildren();
    const { kind, message, remedy, node, edge } = finding;
    const { graph } = model;
    const along = () => model.forward + model.pass.along(graph.edgeAt(edge?.node ?? 0, edge?.position ?? 0));
    const step = edge ? along() : model.computedAt[node];
    this.element.replaceChildren(
      html("h2", {}, `Where ${model.graph.values.some(Number.isNaN) ? "NaN" : "infinity"} begins`),
      html("p", { class: "wrong" }, `✗ ${kind}: ${message}`),
      html("p", {}, `Remedy: ${remedy}`),
      html(
        "p",
        { class: "buttons" },
        button(`Show ${model.names[node]}`, "", () => this.page.ask(node)),
      ),
    );
    if (step > 0)
      this.element.lastElementChild?.append(button(`Go to step ${step}`, "", () => this.page.go(step, true)));
  }
}

/** The address of what is shown; the picture as a file; the graph as Python. */
export class Share {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.text = html("textarea", { readonly: true, rows: 6, "aria-label": "What was copied", spellcheck: "false" });
    this.text.hidden = true;
    this.note = html("p", { role: "status" });
    this.element = panel("Share", [
      html(
        "p",
        { class: "buttons" },
        button("Copy the link", "", () => this.#copy(page.address, "The link")),
        button("Save the picture", "", () => this.#save()),
        button("Copy as Python", "", () => this.#copy(page.python, "The program")),
        button("Larger type", "Larger type, for a projector (b)", () => page.enlarge()),
      ),
      this.note,
      this.text,
    ]);
  }

  /**
   * @param {string} text
   * @param {string} what
   */
  async #copy(text, what) {
    this.text.value = text;
    this.text.hidden = false;
    try {
      await navigator.clipboard.writeText(text);
      setText(this.note, `${what} is on the clipboard.`);
    } catch {
      setText(this.note, `${what} stands below, to be copied: this browser lets no page copy by itself here.`);
      this.text.select();
    }
  }

  #save() {
    const blob = new Blob([this.page.picture.file()], { type: "image/svg+xml" });
    const link = html("a", { href: URL.createObjectURL(blob), download: "graph.svg" });
    link.click();
    setText(this.note, "The picture is saved as graph.svg.");
  }
}
