"""Evaluation in plain PyTorch of an exported checkpoint on a data set, expression by expression.

Shares no code with the C++ program: pickle, json, Pillow and pycocotools read the data, transformers' layouts are read by
safetensors, and model.py computes in float32 with materialised scores.
"""

import json
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco
from safetensors.torch import load_file

from . import dialogue, preprocess, selection, vocabulary
from .geometry import Geometry, Llama, Sam, Text, Vision
from .model import Pocket

_REFS = {"refcoco": "refs(unc).p", "refcoco+": "refs(unc).p", "refcocog": "refs(umd).p"}
NEAR = 1e-4  # a logit this small may fall on either side of zero


def _geometry(glamm: dict, clip: dict) -> Geometry:
    """From the two config.json."""
    v, t = clip["vision_config"], clip["text_config"]
    vision = Vision(v["hidden_size"], v["num_hidden_layers"], v["num_attention_heads"], v["intermediate_size"],
                    v["image_size"], v["patch_size"], clip["projection_dim"], v["layer_norm_eps"])
    text = Text(t["hidden_size"], t["num_hidden_layers"], t["num_attention_heads"], t["intermediate_size"],
                t["vocab_size"], t["max_position_embeddings"], clip["projection_dim"], t["layer_norm_eps"])
    llama = Llama(glamm["hidden_size"], glamm["num_hidden_layers"], glamm["num_attention_heads"],
                  glamm["intermediate_size"], glamm["vocab_size"], glamm["out_dim"], glamm["rms_norm_eps"])
    sam = Sam(glamm["sam_image_size"], glamm["sam_patch_size"], glamm["sam_embed_dim"], glamm["sam_depth"],
              glamm["sam_num_heads"], glamm["sam_embed_dim"] * glamm["sam_mlp_ratio"], glamm["sam_window_size"],
              tuple(glamm["sam_global_attn_indexes"]), glamm["sam_out_chans"], glamm["sam_decoder_depth"],
              glamm["sam_decoder_mlp_dim"], glamm["sam_decoder_num_heads"],
              glamm["sam_decoder_attention_downsample_rate"], glamm["sam_iou_head_hidden_dim"],
              glamm["sam_num_multimask_outputs"] + 1, glamm["sam_mask_in_chans"])
    return Geometry("exported", vision, text, llama, sam)


def load_exported(folder: Path) -> Pocket:
    """folder/glamm and folder/clip as a model that computes in float32."""
    configs = [json.loads((folder / part / "config.json").read_text()) for part in ("glamm", "clip")]
    weights = load_file(folder / "glamm" / "model.safetensors")
    weights.pop("lm_head.weight")
    weights |= {"clip." + k: v for k, v in load_file(folder / "clip" / "model.safetensors").items()}
    model = Pocket(_geometry(*configs), materialise=True).eval()
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return model


class Split:
    """Images, sentences and targets of one split, e.g. refcoco/val."""

    def __init__(self, root: Path, name: str):
        dataset, split = name.split("/")
        self.name, self._pictures = name, root / "coco_2014" / "train2014"
        instances = json.loads((root / dataset / "instances.json").read_text())
        self._images = {image["id"]: image for image in instances["images"]}
        self._annotations = {a["id"]: a for a in instances["annotations"]}
        refs = pickle.loads((root / dataset / _REFS[dataset]).read_bytes())
        chosen = [ref for ref in refs if ref["split"] == split]
        self.sentences = {s["sent_id"]: (s["sent"], ref["ann_id"]) for ref in chosen for s in ref["sentences"]}
        self.of_image = {}
        for ref in chosen:
            self.of_image.setdefault(ref["image_id"], []).extend(s["sent_id"] for s in ref["sentences"])

    def image(self, image_id: int) -> np.ndarray:
        return np.asarray(Image.open(self._pictures / self._images[image_id]["file_name"]).convert("RGB"))

    def annotations_of(self, image_id: int) -> list:
        return [a for a in self._annotations.values() if a["image_id"] == image_id]

    def mask_of(self, annotation: dict) -> np.ndarray:
        """How many polygons cover each pixel, [height, width]."""
        image = self._images[annotation["image_id"]]
        rles = coco.frPyObjects(annotation["segmentation"], image["height"], image["width"])
        return np.asarray(coco.decode(rles)).sum(2)

    def target(self, sent_id: int) -> np.ndarray:
        return self.mask_of(self._annotations[self.sentences[sent_id][1]])


