/** What a learner's number says: right, or which mistake it was. */

/**
 * @typedef {{ right: number, slope: number, above: number, before: number, others: number[] }} Question
 *   the gradient after a step: `before + slope·above`, with the slopes to the node's other operands
 * @typedef {"right" | "above" | "sum" | "other" | "sign" | "unknown"} Verdict
 */

/**
 * What a step backward asks.
 * @param {import("./graph.js").Graph} graph
 * @param {import("./passes.js").Passed} step
 * @returns {Question}
 */
export function questionOf(graph, { edge, slope, above, before, after }) {
  const first = graph.first[edge.node];
  const others = graph.positions[edge.node].flatMap((position, k) =>
    position === edge.position ? [] : [graph.slopes[first + k]],
  );
  return { right: after, slope, above, before, others };
}

const NEAR = 0.004; // who computes with the four digits that are shown comes as near

/**
 * Right, or each mistake that gives this number.
 * @param {Question} question
 * @param {number} answer
 * @returns {Verdict[]}
 */
export function judged(question, answer) {
  const near = (/** @type {number} */ x) => distance(answer, x) <= NEAR;
  if (near(question.right)) return ["right"];
  const found = mistakes(question).filter(([, numbers]) => numbers.some(near));
  if (found.length === 0) return ["unknown"];
  const best = Math.min(...found.map(([, numbers]) => Math.min(...numbers.map((x) => distance(answer, x)))));
  return found
    .filter(([, numbers]) => numbers.some((x) => distance(answer, x) <= best + 1e-9))
    .map(([verdict]) => verdict);
}

/**
 * The numbers that each mistake leads to.
 * @param {Question} question
 * @returns {[Verdict, number[]][]}
 */
export function mistakes({ slope, above, before, others }) {
  const contribution = slope * above;
  return [
    ["above", [before + slope]],
    ["sum", before === 0 ? [] : [contribution]],
    ["other", others.map((other) => before + other * above)],
    ["sign", before === 0 ? [-contribution] : [before - contribution, -(before + contribution)]],
  ];
}

/**
 * How far apart two numbers are, as a share of the larger.
 * @param {number} x
 * @param {number} y
 */
function distance(x, y) {
  if (Object.is(x, y) || x === y) return 0;
  const size = Math.max(Math.abs(x), Math.abs(y));
  return Number.isFinite(size) ? Math.abs(x - y) / size : 1;
}
