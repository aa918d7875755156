import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn, Views } from "../../autodiff/explorer/script/views.js";

test("lines in short", () => {
  assert.deepEqual(drawn("M10 20h5s30-8h3"), {
    line: "M10 20h5c15 0 15 -8 30 -8h-4",
    tip: { x: 48, y: 12, down: false },
  });
  assert.deepEqual(drawn("M10 20V30H5V60"), { line: "M10 20V30H5V53", tip: { x: 5, y: 60, down: true } });
  assert.equal(drawn("").line, "");
});

// Values 0 to 3 at home in views 1, 2, 2 and 0; view 2 is in view 1, and shows value 0 from outside.
const views = new Views(
  [
    { name: "", parent: -1, keys: [3, "g1"], outside: 0, hidden: 0, shape: 0 },
    { name: "block", parent: 0, keys: [0, "g2"], outside: 0, hidden: 0, shape: 0 },
    { name: "head", parent: 1, keys: [0, 1, 2], outside: 1, hidden: 0, shape: 0 },
  ],
  [{ width: 1, height: 1, boxes: [], arrows: [] }],
  4,
);

test("where a value is at home", () => {
  assert.deepEqual([...views.home], [1, 2, 2, 0]);
  assert.deepEqual(views.members, [
    [0, 1, 2, 3],
    [0, 1, 2],
    [1, 2],
  ]);
  assert.ok(views.holds(1, 2) && views.holds(0, 3) && !views.holds(2, 0));
  assert.deepEqual(
    [1, 3].map((node) => views.outermost(node)),
    [1, 0],
  );
  assert.equal(views.path(2), "block › head");
});
