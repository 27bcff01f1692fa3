"""Methods that prune inside the language model, against their NumPy twins: a random LLaMA of 32 narrow layers, 576
random patches and one conversation of three turns go through the real prefill. decoder_probe runs and records;
decoder_twins.py says from the recorded states and the weights what must have happened."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parent))
import decoder_twins as twins  # noqa: E402
from probe_test import image  # noqa: E402

PROBE = Path(os.environ.get("LITEBENCH_BIN", "build/release/bin")) / "decoder_probe"
METHODS = Path(__file__).resolve().parents[3] / "model/prune/methods.def"
LAYERS, HEADS, WIDTH, MLP, VOCAB, SEG, TOWER = 32, 32, 128, 64, 64, 5, 64
PATCHES, BEFORE = 576, 9


def llama(seed):
    """Logits of the attention have a deviation of 1.5, so that no two tokens are nearly equal and none wins alone."""
    rng = np.random.default_rng(seed)

    def normal(*shape, scale):
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    weights = {"model.embed_tokens.weight": normal(VOCAB, WIDTH, scale=0.4)}
    weights["model.norm.weight"] = 1 + normal(WIDTH, scale=0.1)
    for layer in range(LAYERS):
        name = f"model.layers.{layer}"
        for part, scale in (("q", 0.11), ("k", 0.11), ("v", 0.06), ("o", 0.06)):
            weights[f"{name}.self_attn.{part}_proj.weight"] = normal(WIDTH, WIDTH, scale=scale)
        weights[f"{name}.mlp.gate_proj.weight"] = normal(MLP, WIDTH, scale=0.06)
        weights[f"{name}.mlp.up_proj.weight"] = normal(MLP, WIDTH, scale=0.06)
        weights[f"{name}.mlp.down_proj.weight"] = normal(WIDTH, MLP, scale=0.06)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{name}.{norm}.weight"] = 1 + normal(WIDTH, scale=0.1)
    # The features are whole numbers of length 4096, 512 a channel.
    weights["model.mm_projector.0.weight"] = normal(WIDTH, TOWER, scale=1 / 512 / 8)
    weights["model.mm_projector.0.bias"] = normal(WIDTH, scale=0.1)
    weights["model.mm_projector.2.weight"] = normal(WIDTH, WIDTH, scale=0.06)
    weights["model.mm_projector.2.bias"] = normal(WIDTH, scale=0.1)
    return weights


def conversation(seed, turns=3):
    rng = np.random.default_rng(seed)
    text = rng.integers(6, VOCAB, BEFORE).tolist() + [-200]
    for _ in range(turns):
        text += rng.integers(6, VOCAB, 11).tolist() + [SEG, 7]
    return np.array(text, np.float32)


class Case:
    def __init__(self, folder, seed=0):
        self.weights = llama(seed)
        self.image = image(seed, TOWER)
        for layer in range(16, 25):
            self.image[f"hidden.{layer}"] = np.random.default_rng([seed, layer]).standard_normal(
                (1 + PATCHES, TOWER)).astype(np.float32)  # fmt: skip
        self.file = folder / f"case_{seed}.safetensors"
        self.ids = conversation(seed)
        inputs = {**self.weights, **self.image, "ids": self.ids}
        inputs |= {"heads": np.array([HEADS], np.float32), "seg": np.array([SEG], np.float32)}
        save_file({name: np.ascontiguousarray(t) for name, t in inputs.items()}, self.file)
        self.runs = {}

    def run(self, variant, *options):
        """Runs once."""
        key = (variant, *options)
        if key not in self.runs:
            out = self.file.with_suffix(".out")
            done = subprocess.run([PROBE, self.file, variant, out, *options], capture_output=True, text=True)
            assert done.returncode == 0, f"{variant}: {done.stderr}"
            self.runs[key] = twins.Recorded(load_file(out), self.weights, HEADS)
        return self.runs[key]


@pytest.fixture(scope="module", params=[0, 1])
def case(tmp_path_factory, request):
    return Case(tmp_path_factory.mktemp("llama"), request.param)


def cuts(run):
    return [layer for layer in range(run.layers) if f"cut.{layer}.row_ptr" in run.tensors]


def plan(run, name, rows):
    """W of a recorded plan."""
    ptr = run.tensors[f"{name}row_ptr"]
    weights = np.zeros((len(ptr) - 1, rows))
    into = np.repeat(np.arange(len(weights)), np.diff(ptr))
    np.add.at(weights, (into, run.tensors[f"{name}col"]), run.tensors[f"{name}weight"])
    return weights


# ---- the recording itself --------------------------------------------------------------------------------------


def test_probes_keys_values_and_norms_are_those_of_the_eager_layer(case):
    run = case.run("halves")
    assert cuts(run) == [2, 16]
    for layer in cuts(run):
        rows = run.tensors[f"probe_rows.{layer}"]
        for tap, (states, positions) in ((layer - 1, run.ran(layer - 1)), (layer, run.incoming(layer))):
            eager = run.attention(tap, states, positions, rows)
            assert np.abs(run.tensors[f"probe.{layer}.{tap}"] - eager).max() <= 1e-5
            assert np.allclose(run.tensors[f"keys.{layer}.{tap}"], run.keys(tap, states, positions), atol=1e-4)
            assert np.allclose(run.tensors[f"values.{layer}.{tap}"], run.values(tap, states), atol=1e-4)
        assert np.allclose(run.tensors[f"norm.{layer}"], run.final_norm(run.before(layer)), atol=1e-4)


def test_every_layer_of_the_prefill_is_the_eager_layer(case):
    run = case.run("halves")
    for layer in range(run.layers - 1):
        out = run.forward(layer, run.states(layer), run.tensors[f"positions.{layer}"])
        after = run.before(layer + 1) if f"before.{layer + 1}" in run.tensors else run.states(layer + 1)
        assert np.abs(after - out).max() <= 1e-4 * np.abs(out).max()


def test_leaving_out_dead_work_changes_no_state_that_counts(case):
    lean, full = case.run("halves"), case.run("halves", "full")
    assert np.allclose(lean.tensors["wanted"], full.tensors["wanted"], atol=1e-4)
    assert len(full.states(31)) > len(lean.states(31))


# ---- what every method owes --------------------------------------------------------------------------------------

BUDGETS = (192, 128, 64)
# Tokens kept at the three cuts of SparseVLM; what is recycled comes on top.
SPARSE = {192: (300, 200, 110), 128: (303, 110, 36), 64: (66, 30, 17)}
SPARSE_PLUS = {192: (300, 200, 118), 128: (238, 108, 60), 64: (66, 34, 20)}
SPARSE_CUTS = (3, 7, 16)  # the inputs behind layers 2, 6 and 15


def planned(run):
    """{layer: tokens} where the schedule says that fewer enter; what they are is the twin's business."""
    counts = run.tensors["schedule"]
    return {layer: int(counts[layer]) for layer in range(1, len(counts)) if counts[layer] != counts[layer - 1]}


