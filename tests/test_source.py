"""The text of a graph: what it says, that any label gives valid Python, and that it computes what eager does."""

import ast
import math
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value
from autodiff.compiler.namespaces import build
from autodiff.compiler.source import write_source
from autodiff.errors import OperandError
from autodiff.ops import OPS, NaryOp


def lines_of(output, inputs, parameters=()):
    return [line.strip() for line in write_source(output, inputs, parameters).splitlines()]


def leaves(*names, at=0.7):
    return [Value(at + i, label=name) for i, name in enumerate(names)]


def same(ours, theirs):
    """The same numbers, nan included; the sign of a zero may differ."""
    if isinstance(ours, (tuple, list)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs or (ours != ours and theirs != theirs)


def named(value, label):
    value.label = label
    return value


# ---------------------------------------------------------------------------------------------------------------------
# What it says: the calculus of the lecture, written here by hand.
# ---------------------------------------------------------------------------------------------------------------------


def test_two_paths():
    (y,) = leaves("y")
    x = named(2 * y, "x")
    z = named(ad.sin(y), "z")
    f = named(named(x**2, "s") * z, "f")
    text = lines_of(f, [y])
    backward = [line for line in text if line.startswith("d_")]
    assert backward == [
        "d_f = 1.0",
        "d_s = z * d_f",
        "d_z = s * d_f",
        "d_x = 2.0 * x * d_s",
        "d_y = cos(y) * d_z",
        "d_y = d_y + 2.0 * d_x",
    ]
    for operation in ("x = 2.0 * y", "z = sin(y)", "s = x**2", "f = s * z"):
        assert text.count(operation) == 2  # in forward, and in value_and_grad
        assert text.count(f"# {operation}") == 1  # above the gradients of its operands


SAYS = [
    (lambda x, w: x * x, ["d_x = x * d_y", "d_x = d_x + x * d_y"]),
    (lambda x, w: x + w, ["d_x = d_y", "d_w = d_y"]),
    (lambda x, w: x - w, ["d_x = d_y", "d_w = -d_y"]),
    (lambda x, w: x - x, ["d_x = d_y", "d_x = d_x - d_y"]),
    (lambda x, w: x / w, ["d_x = 1 / w * d_y", "d_w = -y / w * d_y"]),
    (lambda x, w: x / 3, ["d_x = 1 / 3.0 * d_y"]),
    (lambda x, w: x**3, ["d_x = 3.0 * x**2 * d_y"]),
    (lambda x, w: x**1, ["d_x = d_y"]),
    (lambda x, w: x**0, ["d_x = 0.0 * d_y"]),
    (lambda x, w: x**-1, ["d_x = -1.0 * x**-2 * d_y"]),
    (lambda x, w: x**2.5, ["d_x = 2.5 * powlog(x, 2.5, 1.0, 0.0) * d_y"]),
    (lambda x, w: ad.tanh(x), ["d_x = square(sech(x)) * d_y"]),
    (lambda x, w: ad.exp(x), ["d_x = y * d_y"]),
    (lambda x, w: ad.cos(x), ["d_x = -sin(x) * d_y"]),
    (lambda x, w: ad.tan(x), ["d_x = (1 + square(y)) * d_y"]),
    (lambda x, w: ad.relu(x), ["d_x = step(x) * d_y"]),
    (lambda x, w: ad.step(x), ["d_x = 0.0 * d_y"]),
    (lambda x, w: ad.log2(x), ["d_x = LOG2_E / nonneg(x) * d_y"]),
    (lambda x, w: ad.where(1, x, w), ["d_x = d_y", "d_w = 0.0 * d_y"]),
    (lambda x, w: ad.sum([x, w, x]), ["d_x = d_y", "d_w = d_y", "d_x = d_x + d_y"]),
    (lambda x, w: ad.mean([x, w]), ["d_x = 1 / 2 * d_y", "d_w = 1 / 2 * d_y"]),
    (lambda x, w: ad.dot([w, 2.0], [x, w], 1.0), ["d_w = x * d_y", "d_x = w * d_y", "d_w = d_w + 2.0 * d_y"]),
    (
        lambda x, w: ad.logsumexp([x, w]),
        ["t1 = softmax_all(x, w)", "d_x = t1[0] * d_y", "d_w = t1[1] * d_y"],
    ),
    (
        lambda x, w: ad.max([x, w]),
        [
            "t1 = 1.0 - abs(compare(x, y))",
            "t2 = 1.0 - abs(compare(w, y))",
            "t3 = sum(t1, t2)",
            "d_x = t1 / t3 * d_y",
            "d_w = t2 / t3 * d_y",
        ],
    ),
    (
        lambda x, w: ad.prod([x, w]),
        ["t1 = products_of_others(x, w)", "d_x = t1[0] * d_y", "d_w = t1[1] * d_y"],
    ),
]


@pytest.mark.parametrize(("f", "gradient"), SAYS, ids=[lines[-1] for _, lines in SAYS])
def test_gradient_lines(f, gradient):
    x, w = leaves("x", "w")
    text = lines_of(named(f(x, w), "y"), [x], [w])
    start = text.index("d_y = 1.0")
    assert [line for line in text[start + 1 : -1] if not line.startswith(("#", "return"))] == gradient


FORWARD = [
    (lambda x: -x, "y = -x"),
    (lambda x: x % 3, "y = mod(x, 3.0)"),
    (lambda x: 2**x, "y = pow(2.0, x)"),
    (lambda x: x**100, "y = pow(x, 100.0)"),
    (lambda x: ad.dot([x], [2.0], x), "y = dot([x], [2.0], x)"),
    (lambda x: ad.softmax([x, 0.0])[1], "y = softmax(1, x, 0.0)"),
    (lambda x: ad.clamp(x, high=3), "y = clamp(x, -inf, 3.0)"),
    (lambda x: x - math.nan, "y = x - nan"),
    (lambda x: x - -2.0, "y = x - -2.0"),
]


@pytest.mark.parametrize(("f", "line"), FORWARD, ids=[line for _, line in FORWARD])
def test_forward_lines(f, line):
    (x,) = leaves("x")
    assert line in lines_of(named(f(x), "y"), [x])


def test_a_rule_broken_on_purpose_shows(monkeypatch):
    monkeypatch.setattr(OPS["tanh"], "partials", (lambda x, z: 1 - z * z,))
    (x,) = leaves("x")
    assert "d_x = (1 - y * y) * d_y" in lines_of(named(ad.tanh(x), "y"), [x])


# ---------------------------------------------------------------------------------------------------------------------
# Names.
# ---------------------------------------------------------------------------------------------------------------------

LABELS = [
    ("x", "x"),
    ("w_11^(1)", "w_11_1"),
    ("x₁", "x1"),
    ("σ", "σ"),
    ("2nd", "v_2nd"),
    ("two words", "two_words"),
    ("lambda", "lambda_"),
    ("sin", "sin_2"),
    ("inputs", "inputs_2"),
    ("print", "print_2"),
    ("", "x1"),
    ("!?", "x1"),
    ("__import__('os')", "__import___os"),
]


@pytest.mark.parametrize(("label", "name"), LABELS)
def test_names_come_from_labels(label, name):
    (x,) = leaves(label)
    text = write_source(x * x, [x])
    assert f"({name},) = inputs" in text
    if label and label != name and name != "x1":
        assert f"{name} is {label}" in text


def test_names_are_unique_with_their_gradients():
    same = leaves("a", "a", "d_a", "a_2", "d_d_a", "a^2")
    names = lines_of(ad.sum(same), same)[-3:]  # the return statement is last
    text = write_source(ad.sum(same), same)
    bound = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    inputs = (
        next(line for line in lines_of(ad.sum(same), same) if line.endswith("= inputs")).split(" = ")[0].split(", ")
    )
    assert len(set(inputs)) == len(same), names
    assert not {f"d_{name}" for name in inputs} & set(inputs)
    assert set(inputs) <= set(bound)
    _, value_and_grad = build(text, "math")
    assert value_and_grad(range(6)) == (15.0, (1.0,) * 6, ())


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_any_label_gives_valid_python_and_no_other_code(labels):
    inputs = [Value(1.0, label=label) for label in labels]
    output = Value(2.0, label=labels[0]) * ad.sum(inputs)
    output.label = labels[-1]
    text = write_source(output, inputs)
    tree = ast.parse(text)
    assert [type(node).__name__ for node in tree.body] == ["FunctionDef", "FunctionDef"]
    assert not any(isinstance(node, (ast.Import, ast.Attribute, ast.Expr)) for node in ast.walk(tree))
    _, value_and_grad = build(text, "math")
    assert value_and_grad([1.0] * len(labels)) == (2.0 * len(labels), (2.0,) * len(labels), ())
    assert write_source(output, inputs) == text


def test_a_label_that_breaks_out_of_its_comment_stays_in_it():
    x = Value(1.0, label="x\nimport os\r\0\x0c\u2028'''\"\"\"")
    assert len(ast.parse(write_source(x + 1, [x])).body) == 2


# ---------------------------------------------------------------------------------------------------------------------
# What is given, constant, or out of reach.
# ---------------------------------------------------------------------------------------------------------------------


def test_the_graph_is_cut_at_inputs_and_parameters():
    a = Value(3.0)
    x, w = named(a * a, "x"), named(a + 1, "w")
    _, value_and_grad = build(write_source(x * w, [x], [w]), "math")
    assert value_and_grad([2.0], [5.0]) == (10.0, (5.0,), (2.0,))


def test_constants_are_the_numbers_recorded():
    x, c = Value(2.0, label="x"), Value(3.0, label="c")
    text = write_source(x * c + ad.exp(Value(0.0)), [x])
    assert "    c = 3.0" in text
    assert "+ 1.0" in text
    assert "d_c" not in text
    assert build(text, "math")[1]([5.0]) == (16.0, (3.0,), ())


def test_out_of_reach_is_zero():
    x, w = leaves("x", "w")
    assert build(write_source(x * 1, [x], [w]), "math")[1]([4.0], [7.0]) == (4.0, (1.0,), (0.0,))
    assert build(write_source(Value(5.0), [x], [w]), "math")[1]([4.0], [7.0]) == (5.0, (0.0,), (0.0,))
    assert build(write_source(x, [x]), "math")[1]([4.0]) == (4.0, (1.0,), ())


@pytest.mark.parametrize("kind", ["math", "numpy"])
def test_division_by_a_constant_zero(kind):
    (x,) = leaves("x")
    assert build(write_source(x / 0.0, [x]), kind)[1]([4.0]) == (math.inf, (math.inf,), ())


NESTED = [
    lambda x, y: x - (y - x),
    lambda x, y: x - (y + x),
    lambda x, y: x / (y * x),
    lambda x, y: x / (y / x),
    lambda x, y: x * (y + 0.1),
    lambda x, y: -(x + y) * y,
    lambda x, y: x - -y,
    lambda x, y: (x + y) + (x - 1e-16),
    lambda x, y: x * (y / 3.0) / 7.0,
]


@pytest.mark.parametrize("rule", NESTED)
def test_a_rule_keeps_its_parentheses(rule, monkeypatch):
    monkeypatch.setattr(OPS["mul"], "partials", (lambda x, y, z: rule(x, y), lambda x, y, z: 0.0))
    x, y = leaves("x", "y")
    _, value_and_grad = build(write_source(x * y, [x, y]), "math")
    assert value_and_grad([0.3, 1.7])[1][0] == rule(0.3, 1.7)


def test_several_outputs():
    x, w = leaves("x", "w")
    y = x * w
    forward, value_and_grad = build(write_source([y, x + w, x, Value(1.0), y], [x], [w]), "math")
    assert forward([2.0], [3.0]) == (6.0, 5.0, 2.0, 1.0, 6.0)
    values, (d_x,), (d_w,) = value_and_grad([2.0], [3.0], [1.0, 10.0, 100.0, 1000.0, 5.0])
    assert values == (6.0, 5.0, 2.0, 1.0, 6.0)
    assert (d_x, d_w) == (3.0 * 6 + 10 + 100, 2.0 * 6 + 10)
    assert value_and_grad([2.0], [3.0])[1:] == ((3.0 * 2 + 1 + 1,), (2.0 * 2 + 1,))
    assert build(write_source([y], [x], [w]), "math")[1]([2.0], [3.0]) == ((6.0,), (3.0,), (2.0,))


def test_what_is_no_value_or_given_twice_is_refused():
    x = Value(1.0)
    for outputs, inputs, parameters in ((1.0, [x], []), (x, [2.0], []), ([x, None], [x], []), (x, [x], [x])):
        with pytest.raises((OperandError, TypeError)):
            write_source(outputs, inputs, parameters)
    with pytest.raises(OperandError, match="twice"):
        write_source(x, [x, x])
    with pytest.raises(OperandError, match="has to be a constant"):
        write_source(OPS["powlog"](x, 2.0, 1.0, x), [x])


# ---------------------------------------------------------------------------------------------------------------------
# It computes what eager does, bit for bit.
# ---------------------------------------------------------------------------------------------------------------------

SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, 2.0, -2.5, 5e-324, 1e300, -1e-200, 36.7, -745.2]


