/** The pictures that Python laid out: which boxes each has, and in which of them a value is. */

import { listed } from "./graph.js";

/**
 * @typedef {number | string} Key a value, or "g" and the number of a group's view
 * @typedef {{
 *   width: number, height: number, boxes: [number, number, number, number][],
 *   arrows: [number, number, number, string, [number, number]?][],
 * }} Shape
 * @typedef {{
 *   name: string, parent: number, keys: (Key | [number, number])[], shape: number, outside?: number, hidden?: number,
 *   titles?: Record<string, string>,
 * }} ViewData
 */

export class Views {
  /**
   * @param {ViewData[]} views
   * @param {Shape[]} shapes
   * @param {number} size how many values there are
   */
  constructor(views, shapes, size) {
    this.views = views;
    this.shapes = shapes;
    this.keys = views.map(({ keys }) => /** @type {Key[]} */ (listed(keys)));
    /** The view in which each value has a box of its own. */
    this.home = new Int32Array(size);
    this.keys.forEach((keys, view) => {
      for (const key of keys.slice(views[view].outside ?? 0)) if (typeof key === "number") this.home[key] = view;
    });
    /** The values in each view, those of its groups too. @type {number[][]} */
    this.members = views.map(() => []);
    for (let node = 0; node < size; node++)
      for (let view = this.home[node]; view >= 0; view = views[view].parent) this.members[view].push(node);
  }

  get length() {
    return this.views.length;
  }

  /** @param {number} view */
  name(view) {
    return this.views[view].name;
  }

  /** @param {number} view */
  parent(view) {
    return this.views[view].parent;
  }

  /**
   * The names of the groups that lead to a view, from outside.
   * @param {number} view
   */
  path(view) {
    const names = [];
    for (let at = view; at > 0; at = this.parent(at)) names.unshift(this.name(at));
    return names.join(" › ");
  }

  /**
   * The outermost group around a value; 0 for none.
   * @param {number} node
   */
  outermost(node) {
    let at = this.home[node];
    while (at > 0 && this.parent(at) > 0) at = this.parent(at);
    return at;
  }

  /**
   * Whether a value is in a view, or in one of its groups.
   * @param {number} node
   * @param {number} view
   */
  holds(view, node) {
    let at = this.home[node];
    while (at > view) at = this.views[at].parent;
    return at === view;
  }

  /**
   * What a view shows: its boxes, those first that stand for what is outside, and the arrows between them.
   * @param {number} view
   */
  shown(view) {
    const { shape, outside = 0, hidden = 0, titles } = this.views[view];
    const { width, height, boxes, arrows } = this.shapes[shape];
    const keys = this.keys[view];
    return {
      ...{ width, height, hidden },
      boxes: keys.map((key, i) => ({ key, at: boxes[i], outside: i < outside, name: titles?.[key] ?? "" })),
      arrows: arrows.map(([tail, head, position, line, middle]) => ({
        ...{ tail: keys[tail], head: keys[head], position, middle, ...drawn(line) },
      })),
    };
  }
}

const COVERED = 7; // so much of a line is below its head

/**
 * A line in short as SVG's path data and the tip of its head: `s` is a curve, by so much, that begins and ends level.
 * @param {string} short
 */
export function drawn(short) {
  let [x, y] = [0, 0];
  const steps = short.match(/[MshHV][^MshHV]*/g) ?? [];
  const down = steps.at(-1)?.startsWith("V") ?? false;
  const parts = steps.map((step, i) => {
    const [a, b] = (step.match(/-?\d+/g) ?? []).map(Number);
    const covered = i === steps.length - 1 ? COVERED : 0;
    if (step[0] === "M") [x, y] = [a, b];
    else if (step[0] === "s") [x, y] = [x + a, y + b];
    else if (step[0] === "h") x += a;
    else if (step[0] === "H") x = a;
    else y = a;
    if (step[0] === "s") return `c${a / 2} 0 ${a / 2} ${b} ${a} ${b}`;
    return step[0] === "h" ? `h${a - covered}` : step[0] === "V" ? `V${a - covered}` : step;
  });
  return { line: parts.join(""), tip: { x, y, down } };
}
