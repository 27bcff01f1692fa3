"""Checkpoints written by PyTorch and safetensors against litebench's own readers.

The oracle is PyTorch itself: torch.load, Tensor.to, safetensors.torch.load_file.
"""

import collections
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import zipfile

import pytest
import safetensors.torch
import torch

TINY = pathlib.Path("tests/golden/tiny").absolute()
TOOL = pathlib.Path(os.environ["LITEBENCH_BIN"]) / "checkpoint_tool"
DATA, IO = 65, 74
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def tool(*arguments, **options):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, **options)


def refused(code, *parts, command):
    """The command ends with this exit code and a message `problem (reason) advice` that holds these parts."""
    assert command.returncode == code, command
    for part in parts:
        assert part in command.stderr, command.stderr
    assert "(" in command.stderr and ")" in command.stderr


def bits(tensor):
    return tensor.contiguous().view(torch.uint8) if tensor.dim() else tensor.reshape(1).view(torch.uint8)


def assert_same(actual, expected, dtype=None):
    assert sorted(actual) == sorted(expected)
    for name, tensor in expected.items():
        wanted = tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor
        assert actual[name].dtype == wanted.dtype and actual[name].shape == wanted.shape, name
        assert torch.equal(bits(actual[name]), bits(wanted)), name


def load_golden(folder):
    tensors = {}
    for shard in sorted((TINY / folder).glob("*.bin")):
        tensors.update(torch.load(shard, weights_only=True))
    return tensors


@pytest.fixture
def glamm(tmp_path):
    """A copy of the tiny GLaMM that a test may damage."""
    return pathlib.Path(shutil.copytree(TINY / "glamm", tmp_path / "glamm"))


@pytest.mark.parametrize("folder", ["glamm", "clip"])
@pytest.mark.parametrize("dtype", ["keep", "fp32", "bf16", "fp16"])
def test_converted_tensors_equal_torchs_bit_for_bit(folder, dtype, tmp_path):
    assert tool("convert", TINY / folder, tmp_path / "out", dtype).returncode == 0
    actual = safetensors.torch.load_file(tmp_path / "out" / "model.safetensors")
    assert_same(actual, load_golden(folder), DTYPES.get(dtype))


@pytest.mark.parametrize("source", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("target", ["fp32", "bf16", "fp16"])
def test_every_float_conversion_rounds_like_torch(source, target, tmp_path):
    halves = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    every_half = halves.view(torch.float16)
    every_bf16 = halves.view(torch.bfloat16)
    generator = torch.Generator().manual_seed(1)
    floats = torch.randint(-(2**31), 2**31, (200_000,), generator=generator).to(torch.int32).view(torch.float32)
    # Midpoints of neighbouring bfloat16 and half values: where ties must go to even.
    ties = torch.cat([(every_bf16.view(torch.int16).to(torch.int32) << 16 | 0x8000).view(torch.float32),
                      every_half.float() * (1 + 2.0**-11), torch.arange(4096).float() * 2.0**-25])
    values = {"half": every_half, "bf16": every_bf16, "float": floats, "ties": ties}
    values = {name: value[value.isfinite()].to(source) for name, value in values.items()}
    (tmp_path / "in").mkdir()
    torch.save(values, tmp_path / "in" / "pytorch_model.bin")
    assert tool("convert", tmp_path / "in", tmp_path / "out", target).returncode == 0
    assert_same(safetensors.torch.load_file(tmp_path / "out" / "model.safetensors"), values, DTYPES[target])


def unusual_tensors():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    shared = torch.arange(10, dtype=torch.int64)
    tensors = {
        "permuted": base.permute(2, 0, 1), "sliced": base[:, 1:, ::2], "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3), "one": torch.ones(1, 1, 1), "shared.a": shared[:4], "shared.b": shared[2:],
        'quote"back\\slash': torch.ones(2), "bool": torch.tensor([True, False, True]),
        "column": torch.arange(6.0).reshape(6, 1).t(),
    }
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int32, torch.int16, torch.int8, torch.uint8):
        tensors[str(dtype)] = torch.arange(7).to(dtype)
    return tensors


