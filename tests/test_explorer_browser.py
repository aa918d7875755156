"""The explorer in a real browser: Chromium, driven by Playwright.  `make test-browser` installs what this needs."""

from __future__ import annotations

import json
import os
from functools import cache

import pytest

import autodiff as ad
from autodiff import Value, explore
from nn import GPT, MLP, Film, data, fit, fit_text, losses
from nn.gpt_film import TextFilm
from nn.gpt_page import explore_document
from nn.text import Tokenizer
from tests.pages import LOOKS, PATIENCE, SIZES, barriers, sideways, with_axe
from tests.test_drawing_security import HOSTILE, labelled

SHOTS = os.environ.get("EXPLORER_SHOTS")  # a folder for screenshots, to look at


@pytest.fixture
def opened(browser, tmp_path):
    """Opens pages; at the end none has asked for anything else, nor written an error."""
    contexts, troubles = [], []

    def open(html, fragment="", size=(1280, 900), clock=False, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("request", lambda request: request.url.startswith(path.as_uri()) or troubles.append(request.url))
        if clock:  # time stands still but for `page.clock.run_for`
            page.clock.install(time=0)
            page.clock.pause_at(1000)
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open
    for context in contexts:
        context.close()
    assert not troubles


def two_paths():
    y = Value(3.0, "y")
    x = 2 * y
    z = ad.sin(y)
    f = x**2 * z
    x.label, z.label, f.label = "x", "z", "f"
    return f


def network():
    model = MLP(2, [3, 1], "tanh", seed=1)
    loss = losses.squared_error(model([0.5, -1.0]), 1.0)
    loss.label = "L"
    return loss


def gpt(document="cabba"):
    return explore_document(GPT(4, width=4, heads=2, context=8, seed=3), Tokenizer("abc"), document)


PAGE = explore(two_paths()).html


def text(page, selector):
    found = page.locator(selector).first
    return found.text_content() if "#" in selector else found.inner_text()


def test_it_opens_on_the_finished_picture_and_nothing_plays(opened):
    page = opened(PAGE, clock=True)
    assert text(page, "#b0 .figure >> nth=1") == "−32.25"
    assert "y.grad: −35.64 + 3.387 = −32.25" in text(page, ".card")
    before = page.locator("main").inner_text()
    page.clock.run_for(60_000)
    assert page.locator("main").inner_text() == before


def test_steps_by_key_button_and_slider(opened):
    page = opened(PAGE)
    page.keyboard.press("Home")
    assert "The leaves have their numbers" in text(page, ".card")
    assert text(page, "#b4 .figure >> nth=0") == "…"
    titles = []
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        titles.append(text(page, ".card h2"))
    assert titles == [
        *[f"Forward {i} of 4: {name}" for i, name in enumerate(["x", "z", "v1", "f"], 1)],
        "Seed",
        *[f"Backward {i} of 5: {way}" for i, way in enumerate(["f → v1", "f → z", "v1 → x", "z → y", "x → y"], 1)],
    ]
    page.get_by_role("button", name="A step back").click()
    assert text(page, ".card h2") == titles[-2]
    page.get_by_role("slider", name="Step").focus()
    page.keyboard.press("Home")
    assert "The leaves" in text(page, ".card")
    page.get_by_role("button", name="To the end").click()
    assert text(page, ".card h2") == titles[-1]


def test_each_step_is_told_to_who_listens(opened):
    page = opened(PAGE, "#step=7")
    assert page.locator("[aria-live=polite]").count() == 1
    page.keyboard.press("ArrowRight")
    told = page.locator("[aria-live=polite]").inner_text()
    assert told.startswith("Backward: local derivative 12 times gradient of v1 0.1411 is 1.693. Gradient of x: 1.693.")


def test_it_plays_and_stops(opened):
    page = opened(PAGE, clock=True)
    page.get_by_label("Speed").select_option("fast")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1000)
    shown = text(page, ".count")
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(60_000)
    assert text(page, ".count") == shown
    assert shown in ("2 / 10", "3 / 10")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(60_000)
    assert text(page, ".count") == "10 / 10"
    assert page.get_by_role("button", name="Pause").count() == 0


def test_predicting(opened):
    page = opened(PAGE, "#step=9&predict=1")
    page.keyboard.press("ArrowRight")
    assert text(page, ".count") == "9 / 10"  # not before a number is typed
    answer = page.get_by_label("What is y.grad after it?")
    for typed, said in {
        "x": "Type a number",
        "-33.64": "gradient from above was forgotten",
        "3.387": "The sum was forgotten",
        "-39.03": "The sign is the other way round",
        "5": "none of the usual mistakes",
    }.items():
        answer.fill(typed)
        answer.press("Enter")
        assert said in text(page, ".question .verdict")
    answer.fill("-32.25")
    answer.press("Enter")
    assert text(page, ".count") == "10 / 10"
    assert "✓ Right" in text(page, ".card")


