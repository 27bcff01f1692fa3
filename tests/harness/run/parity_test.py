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


def recorded_samples():
    """(split, variant, sample, what the reference found), 160 of them."""
    for split, of in recorded().items():
        for name, variant in VARIANTS.items():
            for sample, found in zip(of["samples"], of["runs"][name]["samples"]):
                yield split.replace("|", "/"), variant, sample, found


def want_retained(found):
    return found.get("retained") or list(range(576))


def orders(results):
    """(split, image id, variant, order of the patches here, what the reference found) of every sample and variant."""
    found = Results(results / "results.h5")
    kept = retained(found)
    ids = {(found.split_name(s["split"]), int(s["image_id"])): int(s["sample_id"]) for s in found.tables["samples"]}
    for split, variant, sample, expected in recorded_samples():
        yield split, sample["image_id"], variant, kept[ids[split, sample["image_id"]], variant, 0], expected


def tied(expected):
    """Two context scores as near as float32 can tell apart: which comes first is the CPU's rounding."""
    return expected.get("margins", {}).get("ctx_gap", 1) < 2**-23


def exchanged_neighbours(here, want):
    """Number of pairs of neighbours in each other's place; None where more than that is different."""
    differing = [i for i, (a, b) in enumerate(zip(here, want, strict=True)) if a != b]
    pairs = list(zip(differing[::2], differing[1::2]))
    if len(differing) % 2 or any(b != a + 1 or here[a] != want[b] or here[b] != want[a] for a, b in pairs):
        return None
    return len(pairs)


def reordered(results):
    """The samples where a tie went the other way: their states differ by more than rounding."""
    return {(split, image, variant) for split, image, variant, here, expected in orders(results)
            if here != want_retained(expected) and tied(expected)}


def test_every_expression_has_the_recorded_intersection_and_union(results):
    rows = Results(results / "results.h5").expressions()
    differing = []
    count = 0
    other_order = reordered(results)
    for key, (_, intersection), (_, union), near, absmin in expected_rows():
        count += 1
        row = rows[key]
        if (key[0], key[1], key[4]) in other_order:
            continue
        off = abs(int(row["intersection"]) - intersection) + abs(int(row["union"]) - union)
        if off:
            differing.append((key, off, near, absmin))
    assert count == len(rows)
    # Only a pixel whose logit is next to zero may fall on the other side.
    assert all(off <= 2 and absmin < 1e-4 for _, off, _, absmin in differing), differing
    assert len(differing) <= 5, differing


def test_retained_patches_are_the_recorded_ones_in_the_recorded_order(results):
    compared = 0
    for split, image, variant, here, expected in orders(results):
        compared += 1
        if here != want_retained(expected):
            assert tied(expected) and exchanged_neighbours(here, want_retained(expected)) == 1, (split, image, variant)
    assert compared == 160
    assert len(reordered(results)) <= 1


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
