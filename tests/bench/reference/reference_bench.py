"""litebench against the reference's sequence of operations in plain PyTorch (rivals.py): `reference_bench.py [THREADS [ROUNDS]]`.

Geometry mid, fp32, seconds a picture: of processor time on one thread, of the wall on more. litebench runs through its
public command on one and on three pictures; half the difference leaves out start-up and tables, and holds decoding and
resampling, which the rivals are spared. Rounds are interleaved, the least of each counts.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.bench.ratios import Ratios  # noqa: E402
from tests.bench.reference import rivals  # noqa: E402

BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
METHODS = ["litelvlm", "random", "uniform", "cls_topk", "sim_low", "sim_high", "value_norm"]
PRUNED = [192, 128, 64]
BUDGETS = [576, *PRUNED]
NONE = '[[sweep]]\nmethod = "none"\n'
SWEEPS = {"one variant": NONE,
          "22 variants": NONE + f"[[sweep]]\nmethod = {METHODS}\ntokens = {PRUNED}\n".replace("'", '"')}
CONFIG = """
[model]
glamm = "random:mid"
clip = "random:mid"
dtype = "fp32"
threads = {threads}
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val"]
[tables]
draws = 0
"""


def pictures_of(results):
    """All pictures of a run with the turns of their conversations."""
    with h5py.File(results) as file:
        turns = {sample["image_id"]: int(sample["turns"]) for sample in file["samples"][()]}
        return {image["image_id"]: rivals.Picture(int(image["height"]), int(image["width"]), turns[image["image_id"]])
                for image in file["images"][()] if image["image_id"] in turns}


def run(sweep, pictures, threads):
    """Seconds of one run, and its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "sweep.toml"
        config.write_text(CONFIG.format(threads=threads) + SWEEPS[sweep])
        begin = time.perf_counter()
        child = subprocess.Popen([BIN / "litebench", "--config", config, "--output", Path(folder) / "run", "--limit",
                                  str(pictures)], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        message = child.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{sweep}: exit {child.returncode}\n{message}")
        return usage.ru_utime + usage.ru_stime if threads == 1 else wall, pictures_of(Path(folder) / "run/results.h5")


def ours(threads):
    """{(sweep, number of pictures): seconds} of one round, and the pictures that three have and one has not."""
    found = {}
    for sweep in SWEEPS:
        found[sweep, 1], first = run(sweep, 1, threads)
        found[sweep, 3], all_three = run(sweep, 3, threads)
    return found, [picture for image, picture in all_three.items() if image not in first]


def least(rounds):
    """The least of each entry over rounds of equal, possibly nested dictionaries."""
    if not isinstance(rounds[0], dict):
        return min(rounds)
    return {key: least([one[key] for one in rounds]) for key in rounds[0]}


def all_variants(rival, towers):
    """22 variants of a rival that runs its towers so often."""
    return towers * rival["towers"] + rival[576] + len(METHODS) * sum(rival[n] for n in PRUNED)


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    mine, theirs = [], []
    for _ in range(rounds):
        found, pictures = ours(threads)
        mine.append(found)
        theirs.append(rivals.measure(pictures, BUDGETS, threads))
    mine, theirs = least(mine), least(theirs)
    mine = {sweep: (mine[sweep, 3] - mine[sweep, 1]) / 2 for sweep in SWEEPS}
    eager, fused = theirs["eager"], theirs["fused"]
    what = "processor" if threads == 1 else "wall"
    ratios = Ratios(f"reference-{threads}", f"geometry mid fp32, {threads} threads, {what} seconds, least of {rounds} rounds, "
                    f"pictures {', '.join(f'{p.width} × {p.height} with {p.turns} turns' for p in pictures)}")
    print("  seconds a picture: " + ", ".join(f"{name} {value:.2f}" for name, value in mine.items()))
    for name, stages in theirs.items():
        print(f"    {name}: " + ", ".join(f"{stage} {value:.2f}" for stage, value in stages.items()))
    single, sweep = (1.8, 12) if threads > 1 else (1.8, 16)
    ratios.add("one eager run / one variant", (eager["towers"] + eager[576]) / mine["one variant"], least=single)
    ratios.add("one fused run / one variant", (fused["towers"] + fused[576]) / mine["one variant"], least=1.1)
    ratios.add("22 eager runs / 22 variants", all_variants(eager, 22) / mine["22 variants"], least=sweep)
    ratios.add("22 fused runs with cached towers / 22 variants", all_variants(fused, 1) / mine["22 variants"], least=1.5)
    return ratios.finish()


if __name__ == "__main__":
    sys.exit(main())
