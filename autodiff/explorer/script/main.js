/** Begin: read the data, and show the page. */

import { Model } from "./model.js";
import { Page } from "./page.js";
import { RULES } from "./rules.js";

const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "");
new Page(new Model(data, RULES), /** @type {HTMLElement} */ (document.getElementById("page")));
document.documentElement.dataset.ready = "yes";
