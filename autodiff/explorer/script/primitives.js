/**
 * The functions of numbers that the formulas of the rule table are made of, as in `primitives.py`: total functions that
 * follow IEEE 754.  Browsers have most of them; what they lack stands here.  Those of many numbers take an array.
 */

export const { exp, expm1, log1p, log2, log10, cbrt } = Math;
export const { sin, cos, tan, asin, acos, atan, atan2, hypot } = Math;
export const { log, sinh, cosh, tanh, asinh, acosh, atanh, sqrt, floor, ceil, trunc } = Math;
export const { abs, abs: fabs } = Math;
export const isfinite = Number.isFinite;

/** @param {number} x */
export function is_integer(x) {
  return Number.isInteger(x);
}

/**
 * x / y.
 * @param {number} x
 * @param {number} y
 */
export function div(x, y) {
  return x / y;
}

/**
 * x·y, as a function.
 * @param {number} x
 * @param {number} y
 */
export function multiply(x, y) {
  return x * y;
}

/** @param {number} x */
function isNegative(x) {
  return x < 0 || Object.is(x, -0);
}

/**
 * |x| with the sign of y, be it that of a zero; NaN where y is.
 * @param {number} x
 * @param {number} y
 */
export function copysign(x, y) {
  return Number.isNaN(y) ? Number.NaN : isNegative(x) === isNegative(y) ? x : -x;
}

/**
 * x**y with 1**y = 1 and (-1)**∞ = 1, which JavaScript alone makes NaN.
 * @param {number} x
 * @param {number} y
 */
export function pow(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
}

/**
 * The nearest whole number, a half to the even side.
 * @param {number} x
 */
export function round(x) {
  const low = Math.floor(x);
  const part = x - low;
  return copysign(part > 0.5 || (part === 0.5 && low % 2 !== 0) ? low + 1 : low, x);
}

/**
 * The remainder of x / y with the sign of x.
 * @param {number} x
 * @param {number} y
 */
export function fmod(x, y) {
  return x % y;
}

/**
 * The remainder of x / y with the sign of y, Python's `x % y`.
 * @param {number} x
 * @param {number} y
 */
export function mod(x, y) {
  const rest = x % y;
  if (rest === 0) return copysign(0, y);
  return rest < 0 !== y < 0 ? rest + y : rest;
}

/**
 * ⌊x / y⌋ of the exact quotient, Python's `x // y`; x / y for y = 0.
 * @param {number} x
 * @param {number} y
 */
export function floor_divide(x, y) {
  if (y === 0) return x / y;
  const rest = x % y;
  const quotient = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
  if (quotient === 0) return copysign(0, x / y);
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

const bits = new DataView(new ArrayBuffer(8));

/**
 * The mantissa, from ½ to 1, and the exponent: x = mantissa·2**exponent.
 * @param {number} x
 * @returns {[number, number]}
 */
export function frexp(x) {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  bits.setFloat64(0, x);
  const biased = (bits.getUint16(0) >> 4) & 0x7ff;
  if (biased === 0) {
    const [mantissa, exponent] = frexp(x * 2 ** 54);
    return [mantissa, exponent - 54];
  }
  bits.setUint16(0, (bits.getUint16(0) & 0x800f) | (1022 << 4));
  return [bits.getFloat64(0), biased - 1022];
}

/**
 * mantissa·2**exponent.
 * @param {number} mantissa
 * @param {number} exponent
 */
export function ldexp(mantissa, exponent) {
  let [x, rest] = [mantissa, exponent];
  while (rest > 1000 && Number.isFinite(x) && x !== 0) [x, rest] = [x * 2 ** 1000, rest - 1000];
  while (rest < -1000 && x !== 0) [x, rest] = [x * 2 ** -1000, rest + 1000];
  return x * 2 ** Math.max(-1000, Math.min(rest, 1000));
}

/** The partial sums of `fsum`, which keeps them from call to call: most sums need two or three. @type {number[]} */
const partials = [];

/**
 * The exact sum of finite numbers, rounded once: Shewchuk's partial sums, as in Python's `math.fsum`.
 * @param {number[]} xs
 */
export function fsum(xs) {
  let count = 0;
  for (let i = 0; i < xs.length; i++) {
    let x = xs[i];
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const y = partials[k];
      const high = x + y;
      const low = Math.abs(x) < Math.abs(y) ? x - (high - y) : y - (high - x);
      if (low !== 0) partials[kept++] = low;
      x = high;
    }
    partials[kept] = x;
    count = kept + 1;
  }
  if (count === 0) return 0;
  let high = partials[--count];
  while (count > 0) {
    const x = high;
    const y = partials[--count];
    high = x + y;
    const low = y - (high - x);
    if (low !== 0) {
      // Half an even number more or less: the partial sum below decides.
      const next = count > 0 ? partials[count - 1] : 0;
      if (low < 0 === next < 0 && next !== 0) {
        const twice = 2 * low;
        const above = high + twice;
        if (twice === above - high) high = above;
      }
      break;
    }
  }
  return high;
}

