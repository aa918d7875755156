"""``select``: one of many operands, by a number; on every engine, of every order, and what is wrong with an index."""

import pickle
from random import Random

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import LengthError, OperandError, Value
from autodiff.compiler.namespaces import build, namespace, write_source
from autodiff.ops import OPS


def test_it_is_the_value_of_that_number_and_its_derivative_is_1_there():
    xs = [Value(2.0), Value(3.0), 5.0]
    for index, wanted, slopes in [(0, 2.0, (1.0, 0.0)), (1, 3.0, (0.0, 1.0)), (2, 5.0, (0.0, 0.0))]:
        for i in (index, float(index), np.int64(index)):
            picked = ad.select(i, xs)
            assert (picked.data, picked.local_derivatives) == (wanted, slopes)
        of_value = ad.select(Value(float(index)), xs)
        assert (of_value.data, of_value.local_derivatives) == (wanted, (0.0, *slopes))
    assert ad.select(1, [2.0, 3.0]) == 3.0
    assert pickle.loads(pickle.dumps(picked)).op is OPS["select"]


def test_second_order_and_forward_mode():
    def f(x, y):
        return ad.select(1, [x * x * y, x * y**3]) * ad.select(0, [x, y])  # x²y³

    x, y = 2.0, 3.0
    found = ad.hessian(f, (0, 1))(x, y)
    np.testing.assert_allclose(np.array(found), [[2 * y**3, 6 * x * y**2], [6 * x * y**2, 6 * x**2 * y]])
    assert ad.jvp(f, (x, y), (1.0, 0.0)) == (x**2 * y**3, 2 * x * y**3)
    ad.check_grads(f, (x, y), order=2)


def table_graph(size=5):
    """Picks of parameters, of constants and of what was computed, by inputs and by what is computed from them."""
    rng = Random(size)
    i, j, x = Value(1.0, label="i"), Value(0.0, label="j"), Value(0.5, label="x")
    ws = [Value(rng.uniform(-1, 1), label=f"w{k}") for k in range(size)]
    hidden = [ad.tanh(w * x) for w in ws]
    picks = [ad.select(i, ws), ad.select(j, hidden), ad.select(i, [*hidden[:-1], 0.25]), ad.select(j, [1.5, *ws[1:]])]
    output = ad.sum([a * b for a, b in zip(picks, [*picks[1:], x], strict=True)]) + ad.select(size - 1 - i, ws) ** 2
    return output, [i, j, x], ws


def by_eager(ws, size, i, j, x):
    """The same with Python's own subscript."""
    hidden = [ad.tanh(w * x) for w in ws]
    picks = [ws[i], hidden[j], [*hidden[:-1], 0.25][i], [1.5, *ws[1:]][j]]
    return ad.sum([a * b for a, b in zip(picks, [*picks[1:], x], strict=True)]) + ws[size - 1 - i] ** 2


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("engine", ["machine", "source"])
@pytest.mark.parametrize("samples", [1, 3, 100])
def test_compiled_it_is_a_subscript(engine, precision, samples):
    size, rng = 5, Random(samples)
    output, inputs, ws = table_graph(size)
    columns = [[rng.randrange(size) for _ in range(samples)] for _ in range(2)]
    columns.append([rng.uniform(-2, 2) for _ in range(samples)])
    values, slopes, to_x = [], np.zeros(size), []
    for i, j, x in zip(*columns, strict=True):
        leaf = Value(x)
        loss = by_eager(ws, size, i, j, leaf)
        *of_ws, of_x = ad.gradients(loss, [*ws, leaf])
        values.append(loss.data)
        to_x.append(of_x)
        slopes += of_ws
    program = ad.compile(output, inputs, ws, engine=engine, precision=precision)
    close = {"rtol": 1e-12, "atol": 1e-13} if precision == "float64" else {"rtol": 2e-5, "atol": 1e-4}
    np.testing.assert_allclose(program(*columns), values, **close)
    total, (for_ws, for_inputs) = program.value_and_grad(*columns, reduce="sum", wrt="both")
    assert total == pytest.approx(sum(values), rel=1e-4 if precision == "float32" else 1e-12)
    np.testing.assert_allclose(for_ws, slopes, **close)
    np.testing.assert_allclose(for_inputs, [[0.0] * samples, [0.0] * samples, to_x], **close)


