"""bf16 through the public command: no further from the reference's fp32 masks than the reference's own bf16 run is.

Recorded gaps: tests/golden/tiny/expected/bf16.json, made by the reference implementation on a CPU.
"""

import json
from collections import defaultdict

import numpy as np
import pytest
from parity_test import VARIANTS, choices, recorded
from pycocotools import mask as coco
from support import GOLDEN, Results, retained, run_config, sweep

SPLITS = ["refcoco/val", "refcocog/test"]
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [192, 64]\n'


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bf16")
    (folder / "choices.json").write_text(json.dumps(choices()))
    protocol = f'[protocol]\nprofile = "upstream-compatible"\nreplay = "{folder}/choices.json"\n'
    run_config(folder, sweep(folder / "run", splits=SPLITS, sweeps=SWEEPS, protocol=protocol, dtype="bf16"))
    return Results(folder / "run/results.h5")


def gaps():
    return json.loads((GOLDEN / "expected/bf16.json").read_text())


def decoded(rle, size):
    return coco.decode({"size": list(size), "counts": rle})


def test_masks_are_as_near_to_fp32_as_the_reference_in_bf16(results):
    rows = results.expressions()
    masks = json.loads((GOLDEN / "expected/masks.json").read_text())
    agreement = defaultdict(list)
    for split, of in recorded().items():
        name = split.replace("|", "/")
        if name not in SPLITS:
            continue
        for variant in ("glamm", "litelvlm_192", "litelvlm_64"):
            for i, sample in enumerate(of["samples"]):
                size = masks[split]["size"][i]
                same = []
                for turn, sent_id in enumerate(sample["sent_ids"]):
                    row = rows[(name, sample["image_id"], sent_id, turn, VARIANTS[variant], 0)]
                    ours = decoded(results.payload(row), size)
                    same.append(np.mean(ours == decoded(masks[split][variant][i][turn].encode(), size)))
                agreement[variant].append(float(np.mean(same)))   # recorded per conversation too
    for variant, values in agreement.items():
        recorded_gap = gaps()["summary"][variant]["mask_agreement"]
        assert len(values) == 10
        # twice the recorded distance from perfect agreement
        assert 1 - np.mean(values) <= 2 * (1 - recorded_gap["mean"]), (variant, np.mean(values))
        assert 1 - min(values) <= 2 * (1 - recorded_gap["min"]), (variant, min(values))


def test_retained_patches_are_the_fp32_ones_up_to_the_recorded_overlap(results):
    kept = retained(results)
    samples = {(results.split_name(s["split"]), int(s["image_id"])): int(s["sample_id"]) for s in results.tables["samples"]}
    for name in ("litelvlm_192", "litelvlm_64"):
        least = gaps()["summary"][name]["retained_overlap"]["min"]
        for split, of in recorded().items():
            if split.replace("|", "/") not in SPLITS:
                continue
            for sample, found in zip(of["samples"], of["runs"][name]["samples"]):
                ours = set(kept[(samples[(split.replace("|", "/"), sample["image_id"])], VARIANTS[name], 0)])
                overlap = len(ours & set(found["retained"])) / len(ours)
                assert 1 - overlap <= 2 * (1 - least), (split, sample["image_id"], overlap)
