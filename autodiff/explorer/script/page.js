/** The page as a whole: what belongs together changes together. */

import { Ask } from "./ask_panel.js";
import { BreakIt } from "./break_panel.js";
import { Card } from "./card.js";
import { Controls } from "./controls.js";
import { button, html, setText } from "./dom.js";
import { Leaves } from "./leaves_panel.js";
import { counted, short } from "./numbers.js";
import { Paths } from "./paths_panel.js";
import { Picture } from "./picture.js";
import { Search } from "./search.js";
import { read, written } from "./share.js";
import { Share } from "./share_panel.js";
import { Tables } from "./tables.js";
import { Train } from "./train.js";
import { Trouble } from "./trouble_panel.js";
import { words } from "./words.js";

/** @typedef {import("./model.js").Model} Model */

export class Page {
  /**
   * @param {Model} model
   * @param {HTMLElement} place
   */
  constructor(model, place) {
    this.model = model;
    this.viewNumber = 0;
    this.later = 0;
    this.hash = "";
    this.live = html("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.caption = html("p", { class: "caption" });
    this.search = new Search(this);
    this.crumbs = html("nav", { class: "crumbs", "aria-label": "Groups" });
    this.stage = html("div", { class: "stage", tabindex: 0, role: "region", "aria-label": "Picture" });
    this.picture = new Picture(model, 0);
    this.controls = new Controls(this);
    this.card = new Card(this);
    this.panels = {
      trouble: new Trouble(this),
      train: new Train(this, model.training),
      ask: new Ask(this),
      leaves: new Leaves(this),
      paths: new Paths(this),
      broken: new BreakIt(this),
      share: new Share(this),
    };
    this.tables = new Tables(this, model.tables);
    const panels = Object.values(this.panels).map(({ element }) => element);
    place.replaceChildren(
      html("div", { class: "top" }, this.crumbs, this.search.element),
      this.stage,
      this.caption,
      this.controls.element,
      html(
        "div",
        { class: "columns" },
        html("div", {}, this.card.element, this.tables.element),
        html("div", { class: "panels" }, ...panels),
      ),
      this.live,
    );
    place.addEventListener("toggle", () => this.#reach(), true);
    window.addEventListener("resize", () => this.#reach());
    this.stage.addEventListener("click", (event) => this.#chosen(event.target));
    this.stage.addEventListener("keydown", (event) => this.#key(event));
    this.#restore();
    this.show(this.viewNumber);
    this.update();
    window.addEventListener("hashchange", () => {
      if (location.hash.slice(1) === this.hash) return;
      this.#restore();
      this.show(this.viewNumber);
      this.update();
    });
  }

  // ---------------------------------------------------------------------------------------------------- steps

  /** Whether a number waits to be predicted. */
  get waiting() {
    return this.card.asks;
  }

  /**
   * Go to a step; who predicts does not get past a number unseen.
   * @param {number} index
   * @param {boolean} seen
   */
  go(index, seen = false) {
    const { model } = this;
    const to = Math.max(0, Math.min(index, model.last));
    if (!seen && to === model.index + 1 && this.waiting) {
      this.card.answer.focus();
      return this.say("First the number, please.");
    }
    model.index = to;
    this.#follow();
    this.picture.update();
    this.controls.update();
    this.card.update();
    this.#reach();
    this.#remember();
    this.say(words(model).spoken);
  }

  /** Where the step is in another picture than the one that is shown, show that. */
  #follow() {
    const { model } = this;
    const { step } = model;
    const node = step.kind === "value" ? step.node : step.kind === "edge" ? step.edge.node : -1;
    if (node < 0 || model.views.length === 1 || this.viewNumber === 0) return;
    if (!this.picture.nodes.has(node)) this.show(model.views.home[node]);
  }

  /** @param {string} text */
  say(text) {
    setText(this.live, text);
  }

  /** @param {Map<number, number>} moved */
  move(moved) {
    this.model.graph.move(moved);
    this.model.refresh();
    this.update();
    const { names, graph } = this.model;
    this.say(`${names[graph.output]} is ${short(graph.values[graph.output])}`);
  }

  /** @param {string[]} names */
  breakIt(names) {
    const { mistakes } = this.model;
    for (const name of /** @type {(keyof typeof mistakes)[]} */ (Object.keys(mistakes)))
      mistakes[name] = names.includes(name);
    this.model.refresh();
    this.update();
  }

  /** @param {number | null} node */
  ask(node) {
    this.model.asked = node;
    if (node !== null) {
      this.panels.ask.element.open = true;
      if (!this.picture.nodes.has(node)) this.show(this.model.views.home[node]);
    }
    this.update();
    if (node !== null)
      this.say(this.picture.nodes.get(node)?.element.getAttribute("aria-label") ?? this.model.names[node]);
  }

  /**
   * A button that asks for a node; the panel that has it may be written anew, then the keyboard goes on where it is told.
   * @param {number} node
   * @param {string} text
   * @param {string} label what a screen reader says in place of the text
   */
  link(node, text = this.model.names[node], label = "") {
    const element = button(text, label, () => {
      this.ask(node);
      if (!element.isConnected) this.panels.ask.chooser.select.focus();
    });
    element.className = "path";
    return element;
  }

  /** Let the keyboard scroll those tables that are wider than there is room. */
  #reach() {
    requestAnimationFrame(() => {
      for (const table of document.querySelectorAll("main table")) {
        if (table.scrollWidth > table.clientWidth) table.setAttribute("tabindex", "0");
        else table.removeAttribute("tabindex");
      }
    });
  }

  /** Larger type for a projector, and back. */
  enlarge() {
    document.documentElement.classList.toggle("big");
    this.#reach();
    this.#remember();
  }

  update() {
    this.picture.update();
    this.controls.update();
    this.card.update();
    for (const panel of Object.values(this.panels)) if ("update" in panel) panel.update();
    this.tables.update();
    this.#reach();
    this.#remember();
  }

  // ---------------------------------------------------------------------------------------------------- pictures

  /** @param {number} number of the view */
  show(number) {
    const { model } = this;
    this.viewNumber = number;
    this.picture = new Picture(model, number);
    this.stage.replaceChildren(this.picture.element);
    this.picture.update();
    this.#boxes()[0]?.setAttribute("tabindex", "0");
    /** @type {(HTMLElement | string)[]} */
    const trail = [];
    for (let at = number; at >= 0; at = model.views.parent(at)) {
      const name = model.views.name(at) || "the whole graph";
      trail.unshift(at === number ? html("strong", {}, name) : button(name, "", () => this.show(at)));
    }
    this.crumbs.replaceChildren(...trail.flatMap((part, i) => (i > 0 ? [" › ", part] : [part])));
    this.crumbs.hidden = this.search.element.hidden = model.views.length === 1;
    setText(this.caption, this.#told());
    this.#remember();
  }

  /** What the picture shows, and what it hides. */
  #told() {
    const { model, viewNumber: number } = this;
    const { boxes, hidden } = this.picture.view;
    const f = model.names[model.graph.output];
    const name = model.views.name(number);
    const members = model.views.members[number].length;
    const count = (/** @type {number} */ n, /** @type {string} */ noun) => `${counted(n)} ${noun}${n === 1 ? "" : "s"}`;
    const single = boxes.filter(({ key, outside }) => typeof key === "number" && !outside).length;
    const groups = boxes.filter(({ key, outside }) => typeof key === "string" && !outside).length;
    const outside = boxes.filter(({ outside }) => outside).length;
    const parts = [
      `${name ? `Of ${name}` : `The graph of ${f}`}: ${count(members, "value")}.`,
      `In each box its number, and its gradient, ∂${f}/∂ of it; on an arrow the local derivative: the wider the arrow, the more it contributes. Constants stand in the formulas.`,
    ];
    if (groups > 0) {
      const inside = counted(members - single);
      parts.push(`${inside} of them are in ${count(groups, "group")}: click one to go in.`);
    }
    if (outside > 0) {
      parts.push(
        `${outside === 1 ? "The box" : `The ${outside} boxes`} with a dashed frame: what is used from outside.`,
      );
    }
    if (hidden > 0) parts.push(`${count(hidden, "more operand")} from outside are not drawn.`);
    return parts.join(" ");
  }

  #boxes() {
    return /** @type {SVGGElement[]} */ ([...this.stage.querySelectorAll(".box")]);
  }

  /** @param {EventTarget | null} target */
  #chosen(target) {
    const box = target instanceof Element ? target.closest(".box") : null;
    if (!box) return;
    if (box.id.startsWith("g")) return this.show(Number(box.id.slice(1)));
    const node = Number(box.id.slice(1));
    this.ask(this.model.asked === node ? null : node);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const boxes = this.#boxes();
    const here = boxes.indexOf(/** @type {SVGGElement} */ (event.target));
    if (event.key === "Enter" || event.key === " ") {
      if (here < 0) return;
      event.preventDefault();
      return this.#chosen(event.target);
    }
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction || here < 0) return;
    event.preventDefault();
    const middle = (/** @type {Element} */ box) => {
      const { x, y, width, height } = box.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    };
    const [x, y] = middle(boxes[here]);
    const [dx, dy] = direction;
    let [best, least] = [here, Number.POSITIVE_INFINITY];
    boxes.forEach((box, i) => {
      const [u, v] = middle(box);
      const along = (u - x) * dx + (v - y) * dy;
      const aside = Math.abs((u - x) * dy) + Math.abs((v - y) * dx);
      if (along > 5 && along + 3 * aside < least) [best, least] = [i, along + 3 * aside];
    });
    for (const box of boxes) box.setAttribute("tabindex", "-1");
    boxes[best].setAttribute("tabindex", "0");
    boxes[best].focus();
  }

