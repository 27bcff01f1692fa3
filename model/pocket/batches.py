"""What one training step sees. Every batch is a function of (seed, stage, step, rank), so that a run can go on anywhere."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from . import dialogue, preprocess, vocabulary
from .expressions import express, matches, phrase
from .samples import PATCHES, Samples
from .scenes import COLORS, SHAPES, SIZES, TEXTURES

KINDS = {"color": tuple(COLORS), "shape": SHAPES, "texture": TEXTURES, "size": SIZES}
WORDS = (*SIZES, *TEXTURES, *COLORS, *SHAPES, "left", "right", "top", "bottom")
WORD_INDEX = {**{word: i for i, word in enumerate(WORDS)}, "leftmost": WORDS.index("left"),
              "rightmost": WORDS.index("right")}
NOTHING = 8  # slot of a patch that shows the ground
_SEEN = 76   # of 255: a patch shows a shape from 30 % coverage on
_THIRD = 0.42
_REGIONS = {"left": lambda s: s.u < _THIRD, "right": lambda s: s.u > 1 - _THIRD,
            "top": lambda s: s.v < _THIRD, "bottom": lambda s: s.v > 1 - _THIRD}


@dataclass(frozen=True)
class Place:
    """Where in a run a batch belongs."""

    seed: int
    stage: int
    step: int
    rank: int
    ranks: int

    def rng(self):
        return np.random.default_rng([self.seed, self.stage, self.step, self.rank])

    def pictures(self, total: int, count: int) -> list:
        """Indices of this rank's share of the step's `count`; every epoch is a new order."""
        share = count // self.ranks
        first = self.step * count + self.rank * share
        return [int(_order(self.seed, self.stage, n // total, total)[n % total]) for n in range(first, first + share)]


@lru_cache(maxsize=2)
def _order(seed: int, stage: int, epoch: int, total: int):
    return np.random.default_rng([seed, stage, 10**9 + epoch]).permutation(total)


def mask_targets(samples: Samples, pictures, slots) -> torch.Tensor:
    """Coverage in [0, 1], [n, 64, 64]"""
    masks = np.stack([samples.masks[i, k] for i, k in zip(pictures, slots, strict=True)])
    return torch.from_numpy(masks).float().view(len(masks), 64, 2, 64, 2).mean((2, 4)) / 255


def sam_batch(samples: Samples, pictures) -> torch.Tensor:
    size = samples.pictures.shape[1]
    return torch.stack([preprocess.sam_pixels(samples.pictures[i][:h, :w], size)
                        for i, (h, w) in zip(pictures, samples.resized[list(pictures)], strict=True)])


def crops(samples: Samples, pictures) -> torch.Tensor:
    return preprocess.clip_pixels(np.stack([samples.crops[i] for i in pictures]))


def centre(samples: Samples, picture: int, shape) -> tuple:
    """The shape's middle in [0, 1] of SAM's padded square."""
    side = max(samples.sizes[picture])
    return shape.x / side, shape.y / side


def inside(rng, samples: Samples, picture: int, shape) -> tuple:
    """A point near the shape's middle, in [0, 1] of SAM's padded square."""
    side, angle = max(samples.sizes[picture]), rng.random() * 2 * math.pi
    radius = shape.radius * 0.35 * math.sqrt(rng.random())
    return (shape.x + radius * math.cos(angle)) / side, (shape.y + radius * math.sin(angle)) / side


def claim(rng, shapes):
    """A phrase that holds for one of the shapes (maybe for others too): text, attributes, region or None."""
    target, attributes = shapes[rng.integers(len(shapes))], {}
    while not attributes:
        attributes = {key: getattr(target, key) for key, odds in
                      (("size", 0.25), ("texture", 0.25), ("color", 0.65), ("shape", 0.65)) if rng.random() < odds}
    text, region = phrase(attributes), None
    regions = [name for name, within in _REGIONS.items() if within(target)]
    if regions and rng.random() < 0.4:
        region = regions[rng.integers(len(regions))]
        aside = "on" if region in ("left", "right") else "at"
        text = (f"{region} {text}", f"{text} {aside} the {region}")[rng.integers(2)]
    if rng.random() < 0.5:
        text = dialogue.question(int(rng.integers(len(dialogue.QUESTIONS))), text)
    return text, attributes, region


def claims(rng, scenes, count: int):
    """`count` phrases and whether they hold for each scene: texts, float32 [scenes, count]"""
    found = [claim(rng, scenes[i % len(scenes)]) for i in range(count)]
    truth = [[any(matches(s, attributes) and (region is None or _REGIONS[region](s)) for s in shapes)
              for _, attributes, region in found] for shapes in scenes]
    return [text for text, _, _ in found], torch.tensor(truth, dtype=torch.float32)


def patch_slots(samples: Samples, pictures) -> np.ndarray:
    """Index of the shape that each patch shows, or NOTHING: [B, 576]"""
    coverage = samples.coverage[list(pictures)]
    return np.where(coverage.max(1) > _SEEN, coverage.argmax(1), NOTHING)


def kind_labels(samples: Samples, pictures) -> torch.Tensor:
    """Index of colour, outline, texture and size of every slot: int64 [B, 9, 4]"""
    labels = np.zeros((len(pictures), NOTHING + 1, len(KINDS)), np.int64)
    for b, i in enumerate(pictures):
        for k, shape in enumerate(samples.scenes[i]):
            labels[b, k] = [names.index(getattr(shape, key)) for key, names in KINDS.items()]
    return torch.from_numpy(labels)


def _region_words() -> np.ndarray:
    middle = (np.arange(PATCHES) + 0.5) / PATCHES
    v, u = (axis.reshape(-1) for axis in np.meshgrid(middle, middle, indexing="ij"))
    words = np.zeros((PATCHES**2, len(WORDS)), np.float32)
    for word, where in (("left", u < _THIRD), ("right", u > 1 - _THIRD), ("top", v < _THIRD), ("bottom", v > 1 - _THIRD)):
        words[where, WORD_INDEX[word]] = 1
    return words


_PATCH_WORDS = _region_words()


def patch_words(samples: Samples, pictures, slots) -> torch.Tensor:
    """Which words hold for each patch: its shape's attributes and its own region, float32 [B, 576, words]"""
    of_slot = np.zeros((len(pictures), NOTHING + 1, len(WORDS)), np.float32)
    for b, i in enumerate(pictures):
        for k, shape in enumerate(samples.scenes[i]):
            of_slot[b, k, [WORD_INDEX[getattr(shape, key)] for key in KINDS]] = 1
    return torch.from_numpy(of_slot[np.arange(len(pictures))[:, None], slots] + _PATCH_WORDS)


