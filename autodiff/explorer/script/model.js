/** What the page knows: the graph, its numbers, the steps forward and backward, and which of them is shown. */

import { filled, withNumbers } from "./formula.js";
import { Graph } from "./graph.js";
import { factor, short } from "./numbers.js";
import { NONE, Pass } from "./passes.js";
import { Views } from "./views.js";

/**
 * @typedef {import("./passes.js").Passed} Passed
 * @typedef {import("./passes.js").Seed} Seed
 * @typedef {import("./passes.js").Mistakes} Mistakes
 * @typedef {{ kind: "leaves" } | { kind: "value", node: number } | Seed | Passed} Step
 * @typedef {{
 *   graph: import("./graph.js").GraphData, names: string[], texts: string[],
 *   tables: import("./tables.js").TableData[], cuts: import("./split.js").Cut[],
 *   training: import("./train.js").Training | null, parameters: number[], kinds: [number, number[]][], kind: number[],
 *   views: import("./views.js").ViewData[], shapes: import("./views.js").Shape[], program: [number, string, string][],
 * }} PageData
 */

export class Model {
  /**
   * @param {PageData} data
   * @param {(import("./graph.js").Rule | null)[]} rules
   */
  constructor(data, rules) {
    this.graph = new Graph(data.graph, rules);
    this.names = data.names;
    this.texts = data.texts;
    /** Of each node the places in `texts` of what it computes, -1 for a leaf, and of its local derivatives. */
    this.templates = data.kind.map((kind) => data.kinds[kind]);
    this.parameters = new Set(data.parameters);
    this.views = new Views(data.views, data.shapes, this.graph.size);
    this.program = data.program;
    this.training = data.training;
    this.tables = data.tables;
    this.cuts = data.cuts;
    this.fixed = new Set(this.graph.fixed);
    /** The numbers and gradients at the start, to compare with. */
    this.start = { values: this.graph.values.slice(), gradients: this.graph.gradients() };
    this.mistakes = { ...NONE };
    /** Edges that are lit, by "node-position". @type {Set<string>} */
    this.lit = new Set();
    /** @type {number | null} */
    this.asked = null;
    /** The nodes that are computed, each by a step forward behind that of the leaves. */
    this.computed = [...this.names.keys()].filter((node) => this.graph.operands[node].length > 0);
    /** How many steps go forward, the leaves' own included. */
    this.forward = 1 + this.computed.length;
    /** The step at which each node is computed. */
    this.computedAt = new Int32Array(this.graph.size);
    this.computed.forEach((node, i) => {
      this.computedAt[node] = i + 1;
    });
    this.pass = new Pass(this.graph);
    this.index = this.last;
  }

  /** Go through the backward pass anew, after a leaf moved or a mistake was switched on. */
  refresh() {
    const atEnd = this.index === this.last;
    this.pass = new Pass(this.graph, this.mistakes, this.start.gradients);
    this.index = atEnd ? this.last : Math.min(this.index, this.last);
  }

  /** What the steps leave. */
  get gradients() {
    return this.pass.gradients;
  }

  /** What they should leave. */
  get right() {
    return this.pass.right;
  }

  get last() {
    return this.forward + this.pass.length - 1;
  }

  /**
   * A step by its number; none beyond the last.
   * @param {number} index
   * @returns {Step | undefined}
   */
  stepAt(index) {
    if (index >= this.forward) return index <= this.last ? this.pass.step(index - this.forward) : undefined;
    return index > 0 ? { kind: "value", node: this.computed[index - 1] } : { kind: "leaves" };
  }

  get step() {
    return /** @type {Step} */ (this.stepAt(this.index));
  }

  /** Whether any of the mistakes is switched on. */
  get broken() {
    return Object.values(this.mistakes).some(Boolean);
  }

  /** @param {number} node */
  kind(node) {
    if (this.graph.rule[node] < 0) return this.parameters.has(node) ? "parameter" : "leaf";
    return node === this.graph.output ? "output" : "operation";
  }

  /**
   * The number of a node at this step; null before it is computed.
   * @param {number} node
   */
  valueAt(node) {
    return this.computedAt[node] <= this.index ? this.graph.values[node] : null;
  }

  /**
   * The gradient of a node at this step; null before anything has come.
   * @param {number} node
   */
  gradientAt(node) {
    if (this.index === this.last) return this.gradients[node];
    const change = this.changes(node).findLast((i) => i <= this.index);
    if (change === undefined) return null;
    const step = this.pass.step(change - this.forward);
    return step.kind === "edge" ? step.after : 1;
  }

  /**
   * The steps that change the gradient of a node.
   * @param {number} node
   */
  changes(node) {
    return this.pass.changes(node).map((number) => this.forward + number);
  }

  /**
   * What has flowed along an edge, by its number, at this step; null if nothing has.
   * @param {number} edge
   */
  passedAt(edge) {
    return edge < 0 ? null : this.pass.passed(edge, this.index - this.forward);
  }

  /** The nodes that the step at hand is about. */
  get active() {
    const { step } = this;
    if (step.kind === "value") return [step.node];
    if (step.kind === "seed") return [this.graph.output];
    return step.kind === "edge" ? [step.edge.node, step.edge.operand] : [];
  }

  /**
   * The name of an operand, or its number where it is a constant.
   * @param {number} code
   */
  named(code) {
    return code < 0 ? factor(this.graph.at(code)) : this.names[code];
  }

  /**
   * What a node computes, in names.
   * @param {number} node
   */
  formula(node) {
    const [template] = this.templates[node];
    if (template < 0) return this.graph.operands[node].length > 0 ? this.named(this.graph.operands[node][0]) : "";
    const operands = this.graph.operands[node].map((code) => this.named(code));
    return filled(this.texts[template], operands, this.names[node]);
  }

  /**
   * The same with the numbers put in.
   * @param {number} node
   */
  figures(node) {
    const [template] = this.templates[node];
    if (template < 0) return short(this.graph.values[node]);
    const operands = this.graph.operands[node].map((code) => this.graph.at(code));
    return withNumbers(this.texts[template], operands, this.graph.values[node]);
  }

  /**
   * The local derivative along an edge, in names, and with the numbers put in.
   * @param {{ node: number, position: number }} edge
   */
  slopeFormula({ node, position }) {
    const template = this.texts[this.templates[node][1][this.graph.positions[node].indexOf(position)]];
    const operands = this.graph.operands[node];
    return {
      symbols: filled(
        template,
        operands.map((code) => this.named(code)),
        this.names[node],
      ),
      figures: withNumbers(
        template,
        operands.map((code) => this.graph.at(code)),
        this.graph.values[node],
      ),
    };
  }
}
