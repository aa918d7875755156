/** Tables of numbers of the graph that a model supplies, with shades where they are shares of 1. */

import { html, setAttribute, setText } from "./dom.js";
import { short } from "./numbers.js";
import { panel } from "./panel.js";

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
    /** @type {{ cell: HTMLElement, node: number | Chance, asks: number, of: string }[]} */
    this.cells = [];
    const head = html("tr", {}, ...columns.map((name) => html("th", { scope: "col" }, name)));
    const body = rows.map(([name, cells]) =>
      html(
        "tr",
        {},
        html("th", { scope: "row" }, name),
        ...cells.map((cell, i) => this.#cell(cell, `${name}, ${columns[i + 1]}`)),
      ),
    );
    const caption = html("caption", {}, text);
    const table = html(
      "table",
      shaded ? { class: "shaded" } : {},
      caption,
      html("thead", {}, head),
      html("tbody", {}, ...body),
    );
    table.addEventListener("keydown", (event) => this.#key(event));
    this.cells[0]?.cell.setAttribute("tabindex", "0");
    this.element = panel(title, [table], open);
    this.element.addEventListener("toggle", () => this.update());
  }

  /**
   * A number is a button that asks for its node; Tab reaches one in each table, the arrow keys the others.
   * @param {Cell} cell
   * @param {string} of what it is the number of
   */
  #cell(cell, of) {
    if (cell === null || typeof cell === "string") return html("td", {}, cell ?? "");
    const button = html("button", { type: "button", class: "cell", tabindex: -1 });
    const asks = typeof cell === "number" ? cell : (cell[0] ?? cell[1]);
    button.addEventListener("click", () => {
      this.#enter(button);
      this.page.ask(asks);
    });
    this.cells.push({ cell: button, node: cell, asks, of });
    return html("td", {}, button);
  }

  /** @param {HTMLElement} cell the one that Tab reaches from now on */
  #enter(cell) {
    for (const { cell: other } of this.cells) setAttribute(other, "tabindex", other === cell ? "0" : "-1");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const here = this.cells.find(({ cell }) => cell === event.target)?.cell.closest("td");
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!here || !step) return;
    event.preventDefault();
    const rows = [...(here.closest("tbody")?.rows ?? [])];
    let row = rows.findIndex(({ cells }) => [...cells].includes(here));
    let column = here.cellIndex;
    do {
      row += step[0];
      column += step[1];
    } while (rows[row]?.cells[column]?.textContent === "");
    const next = rows[row]?.cells[column]?.querySelector("button");
    if (!next) return;
    this.#enter(next);
    next.focus();
  }

  update() {
    if (!this.element.open) return;
    const { asked, graph } = this.page.model;
    for (const { cell, node, asks, of } of this.cells) {
      const x = typeof node === "number" ? graph.values[node] : chance(graph.values, node);
      setText(cell, this.shaded ? x.toFixed(2) : short(x));
      setAttribute(cell, "aria-label", `${of}: ${cell.textContent}`);
      setAttribute(cell, "aria-pressed", String(asked === asks));
      if (this.shaded && cell.parentElement)
        cell.parentElement.style.setProperty("--shade", `${(100 * Math.min(Math.max(x, 0), 1)).toFixed(0)}%`);
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
