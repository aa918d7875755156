/** A panel of the page, which opens and closes. */

import { html } from "./dom.js";

/**
 * @param {string} title
 * @param {Node[]} children
 * @param {boolean} open
 */
export function panel(title, children, open = false) {
  return html("details", { class: "panel", open }, html("summary", {}, html("h2", {}, title)), ...children);
}
