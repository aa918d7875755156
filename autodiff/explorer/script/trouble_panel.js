import { button, html } from "./dom.js";
import { nonfinite } from "./nonfinite.js";

/** @typedef {import("./page.js").Page} Page */

/** Where a number stopped being finite; not there as long as all are. */
export class Trouble {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.element = html("div", { class: "panel trouble" });
  }

  update() {
    const { model } = this.page;
    const finding = nonfinite(model.graph, model.names);
    this.element.hidden = finding === null;
    if (finding === null) return this.element.replaceChildren();
    const { kind, message, remedy, node, edge } = finding;
    const { graph } = model;
    const along = () => model.forward + model.pass.along(graph.edgeAt(edge?.node ?? 0, edge?.position ?? 0));
    const step = edge ? along() : model.computedAt[node];
    this.element.replaceChildren(
      html("h2", {}, `Where ${model.graph.values.some(Number.isNaN) ? "NaN" : "infinity"} begins`),
      html("p", { class: "wrong" }, `✗ ${kind}: ${message}`),
      html("p", {}, `Remedy: ${remedy}`),
      html(
        "p",
        { class: "buttons" },
        button(`Show ${model.names[node]}`, "", () => this.page.ask(node)),
      ),
    );
    if (step > 0)
      this.element.lastElementChild?.append(button(`Go to step ${step}`, "", () => this.page.go(step, true)));
  }
}
