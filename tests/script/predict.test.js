import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, mistakes } from "../../autodiff/explorer/script/predict.js";

const question = { slope: 2, above: 3, before: 10, others: [5], right: 16 };

test("each mistake by its number", () => {
  const answers = { 16: "right", 12: "above", 6: "sum", 25: "other", 4: "sign", "-16": "sign", 99: "unknown" };
  for (const [answer, verdict] of Object.entries(answers))
    assert.deepEqual(judged(question, Number(answer)), [verdict]);
});

test("four digits are near enough", () => {
  assert.deepEqual(judged({ slope: -0.98999, above: 36, before: 3.38688, others: [], right: -32.2528 }, -32.25), [
    "right",
  ]);
});

test("what is right is no mistake, whatever else gives it", () => {
  assert.deepEqual(judged({ slope: 2, above: 1, before: 0, others: [2], right: 2 }, 2), ["right"]);
});

test("two mistakes that give one number are both named", () => {
  assert.deepEqual(judged({ slope: 2, above: 3, before: 4, others: [2 / 3], right: 10 }, 6), ["above", "sum", "other"]);
});

test("a first contribution has no sum to forget", () => {
  assert.deepEqual(
    mistakes({ ...question, before: 0, right: 6 }).map(([, numbers]) => numbers.length),
    [1, 0, 1, 1],
  );
});

test("infinite and undefined numbers", () => {
  assert.deepEqual(judged({ slope: Infinity, above: 1, before: 0, others: [], right: Infinity }, Infinity), ["right"]);
  assert.deepEqual(judged({ slope: Number.NaN, above: 1, before: 0, others: [], right: Number.NaN }, Number.NaN), [
    "right",
  ]);
  assert.deepEqual(judged({ slope: Infinity, above: 1, before: 0, others: [], right: Infinity }, 3), ["unknown"]);
});
