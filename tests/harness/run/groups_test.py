"""Images that are computed together (model.images_per_bundle) answer as each alone, whoever computes them and whatever
interrupts it; records, failures and limits stay per image."""

import json
import random
import re
import shutil

import pytest
from support import (GOLDEN, ROOT, Results, assert_masks_agree, integers, kill_at_a_random_moment, run, run_config, sweep,
                     tokens)

SPLITS = ["refcoco/val", "refcocog/test"]    # 5 images each: groups of 2 and of 3 leave an incomplete one
SWEEPS = ('[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = ["litelvlm", "fastv", "prumerge"]\ntokens = [192, 64]\n'
          '[[sweep]]\nmethod = "random"\ntokens = 128\nseeds = 2\n')
SHIPPED = ROOT / "model/pocket/shipped"


def text(folder, together, **changes):
    whole = sweep(folder / "run", **{"splits": SPLITS, "sweeps": SWEEPS, **changes})
    return whole.replace("[model]", f"[model]\nimages_per_bundle = {together}")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """together -> results.h5 of an undisturbed run on one rank, computed once"""
    made = {}

    def results(together):
        if together not in made:
            folder = tmp_path_factory.mktemp(f"together{together}")
            run_config(folder, text(folder, together))
            made[together] = folder / "run/results.h5"
        return made[together]

    return results


def assert_agree(one, other):
    assert tokens(one) == tokens(other) != {}
    assert_masks_agree(one, other)


@pytest.mark.parametrize("together", [2, 3])
def test_images_computed_together_keep_the_tokens_and_pixels_of_each_alone(finished, together):
    one, other = Results(finished(1)), Results(finished(together))
    assert_agree(one, other)
    assert other.tables["bundles"].shape == one.tables["bundles"].shape == (10,)   # a record each
    assert not set(other.tables["bundles"]["bundle_id"]) & set(one.tables["bundles"]["bundle_id"])


def test_so_they_do_on_the_pocket_model(tmp_path_factory):
    results = []
    for together in (1, 2, 3):
        folder = tmp_path_factory.mktemp(f"pocket{together}")
        run_config(folder, text(folder, together, splits=["refcoco/val"], glamm=SHIPPED / "glamm", clip=SHIPPED / "clip",
                                root=SHIPPED / "Refer_Segm"), "--limit", "7")
        results.append(Results(folder / "run/results.h5"))
        assert len(results[-1].tables["images"]) == 7
    assert_agree(results[0], results[1])
    assert_agree(results[0], results[2])


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_any_number_of_ranks_leaves_the_same_integers(finished, tmp_path, ranks):
    run_config(tmp_path, text(tmp_path, 3), ranks=ranks)
    assert integers(tmp_path / "run/results.h5") == integers(finished(3))


@pytest.mark.parametrize("seed,first,second", [(1, 1, 2), (2, 2, 1), (3, 1, 3)])
def test_a_killed_run_is_continued_by_another_number_of_ranks(finished, tmp_path, seed, first, second):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, 3))
    kill_at_a_random_moment(config, first, random.Random(seed))
    run_config(tmp_path, text(tmp_path, 3), ranks=second)
    assert integers(tmp_path / "run/results.h5") == integers(finished(3))


def test_a_limit_that_cuts_a_group_changes_no_number_and_the_rest_is_done_later(finished, tmp_path):
    whole = integers(finished(3))[0]
    run_config(tmp_path, text(tmp_path, 3), "--limit", "4")     # 3 images and one of the two behind them
    some = integers(tmp_path / "run/results.h5")[0]
    assert len({key[:2] for key in some}) == 2 * 4
    assert some == {key: whole[key] for key in some}
    run_config(tmp_path, text(tmp_path, 3))
    assert integers(tmp_path / "run/results.h5") == integers(finished(3))
    # The cut group was computed again with what was beyond the limit: its first image is there twice.
    verdict = json.loads((tmp_path / "run/verdict.json").read_text())
    assert verdict["verdict"] == "VALID" and verdict["bundles"] == {"planned": 10, "done": 10, "audited": 2}


def test_an_undecodable_picture_costs_its_own_rows_only(finished, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(GOLDEN / "data/Refer_Segm", root)
    picture = root / "coco_2014/train2014/COCO_train2014_000000098304.jpg"
    picture.write_bytes(picture.read_bytes()[:5000])
    done = run_config(tmp_path, text(tmp_path, 3, root=root))
    assert "VALID" in done.stdout and "excluded" in done.stdout
    ok, failed = (Results(path).enums["status"][name] for path, name in ((finished(3), "ok"), (finished(3), "failed_decode")))
    before, after = (Results(path).expressions() for path in (finished(3), tmp_path / "run/results.h5"))
    assert before.keys() == after.keys()
    for key, row in after.items():
        assert row["status"] == (failed if key[1] == 98304 else ok)
        if key[1] == 98304:
            continue
        # Its neighbours are packed without it.
        assert abs(int(row["predicted_area"]) - int(before[key]["predicted_area"])) <= 4, key


@pytest.mark.parametrize("then,now", [(1, 3), (3, 1), (2, 3)])
def test_another_number_cannot_continue_a_run(tmp_path, then, now):
    run_config(tmp_path, text(tmp_path, then, splits=["refcoco/testB"]), "--limit", "1")
    refused = run_config(tmp_path, text(tmp_path, now, splits=["refcoco/testB"]), expect=64)
    value = {1: "nothing"}
    assert f"images_per_bundle: {value.get(then, then)} then, {value.get(now, now)} now" in refused.stderr
    assert "--fresh" in refused.stderr


def test_plan_counts_groups_and_the_latency_pass_knows_none(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, 3, extra="[passes]\nlatency = { images = 3 }\n"))
    plan = run("plan", "--config", config, "--no-forecast")
    assert plan.returncode == 0, plan.stderr
    assert re.search(r"accuracy +10 bundles.*computed in 4 groups", plan.stdout)
    assert re.search(r"latency +6 bundles, \d+ units, compute lean$", plan.stdout, re.MULTILINE)
