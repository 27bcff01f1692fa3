"""model.broadcast: rank 0 alone reads the weights, and nothing else changes."""

import json
import subprocess
import time
from pathlib import Path

import pytest
import torch
from memory_test import engines, mapped
from safetensors.torch import load_file, save_file
from support import BIN, GOLDEN, ROOT, Results, environment, integers, run, run_config, sweep

SPLITS = ["refcoco/val", "refcocog/test"]
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = ["litelvlm", "random"]\ntokens = [192, 64]\n'
MEMORY = "memfd:litebench-weights (deleted)"
MANY = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "random"\ntokens = [192, 128, 64]\nseeds = 60\n'


def text(folder, seconds=120, on=True, **options):
    options = {"splits": SPLITS, "sweeps": SWEEPS, **options}
    keys = f"broadcast = {json.dumps(on)}\nbroadcast_seconds = {seconds}\n[data]"
    return sweep(folder / "run", **options).replace("[data]", keys)


def start(folder, content, *ranks):
    """A run whose ranks have environments of their own: (count, {variable: value}) each."""
    config = folder / "sweep.toml"
    config.write_text(content)
    words = ["mpirun", "--oversubscribe", "--bind-to", "none"]
    for index, (count, variables) in enumerate(ranks):
        words += [":"] if index else []
        words += ["-n", str(count)]
        for name, value in variables.items():
            words += ["-x", f"{name}={value}"]
        words += [str(BIN / "litebench"), "--config", str(config)]
    return subprocess.Popen(words, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process, timeout=300):
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def weights_line(path):
    results = Results(path)
    return {results.bytes[r["value_offset"]:][:r["value_length"]].decode() for r in results.tables["provenance"]
            if results.bytes[r["key_offset"]:][:r["key_length"]] == b"weights"}


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The checkpoints as safetensors in fp32, which ranks would map themselves."""
    folder = tmp_path_factory.mktemp("converted")
    for name in ("glamm", "clip"):
        done = run("convert", GOLDEN / name, folder / name, "--dtype", "float32")
        assert done.returncode == 0, done.stderr
    return {name: folder / name for name in ("glamm", "clip")}


def alone(folder, **options):
    run_config(folder, text(folder, on=False, **options))
    assert weights_line(folder / "run/results.h5") == {"every rank read them"}
    return integers(folder / "run/results.h5")


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_the_integers_are_those_of_ranks_that_all_read(tmp_path, converted, dtype, monkeypatch):
    (tmp_path / "alone").mkdir()
    # fp32 from safetensors: views of the file against rooms of the relay; bf16 from .bin: converted by one or by all
    checkpoints = converted if dtype == "fp32" else {}
    expected = alone(tmp_path / "alone", dtype=dtype, **checkpoints)
    for ranks, per_node, machines in [(2, 1, 2), (4, 2, 2), (4, 4, 1)]:
        folder = tmp_path / f"{ranks}-{per_node}"
        folder.mkdir()
        monkeypatch.setenv("LITEBENCH_RANKS_PER_NODE", str(per_node))
        done = run_config(folder, text(folder, dtype=dtype, **checkpoints), ranks=ranks)
        way = f"rank 0 read them, MPI carried them to {machines} machine{'s' if machines > 1 else ''}"
        assert f"litebench: weights: {way} in " in done.stderr
        assert weights_line(folder / "run/results.h5") == {way}
        assert integers(folder / "run/results.h5") == expected


@pytest.mark.parametrize("on", [True, False], ids=["broadcast", "every rank reading"])
def test_only_rank_0_opens_a_file_of_weights(tmp_path, converted, on):
    guard = {"LD_PRELOAD": BIN / "fault_on_open.so", "LITEBENCH_FAULT_FILE": "model.safetensors",
             "LITEBENCH_RANKS_PER_NODE": 2}     # kills who opens one
    code, out, err = finished(start(tmp_path, text(tmp_path, on=on, **converted), (1, {"LITEBENCH_RANKS_PER_NODE": 2}), (3, guard)))
    assert (code == 0) == on, out + err
    if on:
        assert "VALID:" in out and "INVALID" not in out


def test_a_run_is_continued_with_it_and_by_one_rank_without_it(tmp_path, converted):
    splits = ["refcoco/val", "refcoco/testB"]
    run_config(tmp_path, text(tmp_path, on=False, splits=splits[:1], **converted), ranks=2)
    run_config(tmp_path, text(tmp_path, on=True, splits=splits, **converted), ranks=2)
    both = integers(tmp_path / "run/results.h5")
    (tmp_path / "alone").mkdir()
    assert both == alone(tmp_path / "alone", splits=splits, **converted)
    (tmp_path / "single").mkdir()
    run_config(tmp_path / "single", text(tmp_path / "single", on=True, **converted))    # nobody to send to
    assert weights_line(tmp_path / "single/run/results.h5") == {"every rank read them"}


def test_random_weights_are_made_by_every_rank(tmp_path):
    run_config(tmp_path, text(tmp_path, glamm="random:tiny", clip="random:tiny", splits=["refcoco/testB"]), ranks=2)
    assert weights_line(tmp_path / "run/results.h5") == {"every rank made them"}


def test_a_damaged_tensor_ends_all_ranks_with_its_name(tmp_path, converted):
    (tmp_path / "glamm").mkdir()
    for file in converted["glamm"].iterdir():
        (tmp_path / "glamm" / file.name).write_bytes(file.read_bytes())
    tensors = load_file(tmp_path / "glamm/model.safetensors")
    tensors["model.norm.weight"][3] = torch.nan
    save_file(tensors, tmp_path / "glamm/model.safetensors")
    begin = time.monotonic()
    content = text(tmp_path, glamm=tmp_path / "glamm", clip=converted["clip"])
    code, out, err = finished(start(tmp_path, content, (4, {"LITEBENCH_RANKS_PER_NODE": 2})))
    assert code == 65, out + err
    assert "tensor model.norm.weight of" in err and "holds NaN or infinity" in err
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize("hanging", ["its machine's first", "another"])
def test_a_rank_that_hangs_before_the_weights_come_ends_the_others_in_time(tmp_path, converted, hanging):
    hangs = {"LD_PRELOAD": BIN / "fault_on_open.so", "LITEBENCH_FAULT": "hang", "LITEBENCH_FAULT_FILE": "vocab.json",
             "LITEBENCH_RANKS_PER_NODE": 2 if hanging == "another" else 1}
    calm = {"LITEBENCH_RANKS_PER_NODE": hangs["LITEBENCH_RANKS_PER_NODE"]}
    begin = time.monotonic()
    process = start(tmp_path, text(tmp_path, seconds=3, **converted), (1, calm), (1, hangs), (1, calm))
    code, out, err = finished(process, timeout=100)
    assert code == 75, out + err
    assert "within 3 seconds" in err or "said nothing for 3 seconds" in err
    assert time.monotonic() - begin < 60


def shared_kilobytes(pid):
    """Of the memory that the weights came into, whoever has looked at how much of it."""
    for line in (Path("/proc") / str(pid) / "maps").read_text().splitlines():
        if line.endswith(MEMORY):
            begin, end = line.split()[0].split("-")
            return (int(end, 16) - int(begin, 16)) / 1024
    return 0


def test_eight_ranks_hold_one_copy_that_none_has_a_file_of(tmp_path):
    """From .bin files every rank would hold a copy of its own."""
    config = tmp_path / "sweep.toml"
    process = start(tmp_path, text(tmp_path, sweeps=MANY), (8, {}))
    shards = list((GOLDEN / "glamm").glob("*.bin"))
    assert shards
    try:
        use = []
        while process.poll() is None and not use:
            time.sleep(0.2)
            pids = engines(config)
            try:
                size = min(map(shared_kilobytes, pids), default=0)
                before = [mapped(pid, MEMORY) for pid in pids]
                now = [mapped(pid, MEMORY) for pid in pids]
                files = [mapped(pid, name) for pid in pids for name in shards]
            except OSError:
                continue
            # shares add up only while nobody looks at a page for the first time
            if len(now) == 8 and size > 0 and before == now and all(rss > 0.5 * size for _, rss in now):
                use = now
        assert use, finished(process)
        assert sum(pss for pss, _ in use) <= 1.1 * size     # one copy in all
        assert sum(rss for _, rss in use) >= 4 * size       # and eight that look at it
        assert not any(rss for _, rss in files)
    finally:
        process.terminate()
        process.wait()
