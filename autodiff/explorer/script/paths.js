/** The paths between two nodes: how many, the largest of them, their sum; without listing them all. */

/**
 * @typedef {import("./graph.js").Graph} Graph
 * @typedef {import("./graph.js").Edge} Edge
 * @typedef {{ edges: Edge[], slopes: number[], product: number }} Path from the output down
 * @typedef {{ edge: number, before: Link | null, size: number }} Link the edge's number; the first of a path has none
 */

/**
 * @param {Graph} graph
 * @param {number} output
 * @param {number} input
 * @param {number} most so many paths are listed
 * @returns {{ count: bigint, largest: Path[], sum: number }}
 */
export function paths(graph, output, input, most = 10) {
  /** @type {Map<number, { count: bigint, best: Link[] }>} */
  const found = new Map([[input, { count: 1n, best: [{ edge: -1, before: null, size: 0 }] }]]);
  for (let node = input + 1; node <= output; node++) {
    let count = 0n;
    /** @type {Link[]} */
    const links = [];
    const end = graph.first[node] + graph.positions[node].length;
    for (let edge = graph.first[node]; edge < end; edge++) {
      const below = found.get(graph.tails[edge]);
      if (!below) continue;
      const size = Math.log(Math.abs(graph.slopes[edge]));
      count += below.count;
      for (const before of below.best) links.push({ edge, before, size: before.size + size });
    }
    if (count > 0n) found.set(node, { count, best: links.sort(bySize).slice(0, most) });
  }
  const { count, best } = found.get(output) ?? { count: 0n, best: [] };
  return { count, largest: best.map((link) => listed(graph, link)), sum: derivative(graph, output, input) };
}

/**
 * NaN first, then the largest.
 * @param {Link} x
 * @param {Link} y
 */
function bySize(x, y) {
  const [a, b] = [x, y].map(({ size }) => (Number.isNaN(size) ? Number.POSITIVE_INFINITY : size));
  return a === b ? 0 : b > a ? 1 : -1;
}

/**
 * @param {Graph} graph
 * @param {Link} last
 * @returns {Path}
 */
function listed(graph, last) {
  /** @type {number[]} */
  const edges = [];
  for (let link = /** @type {Link | null} */ (last); link?.before; link = link.before) edges.push(link.edge);
  const slopes = edges.map((edge) => graph.slopes[edge]);
  return { edges: edges.map((edge) => graph.edge(edge)), slopes, product: slopes.reduce((x, y) => x * y, 1) };
}

/**
 * ∂output/∂input, by one sweep between them.
 * @param {Graph} graph
 * @param {number} output
 * @param {number} input
 */
function derivative(graph, output, input) {
  const found = new Float64Array(output + 1);
  found[output] = 1;
  for (let edge = graph.first[output]; edge < graph.first[input]; edge++) {
    found[graph.tails[edge]] += graph.slopes[edge] * found[graph.heads[edge]];
  }
  return found[input] ?? 0; // an input after the output is none
}
