"""The numerical gradient against backpropagation: what each counts, and what each costs."""

import json
import sys

import pytest

import nn
from autodiff import Value, no_grad
from nn import naive_cost
from nn.errors import ArgumentError, MissingExtra


@pytest.fixture(scope="module")
def costs():
    """By a clock that ticks once for each weight and bias that a forward pass meets: the same on every machine."""
    ticks = 0
    output = nn.Neuron._output

    def counted(neuron, *arguments):
        nonlocal ticks
        ticks += len(neuron.parameters())
        return output(neuron, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Neuron, "_output", counted)
        patch.setattr(naive_cost, "CLOCK", lambda: ticks)
        return nn.compare_costs(depths=(1, 3, 9), repeats=5)


def test_exponents(costs):
    ns = [72 * depth + 9 for depth in (1, 3, 9)]
    assert costs.parameters == ns
    assert costs.backpropagation_seconds == ns
    assert costs.numerical_seconds == [(n + 1) * n for n in ns]
    assert costs.backpropagation_exponent == pytest.approx(1)
    assert costs.numerical_exponent == pytest.approx(2, abs=0.01)


def test_the_clock_is_the_processors():
    costs = nn.compare_costs(depths=(1, 2), repeats=1)
    assert all(0 < t < 60 for t in (*costs.backpropagation_seconds, *costs.numerical_seconds))


def test_both_ways_find_the_same(costs):
    assert all(0 < difference < 1e-6 for difference in costs.differences)


def test_n_plus_one_forward_passes_without_a_graph():
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    passes = []

    def e():
        passes.append(nn.squared_error(model([1.0, 2.0]), 0.5))
        return passes[-1]

    before = [w.data for w in model.parameters()]
    slopes = nn.numerical_gradient(e, model.parameters())
    assert len(passes) == len(slopes) + 1 == 14
    assert not any(loss.parents for loss in passes)
    assert [w.data for w in model.parameters()] == before
    assert all(w.grad == 0 for w in model.parameters())
    e().backward()
    assert slopes == pytest.approx([w.grad for w in model.parameters()], abs=1e-6)


def test_a_weight_gets_its_number_back_after_an_error():
    w = Value(3.0)

    def e():
        if w.data != 3.0:
            raise KeyboardInterrupt
        return w * w

    with pytest.raises(KeyboardInterrupt):
        nn.numerical_gradient(e, [w])
    assert w.data == 3.0
    assert (w * w).parents
    with no_grad():
        assert not (w * w).parents


@pytest.mark.parametrize("k", [0.0, 1.0, 2.0, 2.5])
def test_the_fit_finds_a_power_law(k):
    ns = [10, 30, 500]
    assert naive_cost._power_law(ns, [3e-6 * n**k for n in ns]) == pytest.approx((3e-6, k))


def test_as_a_table_and_as_a_file_of_figures(costs):
    lines = str(costs).splitlines()
    assert len({len(line) for line in lines[:-1]}) == 1
    assert [int(line.split()[0]) for line in lines[1:-1]] == costs.parameters
    assert f"n^{costs.numerical_exponent:.2f}" in lines[-1]
    figures = costs.to_dict()
    assert json.loads(json.dumps(figures)) == figures
    assert figures["numerical_exponent"] == costs.numerical_exponent


def test_the_plot(costs, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: the extra `train`")
    figure = costs.plot(tmp_path / "costs.svg")
    assert (tmp_path / "costs.svg").stat().st_size > 1000
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    drawn = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [[*line.get_ydata()] for line in drawn] == [costs.numerical_seconds, costs.backpropagation_seconds]
    assert f"n^{costs.backpropagation_exponent:.2f}" in drawn[1].get_label()


def test_without_matplotlib(costs, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"matplotlib: pip install 'scalar-autodiff\[train\]'"):
        costs.plot()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depths": (4,)}, r"depths are two numbers .*, not \(4,\)"),
        ({"depths": (4, 4)}, "depths are two numbers"),
        ({"depths": (0, 4)}, "from 1 on"),
        ({"depths": (1, 2), "repeats": 0}, "repeats is a number from 1 on, not 0"),
    ],
)
def test_errors_say_what_is_wrong(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        nn.compare_costs(**arguments)
