"""Real runs of the pocket model on 300 images: two ranks against one, idle time at their end, and what is no stage.

`scaling_bench.py [PAIRS]`: in turn one rank, two ranks, and two runs of one rank side by side, all of them with one thread;
throughput is bundles per second between the first bundle's begin and the last one's end, so starting up does not count.
Targets: two ranks reach 95 % of twice one rank and 98 % of two runs side by side, which share the machine as well; 2 % of
their time is idle at the end at most; 1 % of a rank's time lies outside of the stages at most.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.bench.ratios import Ratios  # noqa: E402

BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
IMAGES = 300
STAGES_OF_THE_HELPER = 2   # decode and preprocess: on another thread, no part of a bundle's duration

CONFIG = """
[model]
glamm = "model/pocket/shipped/glamm"
clip = "model/pocket/shipped/clip"
dtype = "fp32"
[data]
root = "model/pocket/shipped/Refer_Segm"
splits = ["refcoco/val", "refcoco+/val", "refcocog/val"]
[run]
limit = 100
[[sweep]]
method = "none"
[[sweep]]
method = ["litelvlm", "visionzip", "uniform"]
tokens = [192, 128, 64]
"""


class Run:
    """One run, started at once; bundles() waits for its end."""

    def __init__(self, folder, name, ranks):
        self.folder = Path(folder) / name
        config = Path(folder) / f"{name}.toml"
        config.write_text(CONFIG)
        launcher = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none"] if ranks > 1 else []
        self.process = subprocess.Popen(
            [*launcher, BIN / "litebench", "--config", config, "--output", self.folder, "--no-reduce"], cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def bundles(self):
        """{rank: [(begin, end, seconds in stages)]} of the run, in the order of time."""
        _, message = self.process.communicate()
        if self.process.returncode != 0:
            sys.exit(f"exit {self.process.returncode}\n{message}")
        subprocess.run([BIN / "litebench-reduce", self.folder], check=True, stdout=subprocess.DEVNULL)
        with h5py.File(self.folder / "results.h5") as file:
            rows, units = file["bundles"][()], file["units"][()]
        ranks = dict(zip(map(int, units["sample_id"]), map(int, units["rank"])))
        with h5py.File(self.folder / "results.h5") as file:
            samples = file["samples"][()]
        rank_of_image = {(int(s["dataset"]), int(s["split"]), int(s["image_id"])): ranks[int(s["sample_id"])] for s in samples}
        if len(rows) != IMAGES:
            sys.exit(f"{len(rows)} bundles in place of {IMAGES}")
        done = {}
        for row in sorted(rows, key=lambda row: row["begin_ns"]):
            rank = rank_of_image[int(row["dataset"]), int(row["split"]), int(row["image_id"])]
            stages = float(row["shared_ns"][STAGES_OF_THE_HELPER:].clip(0).sum()) * 1e-9
            begin = float(row["begin_ns"]) * 1e-9
            done.setdefault(rank, []).append((begin, begin + float(row["duration_ns"]) * 1e-9, stages))
        return done


def span(done):
    return min(b[0][0] for b in done.values()), max(b[-1][1] for b in done.values())


def throughput(done):
    begin, end = span(done)
    return sum(len(b) for b in done.values()) / (end - begin)


def idle_at_the_end(done):
    begin, end = span(done)
    return sum(end - b[-1][1] for b in done.values()) / (len(done) * (end - begin))


def overhead(done):
    """Share of the ranks' time outside of stages: rows, commits, hand-out, and waiting for the helper's picture."""
    busy = sum(b[-1][1] - b[0][0] for b in done.values())
    return 1 - sum(stages for b in done.values() for _, _, stages in b) / busy


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seen = {"one": [], "two": [], "apart": []}
    idle, outside = [], []
    for _ in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            one = Run(folder, "one", 1).bundles()
            two = Run(folder, "two", 2).bundles()
            side = [Run(folder, name, 1) for name in ("left", "right")]
            apart = [run.bundles() for run in side]
        seen["one"].append(throughput(one))
        seen["two"].append(throughput(two))
        seen["apart"].append(sum(map(throughput, apart)))
        idle.append(idle_at_the_end(two))
        outside.append((overhead(one), overhead(two)))
        print(f"    one {seen['one'][-1]:.2f}, two {seen['two'][-1]:.2f}, apart {seen['apart'][-1]:.2f} bundles/s; idle {100 * idle[-1]:.2f} %, "
              f"outside of stages {100 * outside[-1][0]:.2f} % and {100 * outside[-1][1]:.2f} %, load {os.getloadavg()[0]:.1f}")
    ratio = [statistics.median(two / one for one, two in zip(seen[other], seen["two"])) for other in ("one", "apart")]
    ratios = Ratios("scaling", f"pocket model, {IMAGES} bundles of ten variants, median of {pairs} rounds")
    ratios.add("two ranks / twice one rank", ratio[0] / 2, least=0.95)
    ratios.add("two ranks / two runs of one rank side by side", ratio[1], least=0.98)
    ratios.add("share idle at the end of two ranks", statistics.median(idle), most=0.02)
    ratios.add("share of one rank's time outside of the stages", statistics.median(o[0] for o in outside), most=0.01)
    ratios.add("the same of two ranks", statistics.median(o[1] for o in outside))
    return ratios.finish()


if __name__ == "__main__":
    sys.exit(main())
