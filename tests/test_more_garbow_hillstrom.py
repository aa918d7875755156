"""Sums of squares from Moré, Garbow and Hillstrom (1981): value, gradient and Hessian at the start, and the minima."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import assert_exact, load

import autodiff as ad


def rosenbrock(x1, x2):
    return 10 * (x2 - x1**2), 1 - x1


def freudenstein_roth(x1, x2):
    return -13 + x1 + ((5 - x2) * x2 - 2) * x2, -29 + x1 + ((x2 + 1) * x2 - 14) * x2


def powell_badly_scaled(x1, x2):
    return 1e4 * x1 * x2 - 1, ad.exp(-x1) + ad.exp(-x2) - 1.0001


def beale(x1, x2):
    return tuple(y - x1 * (1 - x2**i) for i, y in enumerate((1.5, 2.25, 2.625), start=1))


def wood(x1, x2, x3, x4):
    return (
        10 * (x2 - x1**2),
        1 - x1,
        90**0.5 * (x4 - x3**2),
        1 - x3,
        10**0.5 * (x2 + x4 - 2),
        (x2 - x4) / 10**0.5,
    )


RESIDUALS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "rosen": rosenbrock,
    "freud_roth": freudenstein_roth,
    "powell_bs": powell_badly_scaled,
    "beale": beale,
    "wood": wood,
}
PROBLEMS = {problem["name"]: problem for problem in load("more_garbow_hillstrom.json")["problems"]}


def objective(name):
    return lambda x: ad.sum(r * r for r in RESIDUALS[name](*x))


def half_unit(figure: str) -> float:
    """How far a printed figure may be from what it rounds: "11.41" half a hundredth, a whole number not at all."""
    mantissa, _, exponent = figure.partition("e")
    _, point, decimals = mantissa.partition(".")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(decimals)) if point else 0.0


def test_every_problem_is_covered():
    assert set(RESIDUALS) == set(PROBLEMS)


@pytest.mark.parametrize("name", PROBLEMS)
def test_start(name):
    problem = PROBLEMS[name]
    start = [float(x) for x in problem["x0"]]
    value, gradient = ad.value_and_grad(objective(name))(start)
    assert_exact(value, problem["f_x0"])
    assert_exact(gradient, problem["grad_x0"])
    assert_exact(ad.hessian(objective(name))(start), problem["hess_x0"])


@pytest.mark.parametrize("name", PROBLEMS)
def test_printed_minimum(name):
    """All residuals are 0 there, so that Newton's step to their root stays within the rounding of the print."""
    problem = PROBLEMS[name]
    assert problem["fmin_published"] == "0"
    place = [float(figure) for figure in problem["xmin_published"]]
    rounding = np.array([half_unit(figure) for figure in problem["xmin_published"]])
    residuals, slopes = np.array(RESIDUALS[name](*place)), np.array(ad.jacobian(lambda x: RESIDUALS[name](*x))(place))
    assert np.all(np.abs(residuals) <= np.abs(slopes) @ rounding)
    step, *_ = np.linalg.lstsq(slopes, residuals)
    assert np.all(np.abs(step) <= rounding)


def test_printed_local_minimum():
    """Freudenstein and Roth has another, 48.9842: Newton's step from its printed place stays within the rounding."""
    f, place = objective("freud_roth"), ["11.41", "-0.8968"]
    x, rounding = [float(figure) for figure in place], np.array([half_unit(figure) for figure in place])
    gradient, hessian = np.array(ad.grad(f)(x)), np.array(ad.hessian(f)(x))
    assert np.linalg.eigvalsh(hessian).min() > 0
    assert np.all(np.abs(np.linalg.solve(hessian, gradient)) <= rounding)
    assert f(x) == pytest.approx(48.9842, rel=0, abs=half_unit("48.9842") + rounding @ np.abs(hessian) @ rounding / 2)
