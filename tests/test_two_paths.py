"""The example that the whole subject starts from: f = x²z with x = 2y and z = sin y, so two paths lead from y to f.

By the chain rule ∂f/∂y = ∂f/∂x·∂x/∂y + ∂f/∂z·∂z/∂y = 2xz·2 + x²·cos y = 8y·sin y + 4y²·cos y.
"""

import math

import mpmath
import pytest

import autodiff as ad

POINTS = [-2.5, -1.0, 0.0, 0.3, math.pi / 2, 4.0]
at_each_point = pytest.mark.parametrize("at", POINTS)


def f(y):
    x, z = 2 * y, ad.sin(y)
    return x**2 * z


def first(y):
    return 8 * y * math.sin(y) + 4 * y**2 * math.cos(y)


def second(y):
    return 8 * math.sin(y) + 16 * y * math.cos(y) - 4 * y**2 * math.sin(y)


def path_products(node, leaf):
    """For each path from ``leaf`` to ``node``, the product of the local derivatives along it."""
    if node is leaf:
        return [1.0]
    return [
        local * product
        for parent, local in zip(node.parents, node.local_derivatives, strict=True)
        for product in path_products(parent, leaf)
    ]


@at_each_point
def test_sum_over_the_two_paths(at):
    y = ad.Value(at, label="y")
    x, z = 2 * y, ad.sin(y)
    square = x**2
    output = square * z
    assert (x.parents, z.parents, square.parents, output.parents) == ((y,), (y,), (x,), (square, z))
    assert x.local_derivatives == (2.0,)
    assert z.local_derivatives == (math.cos(at),)
    assert square.local_derivatives == (2 * x.data,)
    assert output.local_derivatives == (z.data, square.data)
    through_x, through_z = path_products(output, y)
    assert through_x == pytest.approx(8 * at * math.sin(at), rel=1e-15)
    assert through_z == pytest.approx(4 * at**2 * math.cos(at), rel=1e-15)
    output.backward()
    assert y.grad == pytest.approx(through_x + through_z, rel=1e-15)
    assert x.grad == pytest.approx(2 * x.data * z.data, rel=1e-15)
    assert z.grad == square.data


@at_each_point
def test_closed_form(at):
    assert ad.grad(f)(at) == pytest.approx(first(at), rel=1e-14)
    assert ad.derivative(f, at, n=2) == pytest.approx(second(at), rel=1e-14)
    assert ad.grad(ad.grad(f))(at) == pytest.approx(second(at), rel=1e-14)
    assert ad.jvp(f, (at,), (1.0,)) == pytest.approx((f(at), first(at)), rel=1e-14)


@at_each_point
@pytest.mark.parametrize("order", [1, 2, 3])
def test_mpmath(at, order):
    with mpmath.workdps(50):
        exact = mpmath.diff(lambda y: (2 * y) ** 2 * mpmath.sin(y), at, order)
    assert ad.derivative(f, at, n=order) == pytest.approx(float(exact), rel=1e-13, abs=1e-30)