def entries(method, twin, position, mode=None):
    """(variant, its twin: recorded run -> {layer: W}, positions it gives)"""
    mode = f"[mode={mode}]" if mode else ""
    return [(f"{method}@{n}{mode}", lambda run, n=n: twin(run, n), position) for n in BUDGETS]


TWINS = [
    *entries("fastv", twins.fastv, "original", "afterprune"),
    *entries("fastv", lambda run, n: twins.fastv(run, twins.single_prune(n, "layermean", 2)), "original", "layermean"),
    *entries("vtw", lambda run, n: twins.vtw(run, twins.rounded(n / 18)), "original", "layermean"),
    *entries("pyramiddrop", lambda run, n: twins.pyramiddrop(run, planned(run)), "compact", "layermean"),
    # Their published budgets are no means of what enters a layer, so no mode but their own has them.
    *entries("sparsevlm", lambda run, n: twins.sparsevlm(run, dict(zip(SPARSE_CUTS, SPARSE[n]))), "compact"),
    *entries("sparsevlm+", lambda run, n: twins.sparsevlm_plus(run, dict(zip(SPARSE_CUTS, SPARSE_PLUS[n]))), "original"),
    *entries("dart", twins.dart, "original", "afterprune"),
    *entries("nuwa", twins.nuwa_cut, "original", "layermean"),
]


def shipped():
    """Names of the methods of this checkout."""
    return re.findall(r"^METHOD\((\w+)\)", METHODS.read_text(), re.M)


def of_shipped():
    return [t for t in TWINS if re.split("[@[]", t[0])[0].replace("+", "_plus") in shipped()]


def ids(entries):
    return [entry[0] for entry in entries]


