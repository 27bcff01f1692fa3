"""Writes scenes and expressions as RefCOCO, RefCOCO+ and RefCOCOg come: instances.json, refs(unc).p or refs(umd).p, and
JPEGs under coco_2014/train2014.

`val` has as many pictures as asked for, `testA` and `testB` half of that each; RefCOCOg has `val` and `test`. Referents
of testA are circles, squares and triangles, those of testB stars, crosses and diamonds. Splits of the three data sets
share pictures, as the real ones do.
"""

import json
import pickle
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import preprocess
from .expressions import STYLES, express
from .scenes import SHAPES, make_scene

FIRST_SEED = 500_000_000  # data sets begin here; what is trained on lies far below
_BLOCK = 10_000_000       # scenes of one split
_REFS, _SENTENCES = 3, 3  # per picture and per ref, at most
_GROUPS = {"A": SHAPES[:3], "B": SHAPES[3:]}
_PARTITION = {"refcoco": "unc", "refcoco+": "unc", "refcocog": "umd"}


@dataclass
class Block:
    """Pictures of one split name; `share` is its size relative to val."""

    first_seed: int
    splits: dict  # data set → split
    share: float = 0.5
    group: tuple = SHAPES


def blocks(first_seed: int) -> list:
    classic = ("refcoco", "refcoco+")
    return [
        Block(first_seed, dict.fromkeys(STYLES, "val"), 1.0),
        Block(first_seed + _BLOCK, {**dict.fromkeys(classic, "testA"), "refcocog": "test"}, group=_GROUPS["A"]),
        Block(first_seed + 2 * _BLOCK, {**dict.fromkeys(classic, "testB"), "refcocog": "test"}, group=_GROUPS["B"]),
    ]


@dataclass
class Writer:
    """One data set while it grows."""

    name: str
    images: list = field(default_factory=list)
    annotations: list = field(default_factory=list)
    refs: list = field(default_factory=list)
    sentences: int = 0

    def add(self, seed: int, scene, described: list, split: str) -> None:
        """described: (shape's index, texts)"""
        file_name = f"COCO_train2014_{seed:012d}.jpg"
        height, width = scene.size
        self.images.append({"id": seed, "file_name": file_name, "height": height, "width": width, "license": 1,
                            "coco_url": "", "flickr_url": "", "date_captured": ""})
        first = len(self.annotations) + 1
        self.annotations += [_annotation(first + k, seed, shape) for k, shape in enumerate(scene.shapes)]
        for index, texts in described:
            self._add_ref(seed, first + index, scene.shapes[index], texts, split)

    def _add_ref(self, image_id: int, ann_id: int, shape, texts: list, split: str) -> None:
        ids = list(range(self.sentences, self.sentences + len(texts)))
        self.sentences += len(texts)
        self.refs.append({
            "sent_ids": ids, "file_name": f"COCO_train2014_{image_id:012d}_{ann_id}.jpg", "ann_id": ann_id,
            "ref_id": len(self.refs), "image_id": image_id, "split": split,
            "sentences": [{"tokens": text.split(), "raw": text, "sent_id": i, "sent": text}
                          for i, text in zip(ids, texts, strict=True)],
            "category_id": SHAPES.index(shape.shape) + 1})

    def write(self, root: Path) -> None:
        folder = root / self.name
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "info": {"description": f"synthetic scenes in the layout of {self.name}", "version": "1", "year": 2026},
            "licenses": [{"id": 1, "name": "Apache License 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}],
            "images": self.images, "annotations": self.annotations,
            "categories": [{"id": i + 1, "name": name, "supercategory": "shape"} for i, name in enumerate(SHAPES)]}
        (folder / "instances.json").write_text(json.dumps(document, separators=(",", ":")))
        (folder / f"refs({_PARTITION[self.name]}).p").write_bytes(pickle.dumps(self.refs, protocol=2))


def _annotation(ann_id: int, image_id: int, shape) -> dict:
    outline = shape.outline().round(2)
    low, high = outline.min(0), outline.max(0)
    x, y = outline.T
    area = abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
    return {"id": ann_id, "image_id": image_id, "category_id": SHAPES.index(shape.shape) + 1, "iscrowd": 0,
            "bbox": [*low.tolist(), *(high - low).round(2).tolist()], "area": round(area, 2),
            "segmentation": [outline.reshape(-1).tolist()]}


def describe(seed: int, shapes, style: str, group) -> list:
    """Up to three shapes of the group, each with up to three different sentences: (index, texts)"""
    rng = np.random.default_rng([seed, list(STYLES.values()).index(style)])
    found = []
    for index in rng.permutation(len(shapes)):
        if shapes[index].shape not in group or len(found) == _REFS:
            continue
        said = (express(rng, shapes, int(index), style) for _ in range(2 * _SENTENCES))
        texts = list(dict.fromkeys(e.text for e in said if e is not None))[:_SENTENCES]
        if texts:
            found.append((int(index), texts))
    return found


def write(root: Path, images: int, first_seed: int = FIRST_SEED) -> dict:
    """Data sets with `images` pictures in val below root (Refer_Segm). Returns pictures, refs and sentences of each."""
    writers = {name: Writer(name) for name in STYLES}
    pictures = root / "coco_2014" / "train2014"
    pictures.mkdir(parents=True, exist_ok=True)
    for block in blocks(first_seed):
        missing = dict.fromkeys(block.splits, max(1, round(images * block.share)))
        seed = block.first_seed
        while any(missing.values()):
            scene, used = make_scene(seed), False
            for name, split in block.splits.items():
                described = describe(seed, scene.shapes, STYLES[name], block.group) if missing[name] else []
                if described:
                    writers[name].add(seed, scene, described, split)
                    missing[name] -= 1
                    used = True
            if used:
                (pictures / f"COCO_train2014_{seed:012d}.jpg").write_bytes(preprocess.to_jpeg(scene.image))
            seed += 1
    for writer in writers.values():
        writer.write(root)
    return {name: (len(w.images), len(w.refs), w.sentences) for name, w in writers.items()}
