"""CSV files: what is number and what category, held to pandas; what is refused, by line and column; the commands."""

import json
import os
import re
import subprocess
import sys
from functools import partial
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

import nn
from nn.__main__ import main
from nn.errors import ArgumentError, FileFormatError
from nn.tabular import Column, Columns, Table, parse, read

SHOP = """\
size,colour,price,kind
1.5,red,3,lamp
2,blue,5,chair
-1e3,red,7.25,lamp
"""


ROOT = Path(__file__).parent.parent


def table(text, name="shop.csv"):
    return parse(StringIO(text, newline=""), name)


# ---------------------------------------------------------------------------------------------------------------------
# What a table is.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["price", "kind", "size", "colour"])
def test_columns_are_those_of_pandas(target):
    frame = pd.read_csv(StringIO(SHOP))
    expected = pd.get_dummies(frame.drop(columns=target), prefix_sep="=", dtype=float)
    columns = Columns.of(table(SHOP), target)
    data = columns.dataset(table(SHOP))
    assert sorted(data.features) == sorted(expected.columns)
    assert expected[data.features].to_numpy(float).tolist() == data.X
    if data.classes:
        codes, classes = pd.factorize(frame[target], sort=True)
        assert (data.y, data.classes) == (codes.tolist(), classes.tolist())
    else:
        assert data.y == frame[target].tolist()
    again = Columns.from_json(columns.to_json())
    assert again == columns


@pytest.mark.parametrize(
    "text",
    [
        SHOP,
        "\ufeff" + SHOP,
        SHOP.replace("\n", "\r\n"),
        SHOP.replace(",", ";"),
        SHOP.replace(",", "\t"),
        SHOP.replace(",", " , "),
        SHOP.replace("\n", "\n\n"),
        SHOP.replace("red", '"red"'),
    ],
    ids=["plain", "mark", "Windows", "semicolons", "tabs", "blanks", "empty lines", "quotes"],
)
def test_one_table_in_many_spellings(tmp_path, text):
    path = tmp_path / "shop.csv"
    path.write_text(text, encoding="utf-8", newline="")
    found, plain = read(path), table(SHOP)
    assert (found.header, found.rows) == (plain.header, plain.rows)


def test_quoted_cells_and_lines():
    found = table('name,note\na,"two\nlines, and ""more"""\nb,x\n')
    assert found == Table("shop.csv", ["name", "note"], [["a", 'two\nlines, and "more"'], ["b", "x"]], [3, 4])


def test_numbers_as_classes():
    columns = Columns.of(table("x,y\n1,10\n2,9\n3,10\n"), "y", "classification")
    assert columns.target.categories == ["9", "10"]
    assert columns.dataset(table("y,x\n9,1\n10,2\n")).y == [0, 1]


def test_a_column_more_and_another_order():
    columns = Columns.of(table(SHOP), "price", ignore=["kind"])
    assert columns.samples(table("colour,weight,size\nblue,heavy,4\n")) == [[4.0, 1.0, 0.0]]