def points(name):
    """Operands of a row, special numbers and ordinary ones."""
    op, rng = OPS[name], random.Random(name)
    counts = (1, 2, 3, 5) if isinstance(op, NaryOp) else (len(op.partials),)
    for n in counts:
        if name == "dot" and n == 1:
            continue
        for _ in range(25):
            xs = [rng.choice(SPECIAL) if rng.random() < 0.4 else rng.uniform(-4, 4) for _ in range(n)]
            if name == "clamp":
                xs[1:] = sorted(xs[1:]) if xs[1] <= xs[2] or xs[2] <= xs[1] else [-1.0, 1.0]
            if name == "powlog":
                xs[2:] = [float(rng.randrange(3)), float(rng.randrange(3))]
            if name in ("polygamma", "sinc_n"):
                xs[0] = float(rng.randrange(3))
            yield [float(rng.randrange(n)), *xs] if name in ("softmax", "direction") else xs


FIXED = {
    "softmax": {0},
    "direction": {0},
    "powlog": {2, 3},
    "polygamma": {0},
    "sinc_n": {0},
}  # operands that are constants always


@pytest.mark.parametrize("name", OPS)
def test_every_row(name):
    rng = random.Random(name)
    for xs in points(name):
        free = set(range(len(xs))) - FIXED.get(name, set())
        given_values = {i for i in free if rng.random() < 0.7} or {min(free)}
        operands = [Value(x) if i in given_values else x for i, x in enumerate(xs)]
        inputs = [x for x in operands if isinstance(x, Value)]
        output = OPS[name](*operands)
        _, value_and_grad = build(write_source(output, inputs), "math")
        value, gradient, _ = value_and_grad([x.data for x in inputs])
        assert same(value, output.data), xs
        assert same(gradient, ad.gradients(output, inputs)), xs


