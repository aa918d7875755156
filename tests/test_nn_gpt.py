"""The GPT of `nn` beside the published run, and beside one in NumPy whose gradient is derived by hand."""

from random import Random

import numpy as np
import numpy_gpt
import pytest
from cases import load

from autodiff import LengthError, Value, no_grad
from nn import ArgumentError
from nn.gpt import GPT, Block, CausalSelfAttention, Embedding, RMSNorm, generate
from nn.gpt_split import split_gradient
from nn.optim import Adam
from nn.text import Tokenizer
from nn.text import load as documents_of

RUN = load("microgpt_losses.json")
LETTERS = Tokenizer("abcdefghijklmnopqrstuvwxyz")
# vocabulary, width, heads, layers, context
CONFIGURATIONS = [(27, 16, 4, 1, 16), (27, 12, 3, 2, 8), (5, 4, 1, 3, 4), (3, 6, 6, 1, 2), (27, 1, 1, 1, 5)]


def published():
    """The documents in the order of the run, its network, and the random numbers that follow."""
    names, rng = documents_of("names"), Random(42)
    rng.shuffle(names)
    return names, GPT(LETTERS.vocabulary, rng=rng), rng


def train(model, documents, steps):
    """The loss of each step of the published optimiser."""
    optimizer = Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    for step, tokens in enumerate(documents):
        optimizer.zero_grad()
        loss = model.loss(tokens)
        loss.backward()
        yield loss.data
        optimizer.lr = 0.01 * (1 - step / steps)
        optimizer.step()


def arrays(model):
    return {name: np.array(numbers) for name, numbers in model.state_dict().items()}


def random_document(rng, vocabulary, length):
    return [rng.randrange(vocabulary) for _ in range(length)]


def test_it_begins_as_the_published_run():
    facts = load("microgpt_run.json")
    names, model, _ = published()
    assert names[:8] == [name for _, name in facts["first_documents"]]
    parameters = model.parameters()
    assert [p.data for p in [*parameters[:8], parameters[-1]]] == [*facts["first_parameters"], facts["last_parameter"]]
    model.loss(LETTERS.encode(names[0])).backward()
    gradient, wanted = [p.grad for p in parameters], facts["gradient_of_step_1"]
    places, slopes = zip(*wanted["some"], strict=True)
    assert [gradient[i] for i in places] == pytest.approx([*slopes], rel=1e-12, abs=1e-16)
    assert sum(slope != 0 for slope in gradient) == wanted["nonzero"]
    assert sum(gradient) == pytest.approx(wanted["sum"], rel=1e-12)


def test_thirty_steps_of_the_published_run():
    names, model, _ = published()
    losses = [*train(model, map(LETTERS.encode, names[:30]), 1000)]
    assert losses == pytest.approx(RUN["losses"][:30], rel=1e-12, abs=0)


@pytest.mark.nightly
def test_the_published_run_from_its_first_loss_to_its_last_name():
    names, model, rng = published()
    losses = [*train(model, map(LETTERS.encode, names[:1000]), 1000)]
    assert losses == pytest.approx(RUN["losses"], rel=1e-12, abs=0)
    assert [generate(model, LETTERS, temperature=0.5, rng=rng) for _ in range(20)] == RUN["samples"]


