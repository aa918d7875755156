"""An explanation in words and formulas: as text for a terminal, as Markdown and LaTeX for a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from math import isclose, isfinite, log10
from operator import attrgetter
from textwrap import wrap
from typing import Any

from .formula import derivative_term, recorded_term, value_term
from .naming import Names, _by_node, subscripted, superscript
from .pathsearch import Edge, Path, operand_positions
from .pathsplit import Split
from .term import Term, names_in, number_at, renamed
from .typeset import _Latex, _Plain
from .value import Value

__all__ = ["Words", "count_text", "short"]

_LONG_PATH = 8  # stretches; of a longer one both ends are shown
_LONG_STRETCH = 6  # edges; of a longer one only the number is shown
_LONG_SUM = 4  # paths; of more, the equation shows the first two
_LARGE = 6  # symbols; an unnamed node that takes more to write down has a name of its own, v1
_LINES = 12  # definitions
_WIDTH = 110  # characters
_PARTS = 12  # of a split


def short(x: float) -> str:
    """A number to 4 significant digits, as in a picture.

    >>> short(-32.253789), short(2.0), short(1.5e-7)
    ('−32.25', '2', '1.5·10⁻⁷')
    """
    digits, _, power = f"{x + 0.0:.4g}".replace("-", "−").replace("inf", "∞").partition("e")  # + 0.0: no sign of −0
    return f"{digits}·10{superscript(str(int(power.replace('−', '-'))))}" if power else digits


def count_text(count: int) -> str:
    """A count as a person would write it, however large.

    >>> count_text(12), count_text(2**60), count_text(3**10_000)
    ('12', '1,152,921,504,606,846,976 = 2⁶⁰', 'about 1.631·10⁴⁷⁷¹')
    """
    digits = log10(count) if count else 0.0
    power = superscript(str(count.bit_length() - 1)) if count >= 1024 and count & (count - 1) == 0 else ""
    if digits > 21:
        return f"2{power}" if power else f"about {10 ** (digits % 1):.4g}·10{superscript(str(int(digits)))}"
    return f"{count:,}" + (f" = 2{power}" if power else "")


def _plural(count: int, noun: str) -> str:
    return f"{count_text(count)} {noun}{'s' * (count != 1)}"


class Words:
    """What an explanation says, and the names that it uses."""

    def __init__(
        self, explanation: Any, names: Any, found: Mapping[Value, str], incoming: dict[Value, list[Edge]]
    ) -> None:
        self.explanation = explanation
        self.given = {**found, **_by_node(names)}
        self.routes = [_shown(path) for path in explanation.paths]
        edges = [edge for route in self.routes for edge in route if edge]
        self.stops = {explanation.output, explanation.input}
        self.stops.update([node for edge in edges for node in (edge.child, edge.source)])
        # A variable that enters an operation twice: which place an edge is for.
        self.places: dict[Edge, int] = {}
        for edge in edges:
            twins = [other for other in incoming[edge.child] if other.source is edge.source]
            if len(twins) > 1:
                self.places[edge] = twins.index(edge) + 1
        # Formulas first with a key for each node; names only for the nodes that stand in one.
        self._keys: dict[Value, str] = {}
        self._terms: dict[tuple[Value, bool], Any] = {}
        self._formulas_of = {edge: self._formula(edge) for edge in edges}
        self._definition_of = {node: self._recorded(node) for node in self.stops if node.op}
        by_key = {key: node for node, key in self._keys.items()}
        in_formulas: set[Value] = set()
        shown = [term for terms in self._formulas_of.values() for term in terms or ()]
        for term in [*shown, *self._definition_of.values()]:
            in_formulas.update([by_key[key] for key in names_in(term) if key in by_key])
        self.mentioned = sorted({*self.stops, *in_formulas}, key=attrgetter("serial"))
        self.names = Names(self.mentioned, names, found)

        def named(key: str) -> str:
            return self.name(by_key[key]) if key in by_key else key

        self._formulas_of = {
            edge: terms and [renamed(term, named) for term in terms] for edge, terms in self._formulas_of.items()
        }
        self._definition_of = {node: renamed(term, named) for node, term in self._definition_of.items()}

    # What a node is called, and what it is.

    def name(self, node: Value) -> str:
        """What the explanation calls a node."""
        return _printable(subscripted(self.names[node]))

    def _is_symbol(self, node: Value) -> bool:
        """Whether a formula has the node's name in it, rather than what the node computes."""
        return self._symbols_in(node, 3) > _LARGE or self._has_name(node)

    def _has_name(self, node: Value) -> bool:
        return node in self.stops or not node.op or bool(node.label) or node in self.given

    def _symbols_in(self, x: Value | float, depth: int) -> int:
        if not isinstance(x, Value) or self._has_name(x):
            return 1
        if not depth or len(x.operands) > _LARGE:
            return _LARGE + 1
        return sum([self._symbols_in(operand, depth - 1) for operand in x.operands])

    def _term(self, x: Value | float, as_recorded: bool = False) -> Any:
        """An operand in a formula: its key, or what it computes, simplified or not."""
        if not isinstance(x, Value):
            return x
        if (x, as_recorded) not in self._terms:
            if self._is_symbol(x):
                self._terms[x, as_recorded] = Term.named(self._keys.setdefault(x, f"\0{len(self._keys)}"))
            else:
                operands = [self._term(operand, as_recorded) for operand in x.operands]
                self._terms[x, as_recorded] = (recorded_term if as_recorded else value_term)(x.op, operands)  # type: ignore[arg-type]
        return self._terms[x, as_recorded]

    def _recorded(self, node: Value) -> Any:
        """What a node computes, as it was recorded."""
        return recorded_term(node.op, [self._term(x, as_recorded=True) for x in node.operands])  # type: ignore[arg-type]

    def _formula(self, edge: Edge) -> list[Any] | None:
        """The factors of a stretch, in symbols: one, simplified, if that is still true here; None if they are many."""
        if len(edge.steps) > _LONG_STRETCH:
            return None
        product: Any = 1.0
        for node, k in edge.steps:
            product = product * self._factor(node, k, self._term)
        numbers = {key: node.data for node, key in self._keys.items()}
        found = number_at(product, numbers)
        if found is None or _alike(found, edge.factor):
            return [product]
        return [self._factor(node, k, self._whole) for node, k in edge.steps]

    def _factor(self, node: Value, k: int, term: Callable[[Value | float], Any]) -> Any:
        position = operand_positions(node)[k]
        return derivative_term(node.op, position, [term(x) for x in node.operands], term(node))  # type: ignore[arg-type]

    def _whole(self, x: Value | float) -> Any:
        """An operand as it was recorded, with which nothing is simplified."""
        term = self._term(x, as_recorded=True)
        return term if not isinstance(term, Term) or term[0] == "name" else Term(("whole", term))

    # Parts of every form.

    def _sign_of_sum(self) -> str:
        """The letter of the derivative that is explained: d where ∂ stands for the direct edge alone."""
        direct = any(len(route) == 1 and route[0] not in self.places for route in self.routes)
        return "d" if direct and self.explanation.count > 1 else "∂"

    def _notes(self) -> list[str]:
        f, x = self.name(self.explanation.output), self.name(self.explanation.input)
        notes = []
        if self._sign_of_sum() == "d":
            notes.append(f"d{f}/d{x} is the derivative along all paths, ∂{f}/∂{x} the one along the direct path alone.")
        if self.places:
            edge = next(iter(self.places))
            child, source = self.name(edge.child), self.name(edge.source)
            notes.append(
                f"{source}⁽¹⁾, {source}⁽²⁾ …: {source} enters {child} in more than one place; one path for each."
            )
        looks = [(self._arrows(route), self._symbols(route)) for route in self.routes]
        if len({*looks}) < len(looks):
            notes.append("Paths that look alike differ inside the “…”.")
        return notes

    def _definitions(self, writer: _Plain) -> list[tuple[str, str, str]]:
        """Name, formula (empty for a leaf, and for what is only mentioned) and number, of what the formulas mention."""
        nodes = self.mentioned
        if len(nodes) > _LINES:  # those of the first path
            first = {self.explanation.output, self.explanation.input, *[edge.child for edge in self.routes[0] if edge]}
            nodes = [node for node in nodes if node in first]
        number = _latex_short if isinstance(writer, _Latex) else short
        lines = []
        for node in nodes:
            formula = writer.write(self._definition_of[node])[0] if node in self._definition_of else ""
            name = writer.name(self.name(node))
            lines.append((name, "" if formula == name or len(formula) > _WIDTH else formula, number(node.data)))
        return lines

    def _undefined(self, definitions: Sequence[Any]) -> str:
        """How many nodes the formulas mention whose definitions are not listed; empty if there are none."""
        more = len(self.mentioned) - len(definitions)
        return f"… and {_plural(more, 'more value')} in these formulas" if more else ""

    def _work(self) -> str:
        e = self.explanation
        sweep = f"{e.sweep_multiplications:,} in one reverse sweep, which uses every edge once"
        return f"{_plural(e.multiplications, 'multiplication')} path by path, {sweep}"

    def _parts(self, split: Split) -> str:
        """Each part of a split with its name, as a sum; of many the largest, and what the others come to."""
        parts = split.parts
        if len(parts) > _PARTS:
            kept = {*nlargest(_PARTS - 1, parts, key=lambda name: abs(parts[name]))}
            others = [part for name, part in parts.items() if name not in kept]
            parts = {name: part for name, part in parts.items() if name in kept}
            parts[f"{len(others)} others"] = sum(others)
        first, *more = [f"{short(part)} ({_printable(name)})" for name, part in parts.items()]
        return first + "".join([f" − {x[1:]}" if x.startswith("−") else f" + {x}" for x in more])

    def _headline(self) -> str:
        e = self.explanation
        f, x = self.name(e.output), self.name(e.input)
        if e.output is e.input:
            return f"∂{f}/∂{x} = 1: {f} is itself the input."
        if not e.count:
            why = f": {f} is a leaf, no operation was recorded for it" if not e.output.parents else ""
            return f"∂{f}/∂{x} = 0: no path leads from {f} to {x}{why}."
        verb = "leads" if e.count == 1 else "lead"
        largest = "the largest is" if len(e.paths) == 1 else f"the {len(e.paths)} largest are"
        shown = f"; {largest} shown" if e.count > len(e.paths) else ""
        return f"{_plural(e.count, 'path')} {verb} from {f} to {x}{shown}."

    # Text.

    def plain(self) -> str:
        """For a terminal."""
        e, lines = self.explanation, [self._headline()]
        if not e.count or e.output is e.input:
            return lines[0]
        lines.append("")
        for split in e.splits:
            text = f"split by {split.title}: {self._parts(split)}"
            lines += wrap(text, _WIDTH, initial_indent="  ", subsequent_indent=" " * 6)
        lines += [""] * bool(e.splits)
        definitions = self._definitions(_Plain())
        lines += ["  " + " = ".join([part for part in line if part]) for line in definitions]
        lines += [f"  {more}" for more in [self._undefined(definitions)] if more]
        f, x, d = self.name(e.output), self.name(e.input), self._sign_of_sum()
        equation = [self._symbols(route) for route in self.routes]
        if e.count > 1:
            if e.count > _LONG_SUM:
                equation = [*equation[:2], "…"]
            left = f"{d}{f}/{d}{x} = "
            total = left + " + ".join(equation)
            if len(total) > _WIDTH:
                total = left + "the sum, over all paths, of the product of the local derivatives along the path"
            lines += ["", f"  {total}"]
        lines += [f"  {note}" for note in self._notes()]
        lines += ["", *self._table(), ""]
        marks = {True: "✓", False: "✗", None: "–"}
        lines += [f"  {marks[good]} {what}" for good, what in e.checks()]
        lines.append(f"  {self._work()}")
        return "\n".join(lines)

    def _table(self) -> list[str]:
        e, rows = self.explanation, []
        for path, route in zip(e.paths, self.routes, strict=True):
            numbers = _numbers(path, route)
            formula = self._formulas(route)
            symbols = self._symbols(route)
            row = [self._arrows(route), symbols, formula, numbers, short(path.product)]
            row[2] = "" if formula in (numbers, row[4]) or len(formula) > 70 else formula
            row[3] = "" if numbers == row[4] else numbers
            rows.append(row)
        sums = [("sum", short(e.total))] if e.count > 1 else []
        if e.count > len(e.paths):
            sums.insert(0, (f"and {count_text(e.count - len(e.paths))} more paths, together", short(e.rest)))
        kept = [i for i in range(5) if any(row[i] for row in rows)]
        widths = [max(len(row[i]) for row in rows) for i in kept]
        widths[-1] = max(widths[-1], *[len(number) for _, number in sums], 0)
        if sum(widths) + 3 * len(widths) > _WIDTH:
            blocks = [f"  {row[0]}\n" + "\n".join([f"    = {part}" for part in row[1:] if part]) for row in rows]
            return [*blocks, *[f"  {what} = {number}" for what, number in sums]]
        lines = []
        for row in rows:
            line = "  " + row[0].ljust(widths[0])
            for i, width in zip(kept[1:], widths[1:], strict=True):
                between = "   " if i == 1 or not row[i] else " = "
                line += between + (row[i].rjust(width) if i == 4 else row[i].ljust(width))
            lines.append(line)
        before = len(lines[0]) - widths[-1] - 3
        return lines + [f"{what:>{before}} = {number:>{widths[-1]}}" for what, number in sums]

    def _arrows(self, route: Sequence[Edge | None]) -> str:
        return " ← ".join([self.name(self.explanation.output), *[self.name(e.source) if e else "…" for e in route]])

    def _symbols(self, route: Sequence[Edge | None]) -> str:
        return "·".join([self._symbol(edge) if edge else "…" for edge in route])

    def _symbol(self, edge: Edge) -> str:
        place = f"⁽{superscript(str(self.places[edge]))}⁾" if edge in self.places else ""
        return f"∂{self.name(edge.child)}/∂{self.name(edge.source)}{place}"

    def _formulas(self, route: Sequence[Edge | None]) -> str:
        writer = _Plain()
        parts = [self._written(edge, route, writer) for edge in route]
        if len(route) == 1 and not parts[0] and route[0]:
            return f"product of {len(route[0].steps):,} local derivatives"
        return "·".join([part or "…" for part in parts])

    def _written(self, edge: Edge | None, route: Sequence[Edge | None], writer: _Plain) -> str:
        """The formula of a stretch of a route, fit to be multiplied; empty if it is too long."""
        factors = (self._formulas_of[edge] if edge else None) or []
        latex = isinstance(writer, _Latex)
        binds = 2 if len(route) > 1 or len(factors) > 1 else int(latex)  # what stands alone in LaTeX may be added to
        return (" \\cdot " if latex else "·").join([writer.held(factor, binds) for factor in factors])

    # LaTeX and Markdown.

    def latex(self) -> str:
        """The equation, each form of it on a line."""
        e, writer = self.explanation, _Latex()
        f, x = writer.name(self.name(e.output)), writer.name(self.name(e.input))
        d = "\\mathrm{d}" if self._sign_of_sum() == "d" else "\\partial "
        left = f"\\frac{{{d}{f}}}{{{d}{x}}}"
        if not e.count or e.output is e.input:
            return f"{left} = {writer.number(e.total)}"
        routes, paths = self.routes, e.paths
        if e.count > _LONG_SUM:
            routes, paths = routes[:2], paths[:2]
        lines = []
        if e.count > 1 or len(routes[0]) > 1:
            lines.append([self._latex_symbols(route) for route in routes])
        formulas = [self._latex_formulas(route) for route in routes]
        lines += [formulas] if all(formulas) else []
        lines.append([self._latex_numbers(path, route) for path, route in zip(paths, routes, strict=True)])
        lines.append([_latex_short(path.product) for path in paths])
        joined = [_added([*line, *["\\cdots"] * (e.count > len(line))]) for line in lines]
        joined.append(_latex_short(e.total))
        different = [line for i, line in enumerate(joined) if i == 0 or line != joined[i - 1]]
        return f"\\begin{{aligned}}{left} &= " + " \\\\\n&= ".join(different) + "\\end{aligned}"

    def _latex_symbols(self, route: Sequence[Edge | None]) -> str:
        return "\\,".join([self._latex_symbol(edge) if edge else "\\cdots" for edge in route])

    def _latex_symbol(self, edge: Edge) -> str:
        name = _Latex().name
        source = name(self.name(edge.source))
        if edge in self.places:
            source = f"{{{source}}}^{{({self.places[edge]})}}"
        return f"\\frac{{\\partial {name(self.name(edge.child))}}}{{\\partial {source}}}"

    def _latex_formulas(self, route: Sequence[Edge | None]) -> str:
        parts = [self._written(edge, route, _Latex()) for edge in route]
        return " \\cdot ".join(parts) if all(parts) else ""

    def _latex_numbers(self, path: Path, route: Sequence[Edge | None]) -> str:
        factors = [_latex_short(edge.factor) if edge else "\\cdots" for edge in route]
        return " \\cdot ".join([f"({x})" if x.startswith("-") and len(factors) > 1 else x for x in factors])

    def markdown(self) -> str:
        """For a notebook; GitHub shows it too."""
        e, writer = self.explanation, _Latex()
        parts = [_markdown(self._headline())]
        if e.count and e.output is not e.input:
            parts += [_markdown(f"Split by {split.title}: {self._parts(split)}.") for split in e.splits]
            definitions = [" = ".join([part for part in line if part]) for line in self._definitions(writer)]
            parts.append(
                ",  ".join([f"${line}$" for line in definitions]) + f" {self._undefined(definitions)}".rstrip()
            )
            parts.append(f"$$\n{self.latex()}\n$$")
            parts += map(_markdown, self._notes())
            rows = ["| path | local derivatives | product |", "|:--|:--|--:|"]
            for path, route in zip(e.paths, self.routes, strict=True):
                stops = [writer.name(self.name(e.output))]
                stops += [writer.name(self.name(edge.source)) if edge else "\\cdots" for edge in route]
                formula = self._latex_formulas(route)
                steps = [self._latex_symbols(route), *[formula] * bool(formula), self._latex_numbers(path, route)]
                cells = [" \\leftarrow ".join(stops), " = ".join(dict.fromkeys(steps)), _latex_short(path.product)]
                rows.append("| " + " | ".join([f"${cell}$" for cell in cells]) + " |")
            if e.count > len(e.paths):
                more_paths = count_text(e.count - len(e.paths))
                rows.append(f"| and {more_paths} more, together | | ${_latex_short(e.rest)}$ |")
            if e.count > 1:
                rows.append(f"| **sum** | | ${_latex_short(e.total)}$ |")
            parts.append("\n".join(rows))
            marks = {True: "✓", False: "✗", None: "–"}
            checks = [f"- {marks[good]} {_markdown(what)}" for good, what in e.checks()]
            parts.append("\n".join([*checks, f"- {self._work()}"]))
        return "\n\n".join(parts) + "\n"


