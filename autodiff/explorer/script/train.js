/** A network that learns one sample, a step of gradient descent at a time; back leads to the very same weights. */

import { button, html, table } from "./dom.js";
import { parsed, short } from "./numbers.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {{ parameters: number[], neurons: [number, number, number, number][] }} Training
 *   of each neuron its layer, its number, the node of its sum and that of its activation
 */

const SHOWN = 60;
const LAST = 8;

export class Train {
  /**
   * @param {Page} page
   * @param {Training | null} training
   */
  constructor(page, training) {
    this.page = page;
    this.training = training ?? { parameters: [], neurons: [] };
    /** The leaves before each step, and the loss there. @type {{ moved: Map<number, number>, loss: number }[]} */
    this.past = [];
    this.rate = html("input", { type: "text", inputmode: "decimal", value: "0.1", "aria-label": "Learning rate η" });
    this.body = html("div", {});
    this.back = button("Back a step", "", () => this.#rewind(1));
    this.rewind = button("Rewind", "", () => this.#rewind(this.past.length));
    const steps = [
      button("A training step", "", () => this.#train(1)),
      button("Ten", "Ten training steps", () => this.#train(10)),
    ];
    this.element = html(
      "div",
      { class: "panel" },
      html("h2", {}, "Train"),
      html("p", { class: "buttons" }, html("label", {}, "η ", this.rate), ...steps, this.back, this.rewind),
      this.body,
    );
    this.element.hidden = training === null;
  }

  /** @param {number} steps */
  #train(steps) {
    const rate = parsed(this.rate.value);
    this.rate.setAttribute("aria-invalid", String(rate === null));
    if (rate === null) return;
    const { graph } = this.page.model;
    for (let i = 0; i < steps; i++) {
      const gradients = graph.gradients();
      const moved = new Map(graph.moved);
      this.past.push({ moved: graph.moved, loss: graph.values[graph.output] });
      for (const leaf of this.training.parameters) moved.set(leaf, graph.values[leaf] - rate * gradients[leaf]);
      graph.move(moved);
    }
    this.page.move(graph.moved);
  }

  /** @param {number} steps */
  #rewind(steps) {
    const { moved } = this.past.splice(-steps)[0] ?? {};
    if (moved) this.page.move(moved);
  }

  update() {
    if (this.element.hidden) return;
    const { model } = this.page;
    const { graph } = model;
    this.back.disabled = this.rewind.disabled = this.past.length === 0;
    const losses = [...this.past.map(({ loss }) => loss), graph.values[graph.output]];
    const told = losses.slice(-LAST).map(short).join(" → ");
    const rows = this.training.neurons.slice(0, SHOWN).map(([layer, neuron, sum, activation]) => {
      const name = `layer ${layer}, neuron ${neuron}`;
      const cell = (/** @type {number} */ node, /** @type {string} */ what, /** @type {number} */ x) =>
        this.page.link(node, short(x), `${name}, ${what}: ${short(x)}`);
      return [
        name,
        cell(sum, "S", graph.values[sum]),
        cell(activation, "g(S)", graph.values[activation]),
        cell(sum, "δ", model.gradients[sum]),
      ];
    });
    const left = this.training.neurons.length - rows.length;
    this.body.replaceChildren(
      html(
        "p",
        { class: "total" },
        `${model.names[graph.output]} after ${this.past.length} step${this.past.length === 1 ? "" : "s"}: ${losses.length > LAST ? "… → " : ""}${told}`,
      ),
      table(`Neurons${left > 0 ? `, and ${left} more` : ""}`, ["neuron", "S", "g(S)", "δ = ∂L/∂S"], rows),
    );
  }
}
