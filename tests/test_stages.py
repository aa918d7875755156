"""The stages of the compiler: each leaves what it was given as it was, and a pass over the graph fits in between."""

import random
from dataclasses import fields, is_dataclass, replace

import pytest

import autodiff as ad
from autodiff import Value
from autodiff.ops import OPS, NaryOp

mpmath = pytest.importorskip("mpmath")
np = pytest.importorskip("numpy")
pytest.importorskip("numba", reason="the stages lead to machine code")

from autodiff.compiler import loops, vm  # noqa: E402
from autodiff.compiler.adjoints import adjoints  # noqa: E402
from autodiff.compiler.assembler import ArrayFunction  # noqa: E402
from autodiff.compiler.dialect import Unsupported  # noqa: E402
from autodiff.compiler.frozen import freeze  # noqa: E402
from autodiff.compiler.graph import PER_SAMPLE, read_graph  # noqa: E402
from autodiff.compiler.instructions import instructions  # noqa: E402
from autodiff.compiler.link import link  # noqa: E402
from autodiff.compiler.lower import lower  # noqa: E402
from autodiff.compiler.regions import regions  # noqa: E402
from autodiff.compiler.rows import rows  # noqa: E402
from autodiff.compiler.schedule import schedule  # noqa: E402
from autodiff.compiler.slots import allocate  # noqa: E402

OPERATIONS = ["add", "sub", "mul", "tanh", "exp", "relu", "maximum", "where", "sum", "dot", "max", "logsumexp", "prod"]


def recorded(seed, size=40):
    """A random graph with layers and softmaxes in it: output, inputs, parameters."""
    rng = random.Random(seed)
    inputs, parameters = ([Value(rng.uniform(-1, 1)) for _ in range(4)] for _ in range(2))
    nodes = [*inputs, *parameters]
    for _ in range(size):
        op = OPS[rng.choice(OPERATIONS)]
        count = rng.randint(2, 5) if isinstance(op, NaryOp) else len(op.partials)
        nodes.append(op(*[rng.choice(nodes) if rng.random() < 0.9 else rng.uniform(-1, 1) for _ in range(count)]))
    nodes += [ad.dot(rng.sample(parameters, 3), inputs[:3], parameters[0]) for _ in range(3)]
    nodes += ad.softmax([rng.choice(nodes) for _ in range(3)])
    return ad.sum([ad.tanh(x) for x in nodes[-12:]]), inputs, parameters


def frozen(stage):
    """The same, and whoever writes to one of its arrays is told so."""
    if isinstance(stage, np.ndarray):
        stage.flags.writeable = False
    elif isinstance(stage, (tuple, list)):
        for part in stage:
            frozen(part)
    elif is_dataclass(stage):
        assert type(stage).__dataclass_params__.frozen
        for field in fields(stage):
            frozen(getattr(stage, field.name))
    return stage


@pytest.mark.parametrize("seed", range(20))
def test_no_stage_changes_what_it_is_given(seed):
    output, inputs, parameters = recorded(seed)
    graph = frozen(read_graph([output], inputs, parameters))
    for wrt in ([], graph.parameters, graph.inputs):
        wrt = np.array(wrt, np.int64)
        wrt = frozen(wrt[wrt >= 0])
        for region in regions(graph, wrt):
            frozen(region)
            needs = frozen(adjoints(graph, region))
            runs = frozen(schedule(graph, region, needs))
            slots = frozen(allocate(graph, region, needs, runs))
            frozen(instructions(graph, region, runs, slots))
        frozen(link(graph, frozen(lower(graph, wrt)), "float64"))


@pytest.mark.parametrize("seed", range(20))
def test_what_a_stage_promises(seed):
    output, inputs, parameters = recorded(seed)
    graph = read_graph([output], inputs, parameters)
    wrt = np.concatenate([graph.parameters, graph.inputs])
    for region in regions(graph, wrt[wrt >= 0]):
        needs = adjoints(graph, region)
        runs = schedule(graph, region, needs)
        assert sorted(runs.nodes) == np.flatnonzero(region.chosen).tolist()
        when = {node: i for i, node in enumerate(runs.nodes.tolist())}
        for node, i in when.items():
            operands = graph.operands[graph.start[node] : graph.start[node + 1]].tolist()
            assert all(when.get(x, -1) < i for x in operands)  # operands first
        slots = allocate(graph, region, needs, runs)
        assert (slots.value[runs.nodes] >= 0).all()
        asked = np.flatnonzero(region.needed & region.here)
        assert (slots.adjoint[asked] > slots.nowhere).all()
        assert not set(slots.value.tolist()) & set(slots.adjoint[asked].tolist())
        assert ((slots.adjoint < slots.assigned) == (needs.number < 0) | needs.is_sum[needs.number]).all()


def merged(graph):
    """A pass: what is the same operation on the same operands becomes one; nothing else has to know."""
    stands = np.arange(len(graph.numbers))
    known = {}
    for node in range(len(graph.op)):
        if graph.op[node] >= 0:
            operands = stands[graph.operands[graph.start[node] : graph.start[node + 1]]]
            stands[node] = known.setdefault((graph.op[node], *operands.tolist()), node)
    return replace(graph, operands=stands[graph.operands], outputs=stands[graph.outputs])