def _printable(name: str) -> str:
    return name if name.isprintable() else name.encode("unicode_escape").decode()


def _alike(x: float, y: float) -> bool:
    """Whether a formula comes to the number, but for rounding."""
    return isclose(x, y, rel_tol=1e-6, abs_tol=1e-12) if isfinite(x) and isfinite(y) else x == y or (x != x and y != y)


def _shown(path: Path) -> list[Edge | None]:
    """The stretches of a path; of a long one both ends, with None for what is left out."""
    edges = path.edges
    return [*edges] if len(edges) <= _LONG_PATH else [*edges[:4], None, *edges[-3:]]


def _numbers(path: Path, route: Sequence[Edge | None]) -> str:
    factors = [short(edge.factor) if edge else "…" for edge in route]
    return "·".join([f"({x})" if x.startswith("−") and len(factors) > 1 else x for x in factors])


def _latex_short(x: float) -> str:
    digits, _, power = f"{x + 0.0:.4g}".replace("inf", "\\infty").replace("nan", "\\mathrm{nan}").partition("e")
    return f"{digits} \\cdot 10^{{{int(power)}}}" if power else digits


def _added(terms: Sequence[str]) -> str:
    """The sum of terms in LaTeX; a minus at the front of one becomes the sign of the sum."""
    first, *others = terms
    return first + "".join([f" - {x[1:]}" if x.startswith("-") else f" + {x}" for x in others])


_MARKUP = str.maketrans({x: f"\\{x}" for x in "\\`*_{}[]#|$~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})


def _markdown(string: str) -> str:
    """Text in which no character is markup."""
    return string.translate(_MARKUP)
