"""Full disks, damaged shards, and file systems that want closed files."""

import os
import random
import shutil
import subprocess

import pytest
from faults import BIN, ROOT, command, environment, integers, run, run_config, text, undisturbed


def start_with_small_disk(config, kib):
    """A file size limit stands for the full disk: the same error reaches the program through the same calls."""
    limited = ["sh", "-c", f'trap "" XFSZ; ulimit -f {2 * kib}; exec "$@"', "sh", *command("--config", config)]
    return subprocess.run(limited, env=environment(), cwd=ROOT, text=True, capture_output=True, timeout=300)


def test_a_disk_that_is_full_at_random_points_costs_nothing_but_time(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path))
    expected = undisturbed(tmp_path / "other")
    rng = random.Random(3)
    full = 0
    while full < int(os.environ.get("LITEBENCH_ROUNDS", 3)):
        done = start_with_small_disk(config, rng.randint(30, 160))
        if done.returncode == 74:
            assert "free space" in done.stderr, done.stderr
            full += 1
            continue
        # It has come to its end in several starts: the rows count, and the next one begins anew.
        assert done.returncode == 0 and full > 0, done.stdout + done.stderr
        assert integers(tmp_path / "run/results.h5") == expected
        shutil.rmtree(tmp_path / "run")
    run_config(tmp_path, text(tmp_path))
    assert integers(tmp_path / "run/results.h5") == expected


@pytest.fixture
def finished(tmp_path):
    run_config(tmp_path, text(tmp_path), ranks=2)
    return tmp_path, integers(tmp_path / "run/results.h5")


def test_a_shard_whose_hdf5_is_damaged_is_read_all_the_same_and_can_be_salvaged(finished):
    folder, before = finished
    shard = max((folder / "run/shards").glob("*.h5"), key=lambda f: f.stat().st_size)
    data = bytearray(shard.read_bytes())
    data[:64] = bytes(64)
    shard.write_bytes(data)
    reduced = subprocess.run([BIN / "litebench-reduce", folder / "run"], cwd=ROOT, text=True, capture_output=True)
    assert reduced.returncode == 0, reduced.stdout + reduced.stderr
    assert "libhdf5 cannot read it" in reduced.stdout
    assert integers(folder / "run/results.h5") == before

    salvaged = subprocess.run([BIN / "litebench-reduce", "salvage", shard], cwd=ROOT, text=True, capture_output=True)
    assert salvaged.returncode == 0 and " 0 lost" in salvaged.stdout, salvaged.stdout + salvaged.stderr
    assert not shard.exists()
    reduced = subprocess.run([BIN / "litebench-reduce", folder / "run"], cwd=ROOT, text=True, capture_output=True)
    assert reduced.returncode == 0 and "libhdf5" not in reduced.stdout
    assert integers(folder / "run/results.h5") == before


def test_a_missing_shard_is_done_again(finished):
    folder, before = finished
    max((folder / "run/shards").glob("*.h5"), key=lambda f: f.stat().st_size).unlink()
    run_config(folder, text(folder))
    assert integers(folder / "run/results.h5") == before


def test_segments_give_the_same_numbers_and_leave_no_hdf5_behind(tmp_path):
    run_config(tmp_path, text(tmp_path, run_keys='shards = "segments"'), ranks=2)
    assert not list((tmp_path / "run/shards").glob("*.h5"))
    assert list((tmp_path / "run/shards").glob("*.seg"))
    assert integers(tmp_path / "run/results.h5") == undisturbed(tmp_path / "other")
    # and a run may go on in the other form
    shutil.rmtree(tmp_path / "run/shards")
    run_config(tmp_path, text(tmp_path, run_keys='shards = "segments"'), "--limit", "1")
    run_config(tmp_path, text(tmp_path))
    assert run("status", tmp_path / "run").returncode == 0