@pytest.mark.parametrize("container", ["dict", "OrderedDict with metadata", "parameters"])
def test_unusual_layouts_survive(container, tmp_path):
    tensors = unusual_tensors()
    state = dict(tensors)
    if container == "OrderedDict with metadata":
        state = collections.OrderedDict(tensors)
        state._metadata = collections.OrderedDict({"": {"version": 1}})
    elif container == "parameters":
        state = {name: torch.nn.Parameter(value, requires_grad=False) for name, value in tensors.items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    assert tool("convert", tmp_path, tmp_path / "out").returncode == 0
    assert_same(safetensors.torch.load_file(tmp_path / "out" / "model.safetensors"), tensors)


def test_safetensors_of_the_reference_library_are_read_and_win_over_bin(tmp_path):
    tensors = {name: value.clone().contiguous() for name, value in unusual_tensors().items()}
    safetensors.torch.save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    torch.save({"other": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    assert tool("convert", tmp_path, tmp_path / "out", "bf16").returncode == 0
    assert_same(safetensors.torch.load_file(tmp_path / "out" / "model.safetensors"), tensors, torch.bfloat16)


def test_conversion_aligns_tensors_and_copies_what_belongs_beside_them(tmp_path):
    assert tool("convert", TINY / "glamm", tmp_path, "bf16").returncode == 0
    content = (tmp_path / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    assert (8 + length) % 64 == 0 and list(header)[1:] == sorted(list(header)[1:])
    assert header.pop("__metadata__") == {"format": "pt"}
    large = [entry["data_offsets"] for entry in header.values()]
    assert all(begin % 64 == 0 for begin, end in large if (end - begin) % 64 == 0)
    assert all(begin % 2 == 0 for begin, end in large)
    copied = {path.name for path in tmp_path.iterdir()}
    assert copied == {"model.safetensors", "config.json", "generation_config.json", "tokenizer.model",
                      "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"}
    assert tool("check", tmp_path, TINY / "clip").returncode == 0


def test_memory_does_not_grow_with_the_checkpoint(tmp_path):
    # 256 MB of tensors (a sparse file: zeros need no disk) in a process that may have 32 MB of its own.
    size = 256 * 2**20
    header = json.dumps({f"t{i}": {"dtype": "F32", "shape": [size // 16], "data_offsets": [i * size // 4, (i + 1) * size // 4]}
                         for i in range(4)}).encode()
    with open(tmp_path / "model.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (32 * 2**20,) * 2)
    result = tool("convert", tmp_path, tmp_path / "out", "bf16", preexec_fn=limit)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "model.safetensors").stat().st_size > size // 2


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    def fill_disk_early():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000,) * 2)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)   # so that write() fails instead of ending the program
    refused(IO, "cannot write", "File too large",
            command=tool("convert", TINY / "glamm", tmp_path, preexec_fn=fill_disk_early, restore_signals=False))
    assert not [path for path in tmp_path.iterdir() if "safetensors" in path.name]


def test_the_golden_checkpoints_fit_their_geometry():
    result = tool("check", TINY / "glamm", TINY / "clip")
    assert result.returncode == 0, result.stderr


def test_a_missing_path_is_an_io_error(tmp_path):
    refused(IO, "nowhere", "No such file", command=tool("check", tmp_path / "nowhere", TINY / "clip"))
    refused(IO, "there is no checkpoint", command=tool("check", tmp_path, TINY / "clip"))


def test_a_missing_shard_is_named(glamm):
    (glamm / "pytorch_model-00002-of-00002.bin").unlink()
    refused(DATA, "pytorch_model-00002-of-00002.bin is missing", command=tool("check", glamm, TINY / "clip"))


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.999, 0.999999])
def test_a_truncated_shard_is_refused(glamm, keep):
    shard = glamm / "pytorch_model-00002-of-00002.bin"
    shard.write_bytes(shard.read_bytes()[:int(shard.stat().st_size * keep)])
    refused(DATA, shard.name, command=tool("check", glamm, TINY / "clip"))


@pytest.mark.parametrize("name", ["../clip/pytorch_model.bin", "/etc/passwd", "..", "", "sub/shard.bin"])
def test_an_index_cannot_leave_its_folder(glamm, name):
    index = glamm / "pytorch_model.bin.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["model.norm.weight"] = name
    index.write_text(json.dumps(content))
    refused(DATA, f"'{name}' is no file name inside the folder", command=tool("check", glamm, TINY / "clip"))


def test_a_tensor_that_the_index_promises_is_missed(glamm):
    index = glamm / "pytorch_model.bin.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["model.invented"] = "pytorch_model-00001-of-00002.bin"
    index.write_text(json.dumps(content))
    refused(DATA, "lacks tensor model.invented", command=tool("check", glamm, TINY / "clip"))


def damaged(glamm, change):
    """The tiny GLaMM with a changed second shard."""
    shard = glamm / "pytorch_model-00002-of-00002.bin"
    tensors = torch.load(shard, weights_only=True)
    change(tensors)
    torch.save(tensors, shard)
    index = glamm / "pytorch_model.bin.index.json"
    content = json.loads(index.read_text())
    kept = {name: file for name, file in content["weight_map"].items() if file != shard.name}
    content["weight_map"] = kept | {name: shard.name for name in tensors}
    index.write_text(json.dumps(content))
    return tool("check", glamm, TINY / "clip")


def test_missing_unexpected_and_misshapen_tensors_are_listed_by_name(glamm):
    def change(tensors):
        del tensors["model.norm.weight"]
        tensors["model.surprise"] = torch.ones(1)
        tensors["model.mm_projector.0.bias"] = torch.ones(65)
        for block in range(4):
            for part in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
                del tensors[f"model.grounding_encoder.image_encoder.blocks.{block}.{part}"]
    refused(DATA, "17 missing: model.grounding_encoder", ", …", "1 unexpected: model.surprise",
            "1 misshapen: model.mm_projector.0.bias is [65], not [64]", command=damaged(glamm, change))


def test_integer_weights_are_refused(glamm):
    change = lambda tensors: tensors.update({"model.norm.weight": torch.ones(64, dtype=torch.int32)})
    refused(DATA, "model.norm.weight is int32", command=damaged(glamm, change))


def test_tensors_that_may_be_absent_or_ignored_are_no_error(glamm):
    def change(tensors):
        for name in list(tensors):
            if "region_encoder" in name or "iou_prediction_head" in name or name == "lm_head.weight":
                del tensors[name]
        tensors["model.vision_tower.vision_tower.anything"] = torch.ones(3)
    result = damaged(glamm, change)
    assert result.returncode == 0, result.stderr


class Forbidden:
    def __reduce__(self):
        return os.system, ("touch forbidden",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    torch.save({"weight": torch.ones(2), "evil": Forbidden()}, tmp_path / "pytorch_model.bin")
    refused(DATA, '"posix.system" is not allowed', command=tool("convert", tmp_path, tmp_path / "out", cwd=tmp_path))
    assert not (tmp_path / "forbidden").exists()


@pytest.mark.parametrize("value, reason", [
    (3, "'weight' is no tensor"),
    ([torch.ones(1)], "'weight' is no tensor"),
    (torch.ones(1).expand(1000, 1000), "more elements than its storage"),
])
def test_state_dicts_hold_dense_tensors_only(value, reason, tmp_path):
    torch.save({"weight": value}, tmp_path / "pytorch_model.bin")
    refused(DATA, reason, command=tool("convert", tmp_path, tmp_path / "out"))


def test_the_old_torch_format_is_explained(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    refused(DATA, "torch before 1.6", command=tool("convert", tmp_path, tmp_path / "out"))


def test_a_compressed_archive_is_refused(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "stored.bin")
    with zipfile.ZipFile(tmp_path / "stored.bin") as stored, \
            zipfile.ZipFile(tmp_path / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    refused(DATA, "is compressed", command=tool("convert", tmp_path, tmp_path / "out"))


def edited_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return tool("check", folder, TINY / "clip")


@pytest.mark.parametrize("changes, reason", [
    ({"num_attention_heads": 7, "num_key_value_heads": 7}, "7 heads do not divide"),
    ({"num_key_value_heads": 2}, "grouped-query attention is not implemented"),
    ({"rms_norm_eps": 0}, "rms_norm_eps = 0"),
    ({"num_hidden_layers": 0}, "num_hidden_layers = 0"),
    ({"num_hidden_layers": 4}, "9 missing: model.layers.3"),
    ({"mm_projector_type": "linear"}, "mm_projector_type is linear"),
    ({"mm_vision_select_layer": -9}, "mm_vision_select_layer = -9"),
    ({"sam_global_attn_indexes": [1, 4]}, "global attention in block 4 of 4"),
    ({"sam_window_size": 7}, "rel_pos_h is [27, 12], not [13, 12]"),
    ({"hidden_act": "gelu"}, "hidden_act is gelu"),
])
def test_a_configuration_that_does_not_fit_is_refused(glamm, changes, reason):
    refused(DATA, reason, command=edited_config(glamm, **changes))
