"""A rank that is frozen: the others finish without it, and its bundle is in the table once."""

import os
import signal
import time

import h5py
import pytest
from faults import integers, launch, ranks_below, text, undisturbed, wait_for_commits

LONG = {"splits": ["refcoco/val", "refcoco/testA", "refcoco+/val", "refcocog/val", "refcocog/test"]}


@pytest.mark.parametrize("victim", [-1, 0], ids=["the last rank", "rank 0"])
def test_a_frozen_rank_costs_no_row(tmp_path, victim):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, **LONG))
    process = launch(config, 3)
    wait_for_commits(process, tmp_path / "run", 2)
    frozen = ranks_below(process.pid)[victim]
    os.kill(frozen, signal.SIGSTOP)
    begin = time.monotonic()
    if victim == 0:     # nobody else can hand out work: it wakes up, and all goes on
        time.sleep(20)
        os.kill(frozen, signal.SIGCONT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    assert "VALID:" in out and "INVALID" not in out
    assert time.monotonic() - begin < 300, "nobody waited for the frozen rank to the end of patience"
    assert integers(tmp_path / "run/results.h5") == undisturbed(tmp_path / "other", **LONG)
    with h5py.File(tmp_path / "run/results.h5") as file:
        bundles = [int(b["bundle_id"]) for b in file["bundles"]]
        assert len(bundles) == len(set(bundles))
