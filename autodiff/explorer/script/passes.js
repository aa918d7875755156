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

/**
 * The steps of a backward pass, and the gradients that it leaves.
 * @param {Graph} graph
 * @param {Mistakes} mistakes
 * @param {number[]} old what an earlier pass left in the leaves
 * @returns {{ steps: (Seed | Passed)[], gradients: number[] }}
 */
export function backward(graph, mistakes = NONE, old = []) {
  const right = graph.gradients();
  const order = mistakes.recursion ? recursive(graph) : graph.edges;
  const leaves = new Set(graph.leaves);
  /** @type {number[]} */
  const gradients = new Array(graph.size).fill(0);
  if (mistakes.dirty) for (const leaf of leaves) gradients[leaf] = old[leaf] ?? right[leaf];
  /** @type {(Seed | Passed)[]} */
  const steps = [];
  for (let pass = 1; pass <= (mistakes.twice ? 2 : 1); pass++) {
    for (let node = 0; node < graph.size; node++) if (!leaves.has(node)) gradients[node] = 0;
    gradients[graph.output] = (leaves.has(graph.output) ? gradients[graph.output] : 0) + 1;
    steps.push({ kind: "seed", pass });
    const touched = new Set();
    for (const edge of order) {
      const [slope, above, before] = [graph.slope(edge), gradients[edge.node], gradients[edge.operand]];
      const contribution = slope * above;
      const first = !touched.has(edge.operand);
      const after = mistakes.assign ? contribution : before + contribution;
      /** @type {Passed} */
      const step = { kind: "edge", pass, edge, slope, above, contribution, before, after, first, wrong: "" };
      step.wrong = reason(step, right[edge.node]);
      steps.push(step);
      touched.add(edge.operand);
      gradients[edge.operand] = after;
    }
  }
  return { steps, gradients };
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
  /** @type {Edge[]} */
  const edges = [];
  const seen = new Set([graph.output]);
  const waiting = [{ node: graph.output, next: 0 }];
  for (let turn = waiting.at(-1); turn; turn = waiting.at(-1)) {
    const position = graph.positions[turn.node][turn.next++];
    if (position === undefined) {
      waiting.pop();
      continue;
    }
    const operand = graph.operands[turn.node][position];
    edges.push(graph.edges[graph.edgeAt(turn.node, position)]);
    if (!seen.has(operand)) {
      seen.add(operand);
      waiting.push({ node: operand, next: 0 });
    }
  }
  return edges;
}
