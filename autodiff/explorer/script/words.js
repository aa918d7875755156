/** What a step says: a heading, lines of formula, and the same in one sentence for who hears it. */

import { added, factor, short } from "./numbers.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {{ title: string, rows: string[][], total: string, note: string, spoken: string, wrong: string }} Words
 *   rows: of a product, its parts in words, symbols and numbers
 */

const WRONG = {
  early: "Too early: this gradient is not complete yet, and what comes later is never passed on.",
  stale: "Something from before is still in it: it was not set to zero.",
  lost: "The sum so far is lost: = in place of +=.",
};

/**
 * @param {Model} model
 * @returns {Words}
 */
export function words(model) {
  const { step, names, graph, index, forward, last } = model;
  const none = { rows: [], total: "", note: "", wrong: "" };
  if (step.kind === "leaves") {
    const title = "The leaves have their numbers";
    const note = "Nothing is computed yet. Each step forward is one operation.";
    return { ...none, title, note, spoken: `${title}. ${note}` };
  }
  if (step.kind === "value") {
    const { node } = step;
    const title = `Forward ${index} of ${forward - 1}: ${names[node]}`;
    const [symbols, figures, value] = [model.formula(node), model.figures(node), short(graph.values[node])];
    const rows = [[`${names[node]} =`, symbols], ["=", figures], ...(figures === value ? [] : [["=", value]])];
    return { ...none, title, rows, spoken: `Forward: ${names[node]} is ${symbols}, ${figures}, ${value}.` };
  }
  if (step.kind === "seed") {
    const f = names[graph.output];
    const title = step.pass > 1 ? "Seed, once more" : "Seed";
    const total = `∂${f}/∂${f} = 1`;
    const note = "Backward begins at the output. Each step from here is one arrow.";
    return {
      ...none,
      title,
      total,
      note,
      spoken: `${title}: the gradient of ${f} with respect to itself is 1. ${note}`,
    };
  }
  const { edge, slope, above, contribution, before, after, first } = step;
  const [z, x] = [names[edge.node], names[edge.operand]];
  const { symbols, figures } = model.slopeFormula(edge);
  const title = `Backward ${index - forward} of ${last - forward}: ${z} → ${x}`;
  const shown = figures === short(slope) ? [] : [[figures, "", "", "", ""]];
  const rows = [
    ["local derivative", "×", "gradient from above", "=", "contribution"],
    [symbols === figures ? `∂${z}/∂${x}` : symbols, "×", `${z}.grad`, "", ""],
    ...shown,
    [short(slope), "×", factor(above), "=", short(contribution)],
  ];
  const sum = first && before === 0 ? short(after) : `${added(before, contribution)} = ${short(after)}`;
  const total = `${x}.grad: ${step.wrong === "lost" ? `= ${short(after)}, and ${short(before)} is lost` : sum}`;
  const changes = model.changes(edge.operand);
  const here = changes.filter((i) => i <= index).length;
  const coming = changes.length - here;
  const note =
    coming > 0
      ? `${here} of ${here + coming} contributions to ${x}.grad have come.`
      : `${x}.grad is complete: ${here === 1 ? "one contribution" : `the sum of ${here} contributions`}.`;
  const done = index < last ? "" : " That was the last arrow: |◀ leads to the beginning, ◀ a step back.";
  const wrong = step.wrong ? WRONG[/** @type {keyof typeof WRONG} */ (step.wrong)] : "";
  const spoken =
    `Backward: local derivative ${short(slope)} times gradient of ${z} ${short(above)} is ${short(contribution)}. ` +
    `Gradient of ${x}: ${sum}. ${note} ${wrong}`;
  return { title, rows, total, note: note + done, spoken, wrong };
}
