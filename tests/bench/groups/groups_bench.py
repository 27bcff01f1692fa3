"""What computing images together costs or saves: images_per_bundle = 4 against 1, processor seconds per picture of the public
command with start-up subtracted, on the shipped pocket model and on `random:mid`: `groups_bench.py [ROUNDS] [MODEL...]`.

Rounds are interleaved and the least counts. A processor is full with one image, so the ratio has no target: it has to be near
1, and is for devices with room.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.bench.ratios import Ratios  # noqa: E402

BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
TOGETHER = 4
SHIPPED = "model/pocket/shipped"
CHECKPOINTS = {"pocket": (f"{SHIPPED}/glamm", f"{SHIPPED}/clip"), "mid": ("random:mid", "random:mid")}
PICTURES = {"pocket": 40, "mid": 4}     # beside the four that start-up is told by
SWEEPS = {"one variant": '[[sweep]]\nmethod = "litelvlm"\ntokens = 64\n',
          "four variants": '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [192, 128, 64]\n'}


def processor_seconds(model, sweep, together, pictures):
    glamm, clip = CHECKPOINTS[model]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "sweep.toml"
        config.write_text(f"""
[model]
glamm = "{glamm}"
clip = "{clip}"
dtype = "fp32"
images_per_bundle = {together}
[data]
root = "{SHIPPED}/Refer_Segm"
splits = ["refcoco/val"]
{SWEEPS[sweep]}""")
        child = subprocess.Popen([BIN / "litebench", "--config", config, "--output", Path(folder) / "run", "--limit",
                                  str(pictures), "--no-reduce"], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        message = child.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{model}, {sweep}: exit {child.returncode}\n{message}")
        return usage.ru_utime + usage.ru_stime


def per_picture(model, sweep, together):
    more = PICTURES[model]
    return (processor_seconds(model, sweep, together, TOGETHER + more) -
            processor_seconds(model, sweep, together, TOGETHER)) / more


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    models = sys.argv[2:] or ["pocket"]
    ratios = Ratios("groups", f"fp32, 1 thread, least of {rounds} interleaved rounds")
    for model in models:
        for sweep in SWEEPS:
            seen = {1: [], TOGETHER: []}
            for _ in range(rounds):
                for together, times in seen.items():
                    times.append(per_picture(model, sweep, together))
            alone, grouped = (min(times) for times in seen.values())
            print(f"  {model}, {sweep}: alone {1e3 * alone:.1f} ms, {TOGETHER} together {1e3 * grouped:.1f} ms a picture")
            ratios.add(f"{model}, {sweep}: {TOGETHER} together / alone", grouped / alone)
    return ratios.finish()


if __name__ == "__main__":
    sys.exit(main())
