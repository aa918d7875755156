"""A picture written in DOT: where its boxes, arrows, frames, legend and caption go, and how they look."""

from __future__ import annotations

from collections import Counter
from math import atan2, degrees, hypot, isfinite
from textwrap import wrap

from . import dot, style
from .picture import Arrow, Box, Picture

__all__ = ["breadth", "heading", "largest_contribution", "legend", "sign", "to_dot"]

_LETTER = 5.6
"""The width of a character on an arrow, in points."""

_INPUTS = 12
"""Of more inputs the order is Graphviz' own."""

_LARGE = 300
"""Of more boxes than this Graphviz would straighten the arrows for minutes."""

_QUICK = {"nslimit": "0.05", "nslimit1": "0.2", "mclimit": "0.05", "splines": "line"}
"""What shortens that: fewer rounds of improvement, and straight arrows, which then take no time."""


def to_dot(picture: Picture, direction: str, title: str, caption: str) -> str:
    """The picture in DOT: the same for the same graph, whatever the process."""
    q = dot.quoted
    dense = len(picture.arrows) > 3 * len(picture.boxes)  # layers of neurons, all connected
    longest = max([len(style.shown(arrow.label, style.NAME)) for arrow in picture.arrows], default=0)
    lines = [
        f"digraph {q('autodiff')} {{",
        dot.statement(
            "graph",
            {
                "rankdir": direction,
                "pad": "0.15",
                "nodesep": "0.22",
                "ranksep": f"{max(1.5 if dense else 0.75, (_LETTER * longest + 24) / 72):.2f}",
                "fontname": q(style.FONT),
                "fontsize": "10",
                "fontcolor": q(style.NEUTRAL),
                "tooltip": dot.tooltip(title),
                "labelloc": "b",
                "labeljust": "l",
                "label": f"<{_foot(picture, caption)}>",
                **(_QUICK if len(picture.boxes) > _LARGE else {}),
            },
        ),
        dot.statement(
            "node",
            {
                "fontname": q(style.FONT),
                "fontsize": "11",
                "fontcolor": q(style.INK),
                "margin": q("0.1,0.06"),
                "height": "0.2",
                "width": "0.2",
            },
        ),
        dot.statement(
            "edge",
            {
                "fontname": q(style.FONT),
                "fontsize": "10",
                "arrowsize": "0.6",
            },
        ),
    ]
    lines += _clusters(picture, direction)
    inputs = _inputs(picture)
    if len(inputs) > 1:
        lines.append(f"  {{ rank=same; {' -> '.join(inputs)} [style=invis]; }}")
    largest = largest_contribution(picture)
    out = Counter([arrow.tail for arrow in picture.arrows])
    into = Counter([arrow.head for arrow in picture.arrows if out[arrow.tail] > 1])
    places = {box.key: box.place for box in picture.boxes}
    groups = {box.key for box in picture.boxes if box.kind == "group"}
    alike = Counter([(arrow.tail, arrow.head) for arrow in picture.arrows])
    drawn: set[tuple[str, str]] = set()
    for arrow in picture.arrows:
        ends = arrow.tail, arrow.head
        below = alike[ends] > 1 and ends not in drawn  # the first of x·x, which Graphviz puts below the second
        drawn.add(ends)
        # A label stands at the end where fewer arrows leave or arrive.
        crowded = out[arrow.tail] > max(into[arrow.head], 1)
        # What enters a frame begins a rank earlier than what is in it, so that layers stand side by side.
        enters = places[arrow.head] and places[arrow.tail][:1] != places[arrow.head][:1]
        longer = bool(enters) and not arrow.dashed and arrow.head not in groups
        lines.append(_arrow(picture, arrow, largest, direction in ("TB", "BT"), crowded, below, longer))
    return "\n".join([*lines, "}", ""])


