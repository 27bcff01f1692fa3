"""The trainer: a killed run goes on to the same weights, and every stage changes what it is meant to change."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from model.pocket import batches, losses, samples, stages, train, vocabulary

SCENES = 24


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    vocabulary.learn(folder / "tokenizers", 3)
    samples.draw(folder / "scenes", 800_000_000, SCENES, 256, 1)
    return folder


@pytest.fixture
def work(drawn, tmp_path, monkeypatch):
    """A folder of its own over the shared scenes, stages of two steps, four pictures a step."""
    torch.set_num_threads(1)
    for name in ("tokenizers", "scenes"):
        (tmp_path / name).symlink_to(drawn / name)
    few = {"steps": 2, "keep": (64,)}
    monkeypatch.setattr(train, "STAGES", tuple(replace(s, **few) for s in stages.STAGES))
    monkeypatch.setattr(train, "PICTURES", 4)
    monkeypatch.setattr(train, "_SAVE", 1)
    return tmp_path


def run(work, fail_at=None, monkeypatch=None):
    trainer = train.Trainer(work, 7, train.Ranks(0, 1, ""))
    trainer.resume()
    if fail_at is not None:
        steps, one_step = iter(range(fail_at)), trainer._one_step

        def until_killed(stage):
            if next(steps, None) is None:
                raise KeyboardInterrupt
            return one_step(stage)

        monkeypatch.setattr(trainer, "_one_step", until_killed)
    trainer.run()
    return trainer


def test_a_killed_run_goes_on_to_the_same_weights(work, drawn, tmp_path, monkeypatch):
    whole = run(work).model.state_dict()
    other = tmp_path / "killed"
    other.mkdir()
    for name in ("tokenizers", "scenes"):
        (other / name).symlink_to(drawn / name)
    for fail_at in (3, 6):
        with pytest.raises(KeyboardInterrupt):
            run(other, fail_at, monkeypatch)
    resumed = run(other).model.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    trained = train.load_trained(other / "trained.pt").state_dict()
    assert all(torch.equal(whole[name], trained[name]) for name in whole)


def test_another_seed_does_not_continue_a_run(work):
    run(work)
    with pytest.raises(SystemExit, match="belongs to seed 7"):
        train.Trainer(work, 8, train.Ranks(0, 1, "")).resume()


def test_each_stage_trains_its_part_and_nothing_else(work):
    trainer = run(work)
    states = [torch.load(work / f"{s.name.replace(' ', '-')}.pt", weights_only=True)["model"] for s in train.STAGES]
    names = list(states[0])
    changed = [{n for n in names if not torch.equal(before[n], after[n])} for before, after in zip(states, states[1:])]
    phrases, patches, places, masks = changed[:4]
    assert all(n.startswith("clip.") for n in phrases | patches)
    assert "clip.visual_projection.weight" in phrases
    assert not any("image_encoder" in n for n in places | masks)
    assert any(n.startswith("model.layers.") for n in places)
    assert any("mask_decoder" in n for n in masks)
    assert not any("mask_decoder.output_hyper" in n for n in places)
    assert not trainer.model.sam.image_encoder.pos_embed.requires_grad


def test_ranks_share_a_step_and_an_epoch_shows_every_picture_once():
    parts = [batches.Place(1, 0, step, rank, 2).pictures(32, 16) for step in (0, 1) for rank in (0, 1)]
    assert all(len(part) == 8 for part in parts)
    assert sorted(sum(parts, [])) == list(range(32))
    assert batches.Place(1, 0, 2, 0, 2).pictures(32, 16) != parts[0]


def test_claims_say_what_holds(drawn):
    scenes = samples.Samples(drawn / "scenes").scenes[:8]
    texts, truth = batches.claims(np.random.default_rng(0), scenes, 16)
    assert truth.shape == (8, 16)
    for j in range(16):  # made from scene j % 8
        assert truth[j % 8, j] == 1
    color = next(j for j, text in enumerate(texts) if "red" in text.split()) if any("red" in t for t in texts) else None
    if color is not None:
        for i, shapes in enumerate(scenes):
            assert truth[i, color] == 0 or any(s.color == "red" for s in shapes)


def test_the_mask_loss_falls_as_the_mask_fits():
    target = torch.zeros(1, 64, 64)
    target[:, 20:40, 20:40] = 1
    logits = [torch.full_like(target, -3.0), torch.zeros_like(target), (target * 2 - 1) * 6]
    values = [losses.mask_loss(x, target).item() for x in logits]
    assert values[2] < 0.1 < min(values[:2])
    assert losses.iou(logits[2], target).item() == pytest.approx(1)


def positions(kept, **shares):
    stage = replace(stages.STAGES[3], **shares)
    return losses._positions(np.random.default_rng(0), stage, torch.tensor([kept]), 36, 60)[0].tolist()


def test_positions_are_those_of_the_whole_sequence_unless_something_else_is_asked_for():
    assert positions([3, 10, 500]) == [*range(36), 39, 46, 536, *range(612, 636)]


def test_compact_positions_follow_the_order_in_which_the_patches_stand():
    assert positions([500, 3, 10], compact=1.0) == [*range(63)]


def test_a_share_of_the_steps_has_its_patches_in_another_order():
    torch.manual_seed(0)
    raster, other = (losses._kept(np.random.default_rng(0), replace(stages.STAGES[-1], shuffle=share), 0.1, 4)
                     for share in (0.0, 1.0))
    assert torch.equal(raster.sort(1)[0], raster)
    assert not torch.equal(other.sort(1)[0], other)
    assert all(len(set(row)) == len(row) for row in other.tolist())


def test_all_processes_of_a_step_read_as_many_patches_as_each_other():
    stage = stages.STAGES[-1]
    for step in (0, 1, 2, stage.steps - 1):
        counts = {losses._kept(np.random.default_rng(rank), stage, step / stage.steps, 1).shape[1] for rank in range(4)}
        assert len(counts) == 1
    seen = [losses._kept(np.random.default_rng(0), stage, step / stage.steps, 1).shape[1] for step in range(len(stage.keep))]
    assert tuple(seen) == stage.keep
    assert seen[0] == losses.PATCHES
