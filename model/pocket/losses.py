"""The objective of each kind of stage. Each returns the loss and numbers for the progress line."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import batches
from .geometry import Geometry
from .model import Pocket
from .samples import Samples
from .vocabulary import ClipTokenizer, LlamaTokenizer

PATCHES = 576


class Heads(nn.Module):
    """Read-outs that exist during training only and are not exported."""

    def __init__(self, geometry: Geometry):
        super().__init__()
        kinds = sum(len(names) for names in batches.KINDS.values())
        self.logit_bias = nn.Parameter(torch.tensor(-3.0))
        self.patch = nn.Linear(geometry.vision.hidden, 1 + kinds)
        self.words = nn.Linear(geometry.llama.hidden, len(batches.WORDS))
        self.place = nn.Linear(geometry.llama.hidden, 4)


@dataclass
class Setting:
    """What the losses need beside the model: data, tokenizers, SAM's image embeddings float16 [n, C, g, g]."""

    samples: Samples
    llama: LlamaTokenizer
    clip: ClipTokenizer
    embeddings: np.ndarray | None = None


def mask_loss(logits, target):
    """Cross entropy with positives weighted five-fold, plus dice. logits and target [n, h, w], target in [0, 1]."""
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (entropy * (1 + 4 * target)).flatten(1).mean(1)
    p, t = logits.sigmoid().flatten(1), target.flatten(1)
    dice = 1 - (2 * (p * t).sum(1) + 1) / ((p * p).sum(1) + (t * t).sum(1) + 1)
    return (entropy + dice).mean()


def iou(logits, target):
    predicted, wanted = logits > 0, target > 0.5
    shared = (predicted & wanted).flatten(1).sum(1).float()
    return shared / ((predicted | wanted).flatten(1).sum(1) + 1e-6)


def _balanced(logits, truth):
    """Cross entropy in which the pairs that hold weigh as much as those that do not; and the balanced accuracy."""
    loss = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    right = ((logits > 0).float() == truth).float()
    mean = lambda x, w: (x * w).sum() / w.sum().clamp(min=1)  # noqa: E731
    return (mean(loss, truth) + mean(loss, 1 - truth),
            (mean(right, truth) + mean(right, 1 - truth)).item() / 2)


def contrast(model: Pocket, heads: Heads, setting: Setting, rng, embedding, pictures, per_picture: int):
    """Does any shape of the picture answer the phrase? embedding [B, p]"""
    texts, truth = batches.claims(rng, [setting.samples.scenes[i] for i in pictures], per_picture * len(pictures))
    read = model.clip.text_embedding(torch.from_numpy(setting.clip.batch(texts)))
    return _balanced(model.clip.contrast(embedding, read) + heads.logit_bias, truth)


def segment(model: Pocket, heads: Heads, setting: Setting, rng, pictures, stage, progress: float):
    """SAM alone: a point inside a shape gives the shape's mask."""
    del heads, progress
    samples, points, slots = setting.samples, [], []
    for i in pictures:
        for _ in range(stage.turns):
            slot = int(rng.integers(len(samples.scenes[i])))
            slots.append(slot)
            points.append(batches.inside(rng, samples, i, samples.scenes[i][slot]))
    prompts = model.sam.point(torch.tensor(points).float().view(len(pictures), stage.turns, 2))
    logits = model.sam.decode(model.sam.encode(batches.sam_batch(samples, pictures)), prompts).flatten(0, 1)
    target = batches.mask_targets(samples, np.repeat(pictures, stage.turns), slots)
    return mask_loss(logits, target), {"iou": iou(logits, target).mean().item()}


