/** The bar above a film: frames by button, slider and key; playing. */

import { button, html, setText } from "./dom.js";

export class Scrubber {
  /**
   * @param {number} count of frames
   * @param {string} unit what the frames are taken at, "Epoch"
   * @param {{ show: (index: number) => void, at: (index: number) => string, told: (index: number) => string }} film
   *   shows a frame; says where it is, in a few words; and what is to be seen, in a sentence
   */
  constructor(count, unit, film) {
    this.count = count;
    this.film = film;
    this.index = count - 1;
    this.playing = 0;
    this.slider = html("input", { type: "range", min: 0, max: this.index, step: 1, "aria-label": unit });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.play = button("Play", "", () => this.#toggle());
    this.place = html("span", { class: "count" });
    this.live = html("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.total = html("p", { class: "total" });
    this.element = html(
      "div",
      {},
      html(
        "div",
        { class: "controls", role: "group", "aria-label": `${unit}s` },
        button("|◀", "To the first frame (Home)", () => this.go(0)),
        button("◀", "A frame back (left arrow key)", () => this.go(this.index - 1)),
        this.play,
        button("▶", "A frame on (right arrow key)", () => this.go(this.index + 1)),
        button("▶|", "To the last frame (End)", () => this.go(count - 1)),
        this.slider,
        this.place,
      ),
      this.total,
      this.live,
    );
    document.addEventListener("keydown", (event) => {
      if (event.target instanceof Element && event.target.closest("input, select, textarea, summary")) return;
      const to = { ArrowLeft: this.index - 1, ArrowRight: this.index + 1, Home: 0, End: count - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.go(to);
    });
  }

  /** @param {number} index */
  go(index) {
    this.index = Math.max(0, Math.min(index, this.count - 1));
    this.update();
    if (!this.playing) setText(this.live, this.film.told(this.index));
  }

  #toggle() {
    if (this.playing) return this.#stop();
    if (this.index === this.count - 1) this.go(0);
    const turn = () => {
      if (this.index === this.count - 1) return this.#stop();
      this.go(this.index + 1);
      this.playing = window.setTimeout(turn, 120);
    };
    this.playing = window.setTimeout(turn, 120);
    setText(this.play, "Pause");
  }

  #stop() {
    window.clearTimeout(this.playing);
    this.playing = 0;
    setText(this.play, "Play");
    setText(this.live, this.film.told(this.index));
  }

  update() {
    this.slider.value = String(this.index);
    this.slider.setAttribute("aria-valuetext", this.film.at(this.index).split(" of ")[0]);
    setText(this.place, this.film.at(this.index));
    setText(this.total, this.film.told(this.index));
    this.film.show(this.index);
  }
}
