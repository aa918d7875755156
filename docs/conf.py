"""The documentation site: ``make docs`` writes it to ``build/site``.

The sources are the pages of ``docs``, the notebooks with the outputs that are committed, and the docstrings.  The
source folder is the whole checkout, so a link from page to page, or from a page to a file of the code, is the same
here and on GitHub.  No page asks another host for anything, so formulas are MathML and not a script from elsewhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the packages of this checkout, installed or not

from docutils import nodes  # noqa: E402
from docutils.utils.math.latex2mathml import tex2mathml  # noqa: E402

import autodiff as ad  # noqa: E402
from nn import MLP, losses  # noqa: E402

if TYPE_CHECKING:
    from typing import Any

    from docutils.nodes import document, math, math_block
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "scalar-autodiff"
author = "the authors of scalar-autodiff"
copyright = "the authors of scalar-autodiff, MIT licence"
version = release = ad.__version__

root_doc = "docs/index"
include_patterns = ["docs/*.md", "notebooks/*.ipynb", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = [".*", "build", "dist", "out", "**/node_modules", "notebooks/text", "notebooks/.ipynb_checkpoints"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]

# Markdown and notebooks.
nb_execution_mode = "off"  # `make test` runs them and holds them to the outputs that are committed
nb_render_markdown_format = "myst"  # an explanation has formulas and a table
nb_mime_priority_overrides = [("html", "text/markdown", 5), ("html", "text/latex", None)]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Docstrings.
default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the stubs and mypy have them; a docstring says in words what an argument is
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True
nitpick_ignore_regex = [("py:.*", r".*")]  # types in words ("a list of Values"), and names of Python's own library

# The look.
html_theme = "furo"
html_title = "scalar-autodiff"
html_static_path = ["site/site.css"]
html_css_files = ["site.css"]
html_extra_path = ["site/index.html"]  # forwards to docs/index.html
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def mathml(formula: str, **options: bool) -> str:
    """LaTeX as MathML; docutils lacks a few words of it."""
    for word, known in {r"\dots": r"\ldots", r"\big": "", r"\Big": "", "½": r"\frac{1}{2}"}.items():
        formula = re.sub(re.escape(word) + r"(?![a-z])", lambda _, known=known: known, formula)
    return tex2mathml(formula, **options)


def inline_formula(self: HTML5Translator, node: math) -> None:
    """A formula within a line."""
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode  # not its words once more


def displayed_formula(self: HTML5Translator, node: math_block) -> None:
    """A formula on lines of its own."""
    self.body.append(f'<div class="formula" tabindex="0">{mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def write_explorer_pages(app: Sphinx) -> None:
    """The pages that ``docs/live.md`` embeds."""
    y = ad.Value(3.0, "y")
    x = 2 * y
    z = ad.sin(y)
    f = x**2 * z
    x.label, z.label, f.label = "x", "z", "f"
    folder = app.outdir / "explorer"
    folder.mkdir(parents=True, exist_ok=True)
    ad.explore(f).save(folder / "two-paths.html")
    model = MLP(2, [3, 1], "tanh", seed=1)
    ad.explore(model, [0.5, -1.0], 1.0, loss=losses.squared_error).save(folder / "network.html")


def end_code_where_it_ends(app: Sphinx, doctree: document) -> None:
    """The blank line that doctest wants before the end of a block is not shown."""
    for block in doctree.findall(nodes.literal_block):
        block[:] = [nodes.Text(block.astext().rstrip())]


def name_plots(app: Sphinx, doctree: document) -> None:
    """A plot in a notebook brings no words of its own: it is named after the question above it."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt"):
            section = image
            while not isinstance(section, nodes.section):
                section = section.parent
            image["alt"] = f"Plot: {section[0].astext()}"


def fold_solutions(app: Sphinx, doctree: document) -> None:
    """The cell of an exercise, which holds its solution, is opened by the reader."""
    for cell in [*doctree.findall(nodes.container)]:
        if "tag_exercise" not in cell["classes"]:
            continue
        code = next(part for part in cell.children if "cell_input" in part["classes"])
        opening = nodes.raw("", '<details class="solution"><summary>A solution</summary>', format="html")
        cell.replace(code, [opening, code, nodes.raw("", "</details>", format="html")])


def help_keyboards_and_readers(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """What may scroll sideways can be reached, and so scrolled, by the keyboard; headings of the menu have a level."""
    scrolling = r'<(pre|div class="table-wrapper[^"]*"|div style="overflow-x:auto[^"]*")'
    context["body"] = re.sub(scrolling, r'<\1 tabindex="0"', context.get("body", ""))
    menu = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = menu.replace('role="heading"', 'role="heading" aria-level="2"')


def keep_bars(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """An absolute value in a docstring, ``|x|``, is no substitution of reStructuredText."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(`[^`]*`)", line)
            lines[i] = "".join(part if part.startswith("`") else part.replace("|", r"\|") for part in parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_html_math_renderer("mathml", (inline_formula, None), (displayed_formula, None))
    app.connect("builder-inited", write_explorer_pages)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("doctree-read", end_code_where_it_ends)
    app.connect("doctree-read", name_plots)
    app.connect("doctree-read", fold_solutions)
    app.connect("html-page-context", help_keyboards_and_readers, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
