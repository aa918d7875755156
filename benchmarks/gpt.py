"""A step of the published GPT, Adam included: the scalar program itself, ours, JAX by hand, a tape in C++.

Every contender trains on the same names from the same weights, and its losses are compared with the published ones
first.  JAX works on one program for all lengths, names padded to the context; in a scan it does many steps in one call,
as ours does.  Then come batches of names of mixed lengths, and a network of a million parameters.  The tape needs g++.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from random import Random
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any

import nn
from benchmarks.peer_microgpt import MicrogptValue
from benchmarks.timing import (
    COLLECTOR,
    HEADINGS,
    clock,
    duration,
    environment,
    factor,
    quick_wanted,
    say,
    show_table,
    take_turns,
)
from nn import text
from nn.gpt_blockwise import BlockwiseGPT
from nn.gpt_compiled import CompiledGPT
from nn.gpt_engines import EagerGPT
from nn.optim import Adam
from tests import scalar_gpt
from tests.cases import load

PUBLISHED = load("microgpt_losses.json")["losses"]
NAMES = 8
AT_ONCE = 25  # times these names in one call, of those that do many steps in one
LETTERS = text.Tokenizer(scalar_gpt.ALPHABET)


def beginning(count: int = NAMES) -> tuple[list[str], nn.GPT]:
    """The first names of the published run in their order, and its network."""
    names, rng = text.load("names"), Random(42)
    rng.shuffle(names)
    return names[:count], nn.GPT(LETTERS.vocabulary, rng=rng)


def scalar_program(kind: Any) -> Callable[[], list[float]]:
    """The published program on numbers of that kind: NAMES more steps at each call."""
    names, model = beginning()
    weights: dict[str, Any] = {}
    for name, rows in model.state_dict().items():
        weights[SHORT[name]] = [[kind(x) for x in row] for row in rows]
    endless = scalar_gpt.train(weights, (names[i % NAMES] for i in count()), 1000)
    return lambda: [next(endless)[0] for _ in range(NAMES)]


OURS, SCAN = "nn, compiled, many steps in one call", "JAX by hand, a scan of many steps"
SHORT = {"token.weight": "token", "position.weight": "position", "output.weight": "output"}
SHORT |= {f"blocks.0.attention.{name}.weight": name for name in ("query", "key", "value", "mix")}
SHORT |= {"blocks.0.up.weight": "up", "blocks.0.down.weight": "down"}


def eager() -> Callable[[], list[float]]:
    names, model = beginning()
    optimizer = Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    run, steps = EagerGPT(model, optimizer), count()

    def step(name: str) -> float:
        optimizer.lr = rate(next(steps))
        return run.step([LETTERS.encode(name)])

    return lambda: [step(name) for name in names]


def compiled(size: int = 1, rounds: int = AT_ONCE) -> Callable[[], list[float]]:
    """Batches of so many names, the same NAMES of them ``rounds`` times over in one call."""
    names, model = beginning(NAMES * size)
    optimizer = Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    run, steps = CompiledGPT(model, optimizer, [LETTERS.encode(name) for name in names], size, 1000), count()
    batches = [range(i * size, (i + 1) * size) for i in range(NAMES)] * rounds

    def train() -> list[float]:
        losses: list[float] = []
        run.train(batches, [rate(next(steps)) for _ in batches], losses, lambda done: None)
        return losses

    return train


def rate(step: int) -> float:
    return 0.01 * max(0.0, 1 - step / 1000)


def with_jax(size: int = 1, rounds: int = 0) -> Callable[[], list[float]]:
    """One program for all lengths, with all parameters in one vector, jitted, Adam within.

    Args:
        size: names in a batch.
        rounds: how often the NAMES batches are gone through in one call, a scan; 0 for a call for each.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    names, model = beginning(NAMES * size)
    context, heads, shapes = model.context, model.heads, {k: np.shape(x) for k, x in model.state_dict().items()}
    future = jnp.triu(jnp.full((context, context), -jnp.inf), 1)

    def normalised(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def loss(flat: Any, tokens: Any, targets: Any, weights: Any) -> Any:
        w, at = {}, 0
        for name, shape in shapes.items():
            w[SHORT[name]] = flat[at : at + math.prod(shape)].reshape(shape)
            at += math.prod(shape)
        x = normalised(w["token"][tokens] + w["position"])
        y = normalised(x)
        q, k, v = ((y @ w[name].T).reshape(size, context, heads, -1) for name in ("query", "key", "value"))
        scores = jnp.einsum("bihd,bjhd->bhij", q, k) / (model.width // heads) ** 0.5
        shares = jax.nn.softmax(scores + future)
        x = jnp.einsum("bhij,bjhd->bihd", shares, v).reshape(size, context, -1) @ w["mix"].T + x
        x = jnp.maximum(normalised(x) @ w["up"].T, 0) @ w["down"].T + x
        logs = jax.nn.log_softmax(x @ w["output"].T)
        return -(weights * jnp.take_along_axis(logs, targets[..., None], -1)[..., 0]).sum()

    def step(state: Any, batch: Any) -> Any:
        flat, mean, square, k = state
        value, slope = jax.value_and_grad(loss)(flat, *batch)
        mean, square = 0.85 * mean + 0.15 * slope, 0.99 * square + 0.01 * slope**2
        lr = 0.01 * jnp.maximum(0.0, 1 - k / 1000)
        change = mean / (1 - 0.85 ** (k + 1)) / (jnp.sqrt(square / (1 - 0.99 ** (k + 1))) + 1e-8)
        return (flat - lr * change, mean, square, k + 1), value

    tokens = np.zeros((NAMES, size, context), int)
    targets, weights = np.zeros_like(tokens), np.zeros(tokens.shape)
    for i, name in enumerate(names):
        read = LETTERS.encode(name)[: context + 1]
        place = (*divmod(i, size), slice(len(read) - 1))
        tokens[place], targets[place], weights[place] = read[:-1], read[1:], 1.0
    weights /= weights.sum((1, 2), keepdims=True)
    flat = jnp.array([p.data for p in model.parameters()])
    state = [(flat, jnp.zeros_like(flat), jnp.zeros_like(flat), 0.0)]
    one, batches = jax.jit(step), [*zip(tokens, targets, weights, strict=True)]
    many = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches))
    repeated = tuple(jnp.array(np.concatenate([x] * max(rounds, 1))) for x in (tokens, targets, weights))

    def singly() -> list[float]:
        losses = []
        for batch in batches:
            state[0], value = one(state[0], batch)
            losses.append(float(value))
        return losses

    def in_a_scan() -> list[float]:
        state[0], losses = many(state[0], repeated)
        return [*map(float, losses)]

    return in_a_scan if rounds else singly


