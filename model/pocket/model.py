"""The whole model in plain PyTorch: what is trained, what the C++ model is checked against, and the eager baseline.

    from model.pocket.model import eager_forward, random_model
    from model.pocket.geometry import mid
    model = random_model(mid(), seed=0)          # materialised scores everywhere, SAM's 4096 x 4096 ones included
    logits = eager_forward(model, tokens=576)     # one picture, one prompt of one turn: [1, 256, 256]

or, timed from the repository's root: `python -m model.pocket.model --geometry mid --tokens 576 --threads 1`.
"""

import argparse
import time

import torch
from torch import nn

from . import llama
from .clip import Clip
from .geometry import NAMED, Geometry
from .sam import Sam


class Pocket(nn.Module):
    """GLaMM (`model.*`) and CLIP (`clip.*`)."""

    def __init__(self, geometry: Geometry, materialise: bool = False):
        super().__init__()
        g = self.geometry = geometry
        self.clip = Clip(g.vision, g.text, materialise)
        self.model = llama.decoder(g.llama, materialise)
        hidden = g.llama.hidden
        self.model.mm_projector = nn.Sequential(nn.Linear(g.vision.hidden, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.model.text_hidden_fcs = nn.ModuleList([nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, g.llama.out_dim))])
        self.model.grounding_encoder = Sam(g.sam, materialise)

    @property
    def sam(self) -> Sam:
        return self.model.grounding_encoder

    def splice(self, patches, ids, image_at: int):
        """patches [B, N, d] in the order in which they are read, ids [B, T-1] without the picture's placeholder, which
        stood at image_at → embeddings [B, T-1+N, hidden]"""
        seen, read = self.model.mm_projector(patches), self.model.embed_tokens(ids)
        return torch.cat([read[:, :image_at], seen, read[:, image_at:]], 1)

    def angles(self, positions):
        g = self.geometry.llama
        return llama.rotary(positions, g.hidden // g.heads, g.rope_base)

    def states(self, embeddings, positions, rows):
        """Normalised final states at rows [B, Q]; the state before the last layer [B, S, hidden]; the last layer's
        attention at the rows [B, heads, Q, S]. positions [B, S]."""
        angles, x = self.angles(positions), embeddings
        for layer in self.model.layers[:-1]:
            x = layer(x, angles)
        last, attention = self.model.layers[-1].at_rows(x, angles, rows)
        return self.model.norm(last), x, attention

    def prompts(self, patches, ids, image_at: int, rows, positions=None):
        """Mask prompts [B, Q, out]; rows [B, Q] index the spliced sequence (the state before each [SEG])."""
        embeddings = self.splice(patches, ids, image_at)
        if positions is None:
            positions = torch.arange(embeddings.shape[1])[None]
        return self.model.text_hidden_fcs[0](self.states(embeddings, positions, rows)[0])


def random_model(geometry: Geometry, seed: int = 0, materialise: bool = True) -> Pocket:
    """A model with the default initialisation, in evaluation mode."""
    torch.manual_seed(seed)
    return Pocket(geometry, materialise).eval()


@torch.no_grad()
def eager_forward(model: Pocket, tokens: int = 576, text_tokens: int = 68, seed: int = 0):
    """One picture of noise and one prompt of random ids through both towers, the decoder and SAM.

    The first `tokens` patches are kept; all decoder layers run over all rows. Returns logits [1, 4·grid, 4·grid].
    """
    g, generator = model.geometry, torch.Generator().manual_seed(seed)
    crop = torch.randn(1, 3, g.vision.image, g.vision.image, generator=generator)
    picture = torch.randn(1, 3, g.sam.image, g.sam.image, generator=generator)
    ids = torch.randint(3, g.llama.vocab, (1, text_tokens), generator=generator)
    return forward_stages(model, crop, picture, ids, tokens)[-1]


def forward_stages(model: Pocket, crop, picture, ids, tokens: int, image_at: int = 36):
    """Patches, prompt and mask logits of one picture and prompt, stage by stage, so that a bench can time them."""
    patches = model.clip.features(crop).hidden[:, :tokens]
    x = model.splice(patches, ids, image_at)
    angles = model.angles(torch.arange(x.shape[1])[None])
    for layer in model.model.layers:
        x = layer(x, angles)
    prompt = model.model.text_hidden_fcs[0](model.model.norm(x))[:, -4:-3]
    return patches, prompt, model.sam.decode(model.sam.encode(picture), prompt)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds of an eager forward pass with random weights.")
    parser.add_argument("--geometry", choices=NAMED, default="mid")
    parser.add_argument("--tokens", type=int, default=576)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = random_model(NAMED[options.geometry]())
    for _ in range(options.repeats):
        begin = time.perf_counter()
        eager_forward(model, options.tokens)
        print(f"{options.geometry} {options.tokens} tokens: {time.perf_counter() - begin:.3f} s", flush=True)


if __name__ == "__main__":
    main()
