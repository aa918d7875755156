import { button, html, table } from "./dom.js";
import { short } from "./numbers.js";
import { panel } from "./panel.js";
import { same } from "./passes.js";

/** @typedef {import("./page.js").Page} Page */

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
      .map((node) => [this.page.link(node), short(model.gradients[node]), short(model.right[node])]);
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