# ---------------------------------------------------------------------------------------------------------------------
# What is refused.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "shop.csv has no rows"),
        ("a,b\n", "shop.csv has no rows"),
        ("a,,c\n1,2,3\n", "line 1: the first line names the columns, and column 2 has no name"),
        ("a,b,a\n1,2,3\n", "line 1: the first line names the columns, and 'a' stands there twice"),
        ("a,b\n1,2\n3\n", "line 3: it has 1 cells, and the header names 2"),
        ("a,b\n1,2\n\n3,4,5\n", "line 4: it has 3 cells, and the header names 2"),
        ('a,b\n1,"2\n', "unexpected end of data"),
        ("a,b\n1,2\n,4\n", "line 3, column 'a': '' is a missing cell"),
        ("a,b\n1,2\nNA,4\n", "line 3, column 'a': 'NA' is a missing cell"),
        ("a,b\n1,2\nnan,4\n", "line 3, column 'a': 'nan' is a missing cell"),
        ("a,b\nred,2\n?,4\n", "line 3, column 'a': '\\?' is a missing cell"),
        ("a,b\n1,2\n2,4\nthree,5\n", "line 4, column 'a': 'three' is no number, in a column of numbers"),
        ("a,b\n1,2\n2,4\n1_0,5\n", "line 4, column 'a': '1_0' is no number"),
        ("a,b\n1,2\ninf,4\n", "line 3, column 'a': 'inf' is infinite or too large"),
        ("a,b\n1,2\n1e999,4\n", "line 3, column 'a': '1e999' is infinite or too large"),
        ("a,b\n1,2\n2,\n", "line 3, column 'b': '' is a missing cell"),
        ("a,b\n2020-01-01,2\n2020-01-02,4\n", "line 2, column 'a': '2020-01-01' is a date"),
        ("a,b\n" + "".join(f"name {i},{i}\n" for i in range(60)), "column 'a': 60 different texts, 'name 0' in line 2"),
        ("a,c\n1,2\n", "no column 'b'; there are a, c"),
        ("b\n1\n", "beside the target 'b' there is no column to learn from"),
        ("a,b\n1,same\n2,same\n", "line 2, column 'b': every row has the class 'same'"),
        ("a,b\n1," + "x" * 200_000 + "\n", "line 2: field larger than field limit"),
    ],
)
def test_no_table(text, message):
    with pytest.raises(FileFormatError, match=message):
        Columns.of(table(text), "b").dataset(table(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size,colour\n1,green\n", "new.csv, line 2, column 'colour': 'green' is not one of its categories, blue, red"),
        ("size,colour\n1,red\nbig,red\n", "new.csv, line 3, column 'size': 'big' is no number"),
        ("size,colour\n1,red\n,red\n", "new.csv, line 3, column 'size': '' is a missing cell"),
        ("size,color\n1,red\n", "new.csv: no column 'colour'; did you mean 'color'"),
    ],
)
def test_another_file(text, message):
    columns = Columns.of(table(SHOP), "price", ignore=["kind"])
    with pytest.raises(FileFormatError, match=message):
        columns.samples(table(text, "new.csv"))


def test_no_task():
    with pytest.raises(ArgumentError, match="no task 'regresion'; did you mean 'regression'"):
        Columns.of(table(SHOP), "price", "regresion")
    with pytest.raises(FileFormatError, match="line 2, column 'kind': 'lamp' is no number"):
        Columns.of(table(SHOP), "kind", "regression")


def test_no_text(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(FileFormatError, match="no text in UTF-8"):
        read(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "[" * 10_000, '{"features": 1, "target": ["y", null]}',
     '{"features": [["x", 1]], "target": ["y", null]}', '{"features": [[1, null]], "target": ["y", null]}',
     '{"features": [["x", []]], "target": ["y", null]}', '{"features": [["x", [1]]], "target": ["y", null]}',
     '{"features": [["x"]], "target": ["y"]}', '{"features": [], "target": ["y", null, 1]}'],
)  # fmt: skip
def test_hostile_metadata(text):
    with pytest.raises(FileFormatError, match="these are no columns of a table"):
        Columns.from_json(text)


@given(st.text(alphabet='a1,;\t"\n\r .x\x00é-', max_size=40))
def test_any_text_is_a_table_or_a_named_error(text):
    try:
        found = table(text)
        columns = Columns.of(found, found.header[-1])
        data = columns.dataset(found)
    except (FileFormatError, ArgumentError):
        return
    assert len(data) == len(found.rows)
    assert {len(row) for row in data.X} == {len(data.features)}


# ---------------------------------------------------------------------------------------------------------------------
# The commands.
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(run_command):
    return partial(run_command, main)


@pytest.fixture
def iris(run):
    """The irises in a file, in the folder in which the commands run, with a category beside the four lengths."""
    frame = load_iris(as_frame=True).frame
    frame["target"] = frame["target"].map(lambda c: ["setosa", "versicolor", "virginica"][c])
    frame["garden"] = ["north", "south"] * 75
    frame.to_csv("iris.csv", index=False)
    return frame


