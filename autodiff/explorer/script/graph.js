/**
 * The graph of the page: values forward, gradients backward, and each step of both.  Operations and local derivatives
 * come from the rules, which the page brings along; nothing here knows calculus.
 */

/**
 * @typedef {{ name: string, value: (xs: number[]) => number, partials: (xs: number[], z: number) => number[] }} Rule
 * @typedef {number | string} Encoded a number, or the name of one that JSON has not
 * @typedef {{
 *   rule: number[], operands: number[][], constants: Encoded[], values: (Encoded | null)[],
 *   slopes: (Encoded[] | null)[], still: number[], ops: string[],
 * }} GraphData
 * @typedef {{ node: number, position: number, operand: number }} Edge
 * @typedef {{ edge: Edge, slope: number, above: number, contribution: number, before: number, after: number }} Passed
 */

export class Graph {
  /**
   * @param {GraphData} data
   * @param {(Rule | null)[]} rules
   */
  constructor(data, rules) {
    this.rule = data.rule;
    this.operands = data.operands;
    this.rules = rules;
    /** The name of each node's operation; nothing for a leaf. */
    this.ops = data.rule.map((rule) => (rule < 0 ? "" : data.ops[rule]));
    this.constants = data.constants.map(Number);
    this.recorded = data.values.map((x) => (x === null ? 0 : Number(x)));
    this.slopes = data.slopes.map((xs) => xs?.map(Number) ?? null);
    this.size = data.rule.length;
    this.output = this.size - 1;
    const still = new Set(data.still);
    /** For each node, the places of the operands to which it passes its gradient on. */
    this.positions = data.operands.map((operands, node) =>
      data.rule[node] < 0 || still.has(node) ? [] : [...operands.keys()].filter((i) => operands[i] >= 0),
    );
    // Behind a number through which no gradient flows nothing is passed on.
    const reached = new Set([this.output]);
    for (let node = this.output; node >= 0; node--) {
      if (!reached.has(node)) this.positions[node] = [];
      for (const position of this.positions[node]) reached.add(this.operands[node][position]);
    }
    /** The edges in the order in which a backward pass goes along them. @type {Edge[]} */
    this.edges = [];
    /** For each node the number of its first edge. @type {number[]} */
    this.first = [];
    for (let node = this.output; node >= 0; node--) {
      this.first[node] = this.edges.length;
      for (const position of this.positions[node]) {
        this.edges.push({ node, position, operand: this.operands[node][position] });
      }
    }
    this.leaves = [...data.rule.keys()].filter((node) => data.rule[node] < 0 && data.operands[node].length === 0);
    /** @type {number[]} */
    this.values = [];
    /** @type {number[][]} */
    this.locals = [];
    /** What leaves have in place of what was recorded. @type {Map<number, number>} */
    this.moved = new Map();
    this.evaluate();
  }

  /**
   * A number that stands among the operands.
   * @param {number} code
   */
  at(code) {
    return code < 0 ? this.constants[-1 - code] : this.values[code];
  }

  /** Compute every value and local derivative anew. */
  evaluate() {
    const { values, locals } = this;
    for (let node = 0; node < this.size; node++) {
      const rule = this.rules[this.rule[node]] ?? null;
      const slopes = this.slopes[node];
      if (rule) {
        const xs = this.operands[node].map((code) => this.at(code));
        values[node] = rule.value(xs);
        const positions = this.positions[node];
        const partials = positions.length > 0 ? rule.partials(xs, values[node]) : [];
        locals[node] = positions.map((i) => partials[i]);
      } else if (slopes) {
        values[node] = this.recorded[node];
        locals[node] = slopes;
      } else {
        // A leaf; one that was detached follows the node that it was taken from.
        const [source] = this.operands[node];
        values[node] = source === undefined ? (this.moved.get(node) ?? this.recorded[node]) : values[source];
        locals[node] = [];
      }
    }
  }

  /**
   * Give leaves other numbers.
   * @param {Map<number, number>} moved
   */
  move(moved) {
    this.moved = moved;
    this.evaluate();
  }

  /** Whether an operation that Python alone can compute depends on a leaf: its number cannot follow. */
  get fixed() {
    /** @type {boolean[]} */
    const needed = [];
    for (let node = this.size - 1; node >= 0; node--) {
      if (this.slopes[node] || needed[node]) {
        for (const code of this.operands[node]) if (code >= 0) needed[code] = true;
      }
    }
    return this.leaves.filter((leaf) => needed[leaf]);
  }

  /**
   * The number of the edge to an operand of a node; -1 where nothing flows.
   * @param {number} node
   * @param {number} position
   */
  edgeAt(node, position) {
    const k = this.positions[node].indexOf(position);
    return k < 0 ? -1 : this.first[node] + k;
  }

  /** The gradient of every node; 0 where nothing flows. */
  gradients() {
    /** @type {number[]} */
    const found = new Array(this.size).fill(-0);
    found[this.output] = 1;
    for (let node = this.output; node >= 0; node--) {
      const { [node]: positions } = this.positions;
      for (let k = 0; k < positions.length; k++) {
        found[this.operands[node][positions[k]]] += this.locals[node][k] * found[node];
      }
    }
    return found;
  }

  /**
   * The local derivative along an edge.
   * @param {Edge} edge
   */
  slope({ node, position }) {
    return this.locals[node][this.positions[node].indexOf(position)];
  }
}
