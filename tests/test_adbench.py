"""Two programs of ADBench (Microsoft, MIT), on scalars: a Gaussian mixture, and a camera's reprojection error."""

import math
from itertools import chain

import pytest
from cases import DATA, assert_exact, load

import autodiff as ad

EXPECTED = load("adbench_expected.json")


def numbers(name):
    """The lines of a data file, each a list of numbers."""
    return [[float(word) for word in line.split()] for line in (DATA / name).read_text().splitlines() if line.strip()]


def gmm_objective(alphas, means, icf, points, gamma, m):
    """Log-likelihood of ``points`` under a Gaussian mixture, with a Wishart prior.

    ``icf[k]`` holds the inverse covariance factor Q of component k in two dimensions: the logarithms of its diagonal,
    then what is below it.
    """
    dimension = len(means[0])
    likelihoods = []
    for point in points:
        terms = []
        for alpha, mean, (q1, q2, l1) in zip(alphas, means, icf, strict=True):
            x, y = (p - mu for p, mu in zip(point, mean, strict=True))
            scaled = ad.exp(q1) * x, l1 * x + ad.exp(q2) * y
            terms.append(alpha + q1 + q2 - 0.5 * ad.dot(scaled, scaled))
        likelihoods.append(ad.logsumexp(terms))
    constant = -len(points) * dimension * 0.5 * math.log(2 * math.pi)
    slack = ad.sum(likelihoods) - len(points) * ad.logsumexp(alphas)
    return constant + slack + ad.sum(wishart_log_prior(row, dimension, gamma, m) for row in icf)


def wishart_log_prior(row, dimension, gamma, m):
    q1, q2, l1 = row
    freedom = dimension + m + 1
    frobenius = ad.exp(q1) ** 2 + ad.exp(q2) ** 2 + l1**2
    log_gamma = 0.25 * dimension * (dimension - 1) * math.log(math.pi) + sum(
        math.lgamma(0.5 * (freedom - j)) for j in range(dimension)
    )
    normaliser = freedom * dimension * (math.log(gamma) - 0.5 * math.log(2)) - log_gamma
    return 0.5 * gamma**2 * frobenius - m * (q1 + q2) - normaliser


def test_gaussian_mixture():
    lines = numbers("adbench_gmm_test.txt")
    dimension, components, points = map(int, lines[0])
    assert dimension == 2
    alphas = [alpha for (alpha,) in lines[1 : 1 + components]]
    means, icf = lines[1 + components : 1 + 2 * components], lines[1 + 2 * components : 1 + 3 * components]
    *data, (gamma, m) = lines[1 + 3 * components :]
    assert len(data) == points
    value, gradient = ad.value_and_grad(gmm_objective, argnums=(0, 1, 2))(alphas, means, icf, data, gamma, int(m))
    assert_exact(value, EXPECTED["gmm_test"]["objective"])
    in_order = [*gradient[0], *chain(*gradient[1]), *chain(*gradient[2])]
    assert_exact(in_order, EXPECTED["gmm_test"]["gradient"])


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def rotate(rotation, x):
    """Rodrigues' formula: ``x`` turned about the direction of ``rotation`` by its length."""
    angle = ad.norm(rotation)
    axis = [r / angle for r in rotation]
    cosine, sine = ad.cos(angle), ad.sin(angle)
    along = ad.dot(axis, x) * (1 - cosine)
    return [a * cosine + b * sine + c * along for a, b, c in zip(x, cross(axis, x), axis, strict=True)]


def reprojection_error(camera, point, weight, feature):
    """How far ``point`` lands from ``feature`` in the picture; the camera is rotation, centre, focal length, principal
    point and two coefficients of radial distortion."""
    rotation, centre, focal, principal, (k1, k2) = camera[:3], camera[3:6], camera[6], camera[7:9], camera[9:]
    x, y, depth = rotate(rotation, [p - c for p, c in zip(point, centre, strict=True)])
    x, y = x / depth, y / depth
    squared = x * x + y * y
    distortion = 1 + k1 * squared + k2 * squared**2
    return [
        weight * (focal * distortion * coordinate + offset - target)
        for coordinate, offset, target in zip((x, y), principal, feature, strict=True)
    ]


def test_bundle_adjustment():
    expected = EXPECTED["ba_test"]
    _, camera, point, (weight,), feature = numbers("adbench_ba_test.txt")
    # The measured feature is about 500 pixels out and the error below 1, so errors are right to 1e-13 of the former.
    errors = reprojection_error(camera, point, weight, feature)
    assert errors == pytest.approx(expected["reproj_err"], rel=0, abs=1e-13 * max(map(abs, feature)))
    rows = ad.jacobian(reprojection_error, argnums=(0, 1, 2))(camera, point, weight, feature)
    half = len(expected["jac_rows_first_two"]) // 2
    for row, wanted in zip(
        rows, (expected["jac_rows_first_two"][:half], expected["jac_rows_first_two"][half:]), strict=True
    ):
        by_camera, by_point, by_weight = row
        assert_exact([*by_camera, *by_point, by_weight], wanted)
    value, slope = ad.value_and_grad(lambda w: 1 - w**2)(weight)
    assert_exact(value, expected["w_err"])
    assert_exact(slope, expected["w_err_jac"])
