"""What went wrong in a graph: where a number or a gradient stopped being finite, and the mistakes that beginners make.

Nothing here writes on the graph, and every function takes time and memory linear in its size.
"""

from __future__ import annotations

from math import inf, isclose, isfinite
from typing import TYPE_CHECKING

from .errors import OperandError
from .sweep import adjoints, topological_order
from .tree import flatten, places
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

__all__ = ["Finding", "check_graph", "find_nonfinite"]


class Finding:
    """One thing found in a graph.

    Attributes:
        kind: what sort of thing, a few words that do not change with the numbers.
        message: what was seen, with the numbers.
        remedy: what to do about it.
        node: the Value where it was seen; of several, the first.
    """

    __slots__ = ("kind", "message", "node", "remedy")

    def __init__(self, kind: str, node: Value, message: str, remedy: str) -> None:
        self.kind = kind
        self.node = node
        self.message = message
        self.remedy = remedy

    @property
    def op(self) -> str | None:
        """The name of the operation that made the node; None for a leaf."""
        return self.node.op.name if self.node.op else None

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """What that operation was applied to, in order: Values, and floats for constants."""
        return self.node.operands

    def __repr__(self) -> str:
        return f"<{self.kind}: {self.message}>"

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}\n  remedy: {self.remedy}"


# ---------------------------------------------------------------------------------------------------------------------
# NaN and infinity.
# ---------------------------------------------------------------------------------------------------------------------


def find_nonfinite(output: Value) -> Finding | None:
    """The first place where a graph, or the gradient of its output, stopped being finite; None if all is finite.

    First the numbers, from the leaves to the output.  If they are all finite, the backward pass, from the output to the
    leaves: sqrt at 0 is finite, but its derivative is not.  ``backward()`` need not have run.

    Raises:
        OperandError: ``output`` is no Value.

    >>> x = Value(0.0, label="x")
    >>> print(find_nonfinite(1 + x.log()))
    value: log(x=0.0) is -inf: the logarithm of 0
      remedy: keep the operand above 0: log(x + 1e-12); log_sigmoid and logsumexp need no such help
    >>> find_nonfinite(x.sqrt()).message
    'the derivative of sqrt(x=0.0) to x=0.0 is inf; times the gradient 1.0 that arrives there it gives inf'
    """
    order = topological_order(_value(output, "find_nonfinite: the output"))
    for node in order:
        if not isfinite(node.data):
            return _nonfinite_value(node, order)
    return _nonfinite_gradient(order)


def _value(x: object, what: str) -> Value:
    if not isinstance(x, Value):
        raise OperandError(f"{what} is a Value of the graph, not {type(x).__name__} {x!r}")
    return x


def _nonfinite_value(node: Value, order: Sequence[Value]) -> Finding:
    cause, remedy = _cause(node)
    message = f"{_call(node)} is {node.data!r}: {cause}"
    if node not in _selected(order):
        return Finding("bad branch", node, message + NOT_SELECTED, DOUBLE_WHERE)
    if node.data == node.data:  # an infinity, which may have become a nan since
        poisoned = next((other for other in order if other.data != other.data), None)
        if poisoned is not None:
            message += f"; the first nan that follows is {_call(poisoned)}: {_cause(poisoned)[0]}"
    return Finding("value", node, message, remedy)


def _nonfinite_gradient(order: Sequence[Value]) -> Finding | None:
    found = dict.fromkeys(order, 0.0)
    found[order[-1]] = 1.0
    for node in reversed(
        order
    ):  # a sweep of its own, for it looks at every contribution and stops at the first bad one
        adjoint = found[node]
        for parent, local_derivative in zip(node.parents, node.local_derivatives, strict=True):
            contribution = local_derivative * adjoint
            found[parent] += contribution
            if not isfinite(contribution):
                return _nonfinite_contribution(node, parent, local_derivative, adjoint, order)
            if not isfinite(found[parent]):
                message = f"the gradients that reach {_name(parent)} sum to {found[parent]!r}: an overflow"
                return Finding("gradient", parent, message, SCALE)
    for node in order:
        if not isfinite(node.grad):
            message = (
                f"the grad of {_name(node)} is {node.grad!r}, yet the derivative of this output is {found[node]!r}"
            )
            return Finding("old gradient", node, message, "an earlier backward() left it there: call zero_grad() first")
    return None


