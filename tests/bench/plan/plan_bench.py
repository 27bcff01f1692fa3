"""Times and memory that `litebench plan` predicts, against those that a run then records.

`plan_bench.py [pocket|mid]...`: operator rates are measured anew, then both passes run, then rates are measured once more to
show how far the machine itself moved. A time's error is |predicted - measured| / measured, of every accuracy bundle and every
timed run. Fails when the median of the errors of whole bundles and runs is above 15 %, their 95th percentile above 40 %, or
a stage's median above 15 % where the stage takes a twentieth of the time or more.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.bench.ratios import Ratios  # noqa: E402

BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
STAGES = ["decode", "preprocess", "clip", "select", "project", "prefill", "sam", "mask", "post"]

SWEEPS = """
[[sweep]]
method = "none"
[[sweep]]
method = ["litelvlm", "visionzip", "cdpruner", "prumerge+", "fastv", "uniform"]
tokens = [192, 128, 64]
"""
POCKET = """
[model]
glamm = "model/pocket/shipped/glamm"
clip = "model/pocket/shipped/clip"
dtype = "fp32"
[data]
root = "model/pocket/shipped/Refer_Segm"
splits = ["refcoco/val", "refcocog/val"]
[run]
limit = 20
[passes]
latency = { images = 6, repeats = 3, warmup = 1 }
"""
MID = """
[model]
glamm = "random:mid"
clip = "random:mid"
dtype = "fp32"
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val", "refcocog/test"]
[run]
limit = 4
[passes]
latency = { images = 1, repeats = 2, warmup = 1 }
"""
CONFIGS = {"pocket": POCKET, "mid": MID}


def litebench(*arguments):
    done = subprocess.run([BIN / "litebench", *map(str, arguments)], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
                          text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def forecast(folder, config, name):
    litebench("plan", "--config", config, "--output", folder / "run", "--rates", folder / f"{name}.rates",
              "--forecast", folder / f"{name}.json")
    runs = json.loads((folder / f"{name}.json").read_text())["runs"]
    return {(run["split"], run["image_id"], run.get("variant", "")): run for run in runs}


def measured(results):
    """((split, image, variant or ""), {stage: s}, total s, peak bytes) of every bundle and every timed run."""
    with h5py.File(results) as file:
        units, bundles = file["units"][()], file["bundles"][()]
        variants = [v.decode() for v in file["variants"]["id"][()]]
        splits = {code: name for name, code in h5py.check_enum_dtype(file["units"].dtype["split"]).items()}
        datasets = {code: name for name, code in h5py.check_enum_dtype(file["units"].dtype["dataset"]).items()}

    def split(row):
        name = splits[int(row["split"])]
        return name if "/" in name else f"{datasets[int(row['dataset'])]}/{name}"

    for row in bundles[bundles["pass"] == 0]:
        stages = dict(zip(STAGES, row["shared_ns"] * 1e-9))
        # Decoding is the helper thread's, and no part of the bundle's duration.
        yield (split(row), int(row["image_id"]), ""), stages, row["duration_ns"] * 1e-9 + stages["decode"] + stages["preprocess"], None
    for row in units[units["pass"] == 1]:
        yield ((split(row), int(row["image_id"]), variants[row["variant"]]), dict(zip(STAGES, row["stage_ns"] * 1e-9)),
               row["total_ns"] * 1e-9, (int(row["peak_bytes_llm"]), int(row["peak_bytes_total"])))


def add(ratios, title, errors, median=None, p95=None):
    ratios.add(f"{title}, median error", float(np.median(errors)), most=median)
    ratios.add(f"{title}, 95th percentile", float(np.percentile(errors, 95)), most=p95)


def compare(ratios, title, predicted, again, rows):
    """One pass: every stage that counts, then the whole."""
    whole = np.median([total for _, _, total, _ in rows])
    for stage in STAGES:
        times = np.array([stages[stage] for _, stages, _, _ in rows])
        guesses = np.array([predicted[key]["stages"][stage] for key, *_ in rows])
        share = np.median(times) / whole
        if share >= 0.01:
            error = float(np.median(np.abs(guesses - times) / times))
            ratios.add(f"{title}, {stage} ({100 * share:.0f} %), median error", error, most=0.15 if share >= 0.05 else None)
    totals = np.array([total for _, _, total, _ in rows])
    guesses = np.array([predicted[key]["total"] for key, *_ in rows])
    later = np.array([again[key]["total"] for key, *_ in rows])
    add(ratios, f"{title} as a whole", np.abs(guesses - totals) / totals, 0.15, 0.40)
    ratios.add(f"{title}, predicted / measured", float(np.median(guesses / totals)))
    ratios.add(f"{title}, predicted after the run / before it", float(np.median(later / guesses)))


def bench(name):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = folder / "sweep.toml"
        config.write_text(CONFIGS[name] + SWEEPS)
        predicted = forecast(folder, config, "before")
        litebench("--config", config, "--output", folder / "run", "--no-reduce")
        again = forecast(folder, config, "after")
        subprocess.run([BIN / "litebench-reduce", folder / "run"], check=True, stdout=subprocess.DEVNULL)
        rows = list(measured(folder / "run/results.h5"))
    ratios = Ratios(f"plan_{name}", f"{len(rows)} bundles and timed runs, one thread, fp32")
    for title, timed in [("accuracy", False), ("timed runs", True)]:
        compare(ratios, title, predicted, again, [row for row in rows if bool(row[0][2]) == timed])
    peaks = [(row[3], predicted[row[0]]) for row in rows if row[3]]
    for i, (title, column) in enumerate([("peak of the LLM", "peak_bytes_llm"), ("peak", "peak_bytes_total")]):
        add(ratios, title, np.array([abs(guess[column] - peak[i]) / peak[i] for peak, guess in peaks]), 0.15, 0.40)
    return ratios.finish()


if __name__ == "__main__":
    names = sys.argv[1:] or list(CONFIGS)
    sys.exit(max([bench(name) for name in names]))
