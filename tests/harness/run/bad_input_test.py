"""Each kind of bad input through the public command: its message, its exit code, and nothing already written harmed."""

import json
import pickle
import re
import resource
import shutil
import signal
import subprocess

import pytest
import torch
from safetensors.torch import load_file, save_file
from support import GOLDEN, ROOT, Results, command, environment, integers, run, run_config, sweep

ONE = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = 64\n'
SPLIT = ["refcoco/val"]


def fails(folder, text, code, *parts, arguments=()):
    done = run_config(folder, text, *arguments, expect=code)
    for part in parts:
        assert part in done.stderr, f"{part!r} is not in\n{done.stderr}"
    return done


@pytest.fixture
def data(tmp_path):
    """A copy of the data set that may be damaged."""
    shutil.copytree(GOLDEN / "data/Refer_Segm", tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def checkpoint(tmp_path):
    """A copy of the checkpoint as safetensors that may be damaged."""
    folder = tmp_path / "glamm"
    done = run("convert", GOLDEN / "glamm", folder)
    assert done.returncode == 0, done.stderr
    return folder


def damage(checkpoint, change):
    tensors = load_file(checkpoint / "model.safetensors")
    change(tensors)
    save_file(tensors, checkpoint / "model.safetensors")


def test_missing_configuration(tmp_path):
    done = run("--config", tmp_path / "nowhere.toml")
    assert done.returncode == 74 and "nowhere.toml" in done.stderr


def test_unknown_key_is_answered_with_the_nearest_one(tmp_path):
    fails(tmp_path, sweep(tmp_path / "run") + "\n[tabels]\n", 64, "tabels", '"tables"')
    fails(tmp_path, sweep(tmp_path / "run").replace("dtype", "dtyp"), 64, 'did you mean "dtype"?', "line")


def test_unknown_method_and_option_name_their_neighbours(tmp_path):
    fails(tmp_path, sweep(tmp_path / "run", sweeps='[[sweep]]\nmethod = "litelvm"\ntokens = 64\n'), 64, "litelvlm")
    fails(tmp_path, sweep(tmp_path / "run", sweeps='[[sweep]]\nmethod = "litelvlm"\ntokens = 64\nvarint = "code"\n'), 64,
          "variant")


def test_missing_checkpoint(tmp_path):
    fails(tmp_path, sweep(tmp_path / "run", glamm=tmp_path / "none"), 74, str(tmp_path / "none"))


def test_truncated_checkpoint_shard(tmp_path):
    folder = tmp_path / "glamm"
    shutil.copytree(GOLDEN / "glamm", folder)
    shard = folder / "pytorch_model-00002-of-00002.bin"
    shard.write_bytes(shard.read_bytes()[:-5000])
    fails(tmp_path, sweep(tmp_path / "run", glamm=folder), 65, shard.name)


def test_missing_unexpected_and_misshapen_tensors_are_listed(tmp_path, checkpoint):
    def change(tensors):
        del tensors["model.norm.weight"]
        tensors["model.stranger"] = torch.zeros(3)
        tensors["model.mm_projector.0.bias"] = torch.zeros(7)

    damage(checkpoint, change)
    fails(tmp_path, sweep(tmp_path / "run", glamm=checkpoint), 65, "model.norm.weight", "model.stranger",
          "model.mm_projector.0.bias")


def test_weight_that_is_no_number(tmp_path, checkpoint):
    damage(checkpoint, lambda tensors: tensors["model.norm.weight"].view(-1)[3:4].fill_(float("nan")))
    fails(tmp_path, sweep(tmp_path / "run", glamm=checkpoint), 65, "model.norm.weight")


class Bomb:
    def __reduce__(self):
        return (print, ("executed",))


def test_pickle_that_wants_to_call_something(tmp_path, data):
    (data / "refcoco/refs(unc).p").write_bytes(pickle.dumps([Bomb()], protocol=2))
    done = fails(tmp_path, sweep(tmp_path / "run", root=data, splits=SPLIT), 65, "refs(unc).p")
    assert "executed" not in done.stdout


def test_truncated_instances(tmp_path, data):
    path = data / "refcoco/instances.json"
    path.write_text(path.read_text()[:-100])
    fails(tmp_path, sweep(tmp_path / "run", root=data, splits=SPLIT), 65, "instances.json")


def test_empty_split(tmp_path):
    fails(tmp_path, sweep(tmp_path / "run", splits=["refcoco/nowhere"]), 65, "nowhere")


def statuses(run_folder):
    results = Results(run_folder / "results.h5")
    names = {value: key for key, value in results.enums["status"].items()}
    return {(key[1], key[4]): names[int(row["status"])] for key, row in results.expressions().items()}


def test_corrupt_jpeg_is_a_row_and_the_run_goes_on(tmp_path, data):
    picture = data / "coco_2014/train2014/COCO_train2014_000000098304.jpg"
    picture.write_bytes(picture.read_bytes()[:5000])
    done = run_config(tmp_path, sweep(tmp_path / "run", root=data, splits=SPLIT, sweeps=ONE))
    assert "VALID" in done.stdout and "excluded" in done.stdout
    found = statuses(tmp_path / "run")
    assert found[(98304, "none")] == found[(98304, "litelvlm@64")] == "failed_decode"
    assert {status for (image, _), status in found.items() if image != 98304} == {"ok"}


def test_run_length_mask_out_of_range_is_a_row_and_the_run_goes_on(tmp_path, data):
    path = data / "refcoco/instances.json"
    instances = json.loads(path.read_text())
    wanted = json.loads((GOLDEN / "expected/eval.json").read_text())["refcoco|val"]["samples"][0]
    for annotation in instances["annotations"]:
        if annotation["id"] in wanted["ann_ids"]:
            annotation["segmentation"] = [{"size": [wanted["height"], wanted["width"]], "counts": "ooooo0"}]
    path.write_text(json.dumps(instances))
    run_config(tmp_path, sweep(tmp_path / "run", root=data, splits=SPLIT, sweeps=ONE))
    found = statuses(tmp_path / "run")
    assert found[(wanted["image_id"], "none")] == "failed_sample"
    assert "ok" in found.values()


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    fails(tmp_path, sweep(tmp_path / "file/run"), 74, "file/run")


def small_files():
    """A file size limit stands for the full disk: the same error reaches the program through the same calls."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def test_full_disk_keeps_what_was_written(tmp_path):
    text = sweep(tmp_path / "run", splits=["refcoco/val", "refcocog/test"], sweeps=ONE)
    config = tmp_path / "sweep.toml"
    config.write_text(text)

    done = subprocess.run(command("--config", config), env=environment(), cwd=ROOT, text=True, capture_output=True,
                          preexec_fn=small_files, timeout=300)
    assert done.returncode == 74, done.stdout + done.stderr
    run_config(tmp_path, text)
    other = tmp_path / "other"
    other.mkdir()
    run_config(other, sweep(other / "run", splits=["refcoco/val", "refcocog/test"], sweeps=ONE))
    assert integers(tmp_path / "run/results.h5") == integers(other / "run/results.h5")


def test_a_changed_option_refuses_to_mix(tmp_path):
    run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/testB"], sweeps=ONE))
    before = integers(tmp_path / "run/results.h5")
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/testB"], sweeps=ONE, dtype="bf16"), expect=64)
    assert "dtype" in done.stderr and "--fresh" in done.stderr
    assert integers(tmp_path / "run/results.h5") == before
    run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/testB"], sweeps=ONE, dtype="bf16"), "--fresh")
    assert any(p.name.startswith("run.old-") for p in tmp_path.iterdir())


def test_changed_repeats_refuse_to_mix(tmp_path):
    def text(repeats):
        return sweep(tmp_path / "run", splits=["refcoco/testB"], sweeps=ONE,
                     extra=f"[passes]\nlatency = {{ images = 1, repeats = {repeats}, warmup = 0 }}")

    run_config(tmp_path, text(1))
    fails(tmp_path, text(2), 64, "repeats", "--fresh")
    run_config(tmp_path, text(1))


def test_a_failing_rank_ends_the_run_with_its_message_and_code(tmp_path):
    """Not after the other ranks have done all the rest, and not by waiting for a rank that will never come."""
    text = sweep(tmp_path / "run", sweeps=ONE)
    config = tmp_path / "sweep.toml"
    config.write_text(text)

    # In rank 1 alone, by the shell: mpirun resets signals, and its own shared memory is made of larger files.
    limited = ["sh", "-c", 'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then trap "" XFSZ; ulimit -f 150; fi; exec "$@"', "sh",
               *command("--config", config)]
    done = subprocess.run(["mpirun", "-n", "2", "--oversubscribe", "--bind-to", "none", "--mca", "btl", "tcp,self", *limited],
                          env=environment(), cwd=ROOT, text=True, capture_output=True, timeout=120)
    assert done.returncode == 74, done.stdout + done.stderr
    assert "litebench: rank 1: " in done.stderr and "cannot" in done.stderr
    status = run("status", tmp_path / "run")
    finished, planned = map(int, re.search(r"accuracy +(\d+) of (\d+) bundles", status.stdout).groups())
    assert status.returncode == 3 and 0 < finished <= planned - 5, status.stdout


def test_a_sentence_that_contains_a_special_token_is_a_row_and_the_run_goes_on(tmp_path, data):
    path = data / "refcocog/refs(umd).p"
    refs = pickle.loads(path.read_bytes())
    image = next(r["image_id"] for r in refs if r["split"] == "val")
    for ref in refs:
        if ref["image_id"] == image:
            for sentence in ref["sentences"]:
                sentence["sent"] = "the <image> one"
    path.write_bytes(pickle.dumps(refs, protocol=2))
    run_config(tmp_path, sweep(tmp_path / "run", root=data, splits=["refcocog/val"], sweeps=ONE))
    found = statuses(tmp_path / "run")
    assert found[(image, "none")] == "failed_sample"
    assert "ok" in found.values()
