import assert from "node:assert/strict";
import { test } from "node:test";
import { read, written } from "../../autodiff/explorer/script/share.js";

const limits = { steps: 20, views: 3, nodes: 10, leaves: new Set([0, 1]) };
const nothing = {
  step: null,
  view: null,
  ask: null,
  leaves: new Map(),
  mistakes: [],
  path: null,
  predict: false,
  big: false,
};

test("what is written is read", () => {
  const shared = {
    step: 3,
    view: 2,
    ask: 4,
    leaves: new Map([
      [0, -1.5e-7],
      [1, Infinity],
    ]),
    mistakes: ["assign", "twice"],
    path: [9, 0],
    predict: true,
    big: true,
  };
  assert.deepEqual(read(`#${written(shared)}`, limits), shared);
});

test("what is out of range or no number is nothing", () => {
  const hostile = [
    "",
    "#",
    "step=999",
    "step=-1",
    "step=1e1",
    "ask=<script>alert(1)</script>",
    "leaves=5:1",
    "leaves=0:alert(1)",
    "leaves=0:0x10,__proto__:1,0",
    "break=constructor,toString,__proto__",
    "path=0,99",
    "path=0",
    "view=3",
    "__proto__=1&constructor=2",
    "%",
    "%E0%A4%A",
    "step=%00",
    "x".repeat(1_000_000),
  ];
  for (const fragment of hostile) assert.deepEqual(read(fragment, limits), nothing, fragment.slice(0, 50));
});
