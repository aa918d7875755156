"""The commands ``gpt`` and ``sample`` of the command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from math import log
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from autodiff.commandline import failed, file_to_write
from autodiff.files import replacing, write_whole

from . import gpt_plots, text
from .arguments import at_least_one
from .checkpoint import Checkpoint
from .errors import ArgumentError, FileFormatError, MissingExtra
from .gpt import GPT, generate
from .gpt_film import TextFilm
from .gpt_page import explore_document
from .gpt_training import ENGINES, fit_text, reader
from .optim import Adam
from .storage import load, read_state, save
from .text import Tokenizer

if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from .gpt_training import TextHistory

__all__ = ["add_commands"]

_GPT_EPILOG = """\
Without options this is the run that was published with microgpt, to the last digits of its losses and the letters of
its names. For a lower loss take batches, and more steps.

examples:
  python -m nn gpt names --out out/gpt
  python -m nn gpt names --steps 5000 --batch-size 32 --held-out 1000 --out out/gpt
  python -m nn gpt names --every 20 --film out/film.html --explore out/emma.html --document emma
  python -m nn gpt book.txt --windows 64 --context 64 --width 32 --layers 2 --batch-size 8 --out out/book
"""
_SAMPLE_EPILOG = """\
example:
  python -m nn sample out/gpt/model.safetensors -n 20 --temperature 0.5 --prompt ka
