"""The shipped methods against their NumPy twins: random images of 576 patches, the budgets of the tables, one to
three texts. method_probe runs the methods; twins.py says what they must give."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parent))
import decoder_twins  # noqa: E402
import twins  # noqa: E402

PROBE = Path(os.environ.get("LITEBENCH_BIN", "build/release/bin")) / "method_probe"
GRID, HEADS = 24, 16
BUDGETS = (192, 128, 64, 32)


def image(seed, width):
    """What an image gives, of the shapes that the probe reads. One text set of three; fewer are its first ones."""
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    patches = GRID * GRID
    logits = 2 * rng.standard_normal((HEADS, 1 + patches))
    attention = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    tensors = {"selected": of_one_length(rng, (1 + patches, width)), "joint": normal(patches, 48)}
    tensors |= {"texts": normal(3, 48), "projected": normal(patches, 256)}
    tensors["cls_attention.22"] = attention[:, 1:].astype(np.float32)
    for layer in (22, 23):
        tensors |= {f"{name}.{layer}": normal(1 + patches, width) for name in "qkv"}
    # The neighbours of PruMerge: again exact cosines.
    tensors["k.23"] = of_one_length(rng, (1 + patches, width)) / np.float32(512)
    return tensors


def of_one_length(rng, shape, length=4096):
    """Random whole numbers whose rows are exactly `length` long, so that cosines are exact in fp32 whatever the
    order of summing. VisPruner lists survivors by similarity: one rounding would change all later halvings."""
    rows = np.zeros(shape, np.int64)
    for row in rows:
        draw = rng.standard_normal(shape[1] - 4)
        row[4:] = draw * (0.99 * length / np.linalg.norm(draw))
        row[:4] = four_squares(length**2 - int(row[4:] @ row[4:]), rng)
    return rows.astype(np.float32)


def four_squares(total, rng):
    while True:
        a, b = rng.integers(0, int(np.sqrt(total / 2)), 2)
        c = np.arange(int(np.sqrt(total - a * a - b * b)) + 1)
        d = np.rint(np.sqrt(total - a * a - b * b - c * c)).astype(np.int64)
        hits = np.flatnonzero(a * a + b * b + c * c + d * d == total)
        if len(hits):
            return a, b, c[hits[0]], d[hits[0]]


class Case:
    """One image with one number of texts: what the twins read, and the file that the probe reads."""

    def __init__(self, folder, texts, width=64, seed=0):
        self.tensors = image(seed, width)
        self.tensors["texts"] = self.tensors["texts"][:texts]
        self.file = folder / f"image_{texts}_{width}_{seed}.safetensors"
        save_file({name: np.ascontiguousarray(t) for name, t in self.tensors.items()}, self.file)
        self.hidden, self.joint, self.texts = (self.tensors[n] for n in ("selected", "joint", "texts"))
        self.projected, self.attention = self.tensors["projected"], self.tensors["cls_attention.22"]
        self.qkv = tuple(self.tensors[f"{n}.23"] for n in "qkv")

    def plan(self, variant):
        """(W, origins, anchors) of the shipped method; origins and anchors in patches, CLS is −1."""
        out = self.file.with_suffix(".plan")
        done = subprocess.run([PROBE, self.file, variant, out], capture_output=True, text=True)
        assert done.returncode == 0, f"{variant}: {done.stderr}"
        plan = load_file(out)
        weights = np.zeros((len(plan["row_ptr"]) - 1, len(self.hidden)))
        rows = np.repeat(np.arange(len(weights)), np.diff(plan["row_ptr"]))
        np.add.at(weights, (rows, plan["col"]), plan["weight"])
        return weights, plan["origins"] - 1, plan["anchor"] - 1


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return {texts: Case(folder, texts) for texts in (1, 2, 3)}


def prumerge(c, n, plus=False):
    w = twins.prumerge_weights(*c.qkv[:2])
    return twins.prumerge(w, c.qkv[1], twins.prumerge_kept(w, n, plus))


def visionzip(c, n):
    metric = twins.head_mean(c.tensors["k.22"], HEADS)
    return twins.visionzip(c.attention, metric, *twins.visionzip_split(n))


def vispruner(c, n, **options):
    important, diverse = twins.vispruner(c.attention, c.hidden, n, **options)
    return twins.raster(important + diverse)


def holov(c, n, fixed=False):
    parts, counts, loud = decoder_twins.holov(c.attention, c.projected, n)
    kept = [int(i) for part, count in zip(parts, counts) for i in part[twins.best(loud[part], count)]]
    return sorted(kept) if fixed else kept


def outliers(x):
    first, third = np.percentile(x, [25, 75])
    return int((x > third + 1.5 * (third - first)).sum())


def adaptive_prumerge(c, plus=False):
    """As many by attention as it has outliers; with plus an arithmetic sequence behind them."""
    w = np.asarray(twins.prumerge_weights(*c.qkv[:2]), np.float64)
    w = w[-GRID * GRID :]
    count = outliers(w)
    kept = [int(i) for i in twins.best(w, count)]
    if plus:
        step = max(GRID * GRID // count // 3, 1)
        kept += [i for i in range(0, GRID * GRID - 1, step) if i not in set(kept)]
    return twins.prumerge(twins.prumerge_weights(*c.qkv[:2]), c.qkv[1], kept)


def adaptive_trim(c, sign):
    score = (1 if sign == "high" else -1) * twins.similarity(c.joint, c.texts).mean(axis=0)
    return twins.trim(c.joint, c.texts, outliers(twins.softmax(score)) + 1, sign)


# Without a number of tokens the image decides how many.
ADAPTIVE = {
    "prumerge": adaptive_prumerge,
    "prumerge+": lambda c: adaptive_prumerge(c, plus=True),
    "trim[sign=low]": lambda c: adaptive_trim(c, "low"),
    "trim[sign=high]": lambda c: adaptive_trim(c, "high"),
}
# Spelling of the method, with @ where the budget goes -> its twin.
SELECTING = {
    "cls_topk@": lambda c, n: twins.cls_topk(c.attention, n),
    "fastervlm@": lambda c, n: twins.cls_topk(c.attention, n),
    "hired@": lambda c, n: twins.cls_topk(c.attention, n),
    "cls_bottomk@": lambda c, n: twins.cls_bottomk(c.attention, n),
    "value_norm@": lambda c, n: twins.value_norm(c.qkv[2], n),
    "context_only@": lambda c, n: twins.context_only(*c.qkv, n),
    "uniform@": lambda c, n: twins.uniform(GRID, n),
    "uniform1d@": lambda c, n: twins.uniform1d(GRID * GRID, n),
    "uniform1d@[phase=zero]": lambda c, n: twins.uniform1d(GRID * GRID, n, "zero"),
    "vispruner@": vispruner,
    "vispruner@[r=0.75]": lambda c, n: vispruner(c, n, ratio=0.75),
    "vispruner@[r=1]": lambda c, n: twins.cls_topk(c.attention, n),
    "holov@": holov,
    "holov@[fidelity=fixed]": lambda c, n: holov(c, n, fixed=True),
    "divprune@": lambda c, n: twins.raster(twins.divprune(c.projected, n)),
}
SELECTING_BY_TEXT = {
    "litelvlm@": lambda c, n: twins.litelvlm(c.joint, c.texts, *c.qkv, n),
    "litelvlm@[variant=paper]": lambda c, n: twins.litelvlm(c.joint, c.texts, *c.qkv, n, "paper"),
    "sim_low@": lambda c, n: twins.sim(c.joint, c.texts, n, largest=False),
    "sim_high@": lambda c, n: twins.sim(c.joint, c.texts, n, largest=True),
    "cdpruner@": lambda c, n: twins.raster(twins.cdpruner(c.projected, c.joint, c.texts, n)),
}
MERGING = {
    "avgpool@": lambda c, n: twins.avgpool(GRID, n)[0],
    "visionzip@": visionzip,
    "prumerge@": prumerge,
    "prumerge+@": lambda c, n: prumerge(c, n, plus=True),
}
MERGING_BY_TEXT = {
    "trim@[sign=low]": lambda c, n: twins.trim(c.joint, c.texts, n, "low"),
    "trim@[sign=high]": lambda c, n: twins.trim(c.joint, c.texts, n, "high"),
}
# What several texts ask for: how they become one ranking, and cosines in place of products.
OF_THREE_TEXTS = {
    "sim_low@[aggregate=max]": lambda c, n: twins.sim(c.joint, c.texts, n, False, "max"),
    "sim_high@[aggregate=max]": lambda c, n: twins.sim(c.joint, c.texts, n, True, "max"),
    "sim_low@[aggregate=union]": lambda c, n: twins.sim(c.joint, c.texts, n, False, "union"),
    "sim_high@[aggregate=union]": lambda c, n: twins.sim(c.joint, c.texts, n, True, "union"),
    "sim_low_cos@": lambda c, n: twins.sim(c.joint, c.texts, n, False, cosine=True),
    "sim_high_cos@": lambda c, n: twins.sim(c.joint, c.texts, n, True, cosine=True),
}


def variant(spelling, budget):
    return spelling.replace("@", f"@{budget}")


def check_selection(case, spelling, budget, twin):
    _, origins, _ = case.plan(variant(spelling, budget))
    assert list(origins) == twin(case, budget)


def check_merging(case, spelling, budget, twin):
    weights, _, _ = case.plan(variant(spelling, budget))
    expected = twin(case, budget)
    assert weights.shape == expected.shape
    assert np.array_equal(weights != 0, expected != 0)  # the same tokens in every row
    unit = case.hidden / 4096  # rows of length 1
    assert np.allclose(weights @ unit, expected @ unit, rtol=0, atol=1e-5)


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("spelling", SELECTING)
def test_selection_is_the_twins(cases, spelling, budget):
    check_selection(cases[1], spelling, budget, SELECTING[spelling])


@pytest.mark.parametrize("texts", (1, 3))
@pytest.mark.parametrize("spelling", ADAPTIVE)
def test_counts_that_the_image_decides_are_the_twins(cases, spelling, texts):
    check_merging(cases[texts], spelling, None, lambda case, _: ADAPTIVE[spelling](case))


@pytest.mark.parametrize("texts", (1, 2, 3))
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("spelling", SELECTING_BY_TEXT)
def test_selection_by_text_is_the_twins(cases, spelling, budget, texts):
    check_selection(cases[texts], spelling, budget, SELECTING_BY_TEXT[spelling])


@pytest.mark.parametrize("budget", (192, 64))
@pytest.mark.parametrize("spelling", OF_THREE_TEXTS)
def test_options_of_several_texts_are_the_twins(cases, spelling, budget):
    check_selection(cases[3], spelling, budget, OF_THREE_TEXTS[spelling])


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("spelling", MERGING)
def test_merged_tokens_are_the_twins(cases, spelling, budget):
    check_merging(cases[1], spelling, budget, MERGING[spelling])


@pytest.mark.parametrize("texts", (1, 2, 3))
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("spelling", MERGING_BY_TEXT)
def test_merged_tokens_by_text_are_the_twins(cases, spelling, budget, texts):
    check_merging(cases[texts], spelling, budget, MERGING_BY_TEXT[spelling])


@pytest.mark.parametrize("spelling", [*SELECTING, *SELECTING_BY_TEXT, *MERGING, *MERGING_BY_TEXT])
def test_the_full_budget_keeps_every_patch(cases, spelling):
    """LiteLVLM and context_only emit them in an order of their own; all others leave the image as it is."""
    _, origins, _ = cases[3].plan(variant(spelling, GRID * GRID))
    reordered = spelling.startswith(("litelvlm", "context_only"))
    assert (sorted(origins) if reordered else list(origins)) == list(range(GRID * GRID))
