"""A training that records itself: every frame is the network as it was after that epoch."""

import json

import pytest

from nn import MLP, ArgumentError, Film, data, fit
from nn.__main__ import main
from nn.metrics import predicted_classes
from nn.prediction import predict
from tests.test_explorer import Parts

LOSS = "binary_cross_entropy_with_logits"


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """A plane of fewer points, for time."""
    monkeypatch.setattr("nn.film._STEPS", 6)


def data_of(html):
    return json.loads(Parts(html).texts["application/json"])


def trained(epochs, **settings):
    moons = data.load("moons", n=40, seed=0)
    film = Film(moons.X, moons.y, **settings)
    seen = []
    model = MLP(2, [4, 1], "tanh", seed=0)

    def look(model, history):
        seen.append(([p.data for p in model.parameters()], predicted_classes(predict(model, moons.X))))

    history = fit(model, moons.X, moons.y, LOSS, epochs=epochs, progress=False, engine="eager", callbacks=[look, film])
    return film, history, seen


def test_a_frame_is_the_network_after_its_epoch():
    film, history, seen = trained(12)
    recorded = data_of(film.html)
    assert [frame["epoch"] for frame in recorded["frames"]] == [*range(1, 13)]
    for frame, (weights, taken) in zip(recorded["frames"], seen, strict=True):
        assert frame["weights"] == pytest.approx(weights, rel=1e-3)
        assert frame["taken"] == taken
        assert len(frame["plane"]) == 36
    assert dict(recorded["curves"])["loss"] == pytest.approx(history.loss, rel=1e-3)
    assert recorded["weights"][:3] == ["w_11^(1)", "w_21^(1)", "b_1^(1)"]


def test_the_plane_is_asked_row_by_row_from_the_top():
    film, *_ = trained(3)
    (left, right, columns), (low, high, rows) = data_of(film.html)["axes"]
    model = film._model
    corners = [[left, high], [right, high], [left, low], [right, low]]
    plane = data_of(film.html)["frames"][-1]["plane"]
    found = [plane[0], plane[columns - 1], plane[columns * (rows - 1)], plane[-1]]
    assert [*map(int, found)] == predicted_classes(predict(model, corners))


@pytest.mark.parametrize(("epochs", "frames"), [(1, 1), (10, 10), (11, 10), (50, 10), (37, 1)])
def test_a_long_training_has_few_frames_and_its_last_epoch(epochs, frames):
    film, *_ = trained(epochs, frames=frames)
    shown = [frame["epoch"] for frame in data_of(film.html)["frames"]]
    assert len(shown) <= frames + 1
    assert shown[-1] == epochs
    assert shown == sorted({*shown})
    assert len(data_of(film.html)["epochs"]) == epochs


def test_without_a_plane():
    iris = data.load("iris")
    film = Film(iris.X, iris.y)
    fit(MLP(4, [3], seed=0), iris.X, iris.y, epochs=2, progress=False, engine="eager", callbacks=[film])
    assert data_of(film.html)["points"] == []


def test_an_empty_film_is_refused():
    with pytest.raises(ArgumentError, match="callbacks"):
        _ = Film().html
    with pytest.raises(ArgumentError, match="frames"):
        Film(frames=0)
    assert repr(Film()) == "<Film of 0 epochs: 0 frames>"


def test_hostile_labels_stay_data():
    moons = data.load("moons", n=20, seed=0)
    film = Film(moons.X, moons.y, classes=["</script><script>x</script>", "b"])
    fit(MLP(2, [1], seed=0), moons.X, moons.y, LOSS, epochs=1, progress=False, callbacks=[film])
    assert [tag for tag, _ in Parts(film.html).elements].count("script") == 2


def test_the_command_line(tmp_path, capsys):
    out = tmp_path / "film.html"
    arguments = ["train", "moons", "--samples", "60", "--hidden", "4", "--epochs", "3", "--quiet", "--film", str(out)]
    assert main([*arguments, "--engine", "eager"]) == 0
    assert f"film: {out}" in capsys.readouterr().out
    assert len(data_of(out.read_text(encoding="utf-8"))["frames"]) == 3
