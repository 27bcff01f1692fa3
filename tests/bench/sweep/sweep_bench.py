"""What a sweep saves: none and litelvlm at 192, 128, 64 tokens in one run against four runs of one variant each.

Whole processes of the public command, start-up and tables included, on the same pictures: `sweep_bench.py [ROUNDS]`.
Rounds are interleaved and the median counts; processor seconds stand beside wall seconds because the machine may be busy.
Fails when the sweep costs 40 % of the single runs or more.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.bench.ratios import Ratios  # noqa: E402

BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
PICTURES = 2
TARGET = 0.40

CONFIG = """
[model]
glamm = "random:mid"
clip = "random:mid"
dtype = "fp32"
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val"]
"""
VARIANTS = {"none": '[[sweep]]\nmethod = "none"\n'} | {
    f"litelvlm@{n}": f'[[sweep]]\nmethod = "litelvlm"\ntokens = {n}\n' for n in (192, 128, 64)}
RUNS = {"sweep": "".join(VARIANTS.values())} | VARIANTS


def bundle_seconds(results):
    """Time inside bundles alone: what is left when start-up and tables are taken away."""
    with h5py.File(results) as file:
        bundles = file["bundles"][()]
        return float(bundles["duration_ns"].sum()) * 1e-9, len(bundles)


def measure(folder, name):
    """(wall, processor, inside bundles) seconds of one run."""
    sweep = RUNS[name]
    run = Path(folder) / "run"
    config = Path(folder) / "sweep.toml"
    baseline = "" if "none" in sweep else f'[tables]\nbaseline = "{name}"\n'
    config.write_text(CONFIG + sweep + baseline)
    before = time.monotonic()
    child = subprocess.Popen([BIN / "litebench", "--config", config, "--output", run, "--limit", str(PICTURES)], cwd=ROOT,
                             env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{name}: exit {child.returncode}\n{message}")
    wall = time.monotonic() - before
    inside, bundles = bundle_seconds(run / "results.h5")
    if bundles != PICTURES:
        sys.exit(f"{name}: {bundles} bundles in place of {PICTURES}")
    return wall, usage.ru_utime + usage.ru_stime, inside


def measure_in_scratch(name):
    with tempfile.TemporaryDirectory() as folder:
        return measure(folder, name)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seen = {name: [] for name in RUNS}
    measure_in_scratch("sweep")   # warms the file cache
    for _ in range(rounds):
        for name in RUNS:
            seen[name].append(measure_in_scratch(name))
    median = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in seen.items()}
    separate = [sum(median[name][i] for name in VARIANTS) for i in range(3)]
    ratios = Ratios("sweep", f"geometry mid fp32, 1 thread, {PICTURES} pictures, median of {rounds} interleaved rounds")
    for name in RUNS:
        print(f"  {name:<13} wall {median[name][0]:6.2f} s, processor {median[name][1]:6.2f} s, in bundles {median[name][2]:6.2f} s")
    ratio = [together / apart for together, apart in zip(median["sweep"], separate)]
    ratios.add("sweep of 4 / 4 single runs, processor", ratio[1], most=TARGET)
    ratios.add("sweep of 4 / 4 single runs, wall", ratio[0])
    ratios.add("sweep of 4 / 4 single runs, inside bundles", ratio[2])
    return ratios.finish()


if __name__ == "__main__":
    sys.exit(main())
