/** The paths between two nodes: how many, the largest of them, their sum; without listing them all. */

/**
 * @typedef {import("./graph.js").Graph} Graph
 * @typedef {import("./graph.js").Edge} Edge
 * @typedef {{ edges: Edge[], slopes: number[], product: number }} Path from the output down
 * @typedef {{ edge: Edge | null, before: Link | null, size: number }} Link
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
  const found = new Map([[input, { count: 1n, best: [{ edge: null, before: null, size: 0 }] }]]);
  for (let node = input + 1; node <= output; node++) {
    let count = 0n;
    /** @type {Link[]} */
    const links = [];
    for (const position of graph.positions[node]) {
      const operand = graph.operands[node][position];
      const below = found.get(operand);
      if (!below) continue;
      const edge = { node, position, operand };
      const size = Math.log(Math.abs(graph.slope(edge)));
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
  /** @type {Edge[]} */
  const edges = [];
  for (let link = /** @type {Link | null} */ (last); link?.edge; link = link.before) edges.push(link.edge);
  const slopes = edges.map((edge) => graph.slope(edge));
  return { edges, slopes, product: slopes.reduce((x, y) => x * y, 1) };
}

/**
 * ∂output/∂input, by one sweep between them.
 * @param {Graph} graph
 * @param {number} output
 * @param {number} input
 */
function derivative(graph, output, input) {
  const found = new Map([[output, 1]]);
  for (let node = output; node > input; node--) {
    const above = found.get(node);
    if (above === undefined) continue;
    graph.positions[node].forEach((position, k) => {
      const operand = graph.operands[node][position];
      found.set(operand, (found.get(operand) ?? 0) + graph.locals[node][k] * above);
    });
  }
  return found.get(input) ?? 0;
}
