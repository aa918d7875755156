"""Compiled programs beside JAX, PyTorch, CasADi, NumPy and micrograd: the same work, in one run, one thread and two.

Each workload and each number of threads has a process of its own, held to as many processors.  Before anything is timed
every contender must have the same loss and the same gradient.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.timing import HEADINGS, Times, clock, duration, environment, factor, say, show_table

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.peer_graphs import Graph
    from benchmarks.peer_networks import Side, Task

ROOT = Path(__file__).parent.parent
PLOT = ROOT / "docs" / "benchmarks.svg"
TOLERANCE = 1e-9
OURS, VALUE = "autodiff, compiled", "autodiff, compiled: value alone"
CASADI, CASADI_VALUE = "CasADi, virtual machine of SX", "CasADi, virtual machine of SX: value alone"
MICROGRAD, NUMPY, DGEMM = "micrograd", "NumPy, gradient by hand", "dgemm"
BY_SAMPLE = "autodiff, compiled by sample"
MANY_STEPS, MANY = "autodiff, compiled, 50 steps in one call", 50
NAMES = {True: (4, [3]), False: (16, [6])}  # how many, and of which lengths; by whether --quick
MIXTURE_SIZES = {True: (10, 10, 100), False: (10, 10, 1000)}  # dimension, components, points; by whether --quick
GRAPH_NODES = {True: 100_000, False: 1_000_000}
DGEMM_SIZE = 1024
LEAST_CALLS = 5  # in a turn: each leaves its garbage to the next, as in training

JAX_LIMITS = {"JAX jit, p": 0.4, "JAX jit, an": 0.4, "JAX jit, 50": 0.8}
# A workload: its title, and the most that our time may be of a peer's whose name begins so.
WORKLOADS: dict[str, tuple[str, dict[str, float]]] = {
    "demo": (
        "micrograd's demo: 2-16-16-1 with relu, 100 points, hinge loss and penalty",
        JAX_LIMITS | {"PyTorch": 0.1, "CasADi": 0.05, MICROGRAD: 1 / 20_000},
    ),
    "demo-tanh": ("The same network with tanh", JAX_LIMITS | {"JAX jit, p": 0.5, "JAX jit, an": 0.5}),
    "digits": (
        "Digits: 64-32-10 with relu, softmax cross-entropy, batch of 1,797",
        {"JAX jit, p": 1.0, "JAX jit, an": 1.0},
    ),
    "digits-32": ("The same, batch of 32", JAX_LIMITS),
    "loop": (
        "micrograd's demo as a loop over its samples, in + and *",
        {BY_SAMPLE: 1.0, "JAX jit, p": 0.5, "JAX jit, an": 0.5},
    ),
    "mixture": (
        "ADBench's Gaussian mixture, d = 10, K = 10, n = 1,000: a loop over points, in + and *",
        {"CasADi": 0.06, "JAX": 0.5},
    ),
    "gpt": ("A GPT of 4,192 parameters on 16 names of equal length, in + and *", {"CasADi": 0.1, "JAX": 0.55}),
    "gpt-name": ("The same GPT on one name", {"JAX": 0.6}),
    "gpt-64": ("The same GPT on 64 names of equal length, its tokens inputs", {}),
    "random": ("A random graph of 10⁶ nodes", {"CasADi": 0.35}),
}
SIZES = "sizes"
WIDTHS = (4, 8, 16, 32, 64, 128)  # h of the networks 2-h-h-1 of the plot
THREADED, THREADS_LIMIT = ("digits", "gpt-64"), 0.6
VALUE_LIMIT, PASS_LIMIT, LOWERING_LIMIT, DGEMM_AIM = 4.0, 0.1, 2.0, 0.5


# ---------------------------------------------------------------------------------------------------------------------
# This engine's side.
# ---------------------------------------------------------------------------------------------------------------------


def our_network(task: Task, threads: int) -> dict[str, Side]:
    """One sample recorded as a graph of Values, replayed over the batch; and many steps with one call."""
    import numpy as np

    import autodiff as ad
    from benchmarks.peer_networks import RATE, Side
    from nn import SGD

    parameters = [ad.Value(p) for p in task.parameters.tolist()]
    sample = [ad.Value(x) for x in task.X[0].tolist()]
    waiting, outputs = iter(parameters), sample
    for layer, m in enumerate(task.widths[1:]):
        sums = []
        for _ in range(m):
            weights = [next(waiting) for _ in outputs]
            sums.append(ad.dot(weights, outputs, next(waiting)))
        outputs = sums if layer == task.last else [getattr(ad, task.activation)(s) for s in sums]
    if task.loss == "hinge":
        targets, columns = [ad.Value(1.0)], [task.y]
        loss = ad.relu(1.0 - targets[0] * outputs[0])
    else:
        columns = list(np.eye(len(outputs))[task.y].T)
        targets = [ad.Value(t[0]) for t in columns]
        loss = ad.logsumexp(outputs) - ad.dot(targets, outputs)
    if task.l2:
        loss = loss + task.l2 * ad.dot(parameters, parameters)

    program = ad.compile(loss, sample + targets, parameters)
    data = np.array([*task.X.T, *columns])  # a row for each input
    state = task.parameters.copy()
    run = partial(program.value_and_grad, data, reduce="mean", parameters=state, threads=threads)

    def step() -> float:
        loss, gradient = run()
        np.subtract(state, RATE * gradient, out=state)
        return loss

    def gradient() -> tuple[float, np.ndarray]:
        loss, found = run()
        return float(loss), np.array(found)

    sides = {OURS: Side(step, gradient, held=program)}
    if threads == 1:  # the steps of a call are taken by one thread
        many = partial(program.train, data, optimizer=SGD(parameters, lr=RATE), batches=MANY)
        sides[MANY_STEPS] = Side(many, gradient, MANY, held=program)
    return sides


def our_loop(task: Task, threads: int) -> Side:
    """All samples in one graph, as one who comes from micrograd writes it: a loop, + and *, and the builtin sum."""
    import numpy as np

    import autodiff as ad
    from benchmarks.peer_networks import RATE, Side

    parameters = [ad.Value(p) for p in task.parameters.tolist()]

    def network(outputs: Any) -> Any:
        waiting = iter(parameters)
        for layer, m in enumerate(task.widths[1:]):
            neurons = [([next(waiting) for _ in outputs], next(waiting)) for _ in range(m)]
            outputs = [sum((w * x for w, x in zip(ws, outputs, strict=True)), b) for ws, b in neurons]
            outputs = outputs if layer == task.last else [getattr(ad, task.activation)(s) for s in outputs]
        return outputs[0]

    losses = [ad.relu(1.0 - y * network(x)) for x, y in zip(task.X.tolist(), task.y.tolist(), strict=True)]
    loss = sum(losses) * (1.0 / len(losses)) + task.l2 * sum(p * p for p in parameters)
    program, state = ad.compile(loss, [], parameters), task.parameters.copy()
    run = partial(program.value_and_grad, parameters=state, threads=threads)

    def step() -> float:
        value, gradient = run()
        np.subtract(state, RATE * gradient, out=state)
        return float(value)

    return Side(step, lambda: _as_pair(run()), held=program)


def block_size(network: Side) -> int:
    """How many samples an instruction of the virtual machine works on."""
    machine = network.held._engine("parameters").machine
    return int((machine.loops[0].body if machine.loops else machine).lanes)


def our_graph(graph: Graph, threads: int) -> tuple[Side, Side]:
    """The gradient with the value, and the value alone."""
    import numpy as np

    import autodiff as ad
    from benchmarks.peer_networks import Side

    output, leaves = recorded(graph)
    at = graph.at.copy()
    both = partial(ad.compile(output, [], leaves).value_and_grad, parameters=at, threads=threads)
    value = partial(ad.compile(output, [], leaves), parameters=at, threads=threads)  # of its own: no derivatives in it
    return Side(both, lambda: _as_pair(both())), Side(value, lambda: (float(value()), np.empty(0)))


def our_names(texts: list[list[int]], threads: int) -> tuple[Side, tuple[float, np.ndarray]]:
    """A GPT on names that all have one length, the tokens being inputs; and loss and gradient by the engine itself."""
    import numpy as np

    import autodiff as ad
    from benchmarks.peer_networks import Side
    from nn.gpt import GPT

    model = GPT(27, seed=1)
    parameters = model.parameters()
    loss = sum(model.loss(text) for text in texts) * (1 / len(texts))
    loss.backward()
    eager = loss.data, np.array([p.grad for p in parameters])
    tokens = [ad.Value(token) for token in texts[0]]
    program, columns = ad.compile(model.loss(tokens), tokens, parameters), np.array(texts, float).T.copy()
    run = partial(program.value_and_grad, columns, reduce="mean", threads=threads)
    return Side(run, lambda: _as_pair(run()), held=program), eager


def _as_pair(found: tuple[Any, np.ndarray]) -> tuple[float, np.ndarray]:
    value, gradient = found
    return float(value), gradient.copy()


def recorded(graph: Graph) -> tuple[Any, list[Any]]:
    """A graph built of Values, and its leaves."""
    import autodiff as ad

    leaves = [ad.Value(x) for x in graph.at.tolist()]
    return graph.build(ad, leaves), leaves


def eager_gradient(graph: Graph) -> tuple[float, np.ndarray]:
    """By the engine itself: what everything else must agree with."""
    import numpy as np

    output, leaves = recorded(graph)
    output.backward()
    return output.data, np.array([leaf.grad for leaf in leaves])


def count_operations(graph: Graph) -> int:
    import autodiff as ad

    return sum(1 for node in ad.topological_order(recorded(graph)[0]) if node.parents)


def building_and_lowering(graph: Graph, rounds: int) -> dict[str, list[float]]:
    """Seconds to build the graph, to find its loops, and to make a program of it, time and again, collector off."""
    import autodiff as ad
    from autodiff.compiler.graph import read_graph
    from autodiff.compiler.reroll import reroll

    found: dict[str, list[float]] = {"building": [], "pass": [], "lowering": []}
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        try:
            start = clock()
            output, leaves = recorded(graph)
            built = clock()
            program = ad.compile(output, [], leaves)
            lowered = clock()
            program.value_and_grad(parameters=graph.at)  # the program is ready: what it has put off counts too
            first = clock()
            program.value_and_grad(parameters=graph.at)
            again = clock() - first
            read = read_graph([output], [], leaves)
            begun = clock()
            reroll(read)
            passed = clock() - begun
            del output, leaves, program, read
        finally:
            gc.enable()
        found["building"].append(built - start)
        found["pass"].append(passed)
        found["lowering"].append(lowered - built + max(0.0, first - lowered - again))
    return found


# ---------------------------------------------------------------------------------------------------------------------
# One workload with one number of threads, in a process of its own.
# ---------------------------------------------------------------------------------------------------------------------


def work(name: str, threads: int, quick: bool) -> dict[str, Any]:
    """Seconds of each contender, turn by turn, and what else there is to say."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    prepare_peers(threads)
    if name == SIZES:
        return sizes(quick)
    if name in ("mixture", "random", "gpt", "gpt-name"):
        return graphs(name, threads, quick)
    if name == "gpt-64":
        from benchmarks.peer_gpt import names

        side, eager = our_names(names(8 if quick else 64, [6]), threads)
        times = in_rounds({OURS: side.step}, rounds=3 if quick else 21, seconds=0.1, threads=threads)
        return {"agreement": agreement({"eager": eager, OURS: side.gradient()}, "eager"), "times": times}
    task = task_of(name)
    sides = network_sides(task, threads)
    if name == "loop":
        sides.pop(MANY_STEPS, None)
        sides = {OURS: our_loop(task, threads), BY_SAMPLE: sides.pop(OURS)} | sides
    worst = agreement({side: contender.gradient() for side, contender in sides.items()}, NUMPY)
    contenders = {side: contender.step for side, contender in sides.items()}
    if name == "digits":
        contenders[DGEMM] = dgemm()
    times = in_rounds(contenders, rounds=3 if quick else 21, seconds=0.02 if quick else 0.1, threads=threads)
    for side, contender in sides.items():
        times[side] = [t / contender.steps for t in times[side]]
    block = block_size(sides[OURS])
    return {"agreement": worst, "times": times, "operations": task.operations_of_products(), "block": block}