def _inputs(picture: Picture) -> list[str]:
    """The leaves outside the frames that only the neurons of one layer use: they stand in their order."""
    places = {box.key: box.place for box in picture.boxes}
    heads: dict[str, set[str]] = {}
    for arrow in picture.arrows:
        place = places[arrow.head]
        heads.setdefault(arrow.tail, set()).add(place[0] if place else "")
    leaves = [box.key for box in picture.boxes if box.kind == "leaf" and not box.place]
    framed = [key for key in leaves if len(heads.get(key, "")) == 1 and heads[key] != {""}]
    return [key for key in framed if heads[key] == heads[framed[0]]] if len(framed) <= _INPUTS else []


def _clusters(picture: Picture, direction: str) -> list[str]:
    """The boxes, each within the frame of its place.

    Neurons drawn node by node have no frame around their layer: arrows from the layer before could not pass between
    them then, and would all go round the outside.
    """
    frames: dict[tuple[str, ...], list[Box]] = {}
    for box in picture.boxes:
        frames.setdefault(box.place, []).append(box)
    lines = [_box(picture, box, 1) for box in frames.pop((), [])]
    for place in sorted(frames, key=lambda place: [*map(style.numerically, place)]):
        lines += _open_cluster(", ".join(place), "l" if direction == "RL" else "r")
        lines += [_box(picture, box, 2) for box in frames[place]]
        lines.append("  }")
    return lines


def _open_cluster(label: str, side: str) -> list[str]:
    look = {
        "label": dot.quoted(label),
        "labelloc": "t",
        "labeljust": side,  # where arrows leave: fewer do than arrive
        "style": "rounded",
        "color": dot.quoted(style.FRAME),
        "margin": "10",
        "tooltip": dot.tooltip(label),
    }
    return [f"  subgraph {dot.quoted('cluster ' + label)} {{", dot.statement("graph", look, 2)]


def _box(picture: Picture, box: Box, indent: int) -> str:
    _, look = style.KINDS[box.kind]
    attributes = {key: dot.quoted(value) for key, value in look.items()}
    attributes["class"] = dot.quoted(box.kind)
    if box.kind == "constant":
        attributes["margin"] = dot.quoted("0.06,0.02")
    attributes["label"] = f"<{_written_in(box)}>"
    attributes["tooltip"] = dot.tooltip(box.tooltip)
    if box.key in picture.highlight:
        attributes["penwidth"] = "3"
    elif picture.highlight:
        attributes["penwidth"] = "0.5"
    return dot.statement(box.key, attributes, indent)


def heading(box: Box) -> tuple[str, str, str]:
    """What a box is called, and what it is: beside its name where that is short, or else on a line below."""
    name = style.shown(box.name, style.LINE if box.kind == "group" else style.NAME)
    says = style.shown(box.says, style.LINE)
    if not says or box.kind == "group":
        return name, "", says
    return (name, f"= {says}", "") if len(box.name) + len(says) <= style.LINE else (name, "", f"= {says}")


def _written_in(box: Box) -> str:
    """The HTML-like label of a box."""
    shown, beside, below = heading(box)
    name = dot.html(shown)
    if box.kind == "stub":
        return dot.styled(name, colour=style.NEUTRAL, size=10)
    if box.kind == "constant":
        return dot.styled(name, size=10)
    head = dot.styled(name, bold=True)
    rows = [[dot.cell(head + f"&#160;{dot.html(beside)}" * bool(beside), span=2)]]
    if below:
        rows.append([dot.cell(dot.html(below), span=2)])
    rows += [
        [dot.cell(dot.styled(word + "&#160;&#160;", colour=style.MUTED, size=9)), dot.cell(dot.html(text), "RIGHT")]
        for word, text in box.rows
    ]
    return dot.table(rows)