def _nonfinite_contribution(
    node: Value, parent: Value, local_derivative: float, adjoint: float, order: Sequence[Value]
) -> Finding:
    message = (
        f"the derivative of {_call(node)} to {_name(parent)} is {local_derivative!r}; "
        f"times the gradient {adjoint!r} that arrives there it gives {local_derivative * adjoint!r}"
    )
    if node not in _selected(order):
        return Finding("bad branch", node, message + NOT_SELECTED, DOUBLE_WHERE)
    if isfinite(local_derivative):
        return Finding("gradient", node, message, SCALE)
    remedy = REMEDIES_OF_SLOPES.get(node.op.name if node.op else "", "keep the operands away from this point")
    return Finding("gradient", node, message, remedy)


def _selected(order: Sequence[Value]) -> set[Value]:
    """The nodes that the output depends on when every ``where`` follows only the branch that it selected."""
    selected = {order[-1]}
    for node in reversed(order):
        if node in selected:
            operands = list(node.operands)
            if node.op is not None and node.op.name == "where":
                del operands[2 if _number(operands[0]) else 1]
            selected.update(x for x in operands if isinstance(x, Value))
    return selected


SCALE = "scale the numbers, or work with their logarithms; in training a smaller learning rate, or clip the gradient"
NOT_SELECTED = "; `where` did not select it, but passes a gradient of 0 to it, and 0·inf is nan"
DOUBLE_WHERE = (
    "make the operand of the other branch harmless too: where(x > 0, log(where(x > 0, x, 1.0)), 0.0) (the double where)"
)

_LOG = "keep the operand above 0: log(x + 1e-12); log_sigmoid and logsumexp need no such help"
_EXP = "subtract the largest operand before exp; logsumexp, softmax, log_sigmoid and softplus do so"
_ZERO_DIVISOR = "keep the divisor away from 0: x / (y + 1e-12) for y ≥ 0, or where(y == 0, …) with a harmless divisor"
_DOMAIN = "keep the operand in the domain: clamp(x, low, high)"

LARGEST = "beyond the largest double, 1.8e308"

# Operations, a test of the operands, the cause, the remedy.  The first that fits is taken.
CAUSES: list[tuple[str, Callable[..., bool], str, str]] = [
    ("log log2 log10", lambda x: x == 0, "the logarithm of 0", _LOG),
    ("log log2 log10", lambda x: x < 0, "the logarithm of a negative number", _LOG),
    ("log1p", lambda x: x == -1, "the logarithm of 0, 1 + x", _LOG),
    ("log1p", lambda x: x < -1, "the logarithm of a negative number, 1 + x", _LOG),
    ("sqrt", lambda x: x < 0, "the root of a negative number", "keep the operand above 0: sqrt(clamp(x, 1e-12))"),
    ("div mod", lambda x, y: y == 0, "a division by 0", _ZERO_DIVISOR),
    ("reciprocal", lambda x: x == 0, "a division by 0", _ZERO_DIVISOR),
    ("exp expm1 sinh cosh", lambda x: 709 < abs(x) < inf, f"exp(710) is {LARGEST}", _EXP),
    ("exp2", lambda x: 1024 <= x < inf, f"2**1024 is {LARGEST}", _EXP),
    ("pow", lambda x, y: x == 0 and y < 0, "a negative power of 0", _ZERO_DIVISOR),
    (
        "pow",
        lambda x, y: x < 0 and y % 1 != 0,
        "a negative base to a fractional power has no real value",
        "use abs(x)**y or a whole exponent; for a root of a negative number, cbrt",
    ),
    ("asin acos", lambda x: abs(x) > 1, "defined from -1 to 1", _DOMAIN),
    ("acosh", lambda x: x < 1, "defined from 1 on", _DOMAIN),
    ("atanh", lambda x: abs(x) >= 1, "finite between -1 and 1", _DOMAIN),
]

