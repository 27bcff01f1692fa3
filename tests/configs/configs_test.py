"""The shipped ablations, on the reference data set with its miniature checkpoint, a picture a split: what a user
copies must run, and give the tables that it is there for."""

import json
import sys
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness/run"))
from support import GOLDEN, ROOT, run  # noqa: E402

CONFIGS = sorted((ROOT / "configs").glob("ablation-*.toml"))


def smaller(output):
    """What makes a sweep small, as options of the command line; the sweep itself stays as it is."""
    settings = {"model.dtype": '"fp32"', "run.output": f'"{output}"', "data.root": f'"{GOLDEN / "data/Refer_Segm"}"'}
    settings |= {"model.glamm": f'"{GOLDEN / "glamm"}"', "model.clip": f'"{GOLDEN / "clip"}"'}
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Runs a configuration once and gives its folder."""
    folders = {}

    def start(path):
        if path not in folders:
            folder = tmp_path_factory.mktemp(path.stem) / "run"
            done = run("--config", path, "--limit", 1, *smaller(folder))
            assert done.returncode == 0, f"{path.name}\n{done.stdout}\n{done.stderr}"
            folders[path] = folder
        return folders[path]

    return start


@pytest.mark.parametrize("path", CONFIGS, ids=[p.stem for p in CONFIGS])
def test_a_shipped_sweep_runs_and_its_table_is_valid(finished, path):
    folder = finished(path)
    verdict = json.loads((folder / "verdict.json").read_text())
    assert verdict["verdict"] == "VALID", verdict["line"]


def cells(folder):
    """{tag: cell} of the main table."""
    table = json.loads((folder / "tables/main.json").read_text())
    return {cell["tag"]: cell for row in table["rows"] for cell in row}


def test_the_ablation_of_the_selection_has_its_published_values_beside(finished):
    found = cells(finished(ROOT / "configs/ablation-selection.toml"))
    for method, tokens in product(("random", "context_only", "sim_high", "sim_low", "litelvlm"), (29, 58, 144, 288)):
        assert found[f"{method}@{tokens}/refcoco/val/ciou"]["value"] is not None
        assert found[f"{method}@{tokens}/published/refcoco/val/ciou"]["value"] is not None