def with_tape(real: str, options: list[str], rounds: int) -> tuple[list[float], float]:
    """The losses of the first steps, and the seconds of one, of the tape in C++."""
    names, model = beginning()
    documents = [LETTERS.encode(name) for name in names]
    lines = [" ".join(repr(p.data) for p in model.parameters()), f"{NAMES} {rounds}"]
    lines += [" ".join(map(str, [len(tokens), *tokens])) for tokens in documents]
    with TemporaryDirectory() as folder:
        program = f"{folder}/tape"
        source = Path(__file__).with_name("tape.cpp")
        subprocess.run(["g++", "-O3", "-march=native", f"-DREAL={real}", *options, source, "-o", program], check=True)
        found = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True)
    *losses, seconds = map(float, found.stdout.split())
    return losses, seconds


def main() -> None:
    quick = quick_wanted(__doc__)
    contenders = {
        "microgpt's own Value, in Python": scalar_program(MicrogptValue),
        "the same program on autodiff's Value": scalar_program(nn.gpt.Value),
        "nn, eager": eager(),
        OURS: compiled(),
    }
    try:
        contenders |= {"JAX by hand, float64": with_jax(), SCAN: with_jax(rounds=AT_ONCE)}
    except ImportError:
        say("JAX is not installed, and left out.")
    for name, contender in contenders.items():
        check(name, contender()[:NAMES], 1e-9)
    times = take_turns(contenders, collector=False, rounds=1 if quick else 5, turn=0.2, calls=NAMES)
    for name in {OURS, SCAN} & {*times}:
        times[name].seconds = [t / AT_ONCE for t in times[name].seconds]
    base = times[OURS].median
    rows = [[name, *found.cells(), factor(found.median / base)] for name, found in times.items()]
    if which("g++"):
        for real, options, tolerance in (("double", [], 1e-9), ("float", ["-ffast-math"], 1e-3)):
            name = f"a tape in C++, {real}{' and fast-math' * bool(options)}"
            found = [with_tape(real, options, 20) for _ in range(1 if quick else 3)]
            check(name, found[0][0], tolerance)
            seconds = min(seconds for _, seconds in found)
            rows.append([name, duration(seconds), "", duration(seconds), factor(seconds / base)])
    else:
        say("There is no g++, and the tape in C++ is left out.")
    say(
        environment(["numba", "numpy", "jax"])
        + f" {COLLECTOR[False]} Of the tape, whose times are of the wall, the best run."
    )
    show_table(["a step", *HEADINGS, "of compiled"], rows)
    for size in (16, 32, 64):
        batches(size, quick)
    data_to_names(quick)
    a_million(quick)


