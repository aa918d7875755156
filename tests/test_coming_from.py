"""Programs written for other libraries run here, and what they name differently is an error that says what to use."""

import pytest
import scalar_gpt
from cases import load

from autodiff import MissingAttribute, OperandError, Value
from autodiff.elsewhere import ELSEWHERE


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


def test_what_the_remedies_name_is_there():
    a, b = Value(2.0), Value(5.0)
    v = a * b
    assert v.parents == (a, b)
    assert (v.op.name, a.op) == ("mul", None)
    assert v.local_derivatives == (5.0, 2.0)
    assert type(v.data) is float
    assert +v is v
    assert v.detach().parents == ()


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
