import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../autodiff/explorer/script/graph.js";
import { backward, NONE } from "../../autodiff/explorer/script/passes.js";
import { paths } from "../../autodiff/explorer/script/paths.js";

const RULES = [
  { name: "mul", value: ([x, y]) => x * y, partials: ([x, y]) => [y, x] },
  { name: "add", value: ([x, y]) => x + y, partials: () => [1, 1] },
];

/** Nodes as [rule, operands]; a leaf as its number. */
function graph(...nodes) {
  const leaf = (node) => typeof node === "number";
  const data = {
    rule: nodes.map((node) => (leaf(node) ? -1 : node[0])),
    operands: nodes.map((node) => (leaf(node) ? [] : node[1])),
    constants: [],
    values: nodes.map((node) => (leaf(node) ? node : null)),
    slopes: nodes.map(() => null),
    still: [],
    ops: ["mul", "add"],
  };
  return new Graph(data, RULES);
}

// y = 3; x = y·y; f = x·y: the gradient is 3y².
const cube = () => graph(3, [0, [0, 0]], [0, [1, 0]]);

test("values and gradients", () => {
  const f = cube();
  assert.deepEqual(f.values, [3, 9, 27]);
  assert.deepEqual(f.gradients(), [27, 3, 1]);
  f.move(new Map([[0, 2]]));
  assert.deepEqual(
    [f.values, f.gradients()],
    [
      [2, 4, 8],
      [12, 2, 1],
    ],
  );
});

test("as it should be, every step adds and nothing is wrong", () => {
  const { steps, gradients } = backward(cube());
  assert.deepEqual(gradients, [27, 3, 1]);
  assert.equal(steps.length, 5);
  assert.ok(steps.every((step) => !step.wrong));
});

const wrong = (f, name, old) => {
  const { steps, gradients } = backward(f, { ...NONE, [name]: true }, old);
  return { gradients, first: steps.findIndex((step) => step.wrong), why: steps.find((step) => step.wrong)?.wrong };
};

test("= for += keeps the last contribution", () => {
  assert.deepEqual(wrong(cube(), "assign"), { gradients: [9, 3, 1], first: 3, why: "lost" });
});

test("backward twice doubles the leaves", () => {
  assert.deepEqual(wrong(cube(), "twice"), { gradients: [54, 3, 1], first: 7, why: "stale" });
});

test("without zero_grad the old gradient stays", () => {
  const f = cube();
  f.move(new Map([[0, 2]]));
  assert.deepEqual(wrong(f, "dirty", [27, 3, 1]), { gradients: [39, 2, 1], first: 2, why: "stale" });
});

test("a recursion passes on what is not complete", () => {
  // a = 2; b = a·a; c = b·a; f = b·c, where b has its turn below f before c adds to it.
  const f = graph(2, [0, [0, 0]], [0, [1, 0]], [0, [1, 2]]);
  assert.equal(f.gradients()[0], 5 * 2 ** 4);
  const found = wrong(f, "recursion");
  assert.notEqual(found.gradients[0], 80);
  assert.equal(found.why, "early");
});

test("paths, their count and their sum", () => {
  const found = paths(cube(), 2, 0);
  assert.equal(found.count, 3n);
  assert.deepEqual(
    found.largest.map(({ product }) => product),
    [9, 9, 9],
  );
  assert.equal(found.sum, 27);
});

test("more paths than a double can count", () => {
  const doublings = Array.from({ length: 100 }, (_, i) => [1, [i, i]]);
  const found = paths(graph(1, ...doublings), 100, 0);
  assert.equal(found.count, 2n ** 100n);
  assert.equal(found.largest.length, 10);
  assert.equal(found.sum, 2 ** 100);
});

test("NaN comes first, no path is no path", () => {
  const f = graph(Number.NaN, 2, [0, [0, 1]], [1, [2, 1]]);
  assert.ok(Number.isNaN(paths(f, 3, 1).largest[0].product));
  assert.deepEqual(paths(f, 1, 0), { count: 0n, largest: [], sum: 0 });
});
