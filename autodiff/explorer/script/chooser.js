import { html } from "./dom.js";

/** @typedef {import("./page.js").Page} Page */

const MANY = 2000; // a list to choose from has no more entries

/** A list of nodes to choose from, which is filled when it is about to be seen. */
export class Chooser {
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
