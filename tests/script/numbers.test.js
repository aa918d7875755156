import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, withNumbers } from "../../autodiff/explorer/script/formula.js";
import { added, counted, parsed, short, signed } from "../../autodiff/explorer/script/numbers.js";

const place = (i) => String.fromCodePoint(0xf0000 + i);
const result = String.fromCodePoint(0xffffd);

test("numbers as in the pictures", () => {
  const cases = {
    6: 6,
    "−0.2794": -0.27941549,
    "1.5·10⁻⁷": 1.5e-7,
    "∞": Infinity,
    "−∞": -Infinity,
    nan: Number.NaN,
    0: -0,
    "1.235·10⁴": 12345.6,
    9999: 9999.4,
    "1·10⁴": 9999.6,
    0.0001: 0.0001,
    "−1·10⁻⁵": -0.00001,
  };
  for (const [text, x] of Object.entries(cases)) assert.equal(short(x), text);
  assert.deepEqual([signed(2), signed(-2), signed(0)], ["+2", "−2", "0"]);
  assert.deepEqual([added(3, 4), added(3, -4)], ["3 + 4", "3 − 4"]);
});

test("counts keep every digit", () => {
  assert.equal(counted(2n ** 80n), "1,208,925,819,614,629,174,706,176");
  assert.equal(counted(12n), "12");
});

test("what is typed", () => {
  const cases = { 2.5: 2.5, "−3": -3, " 1/4 ": 0.25, "1e-3": 0.001, inf: Infinity, "-∞": -Infinity, ".5": 0.5 };
  for (const [text, x] of Object.entries(cases)) assert.equal(parsed(text), x);
  for (const text of ["", "x", "1/2/3", "1;2", "alert(1)", "--1", "1,5x"]) assert.equal(parsed(text), null);
  assert.ok(Number.isNaN(parsed("nan")));
});

test("names and numbers are put into formulas", () => {
  const product = `${place(0)}·${place(1)}`;
  assert.equal(filled(product, ["x", "y"], "f"), "x·y");
  assert.equal(withNumbers(product, [2, -3], 0), "2·(−3)");
  assert.equal(withNumbers(`sin(${place(0)})`, [-3], 0), "sin(−3)");
  assert.equal(withNumbers(`${place(0)}²`, [-3], 0), "(−3)²");
  assert.equal(withNumbers(`${place(0)}²`, [1.5e-7], 0), "(1.5·10⁻⁷)²");
  assert.equal(withNumbers(`−${result}/${place(1)}`, [0, 4], -2), "−(−2)/4");
  assert.equal(filled(place(0), [place(1)], ""), place(1));
});
