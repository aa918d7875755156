import { Chooser } from "./chooser.js";
import { button, html, table } from "./dom.js";
import { parsed, short, signed } from "./numbers.js";
import { panel } from "./panel.js";

/** @typedef {import("./page.js").Page} Page */

const SHOWN = 12; // so many leaves have a slider at once

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
      return [this.page.link(leaf), signed(change), short(slope), signed(change * slope)];
    });
    for (const [leaf, x] of moved) foretold += (x - model.start.values[leaf]) * model.start.gradients[leaf];
    const came = values[output] - model.start.values[output];
    const [single] = moved.size === 1 ? moved : [];
    const quotient = single ? came / (single[1] - model.start.values[single[0]]) : 0;
    const verdict = single
      ? `The change of ${f} over that of the leaf is ${short(quotient)}; the gradient was ${short(model.start.gradients[single[0]])}. The smaller the move, the nearer they are.`
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
