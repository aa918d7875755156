"""Threads, tasks and forks: everything at once, and every result is that of one thing after another."""

import asyncio
import contextvars
import math
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("numpy")

import autodiff as ad
import nn
from autodiff import Value

ROOT = Path(__file__).parent.parent

# ---------------------------------------------------------------------------------------------------------------------
# Operations; each checks its own result.
# ---------------------------------------------------------------------------------------------------------------------


def record(t, here):
    x = Value(t)
    y = x * ad.sin(x)
    y.backward()
    assert x.grad == math.sin(t) + t * math.cos(t)


def transform(t, here):
    assert ad.grad(lambda x: x**3)(t) == pytest.approx(3 * t * t, rel=1e-15)
    assert ad.hessian(lambda v: v[0] * v[0] * v[1])([t, 2.0]) == [[4.0, 2 * t], [2 * t, 0.0]]


def compile_and_run(t, here):
    x, w = Value(0.0), Value(t)
    program = ad.compile(w * x + x, [x], [w])
    assert program([1.0, 2.0]).tolist() == [t + 1.0, 2 * t + 2.0]
    assert program.value_and_grad([1.0, 3.0])[1].tolist() == [2.0]


_x, _w = Value(0.0), Value(0.0)
SHARED = ad.compile(_w * ad.tanh(_x), [_x], [_w])


def run_shared(t, here):
    """All on one program, each with its own numbers."""
    value, gradient = SHARED.value_and_grad([t] * 3, parameters=[2.0], reduce="sum")
    assert value == pytest.approx(6 * math.tanh(t), rel=1e-14)
    assert gradient.item() == pytest.approx(3 * math.tanh(t), rel=1e-14)


MODELS = [nn.Neuron(2, seed=seed) for seed in range(4)]
STATES = [model.state_dict() for model in MODELS]


def save(t, here):
    """To one path, all of them."""
    nn.save(random.choice(MODELS), here / "model.json")


def load(t, here):
    assert nn.load(here / "model.json").state_dict() in STATES


def draw(t, here):
    ad.draw(Value(t) * 2.0).save(here / "picture.dot")


def pause(t, here):
    x = Value(t)
    with ad.no_grad():
        assert (x * x).op is None
        with ad.no_grad():
            assert (x + x).op is None
        assert (x - x).op is None
    assert (x * x).op is not None


def transform_paused(t, here):
    with ad.no_grad():
        assert ad.grad(lambda x: x * x)(t) == 2 * t
        slope = ad.grad(lambda x: x * x)(Value(t))
        assert (slope.data, slope.op) == (2 * t, None)


KINDS = [record, transform, compile_and_run, run_shared, save, load, draw]


def test_eight_threads_and_a_thousand_operations_each(tmp_path):
    kinds = [*KINDS, pause, transform_paused]
    save(0.0, tmp_path)

    def work(seed):
        rng = random.Random(seed)
        for _ in range(1000):
            rng.choice(kinds)(rng.uniform(-2, 2), tmp_path)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "picture.dot"}


# ---------------------------------------------------------------------------------------------------------------------
# Tasks.
# ---------------------------------------------------------------------------------------------------------------------


async def _records(t):
    x = Value(t)
    y = x
    for _ in range(3):
        y = y * x
        await asyncio.sleep(0)
        assert y.op is not None
    y.backward()
    assert x.grad == pytest.approx(4 * t**3, rel=1e-14)


async def _runs(t):
    await asyncio.sleep(0)
    run_shared(t, None)
    await asyncio.to_thread(run_shared, t, None)


async def _pauses(t):
    x = Value(t)
    with ad.no_grad():
        for _ in range(3):
            await asyncio.sleep(0)
            assert (x * x).op is None
            assert ad.grad(lambda x: x * x)(t) == 2 * t
    await asyncio.sleep(0)
    assert (x * x).op is not None


@pytest.mark.parametrize("kinds", [[_records, _runs], [_records, _runs, _pauses]])
def test_two_hundred_interleaved_tasks(kinds):
    async def all_of_them():
        rng = random.Random(0)
        await asyncio.gather(*[rng.choice(kinds)(rng.uniform(-2, 2)) for _ in range(200)])

    asyncio.run(all_of_them())


