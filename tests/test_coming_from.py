"""Programs written for other libraries run here, and what they name differently is an error that says what to use."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scalar_gpt
from cases import load

from autodiff import MissingAttribute, OperandError, Value
from autodiff.elsewhere import ELSEWHERE
from nn import text


@pytest.mark.nightly
def test_the_scalar_gpt_repeats_the_whole_published_run():
    published, names = load("microgpt_losses.json"), text.load("names")
    names = [names[line] for line in scalar_gpt.shuffled(len(names))]
    weights = scalar_gpt.first_weights()
    losses = [loss for loss, _ in scalar_gpt.train(weights, names[:1000], 1000)]
    assert losses == pytest.approx(published["losses"], rel=1e-12, abs=0)
    assert [scalar_gpt.sampled(weights, 0.5) for _ in range(20)] == published["samples"]


def test_the_scalar_gpt_has_the_published_losses():
    published = load("microgpt_run.json")
    lines, names = zip(*published["first_documents"], strict=True)
    assert scalar_gpt.shuffled(published["documents"])[: len(lines)] == list(lines)
    weights = scalar_gpt.first_weights()
    parameters = [p.data for matrix in weights.values() for row in matrix for p in row]
    assert len(parameters) == published["parameters"]
    assert [*parameters[:8], parameters[-1]] == [*published["first_parameters"], published["last_parameter"]]

    losses, gradients = zip(*scalar_gpt.train(weights, names, published["num_steps"]), strict=True)
    assert losses == pytest.approx(published["losses"], rel=1e-12, abs=0)

    first, facts = gradients[0], published["gradient_of_step_1"]
    places, slopes = zip(*facts["some"], strict=True)
    assert sum(slope != 0 for slope in first) == facts["nonzero"]
    assert sum(first) == pytest.approx(facts["sum"], rel=1e-12, abs=0)
    assert sum(slope * slope for slope in first) == pytest.approx(facts["sum_of_squares"], rel=1e-12, abs=0)
    assert [first[i] for i in places] == pytest.approx(slopes, rel=1e-12, abs=0)


# ---------------------------------------------------------------------------------------------------------------------
# What is named differently here.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_from_elsewhere_is_an_error_with_a_remedy(name):
    x = Value(2.0)
    for node in (x, x * 3):
        with pytest.raises(MissingAttribute, match=f"^a Value has no {name}; "):
            getattr(node, name)
        with pytest.raises(MissingAttribute, match=f"^a Value has no {name}; "):
            setattr(node, name, None)
        assert not hasattr(node, name)
        assert name not in dir(node)


def test_a_subclass_may_have_attributes_of_these_names():
    class Weight(Value):
        T = "mine"

    w = Weight(2.0)
    with pytest.raises(MissingAttribute, match="a Value has no shape; "):
        w.shape  # noqa: B018
    w.shape = (2, 3)
    assert (w.shape, w.T) == ((2, 3), "mine")
    assert {"shape", "T"} <= {*dir(w)}
    assert "item" not in dir(w)


def test_numpy_takes_values_as_ever():
    x, y = Value(2.0), Value(3.0)
    array = np.array([x, y])
    assert array.dtype == object
    assert (array[0] is x, array.sum().data, np.sum(x) is x, np.mean(array).data) == (True, 5.0, True, 2.5)


def test_what_the_remedies_name_is_there():
    a, b = Value(2.0), Value(5.0)
    v = a * b
    assert v.parents == (a, b)
    assert (v.op.name, a.op) == ("mul", None)
    assert v.local_derivatives == (5.0, 2.0)
    assert type(v.data) is float


def test_other_names_are_missing_as_ever():
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'dat'") as caught:
        Value(2.0).dat  # noqa: B018
    assert caught.type is AttributeError
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'dat'"):
        Value(2.0).dat = 1.0
    assert {"data", "grad", "parents", "sin"} <= {*dir(Value(2.0))}


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ((2.0, (Value(1.0),), "+"), r"\(Value\(1.0, grad=0.0\),\), '\+'"),
        ((2.0, ()), r"\(\)"),
        ((2.0, {Value(1.0)}, "tanh"), r"{Value\(1.0, grad=0.0\)}, 'tanh'"),
        ((2.0, "x", "+"), r"'x', '\+'"),
        ((2.0, (), ()), r"\(\), \(\)"),
        ((2.0, None), "None"),
        ((2.0, 3), "3"),
    ],
)
def test_a_value_takes_no_children(arguments, given):
    with pytest.raises(OperandError, match=f"takes a text as label, not {given}; a node with parents comes from"):
        Value(*arguments)


def test_any_text_is_a_label():
    class Text(str):
        __slots__ = ()

    assert Value(2.0, Text("x")).label == "x"
    assert Value(2.0, label="").label == ""


# ---------------------------------------------------------------------------------------------------------------------
# The page of the documentation; its doctests run with all others.
# ---------------------------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "docs" / "coming-from.md").read_text(encoding="utf-8")


def test_the_page_names_what_is_named_elsewhere():
    for name in ("_prev", "_children", "_op", "_local_grads", "_backward", "item", "retain_grad"):
        assert name in ELSEWHERE
        assert re.search(rf"`[^`]*\b{name}\b", PAGE)


def test_the_gradients_of_several_processes(tmp_path):
    """The program of the page prints what the page says, when processes are started anew for it."""
    program, printed = re.search(r"```python\n(from concurrent.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL).groups()
    assert printed == "2.0\n{'w': -10.0, 'b': -4.0}\n"  # residuals 0, -1, -1 at x = 1, 2, 3
    spawning = "\n    import multiprocessing\n\n    multiprocessing.set_start_method('spawn')"
    guard = 'if __name__ == "__main__":'
    (tmp_path / "program.py").write_text(program.replace(guard, guard + spawning), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (run.stdout, run.stderr) == (printed, "")