def draw(split: Split, seed: int) -> list:
    """Conversations of up to three random sentences for every image, in the format of [protocol] replay."""
    rng, conversations = np.random.default_rng(seed), []
    for image_id, sentences in split.of_image.items():
        chosen = rng.permutation(sentences)[:3]
        turns = [{"sent_id": int(s), "template": int(rng.integers(16)), "answer": int(rng.integers(5))} for s in chosen]
        conversations.append({"image_id": image_id, "turns": turns})
    return conversations


@dataclass(frozen=True)
class Variant:
    method: str
    tokens: int = 0
    original: bool = False  # positions

    @property
    def name(self) -> str:
        budget = f"@{self.tokens}" if self.tokens else ""
        return f"{self.method}{budget}{'[pos=original]' if self.original else ''}"


@dataclass(frozen=True)
class Row:
    image_id: int
    sent_id: int
    variant: str
    intersection: int
    union: int
    near: int       # pixels whose logit may fall on either side
    kept: tuple     # patches in the order in which they were read


class Oracle:
    def __init__(self, folder: Path):
        self.model = load_exported(folder)
        self._llama, self._clip = vocabulary.LlamaTokenizer(folder / "glamm"), vocabulary.ClipTokenizer(folder / "clip")

    def texts(self, questions) -> torch.Tensor:
        return self.model.clip.text_embedding(torch.from_numpy(self._clip.batch(questions)))

    def features(self, image: np.ndarray):
        return self.model.clip.features(preprocess.clip_pixels(preprocess.clip_crop(image)[None]))

    def embedding(self, image: np.ndarray):
        """SAM's embedding and the size (height, width) of the picture within it."""
        size = self.model.geometry.sam.image
        resized = preprocess.sam_resized(image, size)
        return self.model.sam.encode(preprocess.sam_pixels(resized, size)[None]), resized.shape[:2]

    def prompts(self, features, questions, answers, kept, original: bool):
        ids = self._llama.prompt(questions, answers)
        at = ids.index(vocabulary.IMAGE)
        rows = torch.tensor([[i + len(kept) - 2 for i, token in enumerate(ids) if token == self._llama.seg]])
        text = torch.tensor([ids[:at] + ids[at + 1:]])
        positions = selection.original_positions(kept, at, text.shape[1]) if original else None
        return self.model.prompts(features.hidden[:, kept], text, at, rows, positions)

    def logits(self, features, embedding, conversation, kept, original: bool, final) -> np.ndarray:
        """Mask logits [Q, height, width] of a conversation (questions, answers) from the kept patches."""
        prompts = self.prompts(features, *conversation, kept, original)
        low_res = self.model.sam.decode(embedding[0], prompts)[0]
        return preprocess.mask_logits(low_res, embedding[1], final, self.model.geometry.sam.image).numpy()

    @staticmethod
    def count(logits: np.ndarray, target: np.ndarray) -> tuple:
        """Intersection, union, and pixels on the edge. What two polygons cover is neither hit nor miss (upstream)."""
        predicted, wanted = logits > 0, target == 1
        shared = int((predicted & wanted).sum())
        return shared, int(predicted.sum()) + int(wanted.sum()) - shared, int((abs(logits) < NEAR).sum())

    @torch.no_grad()
    def evaluate(self, split: Split, conversations: list, variants: list):
        """Yields a Row for every expression and variant."""
        for entry in conversations:
            image = split.image(entry["image_id"])
            features, embedding = self.features(image), self.embedding(image)
            said = [turn["sent_id"] for turn in entry["turns"]]
            questions = [dialogue.question(t["template"], split.sentences[t["sent_id"]][0]) for t in entry["turns"]]
            answers = [dialogue.ANSWERS[turn["answer"]] for turn in entry["turns"]]
            targets = [split.target(sent_id) for sent_id in said]
            texts = self.texts(questions)
            for variant in variants:
                kept = selection.select(variant.method, variant.tokens, features, texts)
                logits = self.logits(features, embedding, (questions, answers), kept, variant.original, image.shape[:2])
                for sent_id, logit, target in zip(said, logits, targets, strict=True):
                    yield Row(entry["image_id"], sent_id, variant.name, *self.count(logit, target), tuple(kept.tolist()))


def ciou(rows) -> dict:
    """Percent per variant: summed intersections over summed unions."""
    sums = {}
    for row in rows:
        total = sums.setdefault(row.variant, [0, 0])
        total[0] += row.intersection
        total[1] += row.union
    return {variant: 100 * shared / union for variant, (shared, union) in sums.items()}
