"""What the transforms keep beyond right numbers: structures, argnums, closures, no_grad, cost."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import autodiff as ad
from autodiff import OperandError, Value, derivative, grad, gradients, hessian, jacobian, no_grad, value_and_grad, vjp
from autodiff.value import next_serial


def test_perturbation_confusion():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0  # d(x·x)/dx
    assert derivative(lambda x: derivative(lambda y: x * y**3, x, 2), 2.0) == 24.0  # d(x·6x)/dx


ARRAYS = {
    "array to scalar, second order": (lambda: hessian(lambda v: (v**3).sum())(np.array([1.0, 2.0])), [[6, 0], [0, 12]]),
    "array to array": (lambda: jacobian(lambda v: v * v[::-1])(np.array([3.0, 5.0])), [[5, 3], [5, 3]]),
    "one to one": (lambda: jacobian(lambda v: v * 2)(np.array([3.0])), [[2]]),
    "array to list": (lambda: jacobian(lambda v: [v[0] * v[1], v[0]])(np.array([3.0, 5.0])), [[5, 3], [1, 0]]),
    "matrix to scalar": (lambda: grad(lambda m: (m @ m).trace())(np.array([[1.0, 2.0], [3.0, 4.0]])), [[2, 6], [4, 8]]),
}


@pytest.mark.parametrize(("call", "expected"), ARRAYS.values(), ids=list(ARRAYS))
def test_numpy_structures(call, expected):
    result = call()
    assert np.array_equal(np.array(result, dtype=float), expected)
    assert np.shape(result) == np.shape(expected)


def test_argnums():
    f = lambda x, y: x * x * y  # noqa: E731
    assert grad(f, 1)(2.0, 3.0) == grad(f, -1)(2.0, 3.0) == 4.0
    both = grad(f, (i for i in (1, 0)))
    assert both(2.0, 3.0) == both(2.0, 3.0) == (4.0, 12.0)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), 2, -3, "0", None, 1.0])
@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
def test_bad_argnums(transform, argnums):
    with pytest.raises(OperandError, match=r"argnums|argument"):
        transform(lambda x, y: x * y, argnums)(2.0, 3.0)


@pytest.mark.parametrize(
    "inner",
    [
        lambda w: value_and_grad(lambda p: w * w)([])[0],
        lambda w: value_and_grad(lambda p: w * w, ())(1.0)[0],
        lambda w: vjp(lambda: w * w)[0],
        lambda w: ad.jvp(lambda: w * w, (), ())[0],
    ],
)
def test_outer_derivative_through_a_transform_of_nothing(inner):
    assert derivative(inner, 3.0) == 6.0


@pytest.mark.parametrize("create_graph", [False, True])
def test_untaken_branch_follows_ieee_in_both_sweeps(create_graph):
    x = Value(1.0)
    slope = gradients(ad.where(True, x, ad.log(x - 1)), x, create_graph)
    assert np.isnan(slope.data if create_graph else slope)


def test_results_inside_no_grad_are_leaves():
    w = Value(3.0)
    with no_grad():
        slope = grad(lambda x: w * x * x)(2.0)
    assert (slope.data, slope.parents) == (12.0, ())

    def f(x):
        with no_grad():
            slope = grad(lambda y: y * y * x)(2.0)
        return slope * x

    assert grad(f)(3.0) == 12.0


def test_a_thread_that_ends_inside_no_grad_leaves_the_others_alone():
    x, suspended, recorded = Value(2.0), [], []

    def inside():
        with no_grad():
            yield

    def suspend():
        suspended.append(inside())
        next(suspended[0])

    for task in (suspend, *[lambda: recorded.append(bool((x * x).parents))] * 20):
        thread = threading.Thread(target=task)
        thread.start()
        thread.join()
    assert all(recorded)
    suspended.clear()
    assert (x * x).parents


@pytest.mark.parametrize(("n", "gap"), [(1, 0), (5, 3), (50, 10), (50, 1000), (300, 299), (300, 302)])
def test_backward_over_gaps_in_the_serials(n, gap):
    """Numbers of nodes that are not in the graph are passed over, one by one or all at once."""
    x = Value(2.0)
    parts = []
    for i in range(n):
        parts.append(x * float(i))
        for _ in range(gap):
            next_serial()
    total = ad.sum(parts) * parts[0]
    total.backward()
    assert (x.grad, parts[0].grad) == (0.0, 2.0 * sum(range(n)))
    (ad.sum(parts) + x).backward()
    assert x.grad == sum(range(n)) + 1


SQUARED_LENGTHS = {
    "norm(v)**2": lambda v: ad.norm(v) ** 2,
    "square(norm(v))": lambda v: ad.square(ad.norm(v)),
    "n * n": lambda v: (lambda n: n * n)(ad.norm(v)),
    "norm of twice": lambda v: 0.5 * ad.norm([*v, *v]) ** 2,
    "beside a constant": lambda v: ad.norm([*v, 3.0]) ** 2 - 9.0,
    "hypot": lambda v: ad.hypot(v[0], v[1]) ** 2,
    "abs": lambda v: abs(v[0]) ** 2 + ad.square(abs(v[1])),
}


@pytest.mark.parametrize("at", [[0.0, 0.0], [3.0, -4.0], [0.0, 2.0]])
@pytest.mark.parametrize("f", SQUARED_LENGTHS.values(), ids=list(SQUARED_LENGTHS))
def test_a_squared_length_has_its_hessian_at_the_origin_too(f, at):
    x, y = at  # f is x² + y²
    assert f(at) == pytest.approx(x * x + y * y)
    assert grad(f)(at) == pytest.approx([2 * x, 2 * y])
    assert hessian(f)(at) == [[2.0, 0.0], [0.0, 2.0]]
    assert ad.hvp(f, (at,), ([1.0, 3.0],)) == ([2.0, 6.0],)
    slope = lambda v: ad.jvp(f, (v,), ([1.0, 0.0],))[1]  # noqa: E731 (forward over forward)
    assert ad.jvp(slope, (at,), ([1.0, 0.0],)) == (pytest.approx(2 * x), 2.0)


def test_a_length_that_is_asked_for_itself_keeps_its_derivative():
    x = Value(-3.0)
    length = abs(x)
    to_length, to_x = gradients(length**2, [length, x], create_graph=True)
    assert (to_length.data, to_x.data) == (6.0, -6.0)
    assert gradients(to_length, length) == 2.0
    assert derivative(lambda x: abs(x) ** 2, 0.0, 2) == 2.0
    assert derivative(lambda x: abs(x) ** 3, 0.0, 2) == 0.0


# A kink that is touched from one side alone is none: what it is for all x, its second derivative, and that at x = 2.
TOUCHED = {
    "abs of -x²": (lambda x: abs(-(x**2)), 2.0, 2.0),
    "abs of a sum of squares": (lambda x: abs(x * x + ad.square(3 * x)), 20.0, 20.0),
    "abs of multiples": (lambda x: abs(x * x * -5 / 2), 5.0, 5.0),
    "abs of x⁴": (lambda x: abs(x**4), 0.0, 48.0),
    "abs of abs": (lambda x: abs(-abs(x * x)), 2.0, 2.0),
    "relu of x²": (lambda x: ad.relu(x * x), 2.0, 2.0),
    "relu of -x²": (lambda x: ad.relu(-x * x), 0.0, 0.0),
    "relu of a mean": (lambda x: ad.relu(ad.mean([x**2, 3 * x**2])), 4.0, 4.0),
    "maximum": (lambda x: ad.maximum(x**2, 0.0), 2.0, 2.0),
    "maximum, the other way round": (lambda x: ad.maximum(0.0, x**2 - (-(x**2))), 4.0, 4.0),
    "maximum of what is at most 0": (lambda x: ad.maximum(0.0, -(x**2)), 0.0, 0.0),
    "minimum": (lambda x: ad.minimum(-(x**2), 0.0), -2.0, -2.0),
    "leaky_relu above": (lambda x: ad.leaky_relu(x**2, 0.25), 2.0, 2.0),
    "leaky_relu below": (lambda x: ad.leaky_relu(-(x**2), 0.25), -0.5, -0.5),
    "elu": (lambda x: ad.elu(x**2, 0.5), 2.0, 2.0),
    "copysign": (lambda x: ad.copysign(x * x, -1.0), -2.0, -2.0),
}


@pytest.mark.parametrize(("f", "at_0", "at_2"), TOUCHED.values(), ids=list(TOUCHED))
def test_a_kink_that_is_only_touched(f, at_0, at_2):
    ad.check_grads(f, (0.0,))
    for x, want in [(0.0, at_0), (2.0, at_2), (-2.0, at_2)]:
        assert derivative(f, x, 2) == want
        assert hessian(lambda v: f(v[0]))([x]) == [[want]]
        assert ad.jvp(grad(f), (x,), (1.0,))[1] == want
        assert ad.jvp(lambda y: ad.jvp(f, (y,), (1.0,))[1], (x,), (1.0,))[1] == want


@pytest.mark.parametrize("engine", ["machine", "source"])
def test_a_kink_that_is_only_touched_in_compiled_programs(engine):
    pytest.importorskip("numba")
    x = Value(1.5)
    for f, at_0, at_2 in TOUCHED.values():
        second = gradients(gradients(f(x), x, create_graph=True), x, create_graph=True)
        if isinstance(second, Value):
            assert ad.compile(second * 1.0, [x], engine=engine)([0.0, 2.0, -2.0]).tolist() == [at_0, at_2, at_2]
        else:
            assert second == at_0 == at_2


@pytest.mark.parametrize("f", [abs, lambda x: ad.relu(2 * x), lambda x: abs(1 - ad.cos(x))])
def test_where_the_sign_is_open_the_convention_stays(f):
    assert derivative(f, 0.0, 2) == 0.0
    with pytest.raises(ad.GradientMismatch):
        ad.check_grads(f, (0.0,))
