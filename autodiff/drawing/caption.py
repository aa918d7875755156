"""What a picture shows and what it leaves out, in words: for those who see it, and for those who hear it read."""

from __future__ import annotations

from collections.abc import Sequence

from ..value import Value
from .picture import Picture
from .selection import Selection

__all__ = ["describe"]


def describe(
    picture: Picture,
    selection: Selection,
    outputs: Sequence[Value],
    around: Value | None,
    depth: int | None,
    whole: int,
    time_limit: float | None = None,
) -> tuple[str, str]:
    """The title and the caption.

    Args:
        picture: what was drawn.
        selection: what it shows of the graph.
        outputs: the nodes that the graph ends in.
        around: the node in the middle.
        depth: how far away the others may be.
        whole: how many nodes were to be spelled out, but are not.
        time_limit: in how many seconds a finer picture could not be laid out; None if this is the one asked for.
    """
    title = _title(picture, selection, outputs, around, depth)
    sentences = [f"{title}.", *_reading(picture)]
    left_out = _left_out(picture, selection)
    if left_out or time_limit is None:
        sentences.append(left_out or "Nothing is left out.")
    if whole:
        sentences.append(f"{_count(whole, 'n-ary operation')} stay whole, for want of room or of equal derivatives.")
    if time_limit is not None:
        sentences.append(f"It is coarser than asked: a finer one could not be laid out within {time_limit:g} s in all.")
    return title, " ".join(sentences)


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _title(
    picture: Picture, selection: Selection, outputs: Sequence[Value], around: Value | None, depth: int | None
) -> str:
    names = [picture.named(output) for output in outputs]
    ends = (
        names[0]
        if len(names) == 1
        else f"{', '.join(names[:-1])} and {names[-1]}"
        if len(names) < 4
        else f"{names[0]} to {names[-1]}"
    )
    drawn = len(selection.nodes)
    if selection.groups:
        return f"The graph of {ends}: {_count(selection.total, 'value')}, in {_count(len(selection.groups), 'group')}"
    if drawn == selection.total:
        constants = f" and {_count(picture.constants, 'constant')}" if picture.constants else ""
        return f"The graph of {ends}: {_count(drawn, 'value')}{constants}"
    if selection.members:
        return f"The graph of {ends}: {_count(selection.total, 'value')}, what is repeated drawn once"
    near = picture.named(around) if around is not None else ends
    return f"The graph of {ends} in part: of {_count(selection.total, 'value')} the {drawn:,} nearest to {near}"


def _reading(picture: Picture) -> list[str]:
    if not any(arrow.label for arrow in picture.arrows):
        return ["Arrows go from an operand to the result."]
    what = "as algebra" if picture.show == "formula" else ""
    sentence = f"On each arrow from an operand to its result stands the local derivative{' ' * bool(what)}{what}"
    if picture.ran:
        return [
            f"{sentence}; the wider, the larger its contribution, that derivative times the gradient of the result."
        ]
    return [f"{sentence}. No backward pass has run yet, so gradients are —."]


def _left_out(picture: Picture, selection: Selection) -> str:
    if selection.groups:
        some = " Arrows between groups are those of some of their members." if selection.sampled else ""
        shared = (
            f", and {_count(selection.shared, 'leaf', 'leaves')} that several of them take" if selection.shared else ""
        )
        return f"Left out: what is inside the groups{shared}.{some}"
    hidden = selection.total - len(selection.nodes)
    if selection.members:
        sums = ", and as wide as the sum of their contributions" if picture.ran and picture.show != "forward" else ""
        return (
            f"Left out: {_count(hidden, 'value')} that repeat those drawn. A box with × stands for so many: of their "
            f"numbers it has the least and the greatest. An arrow stands for as many, or for those that it says{sums}."
        )
    if hidden:
        return f"Left out: {_count(hidden, 'value')}; ⋯ says how many operands or users of a box are among them."
    return ""
