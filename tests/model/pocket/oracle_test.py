"""The C++ program against the plain PyTorch model of the trainer: the shipped checkpoint on a shipped split.

Both read the same files and the same recorded draws and share nothing else. Expected values are the PyTorch model's.
"""

import json
import sys
from pathlib import Path

import pytest
import torch
from model.pocket import oracle

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/harness/run"))
from support import Results, retained, run_config, sweep  # noqa: E402

SHIPPED = ROOT / "model/pocket/shipped"
DATA = SHIPPED / "Refer_Segm"
SPLIT = "refcoco/testB"
VARIANTS = [oracle.Variant("none"), *(oracle.Variant("litelvlm", n) for n in (192, 128, 64)),
            oracle.Variant("litelvlm", 128, original=True), oracle.Variant("uniform", 192)]
SWEEPS = """
[[sweep]]
method = "none"
[[sweep]]
method = "litelvlm"
tokens = [192, 128, 64]
[[sweep]]
method = "litelvlm"
tokens = 128
position = "original"
[[sweep]]
method = "uniform"
tokens = 192
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Rows of PyTorch, and results.h5."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("oracle")
    split = oracle.Split(DATA, SPLIT)
    conversations = oracle.draw(split, seed=3)
    (folder / "draws.json").write_text(json.dumps({SPLIT: conversations}))
    protocol = f'[protocol]\nprofile = "upstream-compatible"\nreplay = "{folder}/draws.json"\n'
    text = sweep(folder / "run", splits=[SPLIT], glamm=SHIPPED / "glamm", clip=SHIPPED / "clip", root=DATA,
                 protocol=protocol, sweeps=SWEEPS)
    run_config(folder, text, ranks=2)
    return list(oracle.Oracle(SHIPPED).evaluate(split, conversations, VARIANTS)), Results(folder / "run/results.h5")


def test_every_expression_has_the_same_intersection_and_union(both):
    expected, results = both
    found = {(key[1], key[2], key[4]): row for key, row in results.expressions().items()}
    assert len(found) == len(expected)
    differing = 0
    for row in expected:
        cell = found[row.image_id, row.sent_id, row.variant]
        shared, union = int(cell["intersection"]), int(cell["union"])
        # Only a pixel whose logit is next to zero may fall on the other side.
        assert abs(shared - row.intersection) + abs(union - row.union) <= 2 * row.near, row
        differing += (shared, union) != (row.intersection, row.union)
    assert differing <= 0.02 * len(expected)


def test_the_same_patches_are_kept_in_the_same_order(both):
    expected, results = both
    images = {int(s["sample_id"]): int(s["image_id"]) for s in results.tables["samples"]}
    kept = {(images[sample], variant): patches for (sample, variant, _), patches in retained(results).items()}
    assert kept
    for row in expected:
        assert kept[row.image_id, row.variant] == list(row.kept), (row.image_id, row.variant)


def test_the_shipped_model_finds_most_referents(both):
    expected, _ = both
    assert oracle.ciou(expected)["none"] > 60


def test_other_patches_than_the_referents_give_other_masks(both):
    expected, _ = both
    by_variant = {v.name: [(r.intersection, r.union) for r in expected if r.variant == v.name] for v in VARIANTS}
    assert by_variant["none"] != by_variant["litelvlm@64"]
    assert by_variant["litelvlm@128"] != by_variant["litelvlm@128[pos=original]"]