def test_in_what_runs_once_a_call():
    ws = [Value(2.0), Value(3.0)]
    which = Value(1.0)
    program = ad.compile(ad.select(which, ws) ** 2 * Value(1.0), parameters=[which, *ws])
    assert program.value_and_grad()[1].tolist() == [0.0, 0.0, 6.0]


def test_the_text_on_other_numbers():
    output, inputs, ws = table_graph(3)
    numbers = [1.0, 2.0, 0.5], [w.data for w in ws]
    wanted = build(write_source(output, inputs, ws), "math")[1](*numbers)
    for kind in ("numpy", "mpmath", "sympy"):
        value, of_inputs, of_ws = build(write_source(output, inputs, ws), kind)[1](*numbers)
        assert float(value) == pytest.approx(wanted[0], rel=1e-12)
        assert [*map(float, of_ws)] == pytest.approx([*wanted[2]], rel=1e-12)
        assert [*map(float, of_inputs)] == pytest.approx([*wanted[1]], rel=1e-12)


@pytest.mark.parametrize("index", [-1.0, 3.0, 0.5, float("nan"), float("inf"), -float("inf")])
def test_an_index_that_picks_nothing(index):
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    for given in (index, Value(index)):
        with pytest.raises(OperandError, match=r"select: the index is a whole number from 0 to 2, not"):
            ad.select(given, xs)
    assert np.isnan(OPS["select"](index, 1.0, 2.0, 3.0))
    assert np.isnan(namespace("numpy")["select"](index, 1.0, 2.0, 3.0))
    i = Value(1.0)
    for engine in ("machine", "source"):
        program = ad.compile(ad.select(i, xs) + ad.select(i, [*xs, 4.0]), [i], xs, engine=engine)
        with pytest.raises(OperandError, match=r"from 0 to 2, not .*: input 0, sample 2"):
            program([0, 1, index, 0])
        with pytest.raises(OperandError, match=r"from 0 to 2, not .*: input 0, sample 1"):
            program.value_and_grad([0, index])
        computed = ad.compile(ad.select(i + 0, xs), [i], xs, engine=engine)
        assert np.isnan(computed([index, 1.0])).tolist() == [True, False]


def test_bad_operands():
    with pytest.raises(LengthError, match="select of no numbers is not defined"):
        ad.select(0, [])
    with pytest.raises(OperandError, match="select takes an iterable of numbers"):
        ad.select(0, 3.0)
    with pytest.raises(OperandError, match="select takes a real number, not str"):
        ad.select("0", [1.0])


def test_cross_entropy_by_a_target_that_is_an_input():
    target, logits = Value(1.0), [Value(x) for x in (0.3, -1.2, 2.0, 0.7)]
    program = ad.compile(nn.cross_entropy(logits, target), [target], logits)
    for c in range(4):
        wanted = nn.cross_entropy(logits, c)
        value, slopes = program.value_and_grad([c])
        assert value == pytest.approx(wanted.data, rel=1e-14)
        assert slopes.tolist() == pytest.approx(ad.gradients(wanted, logits), rel=1e-12, abs=1e-15)
    with pytest.raises(OperandError, match=r"from 0 to 3, not 4\.0: input 0, sample 1"):
        program([3, 4])


def test_a_gpt_whose_tokens_are_inputs():
    model = nn.GPT(5, 4, 2, 1, 4, seed=1)
    tokens = [Value(0.0) for _ in range(5)]
    program = ad.compile(ad.mean(model.losses(tokens)), tokens, model.parameters())
    documents = [[4, 0, 1, 2, 4], [4, 3, 3, 0, 1], [4, 1, 4, 4, 4]]
    value, slopes = program.value_and_grad(np.array(documents).T)
    model.zero_grad()
    loss = ad.mean([model.loss(document) for document in documents])
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-12)
    np.testing.assert_allclose(slopes, [p.grad for p in model.parameters()], rtol=1e-10, atol=1e-14)


def test_in_a_function_that_is_compiled():
    program = ad.compile(lambda i, x: ad.select(i, [x, x * x, 3.0]) if x > 0 else ad.select(i - 3, [x, -x]))
    assert program([0, 1, 2, 4], [2.0, 3.0, 4.0, -5.0]).tolist() == [2.0, 9.0, 3.0, 5.0]
    assert np.isnan(program([3.0], [1.0])[0])  # the sample may be meant for another branch
