"""The commands ``gpt`` and ``sample``: what they write and print, and their exit codes."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from cases import load

import nn
from nn.__main__ import main

RUN = load("microgpt_losses.json")


@pytest.fixture
def run(run_command):
    return partial(run_command, main)


def names_file(text="anna\nhannah\nnan\nann\nhanna\nannah\n"):
    Path("names.txt").write_text(text, encoding="utf-8")
    return "names.txt"


SMALL = ("--width", 4, "--heads", 2, "--context", 8, "--steps", 6)


def test_the_defaults_are_the_published_run(run):
    code, out, err = run("gpt", "names", "--every", 500, "--out", "out/gpt")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "names: 32033 documents to learn from, 0 held out for validation"
    assert out.splitlines()[-21:-1] == RUN["samples"]
    assert "guessing costs 3.296, counting pairs 2.455\n" in out
    history = json.loads(Path("out/gpt/history.json").read_text())
    assert history["loss"] == pytest.approx(RUN["losses"], rel=1e-12, abs=0)
    assert re.findall("^step ([0-9]+): loss", out, re.MULTILINE) == ["500", "1000"]


def test_what_was_trained_makes_up_documents(run):
    assert run("gpt", names_file(), *SMALL, "--out", "out", "--quiet")[::2] == (0, "")
    ask = partial(run, "sample", "out/model.safetensors")
    code, out, err = ask("-n", 7, "--prompt", "ha", "--temperature", 0.8, "--seed", 1)
    assert (code, err, len(out.splitlines())) == (0, "", 7)
    assert all(re.fullmatch("ha[ahn]{0,6}", line) for line in out.splitlines())
    assert ask("-n", 7, "--prompt", "ha", "--temperature", 0.8, "--seed", 1)[1] == out
    assert len({*ask("-n", 5, "--top-k", 1)[1].splitlines()}) == 1
    assert {path.name for path in Path("out").iterdir()} >= {"history.json", "curve.png", "attention.png"}
    model = nn.load("out/model.safetensors")
    assert repr(model) == "GPT(4, 4, 2, 1, 8)"


def test_batches_windows_and_documents_held_out(run):
    file = names_file("to be, or not to be, that is the question " * 4)
    code, out, err = run("gpt", file, *SMALL, "--windows", 7, "--batch-size", 3, "--held-out", 4, "--every", 3)
    assert (code, err) == (0, "")
    assert "20 documents to learn from, 4 held out" in out
    assert [line.partition(":")[0] for line in out.splitlines() if line.startswith("step")] == ["step 3", "step 6"]
    assert "validation loss" in out


def test_a_training_goes_on_from_its_checkpoint(run):
    arguments = ("gpt", names_file(), *SMALL, "--every", 2, "--checkpoint", "run.json")
    whole = run(*arguments)[1].splitlines()
    state = json.loads(Path("run.json").read_text())
    assert len(state["history"]["loss"]) == 6
    again = run(*arguments, "--resume")[1].splitlines()
    assert again[-20:] == whole[-20:]


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("", (), "names.txt has no document: it is empty"),
        ("aaa\naa\n", (), "an alphabet has two characters or more, not 'a'"),
        ("ann\nnan\n", ("--heads", 3), "the width 4 is no multiple of 3 heads"),
        ("ann\nnan\n", ("--steps", 0), "steps is a whole number from 1 on, not 0"),
        ("ann\nnan\n", ("--held-out", 2), "2 of 2 documents held out leave none to learn from"),
        ("ann\nnan\n", ("--held-out", 0), "held_out is a whole number from 1 on, not 0"),
        ("ann\nnan\n", ("--windows", 0), "the length of a window is a whole number from 1 on"),
        ("ann\nnan\n", ("--temperature", 0), "the temperature is a number above 0"),
        ("ann\nnan\n", ("--engine", "fast"), "no engine 'fast'"),
        ("ann\nnan\n", ("--resume",), "--resume goes on from a checkpoint"),
        ("ann\nnan\n", ("--checkpoint", "no/run.json"), "there is no folder 'no'"),
        ("ann\nnan\n", ("--every", 0), "every is a whole number from 1 on, not 0"),
        ("ann\nnan\n", ("--film", "folder.html"), "'folder.html' is a directory"),
        ("ann\nnan\n", ("--explore", "folder.html"), "'folder.html' is a directory"),
    ],
)
def test_bad_input_is_one_line(run, text, more, words):
    code, _, err = run("gpt", names_file(text), *SMALL, *more, "--out", "out")
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert not Path("out/model.safetensors").exists()


def test_a_name_longer_than_the_context_is_cut(run):
    code, _, err = run("gpt", names_file("ann\n" + "na" * 40 + "\n"), *SMALL)
    assert (code, err) == (0, "")


@pytest.mark.parametrize("command", [("evaluate", "iris"), ("predict", "names.txt")])
def test_a_gpt_is_not_asked_for_samples_of_a_data_set(run, command):
    run("gpt", names_file(), *SMALL, "--out", "out")
    code, out, err = run(command[0], "out/model.safetensors", command[1])
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "out/model.safetensors is a GPT, which takes no samples of a data set; `python -m nn sample` is" in err


def test_bad_input_of_sample(run):
    run("gpt", names_file(), *SMALL, "--out", "out")
    nn.save(nn.MLP(2, [1], seed=0), "other.json")
    nn.save(nn.GPT(4, 4, 2, seed=0), "bare.json")
    for arguments, words in [
        (("out/model.safetensors", "--prompt", "hx"), "the character 'x' of 'hx' is not in the alphabet 'ahn'"),
        (("out/model.safetensors", "--prompt", "a" * 8), "the context has 8 positions, not 9"),
        (("out/model.safetensors", "-n", 0), "-n is a whole number from 1 on"),
        (("absent.safetensors",), "cannot read absent.safetensors"),
        (("other.json",), "other.json is no GPT with its alphabet"),
        (("bare.json",), "bare.json is no GPT with its alphabet"),
    ]:
        code, out, err = run("sample", *arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert words in err
