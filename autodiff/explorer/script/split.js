/** A gradient as a sum: by the groups in which the value is used, and by what goes through the parts of a cut. */

import { fsum } from "./primitives.js";

/**
 * @typedef {import("./graph.js").Graph} Graph
 * @typedef {{ title: string, parts: [string, number[]][] }} Cut
 * @typedef {[string, number][]} Parts
 */

/**
 * What comes back to a node from each of the outermost groups that use it; nothing where that is one alone.
 * @param {Graph} graph
 * @param {import("./views.js").Views} views
 * @param {number[]} gradients
 * @param {number} node
 * @returns {Parts}
 */
export function byGroup(graph, views, gradients, node) {
  /** @type {Map<number, number[]>} */
  const found = new Map();
  for (const edge of graph.incoming[node]) {
    const head = graph.heads[edge];
    const group = views.outermost(head);
    found.set(group, [...(found.get(group) ?? []), graph.slopes[edge] * gradients[head]]);
  }
  if (found.size < 2) return [];
  return [...found]
    .sort(([x], [y]) => x - y)
    .map(([group, contributions]) => [group > 0 ? views.name(group) : "others", fsum(contributions)]);
}

/**
 * What comes back to a node through each part of a cut, and at last what goes past them all.  What goes through a node is
 * its gradient times the derivative of it with respect to the other one; no path is listed.
 * @param {Graph} graph
 * @param {number[]} gradients
 * @param {number} node
 * @param {Cut["parts"]} parts
 * @returns {Parts}
 */
export function through(graph, gradients, node, parts) {
  const { first, positions, tails, slopes } = graph;
  const tangents = new Float64Array(graph.size);
  tangents[node] = 1;
  for (let user = node + 1; user < graph.size; user++) {
    const end = first[user] + positions[user].length;
    for (let edge = first[user]; edge < end; edge++) tangents[user] += slopes[edge] * tangents[tails[edge]];
  }
  /** @type {Parts} */
  const found = parts.map(([name, nodes]) => [name, fsum(nodes.map((part) => gradients[part] * tangents[part]))]);
  return [...found, ["past them", gradients[node] - fsum(found.map(([, part]) => part))]];
}
