"""Draws the pictures of the documentation: ``python docs/pictures.py`` writes them, ``--check`` compares them.

The same picture has the same bytes when it is written again.  Another version of Graphviz, or another font, puts
letters elsewhere; so ``--check`` compares the words and shapes in a picture, not where they stand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the packages of this checkout, installed or not

from autodiff import Drawing, Value, draw, mean, relu, sin, tanh  # noqa: E402
from nn import GPT, MLP, Neuron, squared_error, text  # noqa: E402

DIRECTORY = ROOT / "docs/pictures"


def two_paths(show: str = "backward") -> Drawing:
    """f = x²z with x = 2y and z = sin y."""
    y = Value(3.0)
    x = 2 * y
    z = sin(y)
    f = x**2 * z
    f.backward()
    return draw(f, show=show)


def formula() -> Drawing:
    """The same, with the local derivatives as algebra."""
    return two_paths("formula")


def neuron() -> Drawing:
    """tanh of a weighted sum of two inputs."""
    x = [Value(0.5, "x_1^(0)"), Value(-0.25, "x_2^(0)")]
    output = Neuron(2, "tanh", seed=3)(x)
    output.backward()
    return draw(output)


def mlp() -> Drawing:
    """A network with two inputs, a hidden layer of three neurons, and one output."""
    x = [Value(0.5, "x_1^(0)"), Value(-0.25, "x_2^(0)")]
    output = MLP(2, [3, 1], "tanh", seed=1)(x)
    output.backward()
    return draw(output)


def micrograd() -> Drawing:
    """The expression in micrograd's README (github.com/karpathy/micrograd at c911406e; MIT licence)."""
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return draw(g, direction="TB")  # from left to right it would be too wide to read on a page


def layers() -> Drawing:
    """The loss of a network over 100 samples: too many Values to draw, so a box for each layer."""
    model = MLP(2, [8, 8, 1], "tanh", seed=0)
    loss = mean([squared_error(model([i / 100, -i / 100]), [0.0]) for i in range(100)])
    loss.backward()
    return draw(loss, max_nodes=10)


def repeated() -> Drawing:
    """A loop over 100 samples, drawn once."""
    w, b, total = Value(1.0), Value(0.5), Value(0.0)
    for i in range(100):
        error = tanh(w * (i / 100) + b) - (i / 100) ** 2
        total = total + error**2
    loss = total / 100
    loss.backward()
    return draw(loss)


def gpt() -> Drawing:
    """The loss of a GPT for a name, by position and by what a block consists of."""
    documents = text.load("names")
    tokenizer = text.Tokenizer.of(documents)
    loss = GPT(tokenizer.vocabulary, seed=0).loss(tokenizer.encode("emma"))
    loss.backward()
    return draw(loss, max_nodes=30)


PICTURES: dict[str, Callable[[], Drawing]] = {
    "two-paths": two_paths,
    "formula": formula,
    "neuron": neuron,
    "mlp-2-3-1": mlp,
    "micrograd": micrograd,
    "layers": layers,
    "repeated": repeated,
    "gpt": gpt,
}


def words_and_shapes(svg: str) -> list[str]:
    """What a picture consists of, without where it stands."""
    found = []
    for element in ElementTree.fromstring(svg).iter():
        tag = element.tag.rpartition("}")[2]
        if tag not in ("style", "svg", "g"):
            found.append(f"{tag} {element.get('class', '')} {''.join(element.itertext()).strip()}")
    return sorted(found)


def main() -> int:
    """Write the pictures, or compare them."""
    parser = argparse.ArgumentParser(description="Draw the pictures of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a picture is another than before")
    check = parser.parse_args().check
    failed = 0
    for name, make in PICTURES.items():
        path = DIRECTORY / f"{name}.svg"
        svg = make().svg
        if check:
            before = path.read_text(encoding="utf-8") if path.exists() else "<svg/>"
            same = words_and_shapes(before) == words_and_shapes(svg)
            failed |= not same
            print(f"{path.name}: {'the same picture as before' if same else 'another picture than before'}")
        else:
            DIRECTORY.mkdir(exist_ok=True)
            path.write_bytes(svg.encode())
            print(f"{path.name}: written")
    return failed


if __name__ == "__main__":
    sys.exit(main())
