"""``draw``: a picture of the graph below a Value, with every local derivative and what it contributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import fspath
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..entrance import is_number
from ..errors import AutodiffError
from ..files import write_whole
from ..forks import no_fork
from ..naming import Names, caller_names
from ..pathsearch import Path as _ExplainedPath
from ..value import Value
from .caption import describe
from .display import as_html, width_of
from .expansion import Expansion, is_expandable
from .folded import FoldedPicture
from .fonts import warn_without_fonts
from .named import group_named, named_frames
from .paint import paint, paint_in_rows
from .picture import Picture
from .repeated import fold as folded
from .selection import Selection, everything, group_network, neighbourhood, whole
from .writing import to_dot

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Drawing", "OptionError", "draw"]

_DIRECTIONS = ("LR", "TB", "RL", "BT")
_SHOWS = ("backward", "forward", "formula")
_FORMATS = (".svg", ".png", ".pdf", ".dot")
_NEAR = 2
"""The depth of a neighbourhood where none is given."""

_COARSEST = 15
"""A picture of so many nodes is not made coarser to save time."""


_OURS = 200
"""A network of more boxes than this is left to Graphviz, which is faster then."""


class OptionError(AutodiffError, ValueError):
    """An option of a drawing is not one of those there are."""


class Drawing:
    """A picture of a graph as it was when it was drawn.

    A notebook shows it by itself.

    Attributes:
        dot: the picture in Graphviz's language.
        caption: what the picture shows and what it leaves out.
        title: the same in a few words.
    """

    def __init__(
        self,
        dot: str,
        title: str,
        caption: str,
        time_limit: float | None,
        coarser: Callable[[], Drawing | None] | None = None,
        paint: Callable[[], bytes] | None = None,
        framed: bool = False,
        rows: Callable[[], bytes | None] | None = None,
    ) -> None:
        self.dot = dot
        self.title = title
        self.caption = caption
        self._time_limit = time_limit
        self._coarser = coarser
        self._paint = paint
        self._framed = framed
        self._rows = rows
        self._svg: str | None = None

    @property
    def svg(self) -> str:
        """The picture as SVG, laid out when it is first asked for.

        Raises:
            LayoutTimeout: the layout takes longer than the time limit, attempts with coarser pictures included.
            LayoutError: Graphviz failed.
        """
        if self._svg is None:
            with no_fork:
                from .svg import finish_svg

            svg = self._rows() if self._rows is not None else None
            if svg is None:
                svg = self._paint() if self._paint is not None and self._is_ours() else self._render("svg")
            self._svg = finish_svg(svg, title=self.title, description=self.caption)
        return self._svg

    @property
    def html(self) -> str:
        """The picture as an image inside HTML, for any page; wider than that it scrolls.

        Raises:
            As for ``svg``.
        """
        return as_html(self.svg, width_of(self.svg), self.caption)

    def _is_ours(self) -> bool:
        """Whether we lay the picture out ourselves: a network, and all others where there is no Graphviz."""
        with no_fork:
            from .render import is_installed

        return self._framed or not is_installed()

    def _render(self, format: str) -> bytes:
        """Lay out; a coarser picture takes the place of this one if that takes too long.

        The first attempt has half of the time, the next half of what is left, and so on; the last has all of it.
        """
        from ..errors import LayoutTimeout

        with no_fork:
            from .render import render

        limit = self._time_limit
        if limit is None:
            return render(self.dot, format)
        end = monotonic() + limit
        other: Drawing | None = None

        def more() -> float:
            """Seconds to go on for: all that are left if there is nothing coarser."""
            nonlocal other
            other = self._coarser() if self._coarser is not None else None
            return 0 if other is not None else end - monotonic()

        while True:
            left = max(end - monotonic(), 0.001)
            other = None
            try:
                return render(self.dot, format, time_limit=left if self._coarser is None else left / 2, more=more)
            except LayoutTimeout:
                if other is None or end <= monotonic():
                    raise LayoutTimeout(
                        f"the layout takes longer than {limit:g} s: draw less (max_nodes=), or allow more (time_limit=)"
                    ) from None
                for name in ("dot", "title", "caption", "_coarser", "_paint", "_framed"):
                    setattr(self, name, getattr(other, name))

    def __getstate__(self) -> dict[str, Any]:
        """Without the graph, from which a coarser picture would be made, or this one laid out."""
        if self._rows is not None or self._is_ours():
            _ = self.svg
        return {**self.__dict__, "_coarser": None, "_paint": None, "_rows": None}

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file; its ending says how: .svg, .png, .pdf or .dot.

        Raises:
            OptionError: it has another ending.
            MissingDependency: a .png or .pdf, and neither Graphviz's ``dot`` nor pygraphviz is there.
            LayoutTimeout: as for ``svg``.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in _FORMATS:
            raise OptionError(f"save writes {', '.join(_FORMATS)}, by the ending of the name, not {fspath(path)!r}")
        if suffix == ".dot":
            content = self.dot.encode()
        elif suffix == ".svg":
            content = self.svg.encode()
        else:
            warn_without_fonts()
            content = self._render(suffix[1:])
        write_whole(path, content)

    def __repr__(self) -> str:
        return f"<Drawing: {self.title}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture, or where it cannot be laid out the reason and what to do."""
        try:
            return {"text/html": self.html, "image/svg+xml": self.svg, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r}\n{self.caption}\nNo picture: {error}"}


