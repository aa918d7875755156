/** Tables of numbers of the graph that a model supplies, with shades where they are shares of 1. */

import { html, setText } from "./dom.js";
import { short } from "./numbers.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {[number | null, number]} Chance two nodes a and b, for exp(a - b); null is 0
 * @typedef {number | Chance | string | null} Cell a node, a chance, a text, nothing
 * @typedef {{ title: string, text: string, columns: string[], rows: [string, Cell[]][], shaded: boolean }} TableData
 */

export class Tables {
  /**
   * @param {Page} page
   * @param {TableData[]} tables
   */
  constructor(page, tables) {
    this.page = page;
    this.panels = tables.map((data, i) => new Table(page, data, i === 0));
    this.element = html("div", { class: "tables" }, ...this.panels.map(({ element }) => element));
    this.element.hidden = tables.length === 0;
  }

  update() {
    for (const panel of this.panels) panel.update();
  }
}

class Table {
  /**
   * @param {Page} page
   * @param {TableData} data
   * @param {boolean} open
   */
  constructor(page, { title, text, columns, rows, shaded }, open) {
    this.page = page;
    this.shaded = shaded;
    /** @type {{ cell: HTMLElement, node: number | Chance }[]} */
    this.cells = [];
    const head = html("tr", {}, ...columns.map((name) => html("th", { scope: "col" }, name)));
    const body = rows.map(([name, cells]) =>
      html("tr", {}, html("th", { scope: "row" }, name), ...cells.map((cell) => this.#cell(cell))),
    );
    const caption = html("caption", {}, text);
    const table = html(
      "table",
      shaded ? { class: "shaded" } : {},
      caption,
      html("thead", {}, head),
      html("tbody", {}, ...body),
    );
    this.element = html("details", { class: "panel", open }, html("summary", {}, html("h2", {}, title)), table);
    this.element.addEventListener("toggle", () => this.update());
  }

  /** @param {Cell} cell */
  #cell(cell) {
    const element = html("td", {}, typeof cell === "string" ? cell : "");
    if (cell !== null && typeof cell !== "string") this.cells.push({ cell: element, node: cell });
    return element;
  }

  update() {
    if (!this.element.open) return;
    const { values } = this.page.model.graph;
    for (const { cell, node } of this.cells) {
      const x = typeof node === "number" ? values[node] : chance(values, node);
      setText(cell, this.shaded ? x.toFixed(2) : short(x));
      if (this.shaded) cell.style.setProperty("--shade", `${(100 * Math.min(Math.max(x, 0), 1)).toFixed(0)}%`);
    }
  }
}

/**
 * @param {number[]} values
 * @param {Chance} chance
 */
export function chance(values, [logit, total]) {
  return Math.exp((logit === null ? 0 : values[logit]) - values[total]);
}
