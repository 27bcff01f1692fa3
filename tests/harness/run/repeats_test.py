"""How often a picture is timed with a goal, from a small goal to a large one, and what a finished bundle is worth afterwards."""

import json
import re
import subprocess
from collections import Counter

import numpy as np
import pytest

from support import BIN, ROOT, Results, run, run_config, sweep

POCKET = ROOT / "model/pocket/shipped"
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "uniform"\ntokens = 64\n'


def text(folder, latency):
    return sweep(folder / "run", splits=["refcoco/val"], sweeps=SWEEPS, glamm=POCKET / "glamm", clip=POCKET / "clip",
                 root=POCKET / "Refer_Segm", extra=f"[passes]\naccuracy = false\nlatency = {{ images = 2, {latency}, warmup = 0 }}\n")


def repeats(folder):
    """{(sample, variant): repeats}, each with repeats counted from 0"""
    found = {}
    results = Results(folder / "run/results.h5")
    for unit in results.tables["units"]:
        found.setdefault((int(unit["sample_id"]), results.variants[unit["variant"]]), []).append(int(unit["repeat"]))
    assert all(sorted(own) == list(range(len(own))) for own in found.values())
    return {key: len(own) for key, own in found.items()}


def test_a_goal_out_of_reach_takes_every_repeat_and_one_within_it_the_least(tmp_path):
    out_of_reach = tmp_path / "far"
    out_of_reach.mkdir()
    done = run_config(out_of_reach, text(out_of_reach, "repeats = 2, repeats_max = 4, goal = 1e-9"))
    assert "VALID" in done.stdout
    assert Counter(repeats(out_of_reach).values()) == {4: 4}   # two pictures, two variants
    within = tmp_path / "near"
    within.mkdir()
    done = run_config(within, text(within, "repeats = 10, repeats_max = 12, goal = 0.99"))
    assert "VALID" in done.stdout
    assert Counter(repeats(within).values()) == {10: 4}


def test_a_finished_bundle_stays_with_another_goal_and_the_rest_is_done_with_it(tmp_path):
    run_config(tmp_path, text(tmp_path, "repeats = 2, repeats_max = 3, goal = 1e-9"), "--set", "passes.latency.images=1")
    before = repeats(tmp_path)
    assert Counter(before.values()) == {3: 2}
    run_config(tmp_path, text(tmp_path, "repeats = 2"))
    after = repeats(tmp_path)
    assert {key: after[key] for key in before} == before
    assert Counter(after.values()) == {3: 2, 2: 2}
    reduced = Results(tmp_path / "run/results.h5").tables
    assert list(reduced["bundles"]["units"]) == [6, 4] or list(reduced["bundles"]["units"]) == [4, 6]


def test_first_runs_stand_apart_from_repeats_and_have_a_table(tmp_path):
    run_config(tmp_path, text(tmp_path, "repeats = 2").replace("warmup = 0", "warmup = 2"))
    results = Results(tmp_path / "run/results.h5")
    units, cold = results.tables["units"], results.tables["cold_starts"]
    assert Counter(repeats(tmp_path).values()) == {2: 4} and (units["repeat"] >= 0).all()
    lengths = {int(sample["sample_id"]): int(sample["tokens"]) for sample in results.tables["samples"]}
    assert sorted((int(row["variant"]), lengths[int(row["sample_id"])]) for row in cold) == sorted(
        (variant, length) for variant in range(2) for length in set(lengths.values()))
    assert (cold["repeat"] == -1).all() and (cold["status"] == 0).all() and (cold["total_ns"] > 0).all()
    assert sorted(cold["order"]) == list(range(len(cold)))
    rows = json.loads((tmp_path / "run/tables/cold-start.json").read_text())["rows"]
    found = {cell["tag"]: cell["value"] for row in rows for cell in row}
    own = cold[cold["variant"] == 0]["total_ns"]
    assert found["none/starts"] == len(own) and found["none/first_ms"] == pytest.approx(np.median(own) / 1e6)
    environment = {results.bytes[r["key_offset"]:][:r["key_length"]]: results.bytes[r["value_offset"]:][:r["value_length"]]
                   for r in results.tables["provenance"]}
    assert float(environment[b"model load seconds"]) > 0
    done = subprocess.run([BIN / "litebench-reduce", "verify", tmp_path / "run"], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_process_times_before_it_evaluates_so_that_its_first_run_is_cold(tmp_path):
    both = text(tmp_path, "repeats = 2").replace("warmup = 0", "warmup = 1").replace("accuracy = false", "accuracy = true")
    run_config(tmp_path, both)
    results = Results(tmp_path / "run/results.h5")
    bundles, cold = results.tables["bundles"], results.tables["cold_starts"]
    timed, evaluated = (bundles[bundles["pass"] == which] for which in (1, 0))
    assert len(timed) == 2 and len(evaluated) > 2
    assert (timed["begin_ns"] + timed["duration_ns"]).max() <= evaluated["begin_ns"].min()
    first = cold[cold["order"] == 0]["total_ns"]
    assert len(first) == 1
    notes = json.loads((tmp_path / "run/tables/cold-start.json").read_text())["notes"]
    said = [note for note in notes if note.startswith("The very first run of a process")]
    assert len(said) == 1 and f"{first[0] / 1e6:.2f} ms in the median of 1." in said[0], (said, first)
    assert not any("had computed before" in note for note in notes)


def test_cuda_graphs_are_refused_where_no_gpu_is_before_there_is_a_folder(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, "repeats = 2, cuda_graph = true").replace("[model]", '[model]\ndevice = "auto"'))
    done = run("--config", config)
    if done.returncode == 0:
        pytest.skip("this machine has a GPU")
    assert done.returncode == 64 and not (tmp_path / "run").exists(), done.stderr
    assert "timed runs cannot come from CUDA graphs (the run computes on cpu" in done.stderr
    assert "leave passes.latency.cuda_graph out, or start where a GPU is" in done.stderr
    planned = run("plan", "--no-forecast", "--config", config)
    assert planned.returncode == 0 and "compute lean, from CUDA graphs" in planned.stdout, planned.stderr


def test_plan_says_what_it_counts(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, "repeats = 2, repeats_max = 30, goal = 0.02"))
    done = run("plan", "--no-forecast", "--config", config)
    assert re.search(r"latency +2 bundles, 8 units", done.stdout), done.stdout + done.stderr
    assert "counted and predicted at 2 repeats; pictures that need more for 2 % get up to 30" in done.stdout


@pytest.mark.parametrize("latency, said", [
    ("repeats = 5, goal = 0.02", "repeats_max leaves no room"),
    ("repeats = 5, repeats_max = 4", "repeats_max"),
    ("repeats = 5, repeats_max = 9, goal = 2", "it wants a share between 0 and 1"),
    ('repeats = 5, repeats_max = 9, goal = "2 %"', "it wants a share between 0 and 1"),
])
def test_goals_that_mean_nothing_are_refused(tmp_path, latency, said):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, latency))
    done = run("plan", "--config", config)
    assert done.returncode == 64 and said in done.stderr