SMOOTH = [name for name in OPS if name not in FIXED]


@given(st.data())
def test_random_graphs(data):
    numbers = st.one_of(st.floats(-3, 3), st.sampled_from(SPECIAL))
    inputs = [Value(x) for x in data.draw(st.lists(numbers, min_size=1, max_size=3))]
    results = [*inputs, *data.draw(st.lists(numbers, max_size=2))]
    for name in data.draw(st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=10)):
        op = OPS[name]
        n = data.draw(st.integers(2, 4)) if isinstance(op, NaryOp) else len(op.partials)
        operands = [results[data.draw(st.integers(0, len(results) - 1))] for _ in range(n)]
        if name == "clamp":
            operands[1:] = [-1.0, 1.5]
        results.append(op(*operands))
    output = ad.sum([x for x in results if isinstance(x, Value)])
    forward, value_and_grad = build(write_source(output, inputs), "math")
    at = [x.data for x in inputs]
    value, gradient, _ = value_and_grad(at)
    assert same((forward(at), value, gradient), (output.data, output.data, ad.gradients(output, inputs)))


def test_second_derivatives():
    """A gradient that is a graph has a text as well; its rows are the helpers."""
    for f in (ad.tanh, ad.sigmoid, ad.gelu, lambda x: x**3, lambda x: 1 / x, ad.log, lambda x: x**2.5):
        x = Value(0.7, label="x")
        slope = ad.gradients(f(x), x, create_graph=True)
        text = write_source(slope, [x])
        assert build(text, "math")[1]([0.7]) == (slope.data, (ad.gradients(slope, x),), ())


