"""LLaMA's decoder with the parameter names of the published checkpoint. One prefill, no cache."""

import torch
import torch.nn.functional as F
from torch import nn

from .attention import attend, causal_bias, group, join_heads, split_heads
from .geometry import Llama


class RmsNorm(nn.Module):
    def __init__(self, hidden: int, eps: float):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(hidden)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotary(positions, head_dim: int, base: float):
    """positions [B, S] (any real numbers) → cosines and sines [B, 1, S, head_dim]"""
    rates = 1.0 / (base ** (torch.arange(0, head_dim, 2).float() / head_dim))
    angles = positions.float()[:, None, :, None] * rates
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def _rows(x, rows):
    """x [B, ..., S, d], rows [B, Q] → [B, ..., Q, d]"""
    index = rows.view(len(rows), *[1] * (x.dim() - 3), -1, 1)
    return x.gather(-2, index.expand(*x.shape[:-2], rows.shape[1], x.shape[-1]))


class DecoderLayer(nn.Module):
    def __init__(self, g: Llama, materialise: bool):
        super().__init__()
        self.heads, self.materialise = g.heads, materialise
        self.self_attn = group(**{f"{n}_proj": nn.Linear(g.hidden, g.hidden, bias=False) for n in "qkvo"})
        self.mlp = group(gate_proj=nn.Linear(g.hidden, g.mlp, bias=False), up_proj=nn.Linear(g.hidden, g.mlp, bias=False),
                         down_proj=nn.Linear(g.mlp, g.hidden, bias=False))
        self.input_layernorm = RmsNorm(g.hidden, g.rms_eps)
        self.post_attention_layernorm = RmsNorm(g.hidden, g.rms_eps)

    def _finish(self, x, attended):
        x = x + self.self_attn.o_proj(join_heads(attended))
        y = self.post_attention_layernorm(x)
        return x + self.mlp.down_proj(F.silu(self.mlp.gate_proj(y)) * self.mlp.up_proj(y))

    def _keys(self, y, angles):
        return (rotate(split_heads(self.self_attn.k_proj(y), self.heads), *angles),
                split_heads(self.self_attn.v_proj(y), self.heads))

    def forward(self, x, angles):
        """x [B, S, d]"""
        y = self.input_layernorm(x)
        k, v = self._keys(y, angles)
        q = rotate(split_heads(self.self_attn.q_proj(y), self.heads), *angles)
        if self.materialise:
            return self._finish(x, attend(q, k, v, causal_bias(x.shape[1]), True))
        return self._finish(x, F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def at_rows(self, x, angles, rows):
        """The layer's output at rows [B, Q] only, and their attention [B, heads, Q, S]."""
        y = self.input_layernorm(x)
        k, v = self._keys(y, angles)
        q = split_heads(self.self_attn.q_proj(_rows(y, rows)), self.heads)
        q = rotate(q, *(_rows(a.expand(len(x), -1, -1, -1), rows) for a in angles))
        visible = torch.arange(x.shape[1]) <= rows[..., None]
        scores = (q * q.shape[-1]**-0.5) @ k.transpose(-1, -2)
        attention = scores.masked_fill(~visible[:, None], float("-inf")).softmax(-1)
        return self._finish(_rows(x, rows), attention @ v), attention


def decoder(g: Llama, materialise: bool) -> nn.Module:
    """embed_tokens, layers and norm, to stand under the name `model`."""
    model = group(embed_tokens=nn.Embedding(g.vocab, g.hidden),
                  layers=nn.ModuleList(DecoderLayer(g, materialise) for _ in range(g.layers)),
                  norm=RmsNorm(g.hidden, g.rms_eps))
    nn.init.normal_(model.embed_tokens.weight, std=0.05)
    return model