@pytest.mark.parametrize("entry", of_shipped(), ids=ids(of_shipped()))
def test_the_method_keeps_and_merges_what_its_twin_does(case, entry):
    variant, twin, _ = entry
    run = case.run(variant)
    expected = twin(run)
    assert cuts(run) == sorted(expected)
    for layer, weights in expected.items():
        visual = run.visual(layer)
        assert weights.shape[1] == len(visual)
        ours = plan(run, f"cut.{layer}.", len(visual))
        assert ours.shape == weights.shape
        assert np.array_equal(ours != 0, weights != 0)
        rows = np.flatnonzero(run.tensors[f"origins.{layer}"] != -2)
        assert np.allclose(run.states(layer)[rows], weights @ run.before(layer)[visual], rtol=0, atol=1e-5)


@pytest.mark.parametrize("entry", of_shipped(), ids=ids(of_shipped()))
def test_the_ledger_counts_what_the_schedule_planned_and_text_stays_as_it_is(case, entry):
    variant, _, position = entry
    run = case.run(variant)
    assert np.array_equal(run.tensors["entering"], run.tensors["schedule"])
    for layer in range(run.layers):
        assert (run.tensors[f"origins.{layer}"] != -2).sum() == run.tensors["schedule"][layer]
    for layer in cuts(run):
        length = len(run.tensors[f"origins.{layer}"])
        text = run.after(layer)[: length - BEFORE - run.tensors["schedule"][layer]]
        assert np.array_equal(run.states(layer)[:BEFORE], run.before(layer)[:BEFORE])
        assert np.array_equal(run.states(layer)[length - len(text) :], run.before(layer)[text])
        now, then = run.tensors[f"positions.{layer}"], run.tensors[f"positions.{layer - 1}"]
        if position == "compact":
            assert np.array_equal(now, np.arange(length))
        else:
            weights = plan(run, f"cut.{layer}.", len(run.visual(layer)))
            kept = run.visual(layer)[weights.argmax(1)] if len(weights) else np.array([], int)
            assert np.array_equal(now, then[[*range(BEFORE), *kept, *text]])


def counted(case, variant):
    return case.run(variant).tensors["schedule"].tolist()


def repeated(*counts):
    return [n for n, layers in counts for _ in range(layers)]


needs = {name: pytest.mark.skipif(name not in shipped(), reason=f"{name} is not in this checkout")
         for name in ("fastv", "vtw", "pyramiddrop", "sparsevlm", "sparsevlm_plus", "dart", "nuwa")}  # fmt: skip


@needs["pyramiddrop"]
@pytest.mark.parametrize("budget,counts", [(192, (322, 180, 101)), (128, (242, 102, 42)), (64, (111, 21, 4))])
def test_pyramiddrop_plans_the_published_geometry(case, budget, counts):
    """Stages before layers 2, 8 and 16; the shares are printed to three digits, so a count may differ by one."""
    entering = counted(case, f"pyramiddrop@{budget}[mode=layermean]")
    assert np.abs(np.array(entering) - repeated((576, 2), *zip(counts, (6, 8, 16)))).max() <= 1
    assert abs(np.mean(entering) - budget) <= 0.5


@needs["sparsevlm"]
@pytest.mark.parametrize("budget,counts,mean", [(192, (309, 204, 113), 206.5), (128, (312, 117, 39), 145.4),
                                                (64, (82, 32, 18), 82.3)])  # fmt: skip
def test_sparsevlm_plans_the_published_counts_with_what_it_recycles(case, budget, counts, mean):
    entering = counted(case, f"sparsevlm@{budget}")
    assert entering == repeated((576, 3), *zip(counts, (4, 9, 16)))
    assert abs(np.mean(entering) - mean) < 0.06


@needs["nuwa"]
@pytest.mark.parametrize("budget", BUDGETS)
def test_nuwa_gathers_around_the_best_of_every_cell(case, budget):
    run = case.run(f"nuwa@{budget}[mode=layermean]")
    hidden = [case.image[f"hidden.{layer}"] for layer in range(16, 25)]
    expected = twins.nuwa_rows(case.image["cls_attention.22"], hidden, budget)
    ours = plan(run, "before_llm.", 1 + PATCHES)
    assert ours.shape == expected.shape
    unit = case.image["selected"] / 4096
    assert np.allclose(ours @ unit, expected @ unit, rtol=0, atol=1e-5)
    assert np.mean(counted(case, f"nuwa@{budget}[mode=layermean]")) == budget
