"""`method = "plan:FILE"` through the public command: what another program wrote gives the cells of the method it copied,
and what is wrong with it is told by image and makes the table PARTIAL, never the run dead."""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from plan_files import write_plans  # noqa: E402
from support import Results, retained, run_config, sweep  # noqa: E402

SPLITS = ["refcoco/val", "refcocog/test"]
BUILT_IN = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = ["litelvlm", "uniform"]\ntokens = [64, 100]\n'


def with_plans(*files, tokens="[64, 100]", more=""):
    methods = json.dumps([f"plan:{file}" for file in files])
    return f'[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = {methods}\ntokens = {tokens}\n{more}'


def plans_like(results, variant):
    """What one variant of a finished run kept, as plans: {split: [plan]}."""
    samples, sentences = results.tables["samples"], results.tables["sentences"]
    split_of = {int(row["sample_id"]): results.split_name(row["split"]) for row in samples}
    image_of = {int(row["sample_id"]): int(row["image_id"]) for row in samples}
    sents = {}
    for row in sorted(sentences, key=lambda row: (row["sample_id"], row["turn"])):
        sents.setdefault(int(row["sample_id"]), []).append(int(row["sent_id"]))
    plans = {}
    for (sample, name, _), index in retained(results).items():
        if name == variant:
            plans.setdefault(split_of[sample], []).append(
                dict(image_id=image_of[sample], sent_ids=sents[sample], sample_id=sample, index=index,
                     tokens=int(variant.split("@")[1])))
    return plans


def cells(results, variant):
    """{(split, image, sentence, turn): pixel counts and mask} of a variant."""
    return {key[:4]: (int(row["intersection"]), int(row["union"]), results.payload(row))
            for key, row in results.expressions().items() if key[4] == variant}


def named(results, stem, tokens):
    """The variant that came from the file of that name."""
    (found,) = [v for v in results.variants if v.startswith(f"plan:{stem}-") and v.endswith(f"@{tokens}")]
    return found


@pytest.fixture(scope="module")
def built_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built_in")
    run_config(folder, sweep(folder / "run", splits=SPLITS, sweeps=BUILT_IN))
    return Results(folder / "run/results.h5")


def merge_splits(*many):
    together = {}
    for plans in many:
        for split, listed in plans.items():
            together.setdefault(split, []).extend(listed)
    return together


@pytest.fixture(scope="module")
def litelvlm_plans(built_in):
    return merge_splits(plans_like(built_in, "litelvlm@64"), plans_like(built_in, "litelvlm@100"))


def test_plans_give_the_cells_of_the_method_they_were_taken_from(tmp_path, built_in, litelvlm_plans):
    stripped = {split: [{k: v for k, v in plan.items() if k != "sample_id"} for plan in plans]
                for split, plans in litelvlm_plans.items()}
    by_sample = write_plans(tmp_path / "by sample.h5", litelvlm_plans)
    by_sentences = write_plans(tmp_path / "by_sentences.h5", stripped)
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=with_plans(by_sample, by_sentences)))
    assert "VALID" in done.stdout
    results = Results(tmp_path / "run/results.h5")
    for stem in ("by_sample", "by_sentences"):
        for tokens in (64, 100):
            assert cells(results, named(results, stem, tokens)) == cells(built_in, f"litelvlm@{tokens}")
    assert cells(built_in, "litelvlm@64") != cells(built_in, "uniform@64")


def test_the_latency_pass_looks_plans_up_too(tmp_path, litelvlm_plans):
    file = write_plans(tmp_path / "mine.h5", litelvlm_plans)
    extra = "[passes]\nlatency = { images = 1, repeats = 2, warmup = 1 }"
    run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=with_plans(file, tokens=64), extra=extra))
    results = Results(tmp_path / "run/results.h5")
    variant = results.variants.index(named(results, "mine", 64))
    timed = [u for u in results.tables["units"] if u["pass"] == 1 and u["variant"] == variant]
    assert len(timed) == 2 and all(u["status"] == 0 and u["total_ns"] > 0 for u in timed)


def spoil(plans, change):
    """A deep copy whose plan of the first image at 64 tokens is changed; returns it and the image."""
    copy = {split: [dict(plan, index=list(plan["index"]), sent_ids=list(plan["sent_ids"])) for plan in listed]
            for split, listed in plans.items()}
    plan = next(p for p in copy["refcoco/val"] if p["tokens"] == 64)
    change(copy, plan)
    return copy, plan["image_id"]


def drop(plans, plan):
    plans["refcoco/val"].remove(plan)


def drop_image(plans, plan):
    plans["refcoco/val"] = [p for p in plans["refcoco/val"] if p["image_id"] != plan["image_id"]]


def reorder(plans, plan):
    for other in plans["refcoco/val"]:
        if other["image_id"] == plan["image_id"]:
            assert len(other["sent_ids"]) > 1
            other["sent_ids"].reverse()


SPOILT = {
    "one token less": (lambda ps, p: p["index"].pop(), "63 tokens, not the 64 of the budget"),
    "out of range": (lambda ps, p: p["index"].__setitem__(5, 576), "index 576 is out of range"),
    "negative": (lambda ps, p: p["index"].__setitem__(5, -2), "index -2 is out of range"),
    "repeated": (lambda ps, p: p["index"].__setitem__(5, p["index"][4]), "is repeated among the kept ones"),
    "no plan of this budget": (drop, "only for other budgets"),
    "no plan of the image": (drop_image, "no plan for this image"),
    "another order of sentences": (reorder, "only for other sentences"),
    "two plans": (lambda ps, p: ps["refcoco/val"].append(p), "2 plans for sentences"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_bad_plan_is_told_by_image_and_makes_the_table_partial(tmp_path, litelvlm_plans, what):
    change, message = SPOILT[what]
    plans, image = spoil(litelvlm_plans, change)
    file = write_plans(tmp_path / "mine.h5", plans)
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=with_plans(file, tokens=64)), expect=3)
    assert "PARTIAL" in done.stdout and "failed_method" in done.stdout and message in done.stdout, done.stdout
    assert f"image {image} of refcoco/val" in done.stdout
    assert "mend the method's file and start with --fresh" in done.stdout and "continue with" not in done.stdout
    results = Results(tmp_path / "run/results.h5")
    failed = {key[1] for key, row in results.expressions().items() if row["status"] != 0}
    assert failed == {image}
    assert [row["status"] for row in results.tables["failures"]] == [results.enums["status"]["failed_method"]]


