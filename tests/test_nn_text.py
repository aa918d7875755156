"""Texts, their characters as tokens, and what is wrong with a file in one clear error."""

import re

import pytest

from nn import ArgumentError, text
from nn.text import Tokenizer


def test_the_names_that_the_package_brings():
    names = text.load("names")
    assert (len(names), names[0], names[-1], len(set(names))) == (32033, "emma", "zzyzx", 29494)
    assert Tokenizer.of(names).alphabet == "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("written", "documents"),
    [
        (b"ann\nbob\n", ["ann", "bob"]),
        (b"ann\r\n\r\n  bob \r\ncleo", ["ann", "bob", "cleo"]),
        (b"\xef\xbb\xbfann\nbob", ["ann", "bob"]),  # with a byte order mark
        ("zoë\n李\n".encode(), ["zoë", "李"]),
    ],
)
def test_documents_of_a_file(tmp_path, written, documents):
    file = tmp_path / "names.txt"
    file.write_bytes(written)
    assert text.load(file) == text.load(str(file)) == documents
    tokenizer = Tokenizer.of(documents)
    assert [tokenizer.decode(tokenizer.encode(document)) for document in documents] == documents


def test_tokens():
    tokenizer = Tokenizer("ban")
    assert tokenizer.encode("banana") == [3, 0, 1, 2, 1, 2, 1, 3]
    assert tokenizer.encode("") == [3, 3]
    assert tokenizer.begin("na") == [3, 2, 1]
    assert Tokenizer.of(["banana"]).alphabet == "abn"


def test_windows_put_together_are_the_text():
    words = "to be, or not to be"
    for length in range(1, 25):
        pieces = text.windows(words, length)
        assert "".join(pieces) == words
        assert {len(piece) for piece in pieces[:-1]} <= {length}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda file: text.load(file), "names.txt has no document: it is empty"),
        (lambda file: Tokenizer("a"), "an alphabet has two characters or more, not 'a': nothing could be learnt"),
        (lambda file: Tokenizer.of(["aaa", "a"]), "an alphabet has two characters or more"),
        (lambda file: Tokenizer("aba"), "an alphabet is a text with every character once, not 'aba'"),
        (lambda file: Tokenizer(["a", "b"]), "an alphabet is a text with every character once"),
        (lambda file: Tokenizer("ab").encode("abc"), "the character 'c' of 'abc' is not in the alphabet 'ab'"),
        (lambda file: Tokenizer("ab").decode([3]), "a token is a whole number from 0 to 2, not 3"),
        (lambda file: text.windows("", 3), "there is no window of an empty text"),
        (lambda file: text.windows("abc", 0), "the length of a window is a whole number from 1 on, not 0"),
        (lambda file: text.split(["a", "b"], 2), "2 of 2 documents held out leave none to learn from"),
        (lambda file: text.split("ab", 1), "split takes a list of documents, not 'ab'"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, call, words):
    file = tmp_path / "names.txt"
    file.write_text(" \n\n")
    with pytest.raises(ArgumentError, match=re.escape(words)):
        call(file)


def test_a_file_that_is_no_text_or_not_there(tmp_path):
    file = tmp_path / "picture.txt"
    file.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ArgumentError, match=r"picture.txt is no text in UTF-8"):
        text.load(file)
    with pytest.raises(FileNotFoundError):
        text.load(tmp_path / "absent.txt")
