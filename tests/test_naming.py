"""Which name a node gets: given, label, variable, number; and never the same twice."""

import pytest

from autodiff import OperandError, Value
from autodiff.naming import Names, caller_names, subscripted

module_level = Value(1.0)


def found_here():
    return caller_names(2)


def test_variables_of_the_caller():
    x, w, unlabelled = Value(1.0), [Value(2.0), [Value(3.0)]], 4.0
    p = {"bias": (Value(5.0), x)}
    alias = x
    _hidden = Out = Value(6.0)
    found = found_here()
    assert found[x] == "x"  # the first of x and alias, and before the entry of p
    assert [found[w[0]], found[w[1][0]], found[p["bias"][0]]] == ["w[0]", "w[1][0]", "p['bias'][0]"]
    assert found[module_level] == "module_level"
    assert _hidden not in found
    assert Out not in found
    assert unlabelled not in found.values()
    assert alias is x


def test_data_sets_are_not_searched():
    data = [Value(float(i)) for i in range(1001)]
    some = data[:1000]
    found = found_here()
    assert found[some[0]] == "some[0]"
    assert data[1000] not in found


def test_container_within_itself():
    w = [Value(1.0)]
    w.append(w)
    assert found_here()[w[0]] == "w[0]"


def test_order_of_preference():
    given, labelled, found, bare = Value(1.0, "label"), Value(1.0, "label"), Value(1.0), Value(1.0)
    nodes = [given, labelled, found, bare]
    variables = {given: "a", labelled: "b", found: "c"}
    for names in ({"given": given}, {given: "given"}):
        named = Names(nodes, names, variables)
        assert [named[node] for node in nodes] == ["given", "label", "c", "v1"]


# labels → names
UNIQUE = [
    (["x", "x", "x"], ["x", "x#2", "x#3"]),
    (["x", "x#2", "x"], ["x", "x#2", "x#3"]),
    (["", "v1", ""], ["v2", "v1", "v3"]),
    (["v2", "", "v2"], ["v2", "v1", "v2#2"]),
    (["x", "y", "x", "y"], ["x", "y", "x#2", "y#2"]),
]


@pytest.mark.parametrize(("labels", "expected"), UNIQUE)
def test_every_name_is_different(labels, expected):
    nodes = [Value(0.0, label) for label in labels]  # equal numbers: the names are of nodes
    names = Names(nodes)
    assert [names[node] for node in nodes] == expected
    assert all(node in names for node in nodes)
    assert Value(0.0) not in names


def test_many_of_one_name_take_linear_time():
    nodes = [Value(0.0, "x") for _ in range(100_000)]
    assert Names(nodes)[nodes[-1]] == "x#100000"


def test_constants_are_numbers():
    assert [Names([])[x] for x in (2.0, -0.5, 1e300)] == ["2", "-0.5", "1e+300"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("x", 'names is a dict such as {"x": x}, not str'),
        ([Value(1.0)], "not list"),
        ({"x": 1.0}, "str: float"),
        ({Value(1.0): 2}, "Value: int"),
    ],
)
def test_wrong_names(names, message):
    with pytest.raises(OperandError) as caught:
        Names([], names)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("w_11^(1)", "w₁₁⁽¹⁾"),
        ("w_3,12^(2)", "w₃,₁₂⁽²⁾"),
        ("S_10^(12)", "S₁₀⁽¹²⁾"),
        ("x_2", "x₂"),
        ("S_1^(1)#20", "S₁⁽¹⁾#20"),
        ("x2", "x2"),
        ("loss_2", "loss_2"),
        ("w_", "w_"),
        ("x_1 ", "x_1 "),
        ("", ""),
    ],
)
def test_indices(name, shown):
    assert subscripted(name) == shown


def test_a_detached_value_says_what_it_is():
    x = Value(3.0, "x")
    copy, other = x.detach(), x.detach()
    names = Names([x, copy, other])
    assert [names[node] for node in (x, copy, other)] == ["x", "detach(x)", "detach(x)#2"]
    found = Value(3.0)
    assert Names([found.detach()], found={found: "loss"})._names.popitem()[1] == "detach(loss)"
    assert Names([copy], {"frozen": copy})[copy] == "frozen"
    copy.label = "other"
    assert Names([x, copy])[copy] == "other"
