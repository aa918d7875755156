/**
 * What the page shows, in the fragment of its address, and back.  Whatever else stands there is left alone: each entry is
 * read as a number within its range, or not at all.
 */

/**
 * @typedef {{
 *   step: number | null, view: number | null, ask: number | null, leaves: Map<number, number>, mistakes: string[],
 *   path: [number, number] | null, predict: boolean, big: boolean,
 * }} Shared
 */

export const MISTAKES = ["recursion", "assign", "twice", "dirty"];

/**
 * @param {Shared} shared
 * @returns {string}
 */
export function written(shared) {
  const parts = new URLSearchParams();
  if (shared.step !== null) parts.set("step", String(shared.step));
  if (shared.view) parts.set("view", String(shared.view));
  if (shared.ask !== null) parts.set("ask", String(shared.ask));
  if (shared.leaves.size > 0) parts.set("leaves", [...shared.leaves].map(([node, x]) => `${node}:${x}`).join(","));
  if (shared.mistakes.length > 0) parts.set("break", shared.mistakes.join(","));
  if (shared.path) parts.set("path", shared.path.join(","));
  if (shared.predict) parts.set("predict", "1");
  if (shared.big) parts.set("big", "1");
  return parts.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/**
 * @param {string} fragment with or without its #
 * @param {{ steps: number, views: number, nodes: number, leaves: Set<number> }} limits
 * @returns {Shared}
 */
export function read(fragment, limits) {
  const parts = new URLSearchParams(fragment.replace(/^#/, "").slice(0, 100_000));
  const leaves = new Map();
  for (const part of (parts.get("leaves") ?? "").split(",")) {
    const [node, x] = part.split(":");
    const [place, number] = [whole(node, limits.nodes), figure(x)];
    if (place !== null && number !== null && limits.leaves.has(place)) leaves.set(place, number);
  }
  const ends = (parts.get("path") ?? "").split(",").map((end) => whole(end, limits.nodes));
  return {
    step: whole(parts.get("step"), limits.steps),
    view: whole(parts.get("view"), limits.views),
    ask: whole(parts.get("ask"), limits.nodes),
    leaves,
    mistakes: MISTAKES.filter((name) => (parts.get("break") ?? "").split(",").includes(name)),
    path: ends.length === 2 && ends[0] !== null && ends[1] !== null ? [ends[0], ends[1]] : null,
    predict: parts.get("predict") === "1",
    big: parts.get("big") === "1",
  };
}

/**
 * @param {string | null | undefined} text
 * @param {number} limit
 */
function whole(text, limit) {
  return text && /^\d{1,9}$/.test(text) && Number(text) < limit ? Number(text) : null;
}

/** @param {string | undefined} text */
function figure(text) {
  const known = text && /^(-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|-?Infinity|NaN)$/.test(text);
  return known ? Number(text) : null;
}
