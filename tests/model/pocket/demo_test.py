"""configs/demo.toml on the shipped model and data: what a newcomer's first table rests on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/harness/run"))
from support import Results, run_config  # noqa: E402

DEMO = (ROOT / "configs/demo.toml").read_text()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    text = DEMO.replace('output = "runs/demo"', f'output = "{folder}/run"').replace("[passes]", "[passes]\naccuracy = true")
    text = re.sub(r"^latency = .*$", "", text, flags=re.MULTILINE)
    done = run_config(folder, text, "--limit", "25", ranks=2)
    assert "VALID" in done.stdout
    return Results(folder / "run/results.h5").expressions()


def ciou(rows, variant, split="refcoco/val"):
    pixels = [(int(r["intersection"]), int(r["union"])) for key, r in rows.items() if key[0] == split and key[4] == variant]
    assert pixels
    return 100 * sum(i for i, _ in pixels) / sum(u for _, u in pixels)


def test_the_model_finds_most_referents_with_all_tokens(rows):
    assert ciou(rows, "none") > 60


@pytest.mark.parametrize("method", ["uniform", "random"])
def test_fewer_tokens_cost_accuracy(rows, method):
    assert ciou(rows, "none") > max(ciou(rows, f"{method}@192"), ciou(rows, f"{method}@64"))


def test_make_demo_opens_with_what_is_measured_and_what_it_cannot_say():
    steps = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    line = next(step for step in steps.splitlines() if step.startswith("sed"))
    opening = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert opening.startswith("Measured here: ")
    assert "says nothing about GLaMM-7B" in opening


def test_what_is_shipped_stays_small():
    files = [f for f in (ROOT / "model/pocket/shipped").rglob("*") if f.is_file()]
    assert sum(f.stat().st_size for f in files) < 20 * 2**20