def prepare_peers(threads: int) -> None:
    """What must be said to the peers before they start."""
    if find_spec("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # faster where each step is waited for
    if find_spec("torch"):
        import torch

        torch.set_num_threads(threads)


def environment_of(threads: int) -> dict[str, str]:
    """Environment variables that hold every library to so many threads."""
    found = {f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "MKL", "OMP", "NUMBA")}
    if threads == 1:
        found["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return os.environ | found | {"NPROC": str(threads)}


def task_of(name: str) -> Task:
    import numpy as np

    from benchmarks.peer_networks import Task, random_parameters

    if name.startswith("demo") or name == "loop":
        demo = json.loads((ROOT / "tests" / "data" / "micrograd_demo.json").read_text(encoding="utf-8"))
        activation = "tanh" if name == "demo-tanh" else "relu"
        X, y, parameters = (np.array(demo[key], dtype=float) for key in ("X", "y", "params0"))
        return Task((2, 16, 16, 1), activation, "hinge", 1e-4, X, y, parameters)
    from sklearn.datasets import load_digits

    digits, n = load_digits(), 32 if name == "digits-32" else 1797
    X, y = np.ascontiguousarray(digits.data[:n] / 16), digits.target[:n].astype(np.int64)
    return Task((64, 32, 10), "relu", "cross-entropy", 0.0, X, y, random_parameters((64, 32, 10)))


def network_sides(task: Task, threads: int) -> dict[str, Side]:
    from benchmarks import peer_networks as peers

    sides = our_network(task, threads) | {NUMPY: peers.numpy_side(task)}
    if find_spec("jax"):
        sides |= peers.jax_sides(task)
    if find_spec("torch"):
        sides |= peers.torch_sides(task)
    if find_spec("casadi"):
        sides[CASADI] = peers.casadi_side(task, threads)
    if find_spec("micrograd") and task.activation == "relu" and task.loss == "hinge":
        sides[MICROGRAD] = peers.micrograd_side(task)
    return sides


def agreement(found: Mapping[str, tuple[float, np.ndarray]], reference: str) -> float:
    """The largest difference of any contender from the reference, relative to the largest number; an error if large."""
    import numpy as np

    loss, gradient = found[reference]
    worst = 0.0
    for name, (value, theirs) in found.items():
        differences = abs(value - loss) / abs(loss), float(np.abs(theirs - gradient).max() / np.abs(gradient).max())
        for difference in differences:
            if not difference <= TOLERANCE:
                raise RuntimeError(f"{name} and {reference} differ by {difference:.0e}; nothing was timed")
            worst = max(worst, difference)
    return worst


def dgemm() -> Callable[[], Any]:
    import numpy as np

    rng = np.random.default_rng(1)
    a, b = rng.random((DGEMM_SIZE, DGEMM_SIZE)), rng.random((DGEMM_SIZE, DGEMM_SIZE))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


def graphs(name: str, threads: int, quick: bool) -> dict[str, Any]:
    from benchmarks import peer_gpt
    from benchmarks import peer_graphs as peers

    size, (count, lengths) = MIXTURE_SIZES[quick], NAMES[quick]
    texts = peer_gpt.names(1 if name == "gpt-name" else count, lengths)
    graph = {
        "mixture": lambda: peers.mixture(*size),
        "random": lambda: peers.random_graph(GRAPH_NODES[quick]),
    }.get(name, lambda: peer_gpt.gpt(texts))()
    value, gradient = eager_gradient(graph)
    found = {"eager": (value, gradient)}
    sides = dict(zip((OURS, VALUE), our_graph(graph, threads), strict=True))
    if find_spec("casadi"):
        sides |= zip((CASADI, CASADI_VALUE), peers.casadi_sides(graph), strict=True)
    if find_spec("jax") and name == "mixture":
        sides["JAX jit, vectorised by hand"] = peers.mixture_in_jax(graph, *size)
    elif find_spec("jax") and name != "random":
        sides["JAX jit, vectorised by hand"] = peer_gpt.gpt_in_jax(graph, texts)
    for name, side in sides.items():
        theirs = side.gradient()
        found[name] = (theirs[0], gradient) if name in (VALUE, CASADI_VALUE) else theirs
    result: dict[str, Any] = {"agreement": agreement(found, "eager"), "nodes": count_operations(graph)}
    rounds, seconds = (3, 0.05) if quick else (21, 0.3)
    result["times"] = in_rounds(
        {side: s.step for side, s in sides.items()}, rounds=rounds, seconds=seconds, threads=threads
    )
    if threads == 1:
        result |= building_and_lowering(graph, 2 if quick else 5)
    return result


def sizes(quick: bool) -> dict[str, Any]:
    """Medians over networks of growing width, for the plot."""
    import numpy as np

    from benchmarks.peer_networks import JAX_LAYERS, TORCH_OPTIMISER, Task, random_parameters

    demo, lines = task_of("demo"), {}
    for h in WIDTHS[:3] if quick else WIDTHS:
        widths = (2, h, h, 1)
        task = Task(widths, "relu", "hinge", 1e-4, demo.X, demo.y, random_parameters(widths))
        sides = network_sides(task, 1)
        for left_out in (MANY_STEPS, JAX_LAYERS, TORCH_OPTIMISER, *([MICROGRAD] if h > 16 else [])):
            sides.pop(left_out, None)
        agreement({name: side.gradient() for name, side in sides.items()}, NUMPY)
        times = in_rounds(
            {name: side.step for name, side in sides.items()}, rounds=3 if quick else 9, seconds=0.05, threads=1
        )
        for name, side in sides.items():
            lines.setdefault(name, []).append((int(np.size(task.parameters)), median(times[name]) / side.steps))
    return {"lines": lines}


def in_rounds(
    contenders: Mapping[str, Callable[[], Any]], *, rounds: int, seconds: float, threads: int
) -> dict[str, list[float]]:
    """Seconds a call, a figure a turn; contenders take turns, so many times over.

    One thread is timed by the processor, so that other work on the machine does not count; several, by the clock on
    the wall.  A turn is as many calls in a row as fit into ``seconds``, and five at least; before them a tenth as many
    are not counted.  Where a single call takes longer than ten turns should, three turns must do.
    """
    gc.collect()
    gc.freeze()  # what the libraries hold is not walked through by collections in the turns of another
    timer = clock if threads == 1 else perf_counter
    calls = {name: _calls_in(seconds, contender) for name, contender in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, contender in contenders.items():
            if turn < 3 or calls[name] >= 0.1:
                times[name].append(_turn(contender, max(LEAST_CALLS, int(calls[name])), timer))
    return times


def _calls_in(seconds: float, contender: Callable[[], Any]) -> float:
    """How many calls fit, once the first has compiled what it must and the next have warmed up."""
    contender()
    calls = 1
    while True:
        start = clock()
        for _ in range(calls):
            contender()
        spent = clock() - start
        if spent > seconds / 2 and (calls > 2 or spent > 10 * seconds):
            return calls * seconds / spent
        calls *= 2


def _turn(contender: Callable[[], Any], calls: int, clock: Callable[[], float]) -> float:
    gc.collect()
    for _ in range(calls // 10):
        contender()
    start = clock()
    for _ in range(calls):
        contender()
    return (clock() - start) / calls


# ---------------------------------------------------------------------------------------------------------------------
# The report.
# ---------------------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller sizes: rough figures")
    parser.add_argument("--write", action="store_true", help=f"draw the plot to docs/{PLOT.name} too")
    parser.add_argument("--only", choices=[*WORKLOADS, SIZES], help="one workload alone")
    parser.add_argument("--threads", type=int, choices=(1, 2), help="with so many threads alone")
    parser.add_argument("--work", choices=[*WORKLOADS, SIZES], help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.work:
        print(json.dumps(work(wanted.work, wanted.threads, wanted.quick)))
        return

    print(environment(["numba", "numpy", "micrograd", "jax", "torch", "casadi"]))
    say(
        "All in float64. Contenders take turns, and each turn, a loop of calls, gives one figure: processor time with "
        "one thread, time by the clock on the wall with two. Collector on, at Python's own thresholds, one full "
        "collection before each turn, outside the time; what the libraries hold is frozen, so that no collection walks "
        "through it. Each process is held to as many processors as it may use threads. Data and parameters are in each "
        "tool's own arrays before. A limit is on the median of ours divided by the median of theirs. JAX dispatches "
        "synchronously, its faster way where each step is waited for. What it does without a return to Python between "
        "steps is compared with what ours does so, with one thread; else it stands beside."
    )
    ratios: dict[str, list[str]] = {}
    medians: dict[tuple[str, int], float] = {}
    all_threads = [wanted.threads] if wanted.threads else [1, 2]
    for threads in all_threads:
        for name in [wanted.only] if wanted.only in WORKLOADS else [] if wanted.only else WORKLOADS:
            found = in_a_process(name, threads, wanted.quick)
            report(name, threads, found, ratios)
            medians[name, threads] = median(found["times"][OURS])
    for name in THREADED:
        if (name, 1) in medians and (name, 2) in medians:
            ratio = medians[name, 2] / medians[name, 1]
            shown = factor(ratio) if ratio <= THREADS_LIMIT else f"**{factor(ratio)}**"
            ratios[f"{name}: two threads / one"] = [f"≤ {THREADS_LIMIT:g}", "", shown]
    if ratios:
        say("All ratios with a limit:")
        show_table(
            ["ratio", "limit", *(f"{t} thread{'s' * (t > 1)}" for t in all_threads)], padded(ratios, all_threads)
        )
    if wanted.only in (None, SIZES) and wanted.threads in (None, 1):
        show_sizes(in_a_process(SIZES, 1, wanted.quick), wanted.write)


def in_a_process(name: str, threads: int, quick: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.compiled", "--work", name, "--threads", str(threads)]
    done = subprocess.run(
        command + ["--quick"] * quick,
        env=environment_of(threads),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        sys.exit(f"{name} with {threads} threads failed")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(name: str, threads: int, found: dict[str, Any], ratios: dict[str, list[str]]) -> None:
    """Print a workload's table; add what has a limit to ``ratios``, whose rows begin with the limit."""
    title, limits = WORKLOADS[name]
    print(f"\n### {title}; {'one thread' if threads == 1 else f'{threads} threads'}")
    times = {side: _times(seconds) for side, seconds in found["times"].items()}
    rate = times.pop(DGEMM, None)
    ours = times[OURS]

    def judge(what: str, ratio: float, limit: float, least: bool = False) -> list[str]:
        kept = ratio >= limit if least else ratio <= limit
        shown = factor(ratio) if ratio >= 1e-3 else f"1/{1 / ratio:,.0f}"
        bound = ("≥ " if least else "≤ ") + (f"{limit:g}" if limit >= 1e-3 else f"1/{1 / limit:,.0f}")
        row = ratios.setdefault(f"{name}: {what}", [bound])
        row += [""] * (threads - len(row))
        row.append(shown if kept else f"**{shown}**")
        return [shown, bound]

    rows = []
    for side, t in times.items():
        alike = times.get(MANY_STEPS, ours) if f"{MANY} steps" in side else ours  # many steps in one call, both
        ratio = alike.median / t.median
        limit = next((most for begin, most in limits.items() if side.startswith(begin)), None)
        limit = None if alike is ours and f"{MANY} steps" in side else limit
        cells = ["", ""]
        if side not in (OURS, VALUE, CASADI_VALUE, MANY_STEPS):
            cells = [factor(ratio) if ratio >= 1e-3 else f"1/{1 / ratio:,.0f}", ""]
            cells = judge(f"ours / {side}", ratio, limit) if limit else cells
        rows.append([side, *t.cells(), *cells])
    block = f" An instruction works on {found['block']} samples." if "block" in found else ""
    say(f"The largest difference in loss or gradient is {found['agreement']:.0e}, relative to the largest.{block}")
    show_table(["gradient" if "nodes" in found else "step", *HEADINGS, "ours / theirs", "limit"], rows)

    if "nodes" in found:
        ratio = ours.median / times[VALUE].median
        judge("gradient / value alone", ratio, VALUE_LIMIT)
        say(
            f"{found['nodes']:,} operations. Gradient with value takes {factor(ratio)} the time of the value alone; "
            f"the limit is {VALUE_LIMIT:g}×."
            + (f" CasADi: {factor(times[CASADI].median / times[CASADI_VALUE].median)}." if CASADI in times else "")
        )
    if "lowering" in found:
        building, passing, lowering = (median(found[what]) for what in ("building", "pass", "lowering"))
        judge("finding loops / building", passing / building, PASS_LIMIT)
        judge("lowering / building", lowering / building, LOWERING_LIMIT)
        say(
            f"Building the graph takes {duration(building)}, finding its loops {duration(passing)}: "
            f"{factor(passing / building)}, the limit is {PASS_LIMIT:g}×; lowering it, that included, to a ready "
            f"program {duration(lowering)}: {factor(lowering / building)}, the limit is {LOWERING_LIMIT:g}×. Collector "
            "off for these; the node is the one that `python -m autodiff --version` names."
        )
    if rate:
        speed = 2 * DGEMM_SIZE**3 / rate.median
        shares = {side: found["operations"] / t.median / speed for side, t in times.items()}
        judge("share of dgemm's rate", shares[OURS], DGEMM_AIM, least=True)
        reached = "; ".join(f"{side} {share:.2f}" for side, share in shares.items())
        say(
            f"NumPy's product of two matrices of {DGEMM_SIZE} × {DGEMM_SIZE}, in the same rounds: "
            f"{speed / 1e9:.1f} GFLOP/s. The share of that rate that a step reaches, counting its products of matrices "
            f"alone ({found['operations'] / 1e6:.1f} MFLOP): {reached}. The aim is {DGEMM_AIM:g}."
        )


def _times(seconds: list[float]) -> Times:
    times = Times()
    times.seconds = seconds
    return times


def padded(ratios: dict[str, list[str]], threads: list[int]) -> list[list[str]]:
    rows = []
    for name, (bound, *cells) in ratios.items():
        filled = [*cells, "", ""]
        rows.append([name, bound, *(filled[t - 1] for t in threads)])
    return rows


def show_sizes(found: dict[str, Any], write: bool) -> None:
    lines = found["lines"]
    counts = sorted({n for line in lines.values() for n, _ in line})
    say("A step of networks 2-h-h-1 with relu, 100 points, one thread, by the number of parameters:")
    rows = [
        [name, *(duration(dict(map(tuple, line))[n]) if n in dict(map(tuple, line)) else "" for n in counts)]
        for name, line in lines.items()
    ]
    show_table(["step", *(f"{n:,}" for n in counts)], rows)
    if write:
        from benchmarks.compiled_plot import draw

        draw(lines, PLOT)
    print(f"\n![Time of a step by the number of parameters, for each tool]({PLOT.name})")


if __name__ == "__main__":
    main()
