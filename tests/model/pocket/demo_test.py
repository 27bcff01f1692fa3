"""configs/demo.toml on the shipped model and data: what a newcomer's first tables rest on."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/harness/run"))
sys.path.insert(0, str(ROOT / "tests/analysis"))
from latex_test import compiled  # noqa: E402
from reducing import reducer  # noqa: E402
from support import Results, run_config  # noqa: E402

DEMO = (ROOT / "configs/demo.toml").read_text()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    if named := os.environ.get("LITEBENCH_DEMO_RUN"):  # a run that was made before, to spare the time
        return Path(shutil.copytree(named, folder / "run"))
    text = DEMO.replace('output = "runs/demo"', f'output = "{folder}/run"').replace("repeats = 3", "repeats = 1")
    done = run_config(folder, text, ranks=2)
    assert "VALID" in done.stdout
    return folder / "run"


@pytest.fixture(scope="module")
def rows(demo):
    return Results(demo / "results.h5").expressions()


def cells_of(run):
    tables = [path for path in (run / "tables").glob("*.json") if path.name != "manifest.json"]
    return [cell for path in tables for row in json.loads(path.read_text())["rows"] for cell in row]


def ciou(rows, variant, split="refcoco/val"):
    pixels = [(int(r["intersection"]), int(r["union"])) for key, r in rows.items() if key[0] == split and key[4] == variant]
    assert pixels
    return 100 * sum(i for i, _ in pixels) / sum(u for _, u in pixels)


def test_the_model_finds_most_referents_with_all_tokens_and_with_a_third_of_them(rows):
    assert ciou(rows, "none") >= 77
    assert ciou(rows, "uniform@192") >= 68


def test_accuracy_falls_as_the_budget_shrinks_for_every_method(rows):
    variants = {key[4] for key in rows}
    average = {v: statistics.mean(ciou(rows, v, f"{name}/val") for name in ("refcoco", "refcoco+", "refcocog")) for v in variants}
    methods = {tuple(v.split("@192")) for v in variants if "@192" in v}
    assert len(methods) == 13
    for name, options in methods:
        most, fewer, least = (average[f"{name}@{tokens}{options}"] for tokens in (192, 128, 64))
        assert average["none"] > most > fewer > least, name + options


def test_every_cell_of_every_table_is_explained(demo):
    cells = cells_of(demo)
    assert len(cells) > 5000
    said = reducer("explain", demo, "--all", "--rows", "1")
    assert said.count("\nFrom: ") == len(cells)
    assert "no second path" not in said
    numbers = 0
    for block in said.strip().split("\n\n"):
        head = re.match(r"[^\n]*? = (.*)", block.strip())
        assert head, block
        again = re.search(r"(?:Recomputed from the rows|Drawn again from the rows, seed \d+): (.*)", block)
        if not again:
            assert "A label: no number was computed for it." in block, block
            continue
        numbers += 1
        # "74.35 [73.90, 74.81]" and "74.35±0.46" begin with the number that was computed again.
        assert re.split(r" \[|±", head[1])[0].rstrip("×") == re.split(r" \[|±", again[1])[0].rstrip("×"), block
    assert numbers == sum(cell["unit"] != "text" for cell in cells)


def test_every_number_is_verified_and_an_altered_one_found(demo, tmp_path):
    said = reducer("verify", demo)
    assert "VERIFIED" in said and "not recomputed" not in said
    run = shutil.copytree(demo, tmp_path / "run")
    path = run / "tables/efficiency.json"
    table = json.loads(path.read_text())
    cell = next(cell for row in table["rows"] for cell in row if cell["tag"] == "fastv@64/speed_up")
    cell["value"] *= 1.02
    path.write_text(json.dumps(table))
    assert "efficiency:speed_up:fastv@64 says" in reducer("verify", run, expect=65)


def test_its_tables_are_latex(demo, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex here; cmake/setup.sh full installs texlive-latex-recommended")
    log = compiled(demo / "tables", tmp_path)
    assert "Undefined" not in log and "Missing character" not in log and "Overfull" not in log


def test_report_and_tables_say_what_the_model_is(demo):
    said = "A synthetic pocket model, trained with token drop: its ranking of methods says nothing about GLaMM-7B."
    page = (demo / "report/index.html").read_text()
    assert f'<p class="note">{said}</p>' in page[:page.index("<table")]
    for name in ("main.md", "efficiency.md"):
        assert said in (demo / "tables" / name).read_text()


def test_make_demo_opens_with_what_is_measured_and_what_it_cannot_say():
    steps = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    line = next(step for step in steps.splitlines() if step.startswith("sed"))
    opening = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert opening.startswith("Measured here: ")
    assert "says nothing about GLaMM-7B" in opening


def test_what_is_shipped_stays_small():
    files = [f for f in (ROOT / "model/pocket/shipped").rglob("*") if f.is_file()]
    assert sum(f.stat().st_size for f in files) < 20 * 2**20
