"""Text to learn from: documents, and the tokens that a network reads in place of characters.

>>> names = load("names")
>>> len(names), names[:3]
(32033, ['emma', 'olivia', 'ava'])
>>> tokenizer = Tokenizer.of(names)
>>> tokenizer
Tokenizer('abcdefghijklmnopqrstuvwxyz')
>>> tokenizer.encode("emma")  # 26, the edge, stands on both sides
[26, 4, 12, 12, 0, 26]
>>> tokenizer.decode([26, 4, 12, 12, 0, 26])
'emma'
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import fsum, log
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import at_least_one, file_at, listed, named
from .errors import ArgumentError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["Tokenizer", "counting_loss", "load", "split", "windows"]

_SHIPPED = {"names": Path(__file__).with_name("names.txt")}  # of karpathy/makemore, MIT: names_LICENSE.txt


class Tokenizer:
    """Every character of an alphabet is a token, by its place from 0 on; one more, the edge, is around a document.

    The edge, the last token, tells the network where a document begins, and is what it answers where one ends.

    Args:
        alphabet: the characters, each once.

    Attributes:
        alphabet: as given.
        edge: the number of the token for the edge.
        vocabulary: how many tokens there are, the edge among them.

    Raises:
        ArgumentError: the alphabet is no text, has a character twice, or has fewer than two.

    >>> Tokenizer("abc").vocabulary
    4
    """

    def __init__(self, alphabet: str) -> None:
        if not isinstance(alphabet, str) or len({*alphabet}) < len(alphabet):
            raise ArgumentError(f"an alphabet is a text with every character once, not {alphabet!r:.60}")
        if len(alphabet) < 2:
            raise ArgumentError(f"an alphabet has two characters or more, not {alphabet!r}: nothing could be learnt")
        self.alphabet = alphabet
        self.edge = len(alphabet)
        self.vocabulary = len(alphabet) + 1
        self._tokens = {character: token for token, character in enumerate(alphabet)}

    @classmethod
    def of(cls, documents: Iterable[str]) -> Tokenizer:
        """The tokenizer of all characters that occur, in their order in Unicode."""
        return cls("".join(sorted({*"".join(documents)})))

    def __repr__(self) -> str:
        return f"Tokenizer({self.alphabet!r})"

    def encode(self, document: str) -> list[int]:
        """The tokens of a document, between two edges.

        Raises:
            ArgumentError: a character is not in the alphabet.
        """
        return [*self.begin(document), self.edge]

    def begin(self, prompt: str = "") -> list[int]:
        """The tokens of the beginning of a document: an edge, and what is given of it.

        Raises:
            ArgumentError: a character is not in the alphabet.
        """
        try:
            return [self.edge, *[self._tokens[character] for character in prompt]]
        except KeyError as error:
            raise ArgumentError(
                f"the character {error.args[0]!r} of {prompt!r:.60} is not in the alphabet {self.alphabet!r:.60}"
            ) from None

    def decode(self, tokens: Iterable[int]) -> str:
        """The text that the tokens stand for, without the edges.

        Raises:
            ArgumentError: there is no such token.
        """
        tokens = [*tokens]
        for token in tokens:
            if token not in range(self.vocabulary):
                raise ArgumentError(f"a token is a whole number from 0 to {self.edge}, not {token!r}")
        return "".join([self.alphabet[token] for token in tokens if token != self.edge])


def load(source: str | os.PathLike[str]) -> list[str]:
    """The documents of a text: its lines, without those that are empty, and without spaces around them.

    Args:
        source: "names", 32,033 first names that the package brings; or the path of a text file in UTF-8.

    Raises:
        ArgumentError: the file has no document, or is not UTF-8.
        PathError: an OSError, where the file cannot be read; ``MissingPath``, where there is none.

    Source of the names: https://github.com/karpathy/makemore (MIT licence).
    """
    return documents(read(source), str(source))


def read(source: str | os.PathLike[str]) -> str:
    """The whole text of a file in UTF-8, or of "names".

    Raises:
        ArgumentError: it is not UTF-8.
        PathError: an OSError, where the file cannot be read; ``MissingPath``, where there is none.
    """
    path = _SHIPPED.get(source) if isinstance(source, str) else None
    path = path or file_at(source, "a text")
    try:
        with named(path):
            return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{source} is no text in UTF-8: {error}; save it in that encoding") from None


def documents(text: str, name: str = "the text") -> list[str]:
    """The lines of a text that are not empty; an error calls it by ``name``.

    Raises:
        ArgumentError: there is none.
    """
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise ArgumentError(f"{name} has no document: it is empty, and should have one on each line")
    return found


def windows(text: str, length: int) -> list[str]:
    """A long text in pieces of ``length`` characters, the last of which may be shorter.

    Raises:
        ArgumentError: the length is no whole number from 1 on, or the text is empty.

    >>> windows("to be or not", 5)
    ['to be', ' or n', 'ot']
    """
    length = at_least_one(length, "the length of a window")
    if not text:
        raise ArgumentError("there is no window of an empty text")
    return [text[i : i + length] for i in range(0, len(text), length)]


def split(documents: Iterable[str], held_out: int) -> tuple[list[str], list[str]]:
    """The documents to learn from, and the last ``held_out`` of them, to validate with; shuffle them first.

    Raises:
        ArgumentError: ``held_out`` is no whole number from 1 on, or leaves nothing to learn from.

    >>> split(["ann", "bob", "cleo"], 1)
    (['ann', 'bob'], ['cleo'])
    """
    found = listed(documents, "split takes a list of documents")
    held_out = at_least_one(held_out, "held_out")
    if held_out >= len(found):
        raise ArgumentError(f"{held_out} of {len(found)} documents held out leave none to learn from")
    return found[:-held_out], found[-held_out:]


def counting_loss(tokenizer: Tokenizer, documents: Iterable[str], held_out: Iterable[str]) -> float:
    """The mean loss on ``held_out`` of who only counts which token follows which in ``documents``.

    Each pair counts once more than it occurs, so that none is impossible.  It is what a network has to beat; who just
    guesses has the loss log of the vocabulary.

    >>> names = load("names")
    >>> round(counting_loss(Tokenizer.of(names), *split(names, 1000)), 2)
    2.59
    """
    pairs = Counter(pair for document in documents for pair in pairwise(tokenizer.encode(document)))
    firsts: Counter[int] = Counter()
    for (first, _), count in pairs.items():
        firsts[first] += count
    losses = [
        log((firsts[first] + tokenizer.vocabulary) / (pairs[first, second] + 1))
        for document in held_out
        for first, second in pairwise(tokenizer.encode(document))
    ]
    return fsum(losses) / len(losses)
