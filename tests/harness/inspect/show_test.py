"""`litebench show`: the picture's pixels against what plans, data set and CLIP's own preprocessing say must be there."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "outside"))
from plan_files import write_plans  # noqa: E402
from support import run, sweep  # noqa: E402

SPLIT, IMAGE = "refcocog/test", 131071
MARGIN, GAP, LINE = 14, 10, 22   # of harness/inspect/sheet.cpp
KEPT = list(range(0, 576, 9))


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("show")
    (folder / "sweep.toml").write_text(sweep(folder / "run", splits=[SPLIT]))
    done = run("dump", "--config", folder / "sweep.toml", "--image", IMAGE, "--output", folder / "dump.h5")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def image(work):
    """Its id, size and the first conversation's sentences and masks."""
    with h5py.File(work / "dump.h5") as dump:
        (found,) = dump[SPLIT].values()
        sample = found["samples/0"]
        return dict(id=int(found.attrs["image_id"]), height=int(found.attrs["height"]), width=int(found.attrs["width"]),
                    sent_ids=sample["sent_id"][:], masks=sample["mask"][:],
                    sim=(sample["text"][:] @ found["joint"][:].T).mean(0))


def plan_of(image, index, **more):
    return dict(image_id=image["id"], sent_ids=image["sent_ids"], tokens=64, index=index, **more)


@pytest.fixture(scope="module")
def picture(work, image):
    plans = write_plans(work / "mine.h5", {SPLIT: [plan_of(image, KEPT)]})
    output = work / "look.png"
    done = run("show", "--config", work / "sweep.toml", "--image", image["id"], "--method",
               f"plan:{plans}@64,sim_low@64[order=raster,pos=original],trim@64", "--output", output)
    assert done.returncode == 0, done.stderr
    assert "3 variants" in done.stdout and done.stderr == ""
    return np.array(Image.open(output).convert("RGB")).astype(int)


def panel(picture, image, column, row):
    """The pixels of one panel; rows: tokens, scores, expressions."""
    scale = min(336 / image["width"], 300 / image["height"])
    width, height = round(image["width"] * scale), round(image["height"] * scale)
    left = MARGIN + column * (width + GAP)
    top = MARGIN + 3 * LINE + row * (height + GAP + LINE) + max(0, row - 1) * LINE
    return picture[top:top + height, left:left + width]


