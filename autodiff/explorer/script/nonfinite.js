/** Where a number, or a gradient, stopped being finite: `find_nonfinite` on the numbers that the page has now. */

import { CAUSES, WORDS } from "./causes.js";

/**
 * @typedef {import("./graph.js").Graph} Graph
 * @typedef {{ names: string[], fits: (...xs: number[]) => boolean, cause: string, remedy: string }} Cause
 * @typedef {{
 *   slopes: Record<string, string>, indefinite: Record<string, string>,
 *   scale: string, largest: string, notSelected: string, doubleWhere: string,
 * }} Words
 * @typedef {{ kind: string, message: string, remedy: string, node: number, edge: import("./graph.js").Edge | null }} Finding
 */

/**
 * A number as Python writes it.
 * @param {number} x
 */
export function repr(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [digits, power] = x.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const text = Object.is(x, -0) ? "-0" : String(x);
  return Number.isInteger(x) ? `${text}.0` : text;
}

/**
 * The first place, forward and then backward; null if all is finite.
 * @param {Graph} graph
 * @param {string[]} names
 * @returns {Finding | null}
 */
export function nonfinite(graph, names) {
  return new Search(graph, names).found();
}

class Search {
  /**
   * @param {Graph} graph
   * @param {string[]} names
   */
  constructor(graph, names) {
    this.graph = graph;
    this.names = names;
  }

  found() {
    const node = this.graph.values.findIndex((x) => !Number.isFinite(x));
    return node < 0 ? this.#gradient() : this.#value(node);
  }

  /**
   * @param {number} node
   * @returns {Finding}
   */
  #value(node) {
    const { values } = this.graph;
    const { cause, remedy } = this.#cause(node);
    let message = `${this.#call(node)} is ${repr(values[node])}: ${cause}`;
    const at = { node, edge: null };
    if (!this.#selected().has(node)) {
      return { ...at, kind: "bad branch", message: message + WORDS.notSelected, remedy: WORDS.doubleWhere };
    }
    if (!Number.isNaN(values[node])) {
      const poisoned = values.findIndex(Number.isNaN);
      if (poisoned >= 0) {
        message += `; the first nan that follows is ${this.#call(poisoned)}: ${this.#cause(poisoned).cause}`;
      }
    }
    return { ...at, kind: "value", message, remedy };
  }

  /** @returns {Finding | null} */
  #gradient() {
    const { graph } = this;
    const { heads, tails, slopes } = graph;
    const found = new Float64Array(graph.size);
    found[graph.output] = 1;
    for (let edge = 0; edge < heads.length; edge++) {
      const [operand, slope, above] = [tails[edge], slopes[edge], found[heads[edge]]];
      found[operand] += slope * above;
      if (Number.isFinite(found[operand])) continue;
      const at = graph.edge(edge);
      if (!Number.isFinite(slope * above)) return this.#contribution(at, slope, above);
      const message = `the gradients that reach ${this.#name(operand)} sum to ${repr(found[operand])}: an overflow`;
      return { kind: "gradient", node: operand, edge: at, message, remedy: WORDS.scale };
    }
    return null;
  }

  /**
   * @param {import("./graph.js").Edge} edge
   * @param {number} slope
   * @param {number} above
   * @returns {Finding}
   */
  #contribution(edge, slope, above) {
    const { node, operand } = edge;
    const message =
      `the derivative of ${this.#call(node)} to ${this.#name(operand)} is ${repr(slope)}; ` +
      `times the gradient ${repr(above)} that arrives there it gives ${repr(slope * above)}`;
    if (!this.#selected().has(node)) {
      return { kind: "bad branch", node, edge, message: message + WORDS.notSelected, remedy: WORDS.doubleWhere };
    }
    const known = WORDS.slopes[this.#operation(node)] ?? "keep the operands away from this point";
    return { kind: "gradient", node, edge, message, remedy: Number.isFinite(slope) ? WORDS.scale : known };
  }

  /** The nodes that the output depends on when every `where` follows only the branch that it selected. */
  #selected() {
    const { graph } = this;
    const selected = new Set([graph.output]);
    for (let node = graph.output; node >= 0; node--) {
      if (!selected.has(node)) continue;
      const operands = graph.operands[node].slice();
      if (this.#operation(node) === "where") operands.splice(graph.at(operands[0]) !== 0 ? 2 : 1, 1);
      for (const code of operands) if (code >= 0) selected.add(code);
    }
    return selected;
  }

  /** @param {number} node */
  #operation(node) {
    return this.graph.ops[node];
  }

  /** @param {number} node */
  #cause(node) {
    const { graph } = this;
    const name = this.#operation(node);
    if (name === "") {
      return {
        cause: "from the start, before any operation",
        remedy: "look at the data, or at an update step that overflowed",
      };
    }
    const numbers = graph.operands[node].map((code) => graph.at(code));
    const known = CAUSES.find(({ names, fits }) => names.includes(name) && fits(...numbers));
    if (known) return known;
    if (numbers.some(Number.isNaN)) return { cause: "an operand is nan", remedy: "look where the nan comes from" };
    if (numbers.every(Number.isFinite)) return { cause: `the result is ${WORDS.largest}`, remedy: WORDS.scale };
    const remedy = "look where the infinity comes from";
    if (!Number.isNaN(graph.values[node])) return { cause: "an operand is infinite", remedy };
    return {
      cause: WORDS.indefinite[name] ?? "an infinite operand leaves the result undefined",
      remedy: `${remedy}; a large finite number, such as 1e30, may serve in its place`,
    };
  }

  /** @param {number} node */
  #name(node) {
    return `${this.names[node]}=${repr(this.graph.values[node])}`;
  }

  /**
   * The operation as a call; of many operands the first three.
   * @param {number} node
   */
  #call(node) {
    const name = this.#operation(node);
    if (name === "") return this.names[node];
    let operands = this.graph.operands[node].map((code) => (code < 0 ? repr(this.graph.at(code)) : this.#name(code)));
    if (operands.length > 4) operands = [...operands.slice(0, 3), `… ${operands.length - 3} more`];
    return `${this.names[node]} = ${name}(${operands.join(", ")})`;
  }
}
