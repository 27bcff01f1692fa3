"""An image that kills its rank is left out after two attempts; everything else is complete."""

import json
import re

import h5py
import pytest
from faults import SPLITS, Results, faulty, integers, launch, run, run_config, statuses, text, undisturbed

POISON = 98304
PICTURE = f"{POISON:012}.jpg"
BUNDLES = 2  # the picture is in both splits


@pytest.mark.parametrize("how,ranks", [("kill", 2), ("crash", 1)])
def test_a_picture_that_kills_its_rank_is_left_out_after_two_attempts(tmp_path, how, ranks):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path))
    process = launch(config, ranks, **faulty(PICTURE, how))
    out, err = process.communicate(timeout=500)
    assert process.returncode == 3, out + err
    # Two attempts each, some of them in one start.
    assert 2 <= err.count("starting again") <= 2 * BUNDLES and err.count("is left out") == BUNDLES, err
    assert err.count("it was in work when 2 attempts ended without a word") == BUNDLES

    assert {status for image, status in statuses(tmp_path / "run") if image == POISON} == {"poisoned"}
    assert {status for image, status in statuses(tmp_path / "run") if image != POISON} == {"ok"}
    verdict = json.loads((tmp_path / "run/verdict.json").read_text())
    assert verdict["verdict"] == "PARTIAL"
    assert verdict["bundles"]["done"] == verdict["bundles"]["planned"]
    assert any(str(POISON) in reason and "poisoned" in reason for reason in verdict["reasons"]), verdict["reasons"]

    # Another start leaves it alone; --retry, with the decoder mended, completes the run.
    again = run("--config", config)
    assert again.returncode == 3 and "PARTIAL" in again.stdout, again.stdout + again.stderr
    done = run("--config", config, "--retry")
    assert done.returncode == 0, done.stdout + done.stderr
    assert integers(tmp_path / "run/results.h5") == undisturbed(tmp_path / "other")
    assert not list((tmp_path / "run/shards").glob("*.flight"))


def test_a_picture_that_hangs_its_rank_runs_out_of_time(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, run_keys="bundle_seconds = 30"))
    process = launch(config, 2, **faulty(PICTURE, "hang"))
    out, err = process.communicate(timeout=500)
    assert process.returncode == 3, out + err
    assert "takes much longer than it should" in err
    assert {status for image, status in statuses(tmp_path / "run") if image == POISON} == {"timeout"}
    assert {status for image, status in statuses(tmp_path / "run") if image != POISON} == {"ok"}


def test_a_group_with_a_picture_that_kills_its_rank_is_left_out_whole_and_named(tmp_path):
    config = tmp_path / "sweep.toml"
    together = text(tmp_path, splits=SPLITS[:1]).replace("[model]", "[model]\nimages_per_bundle = 2")
    config.write_text(together)
    process = launch(config, 1, **faulty(PICTURE, "kill"))
    out, err = process.communicate(timeout=500)
    assert process.returncode == 3, out + err
    lost = {image for image, status in statuses(tmp_path / "run") if status == "poisoned"}
    assert POISON in lost and len(lost) == 2 and err.count("is left out") == 2, err
    named = re.search(r"images (\d+), (\d+), which are computed together, were in work when 2 attempts ended", err)
    assert named and {int(image) for image in named.groups()} == lost, err
    assert {status for image, status in statuses(tmp_path / "run") if image not in lost} == {"ok"}
    done = run("--config", config, "--retry")
    assert done.returncode == 0, done.stdout + done.stderr
    other = tmp_path / "other"
    other.mkdir()
    run_config(other, together.replace(str(tmp_path / "run"), str(other / "run")))
    assert integers(tmp_path / "run/results.h5") == integers(other / "run/results.h5")


def test_a_picture_that_kills_its_rank_in_both_passes_is_left_out_of_both(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path, splits=SPLITS[:1], extra="[passes]\nlatency = { images = 100, repeats = 2, warmup = 1 }\n"))
    process = launch(config, 2, **faulty(PICTURE, "kill"))
    out, err = process.communicate(timeout=500)
    assert process.returncode == 3, out + err
    units = Results(tmp_path / "run/results.h5").tables["units"]
    names = {value: key for key, value in h5py.check_enum_dtype(units.dtype["status"]).items()}
    found = {(int(unit["image_id"]), int(unit["pass"]), names[int(unit["status"])]) for unit in units}
    pictures = {image for image, _, _ in found}
    assert {(which, status) for image, which, status in found if image == POISON} == {(0, "poisoned"), (1, "poisoned")}
    assert found - {(POISON, 0, "poisoned"), (POISON, 1, "poisoned")} == {
        (image, which, "ok") for image in pictures - {POISON} for which in (0, 1)}
    assert err.count("starting again") >= 2 and err.count("is left out") >= 2, err


def test_launch_names_the_suspects_when_nothing_gets_done(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path))
    process = launch(config, 1, **faulty("COCO_train2014", "kill"))     # every picture
    out, err = process.communicate(timeout=500)
    assert process.returncode not in (0, 3), out + err
    assert err.count("starting again") == 2 and "no bundle was finished" in err
    assert err.count("suspect: ") >= 3 and "in work at" in err, err
    assert "suspect: " in run("status", tmp_path / "run").stdout