def _arrow(
    picture: Picture, arrow: Arrow, largest: float, upright: bool, at_head: bool, below: bool, longer: bool
) -> str:
    """One arrow, upright or level, its label at the head or the tail, above or below it; ``longer`` spans two ranks."""
    attributes: dict[str, str] = {"color": dot.quoted(arrow.colour)}
    if picture.highlight and not picture.stands_out(arrow):
        attributes["color"] = dot.quoted(arrow.colour + "55")
    if arrow.label:
        text = style.shown(arrow.label, style.NAME)
        attributes["headlabel" if at_head else "taillabel"] = dot.quoted(text)
        # Where its middle is, in points: so far from the box, clear of the arrowhead, and so far from the arrow.
        half = _LETTER / 2 * len(text)
        along, aside = (14 if at_head else 10, half + 4) if upright else (half + (14 if at_head else 9), 8)
        attributes["labeldistance"] = f"{hypot(along, aside) / 10:.3g}"
        attributes["labelangle"] = f"{(-1 if at_head != below else 1) * degrees(atan2(aside, along)):.3g}"
        attributes["fontcolor"] = dot.quoted(arrow.colour)
    if arrow.tooltip:
        attributes["tooltip"] = attributes["labeltooltip"] = dot.tooltip(arrow.tooltip)
    if longer:
        attributes["minlen"] = "2"
    if arrow.dashed:
        attributes["style"] = "dashed"
        attributes["arrowhead"] = "none"
    attributes["penwidth"] = f"{breadth(arrow, largest):.3g}"
    attributes["class"] = dot.quoted(sign(arrow))
    return dot.statement(f"{arrow.tail} -> {arrow.head}", attributes)


def largest_contribution(picture: Picture) -> float:
    """The largest finite one, by its absolute value; 0 if there is none."""
    return max([abs(a.contribution) for a in picture.arrows if a.contribution and isfinite(a.contribution)], default=0)


def breadth(arrow: Arrow, largest: float) -> float:
    """How wide an arrow is, by its contribution beside the largest."""
    if arrow.dashed:
        return 0.7
    if arrow.contribution is None or not largest:
        return 1.0
    share = abs(arrow.contribution) / largest
    return 0.7 + 2.8 * (min(share, 1.0) if share == share else 0.0)


def sign(arrow: Arrow) -> str:
    """The class of an arrow."""
    return {style.POSITIVE: "positive", style.NEGATIVE: "negative"}.get(arrow.colour, "neutral")


def legend(picture: Picture) -> list[tuple[str, str]]:
    """What the legend explains: the kinds of boxes that there are, and the colours of signs, each with its words."""
    present = {box.kind for box in picture.boxes}
    entries = [(kind, name) for kind, (name, _) in style.KINDS.items() if kind in present and kind != "stub"]
    if any(arrow.label for arrow in picture.arrows):
        words = ("positive", "< 0 negative") if picture.show == "formula" else ("+ positive", "− negative")
        entries += [*zip((style.POSITIVE, style.NEGATIVE), words, strict=True)]
    return entries


def _foot(picture: Picture, caption: str) -> str:
    """The legend and the caption, below the picture."""
    chips = [
        _chip(words, style.KINDS[what][1]) if what in style.KINDS else dot.styled(dot.html(words), colour=what)
        for what, words in legend(picture)
    ]
    rows = [[dot.cell(dot.table([[dot.cell(chip) for chip in chips]], spacing=4)), "<TD></TD>"]]
    rows += [[dot.cell(dot.html(line), span=2)] for line in wrap(caption, 100)]
    return dot.table(rows)


def _chip(name: str, look: dict[str, str]) -> str:
    """A word of the legend in a box such as it stands for."""
    colours = f'COLOR="{look["color"]}" BGCOLOR="{look["fillcolor"]}"'
    border = ",".join([word for word in look["style"].split(",") if word != "filled"]).upper()
    shape = f' STYLE="{border}"' * bool(border)
    content = f"<TR><TD>{dot.styled(name, colour=style.INK, size=9)}</TD></TR>"
    chip = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" {colours}{shape}>{content}</TABLE>'
    if "peripheries" in look:
        around = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="1" CELLPADDING="0" {colours}{shape}>'
        chip = f"{around}<TR><TD>{chip}</TD></TR></TABLE>"
    return chip