def draw(
    output: Value | Sequence[Value],
    *,
    names: Mapping[str, Value] | Mapping[Value, str] | None = None,
    direction: str = "auto",
    expand: bool | Iterable[Value] = False,
    around: Value | None = None,
    depth: int | None = None,
    max_nodes: int = 150,
    highlight: Any = (),
    show: str = "backward",
    fold: bool = True,
    time_limit: float | None = 10.0,
) -> Drawing:
    """Draw the graph that ``output`` depends on.

    One box for each Value: its name, the operation, data, and gradient, "—" until a backward pass has run.  One arrow
    for each operand: on it the local derivative, coloured by its sign; the wider, the larger the contribution, that
    derivative times the gradient of the result, which is in the tooltip.  Leaves, parameters, constants and outputs
    have a shape of their own; a parameter is a leaf with a label as ``nn`` gives it, w_11^(1) or b_1^(1).  The neurons
    of ``nn`` and what ``group`` names are framed, and layers where each neuron is one box.

    A graph of more than ``max_nodes`` Values is not drawn in full.  What ``group`` names becomes one box; or of a
    network each neuron, or if these are too many, each layer.  Of another graph what is repeated, as in a loop over
    samples, is drawn once, in a frame "× 16", or else the nodes nearest to the output.  The caption says what is left
    out.

    Args:
        output: a Value, or a list of them.
        names: {"x": x} or {x: "x"}, before the labels of the nodes; those without either are called as your variables
            are, or v1, v2 …
        direction: "LR", from left to right; "TB", "RL" or "BT"; "auto" is "LR"; of what is long and thin
            rows from left to right, or "TB" where too many arrows would lead from one to the next.
        expand: True, or some nodes: draw n-ary operations such as dot as the sums and products that they consist of.
        around: draw this node and those near it, on which it depends or which depend on it.
        depth: how many steps from ``around``, 2 if nothing is said; or else from the output.
        max_nodes: draw no more Values than this one by one.
        highlight: nodes, or a path that ``explain`` found: they stand out, and the rest fades.
        show: "backward"; "forward", without derivatives; "formula", with local derivatives as algebra.
        fold: whether what is repeated may be drawn once.
        time_limit: seconds for the layout, None for no limit; beyond it a coarser picture is drawn.

    Raises:
        OptionError: an option is not one of these, or a node given is not in the graph.
        OperandError: ``names`` is not a dict of names and Values.

    >>> y = Value(3.0)
    >>> x = 2 * y
    >>> f = x * x
    >>> f.backward()
    >>> draw(f)
    <Drawing: The graph of f: 3 values and 1 constant>
    >>> draw(f).dot.count("->")  # x * x has two arrows
    4
    """
    outputs = _values(output, "output")
    if not outputs:
        raise OptionError("draw takes a Value or a list of Values, not an empty list")
    _check_options(direction, depth, max_nodes, show, fold, time_limit)
    highlight = _one_path(highlight)
    found = caller_names(2)
    graph = everything(outputs)
    kept = _values(getattr(highlight, "nodes", highlight), "highlight")
    for what, nodes in (("around", [] if around is None else _values(around, "around")), ("highlight", kept)):
        if not all(node in graph for node in nodes):
            raise OptionError(f"{what} has a node that the output does not depend on; draw another output")
    chosen = set() if isinstance(expand, bool) else {*_values(expand, "expand")}
    for node in chosen:
        if node not in graph or not is_expandable(node):
            raise OptionError(
                "expand is True, or nodes of this graph with an n-ary operation such as dot or sum; "
                f"one of those given is {node!r:.80}"
            )

    def drawing(limit: int, finer: int | None = None) -> Drawing | None:
        """The picture with so many nodes at most; None if it has no fewer boxes than the finer one."""
        selection = _selected(graph, outputs, around, depth, limit, {*kept}, fold)
        wanted = [node for node in selection.nodes if is_expandable(node)]
        if expand is not True:
            wanted = [node for node in wanted if node in chosen]
        room = 0 if selection.members else limit - len(selection.nodes) if expand is True else None
        expansions, refused = _expanded(wanted, room)
        picture = (FoldedPicture if selection.members else Picture)(
            selection,
            outputs,
            _named(selection, expansions, outputs, names, found),
            show,
            expansions,
            kept,
            hasattr(highlight, "nodes"),
        )
        size = len(picture.boxes)
        if finer is not None and size >= finer:
            return drawing(limit // 3, finer) if limit > _COARSEST else None
        late = None if finer is None else time_limit
        title, caption = describe(picture, selection, outputs, around, depth, refused, late)
        framed = any(box.place for box in picture.boxes)
        long = direction == "auto" and picture.is_long()
        way = ("TB" if long else "LR") if direction == "auto" else direction
        coarser = (lambda: drawing(limit // 3, size)) if limit > _COARSEST else None
        return Drawing(
            to_dot(picture, way, title, caption),
            title,
            caption,
            time_limit,
            coarser,
            lambda: paint(picture, way, caption),
            size <= _OURS and (framed or any(box.kind == "group" for box in picture.boxes)),
            (lambda: paint_in_rows(picture, caption)) if long and not framed and size <= _OURS else None,
        )

    return drawing(max_nodes)  # type: ignore[return-value]  # it is None beside a finer one alone


def _one_path(highlight: Any) -> Any:
    """What is to stand out, with the path in place of a tuple of one path."""
    paths = getattr(highlight, "paths", highlight)
    if isinstance(paths, tuple) and paths and all(isinstance(path, _ExplainedPath) for path in paths):
        if len(paths) > 1:
            raise OptionError(
                f"highlight takes one path, and there are {len(paths)}: say which, as in highlight=explanation.paths[0]"
            )
        return paths[0]
    if paths is not highlight:
        raise OptionError("highlight takes a path, and the explanation has none")
    return highlight


def _values(x: Any, what: str) -> list[Value]:
    """A node or nodes, as a list."""
    if isinstance(x, Value):
        return [x]
    try:
        nodes = [*x]
    except TypeError:
        nodes = [x]
    for node in nodes:
        if not isinstance(node, Value):
            raise OptionError(f"{what} is a Value or a list of Values, and has {type(node).__name__} {node!r:.40}")
    return [*dict.fromkeys(nodes)]


def _check_options(direction: Any, depth: Any, max_nodes: Any, show: Any, fold: Any, time_limit: Any) -> None:
    for name, option, known in (("direction", direction, _DIRECTIONS), ("show", show, _SHOWS)):
        if option not in known and not (name == "direction" and option == "auto"):
            raise OptionError(f"{name} is one of {', '.join(map(repr, known))}, not {option!r:.40}")
    for name, option, least in (("depth", depth, 0), ("max_nodes", max_nodes, 1)):
        if option is None and name == "depth":
            continue
        if not isinstance(option, int) or isinstance(option, bool) or option < least:
            raise OptionError(f"{name} is a whole number from {least} on, not {option!r:.40}")
    if not isinstance(fold, bool):
        raise OptionError(f"fold is True or False, not {fold!r:.40}")
    if time_limit is not None and not (is_number(time_limit) and time_limit > 0):
        raise OptionError(f"time_limit is a number of seconds above 0, or None for no limit, not {time_limit!r:.40}")


def _selected(
    graph: dict[Value, None],
    outputs: Sequence[Value],
    around: Value | None,
    depth: int | None,
    limit: int,
    keep: set[Value],
    fold: bool,
) -> Selection:
    if around is None and depth is None:
        if len(graph) <= limit:
            selection = whole(graph)
            selection.frames = named_frames(graph)
            return selection
        if not keep:
            grouped = group_named(graph, outputs, limit) or group_network(graph, outputs, limit)
            if grouped is None and fold:
                grouped = folded(graph, outputs, limit)
            if grouped is not None:
                return grouped
    if around is not None and depth is None:
        depth = _NEAR
    return neighbourhood(graph, outputs, around, depth, limit, keep)


def _expanded(nodes: Sequence[Value], room: int | None) -> tuple[dict[Value, Expansion], int]:
    """The nodes spelled out, the last first, while there is room; and how many had to stay whole."""
    expansions: dict[Value, Expansion] = {}
    for node in reversed(nodes):
        expansion = Expansion.of(node) if room is None or len(node.operands) <= 2 * room else None
        if expansion is not None and room is not None:
            room -= len(expansion.elements) - 1
            if room < 0:
                room, expansion = room + len(expansion.elements) - 1, None
        if expansion is not None:
            expansions[node] = expansion
    return expansions, len(nodes) - len(expansions)


def _named(
    selection: Selection,
    expansions: Mapping[Value, Expansion],
    outputs: Sequence[Value],
    names: Any,
    found: Mapping[Value, str],
) -> Names:
    order: list[Value] = []
    for node in selection.nodes:
        if node in expansions:
            order += expansions[node].elements[:-1]
        order.append(node)
    named = {*order}
    order += [output for output in outputs if output not in named and (output in found or output.label)]
    return Names(order, names, found)
