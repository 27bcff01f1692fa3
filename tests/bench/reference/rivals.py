"""The rivals: the reference's sequence of operations in plain PyTorch.

    eager    scores of all attention laid out in memory, one whole run per variant, as the reference does
    fused    the same with scaled-dot-product attention
    cached   fused, with both towers run once per picture and shared by all variants: what a careful user would write

Spared them are the pictures (decoding and resampling) and the language head.
"""

import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from model.pocket.geometry import mid
from model.pocket.model import random_model

IMAGE_AT = 36
TEXT_TOKENS = 128   # beside the picture, as in litebench's made-up prompts
CLIP_TOKENS = 20
TOKENS_OF_A_TURN = 22


@dataclass(frozen=True)
class Picture:
    height: int
    width: int
    turns: int


class Rival:
    def __init__(self, materialise: bool):
        self.model = random_model(mid(), materialise=materialise)
        g, generator = self.model.geometry, torch.Generator().manual_seed(0)
        self.crop = torch.randn(1, 3, g.vision.image, g.vision.image, generator=generator)
        self.pixels = torch.randn(1, 3, g.sam.image, g.sam.image, generator=generator)
        self.ids = torch.randint(3, g.llama.vocab, (1, TEXT_TOKENS), generator=generator)
        self.texts = torch.randint(3, g.text.vocab, (8, CLIP_TOKENS), generator=generator)

    def towers(self, picture: Picture):
        """What does not depend on the variant: patches, their order by similarity, SAM's features."""
        features = self.model.clip.features(self.crop)
        texts = self.model.clip.text_embedding(self.texts[:picture.turns])
        order = (features.projected[0] @ texts.T).amin(1).argsort()
        return features.hidden, order, self.model.sam.encode(self.pixels)

    def prompts(self, patches, turns: int):
        """All rows go through all layers, the final norm and the prompt head."""
        x = self.model.splice(patches, self.ids, IMAGE_AT)
        angles = self.model.angles(torch.arange(x.shape[1])[None])
        for layer in self.model.model.layers:
            x = layer(x, angles)
        rows = [x.shape[1] - 4 - TOKENS_OF_A_TURN * turn for turn in range(turns)]
        return self.model.model.text_hidden_fcs[0](self.model.model.norm(x))[:, rows]

    def counts(self, features, prompts, picture: Picture):
        """Pixel counts of the masks: two interpolations, a threshold, comparisons."""
        size, frame = self.model.geometry.sam.image, (picture.height, picture.width)
        inside = [round(side * size / max(frame)) for side in frame]
        target = torch.zeros(frame, dtype=torch.bool)
        logits = self.model.sam.decode(features, prompts)
        whole = F.interpolate(logits, (size, size), mode="bilinear", align_corners=False)
        mask = F.interpolate(whole[..., :inside[0], :inside[1]], frame, mode="bilinear", align_corners=False)[0] > 0
        return (mask & target).sum((1, 2)), (mask | target).sum((1, 2))

    def variant(self, picture: Picture, towers, tokens: int):
        """What is done for every variant."""
        patches, order, features = towers
        kept = patches[:, order[:tokens].sort().values]
        return self.counts(features, self.prompts(kept, picture.turns), picture)


def seconds(work, clock) -> float:
    begin = clock()
    work()
    return clock() - begin


@torch.no_grad()
def measure(pictures, budgets, threads: int) -> dict:
    """Mean seconds a picture of one round: {rival: {"towers": s, budget: s}}. Processor time for one thread, else wall."""
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    found = {}
    for name, materialise in (("eager", True), ("fused", False)):
        rival = Rival(materialise)
        rival.variant(pictures[0], rival.towers(pictures[0]), 64)  # what is done once at the first sight of a shape
        of_pictures = []
        for picture in pictures:
            towers = rival.towers(picture)
            of_pictures.append({"towers": seconds(lambda p=picture: rival.towers(p), clock)} | {
                n: seconds(lambda p=picture, t=towers, n=n: rival.variant(p, t, n), clock) for n in budgets})
        found[name] = {key: sum(one[key] for one in of_pictures) / len(pictures) for key in of_pictures[0]}
    return found
