import { button, html, setText } from "./dom.js";
import { panel } from "./panel.js";

/** @typedef {import("./page.js").Page} Page */

/** The address of what is shown; the picture as a file; the graph as Python. */
export class Share {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.text = html("textarea", { readonly: true, rows: 6, "aria-label": "What was copied", spellcheck: "false" });
    this.text.hidden = true;
    this.note = html("p", { role: "status" });
    this.element = panel("Share", [
      html(
        "p",
        { class: "buttons" },
        button("Copy the link", "", () => this.#copy(page.address, "The link")),
        button("Save the picture", "", () => this.#save()),
        button("Copy as Python", "", () => this.#copy(page.python, "The program")),
        button("Larger type", "Larger type, for a projector (b)", () => page.enlarge()),
      ),
      this.note,
      this.text,
    ]);
  }

  /**
   * @param {string} text
   * @param {string} what
   */
  async #copy(text, what) {
    this.text.value = text;
    this.text.hidden = false;
    try {
      await navigator.clipboard.writeText(text);
      setText(this.note, `${what} is on the clipboard.`);
    } catch {
      setText(this.note, `${what} stands below, to be copied: this browser lets no page copy by itself here.`);
      this.text.select();
    }
  }

  #save() {
    const blob = new Blob([this.page.picture.file()], { type: "image/svg+xml" });
    const link = html("a", { href: URL.createObjectURL(blob), download: "graph.svg" });
    link.click();
    setText(this.note, "The picture is saved as graph.svg.");
  }
}
