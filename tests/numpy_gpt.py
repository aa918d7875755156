"""A GPT in NumPy, with its gradient derived by hand, matrix by matrix: nothing is shared with the engine or with `nn`.

The weights are a dict by name, as ``nn.GPT.state_dict`` has it.  Rows of an array are positions.
"""

import numpy as np

EPS = 1e-5


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def normalised(x):
    scale = ((x * x).mean(axis=1, keepdims=True) + EPS) ** -0.5
    return x * scale, scale


def back_through_norm(d, x, scale):
    """With s = (mean x² + ε)^(-½): ∂(x_i·s)/∂x_j = s where i = j, less x_i·x_j·s³ / n."""
    return d * scale - x * scale**3 * (d * x).mean(axis=1, keepdims=True)


def loss_and_gradient(weights, tokens, heads, context):
    n = min(context, len(tokens) - 1)
    read, following, each = tokens[:n], tokens[1 : n + 1], np.arange(n)
    blocks = sum(name.endswith("query.weight") for name in weights)
    gradient = {name: np.zeros_like(weight) for name, weight in weights.items()}
    future = np.triu(np.full((n, n), -np.inf), 1)

    embedded = weights["token.weight"][read] + weights["position.weight"][:n]
    x, first_scale = normalised(embedded)
    memory = []
    for b in range(blocks):
        w = {part: weights[f"blocks.{b}.{part}.weight"] for part in PARTS}
        size = x.shape[1] // heads
        y, scale = normalised(x)
        q, k, v = (split(y @ w[f"attention.{name}"].T, heads) for name in ("query", "key", "value"))
        shares = softmax(q @ k.transpose(0, 2, 1) / size**0.5 + future)
        taken = joined(shares @ v)
        middle = taken @ w["attention.mix"].T + x
        z, middle_scale = normalised(middle)
        hidden = np.maximum(z @ w["up"].T, 0.0)
        memory.append((w, x, scale, y, q, k, v, shares, taken, middle, middle_scale, z, hidden))
        x = hidden @ w["down"].T + middle
    probabilities = softmax(x @ weights["output.weight"].T)
    loss = -np.log(probabilities[each, following]).mean()

    d = probabilities.copy()
    d[each, following] -= 1
    d /= n
    gradient["output.weight"] = d.T @ x
    d = d @ weights["output.weight"]
    for b in reversed(range(blocks)):
        w, x, scale, y, q, k, v, shares, taken, middle, middle_scale, z, hidden = memory[b]
        here = {"down": d.T @ hidden}
        d_hidden = d @ w["down"] * (hidden > 0)
        here["up"] = d_hidden.T @ z
        d = d + back_through_norm(d_hidden @ w["up"], middle, middle_scale)
        here["attention.mix"] = d.T @ taken
        d_taken = split(d @ w["attention.mix"], heads)
        d_shares = d_taken @ v.transpose(0, 2, 1)
        d_scores = shares * (d_shares - (shares * d_shares).sum(axis=-1, keepdims=True)) / q.shape[-1] ** 0.5
        d_query, d_key = joined(d_scores @ k), joined(d_scores.transpose(0, 2, 1) @ q)
        d_value = joined(shares.transpose(0, 2, 1) @ d_taken)
        d_y = 0.0
        for name, slopes in (("query", d_query), ("key", d_key), ("value", d_value)):
            here[f"attention.{name}"] = slopes.T @ y
            d_y = d_y + slopes @ w[f"attention.{name}"]
        d = d + back_through_norm(d_y, x, scale)
        gradient |= {f"blocks.{b}.{part}.weight": slopes for part, slopes in here.items()}
    d = back_through_norm(d, embedded, first_scale)
    np.add.at(gradient["token.weight"], read, d)
    gradient["position.weight"][:n] = d
    return loss, gradient


PARTS = ["attention.query", "attention.key", "attention.value", "attention.mix", "up", "down"]


def split(x, heads):
    """Positions × width as heads × positions × size."""
    return x.reshape(len(x), heads, -1).transpose(1, 0, 2)


def joined(x):
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def train(weights, documents, steps, heads, context):
    """Adam of the published run, written out, on these arrays in place; gives the loss of each step."""
    means = {name: np.zeros_like(weight) for name, weight in weights.items()}
    squares = {name: np.zeros_like(weight) for name, weight in weights.items()}
    for step, tokens in enumerate(documents):
        loss, gradient = loss_and_gradient(weights, tokens, heads, context)
        yield loss
        rate = 0.01 * (1 - step / steps)
        for name, slope in gradient.items():
            means[name] = 0.85 * means[name] + 0.15 * slope
            squares[name] = 0.99 * squares[name] + 0.01 * slope**2
            mean, square = means[name] / (1 - 0.85 ** (step + 1)), squares[name] / (1 - 0.99 ** (step + 1))
            weights[name] -= rate * mean / (square**0.5 + 1e-8)
