"""Runs that something happens to, on the reference data set."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness/run"))
from support import BIN, GOLDEN, ROOT, Results, command, environment, integers, run, run_config, sweep  # noqa: E402,F401

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


def committed(run_folder):
    if not (run_folder / "shards").exists():
        return 0
    return sum(int(n) for n in re.findall(r"rank \d+/\d+  (\d+) bundles", run("status", run_folder).stdout))


def wait_for_commits(process, run_folder, count=1):
    deadline = time.monotonic() + 300
    while committed(run_folder) < count:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def ranks_below(launcher):
    """Processes of litebench-run below `launcher`, by their parents, sorted by rank."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        parents[int(stat.parent.name)] = (int(rest.split()[1]), name)

    def below(pid):
        while pid in parents:
            pid = parents[pid][0]
            if pid == launcher:
                return True
        return False

    def rank(pid):
        variables = (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
        return int(next(v for v in variables if v.startswith(b"OMPI_COMM_WORLD_RANK=")).split(b"=")[1])

    found = [pid for pid, (_, name) in parents.items() if name.startswith("litebench-run") and below(pid)]
    return sorted(found, key=rank)


def statuses(run_folder):
    """{(image, status name)} of the expressions."""
    results = Results(run_folder / "results.h5")
    names = {value: key for key, value in results.enums["status"].items()}
    return {(key[1], names[int(row["status"])]) for key, row in results.expressions().items()}


def undisturbed(folder, **changes):
    folder.mkdir()
    run_config(folder, text(folder, **changes))
    return integers(folder / "run/results.h5")
