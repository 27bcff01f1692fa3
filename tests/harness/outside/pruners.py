"""TRIM and DivPrune in PyTorch, from their papers' descriptions (arXiv 2409.10994, 2503.02175), as modules that can be
scripted and as programs that write plans."""

from typing import Tuple

import torch


class Trim(torch.nn.Module):
    """The tokens − 1 patches least similar to the texts (the released code's sign), and the mean of the others at the end."""

    def forward(self, joint: torch.Tensor, text: torch.Tensor, tokens: int) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        patches = joint.shape[0]
        similarity = (text.float() @ joint.float().t()).mean(0)
        order = similarity.argsort(stable=True)
        kept, rest = order[: tokens - 1].sort()[0], order[tokens - 1:].sort()[0]
        part_ptr = torch.cat([torch.arange(tokens), torch.tensor([patches])])
        mean = torch.ones(rest.shape[0]) / rest.shape[0]
        weight = torch.cat([torch.ones(tokens - 1), mean])
        anchor = torch.cat([kept.float(), torch.tensor([float(patches - 1)])])
        return part_ptr, torch.cat([kept, rest]), weight, anchor


class DivPrune(torch.nn.Module):
    """Greedy max-min cosine distance of the projected patches."""

    def forward(self, tokens: int, projected: torch.Tensor) -> torch.Tensor:
        unit = projected / torch.linalg.vector_norm(projected, dim=-1, keepdim=True).clamp_min(1e-12)
        distance = 1 - unit @ unit.t()
        nearest = distance.topk(2, dim=1, largest=False)[0][:, 1]
        picks = torch.zeros(tokens, dtype=torch.long)
        for i in range(tokens):
            pick = int(nearest.argmax())
            picks[i] = pick
            nearest = distance[pick].clone() if i == 0 else torch.minimum(nearest, distance[pick])
            nearest[picks[: i + 1]] = float("-inf")
        return picks.sort()[0]