def run(graph, X, P):
    """The outputs, and the gradient of their sum to the parameters."""
    machine = link(graph, lower(graph, graph.parameters[graph.parameters >= 0]), "float64")
    U, V, gradient = machine.call_buffer(), machine.sample_buffer(), np.empty(len(P))
    values, count = np.empty(X.shape[1]), X.shape[1]
    partials, nothing = np.empty((1, machine.partial)), np.zeros((0, 0))
    vm.differentiate_alone(machine.plan, U, V, X, P, False, machine.lanes, count, partials, values, nothing, gradient)
    return values, gradient, machine


@pytest.mark.parametrize("seed", range(10))
def test_a_pass_over_the_graph_fits_between_recording_and_lowering(seed):
    x, y, p, q = (Value(a) for a in (0.3, -0.4, 0.7, 1.1))
    rng = random.Random(seed)
    nodes = [x, y, p, q]
    for _ in range(30):
        nodes.append(rng.choice([ad.sin, ad.tanh, ad.square])(rng.choice(nodes)) * rng.choice(nodes[:6]))
    graph = read_graph([ad.sum(nodes)], [x, y], [p, q])
    assert graph.rate[graph.outputs[0]] == PER_SAMPLE
    X, P = np.random.default_rng(seed).uniform(-1, 1, (2, 50)), np.array([0.7, 1.1])
    values, gradient, before = run(graph, X, P)
    again, slopes, after = run(merged(graph), X, P)
    np.testing.assert_allclose(again, values, rtol=1e-14)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-12)
    assert after.slots < before.slots  # there was something to merge
    assert rows().names[graph.op[graph.outputs[0]]] == "sum"


def test_no_loop_of_the_stages_is_left_to_numba(monkeypatch):
    """What the project's own translator refuses costs every user a second of his first call."""

    def translated(self, *arguments):
        try:
            return run(self, *arguments)
        except Unsupported as error:
            pytest.fail(f"{self.function.__name__}: {error}")

    run = ArrayFunction.__call__
    monkeypatch.setattr(ArrayFunction, "__call__", translated)
    monkeypatch.setattr(loops, "_SMALL", 0)
    monkeypatch.setattr(loops, "_LEAST", 0)
    xs = [Value(0.01 * i) for i in range(60)]
    loop = sum(ad.softmax([x * xs[0], ad.tanh(x) + xs[1], x])[1] * sum([x * p for p in xs[:4]], x) for x in xs)
    for output, inputs, parameters in [recorded(1, 400), (loop, [], xs)]:
        program = ad.compile(output, inputs, parameters)
        program(*[1.0] * len(inputs))
        program.value_and_grad(*[1.0] * len(inputs), wrt="parameters")


def test_the_numbers_of_a_graph_are_read_as_they_are():
    x = Value(0.1)
    nodes, numbers = freeze([ad.log(x - 1.0), x / 0.0, -x * 0.0])
    assert [*map(repr, numbers)] == [repr(node.data) for node in nodes]
    assert {type(number) for number in numbers} == {float}


@pytest.mark.parametrize(
    "xs", [[0.3, -1.2], [40.0, 0.0, -3.0], [800.0, 0.5, 0.5, -800.0], [1.0] * 7, [-2.0, 37.0, 37.5]]
)
@pytest.mark.parametrize("kind", ["inputs", "parameters"])
def test_the_components_of_a_softmax_pass_their_gradients_down_at_once(kind, xs):
    weights = [1e3, -0.5, 1e3 + 1e-6, 2.0, -7.0, 0.1, 3.0][: len(xs)]
    leaves = [Value(x) for x in xs]
    output = ad.dot(weights, ad.softmax(leaves))
    program = ad.compile(output, **{kind: leaves})
    _, slopes = program.value_and_grad(*(xs if kind == "inputs" else []), wrt=kind)
    with mpmath.workdps(400):
        powers = [mpmath.exp(mpmath.mpf(x)) for x in xs]
        shares = [power / sum(powers) for power in powers]
        mean = sum(share * w for share, w in zip(shares, weights, strict=True))
        for slope, share, w in zip(np.ravel(slopes).tolist(), shares, weights, strict=True):
            size = share * sum(s * abs(w - other) for s, other in zip(shares, weights, strict=True))
            assert abs(slope - share * (w - mean)) <= (len(xs) + 10) * 2.0**-52 * size + 1e-300
    graph = read_graph([output], *([leaves, []] if kind == "inputs" else [[], leaves]))
    call, lanes = lower(graph, np.arange(len(xs))).call, lower(graph, np.arange(len(xs))).lanes
    names = [code.kernels[i][1] for code in (call, lanes) for i in code.backward[:, 0].tolist()]
    assert names.count("softmax_back") == 1
    assert "softmax_all" not in names


def test_another_rule_of_softmax_holds(monkeypatch):
    monkeypatch.setattr(OPS["softmax"], "partials", (lambda xs, z: [0.0, *[5.0] * (len(xs) - 1)],))
    xs = [Value(0.5), Value(1.0)]
    program = ad.compile(ad.dot([2.0, 4.0], ad.softmax(xs)), [], xs)
    assert program.value_and_grad()[1].tolist() == [30.0, 30.0]
