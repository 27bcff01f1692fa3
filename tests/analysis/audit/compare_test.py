"""`litebench-reduce compare`: the four answers and their exit codes, on runs whose difference is known."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reducing import BIN, reducer

SAME, WORSE, AMBIGUOUS = 0, 1, 2


def make(folder, *options, images=40):
    subprocess.run([BIN / "analysis_make_run", folder, "--images", str(images), *options], check=True)
    reducer(folder)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return make(tmp_path_factory.mktemp("compare") / "plain")


def test_a_run_is_the_same_as_itself(plain):
    said = reducer("compare", plain, plain, expect=SAME)
    assert "SAME      cIoU refcoco/val random@64: all 40 masks equal" in said
    assert said.strip().endswith("SAME")


def test_lost_pixels_are_worse_and_the_other_way_round_better(plain, tmp_path):
    lossy = make(tmp_path / "lossy", "--lose", "20")
    said = reducer("compare", plain, lossy, "--no-times", expect=WORSE)
    assert "WORSE     cIoU refcoco/val random@64: 40 of 40 masks differ" in said
    assert "SAME      cIoU refcoco/val none" in said
    assert "BETTER    cIoU refcoco/val random@64" in reducer("compare", lossy, plain, "--no-times", expect=SAME)


def test_gains_that_cancel_losses_are_ambiguous_unless_a_margin_allows_them(plain, tmp_path):
    noisy = make(tmp_path / "noisy", "--flip", "20")
    assert "AMBIGUOUS cIoU refcoco/val random@64" in reducer("compare", plain, noisy, "--no-times", expect=AMBIGUOUS)
    assert "SAME      cIoU refcoco/val random@64" in reducer("compare", plain, noisy, "--no-times", "--margin", "20", expect=SAME)


def test_longer_times_are_worse_within_a_margin_the_same(plain, tmp_path):
    slow = make(tmp_path / "slow", "--slower", "10")
    said = reducer("compare", plain, slow, expect=WORSE)
    assert "WORSE     time none" in said and "×1.100" in said
    assert "BETTER    time none" in reducer("compare", slow, plain, expect=SAME)
    reducer("compare", plain, slow, "--time-margin", "15", expect=SAME)


def test_too_few_images_are_ambiguous_and_so_is_what_only_one_has(plain, tmp_path):
    few = make(tmp_path / "few", "--lose", "20", images=5)
    said = reducer("compare", plain, few, "--no-times", expect=AMBIGUOUS)
    assert "too few for an interval" in said and "35 only in A" in said
    other = make(tmp_path / "other", "--second-variant", "uniform@64")
    said = reducer("compare", plain, other, "--no-times", expect=AMBIGUOUS)
    assert "cIoU refcoco/val random@64: only A has it" in said and "cIoU refcoco/val uniform@64: only B has it" in said


def test_the_interval_agrees_with_scipys_bootstrap_over_images(plain, tmp_path):
    noisy = make(tmp_path / "noisy", "--flip", "20", "--lose", "3")
    said = reducer("compare", plain, noisy, "--no-times", expect=AMBIGUOUS)
    line = next(line for line in said.splitlines() if "random@64" in line)
    low, high = (float(value) for value in line.split("[")[1].split("]")[0].split(", "))

    def sums(run):
        with h5py.File(run / "results.h5") as file:
            rows = file["expressions"][...]
        rows = np.sort(rows[rows["variant"] == 1], order="image_id")
        return rows["intersection"].astype(float), rows["union"].astype(float)

    (i, u), (j, v) = sums(plain), sums(noisy)
    found = stats.bootstrap((i, u, j, v), lambda i, u, j, v, axis: 100 * (j.sum(axis) / v.sum(axis) - i.sum(axis) / u.sum(axis)),
                            paired=True, n_resamples=9999, method="BCa", rng=np.random.default_rng(1)).confidence_interval
    width = found.high - found.low
    assert low == pytest.approx(found.low, abs=0.05 * width) and high == pytest.approx(found.high, abs=0.05 * width)


def test_bad_command_lines_are_errors(plain, tmp_path):
    assert "two reduced runs" in reducer("compare", plain, expect=64)
    reducer("compare", plain, tmp_path / "nothing", expect=74)
    reducer("compare", plain, plain, "--draws", "5", expect=64)
