/** Numbers as people write them: four significant digits, a real minus sign, powers of ten; and read from what is typed. */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {number} n a whole number */
export function raised(n) {
  return (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map((digit) => RAISED[Number(digit)]).join("");
}

/**
 * To four significant digits, as in the pictures of `draw`.
 * @param {number} x
 */
export function short(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const [digits, power] = x.toExponential(3).split("e");
  const exponent = Number(power);
  const plain = exponent >= -4 && exponent < 4;
  const text = plain ? String(Number(x.toPrecision(4))) : `${Number(digits)}·10${raised(exponent)}`;
  return text.replace("-", "−");
}

/**
 * The same with a plus for a positive number.
 * @param {number} x
 */
export function signed(x) {
  return (x > 0 ? "+" : "") + short(x);
}

/**
 * A sum in words: "3 + 4" or "3 − 4".
 * @param {number} x
 * @param {number} y
 */
export function added(x, y) {
  return `${short(x)} ${y < 0 ? "−" : "+"} ${short(Math.abs(y))}`;
}

/**
 * A factor, in parentheses where it is negative.
 * @param {number} x
 */
export function factor(x) {
  return x < 0 ? `(${short(x)})` : short(x);
}

/**
 * A count with all its digits.
 * @param {bigint | number} n a whole number
 */
export function counted(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * A number, a fraction, inf or nan as it is typed; null where it is none.
 * @param {string} text
 * @returns {number | null}
 */
export function parsed(text) {
  const plain = text.trim().replaceAll("−", "-").replace("∞", "inf").toLowerCase();
  const known = { inf: Infinity, "+inf": Infinity, "-inf": -Infinity, infinity: Infinity, nan: Number.NaN };
  if (plain in known) return known[/** @type {keyof typeof known} */ (plain)];
  const parts = plain.replace("·10^", "e").split("/");
  const figures = parts.map((part) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(part.trim()) ? Number(part) : null));
  const [above, below] = figures;
  if (parts.length > 2 || above === null || below === null) return null;
  return below === undefined ? above : above / below;
}
