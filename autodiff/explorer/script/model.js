/** What the page knows: the graph, its numbers, the steps forward and backward, and which of them is shown. */

import { filled, withNumbers } from "./formula.js";
import { Graph } from "./graph.js";
import { factor, short } from "./numbers.js";
import { backward, NONE } from "./passes.js";

/**
 * @typedef {import("./passes.js").Passed} Passed
 * @typedef {import("./passes.js").Seed} Seed
 * @typedef {import("./passes.js").Mistakes} Mistakes
 * @typedef {import("./picture.js").View} View
 * @typedef {{ kind: "leaves" } | { kind: "value", node: number } | Seed | Passed} Step
 * @typedef {{
 *   graph: import("./graph.js").GraphData, names: string[], texts: string[], values: number[], slopes: number[][],
 *   training: import("./train.js").Training | null, parameters: number[], views: View[], program: [number, string, string][],
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
    this.templates = data.values;
    this.slopeTemplates = data.slopes;
    this.parameters = new Set(data.parameters);
    this.views = data.views;
    this.program = data.program;
    this.training = data.training;
    this.fixed = new Set(this.graph.fixed);
    /** The numbers and gradients at the start, to compare with. */
    this.start = { values: this.graph.values.slice(), gradients: this.graph.gradients() };
    this.mistakes = { ...NONE };
    /** Edges that are lit, by "node-position". @type {Set<string>} */
    this.lit = new Set();
    /** @type {number | null} */
    this.asked = null;
    this.index = 0;
    /** @type {Step[]} */
    this.steps = [];
    /** How many steps go forward, the leaves' own included. */
    this.forward = 0;
    /** What the steps leave, and what they should. */
    this.gradients = this.right = this.start.gradients;
    /** The step at which each node is computed. @type {number[]} */
    this.computed = [];
    /** The steps that change the gradient of each node. @type {number[][]} */
    this.changes = [];
    /** The steps along each edge, by its number. @type {number[][]} */
    this.along = [];
    /** @type {Map<number, { members: number[], leaves: number[] }>} */
    this.known = new Map();
    this.refresh();
    this.index = this.last;
  }

  /** Go through both passes anew, after a leaf moved or a mistake was switched on. */
  refresh() {
    const { graph } = this;
    const atEnd = this.index === this.last;
    const pass = backward(graph, this.mistakes, this.start.gradients);
    /** @type {Step[]} */
    const forward = [{ kind: "leaves" }];
    for (let node = 0; node < graph.size; node++)
      if (graph.operands[node].length > 0) forward.push({ kind: "value", node });
    this.steps = [...forward, ...pass.steps];
    this.forward = forward.length;
    this.gradients = pass.gradients;
    this.right = graph.gradients();
    this.computed = new Array(graph.size).fill(0);
    forward.forEach((step, i) => {
      if (step.kind === "value") this.computed[step.node] = i;
    });
    this.changes = Array.from({ length: graph.size }, () => []);
    this.along = graph.edges.map(() => []);
    this.steps.forEach((step, i) => {
      if (step.kind === "seed") this.changes[graph.output].push(i);
      if (step.kind !== "edge") return;
      this.changes[step.edge.operand].push(i);
      this.along[graph.edgeAt(step.edge.node, step.edge.position)].push(i);
    });
    this.index = atEnd ? this.last : Math.min(this.index, this.last);
  }

  get last() {
    return Math.max(this.steps.length - 1, 0);
  }

  get step() {
    return this.steps[this.index];
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
    return this.computed[node] <= this.index ? this.graph.values[node] : null;
  }

  /**
   * The gradient of a node at this step; null before anything has come.
   * @param {number} node
   */
  gradientAt(node) {
    const change = this.changes[node].findLast((i) => i <= this.index);
    if (change === undefined) return this.changes[node].length === 0 && this.index === this.last ? 0 : null;
    const step = this.steps[change];
    return step.kind === "edge" ? step.after : 1;
  }

  /**
   * What has flowed along an edge, by its number, at this step; null if nothing has.
   * @param {number} edge
   */
  passedAt(edge) {
    const i = this.along[edge]?.findLast((k) => k <= this.index);
    const step = i === undefined ? undefined : this.steps[i];
    return step?.kind === "edge" ? step.contribution : null;
  }

  /**
   * Whether the step at hand is about a node.
   * @param {number} node
   */
  isActive(node) {
    const { step } = this;
    if (step.kind === "value") return step.node === node;
    if (step.kind === "seed") return node === this.graph.output;
    return step.kind === "edge" && (step.edge.node === node || step.edge.operand === node);
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
    if (this.templates[node] < 0)
      return this.graph.operands[node].length > 0 ? this.named(this.graph.operands[node][0]) : "";
    const operands = this.graph.operands[node].map((code) => this.named(code));
    return filled(this.texts[this.templates[node]], operands, this.names[node]);
  }

  /**
   * The same with the numbers put in.
   * @param {number} node
   */
  figures(node) {
    if (this.templates[node] < 0) return short(this.graph.values[node]);
    const operands = this.graph.operands[node].map((code) => this.graph.at(code));
    return withNumbers(this.texts[this.templates[node]], operands, this.graph.values[node]);
  }

  /**
   * The local derivative along an edge, in names, and with the numbers put in.
   * @param {{ node: number, position: number }} edge
   */
  slopeFormula({ node, position }) {
    const template = this.texts[this.slopeTemplates[node][this.graph.positions[node].indexOf(position)]];
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

  /**
   * Every node of a view, those of its groups too, and the leaves among them.
   * @param {number} view
   * @returns {{ members: number[], leaves: number[] }}
   */
  members(view) {
    const known = this.known.get(view);
    if (known) return known;
    const { boxes, outside, groups } = this.views[view];
    const own = boxes.map(([key]) => key).filter((key) => typeof key === "number" && !outside.includes(key));
    const members = [.../** @type {number[]} */ (own), ...groups.flatMap(([inner]) => this.members(inner).members)];
    const found = { members, leaves: members.filter((node) => this.graph.rule[node] < 0) };
    this.known.set(view, found);
    return found;
  }

  /**
   * The view in which a node has a box of its own.
   * @param {number} node
   */
  viewOf(node) {
    return this.views.findIndex(({ boxes, outside }) => boxes.some(([key]) => key === node) && !outside.includes(node));
  }
}
