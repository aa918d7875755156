"""Every reverse sweep against its definition, bit for bit."""

from __future__ import annotations

import inspect
import math
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value, sweep, value

ROOT = Path(__file__).parent.parent
NUMBERS = st.sampled_from([0.0, -0.0, -1.5, 0.1, 0.7, 3e200, math.inf])
EARLIER = st.sampled_from([-0.0, 0.1, 1e16])
OPERATIONS = {
    "neg": (1, lambda x: -x),
    "sin": (1, ad.sin),
    "add": (2, lambda x, y: x + y),
    "sub": (2, lambda x, y: x - y),
    "mul": (2, lambda x, y: x * y),
    "div": (2, lambda x, y: x / y),
    "twice the same": (1, lambda x: x * x),
    "with a constant": (1, lambda x: 0.1 * x),
    "where": (3, ad.where),
    "dot": (5, lambda a, b, c, d, e: ad.dot([a, b], [c, d], e)),
    "sum": (4, lambda *xs: ad.sum(xs)),
}


@st.composite
def graphs(draw):
    """The outputs of two graphs, recorded by turns so that each has gaps in its serials; an output may be a leaf."""
    both = [[Value(draw(NUMBERS)) for _ in range(draw(st.integers(1, 4)))] for _ in range(2)]
    for name in draw(st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=2, max_size=15)):
        nodes = both[draw(st.integers(0, 1))]
        arity, operation = OPERATIONS[name]
        nodes.append(operation(*[draw(st.sampled_from(nodes[-5:])) for _ in range(arity)]))
        if draw(st.integers(0, 9)) == 0:
            for _ in range(300):  # so wide a gap that the rest is passed over at once
                value.next_serial()
    for node in both[0] + both[1]:
        node.grad = draw(EARLIER)  # from before, or of another loss
    return [nodes[draw(st.sampled_from([-1, -1, -1, 0]))] for nodes in both]


def swept(run, output):
    """The gradients that a sweep leaves, to the sign of a zero; those from before are put back."""
    nodes = ad.topological_order(output)
    before = [node.grad for node in nodes]
    run(output)
    found = [repr(node.grad) for node in nodes]
    for node, grad in zip(nodes, before, strict=True):
        node.grad = grad
    return found


@given(graphs())
def test_backward_keeps_to_its_definition(outputs):
    for output in outputs:
        assert swept(Value.backward, output) == swept(sweep.backward, output)


@given(graphs())
def test_gradients_keep_to_the_definition(outputs):
    for output in outputs:
        nodes = ad.topological_order(output)
        for node in nodes:
            node.grad = -0.0  # to which a leaf adds its adjoint without a trace
        found = swept(sweep.backward, output)
        assert [*map(repr, ad.gradients(output, nodes))] == found
        assert [repr(sweep.adjoints(dict.fromkeys(nodes), {output: 1.0})[node]) for node in nodes] == found


DEFINITION = inspect.getsource(sweep.backward)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        (textwrap.indent(DEFINITION, "    "), value.__doc__),
        (f"```python\n{DEFINITION}```\n", (ROOT / "README.md").read_text("utf-8")),
    ],
    ids=["value.py", "README.md"],
)
def test_the_definition_is_quoted_as_it_stands(quote, text):
    assert quote in text


def test_the_definition_is_short():
    assert len(DEFINITION.splitlines()) <= 9
