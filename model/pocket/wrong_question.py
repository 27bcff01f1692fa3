"""Does similarity to the question find or shun the referent? With the control that tells it from objectness.

For every expression: the chance (AUC) that a patch of the referent is more similar to the question than one of the ground,
and than one of another shape; then the same with the question of another picture. What the wrong question shows too has
nothing to do with the question. Also cIoU with the least and the most similar patches kept, for both questions.
Intervals: percentile bootstrap over pictures.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import dialogue, selection
from .oracle import Oracle, Split, draw
from .samples import patch_coverage

_RESAMPLES = 2000
_MOST, _NONE = 127, 3  # of 255: a patch belongs to a shape, shows nothing of it


def auc(scores: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties half; NaN without both."""
    if not positive.any() or not negative.any():
        return float("nan")
    difference = scores[positive][:, None] - scores[negative]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def _interval(pictures: list, statistic, seed: int = 0):
    """statistic(list of per-picture values) with its 95 % interval."""
    rng, count = np.random.default_rng(seed), len(pictures)
    values = [statistic([pictures[i] for i in rng.integers(count, size=count)]) for _ in range(_RESAMPLES)]
    return statistic(pictures), *np.percentile(values, [2.5, 97.5])


@dataclass
class Asked:
    """One conversation with its right and its wrong question about every referent."""

    image_id: int
    sent_ids: list
    right: list
    wrong: list
    answers: list


def _conversations(split: Split, seed: int) -> list:
    drawn = draw(split, seed)
    questions = [[dialogue.question(t["template"], split.sentences[t["sent_id"]][0]) for t in entry["turns"]]
                 for entry in drawn]
    found = []
    for i, entry in enumerate(drawn):
        other = questions[(i + 1) % len(drawn)]
        found.append(Asked(entry["image_id"], [t["sent_id"] for t in entry["turns"]], questions[i],
                           [other[q % len(other)] for q in range(len(questions[i]))],
                           [dialogue.ANSWERS[t["answer"]] for t in entry["turns"]]))
    return found


def _aucs(split: Split, asked: Asked, similarity: np.ndarray) -> list:
    """Per turn: referent over ground, referent over other shapes."""
    shapes = {a["id"]: patch_coverage(split.mask_of(a)) for a in split.annotations_of(asked.image_id)}
    ground = np.max(list(shapes.values()), axis=0) < _NONE
    found = []
    for sent_id, scores in zip(asked.sent_ids, similarity, strict=True):
        own = split.sentences[sent_id][1]
        others = np.max([c for a, c in shapes.items() if a != own] or [np.zeros_like(ground)], axis=0)
        referent = shapes[own] > _MOST
        found.append((auc(scores, referent, ground), auc(scores, referent, (others > _MOST) & (shapes[own] < _NONE))))
    return found


@torch.no_grad()
def measure(checkpoint: Path, root: Path, split_name: str, tokens: int, seed: int = 1) -> dict:
    """{what: (value, low, high)}"""
    oracle, split = Oracle(checkpoint), Split(root, split_name)
    aucs, pixels = {"right": [], "wrong": []}, {}
    for asked in _conversations(split, seed):
        image = split.image(asked.image_id)
        features, embedding = oracle.features(image), oracle.embedding(image)
        targets = [split.target(s) for s in asked.sent_ids]
        for which in ("right", "wrong"):
            texts = oracle.texts(getattr(asked, which))
            aucs[which].append(_aucs(split, asked, selection.similarity(features, texts).numpy()))
            for largest in (False, True):
                kept = selection.by_similarity(features, texts, tokens, largest)
                counted = [oracle.count(logit, target) for logit, target in zip(
                    oracle.logits(features, embedding, (asked.right, asked.answers), kept, False, image.shape[:2]),
                    targets, strict=True)]
                pixels.setdefault((which, largest), []).append(np.sum(counted, 0)[:2])
    return {**_auc_table(aucs), **_ciou_table(pixels, tokens)}


def _auc_table(aucs: dict) -> dict:
    table = {}
    for column, over in enumerate(("ground", "other shapes")):
        mean = lambda pictures, c=column: np.nanmean([turn[c] for picture in pictures for turn in picture])  # noqa: E731
        for which in ("right", "wrong"):
            table[f"AUC, referent over {over}, {which} question"] = _interval(aucs[which], mean)
        both = list(zip(aucs["right"], aucs["wrong"], strict=True))
        table[f"AUC, referent over {over}, right minus wrong"] = _interval(
            both, lambda p, m=mean: m([r for r, _ in p]) - m([w for _, w in p]))
    return table


def _ciou_table(pixels: dict, tokens: int) -> dict:
    ciou = lambda pictures: 100 * np.sum(pictures, 0)[0] / np.sum(pictures, 0)[1]  # noqa: E731
    table = {}
    for which in ("right", "wrong"):
        low, high = pixels[(which, False)], pixels[(which, True)]
        table[f"cIoU@{tokens}, least similar, {which} question"] = _interval(low, ciou)
        table[f"cIoU@{tokens}, most similar, {which} question"] = _interval(high, ciou)
        table[f"cIoU@{tokens}, least minus most, {which} question"] = _interval(
            list(zip(low, high, strict=True)), lambda p: ciou([a for a, _ in p]) - ciou([b for _, b in p]))
    return table