REMEDIES_OF_SLOPES = {
    "sqrt": "keep the operand above 0: sqrt(x + 1e-12); for a length use norm or hypot, whose derivative at 0 is 0",
    "cbrt": "keep the operand away from 0, where the curve is vertical",
    "pow": "keep the base above 0: (x + 1e-12)**y; write an exponent that is not to be learned as a plain number",
    "asin": "keep the operand between -1 and 1: clamp(x, -1 + 1e-12, 1 - 1e-12)",
    "acos": "keep the operand between -1 and 1: clamp(x, -1 + 1e-12, 1 - 1e-12)",
    "acosh": "keep the operand above 1: clamp(x, 1 + 1e-12)",
    "div": "keep the divisor away from 0, where the quotient grows without bound",
    "reciprocal": "keep the operand away from 0, where the reciprocal grows without bound",
    "log": _LOG,
    "log2": _LOG,
    "log10": _LOG,
    "log1p": _LOG,
}


def _cause(node: Value) -> tuple[str, str]:
    """Why a node has no finite number, and what to do."""
    if node.op is None:
        return "from the start, before any operation", "look at the data, or at an update step that overflowed"
    name, numbers = node.op.name, [_number(x) for x in node.operands]
    for names, fits, cause, remedy in CAUSES:
        if name in names.split() and fits(*numbers):
            return cause, remedy
    if any(x != x for x in numbers):
        return "an operand is nan", "look where the nan comes from"
    if all(map(isfinite, numbers)):
        return f"the result is {LARGEST}", SCALE
    if node.data == node.data:
        return "an operand is infinite", "look where the infinity comes from"
    pattern = INDEFINITE.get(name, "an infinite operand leaves the result undefined")
    return pattern, "look where the infinity comes from; a large finite number, such as 1e30, may serve in its place"


INDEFINITE = {
    **dict.fromkeys(("add", "sub", "sum", "mean"), "inf - inf"),
    **dict.fromkeys(("mul", "prod"), "0·inf"),
    "dot": "0·inf or inf - inf",
    "div": "inf / inf",
}


# ---------------------------------------------------------------------------------------------------------------------
# Words.
# ---------------------------------------------------------------------------------------------------------------------


def _number(x: Value | float) -> float:
    return x.data if isinstance(x, Value) else x


def _name(node: Value) -> str:
    """A node in a message: label and number, or what it is and the number."""
    return f"{node.label}={node.data!r}" if node.label else f"the {node.op.name if node.op else 'leaf'} {node.data!r}"


def _call(node: Value) -> str:
    """The operation of a node as a call, its operands with labels and numbers; of many operands the first three."""
    if node.op is None:
        return node.label or "a leaf"
    operands = [
        f"{x.label}={x.data!r}" if isinstance(x, Value) and x.label else repr(_number(x)) for x in node.operands
    ]
    if len(operands) > 4:
        operands = [*operands[:3], f"… {len(operands) - 3} more"]
    call = f"{node.op.name}({', '.join(operands)})"
    return f"{node.label} = {call}" if node.label else call


def _listing(names: Sequence[str]) -> str:
    """Names in a message; of many the first three."""
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


# ---------------------------------------------------------------------------------------------------------------------
# Mistakes in the use of a graph.
# ---------------------------------------------------------------------------------------------------------------------


