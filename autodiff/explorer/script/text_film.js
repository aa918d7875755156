/** A film of a GPT that learns: its loss, where it looks, where its characters lie, and what it makes up. */

import { html, setText, svg, table } from "./dom.js";
import { short } from "./numbers.js";
import { Scrubber } from "./scrubber.js";

/**
 * @typedef {{
 *   step: number, loss: number, attention: number[][][], places: [number, number][], samples: string[],
 * }} Frame the attention of each head has a row for each position, with what it takes of those so far
 * @typedef {{
 *   frames: Frame[], losses: [number, number][], guessing: number, read: string[], heads: string[], signs: string[],
 * }} TextFilmData
 */

const SIDE = 360;
const HEIGHT = 220;

class TextFilm {
  /**
   * @param {TextFilmData} data
   * @param {HTMLElement} place
   */
  constructor(data, place) {
    this.data = data;
    const { frames, signs } = data;
    this.now = svg("path", { class: "now" });
    this.samples = html("p", { class: "samples" });
    this.marks = signs.map((sign) => svg("text", { class: "sign" }, sign));
    this.shades = html("div", { class: "shades" });
    this.reach = Math.max(...frames.flatMap(({ places }) => places.flat().map(Math.abs)), 1e-9);
    const scrubber = new Scrubber(frames.length, "Step", {
      show: (index) => this.#show(frames[index]),
      at: (index) => `step ${frames[index].step} of ${frames.at(-1)?.step}`,
      told: (index) =>
        `Step ${frames[index].step}: loss ${short(frames[index].loss)}; ${frames[index].samples.join(" ")}`,
    });
    place.replaceChildren(
      scrubber.element,
      html(
        "div",
        { class: "film" },
        html("section", {}, html("h2", {}, "What it makes up"), this.samples),
        html("section", {}, html("h2", {}, "Loss by step"), ...this.#curve()),
        html("section", {}, html("h2", {}, "The characters"), ...this.#characters()),
        html("section", { class: "across" }, html("h2", {}, "Where it looks"), this.shades),
      ),
    );
    scrubber.update();
  }

  /** @param {number} step */
  #x(step) {
    const last = Math.max(this.data.losses.at(-1)?.[0] ?? 1, 2);
    return 10 + ((step - 1) / (last - 1)) * (SIDE - 20);
  }

  #curve() {
    const { losses, guessing } = this.data;
    const most = Math.max(guessing, ...losses.map(([, loss]) => loss));
    const y = (/** @type {number} */ loss) => HEIGHT - 10 - (loss / most) * (HEIGHT - 20);
    const points = losses.map(([step, loss]) => `${this.#x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
    const label = `The loss, from 0 up, a mean of steps around; dashed, what guessing costs, ${short(guessing)}`;
    return [
      svg(
        "svg",
        { class: "curves", viewBox: `0 0 ${SIDE} ${HEIGHT}`, role: "img", "aria-label": label },
        svg("polyline", { class: "curve", points }),
        svg("polyline", { class: "curve curve1", points: `10,${y(guessing)} ${SIDE - 10},${y(guessing)}` }),
        this.now,
      ),
      html("p", {}, `${label}.`),
    ];
  }

  #characters() {
    const label = "The embedding of each character, seen from where they lie furthest apart at the end";
    const picture = { class: "signs", viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": label };
    return [svg("svg", picture, ...this.marks), html("p", {}, `${label}.`)];
  }

  /** @param {Frame} frame */
  #show({ step, attention, places, samples }) {
    const { heads, read } = this.data;
    this.now.setAttribute("d", `M${this.#x(step).toFixed(1)},0V${HEIGHT}`);
    setText(this.samples, samples.join(", "));
    places.forEach(([x, y], i) => {
      this.marks[i].setAttribute("x", (SIDE / 2 + (x / this.reach) * (SIDE / 2 - 12)).toFixed(1));
      this.marks[i].setAttribute("y", (SIDE / 2 + 5 - (y / this.reach) * (SIDE / 2 - 12)).toFixed(1));
    });
    this.shades.replaceChildren(...attention.map((rows, i) => shaded(heads[i], read, rows)));
  }
}

/**
 * @param {string} name
 * @param {string[]} read
 * @param {number[][]} rows
 */
function shaded(name, read, rows) {
  const cells = rows.map((row, i) => [read[i], ...read.map((_, j) => (j < row.length ? row[j].toFixed(2) : ""))]);
  const element = table(name, ["reads", ...read], cells);
  element.className = "shaded";
  element.querySelectorAll("tbody tr").forEach((line, i) => {
    line.querySelectorAll("td").forEach((cell, j) => {
      cell.style.setProperty("--shade", `${Math.round(100 * (rows[i][j] ?? 0))}%`);
    });
  });
  return element;
}

const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "");
new TextFilm(data, /** @type {HTMLElement} */ (document.getElementById("page")));
document.documentElement.dataset.ready = "yes";
