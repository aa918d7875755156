"""Programs written for other libraries run here, and what they name differently is an error that says what to use."""

import pytest
import scalar_gpt
from cases import load


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
