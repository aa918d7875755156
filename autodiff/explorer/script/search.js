/** Finding a value or a group by its name, in a graph that is too large to be looked through. */

import { button, html, setText } from "./dom.js";

/** @typedef {import("./page.js").Page} Page */

const SHOWN = 12;

export class Search {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.input = html("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    this.input.addEventListener("input", () => this.#find());
    this.told = html("p", { role: "status" });
    this.results = html("ul", {});
    this.element = html("div", { class: "search", role: "search" }, html("label", {}, "Find ", this.input));
    this.element.append(this.told, this.results);
    this.element.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#clear();
    });
  }

  #find() {
    const { views, names } = this.page.model;
    const wanted = plain(this.input.value);
    if (wanted === "") return this.#clear();
    const fits = (/** @type {string} */ name) => plain(name).includes(wanted);
    /** @type {[string, () => void][]} */
    const found = [];
    let count = 0;
    const add = (/** @type {string} */ text, /** @type {() => void} */ go) => count++ < SHOWN && found.push([text, go]);
    for (let view = 1; view < views.length; view++) {
      if (fits(views.name(view))) add(`${views.path(view)}, a group`, () => this.page.show(view));
    }
    names.forEach((name, node) => {
      if (fits(name))
        add(`${name}${views.home[node] ? `, in ${views.path(views.home[node])}` : ""}`, () => this.page.ask(node));
    });
    setText(this.told, count === 0 ? "Nothing is called so." : `${Math.min(count, SHOWN)} of ${count} found`);
    this.results.replaceChildren(
      ...found.map(([text, go]) =>
        html(
          "li",
          {},
          button(text, "", () => this.#go(go)),
        ),
      ),
    );
  }

  /** @param {() => void} go */
  #go(go) {
    this.#clear();
    this.page.stage.focus();
    go();
  }

  #clear() {
    this.input.value = "";
    setText(this.told, "");
    this.results.replaceChildren();
  }
}

/**
 * A name without what is hard to type: w₁₂⁽¹⁾ as w12(1), and that as w121.
 * @param {string} name
 */
function plain(name) {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_^(),]/g, "");
}