@dataclass
class Dialogues:
    """A conversation of Q turns about each of B pictures."""

    pictures: list
    slots: np.ndarray       # [B, Q] the shape that each turn asks for
    texts: list             # B lists of Q expressions
    ids: torch.Tensor       # [B, T-1] padded, the picture's placeholder taken out
    image_at: int
    seg: torch.Tensor       # [B, Q] position of [SEG] with one placeholder in place
    by_place: np.ndarray    # [B, Q]


def _turns(rng, shapes, count: int, long_share: float):
    """`count` (slot, Expression) about one scene, every shape once before any twice; None where nothing can be said."""
    found = []
    for _ in range(6):
        for slot in rng.permutation(len(shapes)):
            style = "long" if rng.random() < long_share else "located"
            said = express(rng, shapes, int(slot), style)
            if said is not None:
                found.append((int(slot), said))
            if len(found) == count:
                return found
    return [found[i % len(found)] for i in range(count)] if found else None


def dialogues(rng, samples: Samples, pictures, turns: int, tokenizer: vocabulary.LlamaTokenizer,
              long_share: float) -> Dialogues:
    chosen, about, prompts = [], [], []
    for i in pictures:
        said = None
        while said is None:  # a scene of which nothing can be said makes room for the next
            said = _turns(rng, samples.scenes[i], turns, long_share)
            i = i if said else (i + 1) % len(samples)
        chosen.append(i)
        about.append(said)
        questions = [dialogue.question(int(rng.integers(16)), e.text) for _, e in said]
        answers = [dialogue.ANSWERS[rng.integers(5)] for _ in said]
        prompts.append(tokenizer.prompt(questions, answers))
    image_at = prompts[0].index(vocabulary.IMAGE)
    longest = max(map(len, prompts))
    padded = torch.tensor([p + [0] * (longest - len(p)) for p in prompts])
    seg = torch.tensor([[at for at, token in enumerate(p) if token == tokenizer.seg] for p in prompts])
    return Dialogues(chosen, np.array([[slot for slot, _ in said] for said in about]),
                     [[e.text for _, e in said] for said in about],
                     torch.cat([padded[:, :image_at], padded[:, image_at + 1:]], 1), image_at, seg,
                     np.array([[e.by_place for _, e in said] for said in about]))


def said_words(texts) -> torch.Tensor:
    """Which of WORDS each expression contains, float32 [B, Q, words]"""
    words = np.zeros((len(texts), len(texts[0]), len(WORDS)), np.float32)
    for b, row in enumerate(texts):
        for q, text in enumerate(row):
            words[b, q, [WORD_INDEX[w] for w in text.split() if w in WORD_INDEX]] = 1
    return torch.from_numpy(words)