# ---------------------------------------------------------------------------------------------------------------------
# Large graphs.
# ---------------------------------------------------------------------------------------------------------------------


def chain(n):
    x = Value(0.3, label="x")
    y = x
    for _ in range(n):
        y = (y * x).sin()
    return y, [x]


def layer(f, n):
    xs = [Value(i / n, label=f"x_{i}") for i in range(n)]
    return f(xs), xs


LARGE = {
    "chain": chain,
    **{
        name: lambda n, name=name: layer(getattr(ad, name), n // 10)
        for name in ("sum", "prod", "max", "logsumexp", "norm", "mean")
    },
    "dot": lambda n: layer(lambda xs: ad.dot(xs, xs, xs[0]), n // 10),
    "softmax": lambda n: layer(lambda xs: ad.softmax(xs)[0], n // 10),
    "same label": lambda n: layer(lambda xs: ad.sum([named(x * 2, "h") for x in xs]), n // 10),
}


@pytest.mark.parametrize("name", LARGE)
def test_text_is_linear_in_the_graph(name):
    sizes = [len(write_source(*LARGE[name](n))) for n in (1500, 3000)]
    assert sizes[1] < 2.3 * sizes[0]


def test_a_long_chain_runs():
    y, inputs = chain(4000)
    y.backward()
    assert build(write_source(y, inputs), "numpy")[1]([0.3]) == (y.data, (inputs[0].grad,), ())


def test_a_wide_softmax_layer_shares_its_components():
    """All outputs ask for the same components: the text is as long as the edges are many."""
    xs = [Value(float(i), label=f"x_{i}") for i in range(40)]
    text = write_source(ad.dot(ad.softmax(xs), xs), xs)
    assert text.count("softmax_all(") == 1


def test_long_signatures_are_broken_over_lines():
    xs = [Value(1.0, label=f"weight_{i}") for i in range(100)]
    text = write_source(ad.sum([x * x for x in xs]), xs)
    assert max(map(len, [line for line in text.splitlines() if "sum(" not in line])) <= 110
    assert build(text, "math")[1]([2.0] * 100) == (400.0, (4.0,) * 100, ())


def test_special_operands_cover_every_pair():
    """The binary rows on every pair of special numbers, infinities of the gradient included."""
    for name in ("add", "sub", "mul", "div", "pow", "mod", "maximum", "hypot", "atan2", "mul0"):
        x, y = Value(1.0), Value(1.0)
        _, value_and_grad = build(write_source(OPS[name](x, y), [x, y]), "math")
        for a, b in product(SPECIAL, SPECIAL):
            u, v = Value(a), Value(b)
            w = OPS[name](u, v)
            assert same(value_and_grad([a, b]), (w.data, ad.gradients(w, (u, v)), ())), (name, a, b)