def patch_map(image, height, width):
    """Patch under every panel pixel, −1 outside of CLIP's centre crop (shortest edge to 336); and how far inside."""
    scale = 336 / min(image["height"], image["width"])
    resized = [int(image[edge] * scale) for edge in ("height", "width")]
    y, x = [((np.arange(n) + 0.5) * r / n - (r - 336) // 2) / 14 for n, r in zip((height, width), resized)]
    row, column = np.floor(y).astype(int)[:, None], np.floor(x).astype(int)[None, :]
    inside = (row >= 0) & (row < 24) & (column >= 0) & (column < 24)
    depth = np.minimum(np.abs(y - np.round(y))[:, None], np.abs(x - np.round(x))[None, :])
    return np.where(inside, row * 24 + column, -1), depth


def grey(pixels):
    return (pixels.max(-1) - pixels.min(-1)) == 0


def test_the_picture_has_a_column_per_method_and_a_row_per_expression(picture, image):
    scale = min(336 / image["width"], 300 / image["height"])
    width, height = round(image["width"] * scale), round(image["height"] * scale)
    questions = len(image["sent_ids"])
    assert picture.shape[1] == 2 * MARGIN + 4 * (width + GAP) - GAP
    assert picture.shape[0] == 2 * MARGIN + 3 * LINE + (2 + questions) * (height + GAP + LINE) + questions * LINE


def test_kept_patches_are_the_picture_and_dropped_ones_are_grey(picture, image):
    plain, tokens = panel(picture, image, 0, 0), panel(picture, image, 1, 0)
    patches, depth = patch_map(image, *plain.shape[:2])
    deep = depth > 0.25
    kept = np.isin(patches, KEPT) & deep
    dropped = ~np.isin(patches, KEPT) & (patches >= 0) & deep
    assert kept.sum() > 100 and dropped.sum() > 1000
    assert (tokens[kept] == plain[kept]).all()
    assert grey(tokens[dropped]).all() and tokens[dropped].mean() < 0.5 * plain[dropped].mean()


def test_merged_patches_share_one_tint(picture, image):
    """TRIM keeps 63 patches and merges all others into one token."""
    plain, tokens = panel(picture, image, 0, 0), panel(picture, image, 3, 0)
    patches, depth = patch_map(image, *plain.shape[:2])
    kept = np.isin(patches, np.argsort(image["sim"], kind="stable")[:63])
    merged = ~kept & (patches >= 0) & (depth > 0.25)
    tints = tokens[merged] - tokens[merged].min(-1, keepdims=True)
    assert (tints.max(-1) > 0).all() and len(np.unique(tints, axis=0)) <= 4   # roundings of one colour
    assert (tokens[kept & (depth > 0.25)] == plain[kept & (depth > 0.25)]).all()


def test_scores_are_brightest_where_they_are_greatest(picture, image):
    scores = panel(picture, image, 2, 1)
    patches, depth = patch_map(image, *scores.shape[:2])
    best, worst = [(patches == patch) & (depth > 0.25) for patch in (image["sim"].argmax(), image["sim"].argmin())]
    assert (scores[best][:, 0] > scores[best][:, 2]).all()     # yellow
    assert (scores[worst][:, 2] > scores[worst][:, 1]).all()   # dark blue
    assert (panel(picture, image, 1, 1) == 250).any()          # a plan has no scores: blank paper


def test_targets_are_green_where_the_data_set_says(picture, image):
    assert any(mask.any() for mask in image["masks"])
    for row, mask in enumerate(image["masks"]):
        shown = panel(picture, image, 0, 2 + row)
        y, x = [np.arange(n) * full // n for n, full in zip(shown.shape[:2], mask.shape)]
        target = mask[y][:, x] > 0
        assert not grey(shown[target]).any() and (shown[target][:, 1] > shown[target][:, 0]).all()
        assert grey(shown[~target]).all()


def test_predictions_are_green_red_or_blue(picture, image):
    for row, mask in enumerate(image["masks"]):
        shown = panel(picture, image, 1, 2 + row)
        y, x = [np.arange(n) * full // n for n, full in zip(shown.shape[:2], mask.shape)]
        target = mask[y][:, x] > 0
        strongest = np.where(grey(shown), -1, shown.argmax(-1))
        assert set(np.unique(strongest[target])) <= {1, 2}     # right or missed
        assert set(np.unique(strongest[~target])) <= {-1, 0}   # nothing or wrong


def test_what_cannot_be_shown_stands_in_its_column(work, image):
    plans = write_plans(work / "bad.h5", {SPLIT: [plan_of(image, [0] * 64)]})
    done = run("show", "--config", work / "sweep.toml", "--image", image["id"], "--method", f"plan:{plans}@64,uniform@600,none",
               "--output", work / "bad.png")
    assert done.returncode == 0, done.stderr
    assert "index 0 is repeated among the kept ones" in done.stderr and "600 tokens of 576 patches" in done.stderr
    assert Image.open(work / "bad.png").size[0] > 0


def test_what_is_asked_for_wrongly_is_a_mistake_of_usage(work, image):
    config = ["show", "--config", work / "sweep.toml", "--output", work / "x.png"]
    one = ["--image", image["id"]]
    for arguments, code, part in [(config, 64, "--image ID"), ([*config, "--image", "1,2"], 64, "--image ID"),
                                  ([*config, "--image", "5"], 64, "it is in none of"),
                                  ([*config, *one, "--method", "trin@64"], 64, 'did you mean "trim"?'),
                                  ([*config, *one, "--method", "litelvlm"], 64, "needs a number of tokens"),
                                  ([*config, *one, "--method", "trim@64[sign"], 64, "bracket is not closed"),
                                  ([*config, *one, "--conversation", "7"], 64, "counted from 0"),
                                  ([*config, *one, "--nonsense"], 64, "nonsense"),
                                  ([*config[:3], *one, "--output", "/proc/x.png", "--method", "none"], 74, "/proc/x.png")]:
        done = run(*arguments)
        assert done.returncode == code and part in done.stderr, (arguments, done.stderr)
        assert not (work / "x.png").exists()