def test_weights_that_are_no_numbers_are_told_by_image(tmp_path, litelvlm_plans):
    plans = [dict(p, part_ptr=range(65), weight=[1.0] * 64) for p in litelvlm_plans["refcoco/val"] if p["tokens"] == 64]
    plans[1] = dict(plans[1], weight=[1.0] * 63 + [float("nan")])
    file = write_plans(tmp_path / "mine.h5", {"refcoco/val": plans})
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=with_plans(file, tokens=64)), expect=3)
    assert f"image {plans[1]['image_id']} of refcoco/val: weight nan" in done.stdout


def test_a_file_without_the_split_fails_its_images_alone(tmp_path, litelvlm_plans):
    file = write_plans(tmp_path / "mine.h5", {"refcocog/test": litelvlm_plans["refcocog/test"]})
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=with_plans(file, tokens=64)), expect=3)
    assert "the file has no plans for refcoco/val" in done.stdout
    found = {key[0] for key, row in Results(tmp_path / "run/results.h5").expressions().items() if row["status"] == 0
             and key[4] != "none"}
    assert found == {"refcocog/test"}


def damaged(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace(group, name, values):
    del group[name]
    group[name] = values


def few_weights(group):
    group["part_ptr"] = np.arange(group["index"].size + 1)
    group["weight"] = np.ones(3)


DAMAGED = {
    "another format": (lambda f: f.attrs.__setitem__("format", "soup"), 'its attribute format is not "litebench plans"'),
    "another schema": (lambda f: f.attrs.__setitem__("schema", 2), "its schema is 2"),
    "no index": (lambda f: f["refcoco/val"].__delitem__("index"), "index is missing"),
    "real indices": (lambda f: replace(f["refcoco/val"], "index", f["refcoco/val/index"][:] * 1.0), "index holds no integers"),
    "offsets that fall": (lambda f: f["refcoco/val/plan_ptr"].__setitem__(1, 10**6), "plan_ptr does not rise"),
    "offsets too short": (lambda f: replace(f["refcoco/val"], "sent_ptr", [0]), "sent_ptr has 1 entries"),
    "too few weights": (lambda f: few_weights(f["refcoco/val"]), "weight has 3 entries"),
    "two dimensions": (lambda f: replace(f["refcoco/val"], "image_id", f["refcoco/val/image_id"][:].reshape(1, -1)),
                       "not one-dimensional"),
    "no split": (lambda f: [f.__delitem__(name) for name in list(f)], "it holds no split"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_file_that_is_no_plan_file_stops_the_start(tmp_path, litelvlm_plans, what):
    change, message = DAMAGED[what]
    file = write_plans(tmp_path / "mine.h5", litelvlm_plans)
    damaged(file, change)
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=with_plans(file)), expect=65)
    assert message in done.stderr and "mine.h5" in done.stderr, done.stderr
    assert not (tmp_path / "run").exists()


def test_a_missing_file_a_file_of_something_else_and_a_missing_budget_stop_the_start(tmp_path):
    config = sweep(tmp_path / "run", splits=SPLITS, sweeps=with_plans(tmp_path / "no.h5"))
    assert "no.h5" in run_config(tmp_path, config, expect=74).stderr
    (tmp_path / "text.h5").write_text("not HDF5")
    config = sweep(tmp_path / "run", splits=SPLITS, sweeps=with_plans(tmp_path / "text.h5"))
    assert "text.h5" in run_config(tmp_path, config, expect=65).stderr
    sweeps = f'[[sweep]]\nmethod = "plan:{tmp_path}/text.h5"\n'
    assert "needs a number of tokens" in run_config(tmp_path, sweep(tmp_path / "run", sweeps=sweeps), expect=64).stderr
    assert "names no file" in run_config(tmp_path, sweep(tmp_path / "run", sweeps='[[sweep]]\nmethod = "plan:"\n'), expect=64).stderr


def test_a_changed_file_is_another_method(tmp_path, litelvlm_plans):
    file = write_plans(tmp_path / "mine.h5", litelvlm_plans)
    config = sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=with_plans(file))
    run_config(tmp_path, config)
    first = Results(tmp_path / "run/results.h5").variants
    spoilt, _ = spoil(litelvlm_plans, lambda ps, p: p["index"].reverse())
    write_plans(file, spoilt)
    done = run_config(tmp_path, config, expect=64)
    assert "--fresh" in done.stderr and "was computed and is not in the configuration any more" in done.stderr
    run_config(tmp_path, config, "--fresh")
    assert Results(tmp_path / "run/results.h5").variants != first


def test_more_tokens_than_patches_is_an_empty_cell(tmp_path, litelvlm_plans):
    file = write_plans(tmp_path / "mine.h5", litelvlm_plans)
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=with_plans(file, tokens=577)))
    assert "VALID" in done.stdout
    results = Results(tmp_path / "run/results.h5")
    assert {row["status"] for row in results.tables["units"] if results.variants[row["variant"]] != "none"} == {
        results.enums["status"]["infeasible"]}
