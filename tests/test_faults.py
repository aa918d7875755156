"""Faulted machines: numba broken, caches damaged or not to be trusted, disks full; the numbers are right all the same.

Each fault is made in a process of its own, which compiles, fits and predicts, and reports what it warned of.
"""

import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba")

import autodiff as ad
import nn
from autodiff.compiler import cache
from autodiff.compiler.fingerprint import fingerprint

ROOT = Path(__file__).parent.parent
X, Y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 0.5, 0.0, -0.5]

SCRIPT = """
import json, sys, warnings
kept = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    %s
    import autodiff as ad, nn
    nn.train._WORTHWHILE = 0
    x, w = ad.Value(0.0), ad.Value(0.7)
    program = ad.compile(ad.tanh(x * w), [x], [w])
    value, gradient = program.value_and_grad([0.5, -1.0, 2.0], reduce="sum")
    model = nn.MLP(1, [1], seed=0)
    history = nn.fit(model, X, Y, "squared_error", epochs=3, seed=0, progress=False)
    predicted = nn.predict(model, X)
print(json.dumps([
    program.engine, value, gradient.tolist(), history.loss, predicted, [str(w.message) for w in caught], kept
]))
"""

NOTED = """
    from autodiff.compiler import cache
    name_of = cache._Kept._name
    def noted(self, *arguments):
        name = name_of(self, *arguments)
        kept[name] = getattr(self.function, "__name__", "")
        return name
    cache._Kept._name = noted
"""


def run(fault="pass", limit=None, path=(), **environment):
    """What the script reports: the engine, the numbers (held to the truth here), the warnings, the files it asked for.

    Args:
        fault: a statement to begin with.
        limit: bytes, of which no file may have more.
        path: folders to import from before all others.
        environment: variables to set, or with None to remove.
    """
    settings = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT]))}
    if limit is not None:
        fault = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); {fault}"
    result = subprocess.run(
        [sys.executable, "-c", f"X, Y = {X}, {Y}\n" + SCRIPT % fault.strip()],
        env={name: str(text) for name, text in settings.items() if text is not None},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    engine, value, gradient, loss, predicted, warned, kept = json.loads(result.stdout)
    _check(value, gradient, loss, predicted)
    return engine, warned, kept


def _check(value, gradient, loss, predicted):
    """Against eager arithmetic, in this process, of which nothing is compiled."""
    x, w = [0.5, -1.0, 2.0], ad.Value(0.7)
    total = ad.sum([ad.tanh(t * w) for t in x])
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-14)
    assert gradient == pytest.approx([w.grad], rel=1e-14)
    model = nn.MLP(1, [1], seed=0)
    history = nn.fit(model, X, Y, "squared_error", epochs=3, seed=0, progress=False, engine="eager")
    assert loss == pytest.approx(history.loss, rel=1e-13)
    with ad.no_grad():
        expected = [model([ad.Value(t) for t in x]).data for x in X]
    assert [row[0] for row in predicted] == pytest.approx(expected, rel=1e-13)


@pytest.fixture(scope="module")
def warm():
    """The files that the script asks for, by name, and what each is the code of."""
    engine, _, kept = run(NOTED)
    assert engine == "machine"
    here = cache.folder()
    return {name: (title, (here / name).read_bytes()) for name, title in kept.items() if here}


@pytest.fixture
def home(warm, tmp_path):
    """A cache of one's own that has them all."""
    folder = tmp_path / "home" / "scalar-autodiff"
    folder.mkdir(parents=True)
    tmp_path.chmod(0o700)
    folder.chmod(0o700)
    for name, (_, data) in warm.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)
    return folder


def kernels(warm):
    """The files of generated kernels, which are compiled in a moment."""
    return [name for name, (title, _) in warm.items() if title.startswith(("value_", "adjoint_"))]


# ---------------------------------------------------------------------------------------------------------------------
# numba is of no use: the source engine goes on.
# ---------------------------------------------------------------------------------------------------------------------

