"""Integers do not depend on how many ranks there were, nor on when the run was killed."""

import random
import signal
import subprocess
import time

import h5py
import pytest
from support import (ROOT, WITHOUT_THREADS, command, environment, integers, kill_at_a_random_moment, run_config,
                     shards_bytes, sweep)

SPLITS = ["refcoco/val", "refcoco+/val", "refcocog/test"]
SWEEPS = ('[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = ["litelvlm", "uniform"]\ntokens = [192, 64]\n'
          '[[sweep]]\nmethod = "random"\ntokens = 128\nseeds = 2\n')


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    run_config(folder, sweep(folder / "run", splits=SPLITS, sweeps=SWEEPS))
    return integers(folder / "run/results.h5")


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_any_number_of_ranks_leaves_the_same_integers(alone, tmp_path, ranks):
    run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=SWEEPS), ranks=ranks)
    assert integers(tmp_path / "run/results.h5") == alone


def test_an_mpi_without_thread_support_leaves_the_same_integers(alone, tmp_path, monkeypatch):
    for name, value in WITHOUT_THREADS.items():
        monkeypatch.setenv(name, value)
    run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=SWEEPS), ranks=3)
    assert integers(tmp_path / "run/results.h5") == alone


@pytest.mark.parametrize("seed,first,second", [(1, 2, 1), (2, 1, 3), (3, 3, 2), (4, 2, 8), (5, 1, 1)])
def test_a_killed_run_is_continued_by_another_number_of_ranks(alone, tmp_path, seed, first, second):
    rng = random.Random(seed)
    config = tmp_path / "sweep.toml"
    text = sweep(tmp_path / "run", splits=SPLITS, sweeps=SWEEPS)
    config.write_text(text)
    kill_at_a_random_moment(config, first, rng)
    run_config(tmp_path, text, ranks=second)
    assert integers(tmp_path / "run/results.h5") == alone
    # a rank that died before its start record leaves no shard, a run that was complete starts none
    with h5py.File(tmp_path / "run/results.h5") as file:
        assert 1 <= len(file["attempts"]) <= first + second


def test_a_graceful_stop_ends_with_code_3_and_is_resumable(alone, tmp_path):
    config = tmp_path / "sweep.toml"
    text = sweep(tmp_path / "run", splits=SPLITS, sweeps=SWEEPS)
    config.write_text(text)
    process = subprocess.Popen(command("--config", config), env=environment(), cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while process.poll() is None and shards_bytes(tmp_path / "run") == 0:
        time.sleep(0.02)
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, out + err
    assert "--config" in out + err      # the command that continues
    run_config(tmp_path, text)
    assert integers(tmp_path / "run/results.h5") == alone


def test_a_finished_run_starts_nothing_again(tmp_path):
    text = sweep(tmp_path / "run", splits=["refcoco/testB"])
    run_config(tmp_path, text)
    before = sorted(f.name for f in (tmp_path / "run/shards").iterdir())
    rows = integers(tmp_path / "run/results.h5")
    run_config(tmp_path, text)
    assert integers(tmp_path / "run/results.h5") == rows
    with h5py.File(tmp_path / "run/results.h5") as file:
        assert len(file["bundles"]) == 4
    assert set(before) <= {f.name for f in (tmp_path / "run/shards").iterdir()}
