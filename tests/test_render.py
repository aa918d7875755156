"""Graphviz, by the program and by the wheel: pictures, time limits, and clear errors."""

import os
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from time import sleep

import pytest

from autodiff import AutodiffError
from autodiff.drawing import render as module
from autodiff.drawing.render import render
from autodiff.drawing.svg import finish_svg
from autodiff.errors import LayoutError, LayoutTimeout, MissingDependency

SMALL = 'digraph { rankdir=LR; bgcolor="transparent"; x -> y [taillabel="+2"]; x -> y; z [label="α\\nβ"] }'
POSIX = pytest.mark.skipif(os.name != "posix", reason="the stand-in for `dot` is a shell script")


@pytest.fixture(params=["program", "wheel"])
def way(request, monkeypatch, tmp_path):
    """Each of the two ways; for the wheel `dot` is hidden."""
    if request.param == "program":
        if which("dot") is None:
            pytest.skip("no `dot` on the PATH")
        if find_spec("graphviz") is None:
            pytest.skip("the package graphviz is not installed")
        install(monkeypatch, "graphviz")
    else:
        if find_spec("pygraphviz") is None:
            pytest.skip("the package pygraphviz is not installed")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert which("dot") is None
        monkeypatch.setattr(module, "_by_program", None)
    return request.param


@pytest.mark.parametrize(
    ("format", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("plain", b"graph 1 ")]
)
@pytest.mark.usefixtures("way")
def test_formats(format, start):
    assert render(SMALL, format, time_limit=60).startswith(start)


@pytest.mark.usefixtures("way")
def test_text_is_unicode():
    assert "α" in render(SMALL, "svg").decode() or "&#945;" in render(SMALL, "svg").decode()


@pytest.mark.usefixtures("way")
def test_no_time_limit():
    assert b"<svg" in render(SMALL, "svg")


@pytest.mark.usefixtures("way")
def test_same_bytes_again():
    assert render(SMALL, "svg") == render(SMALL, "svg")


@pytest.mark.usefixtures("way")
def test_warnings_stay_off_the_screen(capfd):
    render('digraph { node [shape=nonsense, fontname="No Such Font"]; x -> y [colour=none, color="no colour"] }', "svg")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("source", ["digraph { x ->", "nonsense", "", "digraph { x [label=<<B>] }", "digraph { \0 }"])
def test_what_graphviz_refuses(way, source, capfd):
    with pytest.raises(LayoutError, match=r"Graphviz made no picture: .") as caught:
        render(source, "svg", time_limit=60)
    assert "Traceback" not in str(caught.value)
    assert not isinstance(caught.value, LayoutTimeout)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("format", ["nonsense", "", "svg:cairo", "svg -o/tmp/f", "SVG", "x11"])
@pytest.mark.usefixtures("way")
def test_formats_that_there_are_not(format):
    with pytest.raises(LayoutError, match="the format is one of svg, png, pdf"):
        render(SMALL, format)


@pytest.mark.usefixtures("way")
def test_half_of_a_surrogate_pair():
    assert b"<svg" in render('digraph { x [label="\ud800"] }', "svg")


def hard(n):
    """A graph that Graphviz takes far longer for than any test has."""
    rng = random.Random(0)
    edges = [f"n{rng.randrange(i)} -> n{i}" for i in range(1, n) for _ in range(3)]
    return f"digraph {{ {'; '.join(edges)} }}"


@pytest.mark.usefixtures("way")
def test_time_limit_stops_the_layout():
    source = hard(3000)
    with pytest.raises(LayoutTimeout, match=r"longer than 0\.5 s: draw less \(max_nodes=\), or allow more") as caught:
        render(source, "svg", time_limit=0.5)
    assert isinstance(caught.value, AutodiffError)
    assert isinstance(caught.value, TimeoutError)


# ---------------------------------------------------------------------------------------------------------------------
# What is installed.
# ---------------------------------------------------------------------------------------------------------------------


def install(monkeypatch, *packages):
    """Let only these of the two packages be there."""
    monkeypatch.setattr(module, "find_spec", lambda name: find_spec(name) if name in packages else None)


