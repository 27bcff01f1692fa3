"""The public command against the reference implementation: recorded draws in, per-expression integers out.

Expected values were made by the reference implementation in Python (tests/golden/tiny/README.md).
"""

import json

import numpy as np
import pytest
from support import GOLDEN, Results, retained, run_config, sweep

VARIANTS = {"glamm": "none", "litelvlm_576": "litelvlm@576", "litelvlm_192": "litelvlm@192",
            "litelvlm_128": "litelvlm@128", "litelvlm_64": "litelvlm@64"}
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [576, 192, 128, 64]\n'


def recorded():
    return json.loads((GOLDEN / "expected/eval.json").read_text())


def choices():
    """The recorded draws in litebench's replay format."""
    replay = {}
    for split, of in recorded().items():
        replay[split.replace("|", "/")] = [
            {"image_id": s["image_id"],
             "turns": [{"sent_id": i, "template": t, "answer": a}
                       for i, t, a in zip(s["sent_ids"], s["template_index"], s["answer_index"])]}
            for s in of["samples"]]
    return replay


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    (folder / "choices.json").write_text(json.dumps(choices()))
    protocol = f'[protocol]\nprofile = "upstream-compatible"\nreplay = "{folder}/choices.json"\n'
    text = sweep(folder / "run", sweeps=SWEEPS, protocol=protocol, extra='[passes]\naccuracy = true\n')
    run_config(folder, text, ranks=2)
    return folder / "run"


def expected_rows():
    for split, of in recorded().items():
        for name, variant in VARIANTS.items():
            for sample, found in zip(of["samples"], of["runs"][name]["samples"]):
                for turn, sent_id in enumerate(sample["sent_ids"]):
                    key = (split.replace("|", "/"), sample["image_id"], sent_id, turn, variant, 0)
                    yield key, found["I"][turn], found["U"][turn], found["near"][turn], found["absmin"][turn]


def test_every_expression_has_the_recorded_intersection_and_union(results):
    rows = Results(results / "results.h5").expressions()
    differing = []
    count = 0
    for key, (_, intersection), (_, union), near, absmin in expected_rows():
        count += 1
        row = rows[key]
        off = abs(int(row["intersection"]) - intersection) + abs(int(row["union"]) - union)
        if off:
            differing.append((key, off, near, absmin))
    assert count == len(rows)
    # Only a pixel whose logit is next to zero may fall on the other side.
    assert all(off <= 2 and absmin < 1e-4 for _, off, _, absmin in differing), differing
    assert len(differing) <= 5, differing


def test_retained_patches_are_the_recorded_ones_in_the_recorded_order(results):
    found = Results(results / "results.h5")
    kept = retained(found)
    samples = {(found.split_name(s["split"]), int(s["image_id"])): int(s["sample_id"]) for s in found.tables["samples"]}
    compared = 0
    for split, of in recorded().items():
        for name, variant in VARIANTS.items():
            for sample, expected in zip(of["samples"], of["runs"][name]["samples"]):
                key = (samples[(split.replace("|", "/"), sample["image_id"])], variant, 0)
                want = expected.get("retained") or list(range(576))
                assert kept[key] == want, key
                compared += 1
    assert compared == 160


def test_input_lengths_are_the_recorded_ones(results):
    found = Results(results / "results.h5")
    lengths = {(found.split_name(s["split"]), int(s["image_id"])): int(s["tokens"]) for s in found.tables["samples"]}
    for split, of in recorded().items():
        for sample in of["samples"]:
            assert lengths[(split.replace("|", "/"), sample["image_id"])] == len(sample["input_ids"])


def dataset_ciou(rows, split, of, variant):
    """The reference's float32 accumulation in its order of images; whether every expression agrees; the result."""
    intersection = union = np.float32(0)
    same = True
    recorded_runs = of["runs"][next(name for name, v in VARIANTS.items() if v == variant)]["samples"]
    for sample, found in zip(of["samples"], recorded_runs):
        cells = [rows[(split.replace("|", "/"), sample["image_id"], s, t, variant, 0)] for t, s in enumerate(sample["sent_ids"])]
        intersection += np.float32(sum(int(c["intersection"]) for c in cells))
        union += np.float32(sum(int(c["union"]) for c in cells))
        same &= [int(c["intersection"]) for c in cells] == [i for _, i in found["I"]]
        same &= [int(c["union"]) for c in cells] == [u for _, u in found["U"]]
    return same, float(intersection / (union + np.float32(1e-10)))


def test_dataset_ciou_equals_the_recorded_one_to_six_digits(results):
    rows = Results(results / "results.h5").expressions()
    agreeing = 0
    for split, of in recorded().items():
        for name, variant in VARIANTS.items():
            same, ciou = dataset_ciou(rows, split, of, variant)
            # a pixel on the other side of a logit next to zero moves the sixth digit
            assert abs(ciou - float(of["runs"][name]["ciou"])) < (1e-6 if same else 2e-5), (split, name)
            agreeing += same
    assert agreeing >= 34