NEEDS = 'raise ImportError("Numba needs NumPy 2.0 or less. Got NumPy 9.9.")'
NO_LLVM = 'raise OSError("Could not find/load shared object file: libllvmlite.so")'
CANNOT = "import llvmlite.binding as b; b.ObjectFileRef.from_data = lambda data: 1 / 0"
FAULTS = {
    "switched off": ("pass", {}, {"NUMBA_DISABLE_JIT": 1}, "NUMBA_DISABLE_JIT is set.*unset it"),
    "another NumPy": ("pass", {"numba/__init__.py": NEEDS}, {}, "ImportError: Numba needs NumPy 2.0 .*pip install -U"),
    "no LLVM": ("pass", {"llvmlite/__init__.py": NO_LLVM}, {}, "OSError: Could not find/load shared"),
    "a folder coverage": ("pass", {"coverage/data.txt": ""}, {}, "coverage.*the folder .*coverage stands in the place"),
    "compiles nothing": (CANNOT, {}, {}, 'machine code cannot be made: ZeroDivisionError.*engine="source"'),
}


@pytest.mark.parametrize(("fault", "files", "environment", "cause"), FAULTS.values(), ids=FAULTS)
def test_auto_goes_on_without_numba(fault, files, environment, cause, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    named = """
    import autodiff as ad
    x = ad.Value(1.0)
    try:
        ad.compile(x * x, [x], engine="machine")([2.0])
    except (ad.MissingDependency, ad.CompileError) as error:
        kept["named"] = str(error)
"""
    engine, (warned,), kept = run(f"{fault}{named}", path=[tmp_path], **environment)
    assert engine == "source"
    assert "runs without machine code" in warned
    assert kept["named"] in warned
    assert re.search(cause, warned)


# ---------------------------------------------------------------------------------------------------------------------
# The cache is a cache.
# ---------------------------------------------------------------------------------------------------------------------

DAMAGE = [
    lambda data: b"",
    lambda data: data[: len(data) // 2],
    lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
    lambda data: b"\x80\x04." * 20,
]


def test_a_damaged_cache_is_mended(warm, home):
    chosen = kernels(warm)[: len(DAMAGE)]
    for name, damage in zip(chosen, DAMAGE, strict=False):
        (home / name).write_bytes(damage(warm[name][1]))
    engine, (warned,), _ = run(XDG_CACHE_HOME=home.parent)
    assert engine == "machine"
    assert "is damaged, and is made anew" in warned
    assert any(name in warned for name in chosen)
    assert {path.name for path in home.iterdir()} == warm.keys()
    assert run(XDG_CACHE_HOME=home.parent)[:2] == ("machine", [])


def test_a_full_disk(warm, home):
    (home / kernels(warm)[0]).unlink()
    engine, (warned,), _ = run(limit=100, XDG_CACHE_HOME=home.parent)
    assert engine == "machine"
    assert "machine code is not kept" in warned
    assert "File too large" in warned
    assert {path.name for path in home.iterdir()} == warm.keys() - {kernels(warm)[0]}


def test_no_home(home):
    """A read-only installation without a home: the temporary directory will do."""
    folder = home.parent / f"scalar-autodiff-{os.geteuid()}"
    home.rename(folder)
    engine, (warned,), _ = run(HOME="/dev/null/none", XDG_CACHE_HOME=None, TMPDIR=home.parent)
    assert engine == "machine"
    assert f"is kept in {folder}" in warned
    assert "XDG_CACHE_HOME" in warned


# ---------------------------------------------------------------------------------------------------------------------
# The key is all that the code is made from.
# ---------------------------------------------------------------------------------------------------------------------

RULE = """
import autodiff as ad
ad.ops.OPS["expm1"].partials = ({rule},)
x = ad.Value(0.25)
program = ad.compile(ad.expm1(x), [x])
print(program.value_and_grad([0.25])[1].item())
"""


def slope(rule, home):
    settings = {**os.environ, "XDG_CACHE_HOME": str(home.parent), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", RULE.format(rule=rule)], env=settings, capture_output=True, text=True, check=True
    )
    return float(result.stdout)


def test_a_rule_of_one_process_never_reaches_another(home):
    assert slope("lambda x, z: 7.0", home) == 7.0
    assert slope("ad.ops.OPS['expm1'].partials[0]", home) == pytest.approx(math.exp(0.25), rel=1e-15)


def test_a_rule_assigned_later_holds_in_the_same_process(monkeypatch):
    x = ad.Value(0.5)
    row = ad.ops.OPS["expm1"]
    assert ad.compile(ad.expm1(x), [x]).value_and_grad([0.5])[1].item() == pytest.approx(math.exp(0.5))
    monkeypatch.setattr(row, "partials", (lambda x, z: 7.0,))
    assert ad.compile(ad.expm1(x), [x]).value_and_grad([0.5])[1].item() == 7.0
    monkeypatch.undo()
    assert ad.compile(ad.expm1(x), [x]).value_and_grad([0.5])[1].item() == pytest.approx(math.exp(0.5))


SCALE = 2.0


def helper(x):
    return SCALE * x


def calls(x):
    return helper(x) + 1.0


def function(text, **names):
    exec(f"def f(x):\n    return {text}", names)
    return names["f"]


def test_what_a_key_depends_on(monkeypatch):
    keys = [
        fingerprint(function("x + 1.0")),
        fingerprint(function("x + 2.0")),
        fingerprint(function("x - 1.0")),
        fingerprint(function("x + k", k=1.0)),
        fingerprint(function("x + k", k=2.0)),
        fingerprint(function("g(x)", g=function("x * 2.0"))),
        fingerprint(function("g(x)", g=function("x * 3.0"))),
        fingerprint(function("[g(x) for _ in (1,)]", g=function("x * 3.0"))),
        fingerprint(function("x + 0.0")),
        fingerprint(function("x + -0.0")),
        fingerprint(function("x + 1.0"), "float32"),
        fingerprint(function("x + 1.0"), {"contract"}),
        fingerprint(function("x + 1.0"), {"contract", "reassoc"}),
        fingerprint(calls),
    ]
    assert len({*keys}) == len(keys)
    assert fingerprint(function("x + 1.0")) == keys[0]
    monkeypatch.setitem(globals(), "SCALE", 3.0)  # two calls away
    assert fingerprint(calls) != keys[-1]


def test_a_function_that_calls_itself_has_a_key():
    def down(x):
        return down(x - 1) if x else 0

    assert fingerprint(down) == fingerprint(down)


def test_the_key_is_the_same_in_every_process():
    """In what order a set is gone through, and where things are in memory, differs from one to the next."""
    program = """
from autodiff.compiler import vm, dense, machine, nary
from autodiff.compiler.fingerprint import fingerprint
fs = [vm.differentiate, dense.forward, nary.logsumexp, *machine.MACHINE.values()]
print([fingerprint(f, {"contract", "reassoc"}) for f in fs])
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(found) == 1


# ---------------------------------------------------------------------------------------------------------------------
# The folder is the user's alone.
# ---------------------------------------------------------------------------------------------------------------------

OWNED = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The cache, not yet chosen, with a home that is not there yet and a temporary directory."""
    tmp_path.chmod(0o700)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path / "tmp"))
    for once in (cache.folder, cache._tidy):
        once.cache_clear()
    monkeypatch.setattr(cache, "_TOLD", set())
    yield tmp_path
    for once in (cache.folder, cache._tidy):
        once.cache_clear()


