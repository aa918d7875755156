r"""Graphviz's DOT language: a picture written as text, in which a label is text and nothing else.

Graphviz reads a label in one of three ways, and each has its escapes.  In all, ``\N`` stands for the name of the node.
A quoted string gives ``&`` a meaning and takes a doubled backslash for one.  So does a tooltip, but twice.  An
HTML-like label, which takes bold and colours, is markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["cell", "html", "quoted", "statement", "styled", "table", "tooltip"]


def html(text: str) -> str:
    """Text inside an HTML-like label.

    >>> html('<b> & "x"')
    '&lt;b&gt; &amp; &quot;x&quot;'
    """
    text = text.replace("\\", "\\\\").replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def quoted(text: str) -> str:
    r"""Text as a quoted string.

    >>> print(quoted('say "hi" \\N'))
    "say \"hi\" \\N"
    """
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def tooltip(text: str) -> str:
    r"""Text as the quoted string of a tooltip; lines stay lines.

    >>> print(tooltip('say "hi" \\N'))
    "say \"hi\" \\\\N"
    """
    text = text.replace("&", "&amp;").replace("\\", 4 * "\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def styled(text: str, *, bold: bool = False, colour: str = "", size: float = 0) -> str:
    """Text of an HTML-like label, already escaped, in bold, in a colour or in another size."""
    attributes = f' COLOR="{colour}"' * bool(colour) + f' POINT-SIZE="{size:g}"' * bool(size)
    text = f"<B>{text}</B>" if bold else text
    return f"<FONT{attributes}>{text}</FONT>" if attributes else text


def cell(content: str, align: str = "LEFT", span: int = 1) -> str:
    """A cell of an HTML-like table."""
    return f'<TD ALIGN="{align}"{f" COLSPAN={chr(34)}{span}{chr(34)}" if span > 1 else ""}>{content}</TD>'


def table(rows: Iterable[Iterable[str]], spacing: int = 0) -> str:
    """An HTML-like table of cells, without lines."""
    body = "".join([f"<TR>{''.join(row)}</TR>" for row in rows])
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="1">{body}</TABLE>'


def statement(subject: str, attributes: Mapping[str, str], indent: int = 1) -> str:
    """A line of DOT; the values of ``attributes`` are DOT already where they are quoted or HTML-like."""
    listed = ", ".join([f"{key}={value}" for key, value in attributes.items()])
    return f"{'  ' * indent}{subject} [{listed}];"
