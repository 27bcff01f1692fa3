"""SAM's image encoder, prompt encoder and mask decoder with the parameter names of the published checkpoint."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .attention import attend, group, join_heads, split_heads
from .geometry import Sam as SamGeometry


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of [B, C, h, w]."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        x = F.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2], self.weight, self.bias, 1e-6)
        return x.permute(0, 3, 1, 2)


class Block(nn.Module):
    """One encoder block; window 0 means attention over the whole grid."""

    def __init__(self, g: SamGeometry, window: int, materialise: bool):
        super().__init__()
        self.heads, self.window, self.materialise = g.heads, window, materialise
        side, head_dim = window or g.grid, g.dim // g.heads
        self.norm1, self.norm2 = nn.LayerNorm(g.dim, 1e-6), nn.LayerNorm(g.dim, 1e-6)
        self.attn = group(qkv=nn.Linear(g.dim, 3 * g.dim), proj=nn.Linear(g.dim, g.dim))
        self.attn.rel_pos_h = nn.Parameter(torch.randn(2 * side - 1, head_dim) * 0.02)
        self.attn.rel_pos_w = nn.Parameter(torch.randn(2 * side - 1, head_dim) * 0.02)
        self.mlp = group(lin1=nn.Linear(g.dim, g.mlp), lin2=nn.Linear(g.mlp, g.dim))

    def _position_bias(self, q, side: int):
        """Decomposed relative positions, of the unscaled queries: [B, heads, side², side²]"""
        offsets = torch.arange(side)[:, None] - torch.arange(side) + side - 1
        grid = q.unflatten(2, (side, side))
        rows = torch.einsum("bhyxc,ykc->bhyxk", grid, self.attn.rel_pos_h[offsets])
        columns = torch.einsum("bhyxc,xkc->bhyxk", grid, self.attn.rel_pos_w[offsets])
        return (rows[..., :, None] + columns[..., None, :]).flatten(4).flatten(2, 3)

    def _attention(self, x):
        """[B, side, side, dim]"""
        side = x.shape[1]
        q, k, v = self.attn.qkv(x.flatten(1, 2)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        out = attend(q, k, v, self._position_bias(q, side), self.materialise)
        return self.attn.proj(join_heads(out)).unflatten(1, (side, side))

    def _windowed(self, x):
        """Attention in windows; the grid is padded below and right with zeros, which take part unmasked."""
        side, w = x.shape[1], self.window
        padding = -side % w
        x = F.pad(x, (0, 0, 0, padding, 0, padding))
        n = x.shape[1] // w
        x = x.unflatten(1, (n, w)).unflatten(3, (n, w)).transpose(2, 3)  # [B, n, n, w, w, dim]
        x = self._attention(x.flatten(0, 2)).unflatten(0, (-1, n, n))
        return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)[:, :side, :side]

    def forward(self, x):
        y = self.norm1(x)
        x = x + (self._windowed(y) if self.window else self._attention(y))
        return x + self.mlp.lin2(F.gelu(self.mlp.lin1(self.norm2(x))))


class DecoderAttention(nn.Module):
    def __init__(self, width: int, heads: int, downsample: int, materialise: bool):
        super().__init__()
        inner = width // downsample
        self.heads, self.materialise = heads, materialise
        self.q_proj, self.k_proj = nn.Linear(width, inner), nn.Linear(width, inner)
        self.v_proj, self.out_proj = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, q, k, v):
        q, k, v = (split_heads(p(x), self.heads) for p, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v)))
        return self.out_proj(join_heads(attend(q, k, v, None, self.materialise)))


class TwoWayLayer(nn.Module):
    def __init__(self, g: SamGeometry, first: bool, materialise: bool):
        super().__init__()
        self.first = first
        self.self_attn = DecoderAttention(g.out, g.decoder_heads, 1, materialise)
        self.cross_attn_token_to_image = DecoderAttention(g.out, g.decoder_heads, g.decoder_downsample, materialise)
        self.cross_attn_image_to_token = DecoderAttention(g.out, g.decoder_heads, g.decoder_downsample, materialise)
        for i in range(1, 5):
            setattr(self, f"norm{i}", nn.LayerNorm(g.out))
        self.mlp = group(lin1=nn.Linear(g.out, g.decoder_mlp), lin2=nn.Linear(g.decoder_mlp, g.out))

    def forward(self, tokens, image, tokens_pe, image_pe):
        if self.first:  # neither position nor residual
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            q = tokens + tokens_pe
            tokens = tokens + self.self_attn(q, q, tokens)
        tokens = self.norm1(tokens)
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(tokens + tokens_pe, image + image_pe, image))
        tokens = self.norm3(tokens + self.mlp.lin2(F.relu(self.mlp.lin1(tokens))))
        image = self.norm4(image + self.cross_attn_image_to_token(image + image_pe, tokens + tokens_pe, tokens))
        return tokens, image


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int, out: int):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, out)])

    def forward(self, x):
        return self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x)))))


class Sam(nn.Module):
    def __init__(self, g: SamGeometry, materialise: bool = False):
        super().__init__()
        self.grid = g.grid
        self.image_encoder = self._encoder(g, materialise)
        self.prompt_encoder = self._prompts(g)
        self.mask_decoder = self._decoder(g, materialise)

    @staticmethod
    def _encoder(g: SamGeometry, materialise: bool):
        blocks = (Block(g, 0 if b in g.global_blocks else g.window, materialise) for b in range(g.depth))
        encoder = group(
            patch_embed=group(proj=nn.Conv2d(3, g.dim, g.patch, g.patch)), blocks=nn.ModuleList(blocks),
            neck=nn.ModuleList([nn.Conv2d(g.dim, g.out, 1, bias=False), ChannelNorm(g.out),
                                nn.Conv2d(g.out, g.out, 3, padding=1, bias=False), ChannelNorm(g.out)]))
        encoder.pos_embed = nn.Parameter(torch.randn(1, g.grid, g.grid, g.dim) * 0.02)
        return encoder

    @staticmethod
    def _prompts(g: SamGeometry):
        small = g.mask_in // 4
        encoder = group(
            pe_layer=nn.Module(), point_embeddings=nn.ModuleList(nn.Embedding(1, g.out) for _ in range(4)),
            not_a_point_embed=nn.Embedding(1, g.out), no_mask_embed=nn.Embedding(1, g.out),
            mask_downscaling=nn.ModuleList([  # never called here; part of the published layout
                nn.Conv2d(1, small, 2, 2), ChannelNorm(small), nn.GELU(), nn.Conv2d(small, g.mask_in, 2, 2),
                ChannelNorm(g.mask_in), nn.GELU(), nn.Conv2d(g.mask_in, g.out, 1)]))
        encoder.pe_layer.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, g.out // 2))
        return encoder

    @staticmethod
    def _decoder(g: SamGeometry, materialise: bool):
        layers = nn.ModuleList(TwoWayLayer(g, i == 0, materialise) for i in range(g.decoder_depth))
        final = DecoderAttention(g.out, g.decoder_heads, g.decoder_downsample, materialise)
        return group(
            transformer=group(layers=layers, final_attn_token_to_image=final, norm_final_attn=nn.LayerNorm(g.out)),
            iou_token=nn.Embedding(1, g.out), mask_tokens=nn.Embedding(g.mask_tokens, g.out),
            output_upscaling=nn.ModuleList([
                nn.ConvTranspose2d(g.out, g.out // 4, 2, 2), ChannelNorm(g.out // 4), nn.GELU(),
                nn.ConvTranspose2d(g.out // 4, g.out // 8, 2, 2), nn.GELU()]),
            output_hypernetworks_mlps=nn.ModuleList(Mlp(g.out, g.out, g.out // 8) for _ in range(g.mask_tokens)),
            iou_prediction_head=Mlp(g.out, g.iou_hidden, g.mask_tokens))

    def encode(self, pixels):
        """[B, 3, image, image] → [B, out, grid, grid]"""
        encoder = self.image_encoder
        x = encoder.patch_embed.proj(pixels).permute(0, 2, 3, 1) + encoder.pos_embed
        for block in encoder.blocks:
            x = block(x)
        x = x.permute(0, 3, 1, 2)
        for layer in encoder.neck:
            x = layer(x)
        return x

    def _wave(self, xy):
        """xy in [0, 1], as (x, y) → [..., out]"""
        z = (2 * xy - 1) @ self.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix * (2 * math.pi)
        return torch.cat([z.sin(), z.cos()], -1)

    def _grid_waves(self):
        """[grid², out]"""
        axis = (torch.arange(self.grid) + 0.5) / self.grid
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        return self._wave(torch.stack([x, y], -1)).flatten(0, 1)

    def point(self, xy):
        """The prompt for "what is here": xy [..., 2] in [0, 1] of the padded square → [..., out]"""
        return self._wave(xy) + self.prompt_encoder.point_embeddings[1].weight[0]

    def decode(self, features, prompts):
        """features [B, out, grid, grid], prompts [B, Q, out] → logits of mask token 0 [B, Q, 4·grid, 4·grid]"""
        decoder, count = self.mask_decoder, prompts.shape[1]
        own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        prompts = prompts.flatten(0, 1)[:, None]
        tokens = torch.cat([own.expand(len(prompts), -1, -1), prompts], 1)
        image = features + self.prompt_encoder.no_mask_embed.weight[0][:, None, None]
        image = image.flatten(2).transpose(1, 2).repeat_interleave(count, 0)
        image_pe = self._grid_waves().expand(len(image), -1, -1)
        tokens_pe, transformer = tokens, decoder.transformer
        for layer in transformer.layers:
            tokens, image = layer(tokens, image, tokens_pe, image_pe)
        last = transformer.final_attn_token_to_image(tokens + tokens_pe, image + image_pe, image)
        tokens = transformer.norm_final_attn(tokens + last)
        up = image.transpose(1, 2).unflatten(2, (self.grid, self.grid))
        for layer in decoder.output_upscaling:
            up = layer(up)
        weights = decoder.output_hypernetworks_mlps[0](tokens[:, 1])
        return torch.einsum("bc,bchw->bhw", weights, up).unflatten(0, (-1, count))
