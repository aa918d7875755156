"""What the diagnosis finds in graphs that are wrong in a known way, and that it finds nothing in right ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Finding, OperandError, Value, check_graph, find_nonfinite
from tests.steps_taken import lines_run
from tests.test_numeric import CASES, operation

INF, NAN = math.inf, math.nan

# ---------------------------------------------------------------------------------------------------------------------
# Numbers that are not finite.
# ---------------------------------------------------------------------------------------------------------------------

# An operation, its operands, the cause that is named, and the same with the remedy applied (finite, gradient included).
CAUSES = [
    (ad.log, (0.0,), "log(x=0.0) is -inf: the logarithm of 0", lambda x: ad.log(x + 1e-12)),
    (ad.log, (-0.0,), "log(x=-0.0) is -inf: the logarithm of 0", lambda x: ad.log(x + 1e-12)),
    (ad.log2, (0.0,), "the logarithm of 0", lambda x: ad.log2(x + 1e-12)),
    (ad.log10, (-2.0,), "log10(x=-2.0) is nan: the logarithm of a negative number", None),
    (ad.log1p, (-1.0,), "log1p(x=-1.0) is -inf: the logarithm of 0, 1 + x", None),
    (ad.log1p, (-3.0,), "the logarithm of a negative number, 1 + x", None),
    (
        ad.sqrt,
        (-1.0,),
        "sqrt(x=-1.0) is nan: the root of a negative number",
        lambda x: ad.sqrt(ad.clamp(x, 1e-12)),
    ),
    (lambda x, y: x / y, (3.0, 0.0), "div(x=3.0, y=0.0) is inf: a division by 0", lambda x, y: x / (y + 1e-12)),
    (lambda x, y: x / y, (0.0, 0.0), "is nan: a division by 0", lambda x, y: x / (y + 1e-12)),
    (lambda x: 1 / x, (0.0,), "div(1.0, x=0.0) is inf: a division by 0", None),
    (lambda x, y: x % y, (3.0, 0.0), "mod(x=3.0, y=0.0) is nan: a division by 0", None),
    (ad.reciprocal, (-0.0,), "reciprocal(x=-0.0) is -inf: a division by 0", None),
    (ad.exp, (1000.0,), "exp(x=1000.0) is inf: exp(710) is beyond the largest double", None),
    (ad.expm1, (710.0,), "exp(710) is beyond", None),
    (ad.sinh, (-800.0,), "sinh(x=-800.0) is -inf: exp(710)", None),
    (ad.cosh, (-800.0,), "exp(710)", None),
    (ad.exp2, (1024.0,), "exp2(x=1024.0) is inf: 2**1024 is beyond", None),
    (lambda x, y: x**y, (-8.0, 1 / 3), "is nan: a negative base to a fractional power has no real value", None),
    (lambda x: x**0.5, (-8.0,), "pow(x=-8.0, 0.5) is nan: a negative base", lambda x: abs(x) ** 0.5),
    (lambda x: x**-1, (0.0,), "pow(x=0.0, -1.0) is inf: a negative power of 0", None),
    (lambda x: x**3, (1e200,), "pow(x=1e+200, 3.0) is inf: the result is beyond the largest double, 1.8e308", None),
    (lambda x, y: x * y, (1e200, -1e200), "mul(x=1e+200, y=-1e+200) is -inf: the result is beyond", None),
    (lambda x, y: x + y, (1e308, 1e308), "add(x=1e+308, y=1e+308) is inf: the result is beyond", None),
    (lambda x, y: ad.sum([x, y, x]), (1e308, 1e308), "sum(x=1e+308, y=1e+308, x=1e+308) is inf: the result is", None),
    (ad.asin, (1.5,), "asin(x=1.5) is nan: defined from -1 to 1", None),
    (ad.acos, (-1.5,), "defined from -1 to 1", None),
    (ad.acosh, (0.5,), "acosh(x=0.5) is nan: defined from 1 on", None),
    (ad.atanh, (1.0,), "atanh(x=1.0) is inf: finite between -1 and 1", lambda x: ad.atanh(ad.clamp(x, -0.999, 0.999))),
    (lambda x: x * INF, (0.0,), "mul(x=0.0, inf) is nan: 0·inf", lambda x: x * 1e30),
    (lambda x: ad.prod([x, INF]), (0.0,), "prod(x=0.0, inf) is nan: 0·inf", None),
    (lambda x: x - INF, (1.0,), "sub(x=1.0, inf) is -inf: an operand is infinite", lambda x: x - 1e30),
    (lambda x: ad.sum([x, INF, -INF]), (1.0,), "is nan: inf - inf", None),
    (lambda x: ad.dot([x, 1.0], [INF, 2.0]), (0.0,), "is nan: 0·inf or inf - inf", None),
    (lambda x: x + NAN, (1.0,), "add(x=1.0, nan) is nan: an operand is nan", None),
    (lambda x: ad.sin(x * 1.0), (INF,), "x is inf: from the start, before any operation", None),
    (lambda x: x, (NAN,), "x is nan: from the start, before any operation", None),
]


def labelled(operands):
    return [Value(x, label=label) for x, label in zip(operands, "xyz", strict=False)]


@pytest.mark.parametrize(("f", "operands", "cause", "mended"), CAUSES)
def test_cause_of_a_nonfinite_number(f, operands, cause, mended):
    culprit = f(*labelled(operands))
    finding = find_nonfinite(ad.tanh(culprit * 2) + 1)
    assert cause in finding.message
    assert finding.kind == "value"
    assert finding.remedy
    if culprit.op is not None and "from the start" not in cause:
        assert finding.node is culprit
        assert (finding.op, finding.operands) == (culprit.op.name, culprit.operands)
    if mended:
        assert find_nonfinite(mended(*labelled(operands))) is None


# Finite numbers, but a derivative that is not: an operation, its operands, the message, the remedy applied.
SLOPES = [
    (ad.sqrt, (0.0,), "the derivative of sqrt(x=0.0) to x=0.0 is inf", lambda x: ad.sqrt(x + 1e-12)),
    (lambda x, y: ad.sqrt(x * x + y * y), (0.0, 0.0), "the derivative of sqrt(0.0) to the add 0.0 is inf", ad.hypot),
    (lambda x: x**0.5, (0.0,), "the derivative of pow(x=0.0, 0.5) to x=0.0 is inf", lambda x: (x + 1e-12) ** 0.5),
    (lambda x, y: x**y, (-2.0, 3.0), "the derivative of pow(x=-2.0, y=3.0) to y=3.0 is nan", lambda x, y: x**3),
    (ad.cbrt, (0.0,), "the derivative of cbrt(x=0.0) to x=0.0 is inf", None),
    (ad.acos, (1.0,), "the derivative of acos(x=1.0) to x=1.0 is -inf", lambda x: ad.acos(ad.clamp(x, -0.999, 0.999))),
    (ad.asin, (-1.0,), "the derivative of asin(x=-1.0) to x=-1.0 is inf", None),
    (ad.acosh, (1.0,), "the derivative of acosh(x=1.0) to x=1.0 is inf", lambda x: ad.acosh(ad.clamp(x, 1.001))),
    (ad.log, (5e-324,), "the derivative of log(x=5e-324) to x=5e-324 is inf", lambda x: ad.log(x + 1e-12)),
    (lambda x: ad.relu(ad.sqrt(x)), (0.0,), "times the gradient 0.0 that arrives there it gives nan", None),
    (lambda x: (x * 1e-200) * 1e200 * 1e200, (1.0,), "times the gradient 1e+200 that arrives there it gives inf", None),
]


@pytest.mark.parametrize(("f", "operands", "message", "mended"), SLOPES)
def test_cause_of_a_nonfinite_gradient(f, operands, message, mended):
    xs = labelled(operands)
    output = f(*xs) + 1
    finding = find_nonfinite(output)
    output.backward()
    assert not all(math.isfinite(x.grad) for x in xs)
    assert finding.kind == "gradient"
    assert message in finding.message
    assert find_nonfinite(output).message == finding.message  # before backward() and after it
    if mended:
        assert find_nonfinite(mended(*labelled(operands))) is None


def test_overflow_of_the_gradient():
    x = Value(1e-300, label="x")
    finding = find_nonfinite((x * 1e200) * 1e200)
    assert finding.message == (
        "the derivative of mul(x=1e-300, 1e+200) to x=1e-300 is 1e+200; "
        "times the gradient 1e+200 that arrives there it gives inf"
    )
    assert finding.remedy.startswith("scale the numbers")
    y = x * 1e-10
    total = find_nonfinite(ad.sum([y * 1e308, y * 1e308]))
    assert total.message == f"the gradients that reach the mul {y.data!r} sum to inf: an overflow"


BRANCHES = [  # a bad branch that `where` did not select, and the double where
    (
        lambda x: ad.where(x > 0, ad.log(x), 0.0),
        lambda x: ad.where(x > 0, ad.log(ad.where(x > 0, x, 1.0)), 0.0),
        "log(x=0.0) is -inf: the logarithm of 0; `where` did not select it",
    ),
    (
        lambda x: ad.where(x > 0, ad.sqrt(x), 0.0),
        lambda x: ad.where(x > 0, ad.sqrt(ad.where(x > 0, x, 1.0)), 0.0),
        "the derivative of sqrt(x=0.0) to x=0.0 is inf; times the gradient 0.0 that arrives there it gives nan; `wh",
    ),
    (
        lambda x: ad.where(x == 0, 1.0, ad.sin(x) / x),
        lambda x: ad.where(x == 0, 1.0, ad.sin(x) / ad.where(x == 0, 1.0, x)),
        "div(0.0, x=0.0) is nan: a division by 0; `where`",
    ),
    (
        lambda x: ad.where(x, 2 * ad.sqrt(x) + 1, x),
        lambda x: ad.where(x, 2 * ad.sqrt(ad.where(x, x, 1.0)) + 1, x),
        "did not select it, but passes a gradient of 0 to it, and 0·inf is nan",
    ),
]


@pytest.mark.parametrize(("f", "double", "message"), BRANCHES)
def test_bad_branch_under_where(f, double, message):
    x = Value(0.0, label="x")
    bad = f(x)
    finding = find_nonfinite(bad)
    assert finding.kind == "bad branch"
    assert message in finding.message
    assert "the double where" in finding.remedy
    bad.backward()
    assert math.isnan(x.grad)
    assert math.isfinite(bad.data)
    mended = double(x)
    assert mended.data == bad.data
    assert find_nonfinite(mended + 1).kind == "old gradient"  # the nan in x.grad is still there
    x.zero_grad()
    assert find_nonfinite(mended + 1) is None


def test_branch_that_is_selected_is_no_bad_branch():
    x = Value(0.0, label="x")
    assert find_nonfinite(ad.where(x == 0, ad.log(x), 1.0)).kind == "value"
    assert find_nonfinite(ad.where(x > 0, ad.log(x), ad.log(x))).kind == "bad branch"  # each has its own node
    y = ad.log(x)
    assert find_nonfinite(ad.where(x > 0, y, 1.0) + y).kind == "value"


def test_the_first_node_is_named_and_the_nan_that_follows():
    x = Value(1000.0, label="x")
    e = x.exp()
    e.label = "e"
    finding = find_nonfinite((e - e * 2) + ad.log(x - 1000))
    assert finding.node is e
    assert finding.message == (
        "e = exp(x=1000.0) is inf: exp(710) is beyond the largest double, 1.8e308; "
        "the first nan that follows is sub(e=inf, inf): inf - inf"
    )


def test_old_gradient():
    x = Value(1.0, label="x")
    x.grad = INF
    finding = find_nonfinite(x * 2)
    assert finding.kind == "old gradient"
    assert finding.message == "the grad of x=1.0 is inf, yet the derivative of this output is 2.0"
    assert "zero_grad" in finding.remedy


@pytest.mark.parametrize(("name", "point"), CASES, ids=[f"{name}{point}" for name, point in CASES])
def test_ordinary_points_are_fine(name, point):
    xs = [Value(x) for x in point]
    output = ad.tanh(operation(name)(*xs) * 0.1)
    if isinstance(output, Value):
        assert find_nonfinite(output) is None
        output.backward()
        assert {finding.kind for finding in check_graph(output, xs)} <= {
            "zero gradient",
            "dead relu",
            "not in the graph",
        }


def test_nothing_is_written_on_the_graph():
    x, y = Value(0.0), Value(2.0)
    output = x.sqrt() * y
    output.backward()
    before = [(node.data, node.grad) for node in ad.topological_order(output)]
    find_nonfinite(output)
    check_graph(output, [x, y])
    assert repr([(node.data, node.grad) for node in ad.topological_order(output)]) == repr(before)


def test_finding_in_print_and_in_a_notebook():
    finding = find_nonfinite(Value(0.0, label="p").log())
    assert str(finding) == f"value: log(p=0.0) is -inf: the logarithm of 0\n  remedy: {finding.remedy}"
    assert repr(finding) == "<value: log(p=0.0) is -inf: the logarithm of 0>"
    leaf = Finding("kind", Value(1.0), "message", "remedy")
    assert (leaf.op, leaf.operands) == (None, ())


def test_many_operands_are_cut_short():
    xs = [Value(1e308) for _ in range(1000)]
    assert "sum(1e+308, 1e+308, 1e+308, … 997 more) is inf" in find_nonfinite(ad.sum(xs)).message


@pytest.mark.parametrize("call", [lambda: find_nonfinite(1.0), lambda: check_graph("x", [])])
def test_output_that_is_no_value_is_refused(call):
    with pytest.raises(OperandError, match=r"(find_nonfinite|check_graph): the output is a Value of the graph, not"):
        call()


# ---------------------------------------------------------------------------------------------------------------------
# Mistakes.
# ---------------------------------------------------------------------------------------------------------------------


def kinds(output, parameters):
    return [finding.kind for finding in check_graph(output, parameters)]


def only(output, parameters):
    (finding,) = check_graph(output, parameters)
    return finding


def parameters(*numbers):
    return [Value(x, label=f"p{i}") for i, x in enumerate(numbers)]


def test_nothing_to_find():
    p, q = parameters(2.0, 3.0)
    output = (p * q).tanh() + p
    assert check_graph(output, [p, q]) == []
    output.backward()
    assert check_graph(output, {"p": p, "q": (q,)}) == []
    assert check_graph(output, p) == []
    assert check_graph(output, []) == []


def test_parameter_that_is_not_in_the_graph():
    p, q, r = parameters(2.0, 3.0, 4.0)
    finding = only(p * 2, [p, q, r])
    assert (finding.kind, finding.node) == ("not in the graph", q)
    assert finding.message == "the output does not depend on 2 of 3 parameters: p1, p2"


def test_parameter_without_a_label_is_named_by_its_place():
    finding = only(Value(1.0) * 2, {"w": [Value(1.0), Value(2.0)]})
    assert finding.message.endswith("parameters['w'][0], parameters['w'][1]")
    many = check_graph(Value(1.0) * 2, [Value(1.0) for _ in range(100)])[0].message
    assert many.endswith("100 of 100 parameters: parameters[0], parameters[1], parameters[2] and 97 more")


def test_parameter_listed_twice():
    p, q = parameters(2.0, 3.0)
    finding = only(p * q, [p, q, p])
    assert (finding.kind, finding.node) == ("listed twice", p)
    assert finding.message == "p0: an optimiser would step it more than once"


def test_parameter_that_is_no_leaf():
    (p,) = parameters(2.0)
    stepped = p - 0.1 * 3.0
    finding = only(stepped * stepped, [stepped])
    assert (finding.kind, finding.node) == ("not a leaf", stepped)
    assert "w.data -= rate * w.grad" in finding.remedy
    assert check_graph(stepped.detach() * 2, [p])[0].kind == "not in the graph"


@pytest.mark.parametrize("times", [2, 3, 10])
def test_forgotten_zero_grad(times):
    p, q, r = parameters(2.0, 3.0, 0.0)
    output = (p * q).exp() + r * 5
    for _ in range(times):
        output.backward()
    finding = only(output, [p, q, r])
    assert finding.kind == "accumulated gradient"
    assert finding.message.startswith(
        "3 of 3 parameters have a grad that is not the derivative of this output; that of p0"
    )
    assert finding.message.endswith(
        f"; each is {times} times the derivative, as after so many backward() without zero_grad()"
    )
    output.zero_grad()
    output.backward()
    assert check_graph(output, [p, q, r]) == []


def test_gradient_of_several_outputs():
    p, q = parameters(2.0, 3.0)
    (p * q).backward()
    output = p * p * q
    output.backward()
    finding = only(output, [p, q])
    assert "that of p0 is 15.0, the derivative is 12.0; it may hold earlier backward passes" in finding.message
    assert "times" not in finding.message


def test_derivative_0_beside_a_grad():
    p, q = parameters(2.0, 0.0)
    p.grad = 1.0
    assert "that of p0 is 1.0, the derivative is 0.0; it may hold" in check_graph(p * q, [p, q])[0].message


def test_nan_gradient_is_none_of_its_business():
    (p,) = parameters(0.0)
    output = ad.where(p > 0, p.sqrt(), 1.0)
    output.backward()
    assert math.isnan(p.grad)
    assert check_graph(output, [p]) == []


def test_data_changed_after_the_forward_pass():
    p, q = parameters(2.0, 3.0)
    product = p * q
    output = product.tanh() + p
    q.data = 4.0
    finding = only(output, [p, q])
    assert (finding.kind, finding.node) == ("changed data", product)
    assert finding.message == (
        "1 of 5 nodes no longer hold what their operands give; "
        "the first, mul(p0=2.0, p1=4.0), holds 6.0 in place of 8.0"
    )
    q.data = 3.0
    product.data = 5.0
    assert only(output, [p, q]).message.startswith("2 of 5 nodes no longer hold")


def test_an_optimiser_step_shows_as_changed_data():
    p, q = parameters(2.0, 3.0)
    output = (p * q) ** 2
    output.backward()
    p.data -= 0.1 * p.grad
    assert kinds(output, [p, q]) == ["changed data"]
    assert "right after an optimiser step" in check_graph(output, [p, q])[0].remedy


def neuron_loss(w, b, batch):
    return ad.mean([(ad.relu(ad.dot([w], [x], b)) - y) ** 2 for x, y in batch])


def test_dead_relu():
    """One that is off for part of a batch is alive; one that is off for all of it is dead."""
    w, b = Value(1.0, label="w"), Value(-2.0, label="b")
    assert check_graph(neuron_loss(w, b, [(1.0, 1.0), (3.0, 0.5), (-1.0, 0.5)]), [w, b]) == []
    finding = only(neuron_loss(w, b, [(1.0, 1.0), (0.5, 1.0), (-1.0, 0.5)]), [w, b])
    assert (finding.kind, finding.node) == ("dead relu", w)
    assert finding.message == (
        "no gradient reaches 2 of 2 parameters, w, b: every path is blocked by relu (off: 3 of 3)"
    )
    assert "leaky_relu" in finding.remedy


def test_dead_relu_beside_one_that_is_alive():
    weights = [Value(x, label=f"w{i}") for i, x in enumerate((1.0, -1.0))]
    hidden = [ad.relu(w * 2.0) for w in weights]
    finding = only(ad.sum(hidden), weights)
    assert finding.message == "no gradient reaches 1 of 2 parameters, w1: every path is blocked by relu (off: 1 of 2)"
    assert check_graph(ad.sum(hidden) + weights[1], weights) == []  # another path is open


BLOCKED = [  # output of p = 2 and q = 0, the message, a word of the remedy
    (lambda p, q: ad.floor(p) + q, "p0: every path is blocked by floor", "flat"),
    (lambda p, q: p * q + q, "p0: every path is blocked by mul", "multiplied by 0"),
    (lambda p, q: ad.dot([p], [0.0]) + q, "p0: every path is blocked by dot", "all 0"),
    (lambda p, q: ad.clamp(p, -1.0, 1.0) + q, "p0: every path is blocked by clamp", "a bound was taken"),
    (lambda p, q: ad.where(q, p, 1.0) + q, "p0: every path is blocked by where", "another branch"),
    (lambda p, q: ad.tanh(p * 1000) + q, "p0: every path is blocked by tanh", "saturated"),
    (lambda p, q: p**0 + q, "p0: every path is blocked by pow", "the derivative of pow is 0 at this point"),
    (lambda p, q: ad.relu(-p) + ad.floor(p) + q, "p0: every path is blocked by floor or relu (off: 1 of 1)", "flat"),
    (lambda p, q: p - p + q, "p0: paths are open, but their contributions cancel", "a minimum"),
    (lambda p, q: (p - 2.0) ** 2 + q, "p0: every path is blocked by pow", "0 at this point"),
    (lambda p, q: ad.floor(ad.tanh(p * p)) + q, "p0: every path is blocked by floor", "flat"),
]


@pytest.mark.parametrize(("f", "message", "remedy"), BLOCKED)
def test_zero_gradient(f, message, remedy):
    p, q = parameters(2.0, 0.0)
    finding = only(f(p, q), [p, q])
    assert (finding.kind, finding.node) == ("zero gradient", p)
    assert finding.message == f"no gradient reaches 1 of 2 parameters, {message}" or message.startswith("p0: paths")
    assert message in finding.message
    assert remedy in finding.remedy


def test_all_at_once():
    p, q, dead, unused = parameters(2.0, 3.0, -1.0, 0.0)
    output = p * q + dead.relu()
    output.backward()
    output.backward()
    p.data = 5.0
    found = kinds(output, [p, q, dead, unused, p])
    assert found == ["listed twice", "not in the graph", "accumulated gradient", "changed data", "dead relu"]


@pytest.mark.parametrize("bad", [1.0, None, np.array([1.0])])
def test_parameter_that_is_no_value_is_refused(bad):
    p = Value(1.0)
    with pytest.raises(OperandError, match=r"check_graph: parameters\[1\](\[0\])? is a Value of the graph, not"):
        check_graph(p * 2, [p, bad])


COUNTS = {"add": 2, "mul": 2, "sub": 2, "div": 2, "sin": 1, "tanh": 1, "exp": 1, "dot": 4, "logsumexp": 3}


@given(st.lists(st.sampled_from(sorted(COUNTS)), max_size=30), st.data())
def test_random_graphs(operations, data):
    """After one backward pass nothing is amiss but exact zeros, and a parameter out of the graph is named."""
    leaves = [Value(x) for x in (0.3, -0.7, 1.1)]
    nodes = list(leaves)
    for name in operations:
        operands = [data.draw(st.sampled_from(nodes)) for _ in range(COUNTS[name])]
        nodes.append(ad.tanh(ad.OPS[name](*operands)))
    output = nodes[-1] * 1.0
    output.backward()
    used = set(ad.topological_order(output))
    unused = [x for x in leaves if x not in used]
    found = check_graph(output, leaves)
    assert [finding.node for finding in found if finding.kind == "not in the graph"] == unused[:1]
    assert {finding.kind for finding in found} <= {"not in the graph", "zero gradient"}


# ---------------------------------------------------------------------------------------------------------------------
# Size.
# ---------------------------------------------------------------------------------------------------------------------


def chain(n):
    x = Value(1.0, label="x")
    y = x
    for _ in range(n // 2):
        y = (y * 0.5).relu()
    return x, y


def test_cost_is_linear_and_nothing_recurses():
    def steps(n):
        x, y = chain(n)
        y = y + x

        def diagnosed():
            assert find_nonfinite(y) is None
            assert check_graph(y, [x]) == []

        return lines_run(diagnosed)

    assert steps(20_000) < 10.5 * steps(2_000)
