"""CLIP's two towers with the parameter names of the published checkpoint."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .attention import attend, causal_bias, group, join_heads, split_heads
from .geometry import Text, Vision


class Attention(nn.Module):
    def __init__(self, hidden: int, heads: int, materialise: bool):
        super().__init__()
        self.heads, self.materialise = heads, materialise
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(hidden, hidden))

    def forward(self, x, queries=None, bias=None):
        q = split_heads(self.q_proj(x if queries is None else queries), self.heads)
        k, v = split_heads(self.k_proj(x), self.heads), split_heads(self.v_proj(x), self.heads)
        return self.out_proj(join_heads(attend(q, k, v, bias, self.materialise)))


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


class Layer(nn.Module):
    def __init__(self, hidden: int, heads: int, mlp: int, eps: float, materialise: bool):
        super().__init__()
        self.self_attn = Attention(hidden, heads, materialise)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(hidden, eps), nn.LayerNorm(hidden, eps)
        self.mlp = group(fc1=nn.Linear(hidden, mlp), fc2=nn.Linear(mlp, hidden))

    def forward(self, x, bias=None, first: int | None = None):
        """`first`: compute this many leading rows only; they still attend to all."""
        y = self.layer_norm1(x)
        x = x[:, :first] + self.self_attn(y, y[:, :first], bias)
        return x + self.mlp.fc2(quick_gelu(self.mlp.fc1(self.layer_norm2(x))))


@dataclass
class Features:
    """What pruning methods and the language model take from a picture."""

    hidden: torch.Tensor      # [B, n, d] patches of the penultimate hidden state, no class token
    projected: torch.Tensor   # [B, n, p] visual_projection(post_layernorm(hidden))
    class_query: torch.Tensor  # [B, d] q_proj of the last layer at the class token, bias in, unscaled
    keys: torch.Tensor        # [B, n, d] k_proj of the last layer at the patches
    values: torch.Tensor      # [B, n, d] v_proj of the last layer at the patches


def _position_waves(grid: int, width: int) -> torch.Tensor:
    """Sines and cosines of row and column, [grid², width]: positions that need not be discovered."""
    y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    rates = 100.0 ** (-torch.arange(width // 4) / (width // 4))
    waves = [wave(axis.flatten()[:, None] * rates) for axis in (x, y) for wave in (torch.sin, torch.cos)]
    return torch.cat(waves, 1)


class Clip(nn.Module):
    def __init__(self, vision: Vision, text: Text, materialise: bool = False):
        super().__init__()
        self.vision_model = self._vision_tower(vision, materialise)
        self.visual_projection = nn.Linear(vision.hidden, vision.projection, bias=False)
        self.text_model = self._text_tower(text, materialise)
        self.text_projection = nn.Linear(text.hidden, text.projection, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self._initialise(vision)

    @staticmethod
    def _vision_tower(g: Vision, materialise: bool):
        layers = nn.ModuleList(Layer(g.hidden, g.heads, g.mlp, g.eps, materialise) for _ in range(g.layers))
        embeddings = group(patch_embedding=nn.Conv2d(3, g.hidden, g.patch, g.patch, bias=False),
                           position_embedding=nn.Embedding(g.patches + 1, g.hidden))
        embeddings.class_embedding = nn.Parameter(torch.randn(g.hidden) * 0.02)
        return group(embeddings=embeddings, pre_layrnorm=nn.LayerNorm(g.hidden, g.eps), encoder=group(layers=layers),
                     post_layernorm=nn.LayerNorm(g.hidden, g.eps))

    @staticmethod
    def _text_tower(g: Text, materialise: bool):
        layers = nn.ModuleList(Layer(g.hidden, g.heads, g.mlp, g.eps, materialise) for _ in range(g.layers))
        embeddings = group(token_embedding=nn.Embedding(g.vocab, g.hidden),
                           position_embedding=nn.Embedding(g.positions, g.hidden))
        return group(embeddings=embeddings, encoder=group(layers=layers),
                     final_layer_norm=nn.LayerNorm(g.hidden, g.eps))

    @torch.no_grad()
    def _initialise(self, vision: Vision):
        seen, read = self.vision_model.embeddings, self.text_model.embeddings
        seen.patch_embedding.weight.normal_(std=0.03)
        seen.position_embedding.weight.normal_(std=0.02)
        seen.position_embedding.weight[1:] += _position_waves(vision.grid, vision.hidden) * 0.15
        read.token_embedding.weight.normal_(std=0.05)
        read.position_embedding.weight.normal_(std=0.02)

    def penultimate(self, pixels, keep=None):
        """pixels [B, 3, h, w] → hidden state before the last layer [B, 1+n, d]. keep [B, n]: patches that are looked at."""
        embeddings = self.vision_model.embeddings
        x = embeddings.patch_embedding(pixels).flatten(2).transpose(1, 2)
        x = x + embeddings.position_embedding.weight[1:]
        if keep is not None:
            x = x.gather(1, keep[..., None].expand(-1, -1, x.shape[-1]))
        first = embeddings.class_embedding + embeddings.position_embedding.weight[0]
        x = self.vision_model.pre_layrnorm(torch.cat([first.expand(len(x), 1, -1), x], 1))
        for layer in self.vision_model.encoder.layers[:-1]:
            x = layer(x)
        return x

    def image_embedding(self, penultimate):
        """[B, 1+n, d] → the picture's embedding [B, p], from the class token after the last layer."""
        last = self.vision_model.encoder.layers[-1](penultimate, first=1)[:, 0]
        return self.visual_projection(self.vision_model.post_layernorm(last))

    def features(self, pixels) -> Features:
        x = self.penultimate(pixels)
        last = self.vision_model.encoder.layers[-1]
        y, heads = last.layer_norm1(x), last.self_attn
        return Features(x[:, 1:], self.visual_projection(self.vision_model.post_layernorm(x[:, 1:])),
                        heads.q_proj(y[:, 0]), heads.k_proj(y[:, 1:]), heads.v_proj(y[:, 1:]))

    def text_embedding(self, ids):
        """int64 [n, length], padded with the end token → [n, p], from the first end token."""
        embeddings = self.text_model.embeddings
        x = embeddings.token_embedding(ids) + embeddings.position_embedding.weight[:ids.shape[1]]
        bias = causal_bias(ids.shape[1])
        for layer in self.text_model.encoder.layers:
            x = layer(x, bias)
        x = self.text_model.final_layer_norm(x)
        return self.text_projection(x[torch.arange(len(ids)), ids.argmax(1)])

    def contrast(self, images, texts):
        """Scaled cosines [images, texts]."""
        scale = self.logit_scale.exp().clamp(max=60)
        return F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).T * scale
