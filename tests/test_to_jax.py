"""The same graph as a JAX function: jit, vmap, grad, and samples shared out over eight devices."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="JAX is not installed; pip install jax")
np = pytest.importorskip("numpy")

PROGRAM = """
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

import autodiff as ad
from autodiff import Value
from nn import MLP

jax.config.update("jax_enable_x64", True)
assert len(jax.devices()) == 8, jax.devices()
model = MLP(3, [5, 2], "tanh", seed=1)
xs, ys = [Value(0.1) for _ in range(3)], [Value(0.5) for _ in range(2)]
zs = model(xs)
loss = ad.logsumexp(zs) - ad.dot(ys, zs) + 1e-3 * ad.sum([p * p for p in model.parameters()])
program = ad.compile(loss, [*xs, *ys], model.parameters())
rng = np.random.default_rng(1)
X = rng.normal(size=(5, 64))
numbers = np.array([p.data for p in model.parameters()])

each = program.to_jax()
mean = lambda parameters, inputs: each(parameters, inputs).mean()
devices = Mesh(np.array(jax.devices()), ("samples",))
inputs = jax.device_put(X, NamedSharding(devices, P(None, "samples")))
parameters = jax.device_put(numbers, NamedSharding(devices, P()))
value, gradient = jax.jit(jax.value_and_grad(mean))(parameters, inputs)
assert len(inputs.sharding.device_set) == 8

here_value, here_gradient = program.value_and_grad(X)
np.testing.assert_allclose(value, here_value, rtol=1e-12)
np.testing.assert_allclose(gradient, here_gradient, rtol=1e-12, atol=1e-12)

one_by_one = jax.vmap(each, in_axes=(None, 1))(parameters, X)
np.testing.assert_allclose(one_by_one, program(X), rtol=1e-12)
curvature = jax.jit(jax.hessian(mean))(numbers, X)
slope = jax.grad(mean)
step = 1e-5 * rng.normal(size=numbers.shape)
np.testing.assert_allclose(
    (slope(numbers + step, X) - slope(numbers - step, X)) / 2, curvature @ step, rtol=1e-4, atol=1e-12
)


def branches(x, y):
    if x > 1:
        return x * y if y > 0 else x - y * y
    return ad.sin(y) * x.detach() if y > x else ad.where(x > -1, ad.log(x + 2), x)


columns = 1.5 * rng.normal(size=(2, 40))
traced = ad.compile(branches)
values, slopes = traced.value_and_grad(columns, reduce=None)
each = traced.to_jax()
np.testing.assert_allclose(each([], list(columns)), values, rtol=1e-14)
slope = jax.jit(jax.vmap(jax.grad(lambda xs: each([], [xs[0], xs[1]]))))
np.testing.assert_allclose(slope(columns.T).T, slopes, rtol=1e-14)
print("agreed")
"""


def test_data_parallel_over_eight_devices():
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parent.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.split() == ["agreed"]
