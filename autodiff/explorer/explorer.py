"""``explore``: a page of its own that steps forward and backward through a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from ..drawing.drawing import Drawing, draw
from ..drawing.selection import is_parameter
from ..drawing.style import NAME, shown
from ..errors import AutodiffError, OperandError
from ..files import write_whole
from ..naming import Names, caller_names, subscripted
from ..value import Value
from .causes import causes_module
from .graph import Graph
from .page import framed, page
from .panels import Cut, Numbers, panels_data
from .program import program
from .rules import rules_module
from .templates import FIRST, RESULT, Templates
from .training import recorded_loss, training
from .views import views

__all__ = ["Explorer", "explore"]


class Explorer:
    """A page about a graph as it was when ``explore`` was called: one HTML file, which needs nothing else.

    Attributes:
        html: the page.
        title: what it shows, in a few words.
    """

    def __init__(self, title: str, html: str, drawing: Drawing) -> None:
        self.title, self.html = title, html
        self._drawing = drawing

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page to a file, to be opened in any browser, from disk too.

        Raises:
            OSError: the file cannot be written.
        """
        write_whole(path, self.html.encode())

    def __repr__(self) -> str:
        return f"<Explorer: {self.title}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the page in a frame of its own, which reaches nothing outside; before it the picture.

        Where a viewer shows no frames, the picture remains.
        """
        return {"text/html": framed(self.title, self.html, self._picture()), "text/plain": repr(self)}

    def _picture(self) -> str:
        """The picture of ``draw``, where it can be laid out."""
        try:
            return self._drawing.svg
        except AutodiffError:
            return ""


def explore(
    output: Any,
    x: Any = None,
    y: Any = None,
    *,
    loss: Callable[..., Any] | None = None,
    names: Mapping[str, Value] | Mapping[Value, str] | None = None,
    panels: Sequence[Numbers | Cut] = (),
) -> Explorer:
    """A page on which a class can step through ``output``'s graph, forward and backward, and change its numbers.

    Each step backward is one arrow: local derivative times gradient is a contribution, in symbols and in numbers, and
    the sum it is added to.  The page asks for the next number if told to, says of any number where it comes from, adds
    up paths, computes everything anew when a leaf is moved, and shows what four well-known mistakes would give.

    The numbers are computed by the page itself, from the rules of the table.  An operation of your own takes part if it
    is built of operators and operations; else its numbers stay as recorded.

    ``explore(model, x, y)`` is the graph of a model's loss for one sample, which the page can train: a step of gradient
    descent at a time, with the activation and the δ of every neuron, and back to the very same weights.

    Args:
        output: the Value whose gradient is followed; or a model, called with a list of inputs, with ``parameters()``.
        x: with a model, the sample, a number for each input …
        y: … and its target, as the loss takes it.
        loss: with a model, a function (outputs, target) such as those of ``nn.losses``; default ½ Σ (output − target)².
        names: {"x": x} or {x: "x"}, before the labels of the nodes; those without either are called as your variables
            are, or v1, v2 …
        panels: what to show beside the graph, ``Numbers`` and ``Cut`` of ``autodiff.explorer``.

    Raises:
        OperandError: the output is no Value and no model with a sample, ``names`` no dict of names and Values, or a
            panel has others than those of the graph.

    >>> y = Value(3.0)
    >>> x = 2 * y
    >>> explore(x * x)  # explore(x * x).save("square.html") writes it
    <Explorer: v1 step by step: 3 values>
    """
    trained: Sequence[Value] = ()
    if x is not None or y is not None:
        model, output = output, recorded_loss(output, x, y, loss)
        trained = model.parameters()
    if not isinstance(output, Value):
        raise OperandError(
            f"explore: the output is a Value of a graph, not {type(output).__name__} {output!r:.60}; "
            "a model comes with a sample and its target: explore(model, x, y)"
        )
    graph = Graph(output)
    named = Names(graph.nodes, names, caller_names(2))
    called = [shown(subscripted(named[node]), NAME) for node in graph.nodes]
    templates = Templates(graph.nodes)
    count = len(graph.nodes)
    title = f"{called[-1]} step by step: {count:,} value{'s' * (count > 1)}"
    data = {
        "graph": graph.data(),
        "names": called,
        "texts": templates.texts,
        "kinds": templates.kinds,
        "kind": templates.kind,
        "parameters": [i for i, node in enumerate(graph.nodes) if is_parameter(node)],
        "training": training(graph, trained) if trained else None,
        "program": program(graph.nodes, [named[node] for node in graph.nodes]),
        **panels_data(graph, panels),
        **views(graph, _first_lines(graph, called, templates), lambda i: called[i]),
    }
    drawing = draw(output, names=dict(zip(graph.nodes, [named[node] for node in graph.nodes], strict=True)))
    return Explorer(title, page(title, data, _made(graph)), drawing)


def _made(graph: Graph) -> dict[str, str]:
    """The modules that Python writes for this graph."""
    rows = {rule.name for rule in graph.rules}
    return {"rules": rules_module(graph.rules), "causes": causes_module(rows)}


def _first_lines(graph: Graph, names: list[str], templates: Templates) -> list[str]:
    """What stands in the first line of each box."""
    lines = []
    for i, node in enumerate(graph.nodes):
        line = names[i]
        if node.op is not None:
            operands = [names[graph.number[x]] if isinstance(x, Value) else f"({x:.4g})" for x in node.operands]
            text = templates.value(i)
            line += " = " + shown(text.translate({FIRST + k: name for k, name in enumerate(operands)}), 34)
        lines.append(line.replace(RESULT, names[i]))
    return lines
