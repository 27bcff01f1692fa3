"""Every shipped sweep, on the reference data set with its miniature checkpoint, a picture a split: what a user copies
must run, and give the tables that it is there for."""

import json
import sys
import tomllib
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness/run"))
from support import GOLDEN, ROOT, SPLITS, Results, run  # noqa: E402

CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


def smaller(config, output):
    """What makes a sweep small, as options of the command line; the sweep itself stays as it is."""
    settings = {"run.output": output, "model.dtype": "fp32"}
    if config["model"]["glamm"].startswith("random:"):
        settings |= {"model.glamm": "random:tiny", "model.clip": "random:tiny"}
    elif not (ROOT / config["model"]["glamm"]).exists():  # not shipped
        settings |= {"model.glamm": GOLDEN / "glamm", "model.clip": GOLDEN / "clip",
                     "data.root": GOLDEN / "data/Refer_Segm"}
    options = [f'{key}="{value}"' for key, value in settings.items()]
    if "latency" in config.get("passes", {}):
        options.append("passes.latency={images=1, repeats=1, warmup=0}")
    return [part for option in options for part in ("--set", option)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Runs a configuration once and gives its folder."""
    folders = {}

    def start(path):
        if path not in folders:
            folder = tmp_path_factory.mktemp(path.stem) / "run"
            config = tomllib.loads(path.read_text())
            done = run("--config", path, "--limit", 1, *smaller(config, folder))
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


def test_refcoco_gives_the_papers_table_with_the_published_values_beside(finished):
    found = cells(finished(ROOT / "configs/refcoco.toml"))
    published = {row["variant"]: row for row in json.loads(
        (ROOT / "analysis/published/litelvlm-icml26.json").read_text())["rows"]}  # fmt: skip
    assert len(published) == 1 + 6 * 3
    for variant, row in published.items():
        for split, value in zip(SPLITS, row["ciou"]):
            assert f"{variant}/{split}/ciou" in found, f"{variant} has no cell of {split}"
            assert found[f"{variant}/published/{split}/ciou"]["printed"] == f"{value:.1f}"
        assert found[f"{variant}/published/average"]["printed"] == f"{row['average']:.1f}"
    for control, tokens in product(("random", "uniform", "avgpool"), (192, 128, 64)):
        assert f"{control}@{tokens}/refcoco/val/ciou" in found


def test_the_ablation_of_the_selection_has_its_published_values_beside(finished):
    found = cells(finished(ROOT / "configs/ablation-selection.toml"))
    for method, tokens in product(("random", "context_only", "sim_high", "sim_low", "litelvlm"), (29, 58, 144, 288)):
        assert found[f"{method}@{tokens}/refcoco/val/ciou"]["value"] is not None
        assert found[f"{method}@{tokens}/published/refcoco/val/ciou"]["value"] is not None


def test_the_ablation_of_the_protocol_varies_every_axis_by_itself(finished):
    folder = finished(ROOT / "configs/ablation-protocol.toml")
    first, *others = [json.loads(row["json"]) for row in Results(folder / "results.h5").tables["protocols"]]
    differing = [[axis for axis in first if other[axis] != first[axis]] for other in others]
    alone = {axes[0] for axes in differing if len(axes) == 1}
    # The order of images is shared by the protocols of a run and decides no number.
    assert alone == first.keys() - {"profile", "image_order"}
    assert max(map(len, differing)) > 10  # strict
    table = json.loads((folder / "tables/protocols.json").read_text())
    assert len(table["rows"]) == 1 + len(others)
    assert "Protocol 12: eps none; otherwise like protocol 0." in table["notes"]


def test_the_budget_curve_goes_from_16_tokens_to_all(finished):
    found = cells(finished(ROOT / "configs/budget-curve.toml"))
    for tokens in (16, 32, 64, 96, 128, 192, 288, 384, 480, 576):
        assert found[f"uniform@{tokens}/refcoco/val/ciou"]["value"] is not None
    for split in ("refcoco/val", "refcoco+/val", "refcocog/val"):
        assert found[f"uniform@576/{split}/ciou"]["value"] == found[f"none/{split}/ciou"]["value"]
