"""The steps of the backward pass: they end where ``backward()`` does, and a wrong order shows what it does wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_random_graphs import apply, programs

import autodiff as ad
from autodiff import OperandError, Value
from autodiff.trace import steps


def graph(program):
    inputs = [Value(x) for x in program.inputs]
    return program.run(apply, inputs, program.constants)


@given(programs())
def test_the_end_is_that_of_backward(program):
    output = graph(program)
    nodes = ad.topological_order(output)
    trace = steps(output)
    assert [node.grad for node in nodes] == [0.0] * len(nodes)  # nothing was written
    assert not trace.too_late
    assert trace.right == trace.gradients
    output.backward()
    for node in nodes:  # to the last digit; a leaf's is added to the 0 that was there, so −0 is 0
        assert repr(node.grad + 0.0) == repr(trace.gradients[node] + 0.0)


@settings(max_examples=100)
@given(programs())
def test_each_step(program):
    output = graph(program)
    trace = steps(output)
    assert len(trace) == sum(len(node.parents) for node in ad.topological_order(output))
    now = {output: 1.0}
    for step in trace:
        assert step.node.operands[step.position] is step.operand
        assert step.upstream == now[step.node]
        assert step.contribution == step.local_derivative * step.upstream
        assert step.before == now.get(step.operand, 0.0)
        assert step.after == step.before + step.contribution
        now[step.operand] = step.after
    for node in ad.topological_order(output):
        local = [step.local_derivative for step in trace if step.node is node]
        assert local == list(node.local_derivatives)
    assert str(trace)
    assert trace.to_markdown()


@settings(max_examples=100)
@given(programs(), st.randoms(use_true_random=False))
def test_any_order(program, random):
    output = graph(program)
    nodes = ad.topological_order(output)
    order = [node for node in nodes if node.parents]
    random.shuffle(order)
    trace = steps(output, order=order)
    output.backward()
    assert {node: trace.right[node] for node in nodes} == {node: node.grad for node in nodes}
    # An order is right if every node comes after all that use it, and only then is no contribution too late.
    turn = {node: i for i, node in enumerate(order)}
    right = all(turn[node] < turn[parent] for node in order for parent in node.parents if parent in turn)
    assert right == (not trace.too_late)
    if right:
        assert {node: trace.gradients[node] for node in nodes} == pytest.approx({node: node.grad for node in nodes})
    assert str(trace)


def two_paths():
    y = Value(3.0, label="y")
    x = 2 * y
    z = ad.sin(y)
    square = x**2
    f = square * z
    x.label, z.label, square.label, f.label = "x", "z", "square", "f"
    return f, square, x, z, y


def test_table():
    f, *_ = two_paths()
    lines = str(steps(f)).splitlines()
    assert lines[0] == "backward from f: ∂f/∂f = 1"
    assert lines[-1].startswith("y.grad = −32.25, ")
    assert lines[7].split() == ["5", "x", "1.693", "y", "2", "3.387", "−35.64", "→", "−32.25"]


def test_too_late():
    """x passes its gradient on before it has got it from its square: the path through x is lost."""
    f, square, x, z, y = two_paths()
    trace = steps(f, order=[f, x, square, z])
    (late,) = trace.too_late
    assert (late.node, late.operand) == (square, x)
    assert trace.gradients[y] == z.local_derivatives[0] * 36
    said = str(trace)
    assert "too late: x had its turn" in said
    assert "wrong: y.grad = −35.64" in said
    assert "right: y.grad = −32.25" in said
    assert "too late" in trace.to_markdown()


def test_parents_first_passes_nothing_on():
    f, *_, y = two_paths()
    trace = steps(f, order=ad.topological_order(f))
    assert trace.gradients[y] == 0.0
    assert len(trace.too_late) == 3


def test_refused():
    f, square, x, z, _ = two_paths()
    for order, message in [
        ([f, x, z], "leaves out square"),
        ([f, f, square, x, z], "holds f twice"),
        ([f, square, x, z, Value(1.0)], "does not depend on"),
        ([f, square, x, z, 1.0], "holds a float"),
    ]:
        with pytest.raises(OperandError, match=message):
            steps(f, order=order)
    with pytest.raises(OperandError, match="a Value of the graph"):
        steps(3.0)
    with pytest.raises(OperandError, match="names is a dict"):
        steps(f, names=["x"])


def test_a_leaf():
    x = Value(1.0)
    assert len(steps(x)) == 0
    assert str(steps(x))


def test_a_long_chain():
    x = Value(1.0)
    v = x
    for _ in range(20_000):
        v = v + 1.0
    trace = steps(v)
    assert len(trace) == 20_000
    assert trace.gradients[x] == 1.0
    assert "… 19,940 more" in str(trace)
    assert len(str(trace).splitlines()) < 70
    assert trace[-1].operand is x
    assert [step.node for step in trace[:1]] == [v]


def test_labels_are_text():
    x = Value(2.0, label="<script>|`$\n\u202e")
    bundle = steps(x.sin())._repr_mimebundle_()
    assert "<script" not in bundle["text/markdown"]
    assert "\u202e" not in "".join(bundle.values())


def test_a_leaf_has_no_steps():
    x = Value(3.0)
    trace = steps(x)
    assert len(trace) == 0
    assert str(trace) == "backward from x: ∂x/∂x = 1, and no step: it has no operands"
    assert "|" not in trace.to_markdown()


@pytest.mark.parametrize("order", [3, "xy", Value(1.0)])
def test_an_order_that_is_no_list(order):
    x = Value(3.0)
    with pytest.raises(OperandError, match="order is a list of Values, the output first, not"):
        steps(x * x, order=order)
