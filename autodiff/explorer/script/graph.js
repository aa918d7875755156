/**
 * The graph of the page: values forward, gradients backward.  Operations and local derivatives come from the rules, which
 * the page brings along; nothing here knows calculus.
 *
 * An edge, from a node to an operand that it passes its gradient on to, is a number: its place in the order of a backward
 * pass.  What belongs to edges is in typed arrays, for a network has very many.
 */

/**
 * @typedef {{ name: string, value: (xs: number[]) => number, partials: (xs: number[], z: number) => number[] }} Rule
 * @typedef {number | string} Encoded a number, or the name of one that JSON has not
 * @typedef {number | [number, number]} Code a node; one less the place of a constant, negated; or a first node and how many
 * @typedef {{
 *   rule: number[], operands: Code[][], constants: Encoded[], values: (Encoded | null)[],
 *   slopes: Record<number, Encoded[] | null>, still: number[], ops: string[],
 * }} GraphData
 * @typedef {{ node: number, position: number, operand: number }} Edge
 */

export class Graph {
  /**
   * @param {GraphData} data
   * @param {(Rule | null)[]} rules
   */
  constructor(data, rules) {
    this.rule = data.rule;
    this.operands = data.operands.map((codes) => /** @type {number[]} */ (listed(codes)));
    this.rules = rules;
    /** The name of each node's operation; nothing for a leaf. */
    this.ops = data.rule.map((rule) => (rule < 0 ? "" : data.ops[rule]));
    this.constants = data.constants.map(Number);
    this.recorded = data.values.map((x) => (x === null ? 0 : Number(x)));
    /** The local derivatives of nodes that Python alone can compute. */
    this.foreign = data.rule.map((_, node) => data.slopes[node]?.map(Number) ?? null);
    this.size = data.rule.length;
    this.output = this.size - 1;
    /** For each node, the places of the operands to which it passes its gradient on. */
    this.positions = this.#positions(new Set(data.still));
    const count = this.positions.reduce((total, { length }) => total + length, 0);
    /** For each node the number of its first edge; the others follow. */
    this.first = new Int32Array(this.size);
    /** For each edge the node that it comes from. */
    this.heads = new Int32Array(count);
    /** For each edge the operand that it goes to. */
    this.tails = new Int32Array(count);
    /** For each edge its local derivative. */
    this.slopes = new Float64Array(count);
    for (let node = this.output, edge = 0; node >= 0; node--) {
      this.first[node] = edge;
      for (const position of this.positions[node]) {
        this.heads[edge] = node;
        this.tails[edge++] = this.operands[node][position];
      }
    }
    this.leaves = [...data.rule.keys()].filter((node) => data.rule[node] < 0 && data.operands[node].length === 0);
    /** @type {number[]} */
    this.values = new Array(this.size).fill(0);
    /** What leaves have in place of what was recorded. @type {Map<number, number>} */
    this.moved = new Map();
    this.#evaluate(new Uint8Array(this.size).fill(1));
  }

  /**
   * Behind a number through which no gradient flows nothing is passed on.
   * @param {Set<number>} still
   */
  #positions(still) {
    const reached = new Uint8Array(this.size);
    reached[this.output] = 1;
    /** @type {number[][]} */
    const positions = new Array(this.size);
    for (let node = this.output; node >= 0; node--) {
      const operands = this.rule[node] < 0 || still.has(node) || !reached[node] ? [] : this.operands[node];
      positions[node] = [];
      operands.forEach((code, i) => {
        if (code < 0) return;
        positions[node].push(i);
        reached[code] = 1;
      });
    }
    return positions;
  }

  /**
   * A number that stands among the operands.
   * @param {number} code
   */
  at(code) {
    return code < 0 ? this.constants[-1 - code] : this.values[code];
  }

  /**
   * Compute anew the values and local derivatives of the nodes that are marked, and of those that depend on them.
   * @param {Uint8Array} changed
   */
  #evaluate(changed) {
    const { values, slopes } = this;
    for (let node = 0; node < this.size; node++) {
      const operands = this.operands[node];
      for (let i = 0; i < operands.length && !changed[node]; i++) if (changed[operands[i]]) changed[node] = 1;
      if (!changed[node]) continue;
      const rule = this.rules[this.rule[node]] ?? null;
      if (rule) {
        const xs = operands.map((code) => (code < 0 ? this.constants[-1 - code] : values[code]));
        values[node] = rule.value(xs);
        this.#keep(node, rule.partials(xs, values[node]));
        continue;
      }
      const foreign = this.foreign[node];
      if (foreign) {
        values[node] = this.recorded[node];
        slopes.set(foreign.slice(0, this.positions[node].length), this.first[node]);
      } else {
        // A leaf; one that was detached follows the node that it was taken from.
        const [source] = operands;
        values[node] = source === undefined ? (this.moved.get(node) ?? this.recorded[node]) : values[source];
      }
    }
  }

  /**
   * @param {number} node
   * @param {number[]} partials to every operand
   */
  #keep(node, partials) {
    const positions = this.positions[node];
    const first = this.first[node];
    for (let k = 0; k < positions.length; k++) this.slopes[first + k] = partials[positions[k]];
  }

  /**
   * Give leaves other numbers.
   * @param {Map<number, number>} moved
   */
  move(moved) {
    const changed = new Uint8Array(this.size);
    for (const leaf of [...this.moved.keys(), ...moved.keys()]) changed[leaf] = 1;
    this.moved = moved;
    this.#evaluate(changed);
  }

  /** The leaves that an operation depends on which Python alone can compute: its number cannot follow. */
  get fixed() {
    /** @type {boolean[]} */
    const needed = [];
    for (let node = this.size - 1; node >= 0; node--) {
      if (this.foreign[node] || needed[node]) {
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

  /**
   * @param {number} number
   * @returns {Edge}
   */
  edge(number) {
    const node = this.heads[number];
    return { node, position: this.positions[node][number - this.first[node]], operand: this.tails[number] };
  }

  /** The edges that lead to each node, in the order of a backward pass. @returns {number[][]} */
  get incoming() {
    /** @type {number[][]} */
    const found = Array.from({ length: this.size }, () => []);
    this.tails.forEach((operand, edge) => {
      found[operand].push(edge);
    });
    Object.defineProperty(this, "incoming", { value: found }); // it never changes
    return found;
  }

  /** The gradient of every node; 0 where nothing flows. */
  gradients() {
    /** @type {number[]} */
    const found = new Array(this.size).fill(-0);
    found[this.output] = 1;
    const { heads, tails, slopes } = this;
    for (let edge = 0; edge < heads.length; edge++) found[tails[edge]] += slopes[edge] * found[heads[edge]];
    return found;
  }
}

/**
 * A list without runs: in place of [first, count] all that it stands for.
 * @template T
 * @param {(T | [number, number])[]} codes
 */
export function listed(codes) {
  if (!codes.some(Array.isArray)) return /** @type {T[]} */ (codes);
  return codes.flatMap((code) =>
    Array.isArray(code) ? /** @type {T[]} */ (Array.from({ length: code[1] }, (_, i) => code[0] + i)) : [code],
  );
}
