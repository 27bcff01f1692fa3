"""report/index.html: complete by itself, and in a headless Chromium (where there is one) without complaints, usable by keyboard,
legible in light, dark and print, narrow and wide. LITEBENCH_SCREENSHOTS=FOLDER keeps pictures to look at."""

import html.parser
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from chromium import Page, program
from reducing import reducer, synthetic

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run over real pictures: every second test here would be empty without masks and tokens."""
    sys.path.insert(0, str(HERE.parent / "harness" / "run"))
    from support import GOLDEN, run_config, sweep

    folder = tmp_path_factory.mktemp("report")
    named = os.environ.get("LITEBENCH_REPORT_RUN")  # a run over the same pictures that was made before, to spare the time
    if named:
        shutil.copytree(named, folder / "run")
    else:
        run_config(folder, sweep(folder / "run", splits=["refcoco/val", "refcoco/testA"],
                                 extra="[passes]\nlatency = { images = 2, repeats = 2, warmup = 1 }\n"))
    folder = folder / "run"
    reducer("report", folder, "--data", GOLDEN / "data/Refer_Segm", LITEBENCH_PYTHON=sys.executable)
    return folder


@pytest.fixture(scope="module")
def text(run):
    return (run / "report" / "index.html").read_text()


class Elements(html.parser.HTMLParser):
    VOID = {"meta", "link", "br", "wbr", "img", "input", "hr", "path", "rect", "use", "image", "line", "circle", "stop"}

    def __init__(self):
        super().__init__()
        self.open, self.all, self.wrong = [], [], []

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_well_formed_and_refers_to_nothing_outside(text):
    elements = Elements()
    elements.feed(text)
    assert elements.wrong == [] and elements.open == []
    for tag, attributes in elements.all:
        for name in ("src", "href", "xlink:href", "action", "data"):
            value = attributes.get(name)
            if value is not None and tag != "a":
                assert value.startswith(("#", "data:")), (tag, name, value[:60])
    assert "@import" not in text and "url(http" not in text


def test_it_holds_tables_figures_gallery_provenance_and_citation(run, text):
    for table in ("main", "metrics", "efficiency"):
        assert f'id="table-{table}"' in text
    for figure in ("budget", "retention", "stages", "pareto", "scaling"):
        for kind in ("pdf", "png", "svg"):
            assert (run / "figures" / f"{figure}.{kind}").stat().st_size > 1000
    assert text.count('<figure class="plot"') == 5
    assert text.count('class="card"') > 4 and "data:image/jpeg;base64," in text
    fingerprint = re.search(r'name="fingerprint" content="([0-9a-f]{32})"', text)[1]
    assert text.count(fingerprint) >= 3
    assert "@software{litebench" in text


def test_texts_of_the_run_cannot_become_markup(tmp_path):
    run = synthetic(tmp_path / "<b>run&")
    page = (run / "report" / "index.html").read_text()
    assert "<b>run" not in page and "&lt;b&gt;run&amp;" in page


def test_without_matplotlib_the_page_is_there_and_says_why_it_has_no_figures(tmp_path):
    run = synthetic(tmp_path / "run")
    said = reducer("report", run, LITEBENCH_PYTHON="/bin/false")
    assert "No figures were drawn" in said
    page = (run / "report" / "index.html").read_text()
    assert "No figures were drawn" in page and 'id="table-main"' in page


def test_figures_of_another_run_are_not_shown(run, tmp_path):
    other = synthetic(tmp_path / "run")
    shutil.copytree(run / "figures", other / "figures")
    reducer("report", other, "--no-figures")
    assert '<figure class="plot"' not in (other / "report" / "index.html").read_text()


@pytest.fixture(scope="module")
def page(run):
    if program() is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with Page() as browser:
        browser.open(run / "report" / "index.html")
        yield browser


def keep(browser, name):
    folder = os.environ.get("LITEBENCH_SCREENSHOTS")
    if folder:
        browser.screenshot(Path(folder) / f"{name}.png", whole=True)


def test_it_opens_from_disk_without_complaints_and_asks_for_nothing(page):
    assert page.complaints() == []
    assert [url for url in page.requests() if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in page.requests() if url.startswith("file:")]) == 1


def test_every_picture_and_figure_is_drawn(page):
    assert page.run("[...document.querySelectorAll('.plot svg')].every(svg => svg.getBBox().width > 100)")
    assert page.run("document.querySelectorAll('.card svg path.hit, .card svg path.missed').length") > 4
    loaded = page.run("""Promise.all([...document.querySelectorAll('.pictures image')].map(image => {
        const probe = new Image(); probe.src = image.getAttribute('href'); return probe.decode().then(() => probe.naturalWidth); }))""")
    assert len(loaded) > 1 and min(loaded) > 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_an_accessibility_checker_has_nothing_to_say(page, scheme, width):
    page.resize(width, 900)
    page.media(scheme=scheme)
    found = page.run((HERE / "report_accessibility.js").read_text())
    overflow = page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    keep(page, f"{scheme}-{width}")
    page.media()
    page.resize(1280, 900)
    assert found == []
    assert overflow <= 0


def test_a_heading_sorts_by_number_down_up_and_back(page):
    column = """[...document.querySelector('#table-main').parentElement.querySelectorAll('tbody tr')]
        .map(row => row.cells[%d].textContent)"""
    where = page.run("[...document.querySelectorAll('#table-main ~ .scroll thead th')].findIndex(th => th.textContent.trim() === 'Average')")
    before = page.run(column % where)
    press = f"document.querySelectorAll('#table-main ~ .scroll thead th')[{where}].querySelector('button').click()"
    numbers = lambda values: [float(value.split(' ')[0]) for value in values if value != "—"]
    page.run(press)
    down = numbers(page.run(column % where))
    page.run(press)
    up = numbers(page.run(column % where))
    page.run(press)
    assert down == sorted(down, reverse=True) and up == sorted(up) and len(set(up)) > 2
    assert page.run(column % where) == before


def test_the_keyboard_reaches_headings_filters_and_scrolled_tables(page):
    page.run("document.querySelector('.skip').focus()")
    reached = set()
    for _ in range(40):
        page.send("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.add(page.run("document.activeElement.className || document.activeElement.tagName"))
    assert "sort" in reached and "scroll" in reached and "A" in reached


def test_the_gallery_can_be_filtered(page):
    count = "[...document.querySelectorAll('.card')].filter(card => !card.hidden).length"
    everything = page.run(count)
    losses = page.run("""(() => { const kind = document.getElementById('by-kind'); kind.value = 'loss';
        kind.dispatchEvent(new Event('change')); return %s; })()""" % count)
    assert 0 < losses < everything
    assert page.run("document.getElementById('shown').textContent") == f"{losses} of {everything} shown"
    page.run("""(() => { const kind = document.getElementById('by-kind'); kind.value = ''; kind.dispatchEvent(new Event('change')); })()""")


def test_it_prints(page, tmp_path):
    path = tmp_path / "report.pdf"
    page.pdf(path)
    assert path.read_bytes().startswith(b"%PDF") and path.stat().st_size > 20_000
    if os.environ.get("LITEBENCH_SCREENSHOTS"):
        shutil.copy(path, Path(os.environ["LITEBENCH_SCREENSHOTS"]) / "report.pdf")
