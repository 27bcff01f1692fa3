"""Every method of the registry: integers, masks and kept tokens depend neither on the order of the images nor on the number
of ranks, nor on what is packed together. One sweep holds all methods, so each of the few runs here asks for all of them."""

import json
import pickle
import random
import re
import shutil

import pytest
from support import GOLDEN, Results, assert_masks_agree, integers, run, run_config, sweep, tokens

SPLITS = ["refcoco/testB", "refcocog/val"]
OWN_BUDGET = ["trim", "prumerge", "prumerge+", "pyramiddrop", "vtw"]  # without `tokens` as well, as released


def methods():
    """name -> (whether it draws, modes that make a difference to it, budgets), of every budgeted method the program lists."""
    draws = {name for name, text in blocks(run("list", "methods").stdout, r"^(\S+) .*\n(?: .*\n)*")
             if "draws (seeds)" in text}  # fmt: skip
    found = {}
    for name, text in blocks(run("list", "methods", "--markdown").stdout, r"^## (\S+)\n(?:(?!## ).*\n)*"):
        # `exact` (192 → 64, mean 96.5): tokens entering the first and the last layer
        modes = re.findall(r"`(\w+)` \(((\d+) → (\d+), [^)]+)\)", text)
        different = {meaning: mode for mode, meaning, *_ in reversed(modes)}
        inside = any(first != last for _, _, first, last in modes)
        # A mean of 96 over the three layers of this model is more than some cuts can do.
        if modes:
            found[name] = (name in draws, sorted(different.values()), [96, 400] if inside else [96])
    assert found["litelvlm"] == (False, ["exact"], [96]) and found["random"] == (True, ["exact"], [96])
    assert found["fastv"] == (False, ["exact", "layermean"], [96, 400])
    assert "none" not in found and len(found) > 30
    return found


def blocks(text, pattern):
    return [(match.group(1), match.group(0)) for match in re.finditer(pattern, text, re.MULTILINE)]


@pytest.fixture(scope="module")
def sweeps():
    text = '[[sweep]]\nmethod = "none"\n'
    for name, (draws, modes, tokens) in methods().items():
        text += f'[[sweep]]\nmethod = "{name}"\ntokens = {tokens}\nmode = {json.dumps(modes)}\n'
        text += "seeds = 2\n" if draws else ""
    return text + f"[[sweep]]\nmethod = {json.dumps(OWN_BUDGET)}\n"


@pytest.fixture(scope="module")
def results_of(sweeps):
    def finished(folder, ranks=None, splits=SPLITS, rows=16384, root=GOLDEN / "data/Refer_Segm"):
        text = sweep(folder / "run", splits=splits, sweeps=sweeps, root=root)
        text = text.replace("[model]", f"[model]\nrows_per_pack = {rows}")
        run_config(folder, text + "[tables]\ninclude = []\n", ranks=ranks)
        return folder / "run/results.h5"

    return finished


@pytest.fixture(scope="module")
def alone(tmp_path_factory, results_of):
    return results_of(tmp_path_factory.mktemp("alone"))


def method_of(variant):
    return re.split("[@[]", variant)[0]


def test_every_method_gave_rows(alone):
    results = Results(alone)
    counts = {}
    for unit in results.tables["units"]:
        assert unit["status"] in (results.enums["status"]["ok"], results.enums["status"]["infeasible"])
        variant = results.variants[unit["variant"]]
        counts.setdefault(variant, []).append(unit["status"] == results.enums["status"]["ok"])
    served = {method_of(variant) for variant, ok in counts.items() if all(ok)}
    assert counts.keys() >= set(OWN_BUDGET)
    assert served == {"none", *methods()}
    assert all(all(ok) or not any(ok) for ok in counts.values())  # feasible for every image or for none


def test_three_ranks_give_the_same_integers_and_tokens(alone, results_of, tmp_path):
    assert integers(results_of(tmp_path, ranks=3)) == integers(alone)


def shuffled(folder):
    """The data set with its images, annotations and references in another order; those of one image stay in theirs."""
    root = folder / "data"
    shutil.copytree(GOLDEN / "data/Refer_Segm", root)
    rng = random.Random(3)
    for file in root.glob("*/instances.json"):
        instances = json.loads(file.read_text())
        rng.shuffle(instances["images"])
        rng.shuffle(instances["annotations"])
        file.write_text(json.dumps(instances))
    for file in root.glob("*/refs*.p"):
        refs = pickle.loads(file.read_bytes(), encoding="latin1")
        images = list(dict.fromkeys(ref["image_id"] for ref in refs))
        rng.shuffle(images)
        refs.sort(key=lambda ref: images.index(ref["image_id"]))
        file.write_bytes(pickle.dumps(refs, protocol=2))
    return root


def test_another_order_of_the_images_gives_the_same_integers_and_tokens(alone, results_of, tmp_path):
    again = results_of(tmp_path, splits=SPLITS[::-1], root=shuffled(tmp_path))
    assert integers(again)[0] == integers(alone)[0]
    assert tokens(Results(again)) == tokens(Results(alone))


def test_every_sequence_by_itself_gives_the_same_tokens_and_pixels(alone, results_of, tmp_path):
    one, other = (Results(path) for path in (alone, results_of(tmp_path, rows=1)))
    assert tokens(one) == tokens(other)
    assert {method_of(variant) for _, variant, _, layer in tokens(one) if layer > 0} >= {"fastv", "vtw", "nuwa"}
    assert_masks_agree(one, other)