@pytest.mark.parametrize("ending", ["safetensors", "json"])
def test_train_predict_evaluate(run, iris, ending):
    file = f"iris.{ending}"
    code, out, err = run("train", "iris.csv", "--target", "target", "--epochs", 30, "--quiet", "--save", file)
    assert (code, err) == (0, "")
    assert "MLP(6, [16, 16, 3]" in out
    iris.drop(columns="target").iloc[::-1].to_csv("new.csv", index=False)
    code, out, err = run("predict", file, "new.csv")
    assert (code, err) == (0, "")
    found = pd.read_csv(StringIO(out))
    assert [*found.columns] == ["target"]
    share = (found["target"].to_numpy() == iris["target"].to_numpy()[::-1]).mean()
    assert share > 0.9
    assert run("predict", file, "new.csv", "-o", "out.csv") == (0, "", "")
    assert Path("out.csv").read_text(encoding="utf-8") == out
    code, out, _ = run("evaluate", file, "iris.csv")
    assert code == 0
    assert re.search(r"all +150 +\S+ +(\S+)", out)[1] == f"{share:.4f}"
    assert str(Path.cwd()) not in json.dumps(nn.storage.read_state(file)[1])


@pytest.mark.parametrize("loss", ["hinge", "binary_cross_entropy", "cross_entropy", "binary_cross_entropy_with_logits"])
def test_two_classes(run, iris, loss):
    arguments = ["--ignore", "target", "--ignore", "garden", "--target", "big", "--epochs", 20, "--loss", loss]
    iris["big"] = ["no", "yes"] * 75
    iris.loc[iris["big"] == "yes", "sepal width (cm)"] += 10
    iris.to_csv("iris.csv", index=False)
    assert run("train", "iris.csv", *arguments, "--quiet", "--save", "net.json")[0] == 0
    _, out, _ = run("predict", "net.json", "iris.csv")
    assert out.split() == ["big", *iris["big"]]


def test_a_number_to_predict(run, iris):
    arguments = ["--target", "petal width (cm)", "--ignore", "target", "--epochs", 20, "--quiet", "--save", "net.json"]
    assert run("train", "iris.csv", *arguments)[0] == 0
    found = pd.read_csv(StringIO(run("predict", "net.json", "iris.csv")[1]))["petal width (cm)"]
    assert found.corr(iris["petal width (cm)"]) > 0.9
    arguments[1:2] = ["petal width (cm)", "--task", "classification"]
    assert "MLP(5, [16, 16, 22]" in run("train", "iris.csv", *arguments, "--validation", 0.5)[1]


def test_classes_with_accents_are_written_as_they_are(run):
    Path("tea.csv").write_text("x,thé\n" + "1,été\n2,θέρος\n" * 4, encoding="utf-8")
    assert run("train", "tea.csv", "--target", "thé", "--epochs", 100, "--quiet", "--save", "tea.json")[0] == 0
    command = [sys.executable, "-X", "utf8=0", "-m", "nn", "predict", "tea.json", "tea.csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    found = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    assert found.decode().split() == ["thé", *["été", "θέρος"] * 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train iris.csv", "--target says which column to predict, one of sepal length (cm), "),
        ("train iris.csv --target tarrget", "iris.csv: no column 'tarrget'; did you mean 'target'?"),
        ("train iris.csv --target target --ignore nothing", "no column 'nothing'"),
        ("train iris.csv --target target --ignore target", "'target' is the column to predict, and cannot be one"),
        ("train iris.csv --target target --task regression", "line 2, column 'target': 'setosa' is no number"),
        ("train iris.csv --target target --loss huber --noise 1", "--samples and --noise are for data sets"),
        ("train moons --target x", "moons is no file .csv, and --target, --task and --ignore are for those"),
        ("train nowhere.csv --target x", "nowhere.csv"),
        ("predict net.json iris.csv", "net.json does not say from which columns it learned"),
        ("predict wrong.json iris.csv", "wrong.json does not fit the columns that it names"),
        ("predict hostile.json iris.csv", "hostile.json: these are no columns of a table"),
        ("predict nowhere.json iris.csv", "cannot read nowhere.json"),
        ("evaluate net.json iris.csv", "net.json does not say from which columns it learned"),
    ],
)
def test_mistakes(run, iris, arguments, message):
    nn.save(nn.MLP(2, [1]), "net.json")
    nn.save(
        nn.MLP(2, [1]),
        "wrong.json",
        {"columns": Columns([Column("garden", ["north", "south"])], Column("y", ["a", "b", "c"])).to_json()},
    )
    nn.save(nn.MLP(2, [1]), "hostile.json", {"columns": "{}"})
    code, _, err = run(*arguments.split())
    assert code in (1, 2)
    assert message in err
    assert err.count("\n") == 1
