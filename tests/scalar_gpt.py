"""A GPT on scalars in the manner of the program known as microgpt, written anew: lists of Values and plain Python.

It touches Values as that program does: + - * / **, ``sum``, ``exp``, ``log`` and ``relu``; ``data`` and ``grad`` are
read and set.
"""

import random

from autodiff import Value

WIDTH, HEADS, CONTEXT, ALPHABET = 16, 4, 16, "abcdefghijklmnopqrstuvwxyz"
EDGE = len(ALPHABET)  # the token before and after each name
HEAD = WIDTH // HEADS


def shuffled(documents):
    """The documents in the order of training; the parameters are drawn from what follows in the same random stream."""
    random.seed(42)
    order = [*range(documents)]
    random.shuffle(order)
    return order


def first_weights():
    shapes = {"token": (EDGE + 1, WIDTH), "position": (CONTEXT, WIDTH), "output": (EDGE + 1, WIDTH)}
    shapes |= dict.fromkeys(["query", "key", "value", "mix"], (WIDTH, WIDTH))
    shapes |= {"up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH)}
    return {
        name: [[Value(random.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def added(x, y):
    return [a + b for a, b in zip(x, y, strict=True)]


def linear(x, matrix):
    return [sum(w * a for w, a in zip(row, x, strict=True)) for row in matrix]


def softmax(scores):
    highest = max(score.data for score in scores)
    powers = [(score - highest).exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def normalised(x):
    mean_square = sum(a * a for a in x) / len(x)
    scale = (mean_square + 1e-5) ** -0.5
    return [a * scale for a in x]


def attention(query, keys, values):
    """What each head reads from the positions so far."""
    read = []
    for first in range(0, WIDTH, HEAD):
        mine = range(first, first + HEAD)
        weights = softmax([sum(query[i] * key[i] for i in mine) / HEAD**0.5 for key in keys])
        read += [sum(w * value[i] for w, value in zip(weights, values, strict=True)) for i in mine]
    return read


def next_token_scores(weights, token, position, keys, values):
    """A score for each token that may come next; ``keys`` and ``values`` have those so far, and get this position's."""
    x = normalised(added(weights["token"][token], weights["position"][position]))
    y = normalised(x)
    query = linear(y, weights["query"])
    keys.append(linear(y, weights["key"]))
    values.append(linear(y, weights["value"]))
    x = added(linear(attention(query, keys, values), weights["mix"]), x)
    hidden = [a.relu() for a in linear(normalised(x), weights["up"])]
    x = added(linear(hidden, weights["down"]), x)
    return linear(x, weights["output"])


def mean_loss(weights, name):
    tokens = [EDGE, *map(ALPHABET.index, name), EDGE]
    positions = min(CONTEXT, len(tokens) - 1)
    keys, values, losses = [], [], []
    for position in range(positions):
        scores = next_token_scores(weights, tokens[position], position, keys, values)
        losses.append(-softmax(scores)[tokens[position + 1]].log())
    return (1 / positions) * sum(losses)


def train(weights, names, steps):
    """Adam, written out; gives the loss and the gradient of each step."""
    parameters = [p for matrix in weights.values() for row in matrix for p in row]
    means, squares = [0.0] * len(parameters), [0.0] * len(parameters)
    for step, name in enumerate(names):
        loss = mean_loss(weights, name)
        loss.backward()
        yield loss.data, [p.grad for p in parameters]
        rate = 0.01 * (1 - step / steps)
        for i, p in enumerate(parameters):
            means[i] = 0.85 * means[i] + (1 - 0.85) * p.grad
            squares[i] = 0.99 * squares[i] + (1 - 0.99) * p.grad**2
            mean, square = means[i] / (1 - 0.85 ** (step + 1)), squares[i] / (1 - 0.99 ** (step + 1))
            p.data -= rate * mean / (square**0.5 + 1e-8)
            p.grad = 0


def sampled(weights, temperature):
    """A name that the network makes up, drawn with Python's one random stream."""
    token, keys, values, name = EDGE, [], [], ""
    for position in range(CONTEXT):
        scores = next_token_scores(weights, token, position, keys, values)
        chances = softmax([score / temperature for score in scores])
        token = random.choices(range(EDGE + 1), weights=[chance.data for chance in chances])[0]
        if token == EDGE:
            break
        name += ALPHABET[token]
    return name
