/** The step at hand in words and numbers; or, to who predicts, the question for the next number. */

import { html } from "./dom.js";
import { parsed, short } from "./numbers.js";
import { judged, questionOf } from "./predict.js";
import { words } from "./words.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./predict.js").Verdict} Verdict
 */

/** @type {Record<Verdict, string>} */
const SAYS = {
  right: "Right.",
  above: "The gradient from above was forgotten: a contribution is local derivative times gradient.",
  sum: "The sum was forgotten: what had come before counts too.",
  other: "That is with the local derivative to the other operand.",
  sign: "The sign is the other way round.",
  unknown: "No, and none of the usual mistakes either.",
};

export class Card {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.body = html("div", {});
    this.answer = html("input", { type: "text", inputmode: "decimal", id: "answer", autocomplete: "off" });
    this.verdict = html("p", { class: "verdict" });
    this.element = html("section", { class: "card", "aria-labelledby": "card-title" }, this.body);
  }

  /** Whether the next number waits to be typed. */
  get asks() {
    const { model, controls } = this.page;
    const next = model.stepAt(model.index + 1);
    return controls.predict.checked && (next?.kind === "edge" || next?.kind === "value");
  }

  update() {
    const { model } = this.page;
    const { title, rows, total, note, wrong } = words(model);
    const wide = rows.length > 0 && rows[0].length > 2;
    const grid = html("table", { class: wide ? "product" : "lines" });
    for (const row of rows) grid.append(html("tr", {}, ...row.map((cell) => html("td", {}, cell))));
    this.body.replaceChildren(
      html("h2", { id: "card-title" }, title),
      ...(rows.length > 0 ? [grid] : []),
      ...(total ? [html("p", { class: "total" }, total)] : []),
      ...(wrong ? [html("p", { class: "wrong" }, `✗ ${wrong}`)] : []),
      ...(note ? [html("p", {}, note)] : []),
      ...(this.asks ? [this.#question()] : []),
    );
  }

  #question() {
    const { model } = this.page;
    const next = /** @type {import("./model.js").Step} */ (model.stepAt(model.index + 1));
    const form = html("form", { class: "question" });
    let question = "";
    if (next.kind === "edge") {
      const [z, x] = [model.names[next.edge.node], model.names[next.edge.operand]];
      question = `Next, backward along ${z} → ${x}. What is ${x}.grad after it?`;
    } else if (next.kind === "value") {
      question = `Next, forward: what is ${model.names[next.node]} = ${model.formula(next.node)}?`;
    }
    this.answer.value = "";
    this.verdict.textContent = "";
    form.append(
      html("label", { for: "answer" }, question),
      this.answer,
      html("button", { type: "submit" }, "Check"),
      this.#skip(),
      this.verdict,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#check(next);
    });
    return form;
  }

  #skip() {
    const skip = html("button", { type: "button" }, "Show it");
    skip.addEventListener("click", () => this.page.go(this.page.model.index + 1, true));
    return skip;
  }

  /** @param {import("./model.js").Step} next */
  #check(next) {
    const { model } = this.page;
    const answer = parsed(this.answer.value);
    if (answer === null) return this.#say("Type a number, such as 2.5, -3 or 1/3.", "");
    /** @type {Verdict[]} */
    let verdicts = ["unknown"];
    if (next.kind === "edge") {
      verdicts = judged(questionOf(model.graph, next), answer);
    } else if (next.kind === "value") {
      const right = model.graph.values[next.node];
      verdicts = judged({ right, slope: right, above: 1, before: 0, others: [] }, answer);
      if (verdicts[0] === "above") verdicts = ["right"];
    }
    const right = verdicts[0] === "right";
    const text = verdicts.map((verdict) => SAYS[verdict]).join(" Or: ");
    if (right) {
      this.page.go(model.index + 1, true);
      this.page.say(`Right. ${words(model).spoken}`);
      this.body.prepend(html("p", { class: "verdict right" }, `✓ Right: ${short(answer)}.`));
    } else this.#say(`✗ ${text}`, "no");
  }

  /**
   * @param {string} text
   * @param {string} kind
   */
  #say(text, kind) {
    this.verdict.textContent = text;
    this.verdict.className = `verdict ${kind}`;
    this.page.say(text);
    this.answer.select();
  }
}