def stand_in(monkeypatch, tmp_path, script):
    """A `dot` of our own, the only one on the PATH."""
    program = tmp_path / "dot"
    program.write_text(script, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("packages", [(), ("graphviz",)])
def test_nothing_is_installed(packages, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    install(monkeypatch, *packages)
    with pytest.raises(MissingDependency) as caught:
        render(SMALL, "svg")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, AutodiffError)
    for remedy in ("pip install 'scalar-autodiff[draw]'", "graphviz.org", "pip install graphviz"):
        assert remedy in str(caught.value)


@POSIX
def test_the_program_without_the_package(monkeypatch, tmp_path):
    stand_in(monkeypatch, tmp_path, "#!/bin/sh\nprintf program")
    install(monkeypatch)
    with pytest.raises(MissingDependency, match="`dot` is here, but the package that calls it is not"):
        render(SMALL, "svg")


@POSIX
@pytest.mark.parametrize(
    ("packages", "by"),
    [(("graphviz", "pygraphviz"), b"program"), (("graphviz",), b"program"), (("pygraphviz",), b"wheel")],
)
def test_which_way_is_taken(packages, by, monkeypatch, tmp_path):
    stand_in(monkeypatch, tmp_path, "#!/bin/sh\nprintf program")
    monkeypatch.setattr(module, "_by_wheel", lambda *arguments: b"wheel")
    if not all(map(find_spec, packages)):
        pytest.skip(f"not all of {', '.join(packages)} are installed")
    install(monkeypatch, *packages)
    assert render(SMALL, "svg") == by


@POSIX
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("#!/bin/sh\nkill -SEGV $$\n", "it ended with code -11"),
        ("#!/bin/sh\necho 'no plugins' >&2\nexit 1\n", "no picture: no plugins"),
        ("#!/no/such/shell\n", "could not be started"),
        ("\x01\x02", "could not be started"),
    ],
)
def test_a_program_that_fails(script, says, monkeypatch, tmp_path, capfd):
    if find_spec("graphviz") is None:
        pytest.skip("the package graphviz is not installed")
    stand_in(monkeypatch, tmp_path, script)
    with monkeypatch.context() as alone:
        install(alone, "graphviz")
        with pytest.raises(LayoutError, match=says):
            render(SMALL, "svg", time_limit=60)
    if find_spec("pygraphviz") is not None:  # the wheel has its turn
        assert b"</svg>" in render(SMALL, "svg", time_limit=60)
    assert capfd.readouterr() == ("", "")


@POSIX
def test_a_program_that_knows_no_formats(monkeypatch, tmp_path):
    """Debian's `dot` without plugins, for one."""
    pytest.importorskip("graphviz")
    pytest.importorskip("pygraphviz")
    stand_in(monkeypatch, tmp_path, "#!/bin/sh\necho 'Format: \"svg\" not recognized. Use one of:' >&2\nexit 1\n")
    assert b"</svg>" in render(SMALL, "svg", time_limit=60)
    with pytest.raises(LayoutError, match='"svg" not recognized'):  # what the first way says
        render("digraph {", "svg", time_limit=60)


@POSIX
def test_what_the_program_has_started_ends_with_it(monkeypatch, tmp_path):
    pytest.importorskip("graphviz")
    stand_in(monkeypatch, tmp_path, f"#!/bin/sh\n/bin/sleep 60 &\necho $! > {tmp_path}/child\nwait\n")
    with pytest.raises(LayoutTimeout):
        render(SMALL, "svg", time_limit=1)
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    for _ in range(100):  # a zombie until somebody reaps it
        if not state.exists() or state.read_text().split()[2] == "Z":
            break
        sleep(0.05)
    else:
        pytest.fail("the child goes on")


@POSIX
def test_more_time(monkeypatch, tmp_path):
    """The same process goes on, rather than to begin anew."""
    pytest.importorskip("graphviz")
    script = f"#!/bin/sh\necho start >> {tmp_path}/starts\n/bin/sleep 2\n/bin/cat\n"
    stand_in(monkeypatch, tmp_path, script)
    assert render(SMALL, "svg", time_limit=0.5, more=lambda: 60) == SMALL.encode()
    assert (tmp_path / "starts").read_text() == "start\n"


def test_a_wheel_that_fails(monkeypatch, tmp_path):
    (tmp_path / "pygraphviz").mkdir()
    (tmp_path / "pygraphviz" / "__init__.py").write_text("raise ImportError('no libgvc')", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        module._by_wheel(tmp_path, SMALL.encode(), "svg", 60)
    assert caught.value.stderr.decode().strip() == "ImportError: no libgvc"


def test_rendering_loads_neither_package_of_the_wheel():
    program = "import sys; from autodiff.drawing.render import render; print('pygraphviz' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


# ---------------------------------------------------------------------------------------------------------------------
# Both ways.
# ---------------------------------------------------------------------------------------------------------------------


def test_both_ways_give_the_same_elements(monkeypatch, tmp_path):
    if which("dot") is None or find_spec("graphviz") is None or find_spec("pygraphviz") is None:
        pytest.skip("only one of the two ways is installed")
    source = (
        'digraph { bgcolor="transparent"; tooltip="all"; subgraph cluster_a { label=A; tooltip=a; x }\n'
        'x [tooltip="one", style=filled]; x -> y [taillabel="+2", tooltip="two", style=dashed]; x -> y [penwidth=2] }'
    )
    program = finish_svg(render(source, "svg"), title="t", description="d")
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = finish_svg(render(source, "svg"), title="t", description="d")

    def skeleton(svg):
        from xml.etree.ElementTree import fromstring

        return [
            (element.tag, sorted(element.attrib), element.text if "style" not in element.tag else "")
            for element in fromstring(svg).iter()
        ]

    assert skeleton(program) == skeleton(wheel)
