"""no_grad() holds where it was entered: in no other thread, no other task, and however blocks end."""

from __future__ import annotations

import asyncio
import contextvars
import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import autodiff as ad
from autodiff import Value, is_grad_enabled, no_grad, pausing


@pytest.fixture(autouse=True)
def _nothing_is_left():
    yield
    assert is_grad_enabled()
    assert not pausing.paused_somewhere


def records():
    """Whether an operation records a graph; every kind of method must agree with what is said."""
    x = Value(3.0)
    found = {bool(node.parents) for node in (x * x, 2 * x, x**2, x.exp(), ad.dot([x], [x]), x.clamp(0, 1))}
    assert found == {is_grad_enabled()}
    return found.pop()


def check_transform():
    """A transform records its own function inside no_grad() too, and a block within that function holds there."""

    def f(x):
        assert records()
        with no_grad():
            assert not records()
            frozen = x * x
        return frozen * x

    assert ad.grad(f)(3.0) == 9.0
    assert ad.jvp(f, (3.0,), (1.0,)) == (27.0, 9.0)


def test_blocks_in_blocks():
    with no_grad():
        assert not records()
        check_transform()
        with pausing.recording() as paused:
            assert paused
            assert records()
            with no_grad():
                assert not records()
            assert records()
        assert not records()
    with pausing.recording() as paused:
        assert not paused
        assert records()


@pytest.mark.parametrize("name", ["add", "exp", "hypot", "max", "sum", "dot"])
def test_no_derivative_is_computed_for_nothing(name, monkeypatch):
    """Each rule of the row raises, so that it is seen where it is called."""

    def rule(*arguments):
        raise LookupError

    op, x = ad.OPS[name], Value(3.0)
    operands = (x,) if name == "exp" else (x, x)
    expected = op(*operands).data
    monkeypatch.setattr(op, "partials", (rule,) * len(op.partials))
    with pytest.raises(LookupError):
        op(*operands)
    with no_grad():
        leaf = op(*operands)
    assert (leaf.data, leaf.op, leaf.operands) == (expected, None, ())


def test_as_decorator():
    @no_grad()
    def paused(depth):
        """Kept."""
        return records() or (depth and paused(depth - 1))

    assert not paused(3)
    assert not paused(3)
    assert (paused.__name__, paused.__doc__) == ("paused", "Kept.")


def test_eight_threads():
    start = Barrier(8)

    def work(seed):
        rng = random.Random(seed)
        start.wait()
        for _ in range(100):
            if rng.random() < 0.5:
                with no_grad():
                    assert not records()
                    check_transform()
                    assert not records()
            else:
                check_transform()
                assert records()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()


def test_two_hundred_interleaved_tasks():
    async def work(seed, depth=3):
        rng = random.Random(seed)
        for _ in range(5):
            before = records()
            with pausing.recording() if rng.random() < 0.3 else no_grad():
                inside = records()
                await asyncio.sleep(0)
                assert records() == inside
                if depth and rng.random() < 0.3:
                    await work(seed + 1000, depth - 1)
                check_transform()
                assert records() == inside
            assert records() == before
            await asyncio.sleep(0)
            assert records() == before

    async def main():
        await asyncio.gather(*[work(seed) for seed in range(200)])

    asyncio.run(main())


def test_a_cancelled_task_leaves_nothing():
    async def work():
        with no_grad():
            await asyncio.sleep(60)

    async def main():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        assert records()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert records()

    asyncio.run(main())


def holding(block=no_grad):
    with block():
        yield


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_blocks_end_in_any_order(order):
    """A generator's block holds for whoever runs it, until it is closed; the innermost open block decides."""
    generators = [holding(), holding(pausing.recording), holding()]
    for generator, recorded in zip(generators, (False, True, False), strict=True):
        next(generator)
        assert records() == recorded
    still_open = {0: False, 1: True, 2: False}
    for i in order:
        generators[i].close()
        del still_open[i]
        assert records() == ([True, *still_open.values()][-1])


def test_a_block_ends_inside_another():
    generator = holding()
    next(generator)
    with no_grad():
        generator.close()
        assert not records()
    assert records()


def test_a_block_ends_in_another_thread_and_in_another_context():
    def close(generator):
        assert records()  # it does not hold here
        with no_grad():
            generator.close()
            assert not records()
        assert records()

    for run in (contextvars.Context().run, ThreadPoolExecutor(1).submit):
        generator = holding()
        next(generator)
        assert not records()
        result = run(close, generator)
        assert result is None or result.result() is None
        assert records()


def test_a_generator_thrown_away_ends_its_block():
    generator = holding()
    next(generator)
    del generator
    assert records()


def test_an_exception_ends_a_block():
    with pytest.raises(OverflowError), no_grad():
        raise OverflowError
    assert records()
