"""bf16 lies as far from fp32 as bf16 does in eager PyTorch, and as in the reference's own record.

The record (tests/golden/tiny/expected/bf16.json) holds what the reference's bf16 run differed from its fp32 run by. For
`glamm` that is rounding alone. Its pruned rows also hold patches that rounding exchanged or reordered; here both runs are
given the patches that the reference kept in bf16, and what rounding alone does to those is computed with eager.py.
"""

import os
import pathlib
import subprocess

import numpy as np
import pytest
import safetensors.torch
import torch
from eager import Eager
from recorded_noise import GOLDEN, SEG, gap, recorded, recorded_cases


@pytest.fixture(scope="module")
def cases():
    return recorded_cases()


@pytest.fixture(scope="module")
def ours(cases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    tensors = {}
    for n, case in enumerate(cases):
        tensors[f"{n}.clip"], tensors[f"{n}.sam"] = case["clip"].contiguous(), case["sam"].contiguous()
        tensors[f"{n}.ids"], tensors[f"{n}.retained"] = torch.tensor(case["ids"]), torch.tensor(case["retained"])
    safetensors.torch.save_file(tensors, folder / "in.safetensors")
    subprocess.run([pathlib.Path(os.environ["LITEBENCH_BIN"]) / "noise_probe", GOLDEN / "glamm", GOLDEN / "clip",
                    folder / "in.safetensors", folder / "out.safetensors"], check=True)
    return safetensors.torch.load_file(folder / "out.safetensors")


@pytest.fixture(scope="module")
def eager(cases):
    torch.set_num_threads(1)
    with torch.no_grad():
        return {dtype: [Eager(GOLDEN / "glamm", GOLDEN / "clip", dtype).seg_states(c["clip"], c["ids"], c["retained"], SEG)
                        for c in cases] for dtype in (torch.float32, torch.bfloat16)}


def gaps_of(cases, ours, eager, variant):
    """Per conversation: name -> list of gaps between bf16 and fp32."""
    found = {"ours seg_hidden": [], "ours pred_embeddings": [], "ours low_res": [], "eager seg_hidden": [],
             "eager pred_embeddings": []}
    for n, case in enumerate(cases):
        if case["row"]["variant"] != variant:
            continue
        for name in ("seg_hidden", "pred_embeddings", "low_res"):
            found["ours " + name].append(gap(ours[f"{n}.bf16.{name}"], ours[f"{n}.fp32.{name}"]))
        for k, name in enumerate(("seg_hidden", "pred_embeddings")):
            found["eager " + name].append(gap(eager[torch.bfloat16][n][k], eager[torch.float32][n][k]))
    return found


def shown(variant, gaps):
    return variant + "".join(f"; {name} mean {np.mean(v):.4f} max {max(v):.4f}" for name, v in gaps.items())


@pytest.mark.parametrize("variant", ["glamm", "litelvlm_192", "litelvlm_64"])
def test_fp32_agrees_with_eager_pytorch(cases, ours, eager, variant):
    for n, case in enumerate(cases):
        if case["row"]["variant"] == variant:
            assert gap(ours[f"{n}.fp32.seg_hidden"], eager[torch.float32][n][0]) < 5e-5


@pytest.mark.parametrize("variant", ["glamm", "litelvlm_192", "litelvlm_64"])
def test_rounding_moves_states_and_prompts_no_further_than_in_eager_pytorch(cases, ours, eager, variant):
    gaps = gaps_of(cases, ours, eager, variant)
    print(shown(variant, gaps))
    for name in ("seg_hidden", "pred_embeddings"):
        # The mean over ten conversations is a property of the arithmetic; their maximum is one draw of its luck.
        assert np.mean(gaps["ours " + name]) <= 1.1 * np.mean(gaps["eager " + name]), shown(variant, gaps)
        assert max(gaps["ours " + name]) <= 1.25 * max(gaps["eager " + name]), shown(variant, gaps)


def test_unpruned_states_and_prompts_lie_within_the_recorded_gap(cases, ours, eager):
    gaps, summary = gaps_of(cases, ours, eager, "glamm"), recorded("bf16.json")["summary"]["glamm"]
    for name in ("seg_hidden", "pred_embeddings"):
        record = summary[name + "_rel"]
        assert np.mean(gaps["ours " + name]) <= record["mean"], shown("glamm", gaps)
        # A maximum of ten is luck in part: eager PyTorch itself does not come below the recorded one here.
        assert max(gaps["ours " + name]) <= max(record["max"], max(gaps["eager " + name])), shown("glamm", gaps)


def test_unpruned_logits_lie_within_the_recorded_gap(cases, ours, eager):
    gaps, record = gaps_of(cases, ours, eager, "glamm"), recorded("bf16.json")["summary"]["glamm"]["low_res_rel"]
    assert np.mean(gaps["ours low_res"]) <= record["mean"], (record, shown("glamm", gaps))
    # One of ten, so luck moves it: the [SEG] states' maximum is 4 % higher in eager.py here than where it was recorded.
    assert max(gaps["ours low_res"]) <= 1.05 * record["max"], (record, shown("glamm", gaps))


@pytest.mark.parametrize("variant", ["litelvlm_192", "litelvlm_64"])
def test_pruned_states_prompts_and_logits_lie_within_the_recorded_gap(cases, ours, eager, variant):
    gaps, summary = gaps_of(cases, ours, eager, variant), recorded("bf16.json")["summary"][variant]
    for name in ("seg_hidden", "pred_embeddings", "low_res"):
        assert np.mean(gaps["ours " + name]) <= summary[name + "_rel"]["mean"], shown(variant, gaps)
        assert max(gaps["ours " + name]) <= summary[name + "_rel"]["max"], shown(variant, gaps)
