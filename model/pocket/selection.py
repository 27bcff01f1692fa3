"""Which patches the language model reads, and at which positions: a second writing of what model/prune does in C++."""

import torch
import torch.nn.functional as F

from .clip import Features

GRID = 24


def best(scores: torch.Tensor, count: int, largest: bool) -> torch.Tensor:
    """Indices of the `count` best scores [n], best first, equal ones by index."""
    return torch.sort(scores, descending=largest, stable=True)[1][:count]


def similarity(features: Features, texts: torch.Tensor) -> torch.Tensor:
    """texts [Q, p] → [Q, 576], neither side normalised"""
    return texts @ features.projected[0].T


def context(features: Features) -> torch.Tensor:
    """LiteLVLM's context score of the patches [576]: attention of the class token over whole vectors, times value."""
    keys, query = F.normalize(features.keys[0], dim=-1), F.normalize(features.class_query[0], dim=-1)
    attention = ((keys @ query) / keys.shape[-1]**0.5).softmax(0)
    return (attention[:, None] * features.values[0]).norm(dim=-1)


def litelvlm(features: Features, texts: torch.Tensor, tokens: int) -> torch.Tensor:
    """Per text the least similar patches; before their union, as many of the best context patches as are missing."""
    share = tokens // len(texts)
    low = torch.unique(torch.cat([best(row, share, False) for row in similarity(features, texts)]))
    order = best(context(features), GRID**2, True)
    rest = order[~torch.isin(order, low)]
    return torch.cat([rest[:tokens - len(low)], low])


def by_similarity(features: Features, texts: torch.Tensor, tokens: int, largest: bool) -> torch.Tensor:
    """The patches of the largest or smallest mean similarity, in raster order."""
    return best(similarity(features, texts).mean(0), tokens, largest).sort()[0]


def uniform(tokens: int) -> torch.Tensor:
    """Cell centres of the most square grid of `tokens` cells."""
    rows = max(r for r in range(1, GRID + 1) if tokens % r == 0 and r * r <= tokens and tokens // r <= GRID)
    columns = tokens // rows
    y = torch.tensor([(2 * j + 1) * GRID // (2 * rows) for j in range(rows)])
    x = torch.tensor([(2 * j + 1) * GRID // (2 * columns) for j in range(columns)])
    return (y[:, None] * GRID + x).flatten()


def select(method: str, tokens: int, features: Features, texts: torch.Tensor) -> torch.Tensor:
    """Indices [N] in the order in which they are read."""
    if method == "none":
        return torch.arange(GRID**2)
    if method == "litelvlm":
        return litelvlm(features, texts, tokens)
    if method == "uniform":
        return uniform(tokens)
    if method in ("sim_low", "sim_high"):
        return by_similarity(features, texts, tokens, method == "sim_high")
    raise ValueError(f"no selection called {method}")


def original_positions(kept: torch.Tensor, image_at: int, text: int) -> torch.Tensor:
    """Rotary positions [1, text + N] of an unpruned sequence; text counts ids without the picture's placeholder."""
    return torch.cat([torch.arange(image_at), image_at + kept, torch.arange(image_at, text) + GRID**2])[None]