def _half(count: int):
    """Half of the patches, [count, 288] ascending."""
    return torch.rand(count, PATCHES).argsort(1)[:, :PATCHES // 2].sort(1)[0]


def describe(model: Pocket, heads: Heads, setting: Setting, rng, pictures, stage, progress: float):
    """CLIP alone on half of the patches: which phrases hold for which picture?"""
    del progress
    keep = _half(len(pictures))
    state = model.clip.penultimate(batches.crops(setting.samples, pictures), keep)
    loss, accuracy = contrast(model, heads, setting, rng, model.clip.image_embedding(state), pictures, stage.turns)
    return loss, {"balanced": accuracy}


def recognise(model: Pocket, heads: Heads, setting: Setting, rng, pictures, stage, progress: float):
    """CLIP on half of the patches, one by one: is there a shape, and what is it like?"""
    del progress
    samples = setting.samples
    keep = _half(len(pictures))
    state = model.clip.penultimate(batches.crops(samples, pictures), keep)
    loss, accuracy = contrast(model, heads, setting, rng, model.clip.image_embedding(state), pictures, stage.turns)
    slots = torch.from_numpy(batches.patch_slots(samples, pictures)).gather(1, keep)
    labels = batches.kind_labels(samples, pictures)[torch.arange(len(pictures))[:, None], slots]
    shown = slots < batches.NOTHING
    guess = heads.patch(F.layer_norm(state[:, 1:], state.shape[-1:]))
    dense = F.binary_cross_entropy_with_logits(guess[..., 0], shown.float())
    report, start = {"balanced": accuracy}, 1
    for k, (kind, names) in enumerate(batches.KINDS.items()):
        logits, wanted = guess[shown][:, start:start + len(names)], labels[shown][:, k]
        dense = dense + F.cross_entropy(logits, wanted)
        report[kind] = (logits.argmax(1) == wanted).float().mean().item()
        start += len(names)
    return dense + 0.3 * loss, report


def _kept(rng, stage, progress: float, count: int):
    """Patches that the language model sees, [B, N]: ascending, or in random order."""
    turn = round(progress * stage.steps)
    budget = stage.keep[turn % len(stage.keep)] if progress < stage.drop_until else PATCHES
    kept = torch.rand(count, PATCHES).argsort(1)[:, :budget]
    return kept if rng.random() < stage.shuffle else kept.sort(1)[0]


def _positions(rng, stage, kept, image_at: int, text: int):
    """Rotary positions [B, S]: those of the whole sequence, or with the patches' compact, scaled, warped or exchanged."""
    budget = kept.shape[1]
    scale, seen, end = 1.0, kept.float(), PATCHES
    if rng.random() < stage.compact:
        seen, end = torch.arange(budget).float().expand_as(kept), budget
    elif rng.random() < stage.jitter:
        scale = math.exp(rng.uniform(math.log(0.03), 0.0))
        if rng.random() < 0.5:
            gaps = torch.exp(torch.randn(len(kept), PATCHES + 1) * 0.8)
            seen = (gaps.cumsum(1) / gaps.sum(1, keepdim=True) * PATCHES).gather(1, kept)
        else:
            seen = torch.rand(len(kept), PATCHES).argsort(1).gather(1, kept).float()
    before = torch.arange(image_at).float().expand(len(kept), -1)
    after = image_at + end * scale + torch.arange(text - image_at).float()
    return torch.cat([before, image_at + seen * scale, after.expand(len(kept), -1)], 1)


def _attention_loss(attention, covered):
    """The referent's patches should receive the attention [B, Q, N] of its turn's state."""
    hit = (attention * (covered > 0.3)).sum(-1)
    return -(hit + 1e-3).log().mean(), hit


def _word_loss(heads: Heads, setting: Setting, talk, middle, rows, kept):
    """States before [SEG] should know the words of their turn, patches the words that hold for them."""
    state = F.rms_norm(middle, middle.shape[-1:])
    at_rows = heads.words(state.gather(1, rows[..., None].expand(-1, -1, state.shape[-1])))
    said = F.binary_cross_entropy_with_logits(at_rows, batches.said_words(talk.texts), reduction="none").sum(-1).mean()
    slots = batches.patch_slots(setting.samples, talk.pictures)
    words = batches.patch_words(setting.samples, talk.pictures, slots)
    words = words.gather(1, kept[..., None].expand(-1, -1, words.shape[-1]))
    shown = torch.from_numpy(slots < batches.NOTHING).gather(1, kept)
    seen = heads.words(state[:, talk.image_at:talk.image_at + kept.shape[1]])
    seen = F.binary_cross_entropy_with_logits(seen, words, reduction="none").sum(-1)
    shown_mean, ground_mean = (seen[where].sum() / where.sum().clamp(min=1) for where in (shown, ~shown))
    return said + 0.7 * shown_mean + 0.3 * ground_mean


def _where(setting: Setting, talk):
    """Middles in SAM's square [B, Q, 2]; middle and radius as the place head should say them [B, Q, 4]."""
    samples, middles, places = setting.samples, [], []
    for i, row in zip(talk.pictures, talk.slots, strict=True):
        for slot in row:
            shape = samples.scenes[i][slot]
            middles.append(batches.centre(samples, i, shape))
            places.append((2 * shape.u - 1, 2 * shape.v - 1, 4 * shape.radius / min(samples.sizes[i]), 0.0))
    shape = (*talk.slots.shape, -1)
    return torch.tensor(middles).float().view(shape), torch.tensor(places).float().view(shape)


def refer(model: Pocket, heads: Heads, setting: Setting, rng, pictures, stage, progress: float):
    """Conversations: the state before each [SEG] becomes a prompt with which SAM finds the referent."""
    samples = setting.samples
    talk = batches.dialogues(rng, samples, pictures, stage.turns, setting.llama, stage.long_share)
    kept = _kept(rng, stage, progress, len(talk.pictures))
    state = model.clip.penultimate(batches.crops(samples, talk.pictures), kept)
    positions = _positions(rng, stage, kept, talk.image_at, talk.ids.shape[1])
    rows = talk.seg + kept.shape[1] - 2
    last, middle, attention = model.states(model.splice(state[:, 1:], talk.ids, talk.image_at), positions, rows)
    prompts = model.model.text_hidden_fcs[0](last)

    middles, places = _where(setting, talk)
    point = model.sam.point(middles)
    covered = torch.from_numpy(samples.coverage[np.array(talk.pictures)[:, None], talk.slots]).float() / 255
    covered = covered.gather(2, kept[:, None].expand(-1, stage.turns, -1))
    seen = attention[:, 0, :, talk.image_at:talk.image_at + kept.shape[1]]
    attended, hit = _attention_loss(seen, covered)
    help_loss = stage.point * (prompts - point).pow(2).sum(-1).mean() / point.pow(2).sum(-1).mean()
    help_loss = help_loss + stage.help * (attended + F.smooth_l1_loss(heads.place(last), places, beta=0.05))
    help_loss = help_loss + stage.words * _word_loss(heads, setting, talk, middle, rows, kept)
    loss = help_loss * (1 - (1 - stage.fade) * progress)
    contrasted, accuracy = contrast(model, heads, setting, rng, model.clip.image_embedding(state), talk.pictures, 4)
    loss, report = loss + 0.3 * contrasted, {"hit": hit.mean().item(), "balanced": accuracy}
    score = hit
    if stage.masks:
        embeddings = torch.from_numpy(np.stack([setting.embeddings[i] for i in talk.pictures])).float()
        logits = model.sam.decode(embeddings, prompts).flatten(0, 1)
        target = batches.mask_targets(samples, np.repeat(talk.pictures, stage.turns), talk.slots.reshape(-1))
        score = iou(logits, target).view(talk.slots.shape)
        report["iou"] = score.mean().item()
        loss = loss + mask_loss(logits, target)
    by_place = torch.from_numpy(talk.by_place)
    for name, where in (("place", by_place), ("attribute", ~by_place)):
        if where.any():
            report[name] = score[where].mean().item()
    return loss, report