def in_tmp(place):
    return place / "tmp" / f"scalar-autodiff-{os.geteuid()}"


def owned_by_another(path):
    """By a user who is none of those that a test may run as; only root can give a file away."""
    if os.geteuid():
        pytest.skip("only root can plant a file of another user")
    os.chown(path, 54321, 54321, follow_symlinks=False)


@OWNED
def test_a_folder_of_ones_own(place):
    assert cache.folder() == place / "home" / "scalar-autodiff"
    assert (place / "home").stat().st_mode & 0o777 == 0o700
    assert cache.folder().stat().st_mode & 0o777 == 0o700


@OWNED
def test_a_folder_that_others_read_is_closed(place):
    cache.folder().chmod(0o755)
    cache.folder.cache_clear()
    assert cache.folder().stat().st_mode & 0o777 == 0o700


def _writable(path):
    path.mkdir(parents=True)
    path.chmod(0o777)


def _by_group(path):
    path.mkdir(parents=True)
    path.chmod(0o770)


def _writable_above(path):
    path.mkdir(parents=True, mode=0o700)
    path.parent.chmod(0o777)


def _link(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    real = path.parent / "elsewhere"
    real.mkdir(mode=0o700)
    path.symlink_to(real)


def _link_above(path):
    """It leads through a folder in which others may put another link."""
    open_ = path.parent.parent / "open"
    (open_ / "real").mkdir(parents=True)
    open_.chmod(0o777)
    path.parent.symlink_to(open_ / "real")


def _others(path):
    path.mkdir(parents=True, mode=0o700)
    owned_by_another(path)


def _others_above(path):
    path.mkdir(parents=True, mode=0o700)
    owned_by_another(path.parent)


def _file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no folder")


PLANTED = [_writable, _by_group, _writable_above, _link, _link_above, _others, _others_above, _file]


@OWNED
@pytest.mark.parametrize("plant", PLANTED)
def test_a_folder_that_others_can_write_is_refused(plant, place):
    plant(place / "home" / "scalar-autodiff")
    with pytest.warns(RuntimeWarning, match=r"is kept in .*set XDG_CACHE_HOME to a folder that only you can write"):
        assert cache.folder() == in_tmp(place)


@OWNED
@pytest.mark.parametrize("plant", [_writable, _by_group, _link, _others, _file])
def test_what_is_planted_in_the_temporary_directory_is_refused_too(plant, place):
    (place / "home").write_text("no folder")
    plant(in_tmp(place))
    with pytest.warns(RuntimeWarning, match="is not kept, and each process compiles it anew"):
        assert cache.folder() is None
    assert cache._read("any.code") is None
    cache._write("any.code", b"")


@OWNED
def test_a_temporary_directory_without_its_sticky_bit_is_refused(place):
    (place / "home").write_text("no folder")
    (place / "tmp").chmod(0o777)
    with pytest.warns(RuntimeWarning, match="others can write to: .*tmp"):
        assert cache.folder() is None


@OWNED
@pytest.mark.parametrize("mode", [0o600, 0o622, "link", "folder"])
def test_only_files_of_ones_own_are_read(mode, place):
    cache._write("x.code", b"code")
    assert cache._read("x.code") == b"code"
    path = cache.folder() / "x.code"
    assert path.stat().st_mode & 0o777 == 0o600
    if mode == "link":
        path.rename(place / "elsewhere")
        path.symlink_to(place / "elsewhere")
    elif mode == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.chmod(mode)
    if mode == 0o600:
        assert cache._read("x.code") == b"code"
    else:
        with pytest.warns(RuntimeWarning, match="made anew"):
            assert cache._read("x.code") is None


def test_no_cache_below_wherever_one_is(place, monkeypatch):
    """A relative XDG_CACHE_HOME is to be ignored, as its specification says."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(place / "home"))
    if os.name != "nt":
        assert cache.folder() == place / "home" / ".cache" / "scalar-autodiff"


# ---------------------------------------------------------------------------------------------------------------------
# It does not grow for ever.
# ---------------------------------------------------------------------------------------------------------------------


def test_the_oldest_is_tidied_away(place, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 5 * 132)
    here = cache.folder()
    now = time.time()
    for i in range(10):
        (here / f"{i}.code").write_bytes(bytes(132))
        os.utime(here / f"{i}.code", (now - 1000 * i - 10,) * 2)
    for name, age in (("old", 40), ("young", 2)):  # of a version that kept its code in folders
        (here / name / "inner").mkdir(parents=True)
        os.utime(here / name, (now - age * 86400,) * 2)
    (place / "precious").mkdir()
    (here / "link").symlink_to(place / "precious")
    os.utime(here / "link", (now - 90 * 86400,) * 2, follow_symlinks=False)
    cache._write("new.code", bytes(100))
    assert {path.name for path in here.iterdir()} == {"new.code", "0.code", "1.code", "2.code", "3.code", "young"}
    assert (place / "precious").exists()


def test_what_is_in_use_stays(place):
    cache._write("x.code", b"code")
    path = cache.folder() / "x.code"
    os.utime(path, (0, 0))
    before = time.time()
    assert cache._read("x.code") == b"code"
    assert path.stat().st_mtime > before - 2  # some file systems count in steps of 2 s
    cache._tidy.cache_clear()
    cache._tidy(cache.folder())
    assert path.exists()


def test_someone_tidies_up_meanwhile(place):
    cache._write("x.code", b"code")
    for path in (cache.folder() / "x.code", cache.folder()):
        path.unlink() if path.is_file() else path.rmdir()
    assert cache._read("x.code") is None
    cache._write("x.code", b"code")
    assert cache._read("x.code") == b"code"
