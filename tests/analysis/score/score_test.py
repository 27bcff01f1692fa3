"""`litebench-reduce score`: masks of another program against pycocotools and NumPy, and what is said about bad input."""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reducing import reducer

DATA = Path(__file__).resolve().parents[2] / "golden/tiny/data/Refer_Segm"


def expressions(split, data_set="refcoco", split_by="unc"):
    """[(sent_id, image id, counts of polygons over each pixel)] of a split, by pycocotools."""
    folder = DATA / data_set
    refs = pickle.loads((folder / f"refs({split_by}).p").read_bytes())
    instances = json.loads((folder / "instances.json").read_text())
    images = {image["id"]: image for image in instances["images"]}
    annotations = {annotation["id"]: annotation for annotation in instances["annotations"]}
    found = []
    for ref in refs:
        if not (split[4:] in ref["split"] if split.startswith("test") else split == ref["split"]):  # as REFER's API takes testA
            continue
        image = images[ref["image_id"]]
        parts = annotations[ref["ann_id"]]["segmentation"]
        target = np.zeros((image["height"], image["width"]), int)
        if parts:
            rles = parts if isinstance(parts[0], dict) else coco.frPyObjects(parts, image["height"], image["width"])
            target = coco.decode(rles).reshape(*target.shape, -1).sum(axis=2)
        found += [(sentence["sent_id"], image["id"], target) for sentence in ref["sentences"]]
    return found


def moved(target, by):
    return np.asfortranarray(np.roll(target > 0, by, axis=1).astype(np.uint8))


def encoded(mask):
    rle = coco.encode(mask)
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def predictions(split, by=3):
    return [{"sent_id": sent_id, "segmentation": encoded(moved(target, by + sent_id % 3))}
            for sent_id, _, target in expressions(split)]


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(predictions("val") + predictions("testA")))
    return path


def score(path, output, *options, **more):
    return reducer("score", path, "--data", DATA, "--split", "refcoco/val", "--output", output, *options, **more)


def test_numbers_of_both_conventions_equal_pycocotools_and_numpy(good, tmp_path):
    score(good, tmp_path / "out", "--split", "refcoco/testA")
    metrics = json.loads((tmp_path / "out" / "tables" / "metrics.json").read_text())
    cells = {cell["tag"]: cell["value"] for row in metrics["rows"] for cell in row}
    for split in ("val", "testA"):
        hits, alls, ious = {"sum": [], "union": []}, {"sum": [], "union": []}, {"sum": [], "union": []}
        for sent_id, _, target in expressions(split):
            mine = moved(target, 3 + sent_id % 3)
            for kind, truth in (("sum", target == 1), ("union", target > 0)):
                hits[kind].append(int((mine & truth).sum()))
                alls[kind].append(int(mine.sum() + truth.sum()) - hits[kind][-1])
                both_empty = alls[kind][-1] == 0  # worth 1 in the reference
                ious[kind].append(1 if both_empty else hits[kind][-1] / (alls[kind][-1] + (1e-5 if kind == "sum" else 0)))
        for protocol, kind in enumerate(("sum", "union")):
            tag = f"{protocol}/mine/refcoco/{split}"
            assert cells[f"{tag}/expressions"] == len(hits[kind])
            assert cells[f"{tag}/ciou"] == pytest.approx(sum(hits[kind]) / sum(alls[kind]), rel=1e-12)
            assert cells[f"{tag}/giou"] == pytest.approx(np.mean(ious[kind]), rel=1e-6)


def test_its_tables_can_be_verified_explained_and_read(good, tmp_path):
    score(good, tmp_path / "out")
    assert "VERIFIED" in reducer("verify", tmp_path / "out", "--without-shards", "--masks")
    assert "Rows: " in reducer("explain", tmp_path / "out", "metrics:ciou:0/mine/refcoco/val")
    assert (tmp_path / "out" / "report" / "index.html").exists()


def test_two_files_are_two_variants_on_the_same_expressions(good, tmp_path):
    other = tmp_path / "theirs.json"
    other.write_text(json.dumps({str(entry["sent_id"]): entry["segmentation"] for entry in predictions("val", 1)}))
    said = reducer("score", good, other, "--data", DATA, "--split", "refcoco/val", "--output", tmp_path / "out")
    assert "mine" in said and "theirs" in said and "VALID" in said


def test_a_target_as_prediction_is_worth_100(tmp_path):
    path = tmp_path / "perfect.json"
    path.write_text(json.dumps([{"sent_id": s, "segmentation": encoded(moved(t, 0))} for s, _, t in expressions("val")]))
    score(path, tmp_path / "out")
    metrics = json.loads((tmp_path / "out" / "tables" / "metrics.json").read_text())
    cells = {cell["tag"]: cell["printed"] for row in metrics["rows"] for cell in row}
    assert cells["1/perfect/refcoco/val/ciou"].split(" ")[0] == "100.00"


def spoil(change):
    entries = predictions("val")
    change(entries)
    return json.dumps(entries)


@pytest.mark.parametrize("text, said", [
    ("[", "mine.json"),
    (spoil(lambda e: e.append({"sent_id": 99999999, "segmentation": None})), "1 of its sent_ids are not in refcoco: 99999999"),
    (spoil(lambda e: e.pop()), "expressions have no prediction"),
    (spoil(lambda e: e[0]["segmentation"].update(size=[3, 4], counts="<")), "(height x width)"),
    (spoil(lambda e: e[0]["segmentation"].update(counts="0")), "do not add up"),
    (spoil(lambda e: e.append(e[0])), "was there before"),
])
def test_bad_predictions_end_with_65_and_say_what_is_wrong(tmp_path, text, said):
    path = tmp_path / "mine.json"
    path.write_text(text)
    assert said in score(path, tmp_path / "out", expect=65)
    assert not (tmp_path / "out").exists()


def test_missing_predictions_may_count_as_empty_masks(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(spoil(lambda entries: entries.pop()))
    assert "1 expressions without a prediction count as empty masks" in score(path, tmp_path / "out", "--missing", "empty")


def test_bad_command_lines_end_with_64_and_missing_files_with_74(good, tmp_path):
    assert "no split" in reducer("score", good, "--data", DATA, expect=64)
    assert "--data" in reducer("score", good, "--split", "refcoco/val", expect=64)
    assert "one data set at a time" in score(good, tmp_path / "out", "--split", "refcoco+/val", expect=64)
    reducer("score", tmp_path / "nothing.json", "--data", DATA, "--split", "refcoco/val", expect=74)
    reducer("score", good, "--data", tmp_path, "--split", "refcoco/val", expect=74)
