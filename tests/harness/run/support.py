"""Running litebench as a user does, and reading what it leaves."""

import json
import operator
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
from pycocotools import mask as coco

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/golden/tiny"
BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
WITHOUT_THREADS = {"LD_PRELOAD": str(BIN / "mpi_without_threads.so")}   # an MPI that grants no thread support

SPLITS = ["refcoco/val", "refcoco/testA", "refcoco/testB", "refcoco+/val", "refcoco+/testA", "refcoco+/testB",
          "refcocog/val", "refcocog/test"]


def sweep(output, *, splits=SPLITS, sweeps=None, protocol="", extra="", dtype="fp32", glamm=GOLDEN / "glamm",
          clip=GOLDEN / "clip", root=GOLDEN / "data/Refer_Segm"):
    """The text of a configuration over the reference data set."""
    sweeps = sweeps or '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [192, 64]\n'
    return f"""
[run]
output = "{output}"
[model]
glamm = "{glamm}"
clip = "{clip}"
dtype = "{dtype}"
[data]
root = "{root}"
splits = {json.dumps(splits)}
{protocol}
{sweeps}
{extra}
"""


def environment():
    """OpenMPI starts nothing as root without being told twice; more ranks than cores must yield."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_mpi_yield_when_idle": "1"}


def command(*arguments, ranks=None):
    program = [str(BIN / "litebench"), *map(str, arguments)]
    if ranks is None:
        return program
    return ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none", *program]


def run(*arguments, ranks=None, timeout=600):
    """The finished process, output as text."""
    return subprocess.run(command(*arguments, ranks=ranks), env=environment(), cwd=ROOT, text=True, capture_output=True,
                          timeout=timeout)


def run_config(folder, text, *arguments, ranks=None, expect=0):
    path = Path(folder) / "sweep.toml"
    path.write_text(text)
    done = run("--config", path, *arguments, ranks=ranks)
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Results:
    """results.h5 with names in place of indices."""

    def __init__(self, path):
        with h5py.File(path) as file:
            self.tables = {name: file[name][()] for name in file if isinstance(file[name], h5py.Dataset)}
            self.enums = {name: h5py.check_enum_dtype(file["expressions"].dtype[name]) for name in ("dataset", "split", "status")}
        self.bytes = self.tables["bytes"].tobytes()
        self.variants = [v.decode() for v in self.tables["variants"]["id"]]

    def payload(self, row):
        offset, length = int(row["bytes_offset"]), int(row["bytes_length"])
        return self.bytes[offset:offset + length]

    def split_name(self, code):
        return {value: key for key, value in self.enums["split"].items()}[int(code)]

    def expressions(self):
        """{(split, image_id, sent_id, turn, variant, seed): row}"""
        return {(self.split_name(r["split"]), int(r["image_id"]), int(r["sent_id"]), int(r["turn"]),
                 self.variants[r["variant"]], int(r["seed"])): r for r in self.tables["expressions"]}


def integers(path):
    """Everything in results.h5 that must not depend on ranks, attempts or time, as comparable values."""
    results = Results(path)
    fixed = {}
    for name, row in results.expressions().items():
        fixed[name] = tuple(int(row[c]) for c in ("status", "intersection", "union", "predicted_area", "target_area",
                                                  "overlap_area", "overlap_hit", "mask_hash")) + (results.payload(row),)
    units = results.tables["units"]
    accuracy = units[units["pass"] == 0]
    shape = [tuple(int(r[c]) for c in ("sample_id", "variant", "seed", "status", "kept", "kept_last", "llm_tokens"))
             for r in accuracy]
    tokens = [(int(r["layer"]), results.payload(r)) for r in results.tables["tokens"]]
    return fixed, shape, tokens


def retained(results, sample_rows=None):
    """{(sample_id, variant, seed): patch indices in emitted order} at layer 0."""
    found = {}
    units = results.tables["units"]
    for row in results.tables["tokens"]:
        if row["layer"] == 0:
            unit = units[row["unit"]]
            key = (int(unit["sample_id"]), results.variants[unit["variant"]], int(unit["seed"]))
            found[key] = np.frombuffer(results.payload(row), dtype="<i2").astype(int).tolist()
    return found


def tokens(results):
    """{(sample_id, variant, seed, layer): live visual tokens in their order}"""
    units, found = results.tables["units"], {}
    for row in results.tables["tokens"]:
        unit = units[row["unit"]]
        key = int(unit["sample_id"]), results.variants[unit["variant"]], int(unit["seed"]), int(row["layer"])
        found[key] = results.payload(row)
    return found


def differing_pixels(one, other, row, size):
    counts = [results.payload(expressions[row]) for results, expressions in (one, other)]
    if counts[0] == counts[1]:
        return 0
    return int(operator.ne(*(coco.decode({"size": size, "counts": c}) for c in counts)).sum())


def assert_masks_agree(one, other):
    """The same expressions, packed in two ways. Matrix kernels give other last bits for other row counts, which a pixel of
    logit 0 (within 1e-4) may show."""
    masks = [(results, results.expressions()) for results in (one, other)]
    sizes = {int(row["image_id"]): (int(row["height"]), int(row["width"])) for row in one.tables["images"]}
    assert masks[0][1].keys() == masks[1][1].keys()
    off = []
    for key, row in masks[0][1].items():
        height, width = sizes[key[1]]
        assert row["status"] == masks[1][1][key]["status"], key
        pixels = differing_pixels(*masks, key, (height, width)) if row["status"] == 0 else 0
        assert pixels <= 1 + 1e-5 * height * width, key
        assert abs(int(row["intersection"]) - int(masks[1][1][key]["intersection"])) <= pixels
        off.append(pixels > 0)
    assert sum(off) < 0.05 * len(off)


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


def shards_bytes(run):
    return sum(f.stat().st_size for f in (run / "shards").glob("*.h5")) if (run / "shards").exists() else 0


def session_members(session):
    """Live processes of a session; mpirun gives every rank a process group of its own."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, sid = stat.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue
        if int(sid) == session and state != "Z":
            members.append(int(stat.parent.name))
    return members


def kill_session(session):
    while members := session_members(session):
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


def kill_at_a_random_moment(config, ranks, rng):
    """Starts the run in a session of its own and kills all of it some time after its first shard appears."""
    process = subprocess.Popen(command("--config", config, ranks=ranks), env=environment(), cwd=ROOT, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run = config.parent / "run"
    deadline = time.monotonic() + 120
    while process.poll() is None and shards_bytes(run) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(rng.uniform(0.0, 0.8))
    kill_session(process.pid)
    process.wait()