def test_ask_by_pointer_and_by_keyboard(opened):
    page = opened(PAGE)
    page.locator("#b0").click()
    panel = page.locator("details", has_text="Ask a number").first.inner_text()
    assert "y is a leaf" in panel
    assert "36 × −0.99" in panel or "−0.99 × 36" in panel
    assert "y.grad = −32.25" in panel
    page.locator("#b0").click()
    assert "y is a leaf" not in page.locator("main").inner_text()
    page.locator(".box[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator(".box.asked").count() == 1
    page.get_by_role("combobox", name="Value").select_option(label="f")
    assert "f = v1·z = 36·0.1411 = 5.08" in page.locator("main").inner_text()


def test_a_leaf_moves_everything(opened):
    page = opened(PAGE)
    box = page.get_by_role("textbox", name="y, number")
    box.fill("3.1")
    box.press("Enter")
    told = page.locator("main").inner_text()
    assert "f was foretold to change by −3.225; it changed by −3.482" in told
    assert text(page, "#b4 .figure >> nth=0") == "1.598"
    slider = page.get_by_role("slider", name="y, slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert float(box.input_value()) > 3.1
    page.get_by_role("button", name="Back to the recorded numbers").click()
    assert text(page, "#b4 .figure >> nth=0") == "5.08"


def test_paths_light_up(opened):
    page = opened(PAGE)
    page.get_by_text("Paths", exact=True).click()
    panel = page.locator("details", has_text="paths lead").first
    assert "2 paths lead from f to y." in panel.inner_text()
    assert "∂f/∂y = −32.25" in panel.inner_text()
    page.get_by_role("button", name="Light the path f ← z ← y").hover()
    assert page.locator(".arrow.lit").count() == 2
    page.get_by_role("button", name="Light the path f ← v1 ← x ← y").focus()
    assert page.locator(".arrow.lit").count() == 3


@pytest.mark.parametrize(
    ("name", "wrong"), [("Recursion without order", None), ("= for +=", "3.387"), ("backward() twice", "−64.51")]
)
def test_break_it(opened, name, wrong):
    page = opened(PAGE)
    page.get_by_text("Break it", exact=True).click()
    page.get_by_role("switch", name=name).check()
    if wrong is None:
        assert "No gradient of this graph is wrong all the same" in page.locator("main").inner_text()
        return
    assert "1 of 5 gradients are wrong" in page.locator("main").inner_text()
    assert text(page, "#b0 .figure >> nth=1") == wrong
    page.get_by_role("button", name="The first wrong step").click()
    assert page.locator(".card .wrong").count() == 1
    page.get_by_role("switch", name=name).uncheck()
    page.keyboard.press("End")
    assert text(page, "#b0 .figure >> nth=1") == "−32.25"


def test_where_nan_begins(opened):
    x = Value(2.0, "x")
    page = opened(explore(ad.log(x - 1) * 2).html)
    assert page.get_by_text("begins").count() == 0
    page.get_by_role("textbox", name="x, number").fill("1")
    page.get_by_role("textbox", name="x, number").press("Enter")
    assert "log(v1=0.0) is -inf: the logarithm of 0" in page.locator("main").inner_text()


def test_the_address_says_what_is_shown(opened):
    page = opened(PAGE, clock=True)
    page.keyboard.press("ArrowLeft")
    page.locator("#b0").click()
    page.get_by_role("textbox", name="y, number").fill("2.5")
    page.get_by_role("textbox", name="y, number").press("Enter")
    page.clock.run_for(1000)  # the address follows when nothing has changed for a moment
    fragment = page.evaluate("location.hash")
    again = opened(PAGE, fragment)
    assert shown(again) == shown(page)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("b")
    page.clock.run_for(1000)
    assert "big=1" in page.evaluate("location.hash")


def test_the_picture_and_the_program_are_given_away(opened, tmp_path):
    page = opened(PAGE)
    page.get_by_text("Share", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the picture").click()
    download.value.save_as(tmp_path / "graph.svg")
    saved = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert saved.startswith("<svg")
    assert "−32.25" in saved
    page.get_by_role("button", name="Copy as Python").click()
    program = page.get_by_label("What was copied").input_value()
    scope = {"print": lambda x: scope.setdefault("found", x)}
    exec(program, scope)
    assert scope["found"] == two_paths().data


def shown(page):
    """All but what was last said to who listens."""
    return [page.locator(part).first.text_content() for part in (".stage", ".caption", ".controls", ".columns")]


# ---------------------------------------------------------------------------------------------------------------------
# Every size, theme and state.
# ---------------------------------------------------------------------------------------------------------------------

STATES = {
    "finished": "",
    "forward": "#step=3",
    "backward": "#step=7&ask=0&predict=1",
    "everything": "#ask=0&break=assign,twice,dirty,recursion&path=4,0&leaves=0:3.2&step=8",
    "nan": "#leaves=0:Infinity",
    "large type": "#big=1&ask=2",
}
GRAPHS = {"two paths": lambda: explore(two_paths()), "network": lambda: explore(network()), "gpt": lambda: gpt("ca")}
FEWER = {"gpt": {"finished": "#ask=80", "within": "#view=12&ask=200&step=300&big=1"}}  # the other panels are the same


@cache
def page_of(graph):
    return GRAPHS[graph]().html


@with_axe
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("graph", GRAPHS)
def test_no_barrier_in_any_state(opened, graph, look, size):
    html = page_of(graph)
    states = FEWER.get(graph, STATES)
    for state in states if look == "light" else [[*states][-1] if graph in FEWER else "everything"]:
        page = opened(html, states[state], SIZES[size], bypass_csp=True, **LOOKS[look])
        page.evaluate("for (const panel of document.querySelectorAll('details')) panel.open = true")
        assert not barriers(page), (graph, state)
        assert not sideways(page), (graph, state)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{graph}-{state}-{look}-{size}.png", full_page=True)
        page.context.close()


def test_no_scrolling_sideways_at_twice_the_size(opened):
    page = opened(PAGE, "#ask=0&path=4,0&break=twice", (640, 450), device_scale_factor=2)
    assert not sideways(page)
    page = opened(PAGE, "#ask=0&path=4,0&break=twice", (320, 640))
    assert not sideways(page)


def long_chain():
    x = Value(0.3, "x")
    for _ in range(14):
        x = ad.sin(x) * 1.5
    return x


def test_a_long_picture_fits_a_projector_and_scrolls_on_a_phone(opened):
    html = explore(long_chain()).html
    for size, scrolls in ((SIZES["projector"], False), (SIZES["phone"], True)):
        page = opened(html, size=size)
        stage = page.locator(".stage")
        assert stage.evaluate("stage => stage.scrollWidth > stage.clientWidth") == scrolls
        assert not sideways(page)


@pytest.mark.parametrize("graph", [network, long_chain])
def test_no_text_of_the_picture_is_too_small(opened, graph):
    for size in SIZES.values():
        page = opened(explore(graph()).html, size=size)
        scale = page.evaluate(
            "(s => s.getBoundingClientRect().width / s.viewBox.baseVal.width)(document.querySelector('.scene'))"
        )
        assert 12 * scale >= 9


# ---------------------------------------------------------------------------------------------------------------------
# Harmless, whatever labels and addresses say.
# ---------------------------------------------------------------------------------------------------------------------


def test_hostile_labels_do_nothing(opened):
    page = opened(explore(labelled([*HOSTILE.values()])).html, "#ask=0", clock=True)
    page.clock.run_for(60_000)
    assert page.evaluate("document.documentElement.dataset.pwned") is None
    assert page.locator("script").count() == 2
    assert page.locator("main img, main iframe, main script").count() == 0


@pytest.mark.parametrize(
    "fragment",
    [
        "#ask=<img src=x onerror=document.documentElement.dataset.pwned=1>",
        "#step=javascript:alert(1)",
        "#leaves=0:<script>1</script>,__proto__:1",
        "#break=__proto__,constructor",
        "#%",
        "#%E0%A4%A&step=%00",
        "#" + "x" * 50_000,
    ],
)
def test_hostile_addresses_do_nothing(opened, fragment):
    page = opened(PAGE, fragment)
    assert page.evaluate("document.documentElement.dataset.pwned") is None
    assert text(page, ".count") == "10 / 10"


# ---------------------------------------------------------------------------------------------------------------------
# Large graphs.
# ---------------------------------------------------------------------------------------------------------------------


def test_groups_open_and_close(opened):
    model = MLP(8, [20, 20, 2], "tanh", seed=0)
    page = opened(explore(ad.sum(model([0.1] * 8))).html)
    assert "click one to go in" in text(page, ".caption")
    page.locator(".box.group", has_text="layer 2").click()
    page.locator(".box.group", has_text="neuron 3").first.click()
    assert "w₁₃⁽²⁾" in page.locator(".stage").inner_html()
    page.get_by_role("button", name="the whole graph").click()
    assert page.locator(".box.group", has_text="layer 2").count() == 1
    page.get_by_text("Ask a number", exact=True).click()
    page.get_by_role("combobox", name="Value").select_option(label="b₁⁽¹⁾")
    assert "neuron 1" in text(page, ".crumbs")


def test_a_gpt_from_its_positions_down_to_single_values(opened):
    page = opened(gpt().html)
    assert page.locator(".box.group", has_text="position").count() == 6
    assert page.locator(".box.group", has_text="feed-forward").count() == 0
    page.locator(".box.group", has_text="block 1").nth(2).click()
    page.locator(".box.group:not(.outside)", has_text="attention").click()
    page.locator(".box.group:not(.outside)", has_text="head 2").click()
    assert text(page, ".crumbs") == "the whole graph › position 2 › block 1 › attention › head 2"
    page.locator(".box:not(.group)", has_text="2 of 1 (1.2)").click()
    assert "2 of 1 (1.2) = exp(" in page.locator("main").inner_text()
    page.get_by_role("button", name="block 1").click()
    assert text(page, ".crumbs") == "the whole graph › position 2 › block 1"


def test_a_value_and_a_group_are_found_by_name(opened):
    page = opened(gpt().html)
    page.keyboard.press("Tab")
    find = page.get_by_role("searchbox", name="Find")
    find.fill("head 2")
    assert page.get_by_role("search").get_by_text("6 of 6 found").count() == 1
    page.get_by_role("button", name="position 3 › block 1 › attention › head 2, a group").press("Enter")
    assert text(page, ".crumbs").endswith("head 2")
    find.fill("w12query")
    page.get_by_role("search").get_by_role("button").first.press("Enter")
    panel = page.locator("details", has=page.get_by_role("heading", name="Ask a number"))
    assert panel.get_by_role("table", name="Where it is used").get_by_text("position 4").count() == 1
    assert panel.get_by_role("table", name="through block 1").get_by_text("past them").count() == 1
    assert page.get_by_role("slider", name="w_12^(query.1), slider").count() == 1
    find.fill("nothing of the kind")
    assert page.get_by_text("Nothing is called so.").count() == 1
    find.press("Escape")
    assert find.input_value() == ""


def test_tables_of_a_model_follow_its_leaves(opened):
    page = opened(gpt().html)
    table = page.locator("details", has=page.get_by_role("heading", name="What it foresees"))
    before = table.inner_text()
    page.get_by_role("slider", name=", slider").focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    assert table.inner_text() != before
    loss = page.locator(".box.output .figure").first.text_content()
    assert table.get_by_role("row", name="all").inner_text().split()[1] == loss
    page.get_by_role("button", name="Back to the recorded numbers").click()
    assert table.inner_text() == before
    page.get_by_text("Attention: block 1, head 1").click()
    first = page.locator("details", has=page.get_by_role("heading", name="Attention: block 1, head 1")).locator("td")
    assert (first.nth(0).inner_text(), first.nth(1).inner_text()) == ("1.00", "")
    assert first.nth(0).evaluate("cell => cell.style.getPropertyValue('--shade')") == "100%"


def test_a_number_of_a_table_asks_for_its_value(opened):
    page = opened(gpt().html)
    page.get_by_text("Attention: block 1, head 1").click()
    table = page.locator("details", has=page.get_by_role("heading", name="Attention: block 1, head 1"))
    cells = table.get_by_role("button")
    asked = page.get_by_role("combobox", name="Value")
    panel = page.locator("details", has=page.get_by_role("heading", name="Ask a number"))
    cells.nth(2).click()
    assert table.get_by_role("button", pressed=True).count() == 1
    share = cells.nth(2).inner_text()
    first = asked.input_value()
    assert f"= {share[:3]}" in panel.inner_text()  # of 0.47 as 0.4712
    page.keyboard.press("ArrowLeft")  # from (2, 2) to (2, 1), which is third, and up to where nothing is
    assert page.evaluate("document.activeElement.textContent") == cells.nth(1).inner_text()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "1.00"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "1.00"
    page.keyboard.press("Enter")
    assert asked.input_value() != first
    assert cells.first.get_attribute("aria-pressed") == "true"
    assert [cell.get_attribute("tabindex") for cell in cells.all()].count("0") == 1


def test_a_name_in_a_table_asks_for_its_value(opened):
    page = opened(PAGE, "#ask=4&break=assign&leaves=0:3.2")
    asked = page.get_by_role("combobox", name="Value")
    for table, name in (("What f is made of", "z"), ("Gradients", "y"), ("Foretold by the gradient", "y")):
        page.get_by_role("table", name=table).get_by_role("button", name=name).first.click()
        assert asked.evaluate("list => list.selectedOptions[0].text") == name
    page.get_by_role("table", name="What comes back to y").get_by_role("button", name="from z").press("Enter")
    assert asked.evaluate("list => list.selectedOptions[0].text") == "z"
    assert asked.evaluate("list => list === document.activeElement")  # the button is gone
    page = opened(explore(MLP(2, [3, 1], "tanh", seed=1), [0.5, -1.0], 1.0).html)
    page.get_by_role("table", name="Neurons").get_by_role("button", name="layer 1, neuron 2, g(S)").click()
    assert page.get_by_role("combobox", name="Value").evaluate("list => list.selectedOptions[0].text") == "x₂⁽¹⁾"


def test_json_is_what_the_browser_reads():
    body = PAGE.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(body)["names"] == ["y", "x", "z", "v1", "f"]


# ---------------------------------------------------------------------------------------------------------------------
# A network that learns.
# ---------------------------------------------------------------------------------------------------------------------


def test_training_goes_on_as_gradient_descent_does_and_back_to_the_same_weights(opened):
    model = MLP(2, [3, 1], "tanh", seed=1)
    page = opened(explore(model, [0.5, -1.0], 1.0).html)
    panel = page.locator(".panel", has=page.get_by_role("heading", name="Train"))
    start = shown(page)
    for _ in range(3):
        page.get_by_role("button", name="A training step").click()
    losses = []
    for _ in range(4):
        for p in model.parameters():
            p.grad = 0.0
        loss = 0.5 * (model([0.5, -1.0]) - 1.0) ** 2
        loss.backward()
        losses.append(f"{loss.data:.4g}".replace("-", "−"))
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    assert f"L after 3 steps: {' → '.join(losses)}" in panel.inner_text()
    page.get_by_role("button", name="Rewind").click()
    assert shown(page) == start
    page.locator("#b0").click()
    asked = page.locator(".box.asked .figure").first.text_content()
    page.get_by_role("button", name="Ten training steps").click()
    assert page.locator(".box.asked").count() == 1
    assert asked is not None


@with_axe
def test_a_film(opened):
    moons = data.load("moons", n=30, seed=0)
    film = Film(moons.X, moons.y, moons.classes)
    loss = "binary_cross_entropy_with_logits"
    fit(MLP(2, [3, 1], "tanh", seed=0), moons.X, moons.y, loss, epochs=8, progress=False, callbacks=[film])
    for size, look in ((SIZES["projector"], "light"), (SIZES["phone"], "dark"), (SIZES["phone"], "forced colours")):
        page = opened(film.html, size=size, bypass_csp=True, **LOOKS[look])
        assert text(page, ".count") == "epoch 8 of 8"
        page.keyboard.press("Home")
        assert text(page, ".count") == "epoch 1 of 8"
        page.get_by_role("slider", name="Epoch").focus()
        page.keyboard.press("ArrowRight")
        assert text(page, ".total").startswith("Epoch 2: loss ")
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => document.querySelector('.count').textContent === 'epoch 8 of 8'")
        page.get_by_text("The numbers").click()
        assert not barriers(page)
        assert not sideways(page)


@with_axe
def test_a_film_of_a_gpt(opened):
    tokenizer = Tokenizer("abc")
    film = TextFilm(tokenizer, "cab")
    model = GPT(4, width=4, heads=2, context=8, seed=3)
    fit_text(model, tokenizer, ["abba", "cab"], steps=9, every=3, engine="eager", progress=False, callbacks=[film])
    for size, look in ((SIZES["projector"], "light"), (SIZES["phone"], "dark"), (SIZES["phone"], "forced colours")):
        page = opened(film.html, size=size, bypass_csp=True, **LOOKS[look])
        assert text(page, ".count") == "step 9 of 9"
        page.keyboard.press("Home")
        assert text(page, ".total").startswith("Step 3: loss ")
        assert page.get_by_role("table", name="block 1, head 1").locator("td").first.inner_text() == "1.00"
        assert not barriers(page)
        assert not sideways(page)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/film-{look}-{size[0]}.png", full_page=True)
