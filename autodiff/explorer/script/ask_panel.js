import { Chooser } from "./chooser.js";
import { html, table } from "./dom.js";
import { factor, short } from "./numbers.js";
import { panel } from "./panel.js";
import { fsum } from "./primitives.js";
import { byGroup, through } from "./split.js";

/** @typedef {import("./page.js").Page} Page */

const LISTED = 50; // a table of contributions has no more rows

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
    const feeds = graph.operands[node].map((code) => [
      code < 0 ? model.named(code) : this.page.link(code),
      short(graph.at(code)),
    ]);
    const parts = model.changes(node).flatMap((index) => {
      const step = model.stepAt(index);
      if (step?.kind !== "edge") return [];
      const { edge, slope, above, contribution } = step;
      const { symbols } = model.slopeFormula(edge);
      return [
        [
          this.page.link(edge.node, `from ${names[edge.node]}`),
          symbols,
          `${short(slope)} × ${factor(above)}`,
          short(contribution),
        ],
      ];
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

/** The first rows, and how many more there are. @param {(string | Node)[][]} rows */
function listed(rows) {
  return rows.length > LISTED ? [...rows.slice(0, LISTED), [`and ${rows.length - LISTED} more`]] : rows;
}
