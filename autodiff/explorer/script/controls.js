/** The bar below the picture: steps by button, slider and key; playing; predicting. */

import { button, html, setText } from "./dom.js";

/** @typedef {import("./page.js").Page} Page */

const SPEEDS = [
  ["0.5", "slow"],
  ["1", "normal"],
  ["3", "fast"],
];

export class Controls {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.playing = 0;
    const { model } = page;
    this.first = button("|◀", "To the beginning (Home)", () => page.go(0));
    this.back = button("◀", "A step back (left arrow key)", () => page.go(model.index - 1));
    this.play = button("Play", "", () => this.#toggle());
    this.next = button("▶", "A step forward (right arrow key)", () => page.go(model.index + 1));
    this.end = button("▶|", "To the end (End)", () => page.go(model.last));
    this.slider = html("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.slider.addEventListener("input", () => page.go(Number(this.slider.value)));
    this.speed = html("select", {}, ...SPEEDS.map(([value, text]) => html("option", { value }, text)));
    this.speed.value = "1";
    this.predict = html("input", { type: "checkbox" });
    this.predict.addEventListener("change", () => page.update());
    this.count = html("span", { class: "count" });
    this.element = html(
      "div",
      { class: "controls", role: "group", "aria-label": "Steps" },
      ...[this.first, this.back, this.play, this.next, this.end, this.slider, this.count],
      html("label", {}, "Speed ", this.speed),
      html("label", {}, this.predict, " Predict: ask me before each number"),
    );
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea, summary")) return;
    const { model } = this.page;
    const to = { ArrowLeft: model.index - 1, ArrowRight: model.index + 1, Home: 0, End: model.last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.page.go(to);
    } else if (event.key === "b") this.page.enlarge();
  }

  #toggle() {
    if (this.playing) return this.stop();
    const { model } = this.page;
    if (model.index === model.last) this.page.go(0);
    const turn = () => {
      if (model.index >= model.last || this.page.waiting) return this.stop();
      this.page.go(model.index + 1);
      this.playing = window.setTimeout(turn, 1500 / Number(this.speed.value));
    };
    this.playing = window.setTimeout(turn, 300);
    setText(this.play, "Pause");
  }

  stop() {
    window.clearTimeout(this.playing);
    this.playing = 0;
    setText(this.play, "Play");
  }

  update() {
    const { index, last } = this.page.model;
    this.slider.max = String(last);
    this.slider.value = String(index);
    this.slider.setAttribute("aria-valuetext", `step ${index} of ${last}`);
    this.first.disabled = this.back.disabled = index === 0;
    this.next.disabled = this.end.disabled = index === last;
    setText(this.count, `${index} / ${last}`);
  }
}
