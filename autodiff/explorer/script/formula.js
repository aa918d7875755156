/** Formulas with places for operands, into which names or numbers are put. */

import { short } from "./numbers.js";

const FIRST = 0xf0000;
const RESULT = 0xffffd;

/**
 * The formula with these texts in its places.
 * @param {string} template
 * @param {string[]} operands
 * @param {string} result
 */
export function filled(template, operands, result) {
  return [...template].map((c) => textAt(c, operands, result) ?? c).join("");
}

/**
 * The formula with these numbers in its places, in parentheses where a sign or a power would be misread.
 * @param {string} template
 * @param {number[]} operands
 * @param {number} result
 */
export function withNumbers(template, operands, result) {
  const characters = [...template];
  const texts = operands.map(short);
  return characters
    .map((c, i) => {
      const text = textAt(c, texts, short(result));
      if (text === null) return c;
      const alone = /^[(,\s]*$/.test(characters[i - 1] ?? "") && /^[),]?$/.test(characters[i + 1] ?? "");
      const power = /[²³⁰¹⁴-⁹⁻^]/.test(characters[i + 1] ?? "");
      const misread = text.startsWith("−") ? !alone || i > 1 : text.includes("·") && power;
      return misread && !(characters[i - 1] === "(" && characters[i + 1] === ")") ? `(${text})` : text;
    })
    .join("");
}

/**
 * @param {string} c
 * @param {string[]} operands
 * @param {string} result
 */
function textAt(c, operands, result) {
  const code = /** @type {number} */ (c.codePointAt(0));
  if (code === RESULT) return result;
  return code >= FIRST && code < RESULT ? (operands[code - FIRST] ?? "?") : null;
}
