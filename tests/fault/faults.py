"""Runs that something happens to, on the reference data set."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness/run"))
from support import (BIN, GOLDEN, ROOT, Results, command, environment, integers, ranks_below, run,  # noqa: E402,F401
                     run_config, sweep, wait_for_commits)

SPLITS = ["refcoco/val", "refcocog/test"]
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [192, 64]\n'


def text(folder, run_keys="", **changes):
    """A configuration; `run_keys`: further lines of [run]."""
    whole = sweep(folder / "run", **{"splits": SPLITS, "sweeps": SWEEPS, **changes})
    return whole.replace("[run]\n", f"[run]\n{run_keys}\n", 1)


def launch(config, ranks, *options, **more_environment):
    return subprocess.Popen(command("launch", "-n", ranks, "--config", config, *options), cwd=ROOT, text=True,
                            env={**environment(), **more_environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def faulty(picture, how):
    return {"LD_PRELOAD": str(BIN / "fault_on_open.so"), "LITEBENCH_FAULT_FILE": picture, "LITEBENCH_FAULT": how}


def statuses(run_folder):
    """{(image, status name)} of the expressions."""
    results = Results(run_folder / "results.h5")
    names = {value: key for key, value in results.enums["status"].items()}
    return {(key[1], names[int(row["status"])]) for key, row in results.expressions().items()}


def undisturbed(folder, **changes):
    folder.mkdir()
    run_config(folder, text(folder, **changes))
    return integers(folder / "run/results.h5")
