"""GLaMM up to its mask prompts in eager PyTorch, operation by operation as the reference runs it.

In bf16 every operation rounds where the reference's does: variances, rotary tables and the language model's soft-max are
made in fp32, CLIP's soft-max in the model's dtype, and the scores are laid out in memory.
"""

import json
import math

import torch
import torch.nn.functional as F


class Eager:
    """Both towers' weights in one dtype. `glamm`, `clip`: folders of a checkpoint as published."""

    def __init__(self, glamm, clip, dtype):
        self.dtype = dtype
        self.config = json.loads((glamm / "config.json").read_text())
        self.vision = json.loads((clip / "config.json").read_text())["vision_config"]
        self.glamm = {}
        for shard in sorted(glamm.glob("pytorch_model-*.bin")):
            self.glamm |= torch.load(shard, weights_only=True)
        self.clip = torch.load(clip / "pytorch_model.bin", weights_only=True)
        for weights in (self.glamm, self.clip):
            for name, tensor in weights.items():
                weights[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor

    def _clip_linear(self, x, name):
        return F.linear(x, self.clip[name + ".weight"], self.clip[name + ".bias"])

    def _clip_norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.clip[name + ".weight"], self.clip[name + ".bias"], 1e-5)

    def _clip_layer(self, x, prefix):
        heads = self.vision["num_attention_heads"]

        def split(y):
            return y.view(len(y), heads, -1).transpose(0, 1)

        y = self._clip_norm(x, prefix + "layer_norm1")
        q, k, v = (self._clip_linear(y, f"{prefix}self_attn.{n}_proj") for n in "qkv")
        q, k, v = split(q * (q.shape[-1] // heads) ** -0.5), split(k), split(v)
        attended = torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)), -1), v)
        x = x + self._clip_linear(attended.transpose(0, 1).reshape(len(x), -1), prefix + "self_attn.out_proj")
        y = self._clip_linear(self._clip_norm(x, prefix + "layer_norm2"), prefix + "mlp.fc1")
        return x + self._clip_linear(y * torch.sigmoid(1.702 * y), prefix + "mlp.fc2")

    def patches(self, pixels):
        """[3, S, S] -> the penultimate hidden state's patches [n, d]"""
        patch = self.vision["patch_size"]
        x = F.conv2d(pixels.to(self.dtype)[None], self.clip["vision_model.embeddings.patch_embedding.weight"], stride=patch)
        x = torch.cat([self.clip["vision_model.embeddings.class_embedding"][None], x.flatten(2)[0].T])
        x = self._clip_norm(x + self.clip["vision_model.embeddings.position_embedding.weight"], "vision_model.pre_layrnorm")
        for layer in range(self.vision["num_hidden_layers"] - 1):
            x = self._clip_layer(x, f"vision_model.encoder.layers.{layer}.")
        return x[1:]

    def _rms_norm(self, x, name):
        wide = x.to(torch.float32)
        scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.config["rms_norm_eps"])
        return self.glamm[name + ".weight"] * (x * scale).to(self.dtype)

    def _attention(self, y, prefix):
        heads = self.config["num_attention_heads"]
        q, k, v = (F.linear(y, self.glamm[f"{prefix}{n}_proj.weight"]).view(len(y), heads, -1).transpose(0, 1) for n in "qkv")
        width = q.shape[-1]
        rates = 1.0 / (10000 ** (torch.arange(0, width, 2).float() / width))
        angles = torch.outer(torch.arange(len(y)).float(), rates)
        cos, sin = (f(torch.cat([angles, angles], -1)).to(self.dtype) for f in (torch.cos, torch.sin))

        def rotated(x):
            return x * cos + torch.cat([-x[..., width // 2:], x[..., :width // 2]], -1) * sin

        lowest = torch.finfo(self.dtype).min
        scores = torch.matmul(rotated(q), rotated(k).transpose(1, 2)) / math.sqrt(width)
        scores = scores + torch.full((len(y), len(y)), lowest, dtype=self.dtype).triu(1)
        scores = torch.max(scores, torch.tensor(lowest, dtype=self.dtype))
        probabilities = torch.softmax(scores, -1, dtype=torch.float32).to(self.dtype)
        attended = torch.matmul(probabilities, v).transpose(0, 1).reshape(len(y), -1)
        return F.linear(attended, self.glamm[prefix + "o_proj.weight"])

    def _decoder_layer(self, x, prefix):
        x = x + self._attention(self._rms_norm(x, prefix + "input_layernorm"), prefix + "self_attn.")
        y = self._rms_norm(x, prefix + "post_attention_layernorm")
        gate, up = (F.linear(y, self.glamm[f"{prefix}mlp.{n}_proj.weight"]) for n in ("gate", "up"))
        return x + F.linear(F.silu(gate) * up, self.glamm[prefix + "mlp.down_proj.weight"])

    def _mlp(self, x, first, second, activation):
        y = activation(F.linear(x, self.glamm[first + ".weight"], self.glamm[first + ".bias"]))
        return F.linear(y, self.glamm[second + ".weight"], self.glamm[second + ".bias"])

    def seg_states(self, pixels, ids, retained, seg_token):
        """Final states [Q, d] before each [SEG], and the mask prompts [Q, out] made of them."""
        image_at = ids.index(-200)
        embed = self.glamm["model.embed_tokens.weight"]
        seen = self._mlp(self.patches(pixels)[retained], "model.mm_projector.0", "model.mm_projector.2", F.gelu)
        x = torch.cat([embed[ids[:image_at]], seen, embed[ids[image_at + 1:]]])
        for layer in range(self.config["num_hidden_layers"]):
            x = self._decoder_layer(x, f"model.layers.{layer}.")
        rows = [at + len(retained) - 2 for at, token in enumerate(ids) if token == seg_token]
        states = self._rms_norm(x, "model.norm")[rows]
        return states, self._mlp(states, "model.text_hidden_fcs.0.0", "model.text_hidden_fcs.0.2", F.relu)