"""


def add_commands(commands: Any) -> None:
    """Add both to the commands of a parser; each sets ``run`` to what does it."""
    training = commands.add_parser(
        "gpt", help="train a GPT on a text", description="Train a GPT on the documents of a text.", epilog=_GPT_EPILOG
    )
    training.set_defaults(run=_train)
    training.add_argument("text", metavar="TEXT", help="names, or a file in UTF-8 with a document on each line")
    training.add_argument("--windows", metavar="N", type=int, help="take pieces of N characters in place of lines")
    network = training.add_argument_group("the network")
    for name, default in (("width", 16), ("heads", 4), ("layers", 1), ("context", 16)):
        network.add_argument(f"--{name}", metavar="N", type=int, default=default, help=f"default: {default}")
    steps = training.add_argument_group("the training")
    steps.add_argument("--steps", metavar="N", type=int, default=1000, help="default: 1000")
    steps.add_argument("--batch-size", metavar="N", type=int, default=1, help="documents for each step (default: 1)")
    steps.add_argument("--lr", metavar="RATE", type=float, default=0.01, help="falls to 0 (default: 0.01)")
    steps.add_argument("--held-out", metavar="N", type=int, help="documents to validate with (default: none)")
    steps.add_argument("--every", metavar="N", type=int, help="report after so many steps (default: a tenth of them)")
    steps.add_argument("--engine", default="auto", help=f"{', '.join(ENGINES)} (default: auto, compiled if it can be)")
    steps.add_argument("--seed", metavar="N", type=int, default=42, help="of everything random (default: 42)")
    output = training.add_argument_group("what is written")
    output.add_argument("--out", metavar="DIR", type=Path, help="model.safetensors, history.json and plots")
    page = file_to_write(".html", ".htm", is_made=True)
    output.add_argument("--explore", metavar="FILE.html", type=page, help="a page about the loss of one document")
    output.add_argument("--film", metavar="FILE.html", type=page, help="a page with the training, report by report")
    output.add_argument("--document", metavar="TEXT", help="what both pages are about (default: the first)")
    output.add_argument("--checkpoint", metavar="FILE", help="where the training stands, at each report, as JSON")
    output.add_argument("--resume", action="store_true", help="go on from the checkpoint; all else is given as it was")
    output.add_argument("--quiet", action="store_true", help="no reports")
    drawing = commands.add_parser(
        "sample",
        help="documents that a GPT makes up",
        description="Let a GPT make up documents.",
        epilog=_SAMPLE_EPILOG,
    )
    drawing.set_defaults(run=_sample)
    drawing.add_argument("model", metavar="MODEL", type=Path, help="a file that `gpt` wrote")
    drawing.add_argument("-n", metavar="N", type=int, default=1, dest="count", help="how many (default: 1)")
    drawing.add_argument("--prompt", metavar="TEXT", default="", help="how each begins")
    drawing.add_argument("--top-k", metavar="K", type=int, help="draw from the K likeliest characters only")
    drawing.add_argument("--seed", metavar="N", type=int, default=0, help="of what draws (default: 0)")
    for parser in (steps, drawing):
        parser.add_argument("--temperature", metavar="T", type=float, default=0.5, help="of what is made up: 0.5")


def _train(given: Namespace) -> int:
    if given.resume and not given.checkpoint:
        raise ArgumentError("--resume goes on from a checkpoint: say from which, with --checkpoint FILE")
    checkpoint = Checkpoint(given.checkpoint, given.resume) if given.checkpoint else None
    documents, rng = _documents(given), Random(given.seed)
    tokenizer = Tokenizer.of(documents)
    shown = documents[0] if given.document is None else given.document
    tokenizer.encode(shown)  # found out before the training, whether it can be read
    rng.shuffle(documents)
    learnt, held_out = text.split(documents, given.held_out) if given.held_out is not None else (documents, [])
    model = GPT(tokenizer.vocabulary, given.width, given.heads, given.layers, given.context, rng=rng)
    if given.out:
        for purpose, package in (("a file .safetensors", "safetensors"), ("a plot", "matplotlib")):
            if find_spec(package) is None:  # found out before the training
                raise MissingExtra(purpose, package)
        given.out.mkdir(parents=True, exist_ok=True)
    for page in filter(None, [given.explore, given.film]):
        page.parent.mkdir(parents=True, exist_ok=True)
    film = TextFilm(tokenizer, shown)
    print(f"{given.text}: {len(learnt)} documents to learn from, {len(held_out)} held out for validation")
    print(f"{model}, {len(model.parameters())} parameters", flush=True)
    history = fit_text(
        model,
        tokenizer,
        learnt,
        steps=given.steps,
        batch_size=given.batch_size,
        optimizer=Adam(model.parameters(), given.lr, betas=(0.85, 0.99)),
        validation=held_out,
        every=max(1, given.steps // 10) if given.every is None else given.every,
        temperature=given.temperature,
        seed=given.seed,
        progress=False,  # what is reported shows it
        callbacks=[*[film] * bool(given.film), *[_report] * (not given.quiet)],
        engine=given.engine,
        checkpoint=checkpoint,
    )
    if history.stopped == "interrupted" and not history.loss:
        raise KeyboardInterrupt
    print(f"{len(history)} steps by the {history.engine} engine in {history.seconds:.3g} s; {history.summary()}")
    guessing, counting = log(tokenizer.vocabulary), text.counting_loss(tokenizer, learnt, held_out or learnt)
    print(f"guessing costs {guessing:.3f}, counting pairs {counting:.3f}")
    read_by = reader(model, history.engine)
    made = [generate(read_by, tokenizer, temperature=given.temperature, rng=rng) for _ in range(20)]
    print(*made, sep="\n")
    if given.out:
        save(model, given.out / "model.safetensors", {"alphabet": tokenizer.alphabet})
        write_whole(given.out / "history.json", json.dumps(asdict(history), indent=1).encode())
        pictures = {
            "curve": gpt_plots.learning(history, {"guessing": guessing, "counting pairs": counting}),
            "attention": gpt_plots.attention(model, tokenizer, made[0][: min(9, model.context - 1)]),
        }
        for name, figure in pictures.items():
            with replacing(given.out / f"{name}.png") as picture:
                figure.savefig(picture, format="png", dpi=150)
        print(f"network, history and plots: {given.out}")
    if given.film and film.frames:
        film.save(given.film)
        print(f"film: {given.film}")
    if given.explore:
        explore_document(model, tokenizer, shown).save(given.explore)
        print(f"the loss of {shown!r}, to be explored: {given.explore}")
    if history.stopped == "interrupted":
        return failed("python -m nn", f"interrupted after {len(history)} steps: the weights are those of the last", 130)
    return 0


def _documents(given: Namespace) -> list[str]:
    try:
        if given.windows is None:
            return text.load(given.text)
        return text.windows(text.read(given.text), given.windows)
    except OSError as error:
        raise ArgumentError(f"cannot read {given.text}: {error.strerror}") from None


def _report(model: GPT, history: TextHistory) -> None:
    print(f"step {len(history)}: {history.summary()}; {' '.join(history.samples[-1][1])}", flush=True)


def _sample(given: Namespace) -> None:
    try:
        model, metadata = load(given.model), read_state(given.model)[1]
    except OSError as error:
        raise ArgumentError(f"cannot read {given.model}: {error.strerror}") from None
    if not isinstance(model, GPT) or "alphabet" not in metadata:
        raise FileFormatError(f"{given.model} is no GPT with its alphabet, as `python -m nn gpt` writes it")
    tokenizer, rng = Tokenizer(metadata["alphabet"]), Random(given.seed)
    for _ in range(at_least_one(given.count, "-n")):
        print(generate(model, tokenizer, given.prompt, given.temperature, given.top_k, rng=rng), flush=True)