def check_graph(output: Value, parameters: Any) -> list[Finding]:
    """What is odd about a graph and the parameters that are to be trained with it; an empty list if nothing is.

    The kinds of finding, each at most once except the last, which comes once for each reason:

    - ``listed twice``: a parameter stands in the list more than once; an optimiser would step it more than once.
    - ``not in the graph``: the output does not depend on a parameter; its gradient is 0 whatever it is.
    - ``not a leaf``: a parameter is the result of an operation; ``w = w - rate * w.grad`` makes such a one.
    - ``accumulated gradient``: ``grad`` is not the derivative of this output: ``zero_grad`` was forgotten.
    - ``changed data``: a node no longer holds what its operands give, since one was changed after the forward pass.
    - ``dead relu``: on all paths from a parameter to the output, over a whole batch, a relu is switched off.
    - ``zero gradient``: the derivative to a parameter is exactly 0 for another reason, which the message gives.

    It may be called before or after ``backward()``.  What it says of an exact 0 holds at this point only: parameters
    at a minimum have that derivative too.

    Args:
        output: the Value to differentiate, a loss say.
        parameters: a Value, or a nested structure of Values.

    Raises:
        OperandError: ``output`` or a parameter is no Value.

    >>> w, unused = Value(-2.0, label="w"), Value(1.0, label="unused")
    >>> for finding in check_graph((w * 3).relu() + 1, [w, unused]):
    ...     print(finding)
    not in the graph: the output does not depend on 1 of 2 parameters: unused
      remedy: use it in the forward pass, or leave it out of the parameters
    dead relu: no gradient reaches 1 of 2 parameters, w: every path is blocked by relu (off: 1 of 1)
      remedy: a smaller learning rate, a bias above 0 at the start, other inputs, or leaky_relu
    """
    order = topological_order(_value(output, "check_graph: the output"))
    leaves, structure = flatten(parameters)
    names: dict[Value, str] = {}
    listed_twice: list[Value] = []
    for x, place in zip(leaves, places(structure, "parameters"), strict=True):
        parameter = _value(x, f"check_graph: {place}")
        if parameter in names:
            listed_twice.append(parameter)
        else:
            names[parameter] = parameter.label or place
    sweep = _Sweep(order)
    unused = [parameter for parameter in names if parameter not in sweep.adjoints]
    used = [parameter for parameter in names if parameter in sweep.adjoints]
    findings = [
        _listed_twice(listed_twice, names),
        _not_in_graph(unused, names),
        _not_a_leaf([parameter for parameter in names if parameter.op is not None], names),
        _accumulated([parameter for parameter in used if parameter.op is None], names, sweep),
        _changed(order),
        *_without_gradient(used, names, sweep),
    ]
    return [finding for finding in findings if finding is not None]


class _Sweep:
    """A reverse sweep that also notes which nodes no gradient can reach, and what blocks it.

    Attributes:
        adjoints: the derivative of the output to each node.
        open: the nodes with a path to the output on which no local derivative is 0.
        blocks: for nodes that have none, the names of the operations whose local derivative is 0.
        relus, off: how many relu nodes there are, and how many of them have the local derivative 0.
    """

    def __init__(self, order: Sequence[Value]) -> None:
        self.adjoints: dict[Value, float] = adjoints(dict.fromkeys(order), {order[-1]: 1.0})
        self.open = {order[-1]}
        self.blocks: dict[Value, set[str]] = {}
        self.relus = self.off = 0
        for node in reversed(order):
            if node.op is None:
                continue
            reached = node in self.open
            above = {node.op.name} if reached else self.blocks[node]
            for parent, local_derivative in zip(node.parents, node.local_derivatives, strict=True):
                if reached and local_derivative != 0:
                    self.open.add(parent)
                else:
                    self.blocks.setdefault(parent, set()).update(above)
            if node.op.name == "relu":
                self.relus += 1
                self.off += node.local_derivatives[0] == 0


def _listed_twice(parameters: Sequence[Value], names: dict[Value, str]) -> Finding | None:
    if not parameters:
        return None
    message = f"{_listing([names[x] for x in parameters])}: an optimiser would step it more than once"
    return Finding("listed twice", parameters[0], message, "list each parameter once; for tied weights use one Value")


def _not_in_graph(parameters: Sequence[Value], names: dict[Value, str]) -> Finding | None:
    if not parameters:
        return None
    listing = _listing([names[x] for x in parameters])
    message = f"the output does not depend on {len(parameters)} of {len(names)} parameters: {listing}"
    remedy = "use it in the forward pass, or leave it out of the parameters"
    return Finding("not in the graph", parameters[0], message, remedy)


def _not_a_leaf(parameters: Sequence[Value], names: dict[Value, str]) -> Finding | None:
    if not parameters:
        return None
    listing = _listing([names[x] for x in parameters])
    message = f"{listing}: the result of an operation, so that the graph goes on to what it was made from"
    return Finding("not a leaf", parameters[0], message, "update in place, w.data -= rate * w.grad, or use w.detach()")


