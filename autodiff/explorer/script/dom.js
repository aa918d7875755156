/** Elements of the page, made one by one: text is only ever text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Record<string, string | number | boolean>} Attributes true is an attribute without a value, false is none
 */

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 * @returns {E}
 */
function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 */
export function html(tag, attributes = {}, ...children) {
  return made(document.createElement(tag), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  return made(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * Set a text only where it is another one: unchanged parts of the page cost nothing.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Set an attribute only where it is another one.
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * A button with what it does.
 * @param {string} text
 * @param {string} label what a screen reader says
 * @param {() => void} action
 */
export function button(text, label, action) {
  const element = html("button", { type: "button", ...(label ? { "aria-label": label, title: label } : {}) }, text);
  element.addEventListener("click", action);
  return element;
}

/**
 * A table whose first row is a heading and whose first column names the rows.
 * @param {string} caption
 * @param {string[]} heading
 * @param {(string | Node)[][]} rows
 */
export function table(caption, heading, rows) {
  const head = html("tr", {}, ...heading.map((text) => html("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...others]) =>
    html("tr", {}, html("th", { scope: "row" }, first), ...others.map((cell) => html("td", {}, cell))),
  );
  return html("table", {}, html("caption", {}, caption), html("thead", {}, head), html("tbody", {}, ...body));
}