def data_to_names(quick: bool) -> None:
    """The published run with all that belongs to it, the least of some times."""
    seconds = math.inf
    for _ in range(1 if quick else 3):  # the first finds on the disk what the others find in memory
        start = clock()
        names, rng = text.load("names"), Random(42)
        rng.shuffle(names)
        model = nn.GPT(LETTERS.vocabulary, rng=rng)
        history = nn.fit_text(model, LETTERS, names, steps=100 if quick else 1000, progress=False, samples=0)
        made = [nn.generate(history.reader, LETTERS, temperature=0.5, rng=rng) for _ in range(20)]
        seconds = min(seconds, clock() - start)
    if not quick:  # whose learning rate falls in fewer steps
        check("fit_text", history.loss, 1e-12)
    say(f"{len(history)} steps and {len(made)} names, code cached: {duration(seconds)} of processor time.")


def a_million(quick: bool) -> None:
    """A network of a million parameters, whose graphs would take gigabytes: the first step, and those after it."""
    rows, found = [], []
    for kind, more in ((BlockwiseGPT, 20), (EagerGPT, 2)):
        names, _ = beginning(1 + more)
        width, layers = (32, 2) if quick else (128, 5)
        model = nn.GPT(LETTERS.vocabulary, width, layers=layers, seed=42)
        optimizer = Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
        losses: list[float] = []
        start = clock()
        run = kind(model, optimizer, [LETTERS.encode(name) for name in names])
        run.train([[0]], [0.01], losses, lambda done: None)
        first = clock()
        run.train([[i] for i in range(1, 1 + more)], [0.01] * more, losses, lambda done: None)
        rows.append([kind.name, duration(first - start), duration((clock() - first) / more)])
        found.append(losses[1])
    if abs(found[0] / found[1] - 1) > 1e-9:
        raise SystemExit(f"the losses of the second step differ: {found}")
    headings = [f"{len(model.parameters()):,} parameters", "all that is prepared, and a step", "each of the others"]
    show_table(headings, rows)


def batches(size: int, quick: bool) -> None:
    """A step on so many names of mixed lengths."""
    contenders = {OURS: compiled(size, 5)}
    if find_spec("jax"):
        contenders |= {"JAX by hand, float64": with_jax(size), SCAN: with_jax(size, 5)}
    losses = [contender()[:NAMES] for contender in contenders.values()]
    if any(abs(x / y - 1) > 1e-9 for other in losses for x, y in zip(other, losses[0], strict=True)):
        raise SystemExit(f"the losses of batches of {size} differ: {losses}")
    times = take_turns(contenders, collector=False, rounds=1 if quick else 5, turn=0.2, calls=NAMES)
    for name in {OURS, SCAN} & {*times}:
        times[name].seconds = [t / 5 for t in times[name].seconds]
    rows = [[name, *found.cells(), factor(found.median / times[OURS].median)] for name, found in times.items()]
    show_table([f"a step on {size} names", *HEADINGS, "of compiled"], rows)


def check(name: str, losses: list[float], tolerance: float) -> None:
    """Refuse to time what does something else."""
    worst = max(abs(loss / true - 1) for loss, true in zip(losses, PUBLISHED, strict=False))
    if not worst <= tolerance:
        raise SystemExit(f"{name}: the losses are off by {worst}")


if __name__ == "__main__":
    main()
