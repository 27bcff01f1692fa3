"""The pocket data sets in the REFER and COCO layout, read back with pickle, json, Pillow and pycocotools."""

import io
import json
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from model.pocket import dataset, scenes
from PIL import Image
from pycocotools import mask as coco

SEED = 700_000_000
REFS = {"refcoco": "refs(unc).p", "refcoco+": "refs(unc).p", "refcocog": "refs(umd).p"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "Refer_Segm"
    dataset.write(folder, 6, SEED)
    return folder


def load(root, name):
    return json.loads((root / name / "instances.json").read_text()), pickle.loads((root / name / REFS[name]).read_bytes())


@pytest.mark.parametrize(("name", "split", "images"), [
    ("refcoco", "val", 6), ("refcoco", "testA", 3), ("refcoco", "testB", 3), ("refcoco+", "val", 6),
    ("refcoco+", "testA", 3), ("refcoco+", "testB", 3), ("refcocog", "val", 6), ("refcocog", "test", 6)])
def test_every_split_has_the_pictures_asked_for(root, name, split, images):
    _, refs = load(root, name)
    assert len({ref["image_id"] for ref in refs if ref["split"] == split}) == images


@pytest.mark.parametrize("name", REFS)
def test_ids_belong_together_and_are_unique(root, name):
    instances, refs = load(root, name)
    images = {image["id"]: image for image in instances["images"]}
    annotations = {a["id"]: a for a in instances["annotations"]}
    assert len(images) == len(instances["images"])
    assert len(annotations) == len(instances["annotations"])
    assert len({ref["ref_id"] for ref in refs}) == len(refs)
    sentences = [sentence for ref in refs for sentence in ref["sentences"]]
    assert len({s["sent_id"] for s in sentences}) == len(sentences)
    for ref in refs:
        annotation = annotations[ref["ann_id"]]
        assert annotation["image_id"] == ref["image_id"]
        assert annotation["category_id"] == ref["category_id"]
        assert ref["sent_ids"] == [s["sent_id"] for s in ref["sentences"]]
    for image in images.values():
        picture = Image.open(root / "coco_2014" / "train2014" / image["file_name"])
        assert picture.size == (image["width"], image["height"])


def test_polygons_cover_what_is_drawn(root):
    instances, _ = load(root, "refcoco")
    for image in instances["images"][:4]:
        scene = scenes.make_scene(image["id"])
        own = [a for a in instances["annotations"] if a["image_id"] == image["id"]]
        for index, annotation in enumerate(own):
            rle = coco.merge(coco.frPyObjects(annotation["segmentation"], image["height"], image["width"]))
            polygon, drawn = coco.decode(rle).astype(bool), scene.mask(index)
            assert (polygon & drawn).sum() / (polygon | drawn).sum() > 0.9
            assert annotation["area"] == pytest.approx(drawn.sum(), rel=0.1)


def test_referents_of_test_a_and_test_b_are_of_different_kinds(root):
    instances, refs = load(root, "refcoco")
    kinds = {c["id"]: c["name"] for c in instances["categories"]}
    of = {split: {kinds[r["category_id"]] for r in refs if r["split"] == split} for split in ("testA", "testB")}
    assert of["testA"] <= {"circle", "square", "triangle"}
    assert of["testB"] <= {"star", "cross", "diamond"}


def test_the_same_seed_writes_the_same_bytes(root, tmp_path):
    dataset.write(tmp_path, 6, SEED)
    files = sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file())
    assert files
    assert all((tmp_path / f).read_bytes() == (root / f).read_bytes() for f in files)


def test_jpeg_keeps_the_picture(root):
    file = next((root / "coco_2014" / "train2014").iterdir())
    scene = scenes.make_scene(int(file.stem.split("_")[-1]))
    stored = np.asarray(Image.open(io.BytesIO(file.read_bytes())), np.float32)
    assert np.abs(stored - scene.image).mean() < 6


def test_litebench_reads_all_three(root, tmp_path):
    litebench = Path(os.environ["LITEBENCH_BIN"]) / "litebench"
    splits = [f"{name}/{split}" for name in ("refcoco", "refcoco+") for split in ("val", "testA", "testB")]
    config = tmp_path / "sweep.toml"
    config.write_text(f"""
[run]
output = "{tmp_path}/run"
[model]
glamm = "tests/golden/tiny/glamm"
clip = "tests/golden/tiny/clip"
dtype = "fp32"
[data]
root = "{root}"
splits = {json.dumps([*splits, "refcocog/val", "refcocog/test"])}
[[sweep]]
method = "none"
""")
    done = subprocess.run([litebench, "plan", "--config", config, "--no-forecast"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    doctor = subprocess.run([litebench, "doctor", "--config", config], capture_output=True, text=True, check=False)
    for name in REFS:
        _, refs = load(root, name)
        assert str(sum(len(r["sentences"]) for r in refs if r["split"] == "val")) in doctor.stdout.replace(" ", "")