def _accumulated(leaves: Sequence[Value], names: dict[Value, str], sweep: _Sweep) -> Finding | None:
    """Silent before the first ``backward()``, when every grad is 0."""
    wrong = [x for x in leaves if not _same(x.grad, sweep.adjoints[x], 1e-9)]
    if not wrong or all(x.grad == 0 for x in leaves):
        return None
    first, times = wrong[0], {_multiple(x.grad, sweep.adjoints[x]) for x in wrong}
    message = (
        f"{len(wrong)} of {len(names)} parameters have a grad that is not the derivative of this output; "
        f"that of {names[first]} is {first.grad!r}, the derivative is {sweep.adjoints[first]!r}"
    )
    if len(times) == 1 and 0 not in times:
        message += f"; each is {times.pop()} times the derivative, as after so many backward() without zero_grad()"
    else:
        message += "; it may hold earlier backward passes, or the gradient of another output"
    return Finding("accumulated gradient", first, message, "call zero_grad() before each backward()")


def _multiple(grad: float, derivative: float) -> int:
    """How many times the derivative goes into grad, a whole number from 2 on; 0 if it does not."""
    times = grad / derivative if derivative else 0.0
    return round(times) if isfinite(times) and times > 1.5 and _same(times, round(times), 1e-9) else 0


def _changed(order: Sequence[Value]) -> Finding | None:
    changed, first, now = 0, order[0], 0.0
    for node in order:
        if node.op is not None:
            recomputed = node.op.evaluate([_number(x) for x in node.operands])
            if not _same(node.data, recomputed, 1e-12):
                if not changed:
                    first, now = node, recomputed
                changed += 1
    if not changed:
        return None
    message = (
        f"{changed} of {len(order)} nodes no longer hold what their operands give; "
        f"the first, {_call(first)}, holds {first.data!r} in place of {now!r}"
    )
    remedy = (
        "run the forward pass again before backward(), which uses the local derivatives of the old numbers; "
        "right after an optimiser step this is as it should be"
    )
    return Finding("changed data", first, message, remedy)


def _same(x: float, y: float, rtol: float) -> bool:
    return isclose(x, y, rel_tol=rtol) or (x != x and y != y)


def _without_gradient(used: Sequence[Value], names: dict[Value, str], sweep: _Sweep) -> Iterator[Finding]:
    """One finding for each set of operations that block parameters."""
    groups: dict[tuple[str, ...], list[Value]] = {}
    for parameter in used:
        if sweep.adjoints[parameter] == 0:
            blocks = () if parameter in sweep.open else tuple(sorted(sweep.blocks[parameter]))
            groups.setdefault(blocks, []).append(parameter)
    for blocks, parameters in groups.items():
        listing = _listing([names[x] for x in parameters])
        message = f"no gradient reaches {len(parameters)} of {len(names)} parameters, {listing}: "
        if not blocks:
            message += "paths are open, but their contributions cancel or are too small for a double"
            yield Finding("zero gradient", parameters[0], message, "a minimum, or numbers to scale")
            continue
        message += f"every path is blocked by {' or '.join(blocks)}"
        if "relu" in blocks:
            message += f" (off: {sweep.off} of {sweep.relus})"
        kind = "dead relu" if blocks == ("relu",) else "zero gradient"
        yield Finding(kind, parameters[0], message, "; ".join(dict.fromkeys(map(_unblock, blocks))))


def _unblock(name: str) -> str:
    for names, remedy in _UNBLOCK.items():
        if name in names.split():
            return remedy
    return f"the derivative of {name} is 0 at this point: look whether it should be"


_UNBLOCK = {
    "relu": "a smaller learning rate, a bias above 0 at the start, other inputs, or leaky_relu",
    "sign step floor ceil round": "sign, step, floor, ceil and round are flat: use tanh, sigmoid or the number itself",
    "mul dot prod div": "it is multiplied by 0: look for inputs that are all 0, or weights that start at 0",
    "tanh sigmoid erf erfc softplus exp": "saturated, its slope is too small for a double: smaller weights or inputs",
    "where maximum minimum max min clamp": "another branch or a bound was taken: look whether it should be",
}