@pytest.mark.parametrize("sizes", CONFIGURATIONS)
def test_loss_and_gradient_are_those_derived_by_hand(sizes):
    vocabulary, _, heads, _, context = sizes
    model, rng = GPT(*sizes, seed=1), Random(2)
    for length in {2, context, context + 1, context + 3}:
        tokens = random_document(rng, vocabulary, length)
        model.zero_grad()
        loss = model.loss(tokens)
        loss.backward()
        by_hand, gradient = numpy_gpt.loss_and_gradient(arrays(model), tokens, heads, context)
        assert loss.data == pytest.approx(by_hand, rel=1e-12)
        for name, rows in model.state_values().items():
            ours = [[p.grad for p in row] for row in rows]
            np.testing.assert_allclose(ours, gradient[name], rtol=1e-12, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("sizes", CONFIGURATIONS[1:3])
def test_training_of_other_sizes_is_that_by_hand(sizes):
    vocabulary, _, heads, _, context = sizes
    model, rng = GPT(*sizes, seed=3), Random(4)
    documents = [random_document(rng, vocabulary, rng.randint(2, context + 2)) for _ in range(20)]
    by_hand = numpy_gpt.train(arrays(model), documents, 20, heads, context)
    assert [*train(model, documents, 20)] == pytest.approx([*by_hand], rel=1e-12)


@pytest.mark.parametrize("sizes", CONFIGURATIONS)
def test_reading_token_by_token_with_a_cache_is_reading_at_once(sizes):
    model = GPT(*sizes, seed=5)
    tokens = random_document(Random(6), sizes[0], sizes[4])
    caches = model.caches()
    singly = [logits for token in tokens for logits in model([token], caches)]
    assert [[x.data for x in row] for row in singly] == [[x.data for x in row] for row in model(tokens)]


def test_no_position_sees_a_later_one():
    model = GPT(27, 8, 2, 2, 8, seed=7)
    model.zero_grad()
    logits = model([3, 1, 4, 1, 5])
    logits[2][0].backward()
    rows = [[p.grad for p in row] for row in model.position.weight]
    assert all(any(row) for row in rows[:3])
    assert not any(any(row) for row in rows[3:])


def test_the_layers_alone():
    rng = Random(8)
    xs = [[Value(rng.gauss(0, 1)) for _ in range(6)] for _ in range(3)]
    assert [len(y) for y in CausalSelfAttention(6, 2, seed=9)(xs)] == [6, 6, 6]
    assert [len(y) for y in Block(6, 2, seed=9)(xs)] == [6, 6, 6]
    square = [y.data**2 for y in RMSNorm(1e-12)(xs[0])]
    assert sum(square) / 6 == pytest.approx(1.0)
    table = Embedding(4, 3, seed=9)
    assert table(2) is table.weight[2]


def test_sums_and_activations_are_nodes():
    model = GPT(27, 8, 2, 1, 4, seed=0)
    hidden = model.blocks[0].up([Value(float(i)) for i in range(8)])
    assert hidden[0].op.name == "relu"
    assert hidden[0].operands[0] is model.blocks[0].up.neurons[0].S
    assert (hidden[0].label, hidden[0].operands[0].label) == ("x_1^(up.1)", "S_1^(up.1)")


def test_every_parameter_has_a_name_of_its_own():
    model = GPT(27, 8, 2, 2, 4, seed=0)
    named = model.named_parameters()
    assert [*named.values()] == model.parameters()
    assert len({p.label for p in model.parameters()}) == len(model.parameters())
    assert {"token.w_26,1^(token)", "blocks.1.attention.query.w_11^(query.2)"} < named.keys()


# Generation.


def probabilities(model, prompt):
    with no_grad():
        logits = np.array([x.data for x in model(LETTERS.begin(prompt))[-1]])
    return numpy_gpt.softmax(logits)


def trained_a_little():
    names, model, _ = published()
    for _ in train(model, map(LETTERS.encode, names[:20]), 20):
        pass
    return model


def test_the_first_letter_is_drawn_as_its_probability_says():
    model, rng = GPT(27, 4, 1, 1, 1, seed=2, init=lambda rng, n, m: rng.gauss(0, 1)), Random(3)
    chances, drawn = probabilities(model, ""), [generate(model, LETTERS, rng=rng) for _ in range(2000)]
    for letter, chance in zip([*LETTERS.alphabet, ""], chances, strict=True):
        assert drawn.count(letter) / 2000 == pytest.approx(chance, abs=5 * (chance / 2000) ** 0.5 + 1e-9)


def test_settings_of_generation():
    model = trained_a_little()
    cold = {generate(model, LETTERS, temperature=t, seed=i) for i in range(5) for t in (1e-6, 1e-320)}
    assert cold == {generate(model, LETTERS, top_k=1, seed=9)}
    first = {generate(model, LETTERS, top_k=3, seed=i)[:1] for i in range(40)}
    likeliest = probabilities(model, "").argsort()[-3:]
    assert first <= {LETTERS.decode([token]) for token in likeliest}
    assert generate(model, LETTERS, seed=4) == generate(model, LETTERS, seed=4)
    assert generate(model, LETTERS, "ka", seed=4).startswith("ka")
    assert len(generate(model, LETTERS, "a" * 15, seed=4)) <= 16


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: GPT(27, 10, 4), ArgumentError, "the width 10 is no multiple of 4 heads"),
        (lambda: GPT(27, 8, 0), ArgumentError, "heads is a whole number from 1 on, not 0"),
        (lambda: GPT(27, layers=0), ArgumentError, "layers is a whole number from 1 on"),
        (lambda: GPT(27, context=0), ArgumentError, "a whole number from 1 on, not 0"),
        (lambda: GPT(0), ArgumentError, "a whole number from 1 on, not 0"),
        (lambda: GPT(5, seed=0)([5]), ArgumentError, "0 to 4, and no entry 5"),
        (lambda: GPT(5, seed=0)([-1]), ArgumentError, "0 to 4, and no entry -1"),
        (lambda: GPT(5, seed=0, context=2)([1, 2, 3]), LengthError, "the context has 2 positions, not 3"),
        (lambda: GPT(5, seed=0).loss([1]), LengthError, "a document has two tokens or more"),
        (lambda: generate(GPT(27, seed=0), LETTERS, "ka1"), ArgumentError, "the character '1' of 'ka1' is not in the"),
        (lambda: generate(GPT(27, seed=0), LETTERS, "k" * 16), LengthError, "the context has 16 positions, not 17"),
        (lambda: generate(GPT(27, seed=0), LETTERS, temperature=0), ArgumentError, "temperature is a number above 0"),
        (lambda: generate(GPT(27, seed=0), LETTERS, top_k=0), ArgumentError, "top_k is a whole number from 1 on"),
        (lambda: generate(GPT(5, seed=0), LETTERS), ArgumentError, "a network of 5 tokens, and a tokenizer of 27"),
    ],
)
def test_bad_input_is_one_clear_error(call, error, words):
    with pytest.raises(error, match="^(?s:.)*" + words.replace("(", r"\(")):
        call()