/**
 * The exact sum, rounded once; infinities alone decide.
 * @param {number[]} xs
 */
export function sum(xs) {
  if (!xs.every(Number.isFinite)) return xs.filter((x) => !Number.isFinite(x)).reduce((x, y) => x + y);
  const total = fsum(xs);
  return Number.isFinite(total) ? total : fsum(xs.map((x) => x * 2 ** -64)) * 2 ** 64;
}

/**
 * The sum of all but one that is `x`.
 * @param {number[]} xs
 * @param {number} x
 */
export function sum_of_others(xs, x) {
  const place = xs.indexOf(x);
  return fsum(xs.filter((_, i) => i !== place));
}

/** @param {number[]} xs */
export function max(xs) {
  return Math.max(...xs);
}

/** @param {number[]} xs */
export function min(xs) {
  return Math.min(...xs);
}

/**
 * Of the numbers behind the first that which the first counts to, from 0 on; NaN where there is none.
 * @param {number[]} xs
 */
export function select([index, ...values]) {
  return values[index] ?? Number.NaN;
}

/** @param {unknown[]} xs */
export function all(xs) {
  return xs.every(Boolean);
}

/**
 * f of the first of both, of the second of both and so on.
 * @template X, Y, Z
 * @param {(x: X, y: Y) => Z} f
 * @param {X[]} xs
 * @param {Y[]} ys
 */
export function zipped(f, xs, ys) {
  return xs.map((x, i) => f(x, ys[i]));
}

/**
 * Every result of taking the next entry in, `initial` or else the first entry included.
 * @template T
 * @param {T[]} xs
 * @param {(result: T, x: T) => T} f
 * @param {T} [initial]
 */
export function accumulate(xs, f, initial) {
  const given = initial === undefined ? xs : [initial, ...xs];
  const results = given.slice(0, 1);
  for (let i = 1; i < given.length; i++) results.push(f(results[i - 1], given[i]));
  return results;
}

// erf(x)/x for |x| ≤ 1 as a polynomial in x², and (1 + 2x)·exp(x²)·erfc(x) as one in (x - k)/(x + k) with k = 3.265625
// (Shepherd and Laframboise, Math. Comp. 36, 1981), from the lowest power.
const ERF = [
  1.1283791670955126, -0.3761263890318375, 0.11283791670954858, -0.02686617064507296, 0.00522397762478137,
  -0.0008548326978765149, 0.00012055331037551108, -1.4925593518728226e-5, 1.6460972954153765e-6, -1.635002619207727e-7,
  1.4657883530919653e-8, -1.136567067182716e-9, 5.945255584223488e-11,
];
const ERFCX = [
  1.2471825555846456, -0.13874027121193516, -0.02631125788845374, 0.11249586062945299, -0.11882720732268516,
  0.08075206465860145, -0.037750416494976805, 0.010680656957613765, -0.0003854322098774968, -0.0010620269273914989,
  0.00032997757113145947, 6.583980264841368e-5, -5.6131206656899535e-5, -2.508979533341856e-6, 8.712764404966214e-6,
  -2.420700774875642e-8, -1.4215176326434792e-6, -2.3409822855047793e-8, 2.320921295890553e-7, 2.1583129371506596e-8,
  -2.8732518644674296e-8, -5.377891163061037e-9, 8.783539863860142e-10,
];
const SLOPE_OF_ERF = 1.1283791670955126; // 2/√π

/**
 * @param {number} x
 * @param {number[]} rising coefficients
 */
function polynomial(x, rising) {
  return rising.reduceRight((p, c) => p * x + c, 0);
}

/**
 * erfc(x) for x ≥ 0, right to the last digits where it is not near 1.
 * @param {number} x
 */
function erfcTail(x) {
  const y = Math.min(x, 28);
  const denominator = y + 3.265625;
  const near = denominator - 3.265625; // exact, and y up to a rounding error; what it lost is put back
  const scaled = polynomial((near - 3.265625) / denominator, ERFCX) / (2 * near + 1);
  const factor = (y - near) * (2 * near * scaled - SLOPE_OF_ERF) + scaled;
  const big = 134217729 * y; // Veltkamp's split: the square of 26 bits is exact
  const high = big - (big - y);
  const half = Math.exp(-0.5 * high * high); // twice, so that nothing is subnormal before the end
  return factor * Math.exp(-(y - high) * (y + high)) * half * half;
}

/**
 * The error function.
 * @param {number} x
 */
export function erf(x) {
  return Math.abs(x) < 1 ? x * polynomial(x * x, ERF) : copysign(1 - erfcTail(Math.abs(x)), x);
}

/**
 * 1 - erf(x).
 * @param {number} x
 */
export function erfc(x) {
  if (Math.abs(x) < 0.5) return 1 - x * polynomial(x * x, ERF);
  return x < 0 ? 2 - erfcTail(-x) : erfcTail(x);
}
