"""Every printed number of every table of a run of 320 images, equal to the last printed digit to what recompute.py finds in results.h5."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import recompute
from result_rows import Run

BIN = Path(os.environ["LITEBENCH_BIN"])


@pytest.fixture(scope="module", params=[(), ("--no-targets",)], ids=["all with targets", "some without"])
def reduced(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    subprocess.run([BIN / "analysis_make_large_run", folder, "40", "3", "20", *request.param], check=True)
    done = subprocess.run([BIN / "litebench-reduce", folder, "--threads", "2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "VALID, 1 sample excluded" in done.stdout
    return folder, Run(folder / "results.h5")


def cells_of(folder, name):
    table = json.loads((folder / "tables" / f"{name}.json").read_text())
    return [cell for row in table["rows"] for cell in row if cell["unit"] != "text"]


@pytest.mark.parametrize("name", recompute.TABLES)
def test_every_number_is_the_one_that_the_rows_give(reduced, name):
    folder, run = reduced
    expected = recompute.TABLES[name](run)
    cells = cells_of(folder, name)
    assert {cell["tag"] for cell in cells} == set(expected)
    wrong = [f"{cell['tag']}: {cell['printed']}, recomputed {expected[cell['tag']]}" for cell in cells
             if cell["printed"] != expected[cell["tag"]]]
    assert wrong == []


def test_there_is_no_other_table_with_numbers(reduced):
    folder, _ = reduced
    names = {path.stem for path in (folder / "tables").glob("*.json")}
    assert names == set(recompute.TABLES) | {"failures", "manifest"}
    assert cells_of(folder, "failures") == []


def test_best_and_second_are_marked_where_the_next_is_significantly_lower(reduced):
    folder, run = reduced
    found = {cell["tag"]: cell["mark"] for cell in cells_of(folder, "main") if "mark" in cell}
    assert found == recompute.marks(run)
    assert "best" in found.values()


def test_variants_that_were_timed_on_a_throttled_device_are_named(reduced):
    folder, run = reduced
    met = {run.variants[v]: (int((run.pairs(v).throttled > 0).sum()), len(run.pairs(v))) for v in range(len(run.variants))}
    wanted = ", ".join(f"{variant} {slow} of {units}" for variant, (slow, units) in met.items() if slow > 0)
    notes = json.loads((folder / "tables" / "efficiency.json").read_text())["notes"]
    assert wanted and sum(f"timed units of {wanted}: " in note for note in notes) == 1, notes


def test_threads_change_nothing(reduced, tmp_path):
    folder, _ = reduced
    done = subprocess.run([BIN / "litebench-reduce", folder, "--threads", "1", "--output", tmp_path], capture_output=True)
    assert done.returncode == 0
    for path in (folder / "tables").iterdir():
        assert path.read_bytes() == (tmp_path / "tables" / path.name).read_bytes(), path.name