# Where a gradient comes from.


def some_parameters(model):
    block = model.blocks[0]
    yield from (model.token.weight[4][1], model.token.weight[0][0], model.position.weight[2][1])
    for layer in (block.attention.query, block.attention.key, block.attention.value, block.attention.mix):
        yield layer.neurons[3].w[1]
    yield from (block.up.neurons[5].w[0], model.blocks[-1].down.neurons[1].w[5], model.output.neurons[1].w[2])


def test_a_gradient_split_by_position_and_head_adds_up():
    model, document = GPT(5, 4, 2, 2, 6, seed=10, init=lambda rng, n, m: rng.gauss(0, 0.5)), [4, 0, 1, 0, 2, 4]
    model.loss(document).backward()
    for p in some_parameters(model):
        split = split_gradient(model, document, p)
        assert split.whole == pytest.approx(p.grad, rel=1e-12)
        assert sum(split.positions) == pytest.approx(p.grad, rel=1e-12)
        assert [sum(parts) for parts in split.heads] == pytest.approx([p.grad] * 2, rel=1e-12)
        assert len(split.positions) == 5
        assert [len(parts) for parts in split.heads] == [3, 3]
    assert str(split).startswith("∂loss/∂w_32^(output) = ")
    with pytest.raises(ArgumentError, match="takes a parameter of the model"):
        split_gradient(model, document, Value(1.0))


@pytest.mark.parametrize("block", [0, 1])
def test_what_goes_through_a_head_is_the_gradient_with_the_others_cut_off(block, monkeypatch):
    model, document = GPT(5, 4, 2, 2, 6, seed=11, init=lambda rng, n, m: rng.gauss(0, 0.5)), [4, 0, 1, 0, 2, 4]
    splits = [split_gradient(model, document, p).heads[block] for p in some_parameters(model)]
    attention, read = model.blocks[block].attention, CausalSelfAttention._read

    def gradient(kept):
        def cut(self, x, cache):
            taken = read(self, x, cache)
            return [
                a if self is not attention or i // self.size in kept else Value(a.data) for i, a in enumerate(taken)
            ]

        monkeypatch.setattr(CausalSelfAttention, "_read", cut)
        model.zero_grad()
        model.loss(document).backward()
        monkeypatch.undo()
        return [p.grad for p in some_parameters(model)]

    past = gradient([])
    for i, parts in enumerate(splits):
        assert parts[-1] == pytest.approx(past[i], rel=1e-9, abs=1e-15)
    for head in (0, 1):
        with_it = gradient([head])
        for i, parts in enumerate(splits):
            assert parts[head] == pytest.approx(with_it[i] - past[i], rel=1e-9, abs=1e-14)


def test_what_a_position_contributes_is_the_product_of_its_delta_and_its_input():
    """For a weight of the output layer by hand: the probability, less 1 for what came, times x, over the positions."""
    model, document = GPT(5, 4, 2, 1, 6, seed=12), [4, 0, 1, 0, 4]
    logits = np.array([[x.data for x in row] for row in model(document[:-1])])
    deltas = numpy_gpt.softmax(logits) - np.eye(5)[document[1:]]
    split = split_gradient(model, document, model.output.neurons[3].w[2])
    inputs = [node.operands[4 + 2].data for node in (row[3] for row in model(document[:-1]))]
    assert split.positions == pytest.approx([*(deltas[:, 3] * inputs / 4)], rel=1e-12)