  // ---------------------------------------------------------------------------------------------------- sharing

  get shared() {
    const { model, controls, panels } = this;
    return {
      step: model.index === model.last ? null : model.index,
      view: this.viewNumber,
      ask: model.asked,
      leaves: model.graph.moved,
      mistakes: panels.broken.chosen,
      path: panels.paths.ends,
      predict: controls.predict.checked,
      big: document.documentElement.classList.contains("big"),
    };
  }

  get address() {
    return `${location.href.split("#")[0]}#${written(this.shared)}`;
  }

  /** Write the address, when nothing has changed for a moment: browsers allow only so many changes. */
  #remember() {
    window.clearTimeout(this.later);
    this.later = window.setTimeout(() => {
      this.hash = written(this.shared);
      try {
        history.replaceState(null, "", this.hash ? `#${this.hash}` : location.pathname + location.search);
      } catch {
        // a page within a page has no address of its own
      }
    }, 200);
  }

  #restore() {
    const { model, panels, controls } = this;
    const limits = { views: model.views.length, nodes: model.graph.size, leaves: new Set(panels.leaves.leaves) };
    const found = read(location.hash, { ...limits, steps: Number.MAX_SAFE_INTEGER });
    model.graph.move(found.leaves);
    panels.broken.choose(found.mistakes);
    for (const name of /** @type {(keyof typeof model.mistakes)[]} */ (Object.keys(model.mistakes))) {
      model.mistakes[name] = found.mistakes.includes(name);
    }
    model.refresh();
    model.index = Math.min(found.step ?? model.last, model.last);
    model.asked = found.ask;
    if (found.ask !== null) panels.ask.element.open = true;
    if (found.path) panels.paths.choose(found.path);
    controls.predict.checked = found.predict;
    document.documentElement.classList.toggle("big", found.big);
    this.viewNumber = found.view ?? 0;
  }

  /** The graph as a program in Python, with the leaves as they are. */
  get python() {
    const { model } = this;
    const written = (/** @type {number} */ x) =>
      Number.isFinite(x) ? (Number.isInteger(x) && Math.abs(x) < 1e15 ? `${x}.0` : String(x)) : `float("${x}")`;
    return model.program
      .map(([node, before, after]) => (node < 0 ? before : `${before}${written(model.graph.values[node])}${after}`))
      .join("\n");
  }
}