def test_a_generator_that_waits_inside_no_grad():
    """It is paused itself, and who waits for it is not."""

    def numbers():
        with ad.no_grad():
            yield 1.0
            yield 2.0

    context = contextvars.copy_context()
    waiting = numbers()
    context.run(next, waiting)
    assert (Value(1.0) * 2.0).op is not None
    context.run(waiting.close)
    assert (Value(1.0) * 2.0).op is not None


# ---------------------------------------------------------------------------------------------------------------------
# Forks.
# ---------------------------------------------------------------------------------------------------------------------

FORKS = """
import os, signal, sys, threading, time
import numpy as np
import autodiff as ad

def made():
    x, w = ad.Value(0.0), ad.Value(0.5)
    return ad.compile(w * x + x, [x], [w])

program, columns = made(), np.ones((1, 200_000))
def check(program, threads):
    value, gradient = program.value_and_grad(columns, threads=threads)
    assert abs(value - 1.5) < 1e-9 and abs(gradient.item() - 1.0) < 1e-9, (value, gradient)
check(program, 2)

going = True
def load(work):
    while going:
        work()
loads = [lambda: check(program, 1), lambda: check(program, 2), lambda: check(made(), 1)]
threads = [threading.Thread(target=load, args=[work]) for work in loads]
for thread in threads:
    thread.start()
hung, failed = 0, 0
for i in range(20):
    time.sleep(0.003 * (i % 7))
    child = os.fork()
    if not child:
        try:
            check(program, 2)
            check(made(), 1)
            os._exit(0)
        finally:
            os._exit(1)
    end = time.monotonic() + 60  # seconds: hung, however busy the machine is
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            failed += status != 0
            break
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            hung += 1
            break
        time.sleep(0.002)
going = False
for thread in threads:
    thread.join()
print(hung, failed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_twenty_forks_under_load():
    """In each child the program runs that threads of the parent were in the middle of, and another is compiled."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS],  # from 3.12 on Python warns of any such fork
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.stdout == "0 0\n", result.stderr


AT_FIRST = """
import faulthandler, os, sys, threading, time
import autodiff as ad

def check():
    x, w = ad.Value(0.0), ad.Value(0.5)
    value, gradient = ad.compile(w * x + x, [x], [w]).value_and_grad([1.0, 3.0], reduce="sum")
    assert (value, gradient.item()) == (6.0, 4.0)

there = threading.Event()
def wait_there(event, arguments):
    if event == "import" and arguments[0] == sys.argv[1] and not there.is_set():
        there.set()
        time.sleep(0.5)
sys.addaudithook(wait_there)
thread = threading.Thread(target=check)
thread.start()
assert there.wait(60)
child = os.fork()
if not child:
    faulthandler.dump_traceback_later(60, exit=True)  # where it hangs
    check()
    os._exit(0)
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("module", ["autodiff.compiler.program", "numpy", "numba"])
def test_a_fork_while_a_thread_compiles_its_first_program(module):
    """In the middle of an import of that module, whose lock the child has, and not the thread that would open it."""
    if not find_spec(module.partition(".")[0]):
        pytest.skip(f"{module} is not installed")
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", AT_FIRST, module],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (result.stdout, result.stderr) == ("0\n", "")


AT_FIRST_DRAWN = (
    AT_FIRST[: AT_FIRST.index("def check")]
    + """
def check():
    x = ad.Value(3.0)
    assert "<svg" in ad.draw(x * x, time_limit=None).svg
"""
    + AT_FIRST[AT_FIRST.index("there = ") - 1 :]
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("module", ["xml.etree.ElementTree", "shutil"])
def test_a_fork_while_a_thread_draws_its_first_picture(module):
    """In the middle of what loads that module: of `svg.py`, of `render.py`."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", AT_FIRST_DRAWN, module],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (result.stdout, result.stderr) == ("0\n", "")
