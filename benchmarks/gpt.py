"""A step of the published GPT, one name, Adam included: the scalar program itself, ours, JAX by hand, a tape in C++.

Every contender trains on the same names from the same weights, and its losses are compared with the published ones
first.  JAX works on one program for all lengths, names padded to the context.  The tape needs g++.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
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
from nn.gpt_compiled import CompiledGPT
from nn.gpt_engines import EagerGPT
from nn.optim import Adam
from tests import scalar_gpt
from tests.cases import load

PUBLISHED = load("microgpt_losses.json")["losses"]
NAMES = 8
LETTERS = text.Tokenizer(scalar_gpt.ALPHABET)


def beginning() -> tuple[list[str], nn.GPT]:
    """The names of the published run in their order, and its network."""
    names, rng = text.load("names"), Random(42)
    rng.shuffle(names)
    return names[:NAMES], nn.GPT(LETTERS.vocabulary, rng=rng)


def scalar_program(kind: Any) -> Callable[[], list[float]]:
    """The published program on numbers of that kind: NAMES more steps at each call."""
    names, model = beginning()
    weights: dict[str, Any] = {}
    for name, rows in model.state_dict().items():
        weights[SHORT[name]] = [[kind(x) for x in row] for row in rows]
    endless = scalar_gpt.train(weights, (names[i % NAMES] for i in count()), 1000)
    return lambda: [next(endless)[0] for _ in range(NAMES)]


SHORT = {"token.weight": "token", "position.weight": "position", "output.weight": "output"}
SHORT |= {f"blocks.0.attention.{name}.weight": name for name in ("query", "key", "value", "mix")}
SHORT |= {"blocks.0.up.weight": "up", "blocks.0.down.weight": "down"}


def with_nn(engine: Any) -> Callable[[], list[float]]:
    names, model = beginning()
    optimizer = Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    run, documents, steps = engine(model, optimizer), [LETTERS.encode(name) for name in names], count()

    def step(tokens: list[int]) -> float:
        optimizer.lr = 0.01 * max(0.0, 1 - next(steps) / 1000)
        return float(run.step([tokens]))

    return lambda: [step(tokens) for tokens in documents]


def with_jax() -> Callable[[], list[float]]:
    """One program for all lengths, with all parameters in one vector, jitted, Adam within."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    names, model = beginning()
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
        q, k, v = ((y @ w[name].T).reshape(context, heads, -1) for name in ("query", "key", "value"))
        shares = jax.nn.softmax(jnp.einsum("ihd,jhd->hij", q, k) / (model.width // heads) ** 0.5 + future)
        x = jnp.einsum("hij,jhd->ihd", shares, v).reshape(context, -1) @ w["mix"].T + x
        x = jnp.maximum(normalised(x) @ w["up"].T, 0) @ w["down"].T + x
        logs = jax.nn.log_softmax(x @ w["output"].T)
        return -(weights * jnp.take_along_axis(logs, targets[:, None], 1)[:, 0]).sum()

    @jax.jit
    def step(state: Any, tokens: Any, targets: Any, weights: Any) -> Any:
        flat, mean, square, k = state
        value, slope = jax.value_and_grad(loss)(flat, tokens, targets, weights)
        mean, square = 0.85 * mean + 0.15 * slope, 0.99 * square + 0.01 * slope**2
        rate = 0.01 * jnp.maximum(0.0, 1 - k / 1000)
        change = mean / (1 - 0.85 ** (k + 1)) / (jnp.sqrt(square / (1 - 0.99 ** (k + 1))) + 1e-8)
        return value, (flat - rate * change, mean, square, k + 1)

    documents = []
    for name in names:
        tokens = LETTERS.encode(name)[: context + 1]
        n = len(tokens) - 1
        padded = [[*part, *[0] * (context - n)] for part in (tokens[:-1], tokens[1:])]
        documents.append((*map(np.array, padded), np.array([1 / n] * n + [0.0] * (context - n))))
    flat = jnp.array([p.data for p in model.parameters()])
    state = [(flat, jnp.zeros_like(flat), jnp.zeros_like(flat), 0.0)]

    def steps() -> list[float]:
        losses = []
        for document in documents:
            value, state[0] = step(state[0], *document)
            losses.append(float(value))
        return losses

    return steps


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
        "nn, eager": with_nn(EagerGPT),
        "nn, compiled": with_nn(CompiledGPT),
    }
    try:
        contenders["JAX by hand, float64"] = with_jax()
    except ImportError:
        say("JAX is not installed, and left out.")
    for name, contender in contenders.items():
        check(name, contender(), 1e-9)
    times = take_turns(contenders, collector=False, rounds=1 if quick else 5, turn=0.2, calls=NAMES)
    base = times["nn, compiled"].median
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
    start = clock()
    names, rng = text.load("names"), Random(42)
    rng.shuffle(names)
    model = nn.GPT(LETTERS.vocabulary, rng=rng)
    history = nn.fit_text(model, LETTERS, names, steps=100 if quick else 1000, progress=False, samples=0)
    made = [nn.generate(model, LETTERS, temperature=0.5, rng=rng) for _ in range(20)]
    say(f"{len(history)} steps and {len(made)} names, code cached: {duration(clock() - start)} of processor time.")


def check(name: str, losses: list[float], tolerance: float) -> None:
    """Refuse to time what does something else."""
    worst = max(abs(loss / true - 1) for loss, true in zip(losses, PUBLISHED, strict=False))
    if not worst <= tolerance:
        raise SystemExit(f"{name}: the losses are off by {worst}")


if __name__ == "__main__":
    main()
