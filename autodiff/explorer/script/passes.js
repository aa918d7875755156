/** A backward pass step by step: as it should be, and with the mistakes that people make. */

/**
 * @typedef {import("./graph.js").Graph} Graph
 * @typedef {import("./graph.js").Edge} Edge
 * @typedef {{ recursion: boolean, assign: boolean, twice: boolean, dirty: boolean }} Mistakes
 * @typedef {{ kind: "seed", pass: number }} Seed
 * @typedef {{
 *   kind: "edge", pass: number, edge: Edge, slope: number, above: number, contribution: number,
 *   before: number, after: number, first: boolean, wrong: string,
 * }} Passed
 */

/** @type {Mistakes} */
export const NONE = { recursion: false, assign: false, twice: false, dirty: false };

/** The seed, then a step for each edge; once more where `backward()` is called twice. */
export class Pass {
  /**
   * @param {Graph} graph
   * @param {Mistakes} mistakes
   * @param {number[]} old what an earlier pass left in the leaves
   */
  constructor(graph, mistakes = NONE, old = []) {
    this.graph = graph;
    /** What the gradients should be. */
    this.right = graph.gradients();
    /** The edges in the order of the steps; null for that of their numbers. */
    this.order = mistakes.recursion ? recursive(graph) : null;
    /** The place of each edge in that order. */
    this.places = this.order && inverse(this.order);
    const edges = graph.heads.length;
    /** How many steps a pass has. */
    this.each = edges + 1;
    this.passes = mistakes.twice ? 2 : 1;
    /** What an edge's head has at each step, and what its operand has before and after it. */
    this.above = new Float64Array(this.length);
    this.before = new Float64Array(this.length);
    this.after = new Float64Array(this.length);
    /** What the steps leave. @type {number[]} */
    this.gradients = new Array(graph.size).fill(0);
    /** @type {Map<number, number[]>} */
    this.known = new Map();
    this.#go(mistakes, old);
  }

  get length() {
    return this.each * this.passes;
  }

  /**
   * @param {Mistakes} mistakes
   * @param {number[]} old
   */
  #go(mistakes, old) {
    const { graph, gradients, order } = this;
    const { heads, tails, slopes, output } = graph;
    const leaves = new Set(graph.leaves);
    if (mistakes.dirty) for (const leaf of leaves) gradients[leaf] = old[leaf] ?? this.right[leaf];
    for (let step = 0; step < this.length; step++) {
      const k = (step % this.each) - 1;
      if (k < 0) {
        for (let node = 0; node < graph.size; node++) if (!leaves.has(node)) gradients[node] = 0;
        gradients[output] = (leaves.has(output) ? gradients[output] : 0) + 1;
        continue;
      }
      const edge = order ? order[k] : k;
      const above = gradients[heads[edge]];
      const before = gradients[tails[edge]];
      const contribution = slopes[edge] * above;
      this.above[step] = above;
      this.before[step] = before;
      gradients[tails[edge]] = this.after[step] = mistakes.assign ? contribution : before + contribution;
    }
  }

  /**
   * @param {number} number of the step
   * @returns {Seed | Passed}
   */
  step(number) {
    const pass = Math.floor(number / this.each) + 1;
    const k = (number % this.each) - 1;
    if (k < 0) return { kind: "seed", pass };
    const edge = this.graph.edge(this.order ? this.order[k] : k);
    const slope = this.graph.slopes[this.order ? this.order[k] : k];
    const above = this.above[number];
    const [before, after] = [this.before[number], this.after[number]];
    const first = this.changes(edge.operand).find((step) => step > number - k - 1) === number;
    /** @type {Passed} */
    const step = {
      ...{ kind: "edge", pass, edge, slope, above, contribution: slope * above, before, after, first, wrong: "" },
    };
    step.wrong = reason(step, this.right[edge.node]);
    return step;
  }

  /** All steps, one by one. */
  get steps() {
    return Array.from({ length: this.length }, (_, number) => this.step(number));
  }

  /** The first step that is not as it should be; -1 if all are. */
  get firstWrong() {
    for (let number = 0; number < this.length; number++) {
      const step = this.step(number);
      if (step.kind === "edge" && step.wrong) return number;
    }
    return -1;
  }

  /**
   * The step along an edge, in the first pass.
   * @param {number} edge
   */
  along(edge) {
    return 1 + (this.places ? this.places[edge] : edge);
  }

  /**
   * The steps that change the gradient of a node.
   * @param {number} node
   */
  changes(node) {
    const known = this.known.get(node);
    if (known) return known;
    const once = this.graph.incoming[node].map((edge) => this.along(edge));
    if (this.order) once.sort((x, y) => x - y);
    if (node === this.graph.output) once.unshift(0);
    const found = this.passes === 1 ? once : [...once, ...once.map((step) => this.each + step)];
    this.known.set(node, found);
    return found;
  }

  /**
   * What has flowed along an edge up to a step; null if nothing has.
   * @param {number} edge
   * @param {number} number of the step
   */
  passed(edge, number) {
    for (let step = this.along(edge) + (this.passes - 1) * this.each; step > 0; step -= this.each) {
      if (step <= number) return this.graph.slopes[edge] * this.above[step];
    }
    return null;
  }
}

/**
 * The steps of a backward pass, and the gradients that it leaves.
 * @param {Graph} graph
 * @param {Mistakes} mistakes
 * @param {number[]} old what an earlier pass left in the leaves
 * @returns {{ steps: (Seed | Passed)[], gradients: number[] }}
 */
export function backward(graph, mistakes = NONE, old = []) {
  return new Pass(graph, mistakes, old);
}

/**
 * What is wrong with a step; nothing if it is as it should be.
 * @param {Passed} step
 * @param {number} complete the gradient that the node is to have
 */
function reason(step, complete) {
  if (!same(step.above, complete)) return "early";
  if (step.first && step.before !== 0) return "stale";
  return same(step.after, step.before + step.contribution) ? "" : "lost";
}

/**
 * @param {number} x
 * @param {number} y
 */
export function same(x, y) {
  return (
    x === y || Math.abs(x - y) <= 1e-12 * Math.max(Math.abs(x), Math.abs(y)) || (Number.isNaN(x) && Number.isNaN(y))
  );
}

/**
 * The edges as a recursion goes that calls itself on an operand as soon as it has given it something.
 * @param {Graph} graph
 */
function recursive(graph) {
  const edges = new Int32Array(graph.heads.length);
  let count = 0;
  const seen = new Set([graph.output]);
  const waiting = [{ node: graph.output, next: 0 }];
  for (let turn = waiting.at(-1); turn; turn = waiting.at(-1)) {
    if (turn.next === graph.positions[turn.node].length) {
      waiting.pop();
      continue;
    }
    const edge = graph.first[turn.node] + turn.next++;
    const operand = graph.tails[edge];
    edges[count++] = edge;
    if (!seen.has(operand)) {
      seen.add(operand);
      waiting.push({ node: operand, next: 0 });
    }
  }
  return edges;
}

/** @param {Int32Array} order */
function inverse(order) {
  const places = new Int32Array(order.length);
  order.forEach((edge, place) => {
    places[edge] = place;
  });
  return places;
}
