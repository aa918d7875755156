import { Chooser } from "./chooser.js";
import { button, html, table } from "./dom.js";
import { counted, factor, short } from "./numbers.js";
import { panel } from "./panel.js";
import { paths } from "./paths.js";

/** @typedef {import("./page.js").Page} Page */

/** The paths between two nodes, the largest first, and their sum. */
export class Paths {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { model } = page;
    const { leaves, output } = model.graph;
    const all = () => [...model.names.keys()];
    const choose = () => {
      this.chosen = true;
      page.update();
    };
    this.from = new Chooser(page, "to input", () => [...new Set([...leaves, ...all()])], choose);
    this.to = new Chooser(page, "From output", () => all().reverse(), choose);
    this.from.value = leaves[0] ?? output;
    this.to.value = output;
    this.chosen = false;
    this.body = html("div", {});
    this.element = panel("Paths", [html("p", {}, this.to.label, " ", this.from.label), this.body]);
    this.element.addEventListener("toggle", () => this.update());
  }

  /** The two ends; null as long as nobody has chosen any. */
  get ends() {
    /** @type {[number, number]} */
    const ends = [Number(this.to.value), Number(this.from.value)];
    return this.chosen ? ends : null;
  }

  /** @param {[number, number]} ends */
  choose([output, input]) {
    [this.to.value, this.from.value] = [output, input];
    this.chosen = this.element.open = true;
  }

  update() {
    if (!this.element.open) return;
    const { model } = this.page;
    this.from.fill();
    this.to.fill();
    const [output, input] = [Number(this.to.value), Number(this.from.value)];
    const { count, largest, sum } = paths(model.graph, output, input);
    const [f, x] = [model.names[output], model.names[input]];
    const rows = largest.map((path) => {
      const route = [output, ...path.edges.map(({ operand }) => operand)].map((node) => model.names[node]);
      const keys = path.edges.map(({ node, position }) => `${node}-${position}`);
      const text =
        route.length > 9 ? `${route.slice(0, 4).join(" ← ")} ← … ← ${route.slice(-3).join(" ← ")}` : route.join(" ← ");
      const light = button(text, `Light the path ${text}`, () => this.#light(keys));
      light.className = "path";
      for (const event of ["mouseenter", "focus"]) light.addEventListener(event, () => this.#light(keys));
      for (const event of ["mouseleave", "blur"]) light.addEventListener(event, () => this.#light([]));
      const factors =
        path.slopes.length > 8 ? `${path.slopes.length} factors` : path.slopes.map(factor).join("·") || "1";
      return [light, factors, short(path.product)];
    });
    const listed = largest.reduce((total, { product }) => total + product, 0);
    const rest =
      count > BigInt(largest.length)
        ? [[`the other ${counted(count - BigInt(largest.length))}`, "", short(sum - listed)]]
        : [];
    const how = count === 1n ? "One path leads" : `${counted(count)} paths lead`;
    this.body.replaceChildren(
      html("p", {}, `${count === 0n ? "No path leads" : how} from ${f} to ${x}.`),
      ...(rows.length > 0
        ? [table("Largest first", ["path", "local derivatives", "product"], [...rows, ...rest])]
        : []),
      html("p", { class: "total" }, `∂${f}/∂${x} = ${short(sum)}${rows.length > 1 ? ", the sum over all paths" : ""}`),
    );
  }

  /** @param {string[]} keys */
  #light(keys) {
    this.page.model.lit = new Set(keys);
    this.page.picture.update();
  }
}
