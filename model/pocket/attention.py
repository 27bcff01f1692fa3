"""Softmax attention, written out or through PyTorch's fused kernel."""

import torch
import torch.nn.functional as F
from torch import nn


def group(**modules) -> nn.Module:
    """A module that only holds others, so that parameters get the names of the published checkpoints."""
    holder = nn.Module()
    for name, module in modules.items():
        setattr(holder, name, module)
    return holder


def split_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    """[B, n, heads·d] → [B, heads, n, d]"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).flatten(2)


def attend(q, k, v, bias=None, materialise: bool = False):
    """q [B, h, n, d], k and v [B, h, m, d], bias broadcastable to [B, h, n, m] → [B, h, n, d].

    `materialise` keeps the whole score tensor in memory, as the reference does.
    """
    if not materialise:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    scores = (q * q.shape[-1]**-0.5) @ k.transpose(-1, -2)
    if bias is not None:
        scores = scores + bias
    return scores.softmax(-1) @ v


def causal_bias(length: int) -> torch.Tensor:
    """[length, length]: minus infinity above the diagonal."""
    return torch.full((length, length), float("-inf")).triu(1)
